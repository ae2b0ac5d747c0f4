#include "src/worker/worker.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/channel/attested.h"
#include "src/channel/channel.h"
#include "src/crypto/envelope.h"
#include "src/dataflow/host_files.h"
#include "src/dataflow/host_link.h"
#include "src/dataflow/routed_files.h"
#include "src/dataflow/stream_mux.h"
#include "src/worker/admission.h"
#include "src/worker/slot.h"
#include "src/worker/stage_book.h"
#include "src/worker/task_runner.h"

namespace soteria::worker {

using dataflow::FrameLink;
using dataflow::Greeting;

namespace {

constexpr uint64_t kRoomyBytes = uint64_t{4} << 30;
constexpr uint64_t kColumnBytesMax = uint64_t{1} << 30;

/// With room, columns that were decrypted and decoded are kept for the queries to come; with less
/// there are better uses for it.
uint64_t ColumnBytesMax(uint64_t memory_bytes) {
  if (memory_bytes < kRoomyBytes) return 0;
  return std::min(memory_bytes / 4, kColumnBytesMax);
}

}  // namespace

// What exists once the master has admitted this worker.
struct Tasks {
  Tasks(const Options& options, base::Files& files, Admitted admitted)
      : session(crypto::SessionId(admitted.session_root)),
        opener(admitted.session_root, session),
        sealer(admitted.session_root, session, admitted.sender),
        budget(options.memory_bytes_max),
        spill(*options.files, *options.random, options.spill_folder),
        cache(budget, spill, ColumnBytesMax(options.memory_bytes_max)),
        sources(files, *options.random),
        book(opener),
        runner(book, cache, budget, sources, opener, sealer, options.slice_bytes) {
    for (auto& [id, key] : admitted.keys) sources.AddKey(id, std::move(key));
  }

  base::Digest session;
  crypto::Opener opener;
  crypto::Sealer sealer;
  MemoryBudget budget;
  SpillStore spill;
  BlockCache cache;
  Sources sources;
  StageBook book;
  TaskRunner runner;
};

class Worker::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}

  base::Status Run();
  void Stop();

 private:
  /// The link stays in links_ until Run returns.
  base::StatusOr<FrameLink*> DialHost(Greeting::Role role, uint64_t slot);
  base::Status Serve(FrameLink& control, dataflow::StreamMux& mux, base::Files& files,
                     std::vector<std::thread>& threads);
  base::Status StartSlots(std::vector<std::thread>& threads);
  void ReadControl(FrameLink& control, dataflow::StreamMux& mux, dataflow::HostFiles& host_files);
  /// Whether Stop or an end came before; what is opened after it must not outlive it. Under mutex_.
  base::Status StillWanted() const;
  void End();
  void WaitForEnd();
  void CloseAll();

  Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::vector<std::unique_ptr<FrameLink>> links_;
  std::unique_ptr<channel::Channel> channel_;
  std::unique_ptr<Tasks> tasks_;
};

base::StatusOr<FrameLink*> Worker::Impl::DialHost(Greeting::Role role, uint64_t slot) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::FrameConnection> connection, options_.dial());
  auto link = std::make_unique<FrameLink>(std::move(connection));
  FrameLink* raw = link.get();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    SOTERIA_RETURN_IF_ERROR(StillWanted());
    links_.push_back(std::move(link));
  }
  SOTERIA_RETURN_IF_ERROR(
      dataflow::Greet(raw->connection(), {role, options_.cookie, options_.name, slot}));
  return raw;
}

base::Status Worker::Impl::StillWanted() const {
  if (!ended_) return base::OkStatus();
  return base::Fail(base::kCancelled, "the worker was stopped");
}

void Worker::Impl::End() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Worker::Impl::WaitForEnd() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return ended_; });
}

void Worker::Impl::ReadControl(FrameLink& control, dataflow::StreamMux& mux,
                               dataflow::HostFiles& host_files) {
  while (true) {
    auto frame = control.Receive();
    if (!frame.ok()) break;
    if (mux.OnFrame(*frame) || host_files.OnFrame(*frame)) continue;
    StageBook* book = nullptr;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (tasks_ != nullptr) book = &tasks_->book;
    }
    if (book == nullptr || !book->OnFrame(*std::move(frame))) break;
  }
  mux.Close();
  host_files.Close();
  End();
}

base::Status Worker::Impl::StartSlots(std::vector<std::thread>& threads) {
  for (uint64_t s = 0; s < options_.slots; ++s) {
    SOTERIA_ASSIGN_OR_RETURN(FrameLink* const slot, DialHost(Greeting::Role::kSlot, s));
    threads.emplace_back([this, slot] {
      const base::Status status = ServeSlot(*slot, tasks_->runner);
      if (base::Is(status, base::kProtocol)) {
        base::Log(base::Level::kError, "the host broke the protocol of a slot");
      }
      End();
    });
  }
  return base::OkStatus();
}

base::Status Worker::Impl::Serve(FrameLink& control, dataflow::StreamMux& mux, base::Files& files,
                                 std::vector<std::thread>& threads) {
  SOTERIA_ASSIGN_OR_RETURN(const crypto::IdentityKey identity, crypto::IdentityKey::Generate());
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::ByteStream> stream, mux.Open());
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<channel::Channel> channel,
                           channel::TlsClient(std::move(stream)));
  channel::Channel& to_master = *channel;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    channel_ = std::move(channel);
    SOTERIA_RETURN_IF_ERROR(StillWanted());
  }
  SOTERIA_ASSIGN_OR_RETURN(
      Admitted admitted,
      Join(to_master, {*options_.evidence, identity, *options_.random, options_.kernel_level}));
  base::Log(base::Level::kInfo, "admitted as sender {}", admitted.sender);
  {
    auto tasks = std::make_unique<Tasks>(options_, files, std::move(admitted));
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_ = std::move(tasks);
    SOTERIA_RETURN_IF_ERROR(StillWanted());
  }
  SOTERIA_RETURN_IF_ERROR(StartSlots(threads));
  // The master may ask for fresh evidence at any time; the session ends with this channel.
  threads.emplace_back([this, &to_master, &identity] {
    while (
        channel::ProveSelf(to_master, policy::Role::kWorker, *options_.evidence, identity).ok()) {
    }
    End();
  });
  const base::Status ready = control.Send(host::READY, 0, {});
  if (ready.ok()) WaitForEnd();
  // Before `identity` goes: its user must have ended.
  CloseAll();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  return ready;
}

void Worker::Impl::CloseAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  for (const auto& link : links_) link->Close();
  if (channel_ != nullptr) channel_->Close();
  if (tasks_ != nullptr) tasks_->book.Close();
  changed_.notify_all();
}

base::Status Worker::Impl::Run() {
  SOTERIA_ASSIGN_OR_RETURN(FrameLink* const control, DialHost(Greeting::Role::kWorker, 0));
  dataflow::StreamMux mux(*control);
  dataflow::HostFiles host_files(*control, *options_.random);
  dataflow::RoutedFiles files(*options_.files, host_files);
  std::thread reader([&, control] { ReadControl(*control, mux, host_files); });
  std::vector<std::thread> threads;
  const base::Status status = Serve(*control, mux, files, threads);
  CloseAll();
  for (std::thread& thread : threads) thread.join();
  reader.join();
  const std::lock_guard<std::mutex> lock(mutex_);
  channel_.reset();
  tasks_.reset();
  return status;
}

void Worker::Impl::Stop() { CloseAll(); }

Worker::Worker(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Worker::~Worker() = default;
base::Status Worker::Run() { return impl_->Run(); }
void Worker::Stop() { impl_->Stop(); }

}  // namespace soteria::worker
