#include "src/formats/reader_rows.h"

#include <arrow/type.h>

#include <algorithm>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/conditions.h"

namespace soteria::formats {

using arrow::Type;

uint64_t ValueBytes(const arrow::DataType& type) {
  constexpr uint64_t kNullBit = 1;
  uint64_t bytes = kNullBit;
  switch (type.id()) {
    case Type::STRUCT:
      for (const auto& field : type.fields()) bytes += ValueBytes(*field->type());
      return bytes;
    case Type::STRING:
    case Type::BINARY:
    case Type::LIST:
    case Type::MAP:
      return bytes + sizeof(int32_t);
    default:
      return bytes + static_cast<uint64_t>(std::max(8, type.bit_width())) / 8;
  }
}

uint64_t RowBytes(const arrow::Schema& schema) {
  uint64_t bytes = 0;
  for (const auto& field : schema.fields()) bytes += ValueBytes(*field->type());
  return bytes;
}

base::Status RowRoom::Tell() {
  constexpr uint64_t kStep = uint64_t{1} << 20;
  if (!failed_.ok()) return failed_;
  const uint64_t more = used_ + used_ / 4 + kStep;
  failed_ = room_(more);
  if (failed_.ok()) told_ = more;
  return failed_;
}

uint64_t TextRoom(uint64_t file_bytes) { return 2 * file_bytes; }

base::Status FailFast(std::string_view record) {
  return base::FailQuotingData(
      table::kFailedReadFile,
      base::Cat("Encountered error while reading file. Malformed records are detected in record "
                "parsing: ",
                record.substr(0, kShownBytesMax),
                ". Parse Mode: FAILFAST. To process malformed records as null result, try setting "
                "the option 'mode' as 'PERMISSIVE'."));
}

}  // namespace soteria::formats
