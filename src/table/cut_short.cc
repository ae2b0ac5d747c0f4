#include "src/table/cut_short.h"

#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <string>

#include "src/base/bytes.h"
#include "src/base/errors.h"

namespace soteria::table {
namespace {

constexpr char kErrorKey[] = "soteria.cut_short";  // the encoded status, as hexadecimal digits
constexpr char kBareKey[] = "soteria.no_columns";

}  // namespace

std::shared_ptr<arrow::Table> WithError(std::shared_ptr<arrow::Table> rows,
                                        const base::Status& error) {
  auto metadata = arrow::key_value_metadata({kErrorKey}, {base::Hex(base::EncodeStatus(error))});
  if (rows == nullptr) {
    metadata->Append(kBareKey, "");
    rows = arrow::Table::Make(arrow::schema({}), arrow::ArrayVector{}, 0);
  }
  return rows->ReplaceSchemaMetadata(metadata);
}

base::Status TakeError(std::shared_ptr<arrow::Table>* table) {
  const auto& metadata = (*table)->schema()->metadata();
  if (metadata == nullptr || !metadata->Contains(kErrorKey)) return base::OkStatus();
  const std::string digits = metadata->Get(kErrorKey).ValueOr("");
  const bool bare = metadata->Contains(kBareKey);
  *table = bare ? nullptr : (*table)->ReplaceSchemaMetadata(nullptr);
  const auto bytes = base::FromHex(digits);
  base::Status error;
  SOTERIA_RETURN_IF_ERROR(bytes);
  SOTERIA_RETURN_IF_ERROR(base::DecodeStatus(*bytes, &error));
  if (error.ok()) return base::Fail(base::kProtocol, "rows that no error cut short say one did");
  return error;
}

}  // namespace soteria::table
