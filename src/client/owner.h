// The owner's side of the world: what every client operation needs, bound once in main.cc and
// passed in. Nothing here is secret by itself; keys are read from `home` by the operation that
// needs one. Not thread-safe: one operation at a time uses an Owner, except where a class says
// otherwise.
#pragma once

#include <functional>
#include <string>

#include "src/base/env.h"
#include "src/client/paths.h"

namespace soteria::client {

struct Owner {
  base::Files& files;
  base::Clock& clock;
  base::Random& random;
  Home home;
};

/// Called now and then while a long operation runs; `total` is 0 when it isn't known.
using Progress = std::function<void(uint64_t bytes_done, uint64_t bytes_total)>;

}  // namespace soteria::client
