#include "src/base/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>

#include "src/base/errors.h"

namespace soteria::base {

Status HardenProcess() {
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return Fail(kIo, "can't switch core dumps off");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Fail(kIo, "can't become undumpable");
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return Fail(kIo, "can't ignore SIGPIPE");
  return OkStatus();
}

}  // namespace soteria::base
