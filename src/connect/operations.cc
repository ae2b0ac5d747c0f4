#include "src/connect/operations.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/connect/errors.h"

namespace soteria::connect {
namespace {

using spark::connect::ExecutePlanResponse;

/// Unique within the operation and shaped like a UUID: the operation's own id, its last 16 digits
/// replaced by the response's number.
std::string ResponseId(const std::string& operation_id, uint64_t index) {
  constexpr size_t kKept = 19;  // "xxxxxxxx-xxxx-xxxx-"
  char tail[24];
  std::snprintf(tail, sizeof(tail), "%04llx-%012llx", static_cast<unsigned long long>(index >> 48U),
                static_cast<unsigned long long>(index & 0xffffffffffffULL));
  return operation_id.substr(0, kKept) + tail;
}

base::Status Cancelled() { return base::Fail(base::kCancelled, "The operation was cancelled"); }

}  // namespace

bool Operation::HasTag(const std::string& tag) const {
  return std::find(tags_.begin(), tags_.end(), tag) != tags_.end();
}

bool Operation::Begin() {
  const std::lock_guard lock(mutex_);
  running_ = !cancelled_;
  return running_;
}

void Operation::AppendLocked(ExecutePlanResponse&& response) {
  auto owned = std::make_shared<ExecutePlanResponse>(std::move(response));
  owned->set_session_id(ids_.session_id);
  owned->set_server_side_session_id(ids_.server_side_session_id);
  owned->set_operation_id(ids_.operation_id);
  std::string id = ResponseId(ids_.operation_id, first_ + buffer_.size());
  owned->set_response_id(id);
  const size_t bytes = owned->ByteSizeLong();
  unsent_bytes_ += bytes;
  buffer_.push_back({std::move(id), std::move(owned), bytes});
  changed_.notify_all();
}

base::Status Operation::Send(ExecutePlanResponse&& response) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return cancelled_ || unsent_bytes_ < kUnsentBytesMax; });
  if (cancelled_) return Cancelled();
  AppendLocked(std::move(response));
  return base::OkStatus();
}

void Operation::Progress(const master::StageProgress& progress) {
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    stages_[progress.stage] = progress;
    if (stages_.size() > kStagesMax) {
      const auto oldest = stages_.upper_bound(0);
      earlier_.stage = oldest->first;
      earlier_.tasks_done += oldest->second.tasks_done;
      earlier_.tasks_total += oldest->second.tasks_total;
      stages_.erase(oldest);
    }
    stages_moved_ = true;
    cancelled = cancelled_;
  }
  // A cancel that came just before the session call began had nothing to end.
  if (cancelled) cancel_call_();
}

void Operation::Finish(const base::Status& status) {
  const std::lock_guard lock(mutex_);
  running_ = false;
  finished_ = true;
  result_ = cancelled_ ? base::Fail(kOperationCancelled, "The operation was cancelled.") : status;
  changed_.notify_all();
}

uint64_t Operation::Attach() {
  const std::lock_guard lock(mutex_);
  detached_ms_ = 0;
  changed_.notify_all();
  return ++attachment_;
}

void Operation::Detach(uint64_t attachment, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (attachment == attachment_) detached_ms_ = std::max<int64_t>(now_ms, 1);
}

void Operation::DropFrontLocked() {
  const size_t bytes = buffer_.front().bytes;
  (first_ < sent_ ? sent_bytes_ : unsent_bytes_) -= bytes;
  buffer_.pop_front();
  ++first_;
  sent_ = std::max(sent_, first_);
}

Operation::Next Operation::Wait(uint64_t attachment, uint64_t index,
                                std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] {
    return attachment != attachment_ || finished_ || index < first_ + buffer_.size();
  });
  if (attachment != attachment_) return {Next::Kind::kSuperseded, nullptr, {}};
  if (index < first_) return {Next::Kind::kLost, nullptr, {}};
  if (index >= first_ + buffer_.size()) {
    if (finished_) return {Next::Kind::kEnd, nullptr, result_};
    return {Next::Kind::kTimeout, nullptr, {}};
  }
  const Buffered& found = buffer_[static_cast<size_t>(index - first_)];
  Next next{Next::Kind::kResponse, found.response, {}};
  if (index >= sent_) {
    sent_ = index + 1;
    unsent_bytes_ -= found.bytes;
    sent_bytes_ += found.bytes;
    changed_.notify_all();
  }
  const size_t keep = reattachable_ ? kSentBytesMax : 0;
  while (!buffer_.empty() && first_ < sent_ && sent_bytes_ > keep) DropFrontLocked();
  return next;
}

void Operation::PushProgress() {
  const std::lock_guard lock(mutex_);
  if (!stages_moved_ || finished_) return;
  stages_moved_ = false;
  ExecutePlanResponse response;
  auto* progress = response.mutable_execution_progress();
  int64_t in_flight = 0;
  const auto add = [&](const master::StageProgress& stage) {
    auto* info = progress->add_stages();
    info->set_stage_id(static_cast<int64_t>(stage.stage));
    info->set_num_tasks(static_cast<int64_t>(stage.tasks_total));
    info->set_num_completed_tasks(static_cast<int64_t>(stage.tasks_done));
    info->set_done(stage.tasks_done >= stage.tasks_total);
    if (!info->done() && stage.stage != 0) {
      in_flight += static_cast<int64_t>(stage.tasks_total - stage.tasks_done);
    }
  };
  if (earlier_.stage != 0) add(earlier_);
  for (const auto& [number, stage] : stages_) add(stage);
  progress->set_num_inflight_tasks(in_flight);
  AppendLocked(std::move(response));
}

std::optional<uint64_t> Operation::IndexAfter(const std::string& response_id) const {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < buffer_.size(); ++i) {
    if (buffer_[i].id == response_id) return first_ + i + 1;
  }
  // The last one that was dropped: everything after it is still here.
  if (first_ > 0 && response_id == ResponseId(ids_.operation_id, first_ - 1)) return first_;
  return std::nullopt;
}

uint64_t Operation::first_index() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

void Operation::ReleaseUntil(const std::string& response_id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(buffer_.begin(), buffer_.end(),
                                  [&](const Buffered& b) { return b.id == response_id; });
  if (found == buffer_.end()) return;
  for (auto n = found - buffer_.begin() + 1; n > 0; --n) DropFrontLocked();
  changed_.notify_all();
}

bool Operation::Cancel() {
  bool in_call = false;
  {
    const std::lock_guard lock(mutex_);
    if (finished_ || cancelled_) return false;
    cancelled_ = true;
    in_call = running_;
    changed_.notify_all();
  }
  if (in_call) cancel_call_();
  return true;
}

Operation::State Operation::state() const {
  const std::lock_guard lock(mutex_);
  if (!finished_) return State::kRunning;
  if (cancelled_) return State::kCancelled;
  return result_.ok() ? State::kSucceeded : State::kFailed;
}

int64_t Operation::detached_ms() const {
  const std::lock_guard lock(mutex_);
  return detached_ms_;
}

}  // namespace soteria::connect
