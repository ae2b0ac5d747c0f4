#include "src/table/folder_key.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/table/arrow_status.h"
#include "src/table/csv_value.h"
#include "src/table/text_value.h"

namespace soteria::table {
namespace {

using arrow::Type;

/// The scalar; nullptr when the text isn't of the type.
std::shared_ptr<arrow::Scalar> ScalarOf(const arrow::DataType& type, const std::string& text) {
  int64_t integer = 0;
  double number = 0;
  int32_t days = 0;
  switch (type.id()) {
    case Type::INT32:
      if (!ParseInteger(text, &integer) || integer != static_cast<int32_t>(integer)) break;
      return std::make_shared<arrow::Int32Scalar>(static_cast<int32_t>(integer));
    case Type::INT64:
      if (!ParseInteger(text, &integer)) break;
      return std::make_shared<arrow::Int64Scalar>(integer);
    case Type::DOUBLE:
      if (!ParseCsvDouble(text, &number)) break;
      return std::make_shared<arrow::DoubleScalar>(number);
    case Type::DATE32:
      if (!ParseDate(text, &days)) break;
      return std::make_shared<arrow::Date32Scalar>(days);
    case Type::STRING:
      return std::make_shared<arrow::StringScalar>(text);
    default:
      break;
  }
  return nullptr;
}

}  // namespace

FolderKey InferFolderKey(std::string_view value) {
  if (value == kNullFolderKey) return FolderKey::kNull;
  switch (InferCsvField({}, value).kind) {
    case CsvKind::kInt:
      return FolderKey::kInt;
    case CsvKind::kLong:
      return FolderKey::kLong;
    case CsvKind::kDecimal:
      return FolderKey::kDecimal;
    case CsvKind::kDouble:
      // CSV's own words for infinity mean nothing in a folder's name.
      if (value == "Inf" || value == "-Inf") return FolderKey::kString;
      return IsWholeDecimal(value) ? FolderKey::kDecimal : FolderKey::kDouble;
    case CsvKind::kDate:
      return FolderKey::kDate;
    case CsvKind::kNull:
    case CsvKind::kTimestamp:
    case CsvKind::kBoolean:
    case CsvKind::kString:
      return FolderKey::kString;
  }
  return FolderKey::kString;
}

FolderKey Widest(FolderKey a, FolderKey b) {
  if (a > b) std::swap(a, b);
  if (a == b || a == FolderKey::kNull) return b;
  if (b <= FolderKey::kDecimal) return b;
  if (b == FolderKey::kDouble && a == FolderKey::kInt) return b;
  return FolderKey::kString;
}

std::shared_ptr<arrow::DataType> TypeOfFolderKey(FolderKey key) {
  switch (key) {
    case FolderKey::kNull:
      return arrow::null();
    case FolderKey::kInt:
      return arrow::int32();
    case FolderKey::kLong:
      return arrow::int64();
    case FolderKey::kDouble:
      return arrow::float64();
    case FolderKey::kDate:
      return arrow::date32();
    case FolderKey::kDecimal:
    case FolderKey::kString:
      return arrow::utf8();
  }
  return arrow::utf8();
}

base::StatusOr<std::shared_ptr<arrow::Array>> FolderKeyColumn(
    const std::shared_ptr<arrow::DataType>& type, const std::optional<std::string>& text,
    int64_t rows) {
  if (!text.has_value()) {
    SOTERIA_ARROW_ASSIGN(auto nulls, arrow::MakeArrayOfNull(type, rows));
    return nulls;
  }
  const std::shared_ptr<arrow::Scalar> scalar = ScalarOf(*type, *text);
  if (scalar == nullptr) {
    return base::Fail(base::kProtocol, "a folder's key isn't of the type that the task says");
  }
  SOTERIA_ARROW_ASSIGN(auto column, arrow::MakeArrayFromScalar(*scalar, rows));
  return column;
}

}  // namespace soteria::table
