#include "src/formats/json_write.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <cmath>
#include <string>
#include <utility>

#include "src/base/bytes.h"
#include "src/table/decimal.h"
#include "src/table/java_text.h"

namespace soteria::formats {
namespace {

using arrow::Type;

/// Of a control character, a quote or a backslash.
void AppendEscaped(char c, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  switch (c) {
    case '"':
    case '\\':
      out->append({'\\', c});
      break;
    case '\b':
      out->append("\\b");
      break;
    case '\t':
      out->append("\\t");
      break;
    case '\n':
      out->append("\\n");
      break;
    case '\f':
      out->append("\\f");
      break;
    case '\r':
      out->append("\\r");
      break;
    default:
      out->append("\\u00");
      out->push_back(kHex[(c >> 4) & 15]);
      out->push_back(kHex[c & 15]);
  }
}

/// Numbers that JSON has no word for are strings.
bool IsPlainNumber(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::DECIMAL128:
      return true;
    case Type::FLOAT:
      return std::isfinite(static_cast<const arrow::FloatArray&>(array).Value(row));
    case Type::DOUBLE:
      return std::isfinite(static_cast<const arrow::DoubleArray&>(array).Value(row));
    default:
      return false;
  }
}

bool IsNull(const arrow::Array& array, int64_t row) {
  return array.type_id() == Type::NA || array.IsNull(row);
}

bool IsKeyWritable(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::STRING:
    case Type::DATE32:
    case Type::TIMESTAMP:
    case Type::DECIMAL128:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::NA:
      return true;
    default:
      return type.id() == Type::BOOL || arrow::is_signed_integer(type.id());
  }
}

/// A key as Spark's own value of it prints: dates as days, time stamps as microseconds.
std::string KeyText(const arrow::Array& keys, int64_t at) {
  switch (keys.type_id()) {
    case Type::STRING:
      return static_cast<const arrow::StringArray&>(keys).GetString(at);
    case Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(keys).Value(at) ? "true" : "false";
    case Type::INT8:
      return std::to_string(static_cast<const arrow::Int8Array&>(keys).Value(at));
    case Type::INT16:
      return std::to_string(static_cast<const arrow::Int16Array&>(keys).Value(at));
    case Type::INT32:
      return std::to_string(static_cast<const arrow::Int32Array&>(keys).Value(at));
    case Type::INT64:
      return std::to_string(static_cast<const arrow::Int64Array&>(keys).Value(at));
    case Type::DATE32:
      return std::to_string(static_cast<const arrow::Date32Array&>(keys).Value(at));
    case Type::TIMESTAMP:
      return std::to_string(static_cast<const arrow::TimestampArray&>(keys).Value(at));
    case Type::FLOAT:
      return table::JavaFloat(static_cast<const arrow::FloatArray&>(keys).Value(at));
    case Type::DOUBLE:
      return table::JavaDouble(static_cast<const arrow::DoubleArray&>(keys).Value(at));
    default:
      return table::JavaDecimal(table::DecimalAt(keys, at), table::ShapeOf(*keys.type()).scale);
  }
}

}  // namespace

bool IsJsonWritable(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BINARY:
      return true;
    case Type::LIST:
      return IsJsonWritable(*static_cast<const arrow::ListType&>(type).value_type());
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      return IsKeyWritable(*map.key_type()) && IsJsonWritable(*map.item_type());
    }
    case Type::STRUCT:
      for (const auto& field : type.fields()) {
        if (!IsJsonWritable(*field->type())) return false;
      }
      return true;
    default:
      return CellTexts::Has(type);
  }
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(from, i - from));
    AppendEscaped(c, out);
    from = i + 1;
  }
  out->append(text.substr(from));
  out->push_back('"');
}

base::StatusOr<JsonObjects> JsonObjects::Make(const WriteOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(CellTexts texts, CellTexts::Make(options, "JSON"));
  return JsonObjects(options, std::move(texts));
}

base::Status JsonObjects::Append(const arrow::Schema& schema, const arrow::ArrayVector& columns,
                                 int64_t row, std::string* out) const {
  return Fields(schema.fields(), columns, row, 0, out);
}

void JsonObjects::Name(std::string_view name, bool first, int depth, std::string* out) const {
  if (!first) out->push_back(',');
  if (pretty_) {
    out->push_back('\n');
    out->append(2 * static_cast<size_t>(depth + 1), ' ');
  }
  AppendJsonString(name, out);
  out->append(pretty_ ? " : " : ":");
}

void JsonObjects::EndObject(bool empty, int depth, std::string* out) const {
  if (pretty_ && empty) out->push_back(' ');
  if (pretty_ && !empty) {
    out->push_back('\n');
    out->append(2 * static_cast<size_t>(depth), ' ');
  }
  out->push_back('}');
}

base::Status JsonObjects::Fields(const arrow::FieldVector& fields,
                                 const arrow::ArrayVector& columns, int64_t row, int depth,
                                 std::string* out) const {
  out->push_back('{');
  bool first = true;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (ignore_null_fields_ && IsNull(*columns[i], row)) continue;
    Name(fields[i]->name(), std::exchange(first, false), depth, out);
    SOTERIA_RETURN_IF_ERROR(Element(*columns[i], row, depth + 1, out));
  }
  EndObject(first, depth, out);
  return base::OkStatus();
}

base::Status JsonObjects::Element(const arrow::Array& array, int64_t row, int depth,
                                  std::string* out) const {
  if (!IsNull(array, row)) return Value(array, row, depth, out);
  out->append("null");
  return base::OkStatus();
}

base::Status JsonObjects::List(const arrow::ListArray& list, int64_t row, int depth,
                               std::string* out) const {
  out->append(pretty_ ? "[ " : "[");
  for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
    if (i > list.value_offset(row)) out->append(pretty_ ? ", " : ",");
    SOTERIA_RETURN_IF_ERROR(Element(*list.values(), i, depth, out));
  }
  out->append(pretty_ && list.value_length(row) > 0 ? " ]" : "]");
  return base::OkStatus();
}

base::Status JsonObjects::Map(const arrow::MapArray& map, int64_t row, int depth,
                              std::string* out) const {
  const auto& entries = static_cast<const arrow::StructArray&>(*map.values());
  out->push_back('{');
  for (int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
    Name(KeyText(*entries.field(0), i), i == map.value_offset(row), depth, out);
    SOTERIA_RETURN_IF_ERROR(Element(*entries.field(1), i, depth + 1, out));
  }
  EndObject(map.value_length(row) == 0, depth, out);
  return base::OkStatus();
}

base::Status JsonObjects::Value(const arrow::Array& array, int64_t row, int depth,
                                std::string* out) const {
  switch (array.type_id()) {
    case Type::BINARY:
      AppendJsonString(base::Base64(static_cast<const arrow::BinaryArray&>(array).GetView(row)),
                       out);
      return base::OkStatus();
    case Type::LIST:
      return List(static_cast<const arrow::ListArray&>(array), row, depth, out);
    case Type::MAP:
      return Map(static_cast<const arrow::MapArray&>(array), row, depth, out);
    case Type::STRUCT:
      return Fields(array.type()->fields(), static_cast<const arrow::StructArray&>(array).fields(),
                    row, depth, out);
    default:
      break;
  }
  if (IsPlainNumber(array, row)) return texts_.Append(array, row, out);
  std::string text;
  SOTERIA_RETURN_IF_ERROR(texts_.Append(array, row, &text));
  AppendJsonString(text, out);
  return base::OkStatus();
}

}  // namespace soteria::formats
