// Canonical bytes of doubles: little-endian, eight a number, nothing else. Partials and model data
// are built from them. Pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::stats {

std::string PackDoubles(std::span<const double> values);
/// Errors: kProtocol when the length is no multiple of eight.
base::StatusOr<std::vector<double>> UnpackDoubles(std::string_view bytes);

}  // namespace soteria::stats
