// Copies bytes both ways between two streams: the attested channel on one side and gRPC's socket
// pair (in the master) or a local TCP connection (at the owner) on the other.
//
// Must hold: each direction is copied in order and without a gap; the end of one is passed on as an
// end (CloseWrite) while the other goes on; an error in either closes both, so that a cut-off
// stream never looks like a complete one. Blocks until both directions have ended. Uses the
// calling thread and one more.
#pragma once

#include <cstddef>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::channel {

inline constexpr size_t kPumpBufferBytes = 128 * 1024;

/// OK after a clean end of both directions; else the first error.
base::Status Pump(base::ByteStream& a, base::ByteStream& b);

}  // namespace soteria::channel
