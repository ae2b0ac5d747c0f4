// Spark's order of values: NaN equals NaN and is above everything, -0.0 equals 0.0, strings and
// binary by unsigned bytes, arrays element by element, structs field by field, and null below
// everything at any depth. Vectors are ordered as their struct (type, size, indices, values), in
// either physical form. Pure functions. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>

namespace soteria::exec {

/// < 0, 0, > 0; null cells compare too. Both arrays have one type.
using CompareCells = int (*)(const arrow::Array& a, int64_t i, const arrow::Array& b, int64_t j);

/// nullptr when the type has no order.
CompareCells OrderOf(const arrow::DataType& type);

template <class T>
int CompareNumbers(T a, T b) {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == b) return 0;
  // At least one is NaN.
  const bool a_nan = a != a;
  const bool b_nan = b != b;
  return static_cast<int>(a_nan) - static_cast<int>(b_nan);
}

}  // namespace soteria::exec
