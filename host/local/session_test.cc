// A session with enclaves played by the test over loopback connections.
#include "host/local/session.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "soteria/host.pb.h"
#include "src/base/bytes.h"
#include "src/base/env_for_test.h"
#include "src/base/net.h"

namespace soteria::host {
namespace {

using base::Frame;
using base::FrameConnection;

std::string HelloBytes(const std::string& cookie, Role role, uint64_t slot = 0) {
  Hello hello;
  hello.set_cookie(cookie);
  hello.set_role(role);
  hello.set_name("x");
  hello.set_slot(slot);
  return hello.SerializeAsString();
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    record_ = ::testing::TempDir() + "/session_test_record_" + std::to_string(getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(record_);
    recorder_ = std::make_unique<Recorder>(*files_, record_);
    session_ = std::make_unique<Session>(Options(), base::SystemClock(), *recorder_, file_server_);
    session_->ExpectMaster("m");
    session_->ExpectWorker(0, "w");
  }

  SessionOptions Options() {
    SessionOptions options;
    options.workers = 1;
    options.slots = 1;
    options.name = "s";
    options.kill_worker = [this](size_t) { ++kills_; };
    options.changed = [this] { ++changes_; };
    return options;
  }
  std::unique_ptr<base::ByteStream> Connect(bool owner) {
    auto client = base::DialLoopback(listener_->port());
    auto server = listener_->Accept();
    owner ? session_->AddOwner(*std::move(server)) : session_->AddEnclave(*std::move(server));
    return *std::move(client);
  }
  std::unique_ptr<FrameConnection> Enclave(const std::string& hello) {
    auto connection = std::make_unique<FrameConnection>(Connect(false));
    EXPECT_TRUE(connection->Send(HELLO, 0, hello).ok());
    return connection;
  }
  /// Greets and checks the answer.
  std::unique_ptr<FrameConnection> Welcomed(const std::string& cookie, Role role) {
    auto connection = Enclave(HelloBytes(cookie, role));
    const auto answer = connection->Receive();
    EXPECT_TRUE(answer.ok() && answer->kind == HELLO_OK);
    return connection;
  }
  /// A statistics process, once the end of the one before it was seen.
  std::unique_ptr<FrameConnection> WelcomedAfterTheOther(const std::string& cookie) {
    for (int i = 0; i < 2000; ++i) {
      auto connection = Enclave(HelloBytes(cookie, STATISTICS));
      if (connection->Receive().ok()) return connection;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return Welcomed(cookie, STATISTICS);
  }
  static Frame Next(FrameConnection& connection, FrameKind kind) {
    while (true) {
      auto frame = connection.Receive();
      EXPECT_TRUE(frame.ok());
      if (!frame.ok()) return {};
      if (frame->kind == kind) return *std::move(frame);
    }
  }
  void Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(holds());
  }
  std::string Recorded(const std::string& name) {
    std::ifstream file(record_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string record_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  std::unique_ptr<base::Listener> listener_ = *base::Listener::Loopback(0);
  std::unique_ptr<Recorder> recorder_;
  FileServer file_server_{*files_, {}};
  std::atomic<int> kills_ = 0;
  std::atomic<int> changes_ = 0;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionTest, OnlyTheRightCookieInTheRightRoleGetsIn) {
  for (const std::string& hello :
       {HelloBytes("", MASTER), HelloBytes("x", MASTER), HelloBytes("w", MASTER),
        HelloBytes("m", WORKER), HelloBytes("w", SLOT, 1), HelloBytes("w", ROLE_NONE),
        std::string("\xff\xff")}) {
    const auto connection = Enclave(hello);
    EXPECT_FALSE(connection->Receive().ok());
  }
  const auto master = Welcomed("m", MASTER);
  EXPECT_FALSE(Enclave(HelloBytes("m", MASTER))->Receive().ok());  // one master
  const auto worker = Welcomed("w", WORKER);
  EXPECT_FALSE(Enclave(HelloBytes("w", WORKER))->Receive().ok());
  EXPECT_TRUE(session_->connected());
}

TEST_F(SessionTest, RunsAStageThroughRealConnections) {
  const auto master = Welcomed("m", MASTER);
  const auto control = Welcomed("w", WORKER);
  EXPECT_FALSE(session_->ready(0));
  ASSERT_TRUE(control->Send(READY, 0, "").ok());
  const auto slot = Welcomed("w", SLOT);
  Eventually([&] { return session_->ready(0); });
  RunStage run;
  run.set_stage(1);
  run.set_terminal(COLLECT);
  run.set_partitions(1);
  run.set_fan_in(8);
  run.set_sealed_task("sealed task");
  ASSERT_TRUE(master->Send(RUN_STAGE, 1, run.SerializeAsString()).ok());
  StageTask stage_task;
  ASSERT_TRUE(stage_task.ParseFromString(Next(*control, STAGE_TASK).payload));
  EXPECT_EQ(stage_task.sealed_task(), "sealed task");
  Task task;
  ASSERT_TRUE(task.ParseFromString(Next(*slot, TASK).payload));
  TaskDone done;
  done.set_stage(1);
  *done.mutable_place() = task.place();
  done.set_outcome(OK);
  done.add_outputs()->set_sealed("sealed rows");
  ASSERT_TRUE(slot->Send(TASK_DONE, 1, done.SerializeAsString()).ok());
  Result result;
  ASSERT_TRUE(result.ParseFromString(Next(*master, RESULT).payload));
  EXPECT_EQ(result.sealed(), "sealed rows");
  StageDone stage_done;
  ASSERT_TRUE(stage_done.ParseFromString(Next(*master, STAGE_DONE).payload));
  EXPECT_EQ(stage_done.outcome(), OK);
  // Every byte is on record.
  EXPECT_NE(Recorded("s-master.in").find("sealed task"), std::string::npos);
  EXPECT_NE(Recorded("s-master.out").find("sealed rows"), std::string::npos);
  EXPECT_NE(Recorded("s-worker-0-1-control.out").find("sealed task"), std::string::npos);
  EXPECT_NE(Recorded("s-worker-0-1-slot-0.in").find("sealed rows"), std::string::npos);
}

TEST_F(SessionTest, ALostWorkerIsToldKilledAndReplaced) {
  const auto master = Welcomed("m", MASTER);
  auto control = Welcomed("w", WORKER);
  const auto slot = Welcomed("w", SLOT);
  ASSERT_TRUE(control->Send(READY, 0, "").ok());
  Eventually([&] { return session_->ready(0); });
  control->Close();
  Next(*master, WORKER_LOST);
  EXPECT_FALSE(slot->Receive().ok());  // all of its connections go
  Eventually([&] { return kills_ == 1; });
  EXPECT_FALSE(Enclave(HelloBytes("w", WORKER))->Receive().ok());  // so does its cookie
  session_->ExpectWorker(0, "w2");
  const auto next = Welcomed("w2", WORKER);
}

TEST_F(SessionTest, AWorkerThatBreaksTheProtocolIsLost) {
  const auto master = Welcomed("m", MASTER);
  const auto control = Welcomed("w", WORKER);
  ASSERT_TRUE(control->Send(RUN_STAGE, 0, "").ok());
  EXPECT_FALSE(control->Receive().ok());
  Eventually([&] { return kills_ == 1; });
}

TEST_F(SessionTest, TheMastersEndIsSeen) {
  auto master = Welcomed("m", MASTER);
  EXPECT_FALSE(session_->master_ended());
  master->Close();
  Eventually([&] { return session_->master_ended(); });
}

TEST_F(SessionTest, AMalformedFrameOfTheMasterEndsIt) {
  const auto master = Welcomed("m", MASTER);
  ASSERT_TRUE(master->Send(RUN_STAGE, 1, "\xff").ok());
  Eventually([&] { return session_->master_ended(); });
}

TEST_F(SessionTest, PipesAnOwnerToTheMaster) {
  const auto owner = Connect(true);  // before there is a master: it waits
  ASSERT_TRUE(owner->Write("hello").ok());
  const auto master = Welcomed("m", MASTER);
  const Frame open = Next(*master, STREAM_OPEN);
  EXPECT_EQ(open.id % 2, 0U);
  StreamOpen who;
  ASSERT_TRUE(who.ParseFromString(open.payload));
  EXPECT_EQ(who.peer(), PEER_OWNER);
  EXPECT_EQ(Next(*master, STREAM_DATA).payload, "hello");
  ASSERT_TRUE(master->Send(STREAM_DATA, open.id, "welcome").ok());
  char buffer[16];
  const auto read = owner->Read(std::span<char>(buffer));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::string_view(buffer, *read), "welcome");
  ASSERT_TRUE(master->Send(STREAM_CLOSE, open.id, "").ok());
  EXPECT_EQ(*owner->Read(std::span<char>(buffer)), 0U);
  EXPECT_EQ(Recorded("s-owner-0.in") + Recorded("s-owner-0.out"), "hellowelcome");
}

TEST_F(SessionTest, AnOwnerSendsNoMoreThanTheMasterTakes) {
  const auto owner = Connect(true);
  const auto master = Welcomed("m", MASTER);
  const size_t total = kStreamWindow + 100'000;
  std::thread writer([&] { EXPECT_TRUE(owner->Write(std::string(total, 'x')).ok()); });
  const uint64_t id = Next(*master, STREAM_OPEN).id;
  size_t received = 0;
  while (received < kStreamWindow) received += Next(*master, STREAM_DATA).payload.size();
  EXPECT_EQ(received, kStreamWindow);
  std::string credit(8, '\0');
  base::PutLe64(kStreamWindow / 2, credit.data());
  ASSERT_TRUE(master->Send(STREAM_CREDIT, id, credit).ok());
  while (received < total) received += Next(*master, STREAM_DATA).payload.size();
  writer.join();
}

TEST_F(SessionTest, TheMasterGetsCreditAsTheOwnerReads) {
  const auto owner = Connect(true);
  const auto master = Welcomed("m", MASTER);
  const uint64_t id = Next(*master, STREAM_OPEN).id;
  uint64_t read = 0;
  std::thread reader([&] {
    std::string buffer(1 << 16, '\0');
    while (read < 2 * kStreamWindow) {
      const auto n = owner->Read(std::span<char>(buffer));
      if (!n.ok() || *n == 0) break;
      read += *n;
    }
  });
  uint64_t window = kStreamWindow;
  for (uint64_t sent = 0; sent < 2 * kStreamWindow; sent += kStreamChunkMax) {
    while (window < kStreamChunkMax)
      window += base::GetLe64(Next(*master, STREAM_CREDIT).payload.data());
    window -= kStreamChunkMax;
    ASSERT_TRUE(master->Send(STREAM_DATA, id, std::string(kStreamChunkMax, 'y')).ok());
  }
  reader.join();
  EXPECT_EQ(read, 2 * kStreamWindow);
}

TEST_F(SessionTest, PipesAWorkerToTheMasterUnderAnotherId) {
  const auto master = Welcomed("m", MASTER);
  const auto control = Welcomed("w", WORKER);
  ASSERT_TRUE(control->Send(STREAM_OPEN, 1, "").ok());
  const Frame open = Next(*master, STREAM_OPEN);
  EXPECT_EQ(open.id % 2, 0U);
  ASSERT_TRUE(control->Send(STREAM_DATA, 1, "join").ok());
  const Frame data = Next(*master, STREAM_DATA);
  EXPECT_EQ(data.id, open.id);
  EXPECT_EQ(data.payload, "join");
  ASSERT_TRUE(master->Send(STREAM_DATA, open.id, "prove").ok());
  const Frame back = Next(*control, STREAM_DATA);
  EXPECT_EQ(back.id, 1U);
  EXPECT_EQ(back.payload, "prove");
  control->Close();
  EXPECT_EQ(Next(*master, STREAM_CLOSE).id, open.id);
}

TEST_F(SessionTest, AnOutsideStageIsAskedAgainOfTheNextProcessAndAnsweredOnce) {
  const auto master = Welcomed("m", MASTER);
  session_->ExpectStatistics("s");
  ASSERT_TRUE(master->Send(STATISTIC, 7, "released").ok());  // nobody is there yet
  auto process = Welcomed("s", STATISTICS);
  EXPECT_FALSE(Enclave(HelloBytes("s", STATISTICS))->Receive().ok());  // one
  EXPECT_EQ(Next(*process, STATISTIC).payload, "released");
  process->Close();
  session_->ExpectStatistics("t");
  EXPECT_FALSE(Enclave(HelloBytes("s", STATISTICS))->Receive().ok());
  process = WelcomedAfterTheOther("t");
  const Frame again = Next(*process, STATISTIC);
  EXPECT_EQ(again.id, 7U);
  EXPECT_EQ(again.payload, "released");
  for (const auto& [id, answer] :
       {std::pair<uint64_t, const char*>{8, "unasked"}, {7, "first"}, {7, "second"}}) {
    ASSERT_TRUE(process->Send(STATISTIC_DONE, id, answer).ok());
  }
  const Frame done = Next(*master, STATISTIC_DONE);
  EXPECT_EQ(done.id, 7U);
  EXPECT_EQ(done.payload, "first");
  ASSERT_TRUE(master->Send(STATISTIC, 8, "more").ok());
  EXPECT_EQ(Next(*process, STATISTIC).payload, "more");
  ASSERT_TRUE(process->Send(STATISTIC_DONE, 8, "third").ok());
  EXPECT_EQ(Next(*master, STATISTIC_DONE).payload, "third");
}

TEST_F(SessionTest, AnOutsideStageThatNobodyAnswersHasAnEmptyAnswer) {
  const auto master = Welcomed("m", MASTER);
  ASSERT_TRUE(master->Send(STATISTIC, 1, "released").ok());  // no process is expected
  EXPECT_EQ(Next(*master, STATISTIC_DONE).payload, "");
  ASSERT_TRUE(master->Send(STATISTIC, 2, "released").ok());
  EXPECT_EQ(Next(*master, STATISTIC_DONE).id, 2U);
  session_->ExpectStatistics("s");
  ASSERT_TRUE(master->Send(STATISTIC, 3, "released").ok());
  for (int i = 0; i < kOutsideAttemptsMax; ++i) {
    const auto process = WelcomedAfterTheOther("s");
    EXPECT_EQ(Next(*process, STATISTIC).id, 3U);
    process->Close();
  }
  const Frame done = Next(*master, STATISTIC_DONE);
  EXPECT_EQ(done.id, 3U);
  EXPECT_EQ(done.payload, "");
}

TEST_F(SessionTest, AnOutsideStageDoesntWaitForEver) {
  base::ClockForTest clock;
  session_ = std::make_unique<Session>(Options(), clock, *recorder_, file_server_);
  session_->ExpectMaster("m");
  session_->ExpectStatistics("s");
  const auto master = Welcomed("m", MASTER);
  const auto process = Welcomed("s", STATISTICS);
  ASSERT_TRUE(master->Send(STATISTIC, 1, "released").ok());
  EXPECT_EQ(Next(*process, STATISTIC).id, 1U);  // and it says nothing
  clock.Advance(kOutsideMsMax - 1);
  session_->Tick();
  ASSERT_TRUE(process->Send(STATISTIC_DONE, 9, "unasked").ok());
  clock.Advance(1);
  session_->Tick();
  ASSERT_TRUE(process->Send(STATISTIC_DONE, 1, "too late").ok());
  const Frame done = Next(*master, STATISTIC_DONE);
  EXPECT_EQ(done.id, 1U);
  EXPECT_EQ(done.payload, "");
  session_.reset();
}

TEST_F(SessionTest, CloseEndsEveryThread) {
  const auto master = Welcomed("m", MASTER);
  const auto owner = Connect(true);
  const auto silent = Connect(false);  // has not greeted
  const auto control = Welcomed("w", WORKER);
  session_->Close();
  EXPECT_FALSE(control->Receive().ok());
}

TEST_F(SessionTest, FileRequestsOfMasterAndWorkersAreAnswered) {
  const auto master = Welcomed("m", MASTER);
  const auto control = Welcomed("w", WORKER);
  uint64_t id = 40;
  for (FrameConnection* enclave : {master.get(), control.get()}) {
    FileRequest request;
    request.set_request(++id);
    request.set_verb(FILE_SIZE);
    request.set_path("hdfs://namenode/a");
    ASSERT_TRUE(enclave->Send(FILE_REQUEST, id, request.SerializeAsString()).ok());
    const Frame frame = Next(*enclave, FILE_REPLY);
    EXPECT_EQ(frame.id, id);
    FileReply reply;
    ASSERT_TRUE(reply.ParseFromString(frame.payload));
    EXPECT_EQ(reply.request(), id);
    EXPECT_EQ(reply.outcome(), FILE_UNSUPPORTED);
  }
}

}  // namespace
}  // namespace soteria::host
