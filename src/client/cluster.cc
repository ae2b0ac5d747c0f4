#include "src/client/cluster.h"

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "src/attest/build.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/base/text.h"
#include "src/client/command.h"
#include "src/client/host_process.h"
#include "src/client/key_file.h"
#include "src/crypto/identity.h"

namespace soteria::client {
namespace {

constexpr char kStateFile[] = "state.json";
constexpr char kLogFile[] = "host.log";
constexpr char kStartLock[] = "start.lock";
constexpr char kSimulatedPem[] = "simulated.pem";
constexpr char kSimulatedPub[] = "simulated.pub";
constexpr uint64_t kStateBytesMax = 64 * 1024;
constexpr uint64_t kLogBytesMax = 1024 * 1024;
constexpr size_t kLogTailBytes = 600;
constexpr uint64_t kPublicKeyBytesMax = 4096;
constexpr int64_t kStartMs = 60'000;
constexpr int64_t kSparkStartMs = 180'000;
constexpr int64_t kPollMs = 20;
constexpr size_t kRoomBytes = size_t{64} << 10;
constexpr uint64_t kWorkersMax = 256;
constexpr uint64_t kSlotsMax = 256;
constexpr uint64_t kPortMax = 65535;
constexpr mode_t kOthers = 0077;
constexpr uint64_t kMemoryBytesMin = uint64_t{1} << 20;
constexpr uint64_t kMemoryBytesMax = (uint64_t{1} << 63) - 1;  // what a host on the JVM can pass on

std::string LogTail(base::Files& files, const std::string& dir) {
  base::StatusOr<std::string> log = files.ReadAll(dir, kLogFile, kLogBytesMax);
  if (!log.ok() || log->empty()) return "";
  std::string_view text = *log;
  if (text.size() > kLogTailBytes) text.remove_prefix(text.size() - kLogTailBytes);
  while (text.ends_with('\n')) text.remove_suffix(1);
  return base::Cat(". Its last words: ", text);
}

base::Status CheckSparkOptions(const ClusterOptions& options) {
  if (!options.faults.empty()) {
    return base::Fail(base::kInput, "--fault is for --engine local");
  }
  if (options.spark_home.empty()) {
    return base::Fail(base::kInput,
                      "--engine spark needs a Spark: set SPARK_HOME or give --spark-home DIR (a "
                      "PySpark installation's folder will do)");
  }
  for (const std::string& conf : options.spark_conf) {
    if (conf.find('=') == std::string::npos || !conf.starts_with("spark.")) {
      return base::Fail(base::kInput,
                        base::Cat("--spark-conf takes spark.NAME=VALUE, not \"", conf, "\""));
    }
  }
  return base::OkStatus();
}

base::Status CheckOptions(const ClusterOptions& options) {
  if (options.simulated && !attest::kSimulatedBuild) {
    return base::Fail(base::kInput,
                      "this build has no simulated enclaves; use a build with "
                      "-DSOTERIA_SIMULATED=ON, or start the cluster without --simulated");
  }
  if (!options.simulated) {
    return base::Fail(base::kInput,
                      attest::kSimulatedBuild
                          ? "this build's programs run in simulated enclaves only (NOT PROTECTED): "
                            "start the cluster with --simulated"
                          : "this build has no enclaves that it could start on this machine: it "
                            "knows no source of evidence");
  }
  if (options.workers < 1 || options.workers > kWorkersMax) {
    return base::Fail(base::kInput, base::Cat("--workers takes 1 to ", kWorkersMax));
  }
  if (options.slots < 1 || options.slots > kSlotsMax) {
    return base::Fail(base::kInput, base::Cat("--slots takes 1 to ", kSlotsMax));
  }
  if (options.port > kPortMax) return base::Fail(base::kInput, "--port takes 0 to 65535");
  struct stat kept {};
  if (!options.keep_released_dir.empty() && ::stat(options.keep_released_dir.c_str(), &kept) == 0 &&
      (!S_ISDIR(kept.st_mode) || (kept.st_mode & kOthers) != 0)) {
    return base::Fail(base::kInput, base::Cat("--keep-released: ", options.keep_released_dir,
                                              " must be a folder that only you may enter: chmod "
                                              "700 it"));
  }
  return options.spark ? CheckSparkOptions(options) : base::OkStatus();
}

std::vector<std::string> HostCommand(const ClusterOptions& options) {
  std::vector<std::string> argv = {base::Cat(options.program_dir, "/", kHostProgram),
                                   "--dir",
                                   options.dir,
                                   "--port",
                                   base::Cat(options.port),
                                   "--workers",
                                   base::Cat(options.workers),
                                   "--slots",
                                   base::Cat(options.slots)};
  auto add = [&argv](const char* flag, std::string value) {
    argv.emplace_back(flag);
    argv.push_back(std::move(value));
  };
  if (options.simulated) add("--simulated-key", base::Cat(options.dir, "/", kSimulatedPem));
  if (!options.record_dir.empty()) add("--record", options.record_dir);
  if (!options.keep_released_dir.empty()) add("--keep-released", options.keep_released_dir);
  if (options.enclave_memory_bytes) add("--memory", base::Cat(*options.enclave_memory_bytes));
  for (const std::string& fault : options.faults) add("--fault", fault);
  return argv;
}

// Workers of a local-cluster write to SPARK_HOME/work whatever they are told, so they are given a
// SPARK_HOME of their own, of links.
base::StatusOr<std::string> LinkedSparkHome(const ClusterOptions& options) {
  namespace fs = std::filesystem;
  const std::string home = base::Cat(options.dir, "/spark");
  std::error_code error;
  fs::create_directories(home, error);
  for (const char* part : {"bin", "conf", "jars", "sbin"}) {
    const fs::path there = fs::path(options.spark_home) / part;
    const fs::path link = fs::path(home) / part;
    if (!error) fs::remove(link, error);
    if (!error && fs::exists(there, error)) fs::create_directory_symlink(there, link, error);
  }
  if (!error) return home;
  return base::Fail(base::kInput, base::Cat("--spark-home ", options.spark_home,
                                            " can't be used: ", error.message()));
}

std::vector<std::string> SparkCommand(const ClusterOptions& options,
                                      const std::string& spark_home) {
  const std::string master =
      options.spark_master.empty()
          ? base::Cat("local-cluster[", options.workers, ",", options.slots, ",1024]")
          : options.spark_master;
  std::vector<std::string> argv = {"env"};
  // A cluster in one machine stays in it.
  if (master.starts_with("local")) argv.emplace_back("SPARK_LOCAL_IP=127.0.0.1");
  argv.push_back(base::Cat("SPARK_HOME=", spark_home));
  if (!options.keep_released_dir.empty()) {
    argv.push_back(base::Cat("SOTERIA_KEEP_RELEASED=", options.keep_released_dir));
  }
  argv.push_back(base::Cat(spark_home, "/bin/spark-submit"));
  auto add = [&argv](const char* flag, std::string value) {
    argv.emplace_back(flag);
    argv.push_back(std::move(value));
  };
  add("--master", master);
  add("--name", "soteria");
  add("--conf", "spark.log.level=WARN");
  for (const std::string& conf : options.spark_conf) add("--conf", conf);
  if (!options.keep_released_dir.empty()) {
    const std::string kept = base::Cat("SOTERIA_KEEP_RELEASED=", options.keep_released_dir);
    add("--conf", base::Cat("spark.executorEnv.", kept));
  }
  argv.push_back(base::Cat(options.program_dir, "/", kSparkJar));
  add("--master", base::Cat(options.program_dir, "/soteria-master"));
  add("--worker", base::Cat(options.program_dir, "/soteria-worker"));
  add("--stats", base::Cat(options.program_dir, "/soteria-stats"));
  add("--dir", options.dir);
  add("--port", base::Cat(options.port));
  add("--workers", base::Cat(options.workers));
  add("--log-dir", base::Cat(options.dir, "/logs"));
  if (options.simulated) add("--simulated-key", base::Cat(options.dir, "/", kSimulatedPem));
  if (!options.record_dir.empty()) add("--record", options.record_dir);
  if (options.enclave_memory_bytes) add("--memory", base::Cat(*options.enclave_memory_bytes));
  return argv;
}

// The port is tried first, so that the common mistake has its own clear answer.
base::Status CheckPortFree(uint64_t port) {
  if (port == 0) return base::OkStatus();
  auto listener = base::Listener::Loopback(static_cast<uint16_t>(port));
  if (listener.ok()) {
    (*listener)->Close();
    return base::OkStatus();
  }
  return base::Fail(base::kConflict,
                    base::Cat("port ", port,
                              " is in use or not allowed; give another one with --port, or "
                              "--port 0 for any free one"));
}

// A host on a full disk would end without a place to say why.
base::Status CheckRoom(base::Files& files, const std::string& dir) {
  constexpr char kProbe[] = "room";
  const base::Status written =
      files.WriteAtomically(dir, kProbe, std::string(kRoomBytes, '\0'), 0600);
  if (written.ok()) return files.Remove(dir, kProbe);
  return base::WithContext(written, "the cluster's directory has to hold its state and logs");
}

base::Status NotReady(const std::string& dir, int64_t pid) {
  return base::Fail(
      base::kConflict,
      base::Cat("a host (process ", pid, ") is starting in ", dir,
                ", or was left by a soteria cluster start that was killed: wait for it, or end it "
                "with: soteria cluster stop --dir ",
                dir));
}

// Ends what was started, and then says why.
base::Status GiveUp(Owner& owner, const std::string& dir, int64_t pid, std::string_view why) {
  const std::string tail = LogTail(owner.files, dir);
  const base::Status ended = EndHosts(owner.files, owner.clock, {pid});
  return base::Fail(base::kIo,
                    base::Cat(why, tail, ended.ok() ? "" : ". And ", base::Message(ended)));
}

base::Status Interrupted(Owner& owner, int64_t pid) {
  SOTERIA_RETURN_IF_ERROR(EndHosts(owner.files, owner.clock, {pid}));
  return base::Fail(base::kCancelled, "interrupted: the host that was starting has been ended");
}

base::Status WritePublicHalf(base::Files& files, const std::string& dir,
                             const crypto::IdentityKey& key) {
  return files.WriteAtomically(dir, kSimulatedPub, base::Cat(base::Hex(key.public_der()), "\n"),
                               0644);
}

// Before the enclaves read it, who could say it in their logs only. A public half that is gone, or
// another key's, is made again: no evidence would verify with it.
base::Status CheckSimulatedKey(base::Files& files, const std::string& dir) {
  const std::string path = base::Cat(dir, "/", kSimulatedPem);
  SOTERIA_RETURN_IF_ERROR(CheckPrivateFile(path));
  SOTERIA_ASSIGN_OR_RETURN(std::string pem,
                           files.ReadAll(dir, kSimulatedPem, crypto::kPemBytesMax));
  const base::StatusOr<crypto::IdentityKey> key = crypto::IdentityKey::FromPem(pem);
  crypto::Wipe(pem);
  if (!key.ok()) {
    return base::Fail(base::kKey,
                      base::Cat(path, " is damaged: ", base::Message(key.status()),
                                ". Put a copy back, or remove it for a new key; Manifests that "
                                "were made with the old one are then made again"));
  }
  const base::StatusOr<std::string> half = SimulatedPublicKey(files, dir);
  if (half.ok() && *half == key->public_der()) return base::OkStatus();
  return WritePublicHalf(files, dir, *key);
}

base::StatusOr<ClusterState> WaitForState(Owner& owner, const ClusterOptions& options,
                                          int64_t pid) {
  const int64_t start_ms = options.spark ? kSparkStartMs : kStartMs;
  int64_t give_up_ms = owner.clock.MonotonicMs() + start_ms;
  while (owner.clock.MonotonicMs() < give_up_ms) {
    base::StatusOr<ClusterState> state = FindCluster(owner.files, options.dir);
    if (state.ok() && state->running && state->port != 0) return state;
    if (!IsAlive(owner.files, pid)) {
      return GiveUp(owner, options.dir, pid, "the host ended while it was starting");
    }
    if (AwaitStop(kPollMs)) return Interrupted(owner, pid);
  }
  return GiveUp(owner, options.dir, pid,
                base::Cat("the host did not get ready in ", start_ms / 1000, " seconds"));
}

base::StatusOr<std::unique_ptr<base::FileLock>> LockForStart(Owner& owner, const std::string& dir) {
  auto lock = owner.files.Lock(dir, kStartLock);
  if (!lock.ok() && base::Is(lock.status(), base::kConflict)) {
    return base::Fail(base::kConflict,
                      base::Cat("another soteria cluster start is under way in ", dir));
  }
  SOTERIA_RETURN_IF_ERROR(lock.status());
  const std::vector<int64_t> left = HostsOf(owner.files, dir);
  if (!left.empty()) return NotReady(dir, left.front());
  return lock;
}

}  // namespace

std::string ClusterState::address() const { return base::Cat("127.0.0.1:", port); }

base::Status EnsureSimulatedKey(base::Files& files, const std::string& dir) {
  SOTERIA_RETURN_IF_ERROR(files.MakeDirs(dir));
  SOTERIA_ASSIGN_OR_RETURN(bool exists, files.Exists(dir, kSimulatedPem));
  if (exists) return CheckSimulatedKey(files, dir);
  SOTERIA_ASSIGN_OR_RETURN(crypto::IdentityKey key, crypto::IdentityKey::Generate());
  SOTERIA_ASSIGN_OR_RETURN(std::string pem, key.ToPem());
  // The public half goes first: a private key that is there has its public one beside it.
  SOTERIA_RETURN_IF_ERROR(WritePublicHalf(files, dir, key));
  return files.WriteAtomically(dir, kSimulatedPem, pem, 0600);
}

base::StatusOr<std::string> SimulatedPublicKey(base::Files& files, const std::string& dir) {
  base::StatusOr<std::string> text = files.ReadAll(dir, kSimulatedPub, kPublicKeyBytesMax);
  if (!text.ok()) {
    return base::Fail(base::kInput,
                      base::Cat("there is no simulated key in ", dir,
                                "; soteria cluster start --simulated makes one (see --cluster)"));
  }
  while (text->ends_with('\n')) text->pop_back();
  base::StatusOr<std::string> der = base::FromHex(*text);
  if (!der.ok() || !crypto::IsPublicKey(*der)) {
    return base::Fail(base::kInput,
                      base::Cat(dir, "/", kSimulatedPub, " is damaged; soteria cluster key --dir ",
                                dir, " makes it again"));
  }
  return der;
}

base::StatusOr<ClusterState> FindCluster(base::Files& files, const std::string& dir) {
  base::StatusOr<std::string> text = files.ReadAll(dir, kStateFile, kStateBytesMax);
  if (!text.ok()) {
    const std::vector<int64_t> starting = HostsOf(files, dir);
    if (!starting.empty()) return NotReady(dir, starting.front());
    return base::Fail(base::kInput,
                      base::Cat("there is no cluster in ", dir,
                                "; start one with: soteria cluster start --simulated"));
  }
  nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  auto number = [&json](const char* name) -> int64_t {
    if (!json.is_object() || !json.contains(name)) return 0;
    const nlohmann::json& value = json[name];
    return value.is_number_integer() ? value.get<int64_t>() : 0;
  };
  ClusterState state;
  state.pid = number("pid");
  int64_t port = number("port");
  if (state.pid <= 1 || port < 1 || port > static_cast<int64_t>(kPortMax)) {
    return base::Fail(base::kInput, base::Cat(dir, "/", kStateFile, " is damaged; remove it"));
  }
  state.port = static_cast<uint16_t>(port);
  state.running = IsHost(files, state.pid, dir);
  return state;
}

base::StatusOr<ClusterState> StartCluster(Owner& owner, const ClusterOptions& options) {
  SOTERIA_RETURN_IF_ERROR(CheckOptions(options));
  base::StatusOr<ClusterState> current = FindCluster(owner.files, options.dir);
  if (current.ok() && current->running) {
    return base::Fail(
        base::kConflict,
        base::Cat("a cluster runs from ", options.dir, " already (", current->address(),
                  "); stop it with: soteria cluster stop --dir ", options.dir));
  }
  SOTERIA_RETURN_IF_ERROR(CheckPortFree(options.port));
  SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(options.dir));
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<base::FileLock> lock,
                           LockForStart(owner, options.dir));
  SOTERIA_RETURN_IF_ERROR(CheckRoom(owner.files, options.dir));
  if (options.simulated) SOTERIA_RETURN_IF_ERROR(EnsureSimulatedKey(owner.files, options.dir));
  for (const char* stale : {kStateFile, kLogFile}) {
    SOTERIA_ASSIGN_OR_RETURN(bool exists, owner.files.Exists(options.dir, stale));
    if (exists) SOTERIA_RETURN_IF_ERROR(owner.files.Remove(options.dir, stale));
  }
  // From here on a signal waits until what was started is ended.
  BlockForwardedSignals();
  std::vector<std::string> command = HostCommand(options);
  if (options.spark) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string spark_home, LinkedSparkHome(options));
    command = SparkCommand(options, spark_home);
  }
  SOTERIA_ASSIGN_OR_RETURN(int64_t pid,
                           StartDaemon(command, base::Cat(options.dir, "/", kLogFile)));
  return WaitForState(owner, options, pid);
}

base::Status StopCluster(Owner& owner, const std::string& dir) {
  const std::vector<int64_t> hosts = HostsOf(owner.files, dir);
  const base::StatusOr<ClusterState> state = FindCluster(owner.files, dir);
  if (hosts.empty() && !state.ok()) return state.status();
  SOTERIA_RETURN_IF_ERROR(EndHosts(owner.files, owner.clock, hosts));
  SOTERIA_ASSIGN_OR_RETURN(bool exists, owner.files.Exists(dir, kStateFile));
  return exists ? owner.files.Remove(dir, kStateFile) : base::OkStatus();
}

base::StatusOr<uint64_t> ParseMemorySize(std::string_view text) {
  if (text == "unlimited") return kMemoryBytesMax;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  uint64_t factor = 0;
  if (unit.empty()) factor = 1;
  if (unit == "KiB") factor = uint64_t{1} << 10;
  if (unit == "MiB") factor = uint64_t{1} << 20;
  if (unit == "GiB") factor = uint64_t{1} << 30;
  if (error != std::errc() || factor == 0 || number > kMemoryBytesMax / factor ||
      number * factor < kMemoryBytesMin) {
    return base::Fail(base::kInput,
                      base::Cat("a memory size is a number with KiB, MiB or GiB, from 1MiB up, or "
                                "\"unlimited\", not \"",
                                text, "\""));
  }
  return number * factor;
}

base::StatusOr<MasterAddress> ParseMasterAddress(std::string_view text) {
  size_t colon = text.rfind(':');
  unsigned port = 0;
  bool good = colon != std::string_view::npos && colon > 0 && colon + 1 < text.size();
  if (good) {
    const char* begin = text.data() + colon + 1;
    const char* end = text.data() + text.size();
    auto [rest, error] = std::from_chars(begin, end, port);
    good = error == std::errc() && rest == end && port >= 1 && port <= kPortMax;
  }
  if (!good) {
    return base::Fail(base::kInput, base::Cat("--master takes HOST:PORT, not \"", text, "\""));
  }
  return MasterAddress{std::string(text.substr(0, colon)), static_cast<uint16_t>(port)};
}

}  // namespace soteria::client
