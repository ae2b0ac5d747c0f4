// The bitmaps of Spark's bitmap functions: their size, which is of the format. Internal to exec.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soteria::exec {

inline constexpr size_t kBitmapBytes = 4096;
inline constexpr int64_t kBitmapBits = int64_t{8} * kBitmapBytes;

}  // namespace soteria::exec
