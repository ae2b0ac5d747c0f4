#include "src/exec/cell_text.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <memory>

#include "src/base/ascii.h"
#include "src/base/bytes.h"
#include "src/base/text.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/java_text.h"
#include "src/table/text_value.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using arrow::Type;

struct Style {
  bool show = false;
  bool blank_nulls = false;  // nested ones are nothing, nor is there a space before them
  table::TimeZone zone;
};

std::string Text(const arrow::Field& field, const arrow::Array& array, int64_t row,
                 const Style& style);

std::string CellOrNull(const arrow::Field& field, const arrow::Array& array, int64_t row,
                       const Style& style) {
  if (array.type_id() == Type::NA || array.IsNull(row)) return style.show ? "NULL" : "null";
  return Text(field, array, row, style);
}

/// " x" behind what separates it from the one before; at the beginning, "x".
std::string Next(const arrow::Field& field, const arrow::Array& array, int64_t row, bool first,
                 const Style& style) {
  const bool blank = style.blank_nulls && (array.type_id() == Type::NA || array.IsNull(row));
  if (blank) return first ? "" : ",";
  return base::Cat(first ? "" : ", ", CellOrNull(field, array, row, style));
}

std::string HexBytes(std::string_view bytes) {
  std::string text = "[";
  for (size_t i = 0; i < bytes.size(); ++i) {
    text += base::Cat(i > 0 ? " " : "", base::Upper(base::Hex(bytes.substr(i, 1))));
  }
  return text + "]";
}

std::string ListText(const arrow::Field& element, const arrow::Array& values, int64_t from,
                     int64_t count, const Style& style) {
  std::string text = "[";
  for (int64_t i = 0; i < count; ++i) {
    text += Next(element, values, from + i, i == 0, style);
  }
  return text + "]";
}

std::string StructText(const arrow::StructArray& array, int64_t row, const Style& style) {
  std::string text = "{";
  for (int i = 0; i < array.num_fields(); ++i) {
    text += Next(*array.type()->field(i), *array.field(i), row, i == 0, style);
  }
  return text + "}";
}

std::string MapText(const arrow::MapArray& map, int64_t row, const Style& style) {
  const auto& entries = static_cast<const arrow::StructArray&>(*map.values());
  std::string text = "{";
  for (int64_t k = map.value_offset(row); k < map.value_offset(row + 1); ++k) {
    if (text.size() > 1) text += ", ";
    text += Text(*map.map_type()->key_field(), *entries.field(0), k, style);
    const arrow::Array& values = *entries.field(1);
    const bool blank = style.blank_nulls && (values.type_id() == Type::NA || values.IsNull(k));
    text += blank ? " ->" : " -> ";
    if (!blank) text += CellOrNull(*map.map_type()->item_field(), values, k, style);
  }
  return text + "}";
}

/// A UDT as Java's toString has it; malformed cells fall back to their storage.
bool UdtText(const arrow::Field& field, const arrow::Array& array, int64_t row, std::string* text) {
  if (!table::IsVector(field)) return false;
  const auto reader = table::VectorReader::Make(array.Slice(row, 1));
  if (!reader.ok()) return false;
  *text = table::VectorText(reader->Get(0));
  return true;
}

template <class ArrayType>
auto At(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).Value(row);
}

std::string TimestampCell(const arrow::Array& array, int64_t row, const table::TimeZone& zone) {
  const int64_t micros = At<arrow::TimestampArray>(array, row);
  const bool local = static_cast<const arrow::TimestampType&>(*array.type()).timezone().empty();
  return table::TimestampText(micros, local ? table::TimeZone() : zone);
}

std::string Text(const arrow::Field& field, const arrow::Array& array, int64_t row,
                 const Style& style) {
  std::string udt;
  if (UdtText(field, array, row, &udt)) return udt;
  switch (array.type_id()) {
    case Type::BOOL:
      return At<arrow::BooleanArray>(array, row) ? "true" : "false";
    case Type::INT8:
      return std::to_string(At<arrow::Int8Array>(array, row));
    case Type::INT16:
      return std::to_string(At<arrow::Int16Array>(array, row));
    case Type::INT32:
      return std::to_string(At<arrow::Int32Array>(array, row));
    case Type::INT64:
      return std::to_string(At<arrow::Int64Array>(array, row));
    case Type::FLOAT:
      return table::JavaFloat(At<arrow::FloatArray>(array, row));
    case Type::DOUBLE:
      return table::JavaDouble(At<arrow::DoubleArray>(array, row));
    case Type::STRING:
      return static_cast<const arrow::StringArray&>(array).GetString(row);
    case Type::BINARY: {
      const auto& bytes = static_cast<const arrow::BinaryArray&>(array);
      return style.show ? HexBytes(bytes.GetView(row)) : bytes.GetString(row);
    }
    case Type::DATE32:
      return table::DateText(At<arrow::Date32Array>(array, row));
    case Type::TIMESTAMP:
      return TimestampCell(array, row, style.zone);
    case Type::DURATION:
      return table::IntervalText(At<arrow::DurationArray>(array, row), *array.type());
    case Type::INTERVAL_MONTHS:
      return table::IntervalText(At<arrow::MonthIntervalArray>(array, row), *array.type());
    case Type::DECIMAL128:
      return table::DecimalText(table::DecimalAt(array, row), table::ShapeOf(*array.type()).scale);
    case Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      return ListText(*array.type()->field(0), *list.values(), list.value_offset(row),
                      list.value_length(row), style);
    }
    case Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(array);
      return ListText(*array.type()->field(0), *list.values(), list.value_offset(row),
                      list.value_length(row), style);
    }
    case Type::MAP:
      return MapText(static_cast<const arrow::MapArray&>(array), row, style);
    case Type::STRUCT:
      return StructText(static_cast<const arrow::StructArray&>(array), row, style);
    default:
      return array.type()->ToString();
  }
}

}  // namespace

std::string CastText(const arrow::Field& field, const arrow::Array& array, int64_t row,
                     const table::TimeZone& zone) {
  return Text(field, array, row, {false, false, zone});
}

std::string WriterText(const arrow::Field& field, const arrow::Array& array, int64_t row,
                       const table::TimeZone& zone) {
  return Text(field, array, row, {false, true, zone});
}

std::string ShowText(const arrow::Field& field, const arrow::Array& array, int64_t row,
                     const table::TimeZone& zone) {
  return CellOrNull(field, array, row, {true, false, zone});
}

}  // namespace soteria::exec
