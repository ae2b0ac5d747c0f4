// How higher-order functions are written: a lambda's body bound, and the batch of all elements that
// it runs over. Internal to exec; .cc files only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/exec/bound.h"

namespace soteria::exec {

/// Elements that the lambdas of one batch go over.
inline constexpr int64_t kLambdaElementsMax = 100'000'000;

base::Status TooManyElements();

/// The rows' columns that `uses` names, once for each of `rows`, and the variables behind, of which
/// the first has the place `first`.
base::StatusOr<Batch> ElementBatch(const Batch& batch, const std::vector<int>& uses,
                                   const std::vector<int64_t>& rows, int first,
                                   const ArrayList& variables);

/// The lambda's body, its variables standing for `fields`, of which it may leave out the last
/// `optional` ones.
base::StatusOr<BoundPtr> BindBody(const Expr& lambda, const std::vector<FieldPtr>& fields,
                                  size_t optional, BindContext& context);
/// A body that says whether; UNEXPECTED_INPUT_TYPE for another.
base::StatusOr<BoundPtr> BindCondition(const Expr& e, BoundPtr body);

/// A call of lambdas over the other arguments: what it uses are their columns and the bodies'. Its
/// number is the place of the first variable.
base::StatusOr<BoundPtr> HigherOrder(const Expr& e, TypePtr type, bool nullable,
                                     std::vector<BoundPtr> args, std::vector<BoundPtr> bodies,
                                     LazyKernel lazy, const BindContext& context);

}  // namespace soteria::exec
