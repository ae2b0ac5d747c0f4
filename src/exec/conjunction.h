// Conditions connected to one. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "src/exec/expression.h"

namespace soteria::exec {

/// `conditions` connected by that function of two, `and` or `or`, in their order; null for none. As
/// flat as it can be, since the depth of expressions is limited.
ExprPtr Connected(const std::string& function, const std::vector<ExprPtr>& conditions);

}  // namespace soteria::exec
