// A task slot: one connection to the host and one thread that takes a task, runs it and answers.
#pragma once

#include "src/base/status.h"
#include "src/dataflow/host_link.h"
#include "src/worker/task_runner.h"

namespace soteria::worker {

/// Outputs in one TASK_DONE frame; more go in several.
inline constexpr size_t kOutputsFrameBytes = size_t{64} << 20;
/// Sealed inputs of one task.
inline constexpr uint64_t kInputsBytesMax = uint64_t{8} << 30;

/// Serves tasks until the connection ends (kIo) or breaks the rules (kProtocol).
base::Status ServeSlot(dataflow::FrameLink& link, TaskRunner& runner);

}  // namespace soteria::worker
