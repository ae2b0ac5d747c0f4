#include "src/worker/stage_book.h"

#include <arrow/table.h>

#include <algorithm>
#include <set>
#include <utility>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/table/ipc.h"

namespace soteria::worker {
namespace {

/// Of the sealed task of a stage that stays open when another comes. One that carries a model takes
/// several times its bytes; who asks for it after all has it opened anew.
constexpr uint64_t kOldOpenBytesMax = uint64_t{1} << 20;

using crypto::MessageKind;

/// A broadcast is missing: lost, not wrong. Never leaves the book.
constexpr base::Condition kNotDelivered = {"SOTERIA.NOT_DELIVERED", base::exception_class::kSpark,
                                           "", absl::StatusCode::kUnavailable};

/// Opens what only the master seals (sender 0).
base::StatusOr<std::string> OpenOfMaster(const crypto::Opener& opener, std::string_view sealed,
                                         uint64_t stage, MessageKind kind) {
  SOTERIA_ASSIGN_OR_RETURN(std::string plain,
                           opener.OpenAs(sealed, stage, base::Digest{}, kind, {}));
  SOTERIA_ASSIGN_OR_RETURN(const crypto::EnvelopeHeader header,
                           crypto::ParseEnvelopeHeader(sealed));
  if (header.sender != 0) {
    return base::Fail(base::kIntegrity, "a task or broadcast was not sealed by the master");
  }
  return plain;
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Table>> OpenBroadcast::Table(const base::Digest& content) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (table_ == nullptr) {
    content_ = crypto::Sha256(plain_);
    SOTERIA_ASSIGN_OR_RETURN(table_, table::FromIpcStream(plain_));
    plain_ = {};
  }
  if (content_ != content) {
    return base::Fail(base::kIntegrity, "a broadcast doesn't have the content of the recipe");
  }
  return table_;
}

bool StageBook::OnFrame(base::Frame frame) {
  const std::lock_guard<std::mutex> lock(mutex_);
  switch (frame.kind) {
    case host::STAGE_TASK: {
      host::StageTask task;
      if (task.ParseFromString(frame.payload)) OnTask(std::move(task));
      break;
    }
    case host::BROADCAST: {
      const auto found = broadcasts_.find(frame.id);
      const bool known = found != broadcasts_.end();
      if (known ? found->second.open != nullptr : broadcasts_.size() >= kBroadcastsKept) break;
      // One that nobody has opened yet may have been the wrong one: the newer bytes count.
      broadcasts_[frame.id] = {
          std::make_shared<const std::string>(std::move(frame.payload)), {}, nullptr};
      break;
    }
    case host::DROP: {
      host::Drop drop;
      if (drop.ParseFromString(frame.payload)) OnDrop(drop);
      break;
    }
    case host::CANCEL:
      break;  // tasks that run are left to end; their answers go nowhere
    default:
      return false;
  }
  changed_.notify_all();
  return true;
}

void StageBook::OnTask(host::StageTask task) {
  Entry& entry = stages_[task.stage()];
  entry.used = ++clock_;
  newest_ = std::max(newest_, task.stage());
  // What opened is the master's, and there is only one task of a stage: a repeat. What did not open
  // is tried again, the same bytes too: a broadcast may have come meanwhile.
  if (entry.open == nullptr || !entry.open->status.ok()) {
    entry.sealed = std::move(*task.mutable_sealed_task());
    if (entry.sealed.empty()) entry.sealed = " ";  // opens as nothing
    entry.open = nullptr;
    entry.delivered = clock_;
  }
  Trim();
}

void StageBook::OnDrop(const host::Drop& drop) {
  const std::set<uint64_t> gone(drop.broadcasts().begin(), drop.broadcasts().end());
  if (gone.empty()) return;
  for (const uint64_t id : gone) broadcasts_.erase(id);
  // Stages that hold a dropped broadcast are over; should one be asked for, it is opened anew.
  for (auto& [number, entry] : stages_) {
    if (entry.open == nullptr) continue;
    const auto& named = entry.open->task.spec.broadcasts;
    const auto drops = [&](const auto& one) { return gone.count(one.id) > 0; };
    if (std::any_of(named.begin(), named.end(), drops)) entry.open = nullptr;
  }
}

void StageBook::Trim() {
  uint64_t bytes = 0;
  for (const auto& [number, entry] : stages_) bytes += entry.sealed.size();
  while (stages_.size() > limits_.stages ||
         (stages_.size() > limits_.stages_always && bytes > limits_.bytes)) {
    const auto oldest = std::min_element(
        stages_.begin(), stages_.end(),
        [](const auto& x, const auto& y) { return x.second.used < y.second.used; });
    bytes -= oldest->second.sealed.size();
    stages_.erase(oldest);
  }
  for (auto& [number, entry] : stages_) {
    if (entry.used != clock_ && entry.opening == 0 && entry.sealed.size() > kOldOpenBytesMax) {
      entry.open = nullptr;
    }
  }
}

StageBook::Entry* StageBook::Await(uint64_t stage, std::unique_lock<std::mutex>& lock) {
  const auto start = std::chrono::steady_clock::now();
  while (!closed_) {
    const auto found = stages_.find(stage);
    if (found != stages_.end() && found->second.opening == 0) return &found->second;
    if (found != stages_.end()) {
      changed_.wait(lock);  // somebody opens it
      continue;
    }
    const auto wait = stage < newest_ ? limits_.older_wait : limits_.newer_wait;
    if (std::chrono::steady_clock::now() >= start + wait) break;
    changed_.wait_until(lock, start + wait);
  }
  return nullptr;
}

base::StatusOr<std::shared_ptr<OpenStage>> StageBook::Get(uint64_t stage) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (Entry* const entry = Await(stage, lock)) {
    const uint64_t now = entry->used = ++clock_;
    if (entry->open != nullptr) return entry->open;
    entry->opening = now;
    const uint64_t delivered = entry->delivered;
    const std::string sealed = entry->sealed;
    lock.unlock();
    std::shared_ptr<OpenStage> open = Open(stage, sealed);
    lock.lock();
    changed_.notify_all();
    const auto found = stages_.find(stage);
    // It may have been let go meanwhile, and even been delivered again.
    const bool current = found != stages_.end() && found->second.opening == now;
    if (current) found->second.opening = 0;
    const bool again = current && found->second.delivered != delivered;
    if (again && !open->status.ok()) continue;
    if (base::Is(open->status, kNotDelivered)) {
      if (current) stages_.erase(found);
      break;
    }
    if (current) found->second.open = open;
    return open;
  }
  return base::Fail(base::kCancelled, "the stage is not here");
}

std::shared_ptr<OpenStage> StageBook::Open(uint64_t stage, const std::string& sealed) {
  auto open = std::make_shared<OpenStage>();
  open->digest = dataflow::TaskDigest(sealed, {});
  open->status = OpenTask(stage, sealed, *open);
  return open;
}

base::Status StageBook::OpenTask(uint64_t stage, const std::string& sealed, OpenStage& open) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string plain,
                           OpenOfMaster(opener_, sealed, stage, MessageKind::kTask));
  SOTERIA_ASSIGN_OR_RETURN(open.task, dataflow::DecodeTask(plain));
  if (open.task.stage != stage) {
    return base::Fail(base::kIntegrity, "a task names another stage");
  }
  if (!open.task.spec.broadcasts.empty()) {
    open.digest = dataflow::TaskDigest(sealed, open.task.spec.broadcasts);
  }
  for (const dataflow::BroadcastRef& ref : open.task.spec.broadcasts) {
    SOTERIA_ASSIGN_OR_RETURN(open.broadcasts[ref.digest], FindBroadcast(ref));
  }
  for (const dataflow::LiveRecipe& live : open.task.live) open.live[live.digest] = live.kept;
  if (open.task.spec.terminal == dataflow::Terminal::kReduce) {
    SOTERIA_ASSIGN_OR_RETURN(open.kernel, DecodeStageKernel(open.task.spec.kernel));
  }
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<OpenBroadcast>> StageBook::FindBroadcast(
    const dataflow::BroadcastRef& ref) {
  std::shared_ptr<const std::string> sealed;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = broadcasts_.find(ref.id);
    if (found == broadcasts_.end()) {
      return base::Fail(kNotDelivered, "a broadcast of the task was not delivered");
    }
    if (found->second.open != nullptr && found->second.digest == ref.digest) {
      return found->second.open;
    }
    sealed = found->second.sealed;
  }
  if (sealed == nullptr || crypto::Sha256(*sealed) != ref.digest) {
    return base::Fail(base::kIntegrity, "the host delivered another broadcast than the task names");
  }
  SOTERIA_ASSIGN_OR_RETURN(std::string plain,
                           OpenOfMaster(opener_, *sealed, 0, MessageKind::kBroadcast));
  auto open = std::make_shared<OpenBroadcast>(std::move(plain));
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = broadcasts_.find(ref.id);
  if (found != broadcasts_.end()) found->second = {nullptr, ref.digest, open};
  return open;
}

void StageBook::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace soteria::worker
