#include "src/master/owner_link.h"

#include <chrono>
#include <thread>
#include <utility>

#include "soteria/session.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::master {
namespace {

base::Status SendMessage(channel::Channel& channel, const session::ControlToOwner& message) {
  return channel.Send(message.SerializeAsString());
}

session::SessionReport ToReport(const SessionCounters& counters) {
  session::SessionReport report;
  report.set_stages(counters.stages);
  report.set_tasks(counters.tasks);
  report.set_rebuilds(counters.rebuilds);
  report.set_retries(counters.retries);
  report.set_repeats(counters.repeats);
  report.set_workers_admitted(counters.workers_admitted);
  report.set_workers_lost(counters.workers_lost);
  report.set_spilled_bytes(counters.spilled_bytes);
  report.set_opened_bytes(counters.opened_bytes);
  return report;
}

}  // namespace

OwnerLink::OwnerLink(base::Clock& clock, std::function<SessionCounters(bool)> on_end)
    : clock_(clock), on_end_(std::move(on_end)), heard_ms_(clock.MonotonicMs()) {}

OwnerLink::~OwnerLink() = default;

void OwnerLink::Attach(std::shared_ptr<channel::Channel> channel) {
  const std::lock_guard lock(mutex_);
  channel_ = std::move(channel);
  heard_ms_ = clock_.MonotonicMs();
  changed_.notify_all();
}

base::Status OwnerLink::Serve(std::shared_ptr<channel::Channel> channel) {
  std::shared_ptr<channel::Channel> replaced;
  std::string again;
  {
    const std::lock_guard lock(mutex_);
    replaced = std::exchange(channel_, channel);
    heard_ms_ = clock_.MonotonicMs();
    changed_.notify_all();
    const bool other = replaced != channel;  // what was stored meanwhile went by the one attached
    if (other && waiting_.has_value() && !waiting_->answer.has_value()) again = waiting_->message;
  }
  if (replaced != nullptr && replaced != channel) replaced->Close();
  base::Status status = again.empty() ? base::OkStatus() : channel->Send(again);
  std::thread heart([this, channel] { SendHeartbeats(channel); });
  while (status.ok()) {
    auto message = channel->Receive(kControlBytesMax);
    status = message.ok() ? OnMessage(*channel, *message) : message.status();
  }
  channel->Close();
  {
    const std::lock_guard lock(mutex_);
    if (channel_ == channel) channel_.reset();
    heard_ms_ = clock_.MonotonicMs();
    changed_.notify_all();
  }
  heart.join();
  return status;
}

void OwnerLink::SendHeartbeats(const std::shared_ptr<channel::Channel>& channel) {
  session::ControlToOwner beat;
  beat.mutable_heartbeat();
  std::unique_lock lock(mutex_);
  while (channel_ == channel) {
    lock.unlock();
    if (!SendMessage(*channel, beat).ok()) return;
    lock.lock();
    changed_.wait_for(lock, std::chrono::milliseconds(kHeartbeatMs),
                      [&] { return channel_ != channel; });
    if (channel_ == channel && clock_.MonotonicMs() - heard_ms_ > kSilenceMaxMs) {
      lock.unlock();
      channel->Close();
      return;
    }
  }
}

base::Status OwnerLink::OnMessage(channel::Channel& channel, std::string_view bytes) {
  session::ControlToMaster message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::Fail(base::kProtocol, "control connection: not a message");
  }
  std::shared_ptr<channel::Channel> self;
  {
    const std::lock_guard lock(mutex_);
    heard_ms_ = clock_.MonotonicMs();
    if (channel_.get() != &channel) return base::Fail(base::kIo, "replaced by a new connection");
    self = channel_;
  }
  switch (message.message_case()) {
    case session::ControlToMaster::kHeartbeat:
      return base::OkStatus();
    case session::ControlToMaster::kStore: {
      base::Status stored = base::OkStatus();
      if (!message.store().error().empty()) {
        SOTERIA_RETURN_IF_ERROR(base::DecodeStatus(message.store().error(), &stored));
      }
      Answer(message.store().sequence(), std::move(stored));
      return base::OkStatus();
    }
    case session::ControlToMaster::kEnd:
      End(self, message.end().succeeded());
      return base::OkStatus();
    case session::ControlToMaster::MESSAGE_NOT_SET:
      break;
  }
  return base::Fail(base::kProtocol, "control connection: an empty message");
}

void OwnerLink::Answer(uint64_t sequence, base::Status status) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.has_value() || waiting_->sequence != sequence) return;  // a repeat
  waiting_->answer = std::move(status);
  changed_.notify_all();
}

void OwnerLink::End(const std::shared_ptr<channel::Channel>& channel, bool succeeded) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ending_, true)) return;
  }
  // The last ledger entry needs this connection's thread for its answer, so the end has its own.
  std::thread([this, channel, succeeded] {
    const SessionCounters counters = on_end_(succeeded);
    session::ControlToOwner reply;
    *reply.mutable_end()->mutable_report() = ToReport(counters);
    if (!SendMessage(*channel, reply).ok()) channel->Close();
  }).detach();
}

base::Status OwnerLink::Store(std::string_view entry,
                              const std::vector<ledger::VersionRecord>& versions) {
  const std::lock_guard one_at_a_time(store_mutex_);
  std::unique_lock lock(mutex_);
  session::ControlToOwner message;
  session::StoreRequest& request = *message.mutable_store();
  request.set_sequence(next_sequence_++);
  request.set_ledger_entry(std::string(entry));
  for (const ledger::VersionRecord& version : versions) {
    session::VersionRecord& record = *request.add_versions();
    record.set_id(version.id);
    record.set_version(version.version);
    record.set_index_digest(std::string(base::View(version.index)));
    record.set_spent(version.spent);
  }
  waiting_ = Waiting{request.sequence(), message.SerializeAsString(), std::nullopt};
  const auto channel = channel_;
  const std::string bytes = waiting_->message;
  lock.unlock();
  // A failed send is no error yet: the request goes out again on the owner's next connection.
  if (channel != nullptr && !channel->Send(bytes).ok()) channel->Close();
  lock.lock();
  const bool answered = changed_.wait_for(lock, std::chrono::milliseconds(kStoreWaitMs),
                                          [&] { return stopped_ || waiting_->answer.has_value(); });
  base::Status status =
      answered && waiting_->answer.has_value()
          ? std::move(*waiting_->answer)
          : base::Fail(base::kIo, base::Cat("The owner didn't store a ledger entry within ",
                                            kStoreWaitMs / 1000, " s"));
  waiting_.reset();
  return status;
}

base::Status OwnerLink::AwaitOwner() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || channel_ != nullptr; });
  return stopped_ ? base::Fail(base::kMasterLost, "the session is over") : base::OkStatus();
}

void OwnerLink::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

int64_t OwnerLink::SilentMs() const {
  const std::lock_guard lock(mutex_);
  return clock_.MonotonicMs() - heard_ms_;
}

bool OwnerLink::connected() const {
  const std::lock_guard lock(mutex_);
  return channel_ != nullptr;
}

}  // namespace soteria::master
