#include "src/client/run.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/base/text.h"
#include "src/channel/attested.h"
#include "src/client/command.h"
#include "src/client/endpoint.h"
#include "src/client/grants.h"
#include "src/client/key_file.h"
#include "src/client/ledger_check.h"
#include "src/client/records.h"
#include "src/client/roots_file.h"
#include "src/policy/manifest.h"

namespace soteria::client {
namespace {

constexpr int64_t kBusyPollMs = 250;
constexpr int64_t kBusyMs = 3'000;
// Anybody on this machine can make the endpoint turn somebody away.
constexpr int kRefusalsToldMax = 5;

base::StatusOr<policy::Manifest> ReadManifest(Owner& owner, const std::string& path) {
  auto [root, name] = SplitPath(path);
  base::StatusOr<std::string> text = owner.files.ReadAll(root, name, policy::kManifestBytesMax);
  if (!text.ok()) {
    return base::Fail(base::kInput, base::Cat("cannot read the Manifest ", path, ": ",
                                              base::Message(text.status())));
  }
  base::StatusOr<policy::Manifest> manifest = policy::ParseManifest(*text);
  if (!manifest.ok()) return base::WithContext(manifest.status(), path);
  return manifest;
}

base::StatusOr<MasterAddress> AddressOf(Owner& owner, const RunOptions& options) {
  if (options.master.has_value()) return *options.master;
  SOTERIA_ASSIGN_OR_RETURN(ClusterState state, FindCluster(owner.files, options.cluster_dir));
  if (!state.running) {
    return base::Fail(base::kInput, base::Cat("the cluster in ", options.cluster_dir,
                                              " is not running; start it with: soteria cluster "
                                              "start --simulated"));
  }
  return MasterAddress{"127.0.0.1", state.port};
}

bool IsSimulated(const policy::Manifest& manifest) {
  return std::find(manifest.tee.kinds.begin(), manifest.tee.kinds.end(),
                   attest::TeeKind::kSimulated) != manifest.tee.kinds.end();
}

void SayReport(const SessionReport& report, const Say& say) {
  say(base::Cat("session: ", report.stages, " stages, ", report.tasks, " tasks, ", report.rebuilds,
                " blocks rebuilt, ", report.retries, " retries, ", report.repeats,
                " repeats ignored, ", report.workers_admitted, " workers admitted, ",
                report.workers_lost, " lost, ", report.spilled_bytes, " bytes spilled, ",
                report.opened_bytes, " bytes opened again"));
}

// Spark Connect has no field for it, so that this line is where a script's user sees it.
void SayRelease(const ledger::Release& release, const Say& say) {
  const bool binned = ledger::IsBinned(release);
  say(base::Cat("released: ", release.statistic, ": ", release.budget_spent, " numbers about ",
                release.rows, " rows (", release.kind, ", ", ledger::LevelName(release.level),
                binned ? ", binned" : "", "); its value is ", binned ? "approximate and " : "",
                "computed outside the enclaves", release.unverified ? " and NOT VERIFIED" : ""));
}

// For a shell: in single quotes, which end at themselves only.
std::string ShellQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

class Job {
 public:
  Job(Owner& owner, const RunOptions& options, const Say& say)
      : owner_(owner), options_(options), say_(say) {}
  // The endpoint's connections use the session, whose threads tell the endpoint of a loss.
  ~Job() {
    if (endpoint_ != nullptr) endpoint_->Close();
    session_.reset();
  }

  /// Of a session that can't be used: so that the master doesn't wait for its owner.
  base::Status Abandon(base::Status why) {
    session_->End(false).status().IgnoreError();
    return why;
  }

  base::Status Prepare() {
    SOTERIA_RETURN_IF_ERROR(CheckKeyNotLost(owner_, options_.key_path));
    SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, ReadUserKey(owner_.files, options_.key_path));
    SOTERIA_ASSIGN_OR_RETURN(manifest_, ReadManifest(owner_, options_.manifest_path));
    if (IsSimulated(manifest_)) say_("NOT PROTECTED: simulated enclaves");
    for (const std::string& warning : manifest_.warnings()) say_(base::Cat("warning: ", warning));
    SOTERIA_ASSIGN_OR_RETURN(MasterAddress address, AddressOf(owner_, options_));
    SOTERIA_ASSIGN_OR_RETURN(records_, Records::Open(owner_, key));
    records_->OnRelease([this](const ledger::Release& release) { SayRelease(release, say_); });
    SOTERIA_RETURN_IF_ERROR(KeepManifest(owner_, manifest_));
    SOTERIA_ASSIGN_OR_RETURN(Grants grants, PrepareGrants(owner_, key, manifest_, *records_));
    for (const std::string& path : grants.created) {
      if (options_.verbose) say_(base::Cat("made an empty sealed tree at ", path));
    }
    for (const std::string& path : grants.unrecorded) {
      say_(base::Cat("warning: ", path,
                     " was not seen on this machine before, so only the Manifest's min_version "
                     "guards against an older copy (soteria versions import brings the records of "
                     "another machine)"));
    }
    return Attest(address, grants, key);
  }

  base::Status OpenEndpoint() {
    auto open_tunnel = [this] { return session_->OpenTunnel(); };
    auto on_error = [this](const base::Status& why) { SayRefused(why); };
    SOTERIA_ASSIGN_OR_RETURN(auto endpoint, Endpoint::Open(open_tunnel, on_error));
    SOTERIA_ASSIGN_OR_RETURN(roots_, RootsFile::Write(owner_, endpoint->certificate_pem(),
                                                      VariableOf(kRootsVariable).value_or("")));
    if (options_.verbose && !endpoint->has_ipv6()) {
      say_("this machine has no ::1: the endpoint listens on 127.0.0.1 only");
    }
    if (options_.verbose && !roots_->has_others()) {
      say_("no roots of this system: gRPC in the command trusts this session's endpoint only");
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    endpoint_ = std::move(endpoint);
    if (!over_.ok()) endpoint_->Refuse(over_);
    return base::OkStatus();
  }

  /// What a client of the endpoint has in its environment.
  std::vector<EnvironmentVariable> Variables() const {
    std::vector<EnvironmentVariable> out = {
        {"SPARK_REMOTE", base::Cat("sc://localhost:", endpoint_->port(), "/;use_ssl=true")},
        {"SPARK_CONNECT_AUTHENTICATE_TOKEN", std::string(session_->bearer_token())},
        {kRootsVariable, roots_->path()}};
    for (EnvironmentVariable& variable : DirectLoopback(VariableOf)) {
      out.push_back(std::move(variable));
    }
    // Without it, PySpark 4.3 hangs at the end of a script that leaves a model to the interpreter:
    // its finalizer calls the server when gRPC's threads are gone already.
    out.push_back({"SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true"});
    return out;
  }

  bool lost() const { return session_->lost(); }

  /// After a loss: clients are told so until the owner stops this; meanwhile another session may
  /// begin.
  int OutliveSession() {
    session_->End(false).status().IgnoreError();  // its threads have ended, nothing is stored now
    records_.reset();
    say_("clients of this endpoint are told so until you end this (Ctrl-C)");
    const int64_t give_up_ms = owner_.clock.MonotonicMs() + options_.lost_ms;
    WaitForStop(options_.stop_fd, [&] { return owner_.clock.MonotonicMs() >= give_up_ms; });
    endpoint_->Close();
    return kExitMasterLost;
  }

  int Finish(int exit_code) {
    base::StatusOr<SessionReport> report = session_->End(exit_code == kExitOk);
    endpoint_->Close();
    if (!report.ok()) {
      if (!told_) say_(base::Cat("error: ", base::Message(report.status())));
      return kExitMasterLost;
    }
    if (options_.verbose) SayReport(*report, say_);
    return exit_code;
  }

 private:
  void SayRefused(const base::Status& why) {
    if (session_->lost()) return;
    const int told = refusals_told_++;
    if (told < kRefusalsToldMax) say_(base::Cat("a connection was refused: ", base::Message(why)));
    if (told == kRefusalsToldMax) say_("more connections were refused, which isn't told any more");
  }

  void OnLost(const base::Status& why) {
    told_ = true;
    say_(base::Cat("error: the session is over: ", base::Message(why),
                   ". Outputs that were published before remain; run the job again"));
    const std::lock_guard<std::mutex> lock(mutex_);
    over_ = base::WithContext(why, "the session is over, run the job again");
    if (endpoint_ != nullptr) endpoint_->Refuse(over_);
  }

  // The host starts a fresh master for each job; the last one may still be going.
  base::Status Attest(const MasterAddress& address, const Grants& grants,
                      const crypto::Secret& key) {
    auto dial = [address] { return base::Dial(address.host, address.port); };
    auto on_lost = [this](const base::Status& why) { OnLost(why); };
    const int64_t first_ms = owner_.clock.MonotonicMs();
    int64_t give_up_ms = first_ms + options_.busy_ms;
    bool took_over = false;
    while (true) {
      const int64_t began_ms = owner_.clock.MonotonicMs();
      auto session = OwnerSession::Open(owner_, dial, manifest_, grants, key, *records_,
                                        options_.times, on_lost);
      if (session.ok()) {
        session_ = *std::move(session);
        if (options_.verbose) {
          say_(base::Cat("attested and provisioned in ", owner_.clock.MonotonicMs() - began_ms,
                         " ms"));
        }
        return base::OkStatus();
      }
      if (!took_over && base::Is(session.status(), channel::kTakenOver)) {
        say_("an earlier session of yours was ended, as its program is gone; a new one begins");
        took_over = true;
        give_up_ms = owner_.clock.MonotonicMs() + options_.restart_ms;
      }
      // Somebody's session that lives or lingers won't end in the next seconds, unless it just
      // does.
      const bool busy = !took_over && base::Is(session.status(), channel::kMasterBusy);
      const int64_t until_ms = busy ? std::min(give_up_ms, first_ms + kBusyMs) : give_up_ms;
      if (!MayComeFree(session.status(), took_over) || owner_.clock.MonotonicMs() >= until_ms) {
        return base::WithContext(session.status(),
                                 base::Cat("master at ", address.host, ":", address.port));
      }
      if (StopCame(kBusyPollMs)) {
        return base::Fail(base::kCancelled, "interrupted before the session began");
      }
    }
  }

  // kIo: a host that is between two masters may not listen for a moment.
  static bool MayComeFree(const base::Status& why, bool took_over) {
    return base::Is(why, base::kMasterLost) || base::Is(why, channel::kMasterBusy) ||
           base::Is(why, channel::kTakenOver) || (took_over && base::Is(why, base::kIo));
  }

  Owner& owner_;
  const RunOptions& options_;
  const Say& say_;
  policy::Manifest manifest_;
  std::unique_ptr<Records> records_;
  std::atomic<bool> told_ = false;
  std::atomic<int> refusals_told_ = 0;
  std::mutex mutex_;  // guards over_, and endpoint_ until it is open
  base::Status over_;
  std::unique_ptr<RootsFile> roots_;
  std::unique_ptr<OwnerSession> session_;
  std::unique_ptr<Endpoint> endpoint_;
};

}  // namespace

base::StatusOr<int> Run(Owner& owner, const RunOptions& options, const Say& say,
                        const std::function<void(std::string_view)>& print_exports) {
  Job job(owner, options, say);
  SOTERIA_RETURN_IF_ERROR(job.Prepare());
  const base::Status opened = job.OpenEndpoint();
  if (!opened.ok()) return job.Abandon(opened);
  if (options.command.empty()) {
    std::string exports;
    for (const EnvironmentVariable& variable : job.Variables()) {
      exports += base::Cat("export ", variable.name, "=", ShellQuoted(variable.value), "\n");
    }
    print_exports(exports);
    WaitForStop(options.stop_fd, [&job] { return job.lost(); });
    return job.lost() ? job.OutliveSession() : job.Finish(kExitOk);
  }
  base::StatusOr<int> exit_code = RunCommand(options.command, job.Variables());
  int session_code = job.Finish(exit_code.ok() ? *exit_code : kExitFailed);
  if (!exit_code.ok()) return exit_code.status();
  return session_code;
}

}  // namespace soteria::client
