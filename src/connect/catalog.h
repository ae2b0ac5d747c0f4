// spark.catalog: what it says of databases, tables, views and functions, as rows, and what it does
// to them, which happens when its relation is resolved, as in Spark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class Catalog;
}

namespace soteria::connect {

/// The functions that are there and fit the pattern, in order.
std::vector<std::string> FunctionNames(std::string_view pattern);

/// Calls that aren't there are kUnsupported by name.
base::StatusOr<plan::PlanPtr> RunCatalog(const spark::connect::Catalog& call, SessionState& state);

}  // namespace soteria::connect
