// Paths as the Manifest and the gate compare them: text after one normalisation (I3).
// Must hold: two spellings of one path are either the same text afterwards or refused; nothing is
// resolved, so no link, `..` or percent code can lead elsewhere. (What a scheme's host or bucket
// stands for is the host's to say: two names of one place are two paths here, and the id of the
// root in the Manifest tells what is really there.) Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::policy {

inline constexpr size_t kPathBytesMax = 4096;

/// "file:///a/b", "file:/a/b" or "/a/b" -> "/a/b"; "hdfs://namenode:9000/a/b" stays as it is and
/// "hdfs:/a/b" becomes "hdfs:///a/b" (the host's default); one slash at the end is dropped. A host
/// or bucket is compared as text. kIllegalArgument for a scheme in other than small letters, a host
/// with file:, credentials, a relative path, the root itself, `.`, `..`, empty or percent-coded
/// parts, globs, backslashes, control bytes.
base::StatusOr<std::string> NormalisePath(std::string_view path);

/// Whether the text may stand for a root's path, as a script has it: "data/a.txt",
/// "s3a://bucket/a". kIllegalArgument for one that is empty or too long, or has control bytes,
/// globs, backslashes, or parts that are empty, "." (but at its front) or "..".
base::Status CheckAlias(std::string_view alias);

/// Whether a normalised path is a local file's: it has no scheme, and the process opens it itself.
inline bool IsLocal(std::string_view path) { return path.starts_with('/'); }

/// "hdfs" of "hdfs://namenode/a", "file" of a local path.
std::string_view SchemeOf(std::string_view path);

/// Whether normalised `path` is `root` or lies below it.
bool IsWithin(std::string_view path, std::string_view root);

}  // namespace soteria::policy
