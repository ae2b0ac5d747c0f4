#include "src/policy/path.h"

#include <utility>

#include "src/base/ascii.h"
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

// After the scheme and its host: "/a/b", perhaps with one slash at the end, which goes.
base::StatusOr<std::string_view> CheckParts(std::string_view path, std::string_view rest) {
  if (rest.size() <= 1) return Refuse(path, "is the root of the file system");
  if (rest.ends_with("/")) rest.remove_suffix(1);
  std::string_view parts = rest.substr(1);
  while (true) {
    const size_t slash = parts.find('/');
    SOTERIA_RETURN_IF_ERROR(CheckPart(path, parts.substr(0, slash)));
    if (slash == std::string_view::npos) return rest;
    parts.remove_prefix(slash + 1);
  }
}

base::Status CheckScheme(std::string_view path, std::string_view scheme) {
  bool fits = base::IsLowerLetter(scheme.front());
  for (const char c : scheme) {
    fits = fits && (base::IsLowerLetter(c) || base::IsDigit(c) || c == '+' || c == '-' || c == '.');
  }
  if (fits) return base::OkStatus();
  return Refuse(path, "has a scheme that isn't small letters, digits, '+', '-' and '.'");
}

base::Status CheckAuthority(std::string_view path, std::string_view authority) {
  for (const char c : authority) {
    if (!base::IsAlphanumeric(c) && std::string_view("._-:@").find(c) == std::string_view::npos) {
      return Refuse(path, "has a host or bucket with other than letters, digits and . _ - : @");
    }
  }
  const size_t at = authority.find('@');
  if (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) {
    return Refuse(path, "has credentials: they belong in the cluster's configuration");  // I1
  }
  return base::OkStatus();
}

// "hdfs://namenode:9000/a/b", "s3a://bucket/a", "hdfs:/a".
base::StatusOr<std::string> NormaliseWithScheme(std::string_view path) {
  const size_t colon = path.find(':');
  const std::string_view scheme = path.substr(0, colon);
  std::string_view rest = path.substr(colon + 1);
  SOTERIA_RETURN_IF_ERROR(CheckScheme(path, scheme));
  std::string_view authority;
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    authority = rest.substr(0, rest.find('/'));
    rest.remove_prefix(authority.size());
    SOTERIA_RETURN_IF_ERROR(CheckAuthority(path, authority));
  } else if (!rest.starts_with("/")) {
    return Refuse(path, base::Cat("isn't absolute: write ", scheme, "://host/folder"));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view parts, CheckParts(path, rest));
  return base::Cat(scheme, "://", authority, parts);
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
    return NormaliseWithScheme(path);
  }
  if (!rest.starts_with("/")) return Refuse(path, "isn't absolute: write file:///folder");
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view parts, CheckParts(path, rest));
  return std::string(parts);
}

base::Status CheckAlias(std::string_view alias) {
  if (alias.empty() || alias.size() > kPathBytesMax) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("a name has 1 to ", kPathBytesMax, " bytes"));
  }
  if (NormalisePath(alias).ok()) return base::OkStatus();
  if (HasScheme(alias)) return NormalisePath(alias).status();
  std::string_view rest = alias;
  if (rest.starts_with("./")) rest.remove_prefix(2);
  if (rest.starts_with("/")) return Refuse(alias, "isn't a path");
  if (rest.ends_with("/")) rest.remove_suffix(1);
  for (;;) {
    const size_t slash = rest.find('/');
    SOTERIA_RETURN_IF_ERROR(CheckPart(alias, rest.substr(0, slash)));
    if (slash == std::string_view::npos) return base::OkStatus();
    rest.remove_prefix(slash + 1);
  }
}

std::string_view SchemeOf(std::string_view path) {
  return IsLocal(path) ? std::string_view("file") : path.substr(0, path.find(':'));
}

bool IsWithin(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace soteria::policy
