#include "src/client/command.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "src/base/errors.h"
#include "src/client/owner_for_test.h"

namespace soteria::client {
namespace {

TEST(Command, GivesBackTheExitCode) {
  EXPECT_EQ(*RunCommand({"true"}, {}), 0);
  EXPECT_EQ(*RunCommand({"sh", "-c", "exit 7"}, {}), 7);
  EXPECT_EQ(*RunCommand({"sh", "-c", "kill -9 $$"}, {}), 128 + 9);
}

TEST(Command, AddsAndReplacesVariables) {
  ::setenv("SOTERIA_COMMAND_TEST", "old", 1);
  EXPECT_EQ(*RunCommand({"sh", "-c", "test \"$SOTERIA_COMMAND_TEST\" = new -a \"$OTHER\" = 'a b'"},
                        {{"SOTERIA_COMMAND_TEST", "new"}, {"OTHER", "a b"}}),
            0);
  EXPECT_STREQ(::getenv("SOTERIA_COMMAND_TEST"), "old");
}

TEST(Command, SaysWhatCannotBeStarted) {
  auto missing = RunCommand({"/no/such/program"}, {});
  EXPECT_TRUE(base::Is(missing.status(), base::kInput));
  EXPECT_NE(base::Message(missing.status()).find("/no/such/program"), std::string::npos);
  EXPECT_FALSE(RunCommand({}, {}).ok());
}

TEST(Command, PassesSignalsOn) {
  BlockForwardedSignals();
  pid_t self = ::getpid();
  OwnerForTest test;
  std::string ready = test.At("ready");
  std::thread sender([&] {
    while (::access(ready.c_str(), F_OK) != 0) ::usleep(1000);
    ::kill(self, SIGTERM);
  });
  // The shell's trap answers the signal with 42; the sleep is short so that it is noticed.
  std::string script = "trap 'exit 42' TERM; : > \"" + ready +
                       "\"; i=0; while [ $i -lt 600 ]; do sleep 0.05; i=$((i+1)); done; exit 1";
  EXPECT_EQ(*RunCommand({"sh", "-c", script}, {}), 42);
  sender.join();
}

TEST(Command, TheChildHasNoBlockedSignals) {
  BlockForwardedSignals();
  EXPECT_EQ(*RunCommand({"sh", "-c", "kill -INT $$; sleep 5; exit 3"}, {}), 128 + SIGINT);
}

TEST(Command, TheChildDoesNotInheritIgnoredSignals) {
  ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(*RunCommand({"sh", "-c", "kill -PIPE $$; exit 3"}, {}), 128 + SIGPIPE);
}

TEST(Command, ReadsAShortOutput) {
  EXPECT_EQ(*OutputOf({"sh", "-c", "echo hello"}, 100), "hello\n");
  EXPECT_TRUE(base::Is(OutputOf({"sh", "-c", "echo hello"}, 3).status(), base::kInput));
  EXPECT_TRUE(base::Is(OutputOf({"sh", "-c", "exit 2"}, 100).status(), base::kInput));
  EXPECT_TRUE(base::Is(OutputOf({"/no/such"}, 100).status(), base::kInput));
}

TEST(Command, WaitsForASignalTheEndOfInputOrDone) {
  BlockForwardedSignals();
  ::kill(::getpid(), SIGTERM);
  WaitForStop(-1, [] { return false; });
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[1]);
  WaitForStop(ends[0], [] { return false; });
  ::close(ends[0]);
  int asked = 0;
  WaitForStop(-1, [&] { return ++asked > 2; });
  EXPECT_EQ(asked, 3);
}

TEST(Command, ADaemonIsItsOwnSessionAndLogs) {
  OwnerForTest test;
  auto pid =
      StartDaemon({"sh", "-c", "echo out; echo err >&2; read x; echo end $?"}, test.At("log"));
  ASSERT_TRUE(pid.ok());
  EXPECT_EQ(::getsid(static_cast<pid_t>(*pid)), *pid);
  for (int i = 0; i < 500 && test.Bytes("log").find("end") == std::string::npos; ++i)
    ::usleep(10000);
  EXPECT_EQ(test.Bytes("log"), "out\nerr\nend 1\n");
}

}  // namespace
}  // namespace soteria::client
