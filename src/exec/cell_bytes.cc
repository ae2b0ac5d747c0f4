#include "src/exec/cell_bytes.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/exec/order.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"

namespace soteria::exec {
namespace {

using arrow::Type;

constexpr char kNull = 0;
constexpr char kValue = 1;

template <class T>
void Put(T value, std::string& out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

base::Status Bad() { return base::Fail(base::kProtocol, "Aggregate: not the bytes of a cell"); }

template <class T>
base::StatusOr<T> Get(std::string_view& bytes) {
  T value;
  if (bytes.size() < sizeof(T)) return Bad();
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

template <class ArrayType>
void PutNumber(const arrow::Array& array, int64_t row, std::string& out) {
  Put(static_cast<const ArrayType&>(array).Value(row), out);
}

template <class ArrayType>
void PutFloat(const arrow::Array& array, int64_t row, Floats floats, std::string& out) {
  auto value = static_cast<const ArrayType&>(array).Value(row);
  if (floats == Floats::kNormalised) {
    if (std::isnan(value)) value = std::numeric_limits<decltype(value)>::quiet_NaN();
    if (value == 0) value = 0;
  }
  Put(value, out);
}

/// Equal maps have equal bytes where they are normalised: then entries go by their keys.
void PutMap(const arrow::MapArray& map, int64_t row, Floats floats, std::string& out) {
  const auto& entries = static_cast<const arrow::StructArray&>(*map.values());
  const auto keys = entries.field(0);
  const auto values = entries.field(1);
  std::vector<int64_t> places(static_cast<size_t>(map.value_length(row)));
  std::iota(places.begin(), places.end(), map.value_offset(row));
  const CompareCells compare = OrderOf(*keys->type());
  if (floats == Floats::kNormalised && compare != nullptr) {
    std::stable_sort(places.begin(), places.end(),
                     [&](int64_t a, int64_t b) { return compare(*keys, a, *keys, b) < 0; });
  }
  Put(map.value_length(row), out);
  for (const int64_t at : places) {
    WriteCell(*keys, at, floats, out);
    WriteCell(*values, at, floats, out);
  }
}

base::Status TakeStruct(std::string_view& bytes, arrow::StructBuilder& fields) {
  SOTERIA_ARROW_RETURN(fields.Append());
  for (int f = 0; f < fields.num_fields(); ++f) {
    SOTERIA_RETURN_IF_ERROR(ReadCell(bytes, *fields.field_builder(f)));
  }
  return base::OkStatus();
}

base::Status TakeMap(std::string_view& bytes, arrow::MapBuilder& map) {
  SOTERIA_ASSIGN_OR_RETURN(const int32_t count, Get<int32_t>(bytes));
  // Each entry has two bytes at least.
  if (count < 0 || static_cast<size_t>(count) > bytes.size() / 2) return Bad();
  SOTERIA_ARROW_RETURN(map.Append());
  for (int32_t k = 0; k < count; ++k) {
    if (bytes.empty() || bytes.front() == kNull) return Bad();
    SOTERIA_RETURN_IF_ERROR(ReadCell(bytes, *map.key_builder()));
    SOTERIA_RETURN_IF_ERROR(ReadCell(bytes, *map.item_builder()));
  }
  return base::OkStatus();
}

template <class Builder>
base::Status TakeNumber(std::string_view& bytes, arrow::ArrayBuilder& builder) {
  SOTERIA_ASSIGN_OR_RETURN(const auto value, Get<typename Builder::value_type>(bytes));
  SOTERIA_ARROW_RETURN(static_cast<Builder&>(builder).Append(value));
  return base::OkStatus();
}

}  // namespace

void WriteCell(const arrow::Array& array, int64_t row, Floats floats, std::string& out) {
  if (array.type_id() == Type::NA || array.IsNull(row)) {
    out += kNull;
    return;
  }
  out += kValue;
  switch (array.type_id()) {
    case Type::BOOL:
      out += static_cast<char>(static_cast<const arrow::BooleanArray&>(array).Value(row) ? 1 : 0);
      return;
    case Type::INT8:
      return PutNumber<arrow::Int8Array>(array, row, out);
    case Type::INT16:
      return PutNumber<arrow::Int16Array>(array, row, out);
    case Type::INT32:
      return PutNumber<arrow::Int32Array>(array, row, out);
    case Type::DATE32:
      return PutNumber<arrow::Date32Array>(array, row, out);
    case Type::INT64:
      return PutNumber<arrow::Int64Array>(array, row, out);
    case Type::TIMESTAMP:
      return PutNumber<arrow::TimestampArray>(array, row, out);
    case Type::DURATION:
      return PutNumber<arrow::DurationArray>(array, row, out);
    case Type::INTERVAL_MONTHS:
      return PutNumber<arrow::MonthIntervalArray>(array, row, out);
    case Type::FLOAT:
      return PutFloat<arrow::FloatArray>(array, row, floats, out);
    case Type::DOUBLE:
      return PutFloat<arrow::DoubleArray>(array, row, floats, out);
    case Type::DECIMAL128:
      return Put(table::DecimalAt(array, row), out);
    case Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      Put(list.value_length(row), out);
      for (int64_t k = list.value_offset(row); k < list.value_offset(row + 1); ++k) {
        WriteCell(*list.values(), k, floats, out);
      }
      return;
    }
    case Type::MAP:
      return PutMap(static_cast<const arrow::MapArray&>(array), row, floats, out);
    case Type::STRUCT: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      for (int f = 0; f < fields.num_fields(); ++f) WriteCell(*fields.field(f), row, floats, out);
      return;
    }
    default: {
      const auto view = static_cast<const arrow::BinaryArray&>(array).GetView(row);
      Put(static_cast<uint32_t>(view.size()), out);
      out += view;
    }
  }
}

base::Status ReadCell(std::string_view& bytes, arrow::ArrayBuilder& builder) {
  SOTERIA_ASSIGN_OR_RETURN(const char tag, Get<char>(bytes));
  if (tag == kNull) {
    SOTERIA_ARROW_RETURN(builder.AppendNull());
    return base::OkStatus();
  }
  if (tag != kValue) return Bad();
  switch (builder.type()->id()) {
    case Type::BOOL: {
      SOTERIA_ASSIGN_OR_RETURN(const char value, Get<char>(bytes));
      if (value != 0 && value != 1) return Bad();
      SOTERIA_ARROW_RETURN(static_cast<arrow::BooleanBuilder&>(builder).Append(value == 1));
      return base::OkStatus();
    }
    case Type::INT8:
      return TakeNumber<arrow::Int8Builder>(bytes, builder);
    case Type::INT16:
      return TakeNumber<arrow::Int16Builder>(bytes, builder);
    case Type::INT32:
      return TakeNumber<arrow::Int32Builder>(bytes, builder);
    case Type::DATE32:
      return TakeNumber<arrow::Date32Builder>(bytes, builder);
    case Type::INT64:
      return TakeNumber<arrow::Int64Builder>(bytes, builder);
    case Type::TIMESTAMP:
      return TakeNumber<arrow::TimestampBuilder>(bytes, builder);
    case Type::DURATION:
      return TakeNumber<arrow::DurationBuilder>(bytes, builder);
    case Type::INTERVAL_MONTHS:
      return TakeNumber<arrow::MonthIntervalBuilder>(bytes, builder);
    case Type::FLOAT:
      return TakeNumber<arrow::FloatBuilder>(bytes, builder);
    case Type::DOUBLE:
      return TakeNumber<arrow::DoubleBuilder>(bytes, builder);
    case Type::DECIMAL128: {
      SOTERIA_ASSIGN_OR_RETURN(const auto value, Get<table::Unscaled>(bytes));
      if (!table::FitsDigits(value, table::ShapeOf(*builder.type()).precision)) return Bad();
      SOTERIA_ARROW_RETURN(
          static_cast<arrow::Decimal128Builder&>(builder).Append(table::ToArrow(value)));
      return base::OkStatus();
    }
    case Type::LIST: {
      auto& list = static_cast<arrow::ListBuilder&>(builder);
      SOTERIA_ASSIGN_OR_RETURN(const int32_t count, Get<int32_t>(bytes));
      // Each element has a byte at least.
      if (count < 0 || static_cast<size_t>(count) > bytes.size()) return Bad();
      SOTERIA_ARROW_RETURN(list.Append());
      for (int32_t k = 0; k < count; ++k) {
        SOTERIA_RETURN_IF_ERROR(ReadCell(bytes, *list.value_builder()));
      }
      return base::OkStatus();
    }
    case Type::MAP:
      return TakeMap(bytes, static_cast<arrow::MapBuilder&>(builder));
    case Type::STRUCT:
      return TakeStruct(bytes, static_cast<arrow::StructBuilder&>(builder));
    case Type::STRING:
    case Type::BINARY: {
      SOTERIA_ASSIGN_OR_RETURN(const uint32_t size, Get<uint32_t>(bytes));
      if (size > bytes.size()) return Bad();
      SOTERIA_ARROW_RETURN(
          static_cast<arrow::BinaryBuilder&>(builder).Append(bytes.substr(0, size)));
      bytes.remove_prefix(size);
      return base::OkStatus();
    }
    default:
      return Bad();
  }
}

}  // namespace soteria::exec
