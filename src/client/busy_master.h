// What a master says to an owner whom it can't serve, because it serves a session already
// (docs/decisions/0020-taking-over.md): parsed, and in words. It comes from an enclave whose
// evidence was verified. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "src/base/status.h"

namespace soteria::client {

/// As session.proto has it.
struct MasterState {
  bool provisioned = false;  ///< the rest is about the session that it serves
  bool owner_connected = false;
  uint64_t seconds_left = 0;
  uint64_t silent_ms = 0;
};

/// kProtocol for what isn't one.
base::StatusOr<MasterState> ParseMasterState(std::string_view bytes);

/// Why there is no session to be had now, from the master's answer to a takeover; never OK.
/// kTakenOver: it ends, and the next one may serve this owner. kMasterBusy, or kMasterLost where it
/// may soon be otherwise, as the session's owner is silent for more than `silent_ms_max`. kProtocol
/// for any other answer.
base::Status WhyNotNow(std::string_view reply, const MasterState& state, int64_t silent_ms_max);

}  // namespace soteria::client
