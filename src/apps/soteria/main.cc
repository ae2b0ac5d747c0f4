// soteria: the owner's program. Binds the world (files, clock, randomness), parses the command line
// and hands over to src/client. docs/cli.md describes every command and exit code.
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "src/apps/soteria/commands.h"
#include "src/base/errors.h"
#include "src/base/process.h"
#include "src/base/text.h"
#include "src/client/command.h"
#include "src/client/paths.h"
#include "src/client/run.h"
#include "src/client/stop_signals.h"
#include "src/crypto/identity.h"

namespace soteria::apps {
namespace {

constexpr char kFooter[] =
    "A first job, with simulated enclaves (they protect nothing):\n"
    "  soteria keygen\n"
    "  soteria put patients.csv file:///tmp/bucket/patients --allow-simulated\n"
    "  soteria cluster start --simulated\n"
    "  soteria manifest new --out risk.toml --simulated --read file:///tmp/bucket/patients \\\n"
    "      --write file:///tmp/bucket/models --output metrics,models\n"
    "  soteria run --manifest risk.toml train.py\n"
    "  soteria get file:///tmp/bucket/models/risk ./risk\n"
    "  soteria ledger\n"
    "\n"
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the master was lost during a "
    "session;\nrun gives back its command's own code otherwise.";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string WorkingDir() {
  char path[4096];
  return ::getcwd(path, sizeof path) == nullptr ? "/" : path;
}

int Failed(const base::Status& status) {
  SayLine(
      base::Cat("soteria: error: ", base::Message(status), " [", base::ConditionName(status), "]"));
  return client::kExitFailed;
}

int Main(int argc, char** argv) {
  if (base::Status hardened = base::HardenProcess(); !hardened.ok()) return Failed(hardened);
  std::unique_ptr<base::Files> files = base::PosixFiles();
  client::Owner owner{*files, base::SystemClock(), crypto::OsRandom(), {}};
  Context context{owner, WorkingDir(), "", "", {}, nullptr};
  // CLI11 would read on behind "--"; what stands there belongs to the command that `run` runs.
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--") continue;
    context.behind_dashes.assign(argv + i + 1, argv + argc);
    argc = i;
  }

  // `soteria help COMMAND` is `soteria COMMAND --help`.
  std::vector<char*> words(argv, argv + argc);
  char help[] = "--help";
  if (argc > 1 && std::string_view(argv[1]) == "help") {
    words.erase(words.begin() + 1);
    words.push_back(help);
  }

  CLI::App app{
      "Trains and applies machine-learning models on a cluster that must not see the data.",
      "soteria"};
  app.require_subcommand(1);
  app.footer(kFooter);
  app.add_option("--home", context.home_option,
                 "The owner's state directory (default: SOTERIA_HOME, else ~/.soteria)");
  for (auto add : {AddKeygen, AddPut, AddGet, AddManifest, AddCluster, AddRun, AddConnect,
                   AddLedger, AddVersions, AddVersion}) {
    add(app, context);
  }
  try {  // CLI11 reports by throwing
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    if (const std::string why = UsageMistake(app, error); !why.empty()) {
      SayLine(why);
      return client::kExitUsage;
    }
    return app.exit(error) == 0 ? client::kExitOk : client::kExitUsage;
  }

  base::StatusOr<std::string> program_dir = client::ProgramDirectory();
  if (!program_dir.ok()) return Failed(program_dir.status());
  context.program_dir = *program_dir;
  base::StatusOr<client::Home> home = client::ResolveHome(
      context.home_option, Variable("SOTERIA_HOME"), Variable("HOME"), context.working_dir);
  if (!home.ok()) return Failed(home.status());
  owner.home = *home;
  base::StatusOr<int> exit_code = context.action();
  if (client::StopSignals::Received() != 0) {
    if (!exit_code.ok()) Failed(exit_code.status());
    client::StopSignals::EndIfReceived();
  }
  if (exit_code.ok()) return *exit_code;
  Failed(exit_code.status());
  // Those that wait for signals (cluster start, run, connect) know of no other reason.
  if (base::Is(exit_code.status(), base::kCancelled) && client::StoppedBy() != 0) {
    client::StopSignals::EndBy(client::StoppedBy());
  }
  return client::kExitFailed;
}

}  // namespace
}  // namespace soteria::apps

int main(int argc, char** argv) { return soteria::apps::Main(argc, argv); }
