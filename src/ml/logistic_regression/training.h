// What follows from the params of a LogisticRegression and from what is known of its labels, before
// the first iteration: bounds, where to start, which method minimises. MLlib's rules and texts.
// Pure functions; one thread.
#pragma once

#include <optional>
#include <vector>

#include "src/base/status.h"
#include "src/ml/logistic_regression/objective.h"
#include "src/ml/optimize/lbfgsb.h"
#include "src/ml/optimize/minimize.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// Coefficients that a model has at most.
inline constexpr size_t kLogisticCoefficientsMax = size_t{1} << 24;

/// Errors: kIllegalArgument for bounds of another shape, or that leave nothing between them.
base::Status CheckBounds(const Params& params, size_t sets, size_t features);

/// In the space of the problem; nullopt where no bound is set.
std::optional<Bounds> BoundsOf(const Params& params, const LogisticProblem& problem);

/// Whether centring the features, which moves the intercepts, is allowed.
bool CentresFeatures(const Params& params);

/// `histogram`: the weight of each class.
base::StatusOr<std::vector<double>> StartOf(const LogisticProblem& problem,
                                            const std::vector<double>& histogram,
                                            const std::optional<Bounds>& bounds);

base::StatusOr<Minimum> MinimizeLogistic(const Objective& objective, const LogisticProblem& problem,
                                         const Params& params, std::optional<Bounds> bounds,
                                         std::vector<double> start, const MinimizeOptions& options);

}  // namespace soteria::ml
