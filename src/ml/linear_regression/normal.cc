#include "src/ml/linear_regression/normal.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/ml/optimize/lbfgs.h"
#include "src/ml/optimize/owlqn.h"

namespace soteria::ml {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// Below this share of what it is left of, a difference is rounding.
constexpr double kRounding = 16 * 2.2e-16;

/// The deviation over the population, of sums: MLlib's formula, but that what rounding leaves of a
/// constant column's is 0.
double Deviation(double squares, double sum, double weight) {
  const double mean = sum / weight;
  const double variance = squares / weight - mean * mean;
  if (!(variance > kRounding * (squares / weight))) return 0;
  return std::sqrt(variance);
}

/// The equations in standardised space, with the intercept's row last where there is one.
struct Equations {
  size_t features = 0;
  bool fit_intercept = true;
  Matrix aa;  // lower triangle
  Vector ab;
  Vector a;  // means of features
  double b = 0;
  double bb = 0;
};

Equations Standardize(const NormalSums& sums, const NormalProblem& problem, const Vector& std,
                      double label_std) {
  Equations made;
  made.features = sums.x.size();
  made.fit_intercept = problem.fit_intercept;
  made.b = sums.label / sums.weight / label_std;
  made.bb = sums.label_squares / sums.weight / (label_std * label_std);
  const auto k = static_cast<Eigen::Index>(made.features);
  const Eigen::Index all = k + (problem.fit_intercept ? 1 : 0);
  made.aa = Matrix::Zero(all, all);
  made.ab = Vector::Zero(all);
  made.a = Vector::Zero(k);
  const double l2 = (1.0 - problem.elastic_net) * (problem.reg_param / label_std);
  size_t p = 0;
  for (Eigen::Index j = 0; j < k; ++j) {
    const auto column = static_cast<size_t>(j);
    for (Eigen::Index i = 0; i <= j; ++i, ++p) {
      if (std[i] != 0 && std[j] != 0) made.aa(j, i) = sums.xx[p] / sums.weight / (std[i] * std[j]);
    }
    if (std[j] != 0) {
      made.a[j] = sums.x[column] / sums.weight / std[j];
      made.ab[j] = sums.xy[column] / sums.weight / (std[j] * label_std);
    }
    if (problem.standardization) {
      made.aa(j, j) += l2;
    } else if (std[j] != 0) {
      made.aa(j, j) += l2 / (std[j] * std[j]);
    }
  }
  if (problem.fit_intercept) {
    made.aa.row(k).head(k) = made.a;
    made.aa(k, k) = 1.0;
    made.ab[k] = made.b;
  }
  return made;
}

struct Solved {
  Vector x;
  Vector inverse_diagonal;
};

/// nullopt where the equations are singular.
std::optional<Solved> Cholesky(const Equations& equations) {
  const Eigen::LLT<Matrix, Eigen::Lower> factors(equations.aa);
  if (factors.info() != Eigen::Success) return std::nullopt;
  const Eigen::ArrayXd pivots = factors.matrixLLT().diagonal().array().square();
  if (!(pivots > kRounding * equations.aa.diagonal().array()).all()) return std::nullopt;
  Solved solved;
  solved.x = factors.solve(equations.ab);
  Matrix inverse = Matrix::Identity(equations.aa.rows(), equations.aa.cols());
  factors.matrixL().solveInPlace(inverse);
  solved.inverse_diagonal = inverse.colwise().squaredNorm();
  return solved;
}

base::StatusOr<Minimum> QuasiNewton(const Equations& equations, std::vector<double> l1,
                                    const MinimizeOptions& options) {
  const auto k = static_cast<Eigen::Index>(equations.features);
  const Objective objective = [&](std::span<double> at,
                                  std::span<double> gradient) -> base::StatusOr<double> {
    Eigen::Map<Vector> x(at.data(), static_cast<Eigen::Index>(at.size()));
    Eigen::Map<Vector> g(gradient.data(), x.size());
    if (equations.fit_intercept) x[k] = equations.b - x.head(k).dot(equations.a);
    g = equations.aa.selfadjointView<Eigen::Lower>() * x;
    const double value = 0.5 * equations.bb - equations.ab.dot(x) + 0.5 * x.dot(g);
    g -= equations.ab;
    return value;
  };
  std::vector<double> start(static_cast<size_t>(equations.ab.size()), 0.0);
  if (equations.fit_intercept) start.back() = equations.b;
  if (l1.empty()) return MinimizeLbfgs(objective, std::move(start), options);
  return MinimizeOwlqn(objective, std::move(l1), std::move(start), options);
}

std::vector<double> L1Of(const NormalProblem& problem, const Vector& std, double label_std) {
  const double l1 = problem.elastic_net * (problem.reg_param / label_std);
  if (l1 == 0) return {};
  std::vector<double> penalties;
  for (const double deviation : std) {
    penalties.push_back(problem.standardization ? l1 : deviation != 0 ? l1 / deviation : 0.0);
  }
  if (problem.fit_intercept) penalties.push_back(0.0);
  return penalties;
}

}  // namespace

std::string ConstantLabelWarning(double label) {
  if (label == 0) {
    return "Mean and standard deviation of the label are zero, so the coefficients and the"
           " intercept will all be zero; as a result, training is not needed.";
  }
  return "The standard deviation of the label is zero, so the coefficients will be zeros and the"
         " intercept will be the mean of the label; as a result, training is not needed.";
}

base::StatusOr<NormalSolution> SolveNormal(const NormalSums& sums, const NormalProblem& problem) {
  NormalSolution solution;
  const size_t k = sums.x.size();
  const double mean = sums.label / sums.weight;
  const double deviation = Deviation(sums.label_squares, sums.label, sums.weight);
  if (deviation == 0) {
    if (problem.fit_intercept || mean == 0) {
      solution.warnings.push_back(ConstantLabelWarning(mean));
      solution.coefficients.assign(k, 0.0);
      solution.intercept = mean;
      return solution;
    }
    if (problem.reg_param > 0) {
      return base::Fail(base::kIllegalArgument,
                        "requirement failed: The standard deviation of the label is zero. Model "
                        "cannot be regularized when labels are standardized.");
    }
    solution.warnings.emplace_back(
        "The standard deviation of the label is zero. Consider setting fitIntercept=true.");
  }
  const double label_std = deviation == 0 ? std::abs(mean) : deviation;
  Vector std(static_cast<Eigen::Index>(k));
  for (size_t j = 0; j < k; ++j) {
    const double squares = sums.xx[(j + 1) * (j + 2) / 2 - 1];
    std[static_cast<Eigen::Index>(j)] = Deviation(squares, sums.x[j], sums.weight);
  }
  const Equations equations = Standardize(sums, problem, std, label_std);

  Vector x;
  std::optional<Solved> solved;
  const bool iterates = problem.elastic_net != 0 && problem.reg_param != 0;
  if (!iterates) solved = Cholesky(equations);
  if (solved) {
    x = solved->x;
    solution.inverse_diagonal.clear();
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const bool is_intercept = i == static_cast<Eigen::Index>(k);
      const double square = is_intercept ? 1.0 : std[i] * std[i];
      solution.inverse_diagonal.push_back(solved->inverse_diagonal[i] / (sums.weight * square));
    }
  } else {
    if (!iterates) {
      solution.warnings.emplace_back(
          "Cholesky solver failed due to singular covariance matrix. Retrying with Quasi-Newton"
          " solver.");
    }
    SOTERIA_ASSIGN_OR_RETURN(
        Minimum least,
        QuasiNewton(equations, iterates ? L1Of(problem, std, label_std) : std::vector<double>(),
                    problem.options));
    x = Eigen::Map<const Vector>(least.x.data(), static_cast<Eigen::Index>(least.x.size()));
    solution.objective_history = std::move(least.values);
  }
  for (size_t j = 0; j < k; ++j) {
    const auto at = static_cast<Eigen::Index>(j);
    solution.coefficients.push_back(std[at] != 0 ? x[at] * (label_std / std[at]) : 0.0);
  }
  if (problem.fit_intercept) solution.intercept = x[x.size() - 1] * label_std;
  return solution;
}

}  // namespace soteria::ml
