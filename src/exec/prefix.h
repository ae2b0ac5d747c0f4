// Which operators go row by row: what they make of a prefix of a partition's rows is a prefix of
// what they make of all. A limit after such operators need not see all rows, and an error in a row
// that it doesn't need isn't one, as in Spark. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "src/exec/operator.h"

namespace soteria::exec {

/// By the operator's kind.
bool KeepsPrefix(std::string_view kind);

/// The rows of a LocalLimit or LocalTake; nullopt for another operator.
std::optional<int64_t> LimitOf(std::string_view kind, std::string_view bytes);

/// LocalLimit at the end of what is collected: a partition that fails before it has as many rows
/// answers with those that it has and the error, which counts only where the rows don't suffice.
inline constexpr std::string_view kTake = "exec.take";
OperatorPtr LocalTake(int64_t rows);

}  // namespace soteria::exec
