#include "src/client/command.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
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

// What nobody can catch ends the command, too: it would wait for an endpoint that is gone.
TEST(Command, TheChildEndsWithAParentThatIsKilled) {
  OwnerForTest test;
  const std::string started = test.At("started");
  const std::string ended = test.At("ended");
  const pid_t parent = ::fork();
  if (parent == 0) {
    const std::string script = "trap ': > \"" + ended + "\"; exit' TERM; : > \"" + started +
                               "\"; i=0; while [ $i -lt 600 ]; do sleep 0.05; i=$((i+1)); done";
    RunCommand({"sh", "-c", script}, {}).status().IgnoreError();
    ::_exit(0);
  }
  ASSERT_GT(parent, 0);
  const auto appears = [](const std::string& path) {
    for (int i = 0; i < 2000 && ::access(path.c_str(), F_OK) != 0; ++i) ::usleep(10'000);
    return ::access(path.c_str(), F_OK) == 0;
  };
  EXPECT_TRUE(appears(started));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(appears(ended));
}

// Ctrl-C while there was no command yet must not be lost.
TEST(Command, ASignalFromBeforeIsNotForgotten) {
  BlockForwardedSignals();
  OwnerForTest test;
  EXPECT_FALSE(StopCame(0));
  ::kill(::getpid(), SIGINT);
  auto code = RunCommand({"sh", "-c", ": > " + test.At("ran")}, {});
  EXPECT_TRUE(base::Is(code.status(), base::kCancelled));
  EXPECT_NE(::access(test.At("ran").c_str(), F_OK), 0);
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(StopCame(10'000));
}

using Variables = std::map<std::string, std::string>;

Variables Direct(const Variables& theirs) {
  Variables out;
  for (const auto& [name, value] :
       DirectLoopback([&](const std::string& name) -> std::optional<std::string> {
         const auto found = theirs.find(name);
         if (found == theirs.end()) return std::nullopt;
         return found->second;
       })) {
    out[name] = value;
  }
  return out;
}

TEST(Command, LoopbackIsDirectWhateverTheProxiesAre) {
  const std::string ours = "localhost,127.0.0.1,::1";
  EXPECT_EQ(Direct({}), (Variables{{"no_proxy", ours}}));
  EXPECT_EQ(Direct({{"http_proxy", "http://p:1"}}), (Variables{{"no_proxy", ours}}));
  EXPECT_EQ(Direct({{"no_proxy", "corp"}}), (Variables{{"no_proxy", "corp," + ours}}));
  // What only the upper case says must not be hidden by a lower case of ours.
  EXPECT_EQ(Direct({{"NO_PROXY", "corp"}}),
            (Variables{{"no_proxy", "corp," + ours}, {"NO_PROXY", "corp," + ours}}));
  EXPECT_EQ(Direct({{"NO_PROXY", "upper"}, {"no_proxy", "lower"}}),
            (Variables{{"no_proxy", "lower," + ours}, {"NO_PROXY", "upper," + ours}}));
  // gRPC reads this one alone where it is set, be it empty; where it isn't, it must not appear.
  EXPECT_EQ(Direct({{"no_grpc_proxy", "grpc"}, {"no_proxy", "corp"}}),
            (Variables{{"no_proxy", "corp," + ours}, {"no_grpc_proxy", "grpc," + ours}}));
  EXPECT_EQ(Direct({{"no_grpc_proxy", ""}}),
            (Variables{{"no_proxy", ours}, {"no_grpc_proxy", ours}}));
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
