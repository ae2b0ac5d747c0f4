// df.colRegex: the columns whose names a pattern between backticks matches as a whole, in any case.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/plan/logical.h"

namespace soteria::connect {

struct ColumnRegex {
  std::string pattern;
  std::optional<std::string> qualifier = std::nullopt;
};

/// What Spark takes for a pattern: `p`, or t.`p`; nullopt for what is a name.
std::optional<ColumnRegex> ReadColumnRegex(const std::string& text);
/// In the order of the input. kUnsupported for what JavaPattern hasn't; kIllegalArgument for what
/// is no pattern.
base::StatusOr<std::vector<exec::ExprPtr>> MatchingColumns(const plan::Plan& input,
                                                           const ColumnRegex& regex);

}  // namespace soteria::connect
