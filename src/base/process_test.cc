// The process-wide parts: CHECK, Log, HardenProcess, the clock.
#include "src/base/process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "src/base/check.h"
#include "src/base/env.h"
#include "src/base/env_for_test.h"
#include "src/base/log.h"

namespace soteria::base {
namespace {

TEST(CheckDeathTest, AbortsWithConditionAndNumbers) {
  const int value = 3;
  CHECK(value == 3) << "not evaluated";
  EXPECT_DEATH(CHECK(value == 4) << "value " << value, "CHECK failed: value == 4 value 3");
}

TEST(Check, IsOneStatement) {
  const bool fine = true;
  if (fine)
    CHECK(fine);
  else
    CHECK(!fine);
}

enum class Colour : uint8_t { kRed = 3 };

TEST(Log, WritesLiteralsIntegersAndEnums) {
  testing::internal::CaptureStderr();
  SetLogName("unit-test");
  Log(Level::kInfo, "stage {} of {}: {} {} {}", 7, uint64_t{9}, true, Colour::kRed,
      Literal("keep"));
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("unit-test I stage 7 of 9: true 3 keep\n"), std::string::npos) << line;
}

TEST(Log, DropsLinesBelowTheLevel) {
  testing::internal::CaptureStderr();
  Log(Level::kDebug, "unseen");
  SetLogLevel(Level::kError);
  Log(Level::kWarning, "unseen");
  Log(Level::kError, "seen");
  SetLogLevel(Level::kInfo);
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines.find("unseen"), std::string::npos);
  EXPECT_NE(lines.find("E seen"), std::string::npos);
}

bool LeavesNoCore() {
  rlimit core = {1, 1};
  return HardenProcess().ok() && getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 &&
         core.rlim_max == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && raise(SIGPIPE) == 0;
}

// In a child: it can't be undone.
TEST(ProcessDeathTest, HardenedProcessLeavesNoCore) {
  EXPECT_EXIT(std::exit(LeavesNoCore() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(Clock, MonotonicNeverGoesBack) {
  const int64_t before = SystemClock().MonotonicMs();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_GE(SystemClock().MonotonicMs(), before + 5);
  EXPECT_GT(SystemClock().NowMs(), int64_t{1'600'000'000'000});
}

TEST(ClockForTest, HostMovesTheWallClockOnly) {
  ClockForTest clock;
  const int64_t monotonic = clock.MonotonicMs();
  clock.SetNowMs(5);
  EXPECT_EQ(clock.MonotonicMs(), monotonic);
  clock.Advance(10);
  EXPECT_EQ(clock.NowMs(), 15);
  EXPECT_EQ(clock.MonotonicMs(), monotonic + 10);
}

TEST(RandomForTest, IsAFunctionOfItsSeed) {
  uint8_t a[32], b[32], c[32];
  RandomForTest one(1), same(1), other(2);
  ASSERT_TRUE(one.Fill(a).ok() && same.Fill(b).ok() && other.Fill(c).ok());
  EXPECT_EQ(std::string(a, a + 32), std::string(b, b + 32));
  EXPECT_NE(std::string(a, a + 32), std::string(c, c + 32));
}

}  // namespace
}  // namespace soteria::base
