// The texts that Spark takes for times of its own, where they are constant: 'epoch', and those that
// depend on a clock ('now', 'today', 'yesterday', 'tomorrow'), which an enclave doesn't have: it
// would be the host's. Pure functions.
#pragma once

#include <string_view>

#include "src/base/status.h"

namespace soteria::exec {

/// True for 'epoch', in any case, with a time zone behind it or without; false for other texts;
/// kUnsupported for those that depend on a clock.
base::StatusOr<bool> IsEpoch(std::string_view text);

/// The refusal of a text whose value depends on a clock.
base::Status NoClock(std::string_view text);

}  // namespace soteria::exec
