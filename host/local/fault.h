// Faults that tests ask for: `kill:reduce=5,after=3,worker=1` kills worker 1 once 3 partitions of
// the 5th reduce stage have answered. Plain data.
#pragma once

#include <cstdint>
#include <string_view>

#include "src/base/status.h"

namespace soteria::host {

struct Fault {
  uint64_t reduce = 0;  // which reduce stage of the master's life, from 1
  uint64_t after = 0;   // partials of partitions
  uint64_t worker = 0;
};

/// kIllegalArgument for anything but the form above.
base::StatusOr<Fault> ParseFault(std::string_view spec);

}  // namespace soteria::host
