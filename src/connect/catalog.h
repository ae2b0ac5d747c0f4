// spark.catalog: what it says of databases, tables, views and functions, as rows, and what it does
// to them, which happens when its relation is resolved, as in Spark.
#pragma once

#include "src/base/status.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class Catalog;
}

namespace soteria::connect {

/// Calls that aren't there are kUnsupported by name.
base::StatusOr<plan::PlanPtr> RunCatalog(const spark::connect::Catalog& call, SessionState& state);

}  // namespace soteria::connect
