// soteria-host as a program, with enclaves that only greet.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "host/local/process.h"
#include "src/base/net.h"

namespace soteria::host {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  // Through operator<<, which takes the error of a process that is just ending for an end.
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// Children of a process that run and are no zombies.
std::set<pid_t> ChildrenOf(pid_t parent) {
  std::set<pid_t> children;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = ReadFile(entry.path() / "stat");
    const size_t end = stat.rfind(')');
    if (end == std::string::npos) continue;
    if (stat[end + 2] != 'Z' && std::stoi(stat.substr(end + 4)) == parent) {
      children.insert(std::stoi(name));
    }
  }
  return children;
}

std::string CommandOf(pid_t pid) { return ReadFile("/proc/" + std::to_string(pid) + "/cmdline"); }

// The master, two workers and the statistics process.
constexpr size_t kChildren = 4;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    directory_ = ::testing::TempDir() + "/supervisor_test_" + std::to_string(getpid()) + "_" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~SupervisorTest() override {
    if (host_ <= 0) return;
    kill(host_, SIGKILL);
    waitpid(host_, nullptr, 0);
  }

  void Start(const std::string& program, std::vector<std::string> more = {}) {
    ProcessSpec spec;
    spec.program = SOTERIA_HOST_PROGRAM;
    spec.arguments = {"--dir", directory_,  "--master", program,   "--worker",
                      program, "--workers", "2",        "--slots", "2"};
    spec.arguments.insert(spec.arguments.end(), more.begin(), more.end());
    spec.log = directory_ + "/host.log";
    auto pid = StartProcess(spec);
    ASSERT_TRUE(pid.ok());
    host_ = *pid;
  }
  void Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(holds());
  }
  bool Up() { return fs::exists(directory_ + "/state.json"); }
  std::set<pid_t> Named(const std::string& name) {
    std::set<pid_t> found;
    for (const pid_t pid : ChildrenOf(host_)) {
      if (CommandOf(pid).find(std::string("--name") + '\0' + name) != std::string::npos) {
        found.insert(pid);
      }
    }
    return found;
  }
  int WaitForHost() {
    int status = 0;
    EXPECT_EQ(waitpid(host_, &status, 0), host_);
    host_ = 0;
    return status;
  }

  std::string directory_;
  pid_t host_ = 0;
};

TEST_F(SupervisorTest, StartsEverythingSaysSoAndEndsOnSigterm) {
  Start(SOTERIA_ENCLAVE_FOR_TEST);
  Eventually([&] { return Up(); });
  const auto state = nlohmann::json::parse(ReadFile(directory_ + "/state.json"), nullptr, false);
  ASSERT_TRUE(state.is_object());
  EXPECT_EQ(state["pid"], host_);
  EXPECT_EQ(state["workers"], 2);
  EXPECT_EQ(state["port"], state["owner_port"]);
  EXPECT_EQ(state["address"], "127.0.0.1:" + std::to_string(state["port"].get<int>()));
  EXPECT_TRUE(base::DialLoopback(state["port"].get<uint16_t>()).ok());
  const std::set<pid_t> children = ChildrenOf(host_);
  EXPECT_EQ(children.size(), kChildren);
  kill(host_, SIGTERM);
  const int status = WaitForHost();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  for (const pid_t child : children) EXPECT_NE(kill(child, 0), 0);
  EXPECT_FALSE(Up());
}

TEST_F(SupervisorTest, RestartsADeadWorkerAlone) {
  Start(SOTERIA_ENCLAVE_FOR_TEST);
  Eventually([&] { return Up(); });
  const auto master = Named("master"), other = Named("worker-0"), victim = Named("worker-1");
  ASSERT_EQ(victim.size(), 1U);
  kill(*victim.begin(), SIGKILL);
  Eventually([&] {
    const auto now = Named("worker-1");
    return now.size() == 1 && now != victim;
  });
  EXPECT_EQ(Named("master"), master);
  EXPECT_EQ(Named("worker-0"), other);
}

TEST_F(SupervisorTest, RestartsTheStatisticsProcessAlone) {
  Start(SOTERIA_ENCLAVE_FOR_TEST);
  Eventually([&] { return Up(); });
  const auto statistics = [this] {
    std::set<pid_t> found;
    for (const pid_t pid : ChildrenOf(host_)) {
      if (CommandOf(pid).find("soteria-stats") != std::string::npos) found.insert(pid);
    }
    return found;
  };
  Eventually([&] { return statistics().size() == 1; });
  const auto master = Named("master");
  for (int i = 0; i < 2; ++i) {
    const auto before = statistics();
    kill(*before.begin(), SIGKILL);
    Eventually([&] {
      const auto now = statistics();
      return now.size() == 1 && now != before;
    });
  }
  EXPECT_EQ(Named("master"), master);
}

TEST_F(SupervisorTest, StartsAfreshWhenTheMasterEnds) {
  Start(SOTERIA_ENCLAVE_FOR_TEST);
  Eventually([&] { return Up(); });
  const auto before = ChildrenOf(host_);
  kill(*Named("master").begin(), SIGKILL);
  Eventually([&] {
    const auto now = ChildrenOf(host_);
    return now.size() == kChildren &&
           std::none_of(now.begin(), now.end(), [&](pid_t pid) { return before.count(pid) > 0; });
  });
}

TEST_F(SupervisorTest, ChildrenDieWithTheHost) {
  Start(SOTERIA_ENCLAVE_FOR_TEST);
  Eventually([&] { return Up(); });
  const std::set<pid_t> children = ChildrenOf(host_);
  kill(host_, SIGKILL);
  WaitForHost();
  Eventually([&] {
    return std::all_of(children.begin(), children.end(), [](pid_t child) {
      const std::string stat = ReadFile("/proc/" + std::to_string(child) + "/stat");
      const size_t end = stat.rfind(')');
      return end == std::string::npos || stat[end + 2] == 'Z';
    });
  });
}

TEST_F(SupervisorTest, GivesUpOnEnclavesThatNeverStart) {
  Start("/bin/false");
  const int status = WaitForHost();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
  EXPECT_NE(ReadFile(directory_ + "/host.log").find("doesn't start"), std::string::npos);
}

TEST_F(SupervisorTest, RefusesBadArguments) {
  Start(SOTERIA_ENCLAVE_FOR_TEST, {"--fault", "nonsense"});
  const int status = WaitForHost();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

TEST_F(SupervisorTest, CookiesAreInTheEnvironmentAndFresh) {
  EXPECT_EQ(NewCookie().size(), 32U);
  EXPECT_NE(NewCookie(), NewCookie());
  Start(SOTERIA_ENCLAVE_FOR_TEST);
  Eventually([&] { return Up(); });
  std::set<std::string> cookies;
  for (const pid_t child : ChildrenOf(host_)) {
    const std::string environment = ReadFile("/proc/" + std::to_string(child) + "/environ");
    const size_t at = environment.find("SOTERIA_COOKIE=");
    ASSERT_NE(at, std::string::npos);
    cookies.insert(environment.substr(at + 15, 32));
    EXPECT_EQ(CommandOf(child).find(environment.substr(at + 15, 32)), std::string::npos);
  }
  EXPECT_EQ(cookies.size(), kChildren);
}

}  // namespace
}  // namespace soteria::host
