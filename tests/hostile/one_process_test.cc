// The host's session, workers and the coordinator in one process over loopback connections, with
// real attested channels, real sealing and a real kernel; workers are lost in the middle.
#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/local/file_server.h"
#include "host/local/session.h"
#include "soteria/host.pb.h"
#include "soteria/session.pb.h"
#include "src/attest/simulated.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/channel/attested.h"
#include "src/crypto/hash.h"
#include "src/crypto/openssl.h"
#include "src/dataflow/coordinator.h"
#include "src/dataflow/feature_columns.h"
#include "src/dataflow/slices.h"
#include "src/dataflow/stream_mux.h"
#include "src/dataflow/task.h"
#include "src/exec/aggregate.h"
#include "src/exec/operator.h"
#include "src/ml/summarizer/kernels.h"
#include "src/policy/manifest.h"
#include "src/table/feature_block.h"
#include "src/table/ipc.h"
#include "src/table/types.h"
#include "src/table/vector.h"
#include "src/worker/worker.h"

namespace soteria {
namespace {

using dataflow::Terminal;

base::Digest DigestOf(char fill) {
  base::Digest digest;
  digest.fill(static_cast<uint8_t>(fill));
  return digest;
}

constexpr char kMasterMeasurement = 'm';
constexpr char kWorkerMeasurement = 'w';

attest::SimulatedSource SourceOf(const std::string& cluster_pem, char measurement) {
  return {*crypto::IdentityKey::FromPem(cluster_pem), DigestOf(measurement)};
}

/// The master's side, as small as it can be: admits workers and runs stages.
class SmallMaster {
 public:
  SmallMaster(uint16_t port, const std::string& cookie, const std::string& cluster_pem,
              policy::Manifest manifest)
      : link_(std::make_unique<base::FrameConnection>(*base::DialLoopback(port))),
        mux_(link_),
        coordinator_(link_, sealer_, opener_, {}),
        evidence_(SourceOf(cluster_pem, kMasterMeasurement)),
        manifest_(std::move(manifest)) {
    EXPECT_TRUE(Greet(cookie).ok());
    reader_ = std::thread([this] {
      while (true) {
        auto frame = link_.Receive();
        if (!frame.ok()) break;
        if (mux_.OnFrame(*frame)) continue;
        EXPECT_TRUE(coordinator_.OnFrame(*std::move(frame)));
      }
      mux_.Close();
      coordinator_.OnClosed();
    });
    acceptor_ = std::thread([this] {
      while (true) {
        auto incoming = mux_.Accept();
        if (!incoming.ok()) return;
        Admit(std::move(incoming->stream));
      }
    });
  }
  ~SmallMaster() { End(); }

  void End() {
    link_.Close();
    if (reader_.joinable()) reader_.join();
    if (acceptor_.joinable()) acceptor_.join();
  }
  dataflow::Coordinator& coordinator() { return coordinator_; }
  int admitted() const { return admitted_; }

 private:
  base::Status Greet(const std::string& cookie) {
    host::Hello hello;
    hello.set_cookie(cookie);
    hello.set_role(host::MASTER);
    SOTERIA_RETURN_IF_ERROR(link_.Send(host::HELLO, 0, hello.SerializeAsString()));
    return link_.Receive().status();
  }

  void Admit(std::unique_ptr<base::ByteStream> stream) {
    auto channel = channel::TlsServer(std::move(stream), certificate_);
    if (!channel.ok()) return;
    const auto opening = channel::ReceiveOpening(**channel);
    if (!opening.ok() || opening->kind != channel::OpeningKind::kWorkerJoins) return;
    const auto worker = channel::VerifyPeer(
        **channel, policy::Role::kWorker, policy::Role::kMaster, manifest_.digest, manifest_.tee,
        policy::EndorsementsOf(manifest_.tee), 0, crypto::OsRandom());
    if (!worker.ok()) return;
    session::Admission admission;
    admission.set_session_root(std::string(root_.Expose()));
    admission.set_sender(++senders_);
    admission.set_manifest(manifest_.text);
    admission.set_policy_hash(std::string(base::View(manifest_.digest)));
    if (!(*channel)->Send(admission.SerializeAsString()).ok()) return;
    if (!channel::ProveSelf(**channel, policy::Role::kMaster, evidence_, identity_).ok()) return;
    const auto ready = (*channel)->Receive(16);
    EXPECT_TRUE(!ready.ok() || *ready == std::string(1, 4));
    if (ready.ok()) ++admitted_;
    channels_.push_back(*std::move(channel));
  }

  crypto::Secret root_ = *crypto::Secret::Random(crypto::OsRandom(), 32);
  base::Digest session_ = crypto::SessionId(root_);
  crypto::Sealer sealer_{root_, session_, 0};
  crypto::Opener opener_{root_, session_};
  crypto::SelfSigned certificate_ = *crypto::SelfSigned::Generate();
  crypto::IdentityKey identity_ = *crypto::IdentityKey::Generate();
  dataflow::FrameLink link_;
  dataflow::StreamMux mux_;
  dataflow::Coordinator coordinator_;
  attest::SimulatedSource evidence_;
  policy::Manifest manifest_;
  std::vector<std::unique_ptr<channel::Channel>> channels_;
  uint64_t senders_ = 0;
  std::atomic<int> admitted_ = 0;
  std::thread reader_;
  std::thread acceptor_;
};

/// A worker on a thread of its own, restarted as the supervisor restarts a process.
class RunningWorker {
 public:
  RunningWorker(worker::Options options)
      : worker_(std::make_unique<worker::Worker>(std::move(options))),
        thread_([this] { status_ = worker_->Run(); }) {}
  ~RunningWorker() {
    worker_->Stop();
    thread_.join();
  }
  void Stop() { worker_->Stop(); }
  base::Status Wait() {
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([] {});
    return status_;
  }

 private:
  std::unique_ptr<worker::Worker> worker_;
  base::Status status_;
  std::thread thread_;
};

class OneProcessTest : public ::testing::Test {
 protected:
  void Start(size_t workers, size_t slots, std::vector<host::Fault> faults = {},
             std::vector<char> measurements = {kWorkerMeasurement}) {
    slots_ = slots;
    measurements_ = measurements;
    workers_.resize(workers);
    record_ = ::testing::TempDir() + "/one_process_" + std::to_string(getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(record_);
    recorder_ = std::make_unique<host::Recorder>(*files_, recorded_ ? record_ : std::string());
    host::SessionOptions options;
    options.workers = workers;
    options.slots = slots;
    options.faults = std::move(faults);
    options.name = "s";
    options.kill_worker = [this](size_t worker) { Kill(worker); };
    options.changed = [] {};
    session_ = std::make_unique<host::Session>(std::move(options), base::SystemClock(), *recorder_,
                                               file_server_);
    session_->ExpectMaster("master cookie");
    acceptor_ = std::thread([this] {
      while (true) {
        auto stream = listener_->Accept();
        if (!stream.ok()) return;
        session_->AddEnclave(*std::move(stream));
      }
    });
    master_ = std::make_unique<SmallMaster>(listener_->port(), "master cookie", cluster_pem_,
                                            TheManifest());
    for (size_t w = 0; w < workers; ++w) StartWorker(w);
  }
  ~OneProcessTest() override {
    stopping_ = true;
    std::vector<std::thread> killers;
    {
      const std::lock_guard<std::mutex> lock(kill_mutex_);
      killers.swap(killers_);
    }
    for (std::thread& thread : killers) thread.join();
    if (master_ != nullptr) master_->End();
    workers_.clear();
    if (session_ != nullptr) session_->Close();
    listener_->Close();
    if (acceptor_.joinable()) acceptor_.join();
  }

  policy::Manifest TheManifest() {
    policy::Manifest manifest;
    manifest.task = "one process";
    manifest.tee.kinds = {attest::TeeKind::kSimulated};
    manifest.tee.master_measurements = {DigestOf(kMasterMeasurement)};
    manifest.tee.worker_measurements = {DigestOf(kWorkerMeasurement)};
    manifest.tee.simulated_key = crypto::IdentityKey::FromPem(cluster_pem_)->public_der();
    manifest.classes = {"*"};
    const auto parsed = policy::ParseManifest(policy::WriteManifest(manifest));
    EXPECT_TRUE(parsed.ok()) << base::Message(parsed.status());
    return *parsed;
  }
  void StartWorker(size_t worker) {
    const std::string cookie = "cookie " + std::to_string(next_cookie_++);
    session_->ExpectWorker(worker, cookie);
    worker::Options options;
    options.dial =
        [port = listener_->port()]() -> base::StatusOr<std::unique_ptr<base::FrameConnection>> {
      SOTERIA_ASSIGN_OR_RETURN(auto stream, base::DialLoopback(port));
      return std::make_unique<base::FrameConnection>(std::move(stream));
    };
    options.cookie = cookie;
    options.slots = slots_;
    options.slice_bytes = slice_bytes_;
    options.clock = &base::SystemClock();
    options.random = &crypto::OsRandom();
    options.files = files_.get();
    {
      const std::lock_guard<std::mutex> lock(kill_mutex_);
      sources_.push_back(std::make_unique<attest::SimulatedSource>(
          SourceOf(cluster_pem_, measurements_[worker % measurements_.size()])));
      options.evidence = sources_.back().get();
    }
    auto running = std::make_shared<RunningWorker>(std::move(options));
    const std::lock_guard<std::mutex> lock(kill_mutex_);
    workers_[worker] = std::move(running);
  }
  /// Ends the worker's connections at once and starts a new one, as kill -9 and the supervisor do.
  void Kill(size_t worker) {
    ++kills_;
    const std::lock_guard<std::mutex> lock(kill_mutex_);
    if (stopping_ || !restart_ || workers_[worker] == nullptr) return;
    // At once, as a signal would; what follows takes its time.
    workers_[worker]->Stop();
    std::shared_ptr<RunningWorker> dying = std::move(workers_[worker]);
    killers_.emplace_back([this, worker, dying = std::move(dying)]() mutable {
      dying.reset();
      if (!stopping_) StartWorker(worker);
    });
  }
  dataflow::Coordinator& coordinator() { return master_->coordinator(); }
  void WaitReady(uint64_t workers) {
    const base::Status status = coordinator().WaitForWorkers(workers, 20'000);
    ASSERT_TRUE(status.ok()) << base::Message(status);
  }

  /// rows 0..n-1 of x in `partitions` even pieces.
  void Load(int64_t rows, uint64_t partitions) {
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < rows; ++i) ASSERT_TRUE(builder.Append(i).ok());
    std::shared_ptr<arrow::Array> array;
    ASSERT_TRUE(builder.Finish(&array).ok());
    const auto table =
        arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}), {array});
    const std::string ipc = *table::ToIpcStream(*table);
    broadcast_ = *coordinator().Broadcast(ipc);
    dataflow::LocalSource source{broadcast_.digest, crypto::Sha256(ipc), {}};
    for (uint64_t p = 1; p <= partitions; ++p) {
      source.row_ends.push_back(static_cast<uint64_t>(rows) * p / partitions);
    }
    rows_ = dataflow::MakeRecipe(source, {}, partitions);
    kernel_ = {
        "exec.aggregate",
        exec::Aggregate::Make({{"sum", exec::Column("x"), "total"}}, *table->schema())->Encode()};
  }
  dataflow::StageSpec Spec(Terminal terminal) {
    dataflow::StageSpec spec;
    spec.terminal = terminal;
    spec.recipe = rows_;
    spec.broadcasts = {broadcast_};
    if (terminal == Terminal::kReduce) spec.kernel = kernel_;
    return spec;
  }
  std::string Total(const dataflow::StageResult& result) {
    const auto aggregate = exec::Aggregate::Decode(kernel_.bytes);
    const auto table = aggregate->Finish(result.root_partial);
    EXPECT_TRUE(table.ok());
    return (*(*table)->column(0)->GetScalar(0))->ToString();
  }
  /// The total once more, of rows that were dealt out anew.
  std::string ShuffledTotal() {
    dataflow::StageSpec spread = Spec(Terminal::kShuffle);
    spread.targets = 3;
    spread.partitioner.kind = dataflow::kRoundRobin;
    const auto shuffled = coordinator().Run(spread);
    if (!shuffled.ok()) return base::Message(shuffled.status());
    dataflow::StageSpec read = Spec(Terminal::kReduce);
    read.recipe =
        dataflow::MakeRecipe(dataflow::GatherCells(rows_, {dataflow::kRoundRobin, ""}), {}, 3);
    read.inputs = {shuffled->shuffle};
    const auto sum = coordinator().Run(read);
    return sum.ok() ? Total(*sum) : base::Message(sum.status());
  }
  std::string RecordedTraffic() {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(record_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }

  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  std::string cluster_pem_ = *crypto::IdentityKey::Generate()->ToPem();
  std::unique_ptr<base::Listener> listener_ = *base::Listener::Loopback(0);
  std::string record_;
  std::unique_ptr<host::Recorder> recorder_;
  host::FileServer file_server_{*files_, {}};
  std::unique_ptr<host::Session> session_;
  std::thread acceptor_;
  std::unique_ptr<SmallMaster> master_;
  std::vector<std::unique_ptr<attest::SimulatedSource>> sources_;
  std::vector<std::shared_ptr<RunningWorker>> workers_;
  std::vector<char> measurements_;
  size_t slots_ = 1;
  uint64_t slice_bytes_ = dataflow::kSliceBytes;
  bool recorded_ = true;
  std::atomic<int> next_cookie_ = 0;
  std::mutex kill_mutex_;
  std::vector<std::thread> killers_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> restart_ = true;
  std::atomic<int> kills_ = 0;
  dataflow::BroadcastRef broadcast_;
  dataflow::RecipePtr rows_;
  dataflow::OperatorBytes kernel_;
};

TEST_F(OneProcessTest, ReducesCollectsAndShuffles) {
  Start(2, 2);
  WaitReady(2);
  Load(1000, 20);
  const auto sum = coordinator().Run(Spec(Terminal::kReduce));
  ASSERT_TRUE(sum.ok()) << base::Message(sum.status());
  EXPECT_EQ(Total(*sum), "499500");

  EXPECT_EQ(ShuffledTotal(), "499500");

  const auto rows = coordinator().Run(Spec(Terminal::kCollect));
  ASSERT_TRUE(rows.ok()) << base::Message(rows.status());
  EXPECT_EQ(rows->outputs.size(), 20U);
  EXPECT_EQ(coordinator().counters().repeats, 0U);
}

/// How many envelopes of a kind the traffic holds.
size_t Envelopes(const std::string& traffic, crypto::MessageKind kind) {
  const std::string mark = std::string("SOTE1") + static_cast<char>(kind) + std::string(2, '\0');
  size_t count = 0;
  for (size_t at = traffic.find(mark); at != std::string::npos; at = traffic.find(mark, at + 1)) {
    ++count;
  }
  return count;
}

TEST_F(OneProcessTest, RowsAndShufflesInSlicesOfAKibibyte) {
  slice_bytes_ = 1'024;
  Start(2, 2);
  WaitReady(2);
  Load(100'000, 10);
  const auto rows = coordinator().Run(Spec(Terminal::kCollect));
  ASSERT_TRUE(rows.ok()) << base::Message(rows.status());
  ASSERT_EQ(rows->outputs.size(), 10U);
  int64_t next = 0;
  for (const std::string& ipc : rows->outputs) {
    EXPECT_GT(ipc.size(), 10 * slice_bytes_);
    const auto table = table::FromIpcStream(ipc);
    ASSERT_TRUE(table.ok());
    for (const auto& chunk : (*table)->column(0)->chunks()) {
      const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
      for (int64_t i = 0; i < numbers.length(); ++i) ASSERT_EQ(numbers.Value(i), next++);
    }
  }
  EXPECT_EQ(next, 100'000);

  EXPECT_EQ(ShuffledTotal(), "4999950000");
  EXPECT_EQ(coordinator().counters().repeats, 0U);
  const std::string traffic = RecordedTraffic();
  EXPECT_GT(Envelopes(traffic, crypto::MessageKind::kRowsSlice), 700U);
  EXPECT_GT(Envelopes(traffic, crypto::MessageKind::kShuffleSlice), 700U);
  EXPECT_EQ(Envelopes(traffic, crypto::MessageKind::kRows), 0U);
  EXPECT_EQ(Envelopes(traffic, crypto::MessageKind::kShuffle), 0U);
}

// I7: the same sum, and whoever runs a lost task again adds no slice to another's message.
TEST_F(OneProcessTest, PartialsInSlicesWithLostWorkers) {
  slice_bytes_ = 8;
  Start(2, 2, {{1, 4, 1}, {2, 9, 0}});
  WaitReady(2);
  Load(1000, 20);
  for (int i = 0; i < 4; ++i) {
    const auto sum = coordinator().Run(Spec(Terminal::kReduce));
    ASSERT_TRUE(sum.ok()) << base::Message(sum.status());
    EXPECT_EQ(Total(*sum), "499500");
  }
  EXPECT_GE(kills_, 2);
  EXPECT_EQ(coordinator().counters().workers_lost, 2U);
  const std::string traffic = RecordedTraffic();
  EXPECT_GT(Envelopes(traffic, crypto::MessageKind::kPartialSlice), 4U * 24U);
  EXPECT_EQ(Envelopes(traffic, crypto::MessageKind::kPartial), 0U);
}

// A partial that no single envelope holds. (Merges of slices are above: this one takes memory.)
TEST_F(OneProcessTest, APartialOfMoreThan256MiB) {
  constexpr int32_t kColumns = 17 << 20;
  recorded_ = false;
  Start(1, 1);
  WaitReady(1);
  table::VectorBuilder builder;
  ASSERT_TRUE(builder.Append(table::SparseVector(kColumns, {5, kColumns - 1}, {2.0, 3.0})).ok());
  const auto table = arrow::Table::Make(
      arrow::schema({table::VectorField("features", false, std::nullopt)}), {*builder.Finish()});
  const std::string ipc = *table::ToIpcStream(*table);
  dataflow::StageSpec spec;
  spec.terminal = Terminal::kReduce;
  spec.broadcasts = {*coordinator().Broadcast(ipc)};
  const dataflow::LocalSource source{spec.broadcasts[0].digest, crypto::Sha256(ipc), {1}};
  table::FeatureColumns columns;
  columns.features = "features";
  spec.recipe = dataflow::MakeRecipe(source, {dataflow::FeaturesOperator(columns)}, 1);
  const ml::SummarizerKernel kernel(ml::SummarizerKernel::Labels::kIgnore);
  spec.kernel = {std::string(kernel.kind()), kernel.Encode()};
  auto result = coordinator().Run(spec);
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_GT(result->root_partial.size(), crypto::kSealedBytesMax);
  const auto summary = ml::SummarizerResult::Decode(result->root_partial);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->moments.rows(), 1U);
  EXPECT_EQ(summary->moments.mean()[5], 2.0);
  EXPECT_EQ(summary->moments.mean()[6], 0.0);
  EXPECT_EQ(summary->moments.mean()[kColumns - 1], 3.0);
}

TEST_F(OneProcessTest, ALostWorkerCostsOnlyWhatItRan) {
  Start(2, 2, {{3, 4, 1}});
  WaitReady(2);
  Load(1000, 20);
  coordinator().SetLive({rows_->digest});
  ASSERT_TRUE(coordinator().Run(Spec(Terminal::kKeep)).ok());
  uint64_t rebuilds = 0;
  std::string partial;
  for (int i = 0; i < 6; ++i) {
    const auto result = coordinator().Run(Spec(Terminal::kReduce));
    ASSERT_TRUE(result.ok()) << i << ": " << base::Message(result.status());
    if (i == 0) partial = result->root_partial;
    EXPECT_EQ(result->root_partial, partial) << "I7: the same bits, whoever ran the task";
    if (i < 2) {
      EXPECT_EQ(result->rebuilds, 0U);
    }
    rebuilds += result->rebuilds;
  }
  EXPECT_GT(kills_, 0);
  EXPECT_GT(rebuilds, 0U);
  EXPECT_LE(coordinator().counters().retries, 2U);  // its slots
  EXPECT_EQ(coordinator().counters().workers_lost, 1U);
}

TEST_F(OneProcessTest, AStageWithoutWorkersWaitsAndCanBeCancelled) {
  restart_ = false;
  Start(1, 1);
  WaitReady(1);
  Load(100, 1);
  ASSERT_TRUE(coordinator().Run(Spec(Terminal::kReduce)).ok());
  workers_[0].reset();
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    coordinator().Cancel();
  });
  EXPECT_TRUE(base::Is(coordinator().Run(Spec(Terminal::kReduce)).status(), base::kCancelled));
  canceller.join();
}

TEST_F(OneProcessTest, AWorkerWithAnotherMeasurementIsNotAdmitted) {
  restart_ = false;
  Start(2, 1, {}, {kWorkerMeasurement, 'x'});
  WaitReady(1);
  EXPECT_FALSE(workers_[1]->Wait().ok());
  EXPECT_TRUE(base::Is(coordinator().WaitForWorkers(2, 50), base::kWorkerLost));
  Load(100, 4);
  const auto sum = coordinator().Run(Spec(Terminal::kReduce));
  ASSERT_TRUE(sum.ok()) << base::Message(sum.status());
  EXPECT_EQ(Total(*sum), "4950");
  EXPECT_EQ(master_->admitted(), 1);
}

TEST_F(OneProcessTest, WorkersEndWithTheMaster) {
  restart_ = false;
  Start(2, 2);
  WaitReady(2);
  master_->End();
  session_->Close();  // what the supervisor does when the master has ended
  EXPECT_TRUE(workers_[0]->Wait().ok());
  EXPECT_TRUE(workers_[1]->Wait().ok());
}

// I1: nothing of the rows in any byte that passed the host.
TEST_F(OneProcessTest, TheHostSeesNoPlaintext) {
  Start(1, 1);
  WaitReady(1);
  Load(1000, 4);
  ASSERT_TRUE(coordinator().Run(Spec(Terminal::kCollect)).ok());
  ASSERT_TRUE(coordinator().Run(Spec(Terminal::kReduce)).ok());
  const std::string traffic = RecordedTraffic();
  ASSERT_GT(traffic.size(), 20'000U);
  const int64_t run[] = {500, 501, 502};
  EXPECT_EQ(traffic.find(std::string_view(reinterpret_cast<const char*>(run), sizeof(run))),
            std::string::npos);
  EXPECT_EQ(traffic.find("exec.aggregate"), std::string::npos);
  EXPECT_EQ(traffic.find("total"), std::string::npos);
}

// Stages of tasks that do next to nothing: what the dataflow itself costs.
TEST_F(OneProcessTest, StageOverheadIsSmall) {
  Start(2, 1);
  WaitReady(2);
  Load(8, 8);
  coordinator().SetLive({rows_->digest});
  ASSERT_TRUE(coordinator().Run(Spec(Terminal::kKeep)).ok());
  std::vector<double> ms;
  for (int i = 0; i < 100; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(coordinator().Run(Spec(Terminal::kReduce)).ok());
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                     .count());
  }
  std::sort(ms.begin(), ms.end());
  RecordProperty("median_ms", std::to_string(ms[50]));
  std::printf("stage of 8 empty tasks: median %.3f ms, best %.3f ms\n", ms[50], ms[0]);
#ifndef SOTERIA_SANITIZED
  EXPECT_LT(ms[0], 2.0);
#endif
}

}  // namespace
}  // namespace soteria
