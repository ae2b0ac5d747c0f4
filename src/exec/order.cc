#include "src/exec/order.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <string_view>

#include "src/table/decimal.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Array;
using arrow::Type;

/// False when both have values; else true and their order.
bool Nulls(const Array& a, int64_t i, const Array& b, int64_t j, int* order) {
  const bool a_null = a.IsNull(i);
  const bool b_null = b.IsNull(j);
  if (!a_null && !b_null) return false;
  *order = static_cast<int>(b_null) - static_cast<int>(a_null);
  return true;
}

template <class ArrayType>
int Numbers(const Array& a, int64_t i, const Array& b, int64_t j) {
  int order = 0;
  if (Nulls(a, i, b, j, &order)) return order;
  return CompareNumbers(static_cast<const ArrayType&>(a).Value(i),
                        static_cast<const ArrayType&>(b).Value(j));
}

int Bytes(const Array& a, int64_t i, const Array& b, int64_t j) {
  int order = 0;
  if (Nulls(a, i, b, j, &order)) return order;
  // Both are string or binary arrays, which share their layout.
  return static_cast<const arrow::BinaryArray&>(a).GetView(i).compare(
      static_cast<const arrow::BinaryArray&>(b).GetView(j));
}

int Decimals(const Array& a, int64_t i, const Array& b, int64_t j) {
  int order = 0;
  if (Nulls(a, i, b, j, &order)) return order;
  return table::CompareDecimals(table::DecimalAt(a, i), table::ShapeOf(*a.type()).scale,
                                table::DecimalAt(b, j), table::ShapeOf(*b.type()).scale);
}

int AllNull(const Array&, int64_t, const Array&, int64_t) { return 0; }

template <class ListType>
int Lists(const Array& a, int64_t i, const Array& b, int64_t j) {
  int order = 0;
  if (Nulls(a, i, b, j, &order)) return order;
  const auto& list_a = static_cast<const ListType&>(a);
  const auto& list_b = static_cast<const ListType&>(b);
  const CompareCells compare = OrderOf(*list_a.value_type());
  const int64_t from_a = list_a.value_offset(i);
  const int64_t from_b = list_b.value_offset(j);
  const int64_t length_a = list_a.value_length(i);
  const int64_t length_b = list_b.value_length(j);
  for (int64_t k = 0; k < length_a && k < length_b; ++k) {
    order = compare(*list_a.values(), from_a + k, *list_b.values(), from_b + k);
    if (order != 0) return order;
  }
  return CompareNumbers(length_a, length_b);
}

int Structs(const Array& a, int64_t i, const Array& b, int64_t j) {
  int order = 0;
  if (Nulls(a, i, b, j, &order)) return order;
  const auto& struct_a = static_cast<const arrow::StructArray&>(a);
  const auto& struct_b = static_cast<const arrow::StructArray&>(b);
  for (int k = 0; k < struct_a.num_fields(); ++k) {
    const CompareCells compare = OrderOf(*struct_a.type()->field(k)->type());
    order = compare(*struct_a.field(k), i, *struct_b.field(k), j);
    if (order != 0) return order;
  }
  return 0;
}

}  // namespace

CompareCells OrderOf(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
      return AllNull;
    case Type::BOOL:
      return Numbers<arrow::BooleanArray>;
    case Type::INT8:
      return Numbers<arrow::Int8Array>;
    case Type::INT16:
      return Numbers<arrow::Int16Array>;
    case Type::INT32:
      return Numbers<arrow::Int32Array>;
    case Type::DATE32:
      return Numbers<arrow::Date32Array>;
    case Type::INT64:
      return Numbers<arrow::Int64Array>;
    case Type::TIMESTAMP:
      return Numbers<arrow::TimestampArray>;
    case Type::DURATION:
      return Numbers<arrow::DurationArray>;
    case Type::INTERVAL_MONTHS:
      return Numbers<arrow::MonthIntervalArray>;
    case Type::FLOAT:
      return Numbers<arrow::FloatArray>;
    case Type::DOUBLE:
      return Numbers<arrow::DoubleArray>;
    case Type::STRING:
    case Type::BINARY:
      return Bytes;
    case Type::DECIMAL128:
      return Decimals;
    case Type::LIST:
      return OrderOf(*type.field(0)->type()) != nullptr ? Lists<arrow::ListArray> : nullptr;
    case Type::FIXED_SIZE_LIST:
      return OrderOf(*type.field(0)->type()) != nullptr ? Lists<arrow::FixedSizeListArray>
                                                        : nullptr;
    case Type::STRUCT:
      for (const auto& field : type.fields()) {
        if (OrderOf(*field->type()) == nullptr) return nullptr;
      }
      return Structs;
    default:
      return nullptr;
  }
}

}  // namespace soteria::exec
