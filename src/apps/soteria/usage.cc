// Mistakes in the command line, told by what was probably meant.
#include <filesystem>
#include <vector>

#include "src/apps/soteria/commands.h"
#include "src/base/edit_distance.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::apps {
namespace {

constexpr size_t kNamesMax = 10'000;

// "soteria manifest new": how far the words were understood.
struct Understood {
  const CLI::App* command;
  std::string words;
};

Understood UnderstoodOf(const CLI::App& app) {
  Understood out{&app, app.get_name()};
  while (!out.command->get_subcommands().empty()) {
    out.command = out.command->get_subcommands().front();
    out.words += base::Cat(" ", out.command->get_name());
  }
  return out;
}

std::vector<std::string> CommandNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* one : command.get_subcommands({})) names.push_back(one->get_name());
  return names;
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(base::Cat("--", name));
  }
  return names;
}

std::string DidYouMean(const std::string& word, const std::vector<std::string>& names) {
  const std::string nearest = base::Nearest(word, names);
  return nearest.empty() ? "" : base::Cat("; did you mean ", nearest, "?");
}

}  // namespace

std::string UsageMistake(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return "";
  const Understood understood = UnderstoodOf(app);
  const std::vector<std::string> left = app.remaining(true);
  const std::string word = left.empty() ? "" : left.front().substr(0, left.front().find('='));
  const bool is_option = word.size() > 1 && word.front() == '-';
  std::vector<std::string> commands = CommandNames(*understood.command);
  std::string what = error.what();
  if (understood.command == &app) commands.emplace_back("help");
  if (is_option) {
    what =
        base::Cat("there is no option ", word, DidYouMean(word, OptionNames(*understood.command)));
  } else if (!word.empty() && !commands.empty()) {
    what = base::Cat("there is no command ", word, DidYouMean(word, commands));
  }
  return base::Cat("soteria: error: ", what, "\n", understood.words, " --help says what there is");
}

base::StatusOr<std::string> Context::InputFile(const std::string& path) const {
  if (path.empty()) return base::Fail(base::kInput, "an empty path names no file");
  std::string absolute = Absolute(path);
  std::error_code error;
  const std::filesystem::path wanted(absolute);
  if (std::filesystem::symlink_status(wanted, error).type() !=
      std::filesystem::file_type::not_found) {
    return absolute;
  }
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(wanted.parent_path(), error);
  for (; !error && entry != std::filesystem::directory_iterator() && names.size() < kNamesMax;
       entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  return base::Fail(base::kPathNotFound, base::Cat("Path does not exist: ", absolute,
                                                   DidYouMean(wanted.filename().string(), names)));
}

}  // namespace soteria::apps
