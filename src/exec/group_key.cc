#include "src/exec/group_key.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"

namespace soteria::exec {
namespace {

using arrow::Type;

/// Its own inverse on bits: negative numbers are ordered by their distance from zero.
int64_t FlipNegative(int64_t bits) { return bits < 0 ? bits ^ INT64_MAX : bits; }

int64_t OrderedBits(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  if (value == 0) value = 0;
  return FlipNegative(std::bit_cast<int64_t>(value));
}

/// Beyond them a decimal's key is a text of its bytes, the first of them first, in its order.
constexpr int kLongDigits = 18;
constexpr size_t kDecimalBytes = 16;

bool IsLongDecimal(const arrow::DataType& type) {
  return table::IsDecimal(type) && table::ShapeOf(type).precision > kLongDigits;
}

KeyCell Decimal(const arrow::Array& array, int64_t row) {
  const table::Unscaled value = table::DecimalAt(array, row);
  if (!IsLongDecimal(*array.type())) return static_cast<int64_t>(value);
  std::string bytes;
  for (int shift = 120; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(static_cast<uint8_t>(value >> shift));
  }
  bytes[0] = static_cast<char>(bytes[0] ^ '\x80');
  return bytes;
}

base::Status AppendDecimal(table::Unscaled value, arrow::ArrayBuilder& builder) {
  if (!table::FitsDigits(value, table::ShapeOf(*builder.type()).precision)) {
    return base::Fail(base::kProtocol, "Aggregate: a key has too many digits");
  }
  SOTERIA_ARROW_RETURN(
      static_cast<arrow::Decimal128Builder&>(builder).Append(table::ToArrow(value)));
  return base::OkStatus();
}

base::Status AppendDecimalBytes(const std::string& bytes, arrow::ArrayBuilder& builder) {
  if (bytes.size() != kDecimalBytes) {
    return base::Fail(base::kProtocol, "Aggregate: a key is no decimal");
  }
  unsigned __int128 value = static_cast<uint8_t>(bytes[0]) ^ 0x80U;
  for (size_t i = 1; i < kDecimalBytes; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return AppendDecimal(static_cast<table::Unscaled>(value), builder);
}

template <class ArrayType>
KeyCell Number(const arrow::Array& array, int64_t row) {
  return static_cast<int64_t>(static_cast<const ArrayType&>(array).Value(row));
}

template <class Builder>
base::Status AppendNumber(int64_t number, arrow::ArrayBuilder& builder) {
  using Value = typename Builder::value_type;
  SOTERIA_ARROW_RETURN(static_cast<Builder&>(builder).Append(static_cast<Value>(number)));
  return base::OkStatus();
}

bool IsText(const arrow::DataType& type) {
  return type.id() == Type::STRING || type.id() == Type::BINARY || IsLongDecimal(type);
}

}  // namespace

KeyCell ReadKeyCell(const arrow::Array& array, int64_t row) {
  if (array.type_id() == Type::NA || array.IsNull(row)) return {};
  switch (array.type_id()) {
    case Type::BOOL:
      return Number<arrow::BooleanArray>(array, row);
    case Type::INT8:
      return Number<arrow::Int8Array>(array, row);
    case Type::INT16:
      return Number<arrow::Int16Array>(array, row);
    case Type::INT32:
      return Number<arrow::Int32Array>(array, row);
    case Type::INT64:
      return Number<arrow::Int64Array>(array, row);
    case Type::DATE32:
      return Number<arrow::Date32Array>(array, row);
    case Type::TIMESTAMP:
      return Number<arrow::TimestampArray>(array, row);
    case Type::FLOAT:
      return OrderedBits(double{static_cast<const arrow::FloatArray&>(array).Value(row)});
    case Type::DOUBLE:
      return OrderedBits(static_cast<const arrow::DoubleArray&>(array).Value(row));
    case Type::DECIMAL128:
      return Decimal(array, row);
    default:
      return std::string(static_cast<const arrow::BinaryArray&>(array).GetView(row));
  }
}

base::Status AppendKeyCell(const KeyCell& cell, arrow::ArrayBuilder& builder) {
  if (std::holds_alternative<std::monostate>(cell)) {
    SOTERIA_ARROW_RETURN(builder.AppendNull());
    return base::OkStatus();
  }
  if (const auto* text = std::get_if<std::string>(&cell)) {
    if (table::IsDecimal(*builder.type())) return AppendDecimalBytes(*text, builder);
    SOTERIA_ARROW_RETURN(static_cast<arrow::BinaryBuilder&>(builder).Append(*text));
    return base::OkStatus();
  }
  const int64_t number = std::get<int64_t>(cell);
  const double real = std::bit_cast<double>(FlipNegative(number));
  switch (builder.type()->id()) {
    case Type::BOOL:
      SOTERIA_ARROW_RETURN(static_cast<arrow::BooleanBuilder&>(builder).Append(number != 0));
      return base::OkStatus();
    case Type::DECIMAL128:
      return AppendDecimal(number, builder);
    case Type::INT8:
      return AppendNumber<arrow::Int8Builder>(number, builder);
    case Type::INT16:
      return AppendNumber<arrow::Int16Builder>(number, builder);
    case Type::INT32:
      return AppendNumber<arrow::Int32Builder>(number, builder);
    case Type::INT64:
      return AppendNumber<arrow::Int64Builder>(number, builder);
    case Type::DATE32:
      return AppendNumber<arrow::Date32Builder>(number, builder);
    case Type::TIMESTAMP:
      return AppendNumber<arrow::TimestampBuilder>(number, builder);
    case Type::FLOAT:
      SOTERIA_ARROW_RETURN(
          static_cast<arrow::FloatBuilder&>(builder).Append(static_cast<float>(real)));
      return base::OkStatus();
    default:
      SOTERIA_ARROW_RETURN(static_cast<arrow::DoubleBuilder&>(builder).Append(real));
      return base::OkStatus();
  }
}

void WriteKey(const Key& key, base::FieldWriter& out) {
  for (const KeyCell& cell : key) {
    out.AddU64(cell.index());
    if (const auto* number = std::get_if<int64_t>(&cell)) out.AddI64(*number);
    if (const auto* text = std::get_if<std::string>(&cell)) out.Add(*text);
  }
}

base::StatusOr<Key> ReadKey(const std::vector<std::shared_ptr<arrow::DataType>>& types,
                            base::FieldReader& in) {
  Key key;
  for (const auto& type : types) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, in.NextU64());
    const uint64_t wanted = type->id() == Type::NA ? 0 : IsText(*type) ? 2 : 1;
    if (kind == 0) {
      key.emplace_back();
    } else if (kind != wanted) {
      return base::Fail(base::kProtocol, "Aggregate: a key is not of its type");
    } else if (kind == 1) {
      SOTERIA_ASSIGN_OR_RETURN(const int64_t number, in.NextI64());
      key.emplace_back(number);
    } else {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, in.Next());
      key.emplace_back(std::string(text));
    }
  }
  return key;
}

}  // namespace soteria::exec
