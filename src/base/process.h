// What a process that holds secrets does first: no core dumps, no attaching debugger, no signal
// from a closed socket. Call once, before any other thread starts.
#pragma once

#include "src/base/status.h"

namespace soteria::base {

/// RLIMIT_CORE 0, PR_SET_DUMPABLE 0, SIGPIPE ignored. kIo when the system refuses one of them.
Status HardenProcess();

}  // namespace soteria::base
