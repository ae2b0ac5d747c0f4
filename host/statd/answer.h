// Answers of the statistics process: the same pure function as in the enclaves, over what they have
// released. Nobody trusts it: an answer is compared in the enclave, or marked as unverified.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/statd/keeper.h"
#include "src/base/frame.h"
#include "src/base/status.h"

namespace soteria::statd {

/// The payload of STATISTIC_DONE for a question: u8 1 and the numbers (f64 LE each), or u8 0 when
/// there is no answer (an input that isn't one, an empty table).
std::string Answer(std::string_view question);

/// Answers until the connection ends. `keeper` (may be null) keeps each question before its answer
/// goes.
base::Status Serve(base::FrameConnection& connection, const std::string& cookie, Keeper* keeper);

}  // namespace soteria::statd
