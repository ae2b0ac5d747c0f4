#include "src/worker/slot.h"

#include <utility>

#include "soteria/host.pb.h"
#include "src/base/errors.h"

namespace soteria::worker {
namespace {

crypto::Place FromProto(const host::Place& place) {
  return {place.a(), place.b(), place.c(), place.d()};
}

void ToProto(const crypto::Place& place, host::Place& out) {
  out.set_a(place.a);
  out.set_b(place.b);
  out.set_c(place.c);
  out.set_d(place.d);
}

host::Outcome ToProto(TaskOutcome outcome) {
  switch (outcome) {
    case TaskOutcome::kOk:
      return host::OK;
    case TaskOutcome::kMiss:
      return host::MISS;
    case TaskOutcome::kRetry:
      return host::RETRY;
    case TaskOutcome::kFailed:
      return host::FAILED;
  }
  return host::FAILED;
}

/// Receives the frames of one task.
base::StatusOr<TaskInput> ReceiveTask(dataflow::FrameLink& link) {
  TaskInput input;
  uint64_t bytes = 0;
  while (true) {
    SOTERIA_ASSIGN_OR_RETURN(const base::Frame frame, link.Receive());
    host::Task task;
    if (frame.kind != host::TASK || !task.ParseFromString(frame.payload)) {
      return base::Fail(base::kProtocol, "the host sent no task to a slot");
    }
    bytes += frame.payload.size();
    if (bytes > kInputsBytesMax) {
      return base::Fail(base::kProtocol, "the host sent a task with too many inputs");
    }
    input.stage = task.stage();
    input.merge = task.kind() == host::MERGE;
    input.place = FromProto(task.place());
    for (host::Blob& blob : *task.mutable_inputs()) {
      input.inputs.push_back(
          {blob.stage(), FromProto(blob.place()), std::move(*blob.mutable_sealed()), 0, 1});
    }
    if (!task.more()) return input;
  }
}

base::Status SendDone(dataflow::FrameLink& link, uint64_t stage, const crypto::Place& place,
                      TaskOutput output) {
  host::TaskDone done;
  const auto start = [&] {
    done.Clear();
    done.set_stage(stage);
    ToProto(place, *done.mutable_place());
  };
  const auto send = [&](bool more) {
    done.set_more(more);
    return link.Send(host::TASK_DONE, stage, done.SerializeAsString());
  };
  start();
  size_t bytes = 0;
  for (SealedBlob& blob : output.outputs) {
    if (done.outputs_size() > 0 && bytes + blob.sealed.size() > kOutputsFrameBytes) {
      SOTERIA_RETURN_IF_ERROR(send(true));
      start();
      bytes = 0;
    }
    bytes += blob.sealed.size();
    host::Blob& out = *done.add_outputs();
    out.set_stage(blob.stage);
    ToProto(blob.place, *out.mutable_place());
    out.set_sealed(std::move(blob.sealed));
    if (blob.slices > 1) {
      out.set_slice(blob.slice);
      out.set_slices(blob.slices);
    }
  }
  done.set_outcome(ToProto(output.outcome));
  for (const ShuffleTarget& need : output.needs) {
    host::Need& out = *done.add_needs();
    out.set_stage(need.stage);
    out.set_target(need.target);
  }
  return send(false);
}

}  // namespace

base::Status ServeSlot(dataflow::FrameLink& link, TaskRunner& runner) {
  while (true) {
    SOTERIA_ASSIGN_OR_RETURN(TaskInput input, ReceiveTask(link));
    const uint64_t stage = input.stage;
    const crypto::Place place = input.place;
    SOTERIA_RETURN_IF_ERROR(SendDone(link, stage, place, runner.Run(std::move(input))));
  }
}

}  // namespace soteria::worker
