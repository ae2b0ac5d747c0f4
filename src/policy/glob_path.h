// Paths with wildcards, as Hadoop reads them: *, ?, [abc], [a-z], [^a] and {a,b} within one part.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::policy {

/// Paths that one pattern may stand for by its {a,b}.
inline constexpr size_t kGlobAlternativesMax = 1000;

struct GlobPath {
  std::string folder;              ///< without a wildcard: what the gate is asked about
  std::vector<std::string> parts;  ///< below it, each a pattern; empty for a plain path
};

/// Cuts a path before its first part with a wildcard, once for each alternative of {a,b}.
/// kIllegalArgument for brackets that don't close, or for too many alternatives.
base::StatusOr<std::vector<GlobPath>> SplitGlobs(std::string_view path);

/// Whether one part of a path fits a pattern without {}.
bool MatchesPart(std::string_view pattern, std::string_view part);

}  // namespace soteria::policy
