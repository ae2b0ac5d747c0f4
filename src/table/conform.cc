#include "src/table/conform.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"
#include "src/table/decimal.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

using arrow::Type;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

/// The file's column of that name; nullopt when there is none.
base::StatusOr<std::optional<int>> PlaceOf(const std::string& name, const arrow::FieldVector& in) {
  std::optional<int> place;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!base::EqualIgnoringCase(in[i]->name(), name)) continue;
    if (place.has_value()) {
      return base::Fail(base::kInput, base::Cat("Found duplicate field(s) \"", name, "\": [",
                                                in[static_cast<size_t>(*place)]->name(), ", ",
                                                in[i]->name(), "] in case-insensitive mode"));
    }
    place = static_cast<int>(i);
  }
  return place;
}

int64_t WholeAt(const arrow::Array& array, int64_t i) {
  switch (array.type_id()) {
    case Type::INT8:
      return static_cast<const arrow::Int8Array&>(array).Value(i);
    case Type::INT16:
      return static_cast<const arrow::Int16Array&>(array).Value(i);
    case Type::INT32:
      return static_cast<const arrow::Int32Array&>(array).Value(i);
    default:
      return static_cast<const arrow::Int64Array&>(array).Value(i);
  }
}

template <class From, class To>
base::StatusOr<ArrayPtr> Widen(const arrow::Array& array) {
  using Value = typename arrow::TypeTraits<To>::CType;
  const auto& values = static_cast<const typename arrow::TypeTraits<From>::ArrayType&>(array);
  typename arrow::TypeTraits<To>::BuilderType builder;
  SOTERIA_ARROW_RETURN(builder.Reserve(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (values.IsNull(i)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(static_cast<Value>(values.Value(i)));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

template <class From>
base::StatusOr<ArrayPtr> WidenInteger(const arrow::Array& array, Type::type to) {
  switch (to) {
    case Type::INT16:
      return Widen<From, arrow::Int16Type>(array);
    case Type::INT32:
      return Widen<From, arrow::Int32Type>(array);
    case Type::INT64:
      return Widen<From, arrow::Int64Type>(array);
    case Type::DOUBLE:
      return Widen<From, arrow::DoubleType>(array);
    default:
      return ArrayPtr();
  }
}

/// Integers and decimals as a decimal that holds each of them; nullptr for a narrower one.
base::StatusOr<ArrayPtr> AsDecimals(const arrow::Array& array, const TypePtr& type) {
  const bool decimal = IsDecimal(*array.type());
  const auto from = decimal ? ShapeOf(*array.type()) : ShapeOfInteger(*array.type());
  const DecimalShape to = ShapeOf(*type);
  if (!from.has_value() || to.scale < from->scale || to.whole() < from->whole()) return ArrayPtr();
  arrow::Decimal128Builder builder(type);
  SOTERIA_ARROW_RETURN(builder.Reserve(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const Unscaled value = decimal ? DecimalAt(array, i) : WholeAt(array, i);
    builder.UnsafeAppend(ToArrow(value * PowerOfTen(to.scale - from->scale)));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

base::StatusOr<ArrayPtr> AsType(const ArrayPtr& array, const TypePtr& type);

/// Fields by name; those that the data lack are null.
base::StatusOr<ArrayPtr> AsStruct(const arrow::StructArray& array, const TypePtr& type) {
  arrow::ArrayVector children;
  for (const auto& field : type->fields()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto place, PlaceOf(field->name(), array.type()->fields()));
    ArrayPtr child;
    if (place.has_value()) {
      SOTERIA_ASSIGN_OR_RETURN(child, AsType(array.field(*place), field->type()));
      if (child == nullptr) return child;
    } else {
      SOTERIA_ARROW_ASSIGN(child, arrow::MakeArrayOfNull(field->type(), array.length()));
    }
    children.push_back(std::move(child));
  }
  std::shared_ptr<arrow::Buffer> valid;
  if (array.null_count() != 0) {
    arrow::TypedBufferBuilder<bool> bits;
    for (int64_t i = 0; i < array.length(); ++i) {
      SOTERIA_ARROW_RETURN(bits.Append(array.IsValid(i)));
    }
    SOTERIA_ARROW_ASSIGN(valid, bits.Finish());
  }
  return std::make_shared<arrow::StructArray>(type, array.length(), std::move(children),
                                              std::move(valid), array.null_count());
}

/// Keys and values each as theirs; nullptr where one of them can't be.
base::StatusOr<ArrayPtr> AsMap(const arrow::MapArray& map, const TypePtr& type) {
  const auto& entries = static_cast<const arrow::StructArray&>(*map.values());
  const TypePtr& pair = type->field(0)->type();
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (int i = 0; i < 2; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr child,
                             AsType(entries.field(i), pair->field(i)->type()));
    if (child == nullptr) return child;
    children.push_back(child->data());
  }
  auto data = map.data()->Copy();
  data->type = type;
  data->child_data = {
      arrow::ArrayData::Make(pair, entries.length(), {nullptr}, std::move(children), 0)};
  return arrow::MakeArray(std::move(data));
}

/// nullptr when Spark doesn't read the one as the other (or here nobody does).
base::StatusOr<ArrayPtr> AsType(const ArrayPtr& array, const TypePtr& type) {
  if (array->type()->Equals(*type)) return array;
  const Type::type from = array->type_id();
  const Type::type to = type->id();
  if (from == Type::NA) {
    SOTERIA_ARROW_ASSIGN(ArrayPtr nulls, arrow::MakeArrayOfNull(type, array->length()));
    return nulls;
  }
  const bool text = from == Type::STRING || from == Type::BINARY;
  const bool same_form = (text && (to == Type::STRING || to == Type::BINARY)) ||
                         (from == Type::TIMESTAMP && to == Type::TIMESTAMP);
  if (same_form) {
    SOTERIA_ARROW_ASSIGN(ArrayPtr view, array->View(type));
    return view;
  }
  if (to == Type::DECIMAL128) return AsDecimals(*array, type);
  if (from == Type::INT8) return WidenInteger<arrow::Int8Type>(*array, to);
  if (from == Type::INT16 && to != Type::INT8) return WidenInteger<arrow::Int16Type>(*array, to);
  if (from == Type::INT32 && (to == Type::INT64 || to == Type::DOUBLE)) {
    return WidenInteger<arrow::Int32Type>(*array, to);
  }
  if (from == Type::FLOAT && to == Type::DOUBLE) {
    return Widen<arrow::FloatType, arrow::DoubleType>(*array);
  }
  if (from == Type::LIST && to == Type::LIST) {
    const auto& list = static_cast<const arrow::ListArray&>(*array);
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr values, AsType(list.values(), type->field(0)->type()));
    if (values == nullptr) return values;
    auto data = list.data()->Copy();
    data->type = type;
    data->child_data = {values->data()};
    return arrow::MakeArray(std::move(data));
  }
  if (from == Type::MAP && to == Type::MAP) {
    return AsMap(static_cast<const arrow::MapArray&>(*array), type);
  }
  if (from == Type::STRUCT && to == Type::STRUCT) {
    return AsStruct(static_cast<const arrow::StructArray&>(*array), type);
  }
  return ArrayPtr();
}

base::Status Mismatch(const arrow::Field& wanted, const arrow::Field& have) {
  return base::Fail(kFileTypeMismatch,
                    base::Cat("Data type mismatches when reading Parquet column [", wanted.name(),
                              "]. Expected Spark type ", TypeName(wanted), ", actual type ",
                              TypeName(have), "."));
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> ColumnAs(const arrow::ChunkedArray& column,
                                                              const arrow::Field& have,
                                                              const arrow::Field& wanted) {
  if (IsVector(wanted) || IsMatrix(wanted)) {
    // Any form of vectors: the schema's marks are laid over the data.
    const arrow::Schema marks({wanted.WithNullable(true)});
    auto one = Normalise(
        arrow::Table::Make(arrow::schema({have.WithName(wanted.name())}),
                           {std::make_shared<arrow::ChunkedArray>(column.chunks(), column.type())},
                           column.length()),
        &marks);
    if (!one.ok()) return Mismatch(wanted, have);
    return (*one)->column(0);
  }
  if (!UdtOf(have).empty()) return Mismatch(wanted, have);
  arrow::ArrayVector chunks;
  for (const ArrayPtr& chunk : column.chunks()) {
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr converted, AsType(chunk, wanted.type()));
    if (converted == nullptr) return Mismatch(wanted, have);
    chunks.push_back(std::move(converted));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), wanted.type());
}

}  // namespace

TypePtr AllNullable(const TypePtr& type) {
  switch (type->id()) {
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(Nullable(field));
      return arrow::struct_(std::move(fields));
    }
    case Type::LIST:
      return arrow::list(Nullable(type->field(0)));
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return MapOf(AllNullable(map.key_type()), AllNullable(map.item_type()));
    }
    default:
      return type;
  }
}

std::shared_ptr<arrow::Field> Nullable(const std::shared_ptr<arrow::Field>& field) {
  if (!UdtOf(*field).empty()) return field->WithNullable(true);
  return field->WithType(AllNullable(field->type()))->WithNullable(true);
}

base::StatusOr<std::shared_ptr<arrow::Table>> NullableColumns(
    const std::shared_ptr<arrow::Table>& rows) {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  for (int c = 0; c < rows->num_columns(); ++c) {
    auto field = Nullable(rows->field(c));
    if (field->type()->Equals(*rows->field(c)->type())) {
      columns.push_back(rows->column(c));
    } else {
      SOTERIA_ASSIGN_OR_RETURN(auto column, ColumnAs(*rows->column(c), *rows->field(c), *field));
      columns.push_back(std::move(column));
    }
    fields.push_back(std::move(field));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns), rows->num_rows());
}

base::StatusOr<std::vector<std::string>> ColumnsFor(const arrow::Schema& wanted,
                                                    const arrow::Schema& file) {
  std::vector<std::string> names;
  for (const auto& field : wanted.fields()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto place, PlaceOf(field->name(), file.fields()));
    if (place.has_value()) names.push_back(file.field(*place)->name());
  }
  return names;
}

base::StatusOr<std::shared_ptr<arrow::Table>> Conform(const arrow::Table& rows,
                                                      const arrow::Schema& wanted) {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  for (const auto& field : wanted.fields()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto place, PlaceOf(field->name(), rows.schema()->fields()));
    std::shared_ptr<arrow::ChunkedArray> column;
    if (place.has_value()) {
      SOTERIA_ASSIGN_OR_RETURN(column, ColumnAs(*rows.column(*place), *rows.field(*place), *field));
    } else {
      SOTERIA_ARROW_ASSIGN(const ArrayPtr nulls,
                           arrow::MakeArrayOfNull(field->type(), rows.num_rows()));
      column = std::make_shared<arrow::ChunkedArray>(nulls);
    }
    fields.push_back(field->WithType(column->type())->WithNullable(true));
    columns.push_back(std::move(column));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns), rows.num_rows());
}

}  // namespace soteria::table
