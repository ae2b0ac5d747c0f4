#include "src/client/run.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/base/text.h"
#include "src/client/command.h"
#include "src/client/endpoint.h"
#include "src/client/grants.h"
#include "src/client/key_file.h"
#include "src/client/ledger_check.h"
#include "src/client/records.h"
#include "src/policy/manifest.h"

namespace soteria::client {
namespace {

constexpr int64_t kBusyPollMs = 250;

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
                                              "start"));
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
  say(base::Cat("released: ", release.statistic, ": ", release.budget_spent, " numbers about ",
                release.rows, " rows (", release.kind, ", ", ledger::LevelName(release.level),
                "); its value is computed outside the enclaves",
                release.unverified ? " and NOT VERIFIED" : ""));
}

class Job {
 public:
  Job(Owner& owner, const RunOptions& options, const Say& say)
      : owner_(owner), options_(options), say_(say) {}

  base::Status Prepare() {
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
    auto on_error = [this](const base::Status& why) {
      if (!session_->lost()) say_(base::Cat("a connection was refused: ", base::Message(why)));
    };
    SOTERIA_ASSIGN_OR_RETURN(endpoint_, Endpoint::Open(open_tunnel, on_error));
    return base::OkStatus();
  }

  std::string remote() const { return base::Cat("sc://localhost:", endpoint_->port()); }
  std::string token() const { return std::string(session_->bearer_token()); }
  bool lost() const { return session_->lost(); }

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
  // The host starts a fresh master for each job; the last one may still be going.
  base::Status Attest(const MasterAddress& address, const Grants& grants,
                      const crypto::Secret& key) {
    auto dial = [address] { return base::Dial(address.host, address.port); };
    auto on_lost = [this](const base::Status& why) {
      told_ = true;
      say_(base::Cat("error: the session is over: ", base::Message(why),
                     ". Outputs that were published before remain; run the job again"));
    };
    int64_t give_up_ms = owner_.clock.MonotonicMs() + options_.busy_ms;
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
      bool is_busy = base::Is(session.status(), base::kMasterLost);
      if (!is_busy || owner_.clock.MonotonicMs() >= give_up_ms) {
        return base::WithContext(session.status(),
                                 base::Cat("master at ", address.host, ":", address.port));
      }
      ::usleep(static_cast<useconds_t>(kBusyPollMs * 1000));
    }
  }

  Owner& owner_;
  const RunOptions& options_;
  const Say& say_;
  policy::Manifest manifest_;
  std::unique_ptr<Records> records_;
  std::atomic<bool> told_ = false;
  // Destroyed first: the endpoint's connections use the session, the session the records.
  std::unique_ptr<OwnerSession> session_;
  std::unique_ptr<Endpoint> endpoint_;
};

}  // namespace

base::StatusOr<int> Run(Owner& owner, const RunOptions& options, const Say& say,
                        const std::function<void(std::string_view)>& print_exports) {
  Job job(owner, options, say);
  SOTERIA_RETURN_IF_ERROR(job.Prepare());
  SOTERIA_RETURN_IF_ERROR(job.OpenEndpoint());
  if (options.command.empty()) {
    print_exports(base::Cat("export SPARK_REMOTE=", job.remote(),
                            "\nexport SPARK_CONNECT_AUTHENTICATE_TOKEN=", job.token(), "\n"));
    WaitForStop(options.stop_fd, [&job] { return job.lost(); });
    return job.Finish(kExitOk);
  }
  // Without the third, PySpark 4.3 hangs at the end of a script that leaves a model to the
  // interpreter: its finalizer calls the server when gRPC's threads are gone already.
  base::StatusOr<int> exit_code =
      RunCommand(options.command, {{"SPARK_REMOTE", job.remote()},
                                   {"SPARK_CONNECT_AUTHENTICATE_TOKEN", job.token()},
                                   {"SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true"}});
  int session_code = job.Finish(exit_code.ok() ? *exit_code : kExitFailed);
  if (!exit_code.ok()) return exit_code.status();
  return session_code;
}

}  // namespace soteria::client
