/// Four doubles at once, by the vector extension of GCC and Clang.
#pragma once

#include <cstddef>
#include <cstring>

namespace soteria::ml {

constexpr int kLanes = 4;
using Lanes = double __attribute__((vector_size(kLanes * sizeof(double))));

/// From and to any address. By memcpy, which is one instruction: to what an `aligned(8)` in an
/// alias declaration belongs, the two compilers don't agree.
inline Lanes Load(const double* p) {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void Store(double* p, Lanes v) { std::memcpy(p, &v, sizeof v); }

inline Lanes All(double v) { return Lanes{v, v, v, v}; }

}  // namespace soteria::ml
