// The functions that a script may call, scalar ones, aggregates, window functions and others: what
// the tables beside their kernels say, in one place, for whoever reads a script and for
// docs/functions.md. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace soteria::exec {

enum class FunctionKind : uint8_t {
  kScalar,
  kAggregate,
  kWindow,     ///< with OVER only
  kGenerator,  ///< makes rows: generate.h
  kGrouping    ///< which grouping set a group is of: known to whoever makes the sets
};

/// In any case; none for a function that isn't there.
std::optional<FunctionKind> KindOfFunction(std::string_view name);

struct CatalogueRow {
  std::string_view name;
  FunctionKind kind;
};
/// Every function by its names, in order.
std::vector<CatalogueRow> Catalogue();

}  // namespace soteria::exec
