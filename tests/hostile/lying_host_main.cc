// A host for tests that lies on request: soteria-host's supervisor and sessions with an Adversary
// between, and a control port on loopback. One line a request, one an answer:
//
//   table                         all tricks: name:effect:chance:error,error...
//   arm SEED TRICK@AFTER ...      a script for the next job
//   rest                          no further lies; the tricks that took effect since `arm`
//
// Built for tests only, never installed.
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include "host/local/supervisor.h"
#include "src/base/env.h"
#include "src/base/log.h"
#include "src/base/net.h"
#include "src/base/text.h"
#include "tests/hostile/adversary.h"
#include "tests/hostile/misbehaviour.h"

namespace soteria::hostile {
namespace {

constexpr size_t kLineBytesMax = 4'096;

/// The adversary of one session: its frames and the control port come from different threads.
class LockedAdversary : public host::Interceptor {
 public:
  explicit LockedAdversary(Setting setting) : adversary_({}, 0, std::move(setting)) {}
  void FromMaster(const base::Frame& frame) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    adversary_.FromMaster(frame);
  }
  bool FromSlot(size_t worker, size_t slot, base::Frame& frame) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return adversary_.FromSlot(worker, slot, frame);
  }
  void WorkerReady(size_t worker) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    adversary_.WorkerReady(worker);
  }
  void WorkerLost(size_t worker) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    adversary_.WorkerLost(worker);
  }
  void Rewrite(host::Actions& actions) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    adversary_.Rewrite(actions);
  }
  void Arm(std::vector<Step> script, uint64_t seed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    adversary_.Arm(std::move(script), seed);
  }
  std::vector<Trick> Rest() {
    const std::lock_guard<std::mutex> lock(mutex_);
    adversary_.Rest();
    return adversary_.told();
  }
  std::shared_ptr<const Memory> Remembered() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::make_shared<const Memory>(adversary_.memory());
  }

 private:
  std::mutex mutex_;
  Adversary adversary_;
};

class Control {
 public:
  explicit Control(Setting setting) : setting_(std::move(setting)) {}

  /// The adversary of a new session, which has the one before to replay from.
  std::shared_ptr<host::Interceptor> NewSession() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (current_ != nullptr) setting_.other_session = current_->Remembered();
    current_ = std::make_shared<LockedAdversary>(setting_);
    return current_;
  }
  /// Serves one client after another, until the listener is closed.
  void Serve(base::Listener& listener) {
    while (true) {
      const auto stream = listener.Accept();
      if (!stream.ok()) return;
      std::string line;
      while (ReadLine(**stream, line)) {
        if (!(*stream)->Write(Answer(line) + "\n").ok()) break;
      }
    }
  }

 private:
  static bool ReadLine(base::ByteStream& stream, std::string& line) {
    line.clear();
    char byte = 0;
    while (line.size() < kLineBytesMax) {
      const auto got = stream.Read({&byte, 1});
      if (!got.ok() || *got == 0) return false;
      if (byte == '\n') return true;
      line += byte;
    }
    return false;
  }

  std::string Answer(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "table") return Table();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (verb == "rest") {
      std::string told;
      for (const Trick trick : current_->Rest()) told += std::string(InfoOf(trick).name) + " ";
      return told;
    }
    uint64_t seed = 0;
    if (verb != "arm" || !(words >> seed)) return "error";
    std::vector<Step> script;
    std::string word;
    while (words >> word) {
      const size_t at = word.find('@');
      const auto trick = TrickOf(word.substr(0, at));
      if (!trick.has_value() || at == std::string::npos) return "error";
      script.push_back({*trick, std::strtoull(word.c_str() + at + 1, nullptr, 10)});
    }
    current_->Arm(std::move(script), seed);
    return "ok";
  }

  static std::string Table() {
    std::string table;
    for (const TrickInfo& info : AllTricks()) {
      if (!info.frames_only) continue;
      table += base::Cat(info.name, ":", static_cast<int>(info.effect), ":",
                         static_cast<int>(info.chance), ":", info.tries, ":");
      for (const base::Condition* error : info.errors) table += std::string(error->name) + ",";
      table += " ";
    }
    return table;
  }

  std::mutex mutex_;
  Setting setting_;
  std::shared_ptr<LockedAdversary> current_;
};

int Main(int argc, char** argv) {
  base::SetLogName("soteria-lying-host");
  // `soteria` looks for this name before it talks to the process of a state file.
  prctl(PR_SET_NAME, "soteria-host");
  host::Supervisor::BlockSignals();
  host::SupervisorOptions options;
  std::string key, control_file;
  CLI::App app("soteria-host with an adversary inside, for tests.");
  app.add_option("--dir", options.state_directory)->required();
  app.add_option("--master", options.master)->required();
  app.add_option("--worker", options.worker)->required();
  app.add_option("--workers", options.workers);
  app.add_option("--extra-workers", options.extra_workers)->check(CLI::Range(0, 1));
  app.add_option("--simulated-key", key)->required();
  app.add_option("--control", control_file, "Where the control port is written")->required();
  CLI11_PARSE(app, argc, argv);
  options.state_name = "state.json";
  options.log_directory = options.state_directory;
  options.enclave_arguments = {"--simulated-key", key};

  const Setting setting{options.workers, options.slots, options.extra_workers > 0, nullptr};
  Control control(setting);
  options.intercept = [&] { return control.NewSession(); };
  const auto files = base::PosixFiles();
  const auto listener = base::Listener::Loopback(0);
  if (!listener.ok()) return 1;
  const size_t slash = control_file.rfind('/');
  if (!files
           ->WriteAtomically(control_file.substr(0, slash), control_file.substr(slash + 1),
                             std::to_string((*listener)->port()), 0600)
           .ok()) {
    return 1;
  }
  std::thread server([&] { control.Serve(**listener); });
  base::Status status;
  {
    host::Supervisor supervisor(options, *files, base::SystemClock());
    status = supervisor.Run();
  }
  (*listener)->Close();
  server.detach();  // it may wait for a client that doesn't go
  if (!status.ok()) std::fprintf(stderr, "%s\n", base::Message(status).c_str());
  std::fflush(nullptr);
  std::_Exit(status.ok() ? 0 : 1);
}

}  // namespace
}  // namespace soteria::hostile

int main(int argc, char** argv) { return soteria::hostile::Main(argc, argv); }
