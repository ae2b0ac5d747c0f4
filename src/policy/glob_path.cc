#include "src/policy/glob_path.h"

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/path.h"

namespace soteria::policy {
namespace {

base::Status Refuse(std::string_view path, std::string_view why) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("path \"", path.substr(0, kPathBytesMax), "\" ", why));
}

/// The texts that {a,b} stand for, without their braces.
base::StatusOr<std::vector<std::string>> Alternatives(std::string_view path) {
  std::vector<std::string> open = {std::string(path)};
  std::vector<std::string> made;
  while (!open.empty()) {
    const std::string one = std::move(open.back());
    open.pop_back();
    const size_t begin = one.find('{');
    if (begin == std::string::npos) {
      if (one.find('}') != std::string::npos) return Refuse(path, "has a } without its {");
      made.push_back(one);
      continue;
    }
    size_t from = begin + 1;
    size_t end = std::string::npos;
    int depth = 1;
    std::vector<std::string> choices;
    for (size_t i = from; i < one.size() && end == std::string::npos; ++i) {
      if (one[i] == '{') ++depth;
      if (one[i] == '}') --depth;
      if ((one[i] == ',' && depth == 1) || depth == 0) {
        choices.push_back(one.substr(from, i - from));
        from = i + 1;
      }
      if (depth == 0) end = i;
    }
    if (end == std::string::npos) return Refuse(path, "has a { without its }");
    if (open.size() + made.size() + choices.size() > kGlobAlternativesMax) {
      return Refuse(path, base::Cat("stands for more than ", kGlobAlternativesMax, " paths"));
    }
    for (auto choice = choices.rbegin(); choice != choices.rend(); ++choice) {
      open.push_back(one.substr(0, begin) + *choice + one.substr(end + 1));
    }
  }
  return made;
}

/// Whether `c` is one of [..] that begins at `at`, which is moved behind it.
bool InClass(std::string_view pattern, size_t* at, char c) {
  size_t i = *at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '^' || pattern[i] == '!');
  if (negated) ++i;
  bool found = false;
  for (; i < pattern.size() && pattern[i] != ']'; ++i) {
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      found = found || (c >= pattern[i] && c <= pattern[i + 2]);
      i += 2;
    } else {
      found = found || c == pattern[i];
    }
  }
  *at = i + 1;
  return found != negated;
}

}  // namespace

base::StatusOr<std::vector<GlobPath>> SplitGlobs(std::string_view path) {
  if (path.size() > kPathBytesMax) return Refuse(path, "is too long");
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> texts, Alternatives(path));
  std::vector<GlobPath> paths;
  for (const std::string& text : texts) {
    GlobPath made;
    const size_t wildcard = text.find_first_of("*?[");
    if (wildcard == std::string::npos) {
      made.folder = text;
      paths.push_back(std::move(made));
      continue;
    }
    const size_t cut = text.rfind('/', wildcard);
    if (cut == std::string::npos) return Refuse(path, "begins with a wildcard: name its folder");
    made.folder = text.substr(0, cut);
    std::string_view rest = std::string_view(text).substr(cut + 1);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    for (;;) {
      const size_t slash = rest.find('/');
      const std::string_view part = rest.substr(0, slash);
      if (part.empty() || part == "." || part == "..")
        return Refuse(path, "has a part that can't be");
      const size_t bracket = part.rfind('[');
      if (bracket != part.npos && part.find(']', bracket) == part.npos) {
        return Refuse(path, "has a [ without its ]");
      }
      made.parts.emplace_back(part);
      if (slash == rest.npos) break;
      rest.remove_prefix(slash + 1);
    }
    paths.push_back(std::move(made));
  }
  return paths;
}

bool MatchesPart(std::string_view pattern, std::string_view part) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t retry = 0;
  while (t < part.size()) {
    size_t next = p;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == '[' && InClass(pattern, &next, part[t])) {
      p = next;
      ++t;
    } else if (p < pattern.size() && pattern[p] != '[' &&
               (pattern[p] == '?' || pattern[p] == part[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace soteria::policy
