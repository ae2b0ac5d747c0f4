#include "src/connect/session_state.h"

#include <arrow/array.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <thread>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/errors.h"

namespace soteria::connect {

std::optional<plan::PlanPtr> Views::Find(const std::string& name, bool global) const {
  const std::lock_guard lock(mutex_);
  const auto found = views_.find({global, base::Lower(name)});
  if (found == views_.end()) return std::nullopt;
  return found->second;
}

base::Status Views::Create(const std::string& name, plan::PlanPtr plan, bool replace, bool global) {
  const std::lock_guard lock(mutex_);
  const Key key(global, base::Lower(name));
  if (!replace && views_.contains(key)) {
    return base::Fail(kViewExists, base::Cat("Cannot create the temporary view `", name,
                                             "` because it already exists."));
  }
  if (views_.size() >= kViewsMax && !views_.contains(key)) {
    return base::Fail(base::kMemoryLimit, "Too many temporary views");
  }
  views_[key] = std::move(plan);
  return base::OkStatus();
}

Pivots::Values Pivots::Find(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : found->second;
}

void Pivots::Add(const std::string& name, Values values) {
  if (arrow::util::TotalBufferSize(*values) > kPivotBytesMax) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (values_.size() >= kPivotsMax) values_.clear();
  values_[name] = std::move(values);
}

base::StatusOr<std::string> Checkpoints::Add(plan::PlanPtr plan) {
  const std::lock_guard lock(mutex_);
  if (plans_.size() >= kCheckpointsMax) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("A session has at most ", kCheckpointsMax, " checkpoints"));
  }
  std::string name = base::Cat("checkpoint-", next_++);
  plans_.emplace(name, std::move(plan));
  return name;
}

plan::PlanPtr Checkpoints::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = plans_.find(name);
  return found == plans_.end() ? nullptr : found->second;
}

void Checkpoints::Set(const std::string& name, plan::PlanPtr plan) {
  const std::lock_guard lock(mutex_);
  plans_[name] = std::move(plan);
}

void Checkpoints::Remove(const std::string& name) {
  plan::PlanPtr last;  // what it holds goes when the lock has gone
  const std::lock_guard lock(mutex_);
  const auto found = plans_.extract(name);
  if (!found.empty()) last = std::move(found.mapped());
}

bool Views::Drop(const std::string& name, bool global) {
  const std::lock_guard lock(mutex_);
  return views_.erase({global, base::Lower(name)}) > 0;
}

std::vector<std::string> Views::Names(bool global) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [key, plan] : views_) {
    if (key.first == global) names.push_back(key.second);
  }
  return names;
}

base::Status SessionState::Add(const std::shared_ptr<Operation>& operation) {
  const std::lock_guard lock(mutex_);
  if (operations_.contains(operation->id())) {
    return base::Fail(kOperationExists, "The handle is invalid. Operation already exists.");
  }
  if (order_.size() >= kOperationsMax) {
    // The oldest one that has ended makes room.
    const auto ended = std::find_if(order_.begin(), order_.end(), [&](const std::string& id) {
      return operations_.at(id)->state() != Operation::State::kRunning;
    });
    if (ended == order_.end()) {
      return base::Fail(base::kMemoryLimit, "Too many operations run in this session");
    }
    operations_.erase(*ended);
    order_.erase(ended);
  }
  operations_[operation->id()] = operation;
  order_.push_back(operation->id());
  return base::OkStatus();
}

std::shared_ptr<Operation> SessionState::Find(const std::string& operation_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = operations_.find(operation_id);
  return found == operations_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Operation>> SessionState::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Operation>> all;
  for (const std::string& id : order_) all.push_back(operations_.at(id));
  return all;
}

void SessionState::Remove(const std::string& operation_id) {
  std::shared_ptr<Operation> operation;
  {
    const std::lock_guard lock(mutex_);
    const auto found = operations_.find(operation_id);
    if (found == operations_.end()) return;
    operation = found->second;
    operations_.erase(found);
    std::erase(order_, operation_id);
  }
  operation->Cancel();
}

void SessionState::Sweep(int64_t now_ms) {
  for (const auto& operation : All()) {
    const int64_t since = operation->detached_ms();
    if (since > 0 && now_ms - since > kDetachedMsMax) Remove(operation->id());
  }
}

void SessionState::CancelAll() {
  for (const auto& operation : All()) operation->Cancel();
}

base::StatusOr<std::shared_ptr<SessionState>> Sessions::For(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(id); found != sessions_.end()) return found->second;
  SOTERIA_ASSIGN_OR_RETURN(auto session, master_.SessionFor(id));
  auto state = std::make_shared<SessionState>(id, std::move(session));
  if (auto warehouse = state->session().TablePath(""); warehouse.ok()) {
    warehouse->pop_back();  // the slash before a table's name
    state->config().SetOwn("spark.sql.warehouse.dir", *std::move(warehouse));
  }
  sessions_[id] = state;
  return state;
}

std::shared_ptr<SessionState> Sessions::Find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

void Sessions::Release(const std::string& id) {
  std::shared_ptr<SessionState> state;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return;
    state = found->second;
    sessions_.erase(found);
  }
  state->CancelAll();
  master_.ReleaseSession(id);
}

void Sessions::CancelAll() {
  std::vector<std::shared_ptr<SessionState>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, state] : sessions_) all.push_back(state);
  }
  for (const auto& state : all) state->CancelAll();
}

base::Status Workers::Run(std::function<void()> work, size_t max) {
  {
    const std::lock_guard lock(mutex_);
    if (running_ >= max) {
      return base::Fail(base::kMemoryLimit, "Too many operations run at once");
    }
    ++running_;
  }
  std::thread([this, work = std::move(work)]() mutable {
    work();
    work = nullptr;  // what it holds goes before the count says that it has ended
    const std::lock_guard lock(mutex_);
    --running_;
    idle_.notify_all();
  }).detach();
  return base::OkStatus();
}

void Workers::Wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return running_ == 0; });
}

}  // namespace soteria::connect
