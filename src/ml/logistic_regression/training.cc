#include "src/ml/logistic_regression/training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/logistic_regression/params.h"
#include "src/ml/optimize/lbfgs.h"
#include "src/ml/optimize/owlqn.h"

namespace soteria::ml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

base::Status Required(std::string text) {
  return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: ", text));
}

const MatrixValue* MatrixOf(const Params& params, const char* name) {
  if (!params.IsSet(name)) return nullptr;
  return &std::get<MatrixValue>(params.set().at(name));
}

const VectorValue* VectorOf(const Params& params, const char* name) {
  if (!params.IsSet(name)) return nullptr;
  return &std::get<VectorValue>(params.set().at(name));
}

base::Status CheckShape(const MatrixValue* bound, std::string_view name, size_t sets,
                        size_t features) {
  if (bound == nullptr || (static_cast<size_t>(bound->num_rows) == sets &&
                           static_cast<size_t>(bound->num_cols) == features)) {
    return base::OkStatus();
  }
  return Required(base::Cat("The shape of ", name,
                            " must be compatible with (1, number of features) for binomial "
                            "regression, or (number of classes, number of features) for "
                            "multinomial regression, but found: (",
                            bound->num_rows, ", ", bound->num_cols, ")."));
}

base::Status CheckSize(const VectorValue* bound, std::string_view name, size_t sets) {
  if (bound == nullptr || static_cast<size_t>(bound->size) == sets) return base::OkStatus();
  return Required(base::Cat("The size of ", name,
                            " must be equal to 1 for binomial regression, or the number of classes "
                            "for multinomial regression, but found: ",
                            bound->size, "."));
}

}  // namespace

base::Status CheckBounds(const Params& params, size_t sets, size_t features) {
  const MatrixValue* lower = MatrixOf(params, "lowerBoundsOnCoefficients");
  const MatrixValue* upper = MatrixOf(params, "upperBoundsOnCoefficients");
  const VectorValue* low = VectorOf(params, "lowerBoundsOnIntercepts");
  const VectorValue* up = VectorOf(params, "upperBoundsOnIntercepts");
  SOTERIA_RETURN_IF_ERROR(CheckShape(lower, "LowerBoundsOnCoefficients", sets, features));
  SOTERIA_RETURN_IF_ERROR(CheckShape(upper, "upperBoundsOnCoefficients", sets, features));
  SOTERIA_RETURN_IF_ERROR(CheckSize(low, "lowerBoundsOnIntercepts", sets));
  SOTERIA_RETURN_IF_ERROR(CheckSize(up, "upperBoundsOnIntercepts", sets));
  if (lower != nullptr && upper != nullptr) {
    for (int32_t k = 0; k < lower->num_rows; ++k) {
      for (int32_t j = 0; j < lower->num_cols; ++j) {
        if (table::At(*lower, k, j) <= table::At(*upper, k, j)) continue;
        return Required(
            "LowerBoundsOnCoefficients should always be less than or equal to "
            "upperBoundsOnCoefficients.");
      }
    }
  }
  if (low != nullptr && up != nullptr) {
    for (int32_t k = 0; k < low->size; ++k) {
      if (table::At(table::View(*low), k) <= table::At(table::View(*up), k)) continue;
      return Required(
          base::Cat("LowerBoundsOnIntercepts should always be less than or equal to "
                    "upperBoundsOnIntercepts, but found: lowerBoundsOnIntercepts = ",
                    table::VectorText(table::View(*low)),
                    ", upperBoundsOnIntercepts = ", table::VectorText(table::View(*up)), "."));
    }
  }
  return base::OkStatus();
}

std::optional<Bounds> BoundsOf(const Params& params, const LogisticProblem& problem) {
  if (!HasBounds(params)) return std::nullopt;
  const auto fill = [&](const MatrixValue* coefficients, const VectorValue* intercepts,
                        double open) {
    std::vector<double> bounds(problem.size(), open);
    for (size_t i = 0; i < problem.size(); ++i) {
      const auto set = static_cast<int32_t>(i % problem.sets);
      const size_t feature = i / problem.sets;
      if (feature < problem.features.size()) {
        if (coefficients == nullptr) continue;
        bounds[i] = table::At(*coefficients, set, static_cast<int32_t>(feature)) *
                    problem.features.std[feature];
      } else if (intercepts != nullptr) {
        bounds[i] = table::At(table::View(*intercepts), set);
      }
    }
    return bounds;
  };
  Bounds bounds;
  bounds.lower = fill(MatrixOf(params, "lowerBoundsOnCoefficients"),
                      VectorOf(params, "lowerBoundsOnIntercepts"), -kInfinity);
  bounds.upper = fill(MatrixOf(params, "upperBoundsOnCoefficients"),
                      VectorOf(params, "upperBoundsOnIntercepts"), kInfinity);
  return bounds;
}

bool CentresFeatures(const Params& params) {
  if (!params.Bool("fitIntercept")) return false;
  const auto open = [](const VectorValue* bound, double value) {
    if (bound == nullptr) return true;
    for (int32_t k = 0; k < bound->size; ++k) {
      if (table::At(table::View(*bound), k) != value) return false;
    }
    return true;
  };
  return open(VectorOf(params, "lowerBoundsOnIntercepts"), -kInfinity) &&
         open(VectorOf(params, "upperBoundsOnIntercepts"), kInfinity);
}

base::StatusOr<std::vector<double>> StartOf(const LogisticProblem& problem,
                                            const std::vector<double>& histogram,
                                            const std::optional<Bounds>& bounds) {
  std::vector<double> start(problem.size(), 0.0);
  double* intercepts = start.data() + problem.coefficients();
  if (problem.fit_intercept && problem.multinomial) {
    double sum = 0;
    for (size_t k = 0; k < problem.sets; ++k) sum += std::log1p(histogram[k]);
    const double mean = sum / static_cast<double>(problem.sets);
    for (size_t k = 0; k < problem.sets; ++k) intercepts[k] = std::log1p(histogram[k]) - mean;
  } else if (problem.fit_intercept) {
    if (histogram.size() < 2) return Required("Index 1 out of bounds for length 1");
    intercepts[0] = std::log(histogram[1] / histogram[0]);
  }
  if (bounds) {
    for (size_t i = 0; i < start.size(); ++i) {
      if (start[i] < bounds->lower[i]) {
        start[i] = bounds->lower[i];
      } else if (start[i] > bounds->upper[i]) {
        start[i] = bounds->upper[i];
      }
    }
  }
  if (problem.centred) {
    for (size_t i = 0; i < problem.coefficients(); ++i) {
      intercepts[i % problem.sets] += start[i] * problem.features.scaled_mean[i / problem.sets];
    }
  }
  return start;
}

base::StatusOr<Minimum> MinimizeLogistic(const Objective& objective, const LogisticProblem& problem,
                                         const Params& params, std::optional<Bounds> bounds,
                                         std::vector<double> start,
                                         const MinimizeOptions& options) {
  const double l1 = params.Double("elasticNetParam") * params.Double("regParam");
  if (l1 == 0) {
    if (bounds) return MinimizeLbfgsb(objective, *std::move(bounds), std::move(start), options);
    return MinimizeLbfgs(objective, std::move(start), options);
  }
  std::vector<double> penalties(problem.size(), 0.0);
  for (size_t i = 0; i < problem.coefficients(); ++i) {
    penalties[i] = L1PenaltyOf(problem.features, i / problem.sets, l1, problem.standardization);
  }
  return MinimizeOwlqn(objective, std::move(penalties), std::move(start), options);
}

}  // namespace soteria::ml
