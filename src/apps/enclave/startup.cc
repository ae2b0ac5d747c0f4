#include "src/apps/enclave/startup.h"

#include <cblas.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <set>
#include <string_view>

#include "arrow/compute/initialize.h"
#include "arrow/util/thread_pool.h"
#include "src/attest/simulated.h"
#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/base/process.h"
#include "src/base/text.h"
#include "src/crypto/identity.h"
#include "src/crypto/openssl.h"

namespace soteria::apps {

const char kKernelLevel[] = "Haswell";

namespace {

constexpr uint64_t kKeyFileBytesMax = 4096;
constexpr uint64_t kRoomyMemoryBytes = uint64_t{4} << 30;
constexpr uint64_t kMappedBytesMin = uint64_t{128} << 10;
constexpr uint64_t kMappedBytesMax = uint64_t{8} << 20;
/// Under a limit, what is freed goes back to the system at once, so that the process takes what it
/// holds: glibc's allocator maps each larger piece by itself (in huge pages where they fit), and
/// Arrow, whose own allocators keep what is freed, uses it too. A piece below 1/256 of the limit
/// isn't worth its page faults.
std::vector<std::string> TightMemory(uint64_t memory_bytes) {
  const uint64_t mapped = std::clamp(memory_bytes / 256, kMappedBytesMin, kMappedBytesMax);
  return {"ARROW_DEFAULT_MEMORY_POOL=system",
          base::Cat("GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:"
                    "glibc.malloc.mmap_max=16384:glibc.malloc.mmap_threshold=",
                    mapped, ":glibc.malloc.trim_threshold=", 8 * mapped)};
}

/// With room, what is freed is kept for what comes next, up to a gigabyte and for seconds: pages
/// that come from the system anew have to be cleared, a tenth of the time of a query.
std::vector<std::string> RoomyMemory() {
  return {
      "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:"
      "glibc.malloc.trim_threshold=1073741824",
      "MIMALLOC_PURGE_DELAY=5000"};
}

/// Variables that may come from the host. What the dynamic linker's load is measured.
constexpr std::array<std::string_view, 3> kPassed = {"SOTERIA_COOKIE", "LD_LIBRARY_PATH",
                                                     "LD_PRELOAD"};

/// Libraries do what the environment says, and the host chooses it: gRPC's traces print what it
/// carries, OpenSSL loads the modules of OPENSSL_CONF (I1). OpenBLAS reads its settings when it is
/// loaded (I7). So this program starts again, once, in an environment of its own choice.
base::Status PinEnvironment(char** argv, uint64_t memory_bytes) {
  std::vector<std::string> pinned = PinnedEnvironment(environ, memory_bytes);
  size_t given = 0;
  while (environ[given] != nullptr) ++given;
  const std::set<std::string_view> wanted(pinned.begin(), pinned.end());
  if (given == pinned.size() && std::all_of(environ, environ + given, [&](const char* one) {
        return wanted.contains(one);
      })) {
    return base::OkStatus();
  }
  std::vector<char*> pointers;
  for (std::string& one : pinned) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  execve("/proc/self/exe", argv, pointers.data());
  return base::Fail(base::kIo,
                    base::Cat("can't start again in a clean environment: ", std::strerror(errno)));
}

base::Status CheckKernelLevel() {
  if (std::strcmp(openblas_get_corename(), kKernelLevel) == 0) return base::OkStatus();
  return base::Fail(base::kInternal, base::Cat("this processor doesn't run the kernel level ",
                                               kKernelLevel, " that results are promised for"));
}

#ifdef SOTERIA_SIMULATED
base::StatusOr<std::unique_ptr<attest::EvidenceSource>> BindEvidence(
    const EnclaveFlags& flags, base::Files& files, const base::Digest& measurement) {
  if (flags.simulated_key.empty()) {
    return base::Fail(base::kEvidence,
                      "no source of evidence: this build knows simulated enclaves only, which "
                      "take --simulated-key FILE from their host (soteria cluster key makes one)");
  }
  const size_t slash = flags.simulated_key.rfind('/');
  if (slash == std::string::npos) {
    return base::Fail(base::kEvidence, "--simulated-key takes an absolute path");
  }
  SOTERIA_ASSIGN_OR_RETURN(std::string pem,
                           files.ReadAll(flags.simulated_key.substr(0, slash + 1),
                                         flags.simulated_key.substr(slash + 1), kKeyFileBytesMax));
  SOTERIA_ASSIGN_OR_RETURN(crypto::IdentityKey key, crypto::IdentityKey::FromPem(pem));
  return std::unique_ptr<attest::EvidenceSource>(
      std::make_unique<attest::SimulatedSource>(std::move(key), measurement));
}

base::StatusOr<base::Digest> Measurement(base::Files& files) { return attest::MeasureSelf(files); }
#else
base::StatusOr<std::unique_ptr<attest::EvidenceSource>> BindEvidence(const EnclaveFlags&,
                                                                     base::Files&,
                                                                     const base::Digest&) {
  return base::Fail(base::kEvidence, "no source of evidence in this build");
}

base::StatusOr<base::Digest> Measurement(base::Files&) {
  return base::Fail(base::kEvidence, "a hardware enclave is measured by its platform");
}
#endif

int Report(const std::string& program, const base::Status& status) {
  if (status.ok()) return 0;
  std::cerr << program << ": " << base::Message(status) << "\n";
  return 1;
}

}  // namespace

std::vector<std::string> PinnedEnvironment(const char* const* given, uint64_t memory_bytes) {
  std::vector<std::string> pinned = {base::Cat("OPENBLAS_CORETYPE=", kKernelLevel),
                                     "OPENBLAS_NUM_THREADS=1"};
  for (std::string& one :
       memory_bytes < kRoomyMemoryBytes ? TightMemory(memory_bytes) : RoomyMemory()) {
    pinned.push_back(std::move(one));
  }
  std::set<std::string_view> seen;
  for (; *given != nullptr; ++given) {
    const std::string_view variable = *given;
    const std::string_view name = variable.substr(0, variable.find('='));
    const bool passed = std::find(kPassed.begin(), kPassed.end(), name) != kPassed.end();
    if (passed && seen.insert(name).second) pinned.emplace_back(variable);
  }
  return pinned;
}

base::StatusOr<std::unique_ptr<base::FrameConnection>> DialHost(const EnclaveFlags& flags) {
  SOTERIA_ASSIGN_OR_RETURN(auto stream, base::DialLoopback(flags.host_port));
  return std::make_unique<base::FrameConnection>(std::move(stream));
}

int EnclaveMain(int argc, char** argv, const std::string& program,
                const std::function<base::Status(const EnclaveFlags&, base::Files&,
                                                 attest::EvidenceSource&)>& run) {
  EnclaveFlags flags;
  bool measure = false;
  CLI::App app{program + ": started by soteria-host"};
  app.set_version_flag("--version", SOTERIA_VERSION);
  app.add_flag("--measure", measure, "print this program's measurement in hex and exit");
  app.add_option("--host-port", flags.host_port, "loopback port of the host");
  app.add_option("--name", flags.name, "the host's name for this process");
  app.add_option("--simulated-key", flags.simulated_key, "private key of the simulated TEE");
  app.add_option("--slots", flags.slots, "tasks at once")->check(CLI::Range(1, 256));
  app.add_option("--memory", flags.memory_bytes, "bytes of plaintext held at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--spill-dir", flags.spill_dir, "where sealed blocks beyond that go");
  CLI11_PARSE(app, argc, argv);
  if (const base::Status pinned = PinEnvironment(argv, flags.memory_bytes); !pinned.ok()) {
    return Report(program, pinned);
  }
  crypto::IgnoreSystemConfig();
  const auto files = base::PosixFiles();
  // Before anything is loaded on demand.
  const auto measurement = Measurement(*files);
  if (const char* cookie = std::getenv("SOTERIA_COOKIE")) flags.cookie = cookie;
  unsetenv("SOTERIA_COOKIE");
  if (!measurement.ok()) return Report(program, measurement.status());
  if (measure) {
    std::cout << base::Hex(base::View(*measurement)) << "\n";
    return 0;
  }
  if (flags.host_port == 0) {
    std::cerr << program << ": --host-port is missing\n";
    return 2;
  }
  base::Status status = base::HardenProcess();
  if (status.ok()) status = CheckKernelLevel();
  if (!status.ok()) return Report(program, status);
  if (!arrow::compute::Initialize().ok() || !arrow::SetCpuThreadPoolCapacity(1).ok()) {
    return Report(program, base::Fail(base::kInternal, "Arrow's compute functions didn't load"));
  }
  auto evidence = BindEvidence(flags, *files, *measurement);
  if (!evidence.ok()) return Report(program, evidence.status());
  return Report(program, run(flags, *files, **evidence));
}

}  // namespace soteria::apps
