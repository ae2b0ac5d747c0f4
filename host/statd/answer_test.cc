// Questions in, answers out: the numbers that the enclave computes itself, and nothing for bytes
// that are no question.
#include "host/statd/answer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/net.h"
#include "src/stats/doubles.h"
#include "src/stats/statistic.h"

namespace soteria::statd {
namespace {

stats::Question Accuracy() {
  stats::Question question;
  question.statistic.kind = stats::StatisticKind::kMulticlass;
  question.statistic.metric = "accuracy";
  question.input.bytes = stats::PackDoubles(std::vector<double>{0, 0, 0, 0, 30, 0, 1, 10});
  return question;
}

TEST(Answer, IsTheEnclavesOwn) {
  EXPECT_EQ(Answer(stats::EncodeQuestion(Accuracy())),
            '\1' + stats::PackDoubles(std::vector<double>{0.75}));
}

TEST(Answer, ThereIsNoneToWhatIsNoQuestion) {
  const std::string none(1, '\0');
  EXPECT_EQ(Answer(""), none);
  EXPECT_EQ(Answer("question"), none);
  stats::Question question = Accuracy();
  question.statistic.metric = "mood";
  EXPECT_EQ(Answer(stats::EncodeQuestion(question)), none);
  question = Accuracy();
  question.input.bytes.pop_back();
  EXPECT_EQ(Answer(stats::EncodeQuestion(question)), none);
}

TEST(Serve, GreetsAndAnswersUntilTheHostEnds) {
  auto [mine, its] = base::SocketPair().value();
  base::FrameConnection host(base::StreamFromFd(mine));
  std::thread process([its] {
    base::FrameConnection connection(base::StreamFromFd(its));
    EXPECT_TRUE(Serve(connection, "a cookie", nullptr).ok());
  });
  const auto greeting = host.Receive();
  ASSERT_TRUE(greeting.ok());
  host::Hello hello;
  ASSERT_TRUE(hello.ParseFromString(greeting->payload));
  EXPECT_EQ(hello.cookie(), "a cookie");
  EXPECT_EQ(hello.role(), host::STATISTICS);
  ASSERT_TRUE(host.Send(host::HELLO_OK, 0, "").ok());
  for (const uint64_t id : {7U, 9U}) {
    ASSERT_TRUE(host.Send(host::STATISTIC, id, stats::EncodeQuestion(Accuracy())).ok());
    const auto answer = host.Receive();
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->kind, host::STATISTIC_DONE);
    EXPECT_EQ(answer->id, id);
    EXPECT_EQ(answer->payload.size(), 9U);
  }
  host.Close();
  process.join();
}

TEST(Serve, RefusesAHostThatAsksForSomethingElse) {
  auto [mine, its] = base::SocketPair().value();
  base::FrameConnection host(base::StreamFromFd(mine));
  base::Status served;
  std::thread process([its, &served] {
    base::FrameConnection connection(base::StreamFromFd(its));
    served = Serve(connection, "", nullptr);
  });
  ASSERT_TRUE(host.Receive().ok());
  ASSERT_TRUE(host.Send(host::HELLO_OK, 0, "").ok());
  ASSERT_TRUE(host.Send(host::TASK, 1, "").ok());
  process.join();
  EXPECT_FALSE(served.ok());
}

}  // namespace
}  // namespace soteria::statd
