// A seam for tests of a host that misbehaves: sees every frame between the scheduler and the
// enclaves, and may replace, add or withhold frames. soteria-host has none. All calls come under
// the session's lock.
#pragma once

#include <cstddef>

#include "host/local/scheduler.h"
#include "src/base/frame.h"

namespace soteria::host {

class Interceptor {
 public:
  virtual ~Interceptor() = default;
  /// A frame of the master, before the scheduler gets it.
  virtual void FromMaster(const base::Frame& frame) = 0;
  /// A TASK_DONE, which may be altered. False: the scheduler doesn't hear of it.
  virtual bool FromSlot(size_t worker, size_t slot, base::Frame& frame) = 0;
  virtual void WorkerReady(size_t worker) = 0;
  /// The worker's process is gone, and with it what was handed to it.
  virtual void WorkerLost(size_t worker) = 0;
  /// What goes out, before it does.
  virtual void Rewrite(Actions& actions) = 0;
};

}  // namespace soteria::host
