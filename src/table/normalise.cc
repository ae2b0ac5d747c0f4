// Tables from outside to the vocabulary of types.h, and vector columns to Spark's form.
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/map_type.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::table {
namespace {

using arrow::Type;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;
using FieldPtr = std::shared_ptr<arrow::Field>;

base::Status Unsupported(const arrow::DataType& type) {
  return base::NotSupported(base::Cat("The data type ", type.ToString()));
}

base::StatusOr<ArrayPtr> Convert(const ArrayPtr& array, bool keep_fixed, int depth);

ArrayPtr WithData(const arrow::Array& array, TypePtr type,
                  std::vector<std::shared_ptr<arrow::Buffer>> buffers) {
  return arrow::MakeArray(arrow::ArrayData::Make(
      std::move(type), array.length(), std::move(buffers), array.null_count(), array.offset()));
}

/// Each value through `f` into a column of another fixed width, nulls kept.
template <class ArrayType, class Builder, class F>
base::StatusOr<ArrayPtr> Map(const arrow::Array& array, Builder builder, F f) {
  const auto& values = static_cast<const ArrayType&>(array);
  SOTERIA_ARROW_RETURN(builder.Reserve(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (values.IsNull(i)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(f(values.Value(i)));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

/// Strings of any layout, one by one.
template <class ArrayType, class Builder>
base::StatusOr<ArrayPtr> Strings(const arrow::Array& array) {
  const auto& values = static_cast<const ArrayType&>(array);
  Builder builder;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (values.IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder.AppendNull());
    } else {
      SOTERIA_ARROW_RETURN(builder.Append(values.GetView(i)));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

base::StatusOr<ArrayPtr> Decode(const arrow::Array& array) {
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr values, Convert(encoded.dictionary(), false, 1));
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(values->type()));
  const arrow::ArraySpan span(*values->data());
  for (int64_t i = 0; i < array.length(); ++i) {
    if (encoded.IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder->AppendNull());
      continue;
    }
    const int64_t at = encoded.GetValueIndex(i);
    if (at < 0 || at >= values->length()) {
      return base::Fail(base::kInput, "Dictionary column: index beyond the dictionary");
    }
    SOTERIA_ARROW_RETURN(builder->AppendArraySlice(span, at, 1));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

int64_t FloorDivide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

base::StatusOr<ArrayPtr> Timestamps(const arrow::Array& array) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  TypePtr target = arrow::timestamp(arrow::TimeUnit::MICRO, type.timezone().empty() ? "" : "UTC");
  if (type.unit() == arrow::TimeUnit::MICRO) return WithData(array, target, array.data()->buffers);
  const int64_t up = type.unit() == arrow::TimeUnit::SECOND  ? 1'000'000
                     : type.unit() == arrow::TimeUnit::MILLI ? 1'000
                                                             : 0;
  for (int64_t i = 0; up != 0 && i < array.length(); ++i) {
    int64_t product = 0;
    if (array.IsValid(i) &&
        __builtin_mul_overflow(static_cast<const arrow::TimestampArray&>(array).Value(i), up,
                               &product)) {
      return base::Fail(base::kInput, "Time stamp out of range");
    }
  }
  return Map<arrow::TimestampArray>(
      array, arrow::TimestampBuilder(target, arrow::default_memory_pool()),
      [up](int64_t v) { return up != 0 ? v * up : FloorDivide(v, 1000); });
}

/// Offsets of a list as int32 from 0, and the child cut to what they cover.
base::StatusOr<ArrayPtr> MakeList(const arrow::Array& array, std::vector<int64_t> offsets,
                                  const ArrayPtr& child, const FieldPtr& child_field, int depth) {
  const int64_t base_offset = offsets.front();
  SOTERIA_ASSIGN_OR_RETURN(
      const ArrayPtr values,
      Convert(child->Slice(base_offset, offsets.back() - base_offset), false, depth + 1));
  if (values->length() > INT32_MAX)
    return base::Fail(base::kMemoryLimit, "List column is too long");
  arrow::TypedBufferBuilder<int32_t> builder;
  for (const int64_t offset : offsets) {
    SOTERIA_ARROW_RETURN(builder.Append(static_cast<int32_t>(offset - base_offset)));
  }
  SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Buffer> buffer, builder.Finish());
  std::shared_ptr<arrow::Buffer> valid;
  if (array.null_count() != 0) {
    arrow::TypedBufferBuilder<bool> bits;
    for (int64_t i = 0; i < array.length(); ++i)
      SOTERIA_ARROW_RETURN(bits.Append(array.IsValid(i)));
    SOTERIA_ARROW_ASSIGN(valid, bits.Finish());
  }
  FieldPtr element = arrow::field("element", values->type(), child_field->nullable());
  element = WithUdt(element, UdtOf(*child_field));
  return std::make_shared<arrow::ListArray>(arrow::list(std::move(element)), array.length(),
                                            std::move(buffer), values, std::move(valid),
                                            array.null_count());
}

template <class ListType>
base::StatusOr<ArrayPtr> List(const arrow::Array& array, int depth) {
  const auto& list = static_cast<const ListType&>(array);
  std::vector<int64_t> offsets;
  offsets.reserve(static_cast<size_t>(array.length()) + 1);
  for (int64_t i = 0; i <= array.length(); ++i) offsets.push_back(list.value_offset(i));
  return MakeList(array, std::move(offsets), list.values(), array.type()->field(0), depth);
}

base::StatusOr<ArrayPtr> Struct(const ArrayPtr& array, int depth) {
  const auto& column = static_cast<const arrow::StructArray&>(*array);
  arrow::ArrayVector children;
  std::vector<FieldPtr> fields;
  for (int i = 0; i < column.num_fields(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr child, Convert(column.field(i), false, depth + 1));
    const FieldPtr& field = array->type()->field(i);
    fields.push_back(field->WithType(child->type()));
    children.push_back(std::move(child));
  }
  std::shared_ptr<arrow::Buffer> valid;
  if (array->null_count() != 0) {
    arrow::TypedBufferBuilder<bool> bits;
    for (int64_t i = 0; i < array->length(); ++i) {
      SOTERIA_ARROW_RETURN(bits.Append(array->IsValid(i)));
    }
    SOTERIA_ARROW_ASSIGN(valid, bits.Finish());
  }
  return std::make_shared<arrow::StructArray>(arrow::struct_(std::move(fields)), array->length(),
                                              std::move(children), std::move(valid),
                                              array->null_count());
}

/// As a list of its entries, whose names and keys' nullability then are a map's again.
base::StatusOr<ArrayPtr> Entries(const arrow::Array& array, int depth) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr lists, List<arrow::ListArray>(array, depth));
  const auto data = lists->data()->Copy();
  const auto entries = data->child_data[0]->Copy();
  if (entries->GetNullCount() != 0 || entries->child_data[0]->GetNullCount() != 0) {
    return base::Fail(base::kInput, "A map with a null entry or a null key");
  }
  data->type = MapOf(entries->type->field(0), entries->type->field(1));
  entries->type = data->type->field(0)->type();
  data->child_data[0] = entries;
  return arrow::MakeArray(data);
}

base::StatusOr<ArrayPtr> Nested(const ArrayPtr& array, bool keep_fixed, int depth) {
  switch (array->type_id()) {
    case Type::LIST: {
      const FieldPtr& child = array->type()->field(0);
      const Type::type id = child->type()->id();
      if (child->name() == "element" && (id == Type::DOUBLE || id == Type::INT32)) return array;
      return List<arrow::ListArray>(*array, depth);
    }
    case Type::MAP:
      return Entries(*array, depth);
    case Type::LARGE_LIST:
      return List<arrow::LargeListArray>(*array, depth);
    case Type::FIXED_SIZE_LIST:
      if (keep_fixed) return array;
      return List<arrow::FixedSizeListArray>(*array, depth);
    case Type::STRUCT:
      if (array->type()->Equals(*VectorStructType()) ||
          array->type()->Equals(*MatrixStructType())) {
        return array;
      }
      return Struct(array, depth);
    default:
      return Unsupported(*array->type());
  }
}

/// The number in `width` little-endian bytes; nullopt beyond 128 bits.
std::optional<Unscaled> ReadUnscaled(const uint8_t* bytes, int width) {
  Unscaled value = 0;
  const bool negative = (bytes[width - 1] & 0x80) != 0;
  if (negative) value = -1;
  std::memcpy(&value, bytes, static_cast<size_t>(std::min<int>(width, sizeof value)));
  for (int i = sizeof value; i < width; ++i) {
    if (bytes[i] != (negative ? 0xff : 0)) return std::nullopt;
  }
  return (value < 0) == negative ? std::optional(value) : std::nullopt;
}

/// Decimals of any width, with as many digits as their type has: whatever counts on it needs that.
base::StatusOr<ArrayPtr> Decimals(const ArrayPtr& array) {
  const auto& from = static_cast<const arrow::DecimalType&>(*array->type());
  SOTERIA_ASSIGN_OR_RETURN(const TypePtr type, CheckedDecimalType(from.precision(), from.scale()));
  const auto& values = static_cast<const arrow::FixedSizeBinaryArray&>(*array);
  arrow::Decimal128Builder builder(type);
  SOTERIA_ARROW_RETURN(builder.Reserve(array->length()));
  for (int64_t i = 0; i < array->length(); ++i) {
    if (values.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const auto value = ReadUnscaled(values.GetValue(i), from.byte_width());
    if (!value.has_value() || !FitsDigits(*value, from.precision())) {
      return base::Fail(base::kInput, base::Cat("A value of more than ", from.precision(),
                                                " digits in a column of ", from.ToString()));
    }
    builder.UnsafeAppend(ToArrow(*value));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return array->type()->Equals(*type) ? array : out;
}

base::StatusOr<ArrayPtr> Convert(const ArrayPtr& array, bool keep_fixed, int depth) {
  if (depth > kTypeDepthMax) return base::Fail(base::kInput, "Column types are nested too deeply");
  switch (array->type_id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::BINARY:
    case Type::DATE32:
    case Type::INTERVAL_MONTHS:
      return array;
    case Type::DURATION:
      if (!array->type()->Equals(*DayTimeType()) && FieldsOf(*array->type()).end == 3) {
        return Unsupported(*array->type());
      }
      return array;
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return Decimals(array);
    case Type::UINT64:
      return Map<arrow::UInt64Array>(*array, arrow::Decimal128Builder(DecimalType({20, 0})),
                                     [](uint64_t v) { return ToArrow(Unscaled{v}); });
    case Type::UINT8:
      return Map<arrow::UInt8Array>(*array, arrow::Int16Builder(),
                                    [](uint8_t v) { return static_cast<int16_t>(v); });
    case Type::UINT16:
      return Map<arrow::UInt16Array>(*array, arrow::Int32Builder(),
                                     [](uint16_t v) { return static_cast<int32_t>(v); });
    case Type::UINT32:
      return Map<arrow::UInt32Array>(*array, arrow::Int64Builder(),
                                     [](uint32_t v) { return static_cast<int64_t>(v); });
    case Type::HALF_FLOAT:
      return Map<arrow::HalfFloatArray>(*array, arrow::FloatBuilder(), [](uint16_t v) {
        return arrow::util::Float16::FromBits(v).ToFloat();
      });
    case Type::DATE64:
      return Map<arrow::Date64Array>(*array, arrow::Date32Builder(), [](int64_t v) {
        return static_cast<int32_t>(FloorDivide(v, 86'400'000));
      });
    case Type::LARGE_STRING:
      return Strings<arrow::LargeStringArray, arrow::StringBuilder>(*array);
    case Type::LARGE_BINARY:
      return Strings<arrow::LargeBinaryArray, arrow::BinaryBuilder>(*array);
    case Type::STRING_VIEW:
      return Strings<arrow::StringViewArray, arrow::StringBuilder>(*array);
    case Type::BINARY_VIEW:
      return Strings<arrow::BinaryViewArray, arrow::BinaryBuilder>(*array);
    case Type::FIXED_SIZE_BINARY:
      return Strings<arrow::FixedSizeBinaryArray, arrow::BinaryBuilder>(*array);
    case Type::TIMESTAMP:
      return Timestamps(*array);
    case Type::DICTIONARY:
      return Decode(*array);
    default:
      return Nested(array, keep_fixed, depth);
  }
}

/// Convert, with the column named where its type isn't one of ours.
base::StatusOr<ArrayPtr> ConvertColumn(const ArrayPtr& array, bool keep_fixed,
                                       const arrow::Field& field) {
  auto converted = Convert(array, keep_fixed, 1);
  if (converted.ok() || !base::Is(converted.status(), base::kUnsupported)) return converted;
  return base::Fail(
      base::kUnsupported,
      base::Cat("Column '", field.name(), "' has the type ", field.type()->ToString(), ": ",
                base::Message(converted.status()),
                ". Leave the column out, or write it as another type first, such as double or "
                "string"));
}

/// Structs and lists that are vectors or matrices but for child names and nullability.
bool SameShape(const arrow::DataType& a, const arrow::DataType& b) {
  // Files hold intervals as numbers.
  if (IsDayTime(b)) return a.id() == Type::INT64 || IsDayTime(a);
  if (IsYearMonth(b)) return a.id() == Type::INT32 || IsYearMonth(a);
  if (a.id() != b.id() || a.num_fields() != b.num_fields()) return false;
  if (a.num_fields() == 0) return a.Equals(b);
  for (int i = 0; i < a.num_fields(); ++i) {
    if (!SameShape(*a.field(i)->type(), *b.field(i)->type())) return false;
  }
  return true;
}

/// The same memory under an equal shape of type (names and nullability of children may differ).
std::shared_ptr<arrow::ArrayData> Retype(const std::shared_ptr<arrow::ArrayData>& data,
                                         const TypePtr& type) {
  auto copy = data->Copy();
  copy->type = type;
  for (size_t i = 0; i < copy->child_data.size(); ++i) {
    copy->child_data[i] = Retype(copy->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return copy;
}

base::StatusOr<ArrayPtr> Mark(const ArrayPtr& array, const arrow::Field& mark) {
  TypePtr type = mark.type();
  if (IsVector(mark) && array->type_id() == Type::FIXED_SIZE_LIST) {
    const auto& fixed = static_cast<const arrow::FixedSizeListType&>(*array->type());
    if (fixed.value_type()->id() != Type::DOUBLE) return Unsupported(*array->type());
    type = VectorField("", true, fixed.list_size())->type();
  }
  if (array->type()->Equals(*type)) return array;
  if (!SameShape(*array->type(), *type)) {
    return base::Fail(base::kInput, base::Cat("Column '", mark.name(), "' is ",
                                              TypeName(*array->type()), ", not ", TypeName(mark)));
  }
  return arrow::MakeArray(Retype(array->data(), type));
}

base::StatusOr<ArrayPtr> VectorsToStruct(const ArrayPtr& array) {
  SOTERIA_ASSIGN_OR_RETURN(const VectorReader reader, VectorReader::Make(array));
  VectorBuilder builder;
  const int64_t size = reader.common_size().value_or(0);
  SOTERIA_RETURN_IF_ERROR(builder.Reserve(reader.rows(), reader.rows() * size));
  for (int64_t row = 0; row < reader.rows(); ++row) {
    SOTERIA_RETURN_IF_ERROR(reader.IsNull(row) ? builder.AppendNull()
                                               : builder.Append(reader.Get(row)));
  }
  return builder.Finish();
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Table>> ToSparkForm(std::shared_ptr<arrow::Table> table) {
  for (int i = 0; i < table->num_columns(); ++i) {
    const FieldPtr field = table->field(i);
    if (!IsVector(*field) || field->type()->id() != Type::FIXED_SIZE_LIST) continue;
    arrow::ArrayVector chunks;
    for (const ArrayPtr& chunk : table->column(i)->chunks()) {
      SOTERIA_ASSIGN_OR_RETURN(ArrayPtr converted, VectorsToStruct(chunk));
      chunks.push_back(std::move(converted));
    }
    auto column = std::make_shared<arrow::ChunkedArray>(std::move(chunks), VectorStructType());
    SOTERIA_ARROW_ASSIGN(
        table, table->SetColumn(i, field->WithType(VectorStructType()), std::move(column)));
  }
  return table;
}

base::StatusOr<std::shared_ptr<arrow::Table>> Normalise(std::shared_ptr<arrow::Table> table,
                                                        const arrow::Schema* marks) {
  if (marks != nullptr && marks->num_fields() != table->num_columns()) {
    return base::Fail(base::kInput, "Schema and data have different numbers of columns");
  }
  std::vector<FieldPtr> fields;
  arrow::ChunkedArrayVector columns;
  for (int i = 0; i < table->num_columns(); ++i) {
    FieldPtr field = table->field(i);
    const arrow::Field* mark = marks != nullptr ? marks->field(i).get() : nullptr;
    const bool vector = mark != nullptr ? IsVector(*mark) : IsVector(*field);
    arrow::ArrayVector chunks;
    for (const ArrayPtr& chunk : table->column(i)->chunks()) {
      SOTERIA_ASSIGN_OR_RETURN(ArrayPtr array, ConvertColumn(chunk, vector, *field));
      if (mark != nullptr) {
        SOTERIA_ASSIGN_OR_RETURN(array, Mark(array, *mark));
      } else if (vector && array->type_id() == Type::STRUCT) {
        SOTERIA_ASSIGN_OR_RETURN(array, Mark(array, *VectorField(field->name(), true, {})));
      }
      chunks.push_back(std::move(array));
    }
    if (chunks.empty()) {
      SOTERIA_ARROW_ASSIGN(ArrayPtr none, arrow::MakeEmptyArray(field->type()));
      SOTERIA_ASSIGN_OR_RETURN(none, ConvertColumn(none, vector, *field));
      if (mark != nullptr) {
        SOTERIA_ASSIGN_OR_RETURN(none, Mark(none, *mark));
      }
      chunks.push_back(std::move(none));
    }
    TypePtr type = chunks.front()->type();
    FieldPtr named = field->WithType(type);
    if (mark != nullptr) {
      // Data decides the physical form, the schema everything else.
      named = marks->field(i)->WithName(field->name())->WithType(type);
    }
    fields.push_back(std::move(named));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks), std::move(type)));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns),
                            table->num_rows());
}

}  // namespace soteria::table
