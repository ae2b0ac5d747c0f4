// What the commands share: lines, the progress line, paths and keys.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "src/apps/soteria/commands.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/key_file.h"
#include "src/client/paths.h"

namespace soteria::apps {
namespace {

constexpr uint64_t kMegabyte = 1'000'000;
constexpr uint64_t kPercent = 100;

void Write(std::FILE* out, std::string_view line) {
  std::string text = base::Cat(line, "\n");  // one write, so that threads' lines don't mix
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

}  // namespace

std::string Context::Absolute(const std::string& path) const {
  return client::Absolute(path, working_dir);
}

std::string Context::KeyPath(const std::string& option) const {
  return option.empty() ? owner.home.key_file() : Absolute(option);
}

base::StatusOr<crypto::Secret> Context::ReadKey(const std::string& option) const {
  SOTERIA_RETURN_IF_ERROR(client::CheckKeyNotLost(owner, KeyPath(option)));
  return client::ReadUserKey(owner.files, KeyPath(option));
}

CLI::App* AddCommand(CLI::App& parent, Context& context, const char* name, const char* description,
                     const char* examples) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer(base::Cat("Examples:\n", examples));
  command->add_option("--home", context.home_option,
                      "The owner's state directory (default: SOTERIA_HOME, else ~/.soteria)");
  return command;
}

base::StatusOr<std::vector<attest::TeeKind>> ParseKinds(const std::vector<std::string>& names) {
  std::vector<attest::TeeKind> kinds;
  for (const std::string& name : names) {
    base::StatusOr<attest::TeeKind> kind = attest::ParseTeeKind(name);
    if (!kind.ok()) {
      return base::Fail(base::kInput, base::Cat("\"", name,
                                                "\" is no TEE kind; there are sgx, tdx, snp and "
                                                "simulated"));
    }
    kinds.push_back(*kind);
  }
  return kinds;
}

void PrintLine(std::string_view line) { Write(stdout, line); }
void SayLine(std::string_view line) { Write(stderr, line); }

client::Progress ProgressOnTerminal() {
  if (::isatty(STDERR_FILENO) == 0) return [](uint64_t, uint64_t) {};
  return [](uint64_t done, uint64_t total) {
    if (total == 0) return;
    std::fprintf(stderr, "\r%3u %%  %u MB of %u MB", static_cast<unsigned>(done * kPercent / total),
                 static_cast<unsigned>(done / kMegabyte), static_cast<unsigned>(total / kMegabyte));
    std::fflush(stderr);
  };
}

void FinishProgress() {
  if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
}

std::vector<std::string> CommandOf(std::vector<std::string> words) {
  if (!words.empty() && words[0] == "--") words.erase(words.begin());
  if (words.empty() || !words[0].ends_with(".py")) return words;
  for (const char* name : {"PYSPARK_DRIVER_PYTHON", "PYSPARK_PYTHON"}) {
    const char* python = std::getenv(name);
    if (python != nullptr && *python != '\0') {
      words.insert(words.begin(), python);
      return words;
    }
  }
  words.insert(words.begin(), "python3");
  return words;
}

}  // namespace soteria::apps
