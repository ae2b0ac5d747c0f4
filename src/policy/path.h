// Paths as the Manifest and the gate compare them: text after one normalisation (I3).
// Must hold: two spellings of one path are either the same text afterwards or refused; nothing is
// resolved, so no link, `..` or percent code can lead elsewhere. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::policy {

inline constexpr size_t kPathBytesMax = 4096;

/// "file:///a/b", "file:/a/b" or "/a/b" -> "/a/b"; one slash at the end is dropped.
/// kIllegalArgument for another scheme or host, a relative path, the root itself, `.`, `..`, empty
/// or percent-coded parts, globs, backslashes, control bytes.
base::StatusOr<std::string> NormalisePath(std::string_view path);

/// Whether normalised `path` is `root` or lies below it.
bool IsWithin(std::string_view path, std::string_view root);

}  // namespace soteria::policy
