#include "src/base/padding.h"

#include <bit>

namespace soteria::base {

uint64_t PaddedSize(uint64_t size) {
  if (size < 2) return size;
  const int exponent = static_cast<int>(std::bit_width(size)) - 1;
  const int mantissa = static_cast<int>(std::bit_width(static_cast<unsigned>(exponent)));
  const uint64_t mask = exponent > mantissa ? (uint64_t{1} << (exponent - mantissa)) - 1 : 0;
  return (size + mask) & ~mask;
}

}  // namespace soteria::base
