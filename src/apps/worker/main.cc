// soteria-worker: binds the world to the worker enclave.
#include "src/apps/enclave/startup.h"
#include "src/apps/worker/spill_folder.h"
#include "src/base/log.h"
#include "src/crypto/identity.h"
#include "src/worker/worker.h"

namespace soteria::apps {
namespace {

base::Status Run(const EnclaveFlags& flags, base::Files& files, attest::EvidenceSource& evidence) {
  base::SetLogName("worker");
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<SpillFolder> spill,
                           SpillFolder::Make(files, crypto::OsRandom(), flags.spill_dir));
  worker::Options options;
  options.dial = [&flags] { return DialHost(flags); };
  options.cookie = flags.cookie;
  options.name = flags.name;
  options.slots = flags.slots;
  options.memory_bytes_max = flags.memory_bytes;
  options.spill_folder = spill->path();
  options.kernel_level = kKernelLevel;
  options.clock = &base::SystemClock();
  options.random = &crypto::OsRandom();
  options.files = &files;
  options.evidence = &evidence;
  return worker::Worker(std::move(options)).Run();
}

}  // namespace
}  // namespace soteria::apps

int main(int argc, char** argv) {
  return soteria::apps::EnclaveMain(argc, argv, "soteria-worker", soteria::apps::Run);
}
