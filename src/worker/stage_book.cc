#include "src/worker/stage_book.h"

#include <arrow/table.h>

#include <algorithm>
#include <utility>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/table/ipc.h"

namespace soteria::worker {
namespace {

using crypto::MessageKind;

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
      if (!task.ParseFromString(frame.payload)) return true;
      Entry& entry = stages_[task.stage()];
      if (!entry.sealed.empty()) return true;  // a repeat
      entry.sealed = std::move(*task.mutable_sealed_task());
      if (entry.sealed.empty()) entry.sealed = " ";  // opens as nothing
      newest_ = std::max(newest_, task.stage());
      while (stages_.size() > kStagesKept) stages_.erase(stages_.begin());
      break;
    }
    case host::BROADCAST:
      if (broadcasts_.size() < kBroadcastsKept && broadcasts_.count(frame.id) == 0) {
        broadcasts_[frame.id] = {
            std::make_shared<const std::string>(std::move(frame.payload)), {}, nullptr};
      }
      break;
    case host::DROP: {
      host::Drop drop;
      if (!drop.ParseFromString(frame.payload)) return true;
      for (const uint64_t id : drop.broadcasts()) broadcasts_.erase(id);
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

base::StatusOr<std::shared_ptr<OpenStage>> StageBook::Get(uint64_t stage) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const auto found = stages_.find(stage);
    if (closed_ || (found == stages_.end() && stage < newest_)) {
      return base::Fail(base::kCancelled, "the stage is over");
    }
    if (found != stages_.end() && found->second.open != nullptr) return found->second.open;
    if (found != stages_.end() && !found->second.opening && !found->second.sealed.empty()) break;
    changed_.wait(lock);
  }
  stages_[stage].opening = true;
  const std::string sealed = stages_[stage].sealed;
  lock.unlock();
  std::shared_ptr<OpenStage> open = Open(stage, sealed);
  lock.lock();
  const auto entry = stages_.find(stage);
  if (entry != stages_.end()) entry->second.open = open;
  changed_.notify_all();
  return open;
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
  open.digest = dataflow::TaskDigest(sealed, open.task.spec.broadcasts);
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
      return base::Fail(base::kIntegrity, "a broadcast of the task was not delivered");
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
