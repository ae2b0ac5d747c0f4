#include "src/client/paths.h"

#include <unistd.h>

#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/path.h"

namespace soteria::client {
namespace {

constexpr std::string_view kFileScheme = "file:";
constexpr size_t kPathBytesMax = 4096;

// "hdfs:/...": what stands before the first slash ends in a colon.
bool HasScheme(std::string_view path) {
  const size_t colon = path.find(":/");
  return path.starts_with(kFileScheme) ||
         (colon != std::string_view::npos && colon > 0 && path.find('/') > colon);
}

}  // namespace

std::string Absolute(std::string_view path, std::string_view working_dir) {
  std::string whole = path.starts_with('/') ? std::string(path) : base::Cat(working_dir, "/", path);
  std::vector<std::string_view> parts;
  std::string_view rest = whole;
  while (!rest.empty()) {
    size_t slash = rest.find('/');
    std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  std::string out;
  for (std::string_view part : parts) out += base::Cat("/", part);
  return out.empty() ? "/" : out;
}

base::StatusOr<Home> ResolveHome(std::string_view option, std::string_view soteria_home,
                                 std::string_view home, std::string_view working_dir) {
  if (!option.empty()) return Home{Absolute(option, working_dir)};
  if (!soteria_home.empty()) return Home{Absolute(soteria_home, working_dir)};
  if (home.empty()) {
    return base::Fail(base::kInput,
                      "HOME is not set, so there is no default state directory: give --home DIR or "
                      "set SOTERIA_HOME");
  }
  return Home{Absolute(base::Cat(home, "/.soteria"), working_dir)};
}

base::StatusOr<std::string> StoragePath(std::string_view path, std::string_view working_dir) {
  if (path.empty()) return base::Fail(base::kInput, "an empty path names no place in storage");
  if (path.size() > kPathBytesMax) return base::Fail(base::kInput, "the path is over 4096 bytes");
  return policy::NormalisePath(HasScheme(path) ? std::string(path) : Absolute(path, working_dir));
}

base::StatusOr<RootPlace> ParseRootPlace(std::string_view text, std::string_view working_dir) {
  const size_t equals = text.rfind('=');
  RootPlace place;
  if (equals != std::string_view::npos && HasScheme(text) && !text.starts_with(kFileScheme)) {
    if (equals + 1 == text.size()) {
      return base::Fail(base::kInput, base::Cat(text, ": after the = comes a local copy's folder"));
    }
    place.copy = Absolute(text.substr(equals + 1), working_dir);
    text = text.substr(0, equals);
  }
  SOTERIA_ASSIGN_OR_RETURN(place.path, StoragePath(text, working_dir));
  return place;
}

base::Status CheckReachable(const std::string& path, std::string_view remedy) {
  if (policy::IsLocal(path)) return base::OkStatus();
  return base::Fail(base::kUnsupported,
                    base::Cat("this machine has no file system for ", policy::SchemeOf(path), ": (",
                              path, "); ", remedy));
}

std::pair<std::string, std::string> SplitPath(std::string_view absolute) {
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.remove_suffix(1);
  size_t slash = absolute.rfind('/');
  if (slash == std::string_view::npos) return {".", std::string(absolute)};
  std::string_view parent = slash == 0 ? absolute.substr(0, 1) : absolute.substr(0, slash);
  return {std::string(parent), std::string(absolute.substr(slash + 1))};
}

base::StatusOr<std::string> ProgramDirectory() {
  std::string path(kPathBytesMax, '\0');
  ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0 || static_cast<size_t>(size) == path.size()) {
    return base::Fail(base::kIo, "cannot find the directory of the running program");
  }
  path.resize(static_cast<size_t>(size));
  return SplitPath(path).first;
}

}  // namespace soteria::client
