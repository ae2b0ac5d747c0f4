#include "tests/hostile/in_process_host.h"

#include <chrono>
#include <cstring>
#include <filesystem>

#include "soteria/host.pb.h"
#include "src/base/check.h"
#include "src/base/env_for_test.h"
#include "src/worker/slot.h"
#include "src/worker/task_runner.h"
#include "tests/hostile/host_frames.h"

namespace soteria::hostile {
namespace {

// Tasks in one run: a script that makes more has hung.
constexpr uint64_t kStepsMax = 20'000;
// In one thread nothing can come while a slot waits for it.
constexpr worker::StageBookLimits kNoWaiting = {.newer_wait = std::chrono::milliseconds(0),
                                                .older_wait = std::chrono::milliseconds(0)};
constexpr uint64_t kWorkerMemory = uint64_t{64} << 20;
/// Of exchanged rows: some wait in files.
constexpr size_t kCellsMemoryMax = 4096;

/// Bytes to read, and what was written.
class Tape : public base::ByteStream {
 public:
  Tape(std::string in, std::string& out) : in_(std::move(in)), out_(out) {}
  base::StatusOr<size_t> Read(std::span<char> out) override {
    const size_t size = std::min(out.size(), in_.size() - at_);
    std::memcpy(out.data(), in_.data() + at_, size);
    at_ += size;
    return size;
  }
  base::Status Write(std::string_view bytes) override {
    out_.append(bytes);
    return base::OkStatus();
  }
  void Close() override {}

 private:
  const std::string in_;
  size_t at_ = 0;
  std::string& out_;
};

std::string OnTheWire(const std::deque<base::Frame>& frames) {
  std::string wire;
  base::FrameConnection connection(std::make_unique<Tape>("", wire));
  for (const base::Frame& frame : frames) {
    CHECK(connection.Send(frame.kind, frame.id, frame.payload).ok());
  }
  return wire;
}

}  // namespace

/// An admitted worker: what worker::Worker holds, without its connections and threads.
class InProcessHost::Worker {
 public:
  Worker(const crypto::Secret& root, const base::Digest& session, uint64_t sender,
         base::Files& files, base::Random& random, uint64_t slice_bytes)
      : opener_(root, session),
        sealer_(root, session, sender),
        sources_(files, random),
        spill_(files, random, "/nonexistent"),  // the budget has room for everything
        runner_(book_, cache_, budget_, sources_, opener_, sealer_, slice_bytes) {}

  void OnControl(const host::Outgoing& out) { book_.OnFrame({out.kind, out.id, *out.payload}); }

  std::vector<base::Frame> Run(const std::deque<base::Frame>& task) {
    std::string answer;
    dataflow::FrameLink link(
        std::make_unique<base::FrameConnection>(std::make_unique<Tape>(OnTheWire(task), answer)));
    (void)worker::ServeSlot(link, runner_);  // ends with the tape
    std::string none;
    base::FrameConnection reader(std::make_unique<Tape>(std::move(answer), none));
    std::vector<base::Frame> frames;
    for (auto frame = reader.Receive(); frame.ok(); frame = reader.Receive()) {
      frames.push_back(*std::move(frame));
    }
    return frames;
  }

 private:
  crypto::Opener opener_;
  crypto::Sealer sealer_;
  worker::Sources sources_;
  worker::MemoryBudget budget_{kWorkerMemory};
  worker::SpillStore spill_;
  worker::BlockCache cache_{budget_, spill_};
  worker::StageBook book_{opener_, kNoWaiting};
  worker::TaskRunner runner_;
};

InProcessHost::InProcessHost(const crypto::Secret& session_root, const Setting& setting,
                             uint64_t seed, Adversary& adversary)
    : root_(session_root),
      session_(crypto::SessionId(session_root)),
      setting_(setting),
      files_(base::PosixFiles()),
      worker_random_(std::make_unique<base::RandomForTest>(seed)),
      random_(seed),
      adversary_(adversary),
      scheduler_(setting.workers, setting.slots, {},
                 host::CellStore(std::filesystem::temp_directory_path(), kCellsMemoryMax)),
      workers_(setting.workers + (setting.extra_worker ? 1 : 0)) {
  for (auto& worker : workers_) {
    worker = std::make_unique<Worker>(root_, session_, ++senders_, *files_, *worker_random_,
                                      setting_.slice_bytes);
  }
}

InProcessHost::~InProcessHost() = default;

void InProcessHost::Connect(dataflow::Coordinator& coordinator) {
  coordinator_ = &coordinator;
  host::Actions actions;
  scheduler_.MasterReady(actions);
  for (size_t w = 0; w < setting_.workers; ++w) {
    adversary_.WorkerReady(w);
    scheduler_.WorkerReady(w, 0, actions);
  }
  Perform(std::move(actions));
}

base::Status InProcessHost::Send(uint8_t kind, uint64_t id, std::string_view payload) {
  base::Frame frame{kind, id, std::string(payload)};
  adversary_.FromMaster(frame);
  host::Actions actions;
  SOTERIA_RETURN_IF_ERROR(scheduler_.OnMaster(std::move(frame), 0, actions));
  Perform(std::move(actions));
  Work();
  if (kind != host::RUN_STAGE) return base::OkStatus();
  // Nothing moves any more: what a real host's time-out says.
  host::StageDone done;
  done.set_stage(id);
  done.set_outcome(host::RETRY);
  coordinator_->OnFrame({host::STAGE_DONE, id, done.SerializeAsString()});
  return base::OkStatus();
}

void InProcessHost::Perform(host::Actions actions) {
  adversary_.Rewrite(actions);
  for (host::Outgoing& out : actions.sends) Deliver(out);
  if (adversary_.hung_up()) coordinator_->OnClosed();
  for (const size_t worker : actions.kills) Restart(worker);
}

void InProcessHost::Deliver(host::Outgoing& out) {
  switch (out.to) {
    case host::Outgoing::To::kMaster:
      coordinator_->OnFrame({out.kind, out.id, *out.payload});
      break;
    case host::Outgoing::To::kWorker:
      workers_[out.worker]->OnControl(out);
      break;
    case host::Outgoing::To::kSlot:
      pending_[{out.worker, out.slot}].push_back({out.kind, out.id, *out.payload});
      break;
  }
}

void InProcessHost::Restart(size_t worker) {
  for (size_t slot = 0; slot < setting_.slots; ++slot) pending_.erase({worker, slot});
  workers_[worker] = std::make_unique<Worker>(root_, session_, ++senders_, *files_, *worker_random_,
                                              setting_.slice_bytes);
  adversary_.WorkerLost(worker);
  host::Actions actions;
  scheduler_.WorkerLost(worker, 0, actions);
  adversary_.WorkerReady(worker);
  scheduler_.WorkerReady(worker, 0, actions);
  Perform(std::move(actions));
}

void InProcessHost::Work() {
  while (!pending_.empty()) {
    CHECK(++steps_ < kStepsMax);
    const auto next =
        std::next(pending_.begin(), static_cast<int64_t>(random_() % pending_.size()));
    const auto [worker, slot] = next->first;
    RunTask(worker, slot);
  }
}

void InProcessHost::RunTask(size_t worker, size_t slot) {
  std::deque<base::Frame>& waiting = pending_[{worker, slot}];
  std::deque<base::Frame> frames;
  host::Task task;
  do {
    CHECK(!waiting.empty() && task.ParseFromString(waiting.front().payload));
    frames.push_back(std::move(waiting.front()));
    waiting.pop_front();
  } while (task.more());
  if (waiting.empty()) pending_.erase({worker, slot});

  for (base::Frame& answer : workers_[worker]->Run(frames)) {
    host::Actions actions;
    base::Status status;
    if (adversary_.FromSlot(worker, slot, answer)) {
      status = scheduler_.OnTaskDone(worker, slot, answer, 0, actions);
    }
    Perform(std::move(actions));
    if (!status.ok()) return Restart(worker);
  }
}

}  // namespace soteria::hostile
