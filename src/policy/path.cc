#include "src/policy/path.h"

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::policy {
namespace {

base::Status Refuse(std::string_view path, std::string_view why) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("path \"", path.substr(0, kPathBytesMax), "\" ", why));
}

// A letter, then letters, digits, '+', '-', '.', then ':' (RFC 3986): "s3a:", "hdfs:".
bool HasScheme(std::string_view path) {
  const size_t colon = path.find(':');
  return colon != std::string_view::npos && path.find('/') > colon && colon > 0;
}

base::Status CheckPart(std::string_view path, std::string_view part) {
  if (part.empty()) return Refuse(path, "has an empty part: write one slash between parts");
  if (part == "." || part == "..") {
    return Refuse(path, "has a part \".\" or \"..\": write the path without it");
  }
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return Refuse(path, "has a control character");
    if (c == '%') return Refuse(path, "has a percent code: write the plain character");
    if (c == '\\') return Refuse(path, "has a backslash");
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '{' || c == '}') {
      return Refuse(path, "has a glob: name one data set or folder");
    }
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::string> NormalisePath(std::string_view path) {
  if (path.size() > kPathBytesMax) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("a path has ", path.size(), " bytes, more than ", kPathBytesMax));
  }
  std::string_view rest = path;
  if (rest.starts_with("file:")) {
    rest.remove_prefix(5);
    if (rest.starts_with("//")) {
      rest.remove_prefix(2);
      if (!rest.starts_with("/")) return Refuse(path, "names a host: write file:///folder");
    }
  } else if (HasScheme(rest)) {
    return Refuse(path, "has a scheme other than file:");
  }
  if (!rest.starts_with("/")) return Refuse(path, "isn't absolute: write file:///folder");
  if (rest.size() == 1) return Refuse(path, "is the root of the file system");
  if (rest.ends_with("/")) rest.remove_suffix(1);

  std::string_view parts = rest.substr(1);
  while (true) {
    const size_t slash = parts.find('/');
    SOTERIA_RETURN_IF_ERROR(CheckPart(path, parts.substr(0, slash)));
    if (slash == std::string_view::npos) break;
    parts.remove_prefix(slash + 1);
  }
  return std::string(rest);
}

bool IsWithin(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace soteria::policy
