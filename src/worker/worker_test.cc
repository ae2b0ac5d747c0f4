#include "src/worker/worker.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "soteria/host.pb.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/net.h"

namespace soteria::worker {
namespace {

class NoEvidence : public attest::EvidenceSource {
 public:
  attest::TeeKind kind() const override { return attest::TeeKind::kSimulated; }
  base::StatusOr<attest::Evidence> Get(std::string_view) override {
    return base::Fail(base::kEvidence, "none");
  }
};

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    options_.dial = [this]() -> base::StatusOr<std::unique_ptr<base::FrameConnection>> {
      SOTERIA_ASSIGN_OR_RETURN(auto stream, base::DialLoopback(listener_->port()));
      return std::make_unique<base::FrameConnection>(std::move(stream));
    };
    options_.cookie = "cookie";
    options_.name = "worker-0";
    options_.random = &random_;
    options_.files = files_.get();
    options_.evidence = &evidence_;
  }
  std::unique_ptr<base::FrameConnection> Accept() {
    return std::make_unique<base::FrameConnection>(*listener_->Accept());
  }

  std::unique_ptr<base::Listener> listener_ = *base::Listener::Loopback(0);
  base::RandomForTest random_{1};
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  NoEvidence evidence_;
  Options options_;
};

TEST_F(WorkerTest, GreetsWithItsCookieAndGoesWithTheHost) {
  Worker worker(options_);
  base::Status status;
  std::thread running([&] { status = worker.Run(); });
  auto connection = Accept();
  const auto frame = connection->Receive();
  ASSERT_TRUE(frame.ok());
  host::Hello hello;
  ASSERT_TRUE(hello.ParseFromString(frame->payload));
  EXPECT_EQ(hello.cookie(), "cookie");
  EXPECT_EQ(hello.role(), host::WORKER);
  ASSERT_TRUE(connection->Send(host::HELLO_OK, 0, "").ok());
  const auto open = connection->Receive();  // the channel to the master
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->kind, host::STREAM_OPEN);
  connection->Close();
  running.join();
  EXPECT_FALSE(status.ok());
}

TEST_F(WorkerTest, RefusesAHostThatDoesntAnswerTheGreeting) {
  Worker worker(options_);
  base::Status status;
  std::thread running([&] { status = worker.Run(); });
  auto connection = Accept();
  ASSERT_TRUE(connection->Send(host::TASK, 0, "").ok());
  running.join();
  EXPECT_TRUE(base::Is(status, base::kProtocol));
}

TEST_F(WorkerTest, StopIsNeverLost) {
  {
    Worker worker(options_);
    worker.Stop();  // before Run
    EXPECT_TRUE(base::Is(worker.Run(), base::kCancelled));
  }
  Worker worker(options_);
  std::thread running([&] { EXPECT_FALSE(worker.Run().ok()); });
  (void)Accept();              // of the first worker
  auto connection = Accept();  // waits for an answer to its greeting
  ASSERT_TRUE(connection->Receive().ok());
  worker.Stop();
  running.join();
}

// A host that sends work before the worker was admitted is left.
TEST_F(WorkerTest, TakesNoTaskBeforeItIsAdmitted) {
  Worker worker(options_);
  std::thread running([&] { EXPECT_FALSE(worker.Run().ok()); });
  auto connection = Accept();
  ASSERT_TRUE(connection->Receive().ok());
  ASSERT_TRUE(connection->Send(host::HELLO_OK, 0, "").ok());
  ASSERT_TRUE(connection->Send(host::STAGE_TASK, 1, "").ok());
  running.join();
}

}  // namespace
}  // namespace soteria::worker
