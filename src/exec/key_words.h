// Cells of keys as one word each, for hashing and comparing them without looking at their type row
// by row. Internal to exec; pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace soteria::exec {

/// Spark keeps decimals of up to as many digits in a long.
inline constexpr int kLongDigits = 18;

/// The bits of a float or double with one NaN and one zero.
template <class Real>
auto CanonicalBits(Real value) {
  using Bits = std::conditional_t<sizeof(Real) == 4, int32_t, int64_t>;
  if (std::isnan(value)) value = std::numeric_limits<Real>::quiet_NaN();
  if (value == 0) value = 0;
  return std::bit_cast<Bits>(value);
}

/// Of each cell 64 bits that are equal where Spark's equality says so: numbers by their value, one
/// NaN, one zero; what a null has is nothing to go by. Empty for types that take more than a word.
std::vector<uint64_t> WordsOf(const arrow::Array& array);

/// How Spark hashes a type's words: as an int or as a long.
bool IsHashedAsInt(const arrow::DataType& type);

}  // namespace soteria::exec
