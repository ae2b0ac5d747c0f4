// What functions of dates and time stamps refuse of their arguments. Pure functions. Internal to
// exec.
#pragma once

#include <cstdint>
#include <string_view>

#include "src/base/status.h"
#include "src/table/time_zone.h"

namespace soteria::exec {

/// DATETIME_FIELD_OUT_OF_BOUNDS.
base::Status OutOfBounds(std::string_view field, int64_t most, int64_t value, int64_t least = 1);
/// Days since 1970-01-01.
base::StatusOr<int64_t> CheckedDate(int64_t year, int64_t month, int64_t day);
/// As Spark reads a zone's name in an argument. INVALID_TIMEZONE.
base::StatusOr<table::TimeZone> ZoneNamed(std::string_view id);

}  // namespace soteria::exec
