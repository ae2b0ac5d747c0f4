// What commands leave behind when they fail on a full disk, at a write, a sync or a close, or are
// stopped by a signal: nothing.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "src/attest/build.h"
#include "src/base/disk_for_test.h"
#include "src/base/errors.h"
#include "src/client/cluster.h"
#include "src/client/get.h"
#include "src/client/key_file.h"
#include "src/client/manifest_file.h"
#include "src/client/owner_for_test.h"
#include "src/client/plain_folder.h"
#include "src/client/put.h"
#include "src/client/records.h"
#include "src/client/stop_signals.h"

namespace soteria::client {
namespace {

namespace fs = std::filesystem;

constexpr char kMeasurement[] = "00000000000000000000000000000000000000000000000000000000000000aa";

// As a command's process has it, whatever tests before this one blocked.
class Unblocked {
 public:
  Unblocked() {
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, &before_);
  }
  Unblocked(const Unblocked&) = delete;
  Unblocked& operator=(const Unblocked&) = delete;
  ~Unblocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_ = {};
};

class LeftoversTest : public ::testing::Test {
 protected:
  LeftoversTest()
      : disk_(test_.files()),
        owner_{disk_, test_.owner().clock, test_.owner().random, test_.owner().home},
        key_(test_.Key()) {
    std::string csv = "x,y\n";
    for (int i = 0; i < 2000; ++i) csv += std::to_string(i) + "," + std::to_string(i * i) + "\n";
    test_.Write("a.csv", csv);
    test_.Write("t/m/one", std::string(3000, '1'));
    test_.Write("t/m/two", std::string(5000, '2'));
  }

  base::Status PutAt(const std::string& source, const std::string& dest,
                     const Progress& progress = NoProgress) {
    PutOptions options;
    options.tree = source == "t";
    options.files = options.tree ? std::nullopt : std::optional<uint64_t>(3);
    return Put(owner_, key_, test_.At(source), test_.At(dest), options, progress).status();
  }
  base::Status GetAt(const std::string& source, const Progress& progress = NoProgress) {
    return Get(owner_, key_, test_.At(source), test_.At("out/got"), std::nullopt, progress)
        .status();
  }
  /// Everything outside the owner's home.
  std::set<std::string> Names() {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(test_.path())) {
      const std::string name = fs::relative(entry.path(), test_.path()).string();
      if (!name.starts_with("home")) names.insert(name);
    }
    return names;
  }
  /// Runs it with more and more room until it succeeds, and looks after each failure.
  void FillUp(const std::function<base::Status()>& run, uint64_t step) {
    const std::set<std::string> before = Names();
    int refused = 0;
    base::Status status;
    for (uint64_t room = 0;; room += step) {
      disk_.room = room;
      status = run();
      disk_.room.reset();
      if (status.ok()) break;
      ++refused;
      ASSERT_TRUE(base::Is(status, base::kIo)) << status;
      ASSERT_EQ(Names(), before) << "with room for " << room << ": " << status;
      ASSERT_LT(room, 10'000'000U);
    }
    EXPECT_GT(refused, 2);
  }
  void FailAtTheEnd(const std::function<base::Status()>& run) {
    const std::set<std::string> before = Names();
    for (bool* fails : {&disk_.sync_fails, &disk_.close_fails}) {
      *fails = true;
      const base::Status status = run();
      *fails = false;
      EXPECT_FALSE(status.ok());
      EXPECT_EQ(Names(), before) << status;
    }
  }

  OwnerForTest test_;
  base::DiskForTest disk_;
  Owner owner_;
  crypto::Secret key_;
};

TEST_F(LeftoversTest, APutOnAFullDisk) {
  disk_.only_below = test_.At("s");
  FailAtTheEnd([&] { return PutAt("a.csv", "s/new/a"); });
  FillUp([&] { return PutAt("a.csv", "s/new/a"); }, 997);
  FillUp([&] { return PutAt("t", "s/t"); }, 997);
  EXPECT_TRUE(GetAt("s/t").ok());
}

TEST_F(LeftoversTest, ANextVersionOnAFullDiskLeavesTheOneThatIsThere) {
  disk_.only_below = test_.At("s");
  ASSERT_TRUE(PutAt("a.csv", "s/a").ok());
  ASSERT_TRUE(PutAt("t", "s/t").ok());
  for (const char* source : {"a.csv", "t"}) {
    const std::string dest = source[0] == 't' ? "s/t" : "s/a";
    const std::set<std::string> before = Names();
    for (uint64_t room = 0; room < 20'000; room += 1999) {
      disk_.room = room;
      const base::Status status = PutAt(source, dest);
      disk_.room.reset();
      if (status.ok()) break;
      ASSERT_EQ(Names(), before) << room;
      ASSERT_TRUE(GetAt(dest).ok());
      fs::remove_all(test_.At("out"));
    }
  }
}

TEST_F(LeftoversTest, AGetOnAFullDisk) {
  ASSERT_TRUE(PutAt("a.csv", "s/a").ok());
  ASSERT_TRUE(PutAt("t", "s/t").ok());
  const std::set<std::string> before = Names();
  disk_.close_fails = true;
  EXPECT_FALSE(GetAt("s/a").ok());
  EXPECT_FALSE(GetAt("s/t").ok());
  disk_.close_fails = false;
  EXPECT_EQ(Names(), before);
  FillUp([&] { return GetAt("s/a"); }, 997);
  fs::remove_all(test_.At("out"));
  FillUp([&] { return GetAt("s/t"); }, 997);
}

TEST_F(LeftoversTest, SmallFilesAreWholeOrNotThere) {
  const auto keygen = [&] {
    return CreateUserKey(disk_, owner_.random, test_.At("keys/of/mine/user.key"));
  };
  FailAtTheEnd(keygen);
  FillUp(keygen, 13);
  const auto manifest = [&] {
    ManifestOptions options;
    options.out = test_.At("made/m.toml");
    options.task = "t";
    options.tee_kinds = {attest::TeeKind::kSgx};
    options.master_measurement = options.worker_measurement = kMeasurement;
    return NewManifest(owner_, key_, options).status();
  };
  FailAtTheEnd(manifest);
  FillUp(manifest, 101);
  const auto write = [&] { return WriteNewFile(disk_, test_.At("w/f"), "twelve bytes", 0600); };
  FailAtTheEnd(write);
  FillUp(write, 3);
  EXPECT_EQ(test_.Bytes("w/f"), "twelve bytes");
  EXPECT_TRUE(base::Is(write(), base::kPathExists));
  EXPECT_EQ(test_.Bytes("w/f"), "twelve bytes");
}

TEST_F(LeftoversTest, AClusterOnAFullDiskIsRefusedBeforeItStarts) {
  ClusterOptions options;
  options.simulated = true;
  options.dir = test_.At("cluster");
  options.program_dir = test_.At("nowhere");
  if (!attest::kSimulatedBuild) GTEST_SKIP() << "a hardware build starts no cluster";
  for (const uint64_t room : {uint64_t{0}, uint64_t{5000}}) {
    disk_.room = room;
    const base::Status status = StartCluster(owner_, options).status();
    EXPECT_TRUE(base::Is(status, base::kIo)) << status;
    EXPECT_NE(base::Message(status).find("No space left"), std::string::npos) << status;
    for (const auto& entry : fs::directory_iterator(options.dir)) {
      EXPECT_EQ(entry.path().extension(), ".lock") << entry.path();
    }
  }
}

TEST_F(LeftoversTest, RecordsOnAFullDiskRefuseThePut) {
  const std::set<std::string> before = Names();
  disk_.room = 10;
  EXPECT_TRUE(base::Is(PutAt("a.csv", "s/a"), base::kIo));
  disk_.room.reset();
  EXPECT_EQ(Names(), before);
  EXPECT_TRUE(PutAt("a.csv", "s/a").ok());
}

TEST_F(LeftoversTest, ASignalStopsPutAndGetAndLeavesNothing) {
  ASSERT_TRUE(PutAt("a.csv", "s/a").ok());
  ASSERT_TRUE(PutAt("t", "s/t").ok());
  const std::set<std::string> before = Names();
  const Unblocked unblocked;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const StopSignals stop;
    EXPECT_EQ(StopSignals::Received(), 0);
    int calls = 0;
    const auto interrupt = [&](uint64_t, uint64_t) {
      if (++calls == 1) std::raise(signal);
    };
    EXPECT_TRUE(base::Is(PutAt("t", "s/t2", interrupt), base::kCancelled)) << signal;
    EXPECT_EQ(StopSignals::Received(), signal);
    EXPECT_TRUE(base::Is(PutAt("a.csv", "s/a2"), base::kCancelled));
    EXPECT_TRUE(base::Is(GetAt("s/t"), base::kCancelled));
    EXPECT_EQ(Names(), before);
  }
  for (const char* source : {"s/a", "s/t"}) {
    const StopSignals stop;
    EXPECT_TRUE(
        base::Is(GetAt(source, [](uint64_t, uint64_t) { std::raise(SIGTERM); }), base::kCancelled));
    EXPECT_EQ(Names(), before);
  }
  const StopSignals stop;  // and what came before is over
  EXPECT_TRUE(GetAt("s/a").ok());
}

TEST_F(LeftoversTest, AnIgnoredSignalStaysIgnored) {
  const Unblocked unblocked;
  std::signal(SIGHUP, SIG_IGN);
  {
    const StopSignals stop;
    std::raise(SIGHUP);
    EXPECT_EQ(StopSignals::Received(), 0);
  }
  std::raise(SIGHUP);
  std::signal(SIGHUP, SIG_DFL);
}

}  // namespace
}  // namespace soteria::client
