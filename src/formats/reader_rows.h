// What the readers of rows have alike: how long a chunk of rows may be, and what ends a read under
// FAILFAST. Internal to formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/status.h"

namespace soteria::formats {

inline constexpr uint64_t kChunkBytes = uint64_t{512} << 20;  // strings of a chunk have 31 bits
inline constexpr int64_t kChunkRows = int64_t{1} << 20;
/// Of a record, in an error.
inline constexpr size_t kShownBytesMax = 200;

/// The record doesn't parse, and the mode is FAILFAST.
base::Status FailFast(std::string_view record);

}  // namespace soteria::formats
