// ledger, versions, version: what the owner keeps, and which build this is.
#include <arrow/util/config.h>
#include <google/protobuf/stubs/common.h>

#include <cstdio>
#include <memory>

#include "src/apps/soteria/commands.h"
#include "src/attest/build.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/key_file.h"
#include "src/client/ledger_check.h"
#include "src/client/ledger_page.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/client/records.h"
#include "src/client/replay.h"
#include "src/client/run.h"
#include "src/client/stop_signals.h"

namespace soteria::apps {
namespace {

constexpr char kKeyHelp[] = "The user key's file (default: user.key in the state directory)";
constexpr int kExportMode = 0600;
constexpr int kPageMode = 0600;

struct LedgerArguments {
  std::string file, key;
  std::vector<std::string> manifests;
  bool json = false;
};

void AddLedgerOptions(CLI::App* command, LedgerArguments& arguments) {
  command->add_option("FILE", arguments.file, "A ledger (default: the owner's own)");
  command->add_option("--key", arguments.key, kKeyHelp);
  command
      ->add_option("--manifest", arguments.manifests,
                   "The Manifest of a session, to check its evidence (repeatable; those that ran "
                   "here are kept)")
      ->allow_extra_args(false);
}

base::StatusOr<client::CheckedLedger> Check(const Context& context,
                                            const LedgerArguments& arguments) {
  client::LedgerPlace place;
  for (const std::string& path : arguments.manifests) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string file, context.InputFile(path));
    auto [folder, name] = client::SplitPath(file);
    base::StatusOr<std::string> text =
        context.owner.files.ReadAll(folder, name, policy::kManifestBytesMax);
    if (!text.ok()) {
      return base::Fail(base::kInput, base::Cat("cannot read the Manifest ", path, ": ",
                                                base::Message(text.status())));
    }
    base::StatusOr<policy::Manifest> manifest = policy::ParseManifest(*text);
    if (!manifest.ok()) return base::WithContext(manifest.status(), path);
    place.manifests.push_back(*std::move(manifest));
  }
  if (!arguments.file.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(place.path, context.InputFile(arguments.file));
    return client::CheckLedger(context.owner, nullptr, place);
  }
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, context.ReadKey(arguments.key));
  return client::CheckLedger(context.owner, &key, place);
}

void AddVerify(CLI::App& ledger, Context& context) {
  CLI::App* command = AddCommand(
      ledger, context, "verify", "Says whole, cut off or broken, and what that leaves unproven.",
      "  soteria ledger verify\n"
      "  soteria ledger verify copy-of-ledger --manifest risk.toml\n"
      "Exit codes: 0 whole and each session's evidence verified, 1 broken, 4 "
      "cut off,\n5 whole, but a session's evidence could not be checked.");
  auto arguments = std::make_shared<LedgerArguments>();
  AddLedgerOptions(command, *arguments);
  command->callback([&context, arguments] {
    context.action = [&context, arguments]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(client::CheckedLedger checked, Check(context, *arguments));
      const ledger::LedgerReport& report = checked.report;
      PrintLine(base::Cat(ledger::VerdictName(report.verdict), ": ", report.entries, " entries, ",
                          report.sessions.size(), " sessions", report.reason.empty() ? "" : ". ",
                          report.reason));
      for (const std::string& open : client::Unproven(checked)) {
        PrintLine(base::Cat("unproven: ", open));
      }
      return client::VerifyExitCode(checked);
    };
  });
}

struct PageArguments : LedgerArguments {
  std::string out = "ledger.html", session;
};

void AddPage(CLI::App& ledger, Context& context) {
  CLI::App* command =
      AddCommand(ledger, context, "page",
                 "Writes one static HTML page of a job: what ran where, and what left.",
                 "  soteria ledger page --out risk.html\n"
                 "  soteria ledger page copy-of-ledger --manifest risk.toml --session 5f3a");
  auto arguments = std::make_shared<PageArguments>();
  AddLedgerOptions(command, *arguments);
  command->add_option("--out", arguments->out, "The page; replaced if it is there")
      ->capture_default_str();
  command->add_option("--session", arguments->session,
                      "The beginning of a session's id (default: the last one)");
  command->callback([&context, arguments] {
    context.action = [&context, arguments]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(client::CheckedLedger checked, Check(context, *arguments));
      SOTERIA_ASSIGN_OR_RETURN(const size_t session,
                               client::FindSession(checked.report, arguments->session));
      const std::string page = client::LedgerPage(checked, session, context.owner.clock.NowMs());
      const std::string out = context.Absolute(arguments->out);
      auto [folder, name] = client::SplitPath(out);
      const client::StopSignals stop;
      SOTERIA_RETURN_IF_ERROR(context.owner.files.WriteAtomically(folder, name, page, kPageMode));
      PrintLine(base::Cat("wrote ", out));
      const bool broken = checked.report.verdict == ledger::Verdict::kBroken;
      if (broken) SayLine(base::Cat("the ledger is broken: ", checked.report.reason));
      return broken ? client::kExitFailed : client::kExitOk;
    };
  });
}

struct ReplayArguments : LedgerArguments {
  std::string folder, session;
};

base::StatusOr<int> DoReplay(const Context& context, const ReplayArguments& arguments) {
  SOTERIA_ASSIGN_OR_RETURN(client::CheckedLedger checked, Check(context, arguments));
  const ledger::LedgerReport& report = checked.report;
  std::optional<size_t> session;
  if (!arguments.session.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(session, client::FindSession(report, arguments.session));
  }
  // A ledger from elsewhere is its owner's: without --key none of ours says anything of it.
  std::optional<crypto::Secret> mac_key;
  if (arguments.file.empty() || !arguments.key.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret key, context.ReadKey(arguments.key));
    mac_key = client::LedgerMacKey(key);
  }
  SOTERIA_ASSIGN_OR_RETURN(
      const client::ReplayReport replay,
      client::Replay(context.owner.files, report, session, context.Absolute(arguments.folder),
                     mac_key.has_value() ? &*mac_key : nullptr));
  for (const std::string& line : client::ReplayLines(replay)) PrintLine(line);
  if (!mac_key.has_value()) {
    SayLine("not compared with the values that the owner got: that needs the owner's key");
  }
  PrintLine(base::Cat("the ledger is ", ledger::VerdictName(report.verdict),
                      report.reason.empty() ? "" : ": ", report.reason));
  const bool good = replay.good() && report.verdict != ledger::Verdict::kBroken;
  return good ? client::kExitOk : client::kExitFailed;
}

void AddReplay(CLI::App& ledger, Context& context) {
  CLI::App* command = AddCommand(
      ledger, context, "replay",
      "Computes again what was computed outside, from the bytes that a cluster kept.",
      "  soteria cluster start --keep-released kept ...\n  soteria ledger replay kept\n"
      "  soteria ledger replay kept copy-of-ledger --manifest risk.toml --session 5f3a\n"
      "Exit codes: 0 every release is there and gives its value, 1 one is missing, altered or "
      "gives\nanother value than the owner got, or the ledger is broken.");
  auto arguments = std::make_shared<ReplayArguments>();
  command->add_option("DIR", arguments->folder, "What the cluster kept")->required();
  AddLedgerOptions(command, *arguments);
  command->add_option("--session", arguments->session,
                      "The beginning of a session's id (default: all)");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return DoReplay(context, *arguments); };
  });
}

}  // namespace

void AddLedger(CLI::App& app, Context& context) {
  CLI::App* command = AddCommand(
      app, context, "ledger", "Shows what was read, written, released and fetched, by which rule.",
      "  soteria ledger\n  soteria ledger --json | jq '.sessions[-1]'\n  soteria ledger verify");
  auto arguments = std::make_shared<LedgerArguments>();
  command->add_flag("--json", arguments->json, "For programs");
  AddLedgerOptions(command, *arguments);
  AddVerify(*command, context);
  AddPage(*command, context);
  AddReplay(*command, context);
  command->callback([&context, arguments, command] {
    if (!command->get_subcommands().empty()) return;
    context.action = [&context, arguments]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(client::CheckedLedger checked, Check(context, *arguments));
      std::string text =
          arguments->json ? ledger::RenderJson(checked.report) : ledger::RenderText(checked.report);
      if (!text.ends_with('\n')) text += '\n';
      std::fputs(text.c_str(), stdout);
      for (const std::string& open : client::Unproven(checked)) {
        SayLine(base::Cat("unproven: ", open));
      }
      bool is_broken = checked.report.verdict == ledger::Verdict::kBroken;
      return is_broken ? client::kExitFailed : client::kExitOk;
    };
  });
}

void AddVersions(CLI::App& app, Context& context) {
  CLI::App* versions =
      app.add_subcommand("versions", "Takes the owner's version records to another machine.");
  versions->require_subcommand(1);
  auto key = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  CLI::App* out = AddCommand(*versions, context, "export", "Writes the records to a new file.",
                             "  soteria versions export records");
  CLI::App* in = AddCommand(*versions, context, "import",
                            "Merges records of the same user key; the higher version wins.",
                            "  soteria versions import records");
  for (CLI::App* command : {out, in}) {
    command->add_option("FILE", *file, "The records' file")->required();
    command->add_option("--key", *key, kKeyHelp);
  }
  out->callback([&context, key, file] {
    context.action = [&context, key, file]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(crypto::Secret secret, context.ReadKey(*key));
      SOTERIA_ASSIGN_OR_RETURN(auto records, client::Records::Open(context.owner, secret));
      const client::StopSignals stop;
      SOTERIA_RETURN_IF_ERROR(client::WriteNewFile(context.owner.files, context.Absolute(*file),
                                                   records->versions().Export(), kExportMode));
      PrintLine(base::Cat("wrote ", records->versions().All().size(), " records"));
      return client::kExitOk;
    };
  });
  in->callback([&context, key, file] {
    context.action = [&context, key, file]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(crypto::Secret secret, context.ReadKey(*key));
      SOTERIA_ASSIGN_OR_RETURN(const std::string exported, context.InputFile(*file));
      auto [folder, name] = client::SplitPath(exported);
      SOTERIA_ASSIGN_OR_RETURN(
          std::string bytes, context.owner.files.ReadAll(folder, name, ledger::kVersionsBytesMax));
      std::vector<ledger::RootPath> kept;
      SOTERIA_ASSIGN_OR_RETURN(size_t records,
                               client::ImportVersions(context.owner, secret, bytes, &kept));
      for (const ledger::RootPath& there : kept) {
        SayLine(base::Cat("note: ", there.path, " is another root here than there (",
                          base::Hex(there.id), "); it stays what it is here"));
      }
      PrintLine(base::Cat("there are ", records, " records now"));
      return client::kExitOk;
    };
  });
}

std::string VersionText() {
  return base::Cat("soteria ", SOTERIA_VERSION, ", ",
                   attest::kSimulatedBuild
                       ? "simulated build (admits simulated enclaves when a Manifest does)"
                       : "hardware build (no simulated evidence code)",
                   "\narrow ", ARROW_VERSION_STRING, ", protobuf ",
                   google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION), ", cli11 ",
                   CLI11_VERSION);
}

void AddVersion(CLI::App& app, Context& context) {
  CLI::App* command =
      AddCommand(app, context, "version", "Says which build this is.", "  soteria version");
  command->callback([&context] {
    context.action = []() -> base::StatusOr<int> {
      PrintLine(VersionText());
      return client::kExitOk;
    };
  });
  app.set_version_flag("--version", VersionText(), "Says which build this is");
}

}  // namespace soteria::apps
