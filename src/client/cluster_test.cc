#include "src/client/cluster.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "src/attest/build.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/client/command.h"
#include "src/client/host_process.h"
#include "src/client/owner_for_test.h"
#include "src/crypto/identity.h"

namespace soteria::client {
namespace {

// Stands in for soteria-host: writes the state file after noting its arguments, ends on SIGTERM.
constexpr char kHost[] = R"(#!/bin/sh
dir=$2
echo "$@" > "$dir/arguments"
printf '{"pid": %s, "port": 4711, "address": "127.0.0.1:4711"}' $$ > "$dir/state.json.new"
mv "$dir/state.json.new" "$dir/state.json"
trap 'exit 0' TERM
while true; do sleep 0.05; done
)";

class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest() {
    options_.simulated = true;
    options_.dir = test_.At("cluster");
    options_.program_dir = test_.At("bin");
    test_.WriteProgram("bin/soteria-host", kHost);
  }
  void SetUp() override {
    if (!attest::kSimulatedBuild) GTEST_SKIP() << "a hardware build starts no cluster";
  }
  ~ClusterTest() override { StopCluster(test_.owner(), options_.dir).IgnoreError(); }

  OwnerForTest test_;
  ClusterOptions options_;
};

TEST_F(ClusterTest, StartsFindsAndStops) {
  options_.workers = 3;
  options_.faults = {"a", "b"};
  options_.record_dir = "/r";
  auto started = StartCluster(test_.owner(), options_);
  ASSERT_TRUE(started.ok()) << base::Message(started.status());
  EXPECT_EQ(started->address(), "127.0.0.1:4711");
  EXPECT_TRUE(started->running);
  EXPECT_EQ(test_.Bytes("cluster/arguments"),
            "--dir " + options_.dir + " --port 0 --workers 3 --slots 1 --simulated-key " +
                options_.dir + "/simulated.pem --record /r --fault a --fault b\n");
  auto found = FindCluster(test_.files(), options_.dir);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->running);

  auto twice = StartCluster(test_.owner(), options_);
  EXPECT_TRUE(base::Is(twice.status(), base::kConflict));

  ASSERT_TRUE(StopCluster(test_.owner(), options_.dir).ok());
  EXPECT_FALSE(FindCluster(test_.files(), options_.dir).ok());
  EXPECT_TRUE(StartCluster(test_.owner(), options_).ok());
}

TEST_F(ClusterTest, SparkIsAskedForInWords) {
  options_.spark = true;
  auto refused = StartCluster(test_.owner(), options_);
  EXPECT_TRUE(base::Is(refused.status(), base::kInput));
  EXPECT_NE(base::Message(refused.status()).find("SPARK_HOME"), std::string::npos);

  options_.spark_home = test_.At("spark");
  for (const char* conf : {"spark.executor.cores", "cores=2", "=", ""}) {
    options_.spark_conf = {conf};
    EXPECT_TRUE(base::Is(StartCluster(test_.owner(), options_).status(), base::kInput)) << conf;
  }
  options_.spark_conf = {};
  options_.faults = {"kill:reduce=1,after=1,worker=0"};
  EXPECT_TRUE(base::Is(StartCluster(test_.owner(), options_).status(), base::kInput));
}

TEST_F(ClusterTest, ReleasedQuestionsArentKeptWhereOthersMayEnter) {
  options_.keep_released_dir = test_.At("kept");
  std::filesystem::create_directories(options_.keep_released_dir);
  const auto with = [&](std::filesystem::perms mode) {
    std::filesystem::permissions(options_.keep_released_dir, mode);
    return StartCluster(test_.owner(), options_);
  };
  EXPECT_TRUE(base::Is(
      with(std::filesystem::perms::owner_all | std::filesystem::perms::others_read).status(),
      base::kInput));
  EXPECT_TRUE(with(std::filesystem::perms::owner_all).ok());
}

TEST_F(ClusterTest, ASparkSubmitThatEndsIsSaid) {
  options_.spark = true;
  options_.spark_home = test_.At("spark");
  options_.enclave_memory_bytes = uint64_t{128} << 20;
  options_.keep_released_dir = "/kept";
  test_.WriteProgram("spark/bin/spark-submit", "#!/bin/sh\necho \"$@\"\nexit 1\n");
  auto refused = StartCluster(test_.owner(), options_);
  ASSERT_FALSE(refused.ok());
  const std::string words(base::Message(refused.status()));
  EXPECT_NE(words.find("--master local-cluster[2,1,1024] --name soteria"), std::string::npos)
      << words;
  EXPECT_NE(words.find("/bin/soteria-spark.jar --master"), std::string::npos) << words;
  EXPECT_NE(words.find(" --memory 134217728"), std::string::npos) << words;
  EXPECT_NE(words.find("--conf spark.executorEnv.SOTERIA_KEEP_RELEASED=/kept"), std::string::npos)
      << words;
}

TEST_F(ClusterTest, ADeadHostIsSeen) {
  auto started = StartCluster(test_.owner(), options_);
  ASSERT_TRUE(started.ok());
  ::kill(static_cast<pid_t>(started->pid), SIGKILL);
  bool running = true;
  for (int i = 0; i < 500 && running; ++i) {
    ::usleep(10'000);
    running = FindCluster(test_.files(), options_.dir)->running;
  }
  EXPECT_FALSE(running);
  EXPECT_TRUE(StartCluster(test_.owner(), options_).ok());
}

// Takes its time, and has a process of its own that doesn't end with it.
constexpr char kSlowHost[] = R"(#!/bin/sh
sleep 1000 &
echo $$ $! > "$2/numbers.new"
mv "$2/numbers.new" "$2/numbers"
wait
)";

TEST_F(ClusterTest, AHostThatIsStillStartingIsFoundAndStopped) {
  test_.WriteProgram("bin/soteria-host", kSlowHost);
  std::filesystem::create_directories(options_.dir);
  // As a cluster start that is killed leaves it: no state file, nobody who waits.
  const auto pid = StartDaemon({test_.At("bin/soteria-host"), "--dir", options_.dir},
                               test_.At("cluster/host.log"));
  ASSERT_TRUE(pid.ok());
  std::string numbers;
  while (numbers.empty()) numbers = test_.Bytes("cluster/numbers");
  const int64_t child = std::stoll(numbers.substr(numbers.find(' ')));
  EXPECT_EQ(HostsOf(test_.files(), options_.dir), std::vector{*pid});
  EXPECT_TRUE(HostsOf(test_.files(), test_.At("bin")).empty());  // another directory's

  for (const base::Status& refused : {StartCluster(test_.owner(), options_).status(),
                                      FindCluster(test_.files(), options_.dir).status()}) {
    EXPECT_TRUE(base::Is(refused, base::kConflict));
    EXPECT_NE(base::Message(refused).find("soteria cluster stop --dir " + options_.dir),
              std::string::npos);
  }
  ASSERT_TRUE(StopCluster(test_.owner(), options_.dir).ok());
  EXPECT_FALSE(IsAlive(test_.files(), *pid));
  EXPECT_FALSE(IsAlive(test_.files(), child));
  EXPECT_TRUE(base::Is(StopCluster(test_.owner(), options_.dir), base::kInput));  // nothing left
}

TEST_F(ClusterTest, AnInterruptedStartEndsWhatItStarted) {
  test_.WriteProgram("bin/soteria-host", kSlowHost);
  BlockForwardedSignals();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const pthread_t starter = ::pthread_self();
    std::thread person([&] {
      while (test_.Bytes("cluster/numbers").empty()) ::usleep(1'000);
      ::pthread_kill(starter, signal);
    });
    const auto started = StartCluster(test_.owner(), options_);
    person.join();
    EXPECT_TRUE(base::Is(started.status(), base::kCancelled));
    EXPECT_EQ(StoppedBy(), signal);
    EXPECT_NE(base::Message(started.status()).find("interrupted"), std::string::npos);
    const std::string numbers = test_.Bytes("cluster/numbers");
    EXPECT_FALSE(IsAlive(test_.files(), std::stoll(numbers)));
    EXPECT_FALSE(IsAlive(test_.files(), std::stoll(numbers.substr(numbers.find(' ')))));
    EXPECT_TRUE(HostsOf(test_.files(), options_.dir).empty());
    std::filesystem::remove(test_.At("cluster/numbers"));
  }
}

TEST_F(ClusterTest, OneStartAtATime) {
  std::filesystem::create_directories(options_.dir);
  const auto other = test_.files().Lock(options_.dir, "start.lock");
  ASSERT_TRUE(other.ok());
  EXPECT_TRUE(base::Is(StartCluster(test_.owner(), options_).status(), base::kConflict));
}

TEST_F(ClusterTest, AnotherProcessUnderThatNumberIsNotTheHost) {
  std::filesystem::create_directories(options_.dir);
  test_.Write("cluster/state.json",
              "{\"pid\": " + std::to_string(::getpid()) + ", \"port\": 4711}");
  auto found = FindCluster(test_.files(), options_.dir);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->running);
  EXPECT_TRUE(StopCluster(test_.owner(), options_.dir).ok());  // and leaves this test alive
}

TEST_F(ClusterTest, RefusesADamagedStateFile) {
  for (const char* text : {"", "{", "[]", "{\"pid\": 12}", "{\"pid\": 12, \"port\": 70000}",
                           "{\"pid\": \"12\", \"port\": 80}", "{\"pid\": -1, \"port\": 80}"}) {
    test_.Write("cluster/state.json", text);
    EXPECT_TRUE(base::Is(FindCluster(test_.files(), options_.dir).status(), base::kInput)) << text;
  }
}

TEST_F(ClusterTest, AHostThatEndsTellsWhy) {
  test_.WriteProgram("bin/soteria-host", "#!/bin/sh\necho no workers here >&2\nexit 1\n");
  auto started = StartCluster(test_.owner(), options_);
  EXPECT_TRUE(base::Is(started.status(), base::kIo));
  EXPECT_NE(base::Message(started.status()).find("no workers here"), std::string::npos);
}

TEST_F(ClusterTest, APortInUseHasAClearError) {
  auto listener = base::Listener::Loopback(0);
  ASSERT_TRUE(listener.ok());
  options_.port = (*listener)->port();
  auto started = StartCluster(test_.owner(), options_);
  EXPECT_TRUE(base::Is(started.status(), base::kConflict));
  EXPECT_NE(base::Message(started.status()).find(std::to_string(options_.port)), std::string::npos);
}

TEST_F(ClusterTest, RefusesNumbersOutOfRange) {
  for (auto change : std::vector<std::function<void(ClusterOptions&)>>{
           [](ClusterOptions& o) { o.workers = 0; }, [](ClusterOptions& o) { o.workers = 257; },
           [](ClusterOptions& o) { o.slots = 0; }, [](ClusterOptions& o) { o.port = 65536; }}) {
    ClusterOptions options = options_;
    change(options);
    EXPECT_TRUE(base::Is(StartCluster(test_.owner(), options).status(), base::kInput));
  }
}

TEST_F(ClusterTest, SimulatedKeysAreMadeOnceAndPrivate) {
  EXPECT_TRUE(base::Is(SimulatedPublicKey(test_.files(), options_.dir).status(), base::kInput));
  ASSERT_TRUE(StartCluster(test_.owner(), options_).ok());
  EXPECT_NE(test_.Bytes("cluster/arguments").find("--simulated-key " + options_.dir),
            std::string::npos);
  struct stat info {};
  ASSERT_EQ(::stat(test_.At("cluster/simulated.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  auto key = crypto::IdentityKey::FromPem(test_.Bytes("cluster/simulated.pem"));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(*SimulatedPublicKey(test_.files(), options_.dir), key->public_der());

  std::string pem = test_.Bytes("cluster/simulated.pem");
  ASSERT_TRUE(StopCluster(test_.owner(), options_.dir).ok());
  ASSERT_TRUE(StartCluster(test_.owner(), options_).ok());
  EXPECT_EQ(test_.Bytes("cluster/simulated.pem"), pem);
  ASSERT_TRUE(StopCluster(test_.owner(), options_.dir).ok());
  ::chmod(test_.At("cluster/simulated.pem").c_str(), 0644);
  EXPECT_TRUE(base::Is(StartCluster(test_.owner(), options_).status(), base::kKey));
}

TEST_F(ClusterTest, ADamagedSimulatedKeyIsSaidByName) {
  ASSERT_TRUE(EnsureSimulatedKey(test_.files(), options_.dir).ok());
  const std::string pub = test_.Bytes("cluster/simulated.pub");
  for (const std::string& other : {std::string(), std::string("zz\n"), pub.substr(0, 50),
                                   std::string(pub.size() - 1, 'a') + "\n"}) {
    test_.Write("cluster/simulated.pub", other);
    const auto key = SimulatedPublicKey(test_.files(), options_.dir);
    EXPECT_TRUE(base::Is(key.status(), base::kInput));
    EXPECT_NE(base::Message(key.status()).find("simulated.pub is damaged"), std::string::npos);
    EXPECT_TRUE(EnsureSimulatedKey(test_.files(), options_.dir).ok());
    EXPECT_EQ(test_.Bytes("cluster/simulated.pub"), pub) << "made again of the private half";
  }
  std::filesystem::remove(test_.At("cluster/simulated.pub"));
  EXPECT_TRUE(EnsureSimulatedKey(test_.files(), options_.dir).ok());
  EXPECT_EQ(test_.Bytes("cluster/simulated.pub"), pub);

  test_.Write("cluster/simulated.pem", "no key");
  ::chmod(test_.At("cluster/simulated.pem").c_str(), 0600);
  const auto started = StartCluster(test_.owner(), options_);
  EXPECT_TRUE(base::Is(started.status(), base::kKey)) << started.status();
  EXPECT_NE(base::Message(started.status()).find("simulated.pem is damaged"), std::string::npos);
}

// Before anything is made or started: enclaves without a source of evidence would end by
// themselves.
TEST_F(ClusterTest, WithoutEnclavesThatItCanStartItSaysSo) {
  options_.simulated = false;
  for (const bool spark : {false, true}) {
    options_.spark = spark;
    auto started = StartCluster(test_.owner(), options_);
    EXPECT_TRUE(base::Is(started.status(), base::kInput)) << started.status();
    EXPECT_NE(base::Message(started.status()).find("--simulated"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(options_.dir));
}

TEST(MasterAddress, TakesHostAndPort) {
  auto address = ParseMasterAddress("example.org:7077");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "example.org");
  EXPECT_EQ(address->port, 7077);
  for (const char* bad :
       {"", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "host:-1"}) {
    EXPECT_FALSE(ParseMasterAddress(bad).ok()) << bad;
  }
}

TEST(MemorySize, TakesUnits) {
  const std::pair<const char*, uint64_t> good[] = {{"128MiB", uint64_t{128} << 20},
                                                   {"2GiB", uint64_t{2} << 30},
                                                   {"65536KiB", uint64_t{64} << 20},
                                                   {"1048576", uint64_t{1} << 20},
                                                   {"unlimited", (uint64_t{1} << 63) - 1}};
  for (const auto& [text, bytes] : good) {
    const auto size = ParseMemorySize(text);
    ASSERT_TRUE(size.ok()) << text;
    EXPECT_EQ(*size, bytes) << text;
  }
  for (const char* bad : {"", "MiB", "0MiB", "-1MiB", "128MB", "128 MiB", "1.5GiB", "1023KiB",
                          "99999999999GiB", "99999999999999999999", "Unlimited", "1MiBx"}) {
    EXPECT_TRUE(base::Is(ParseMemorySize(bad).status(), base::kInput)) << bad;
  }
}

}  // namespace
}  // namespace soteria::client
