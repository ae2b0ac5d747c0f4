// The commands of the `soteria` program: each Add... declares one command's options and, once they
// are parsed, leaves what to do in Context::action. No logic of its own: src/client does the work.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/attest/evidence.h"
#include "src/base/status.h"
#include "src/client/owner.h"
#include "src/crypto/secret.h"

namespace soteria::apps {

struct Context {
  client::Owner& owner;
  std::string working_dir;
  std::string program_dir;
  std::string home_option;
  /// What stood behind the first "--" of the command line: the command that `run` runs.
  std::vector<std::string> behind_dashes;
  /// Set by the command that was given; its value is the exit code.
  std::function<base::StatusOr<int>()> action;

  std::string Absolute(const std::string& path) const;
  /// Absolute, of what has to be there: kPathNotFound with a name beside it that looks like it.
  base::StatusOr<std::string> InputFile(const std::string& path) const;
  /// --key, else the home's user.key.
  std::string KeyPath(const std::string& option) const;
  base::StatusOr<crypto::Secret> ReadKey(const std::string& option) const;
};

/// Adds a command with --home and the examples below its help.
CLI::App* AddCommand(CLI::App& parent, Context& context, const char* name, const char* description,
                     const char* examples);

void AddKeygen(CLI::App& app, Context& context);
void AddPut(CLI::App& app, Context& context);
void AddGet(CLI::App& app, Context& context);
void AddManifest(CLI::App& app, Context& context);
void AddCluster(CLI::App& app, Context& context);
void AddRun(CLI::App& app, Context& context);
void AddConnect(CLI::App& app, Context& context);
void AddLedger(CLI::App& app, Context& context);
void AddVersions(CLI::App& app, Context& context);
void AddVersion(CLI::App& app, Context& context);

/// What is wrong with the command line, and what was probably meant; empty where `error` is no
/// mistake (--help).
std::string UsageMistake(const CLI::App& app, const CLI::ParseError& error);

/// What every command under simulated enclaves says.
inline constexpr char kNotProtected[] = "NOT PROTECTED: simulated enclaves";

/// One line on standard output or standard error.
void PrintLine(std::string_view line);
void SayLine(std::string_view line);

/// sgx, tdx, snp, simulated.
base::StatusOr<std::vector<attest::TeeKind>> ParseKinds(const std::vector<std::string>& names);

/// A progress line on standard error when that is a terminal; finished by FinishProgress.
client::Progress ProgressOnTerminal();
void FinishProgress();

/// The command that `run` starts: a Python script is given to the Python interpreter.
std::vector<std::string> CommandOf(std::vector<std::string> words);

}  // namespace soteria::apps
