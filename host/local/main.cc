// soteria-host: the embedded engine. Nobody has to trust it.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "host/local/process.h"
#include "host/local/supervisor.h"
#include "src/base/env.h"
#include "src/base/log.h"
#include "src/base/status.h"

namespace {

using soteria::base::Message;

std::string Absolute(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char here[4096];
  return getcwd(here, sizeof(here)) == nullptr ? path : std::string(here) + "/" + path;
}

std::string BesideUs(const std::string& name) {
  char self[4096];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof(self));
  if (size <= 0) return name;
  const std::string path(self, static_cast<size_t>(size));
  return path.substr(0, path.rfind('/') + 1) + name;
}

bool ParseFaults(const std::vector<std::string>& specs, soteria::host::SupervisorOptions& options) {
  for (const std::string& spec : specs) {
    const auto fault = soteria::host::ParseFault(spec);
    if (!fault.ok()) {
      std::fprintf(stderr, "soteria-host: %s\n", Message(fault.status()).c_str());
      return false;
    }
    options.faults.push_back(*fault);
  }
  return true;
}

std::vector<std::string> WorkerArguments(const std::string& spill, uint64_t memory) {
  if (memory == 0) return {"--spill-dir", spill};
  return {"--spill-dir", spill, "--memory", std::to_string(memory)};
}

int RunHost(const soteria::host::SupervisorOptions& options, const std::string& spill) {
  soteria::base::Status status;
  const auto files = soteria::base::PosixFiles();
  {
    soteria::host::Supervisor supervisor(options, *files, soteria::base::SystemClock());
    status = supervisor.Run();
  }
  std::error_code ignored;
  std::filesystem::remove_all(spill, ignored);
  if (status.ok()) return 0;
  std::fprintf(stderr, "soteria-host: %s\n", Message(status).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  soteria::base::SetLogName("soteria-host");
  soteria::host::Supervisor::BlockSignals();
  soteria::host::SupervisorOptions options;
  std::string directory = ".", state, log_directory, simulated_key;
  std::vector<std::string> faults;
  std::string served;
  uint64_t memory = 0;
  std::string spill;

  CLI::App app(
      "Runs a master enclave and its workers on this machine and moves their sealed bytes.");
  app.add_option("--dir", directory, "Where state.json and the logs go");
  app.add_option("--state", state, "State file (default: DIR/state.json), written once all is up");
  app.add_option("--log-dir", log_directory, "Logs of host and enclaves (default: DIR)");
  app.add_option("--master", options.master,
                 "The soteria-master program (default: beside this one)");
  app.add_option("--worker", options.worker,
                 "The soteria-worker program (default: beside this one)");
  app.add_option("--stats", options.statistics,
                 "The soteria-stats program (default: beside this one)");
  app.add_option("--workers", options.workers, "Worker enclaves")
      ->check(CLI::Range(size_t{1}, soteria::host::kWorkersMax));
  app.add_option("--slots", options.slots, "Tasks at once in one worker")
      ->check(CLI::Range(size_t{1}, soteria::host::kSlotsMax));
  app.add_option("--owner-port,--port", options.owner_port, "Loopback port for owners (0: any)");
  app.add_option("--memory", memory, "Memory limit of one worker, in bytes");
  app.add_option("--spill-dir", spill,
                 "Where sealed blocks and exchanged rows go beyond memory (default: DIR/spill)");
  app.add_option("--simulated-key", simulated_key, "Key file of a simulated cluster");
  app.add_option("--enclave-arg", options.enclave_arguments, "One more argument for each enclave");
  app.add_option("--record", options.record_directory, "Keep a copy of all traffic here");
  app.add_option("--keep-released", options.keep_released,
                 "Keep what the enclaves release to the statistics process here, for auditors");
  app.add_option("--fault", faults, "kill:reduce=N,after=K,worker=W");
  app.add_option("--serve-scheme", served,
                 "SCHEME=DIR: serve enclaves the files of SCHEME:// from DIR (tests)");
  CLI11_PARSE(app, argc, argv);

  if (!ParseFaults(faults, options)) return 2;
  if (!served.empty()) {
    const auto parsed = soteria::host::ParseServedScheme(served);
    if (!parsed.ok()) {
      std::fprintf(stderr, "soteria-host: %s\n", Message(parsed.status()).c_str());
      return 2;
    }
    options.served = {parsed->scheme, Absolute(parsed->directory)};
  }
  directory = Absolute(directory);
  const std::string state_path = state.empty() ? directory + "/state.json" : Absolute(state);
  options.state_directory = state_path.substr(0, state_path.rfind('/'));
  options.state_name = state_path.substr(state_path.rfind('/') + 1);
  options.log_directory = log_directory.empty() ? directory : Absolute(log_directory);
  options.record_directory = Absolute(options.record_directory);
  options.keep_released = Absolute(options.keep_released);
  options.master = Absolute(options.master.empty() ? BesideUs("soteria-master") : options.master);
  options.worker = Absolute(options.worker.empty() ? BesideUs("soteria-worker") : options.worker);
  options.statistics =
      Absolute(options.statistics.empty() ? BesideUs("soteria-stats") : options.statistics);
  if (!simulated_key.empty()) {
    options.enclave_arguments.push_back("--simulated-key");
    options.enclave_arguments.push_back(Absolute(simulated_key));
  }
  // Ours alone, so that it can go at the end with all that killed workers have left in it.
  spill = spill.empty() ? directory + "/spill"
                        : Absolute(spill) + "/soteria-" + soteria::host::NewCookie();
  options.worker_arguments = WorkerArguments(spill, memory);
  options.cell_folder = spill;
  return RunHost(options, spill);
}
