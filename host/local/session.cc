#include "host/local/session.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "soteria/host.pb.h"
#include "src/base/log.h"
#include "src/base/text.h"

namespace soteria::host {
namespace {

std::shared_ptr<const std::string> Nothing() { return std::make_shared<const std::string>(); }

}  // namespace

Session::Session(SessionOptions options, base::Clock& clock, Recorder& recorder, FileServer& files)
    : options_(std::move(options)),
      clock_(clock),
      recorder_(recorder),
      files_(files),
      relay_(recorder),
      scheduler_(options_.workers, options_.slots, options_.faults,
                 CellStore(options_.cell_folder)),
      outside_(clock),
      workers_(options_.workers + options_.extra_workers) {
  for (WorkerState& worker : workers_) worker.slots.resize(options_.slots);
}

Session::~Session() { Close(); }

void Session::ExpectMaster(const std::string& cookie) {
  const std::lock_guard<std::mutex> lock(mutex_);
  master_cookie_ = cookie;
}

void Session::ExpectWorker(size_t worker, const std::string& cookie) {
  uint64_t before = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    before = workers_[worker].incarnation;
  }
  LoseWorker(worker, before);
  const std::lock_guard<std::mutex> lock(mutex_);
  workers_[worker].cookie = cookie;
}

void Session::Spawn(std::function<void()> run) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    ++threads_;
  }
  std::thread([this, run = std::move(run)] {
    run();
    const std::lock_guard<std::mutex> lock(mutex_);
    --threads_;
    idle_.notify_all();
  }).detach();
}

void Session::ExpectStatistics(const std::string& cookie) { outside_.Expect(cookie); }

void Session::AddEnclave(std::unique_ptr<base::ByteStream> stream) {
  auto shared = std::make_shared<std::unique_ptr<base::ByteStream>>(std::move(stream));
  Spawn([this, shared] { Greet(std::move(*shared)); });
}

void Session::AddOwner(std::unique_ptr<base::ByteStream> stream) {
  std::shared_ptr<base::ByteStream> shared = std::move(stream);
  uint64_t id = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    owner_came_ = true;
    id = next_connection_++;
    closers_[id] = [shared] { shared->Close(); };
  }
  Spawn([this, shared, id] {
    relay_.ServeOwner(shared, base::Cat(options_.name, "-owner-", id));
    shared->Close();
    const std::lock_guard<std::mutex> lock(mutex_);
    closers_.erase(id);
  });
}

void Session::Greet(std::unique_ptr<base::ByteStream> stream) {
  auto connection = std::make_unique<base::FrameConnection>(std::move(stream));
  uint64_t id = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    id = next_connection_++;
    closers_[id] = [raw = connection.get()] { raw->Close(); };
  }
  const auto frame = connection->Receive();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closers_.erase(id);
  }
  Hello hello;
  if (!frame.ok() || frame->kind != HELLO || !hello.ParseFromString(frame->payload)) return;
  if (!Admit(hello, connection)) base::Log(base::Level::kWarning, "a connection was refused");
}

bool Session::Admit(const Hello& hello, std::unique_ptr<base::FrameConnection>& connection) {
  if (hello.cookie().empty()) return false;
  std::unique_lock<std::mutex> lock(mutex_);
  if (closed_) return false;
  if (hello.role() == MASTER) {
    if (hello.cookie() != master_cookie_ || master_ != nullptr) return false;
    auto peer = std::make_shared<Peer>(std::move(connection), recorder_,
                                       base::Cat(options_.name, "-master"));
    master_ = peer;
    peer->Post(HELLO_OK, 0, Nothing());
    Actions actions;
    scheduler_.MasterReady(actions);
    const Flushes flushes = Post(std::move(actions));
    lock.unlock();
    peer->Flush();
    Finish(flushes);
    relay_.SetMaster(peer);
    options_.changed();
    ServeMaster(peer);
    return true;
  }
  if (hello.role() == STATISTICS) {
    if (!outside_.Admits(hello.cookie())) return false;
    auto peer = std::make_shared<Peer>(std::move(connection), recorder_,
                                       base::Cat(options_.name, "-statistics"));
    peer->Post(HELLO_OK, 0, Nothing());
    outside_.Connected(peer);
    lock.unlock();
    outside_.Serve(peer);
    return true;
  }
  const auto found = std::find_if(workers_.begin(), workers_.end(),
                                  [&](const WorkerState& w) { return w.cookie == hello.cookie(); });
  if (found == workers_.end()) return false;
  WorkerState& worker = *found;
  const auto index = static_cast<size_t>(found - workers_.begin());
  const bool is_slot = hello.role() == SLOT;
  if (is_slot && (hello.slot() >= options_.slots || worker.slots[hello.slot()] != nullptr)) {
    return false;
  }
  if (!is_slot && (hello.role() != WORKER || worker.control != nullptr)) return false;
  std::string name = base::Cat(options_.name, "-worker-", index, "-", worker.incarnation);
  name += is_slot ? base::Cat("-slot-", hello.slot()) : std::string("-control");
  auto peer = std::make_shared<Peer>(std::move(connection), recorder_, std::move(name));
  (is_slot ? worker.slots[hello.slot()] : worker.control) = peer;
  if (!is_slot) worker.connected_once = true;
  const uint64_t incarnation = worker.incarnation;
  peer->Post(HELLO_OK, 0, Nothing());
  Actions actions;
  BecomeReady(index, actions);
  const Flushes flushes = Post(std::move(actions));
  lock.unlock();
  peer->Flush();
  Finish(flushes);
  options_.changed();
  is_slot ? ServeSlot(index, hello.slot(), incarnation, peer) : ServeControl(index, peer);
  LoseWorker(index, incarnation);
  return true;
}

void Session::BecomeReady(size_t index, Actions& actions) {
  WorkerState& worker = workers_[index];
  if (worker.ready || !worker.said_ready || worker.control == nullptr) return;
  for (const auto& slot : worker.slots) {
    if (slot == nullptr) return;
  }
  worker.ready = true;
  if (options_.interceptor != nullptr) options_.interceptor->WorkerReady(index);
  if (index < options_.workers) scheduler_.WorkerReady(index, clock_.MonotonicMs(), actions);
}

Session::Flushes Session::Post(Actions actions) {
  Flushes flushes;
  if (options_.interceptor != nullptr) options_.interceptor->Rewrite(actions);
  flushes.kills = std::move(actions.kills);
  for (Outgoing& out : actions.sends) {
    std::shared_ptr<Peer> peer = master_;
    if (out.to == Outgoing::To::kWorker) peer = workers_[out.worker].control;
    if (out.to == Outgoing::To::kSlot) peer = workers_[out.worker].slots[out.slot];
    if (peer == nullptr) continue;  // gone; its loss has its own event
    peer->Post(out.kind, out.id, std::move(out.payload));
    if (std::find(flushes.peers.begin(), flushes.peers.end(), peer) == flushes.peers.end()) {
      flushes.peers.push_back(std::move(peer));
    }
  }
  return flushes;
}

void Session::Finish(const Flushes& flushes) {
  for (const auto& peer : flushes.peers) peer->Flush();
  for (const size_t worker : flushes.kills) {
    base::Log(base::Level::kWarning, "fault: killing worker {}", worker);
    options_.kill_worker(worker);
  }
}

bool Session::ServeFile(const std::shared_ptr<Peer>& peer, const base::Frame& frame) {
  if (frame.kind != FILE_REQUEST) return false;
  peer->Post(FILE_REPLY, frame.id,
             std::make_shared<const std::string>(files_.Answer(frame.payload)));
  peer->Flush();
  return true;
}

void Session::ServeMaster(const std::shared_ptr<Peer>& peer) {
  while (true) {
    base::StatusOr<base::Frame> frame = peer->Receive();
    if (!frame.ok()) break;
    if (relay_.FromMaster(*frame) || ServeFile(peer, *frame)) continue;
    if (frame->kind == STATISTIC) {
      auto question = std::make_shared<base::Frame>(*std::move(frame));
      Spawn([this, question, peer] { outside_.Ask(std::move(*question), peer); });
      continue;
    }
    base::Status status;
    Flushes flushes;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      Actions actions;
      if (options_.interceptor != nullptr) options_.interceptor->FromMaster(*frame);
      status = scheduler_.OnMaster(*std::move(frame), clock_.MonotonicMs(), actions);
      flushes = Post(std::move(actions));
    }
    Finish(flushes);
    if (!status.ok()) {
      base::Log(base::Level::kError, "the master sent a frame that can't be served");
      break;
    }
  }
  peer->Close();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    master_ended_ = true;
  }
  options_.changed();
}

void Session::ServeControl(size_t worker, const std::shared_ptr<Peer>& peer) {
  while (true) {
    const base::StatusOr<base::Frame> frame = peer->Receive();
    if (!frame.ok()) break;
    if (relay_.FromWorker(peer, *frame) || ServeFile(peer, *frame)) continue;
    if (frame->kind != READY) break;
    Flushes flushes;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (workers_[worker].control != peer) break;
      workers_[worker].said_ready = true;
      Actions actions;
      BecomeReady(worker, actions);
      flushes = Post(std::move(actions));
    }
    Finish(flushes);
    options_.changed();
  }
  relay_.WorkerGone(peer.get());
}

void Session::ServeSlot(size_t worker, size_t slot, uint64_t incarnation,
                        const std::shared_ptr<Peer>& peer) {
  while (true) {
    base::StatusOr<base::Frame> frame = peer->Receive();
    if (!frame.ok() || frame->kind != TASK_DONE) return;
    base::Status status;
    Flushes flushes;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (workers_[worker].incarnation != incarnation) return;
      Actions actions;
      if (options_.interceptor == nullptr || options_.interceptor->FromSlot(worker, slot, *frame)) {
        status = scheduler_.OnTaskDone(worker, slot, *frame, clock_.MonotonicMs(), actions);
      }
      flushes = Post(std::move(actions));
    }
    Finish(flushes);
    if (!status.ok()) return;
  }
}

void Session::LoseWorker(size_t index, uint64_t incarnation) {
  std::vector<std::shared_ptr<Peer>> lost;
  Flushes flushes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    WorkerState& worker = workers_[index];
    if (worker.incarnation != incarnation) return;
    ++worker.incarnation;
    worker.cookie.clear();
    if (worker.control != nullptr) lost.push_back(std::move(worker.control));
    for (auto& slot : worker.slots) {
      if (slot != nullptr) lost.push_back(std::move(slot));
      slot = nullptr;
    }
    worker.control = nullptr;
    worker.said_ready = worker.ready = false;
    if (closed_) return;
    Actions actions;
    if (options_.interceptor != nullptr) options_.interceptor->WorkerLost(index);
    if (index < options_.workers) scheduler_.WorkerLost(index, clock_.MonotonicMs(), actions);
    flushes = Post(std::move(actions));
  }
  for (const auto& peer : lost) peer->Close();
  Finish(flushes);
  if (!lost.empty()) options_.kill_worker(index);
}

void Session::Tick() {
  Flushes flushes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Actions actions;
    scheduler_.Tick(clock_.MonotonicMs(), actions);
    flushes = Post(std::move(actions));
  }
  Finish(flushes);
  outside_.Tick();
}

bool Session::connected() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return master_ != nullptr && std::all_of(workers_.begin(), workers_.end(),
                                           [](const auto& w) { return w.connected_once; });
}

bool Session::owner_came() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return owner_came_;
}

bool Session::master_ended() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return master_ended_;
}

bool Session::ready(size_t worker) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return workers_[worker].ready;
}

void Session::Close() {
  std::unique_lock<std::mutex> lock(mutex_);
  closed_ = true;
  std::vector<std::shared_ptr<Peer>> peers;
  if (master_ != nullptr) peers.push_back(master_);
  for (const WorkerState& worker : workers_) {
    if (worker.control != nullptr) peers.push_back(worker.control);
    for (const auto& slot : worker.slots) {
      if (slot != nullptr) peers.push_back(slot);
    }
  }
  for (const auto& [id, close] : closers_) close();
  lock.unlock();
  relay_.Close();
  outside_.Close();
  for (const auto& peer : peers) peer->Close();
  lock.lock();
  idle_.wait(lock, [&] { return threads_ == 0; });
}

}  // namespace soteria::host
