#include "src/ml/naive_bayes/driver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/linalg/compressed.h"
#include "src/ml/naive_bayes/kernels.h"
#include "src/ml/naive_bayes/model.h"
#include "src/ml/naive_bayes/persistence.h"

namespace soteria::ml {
namespace {

double WeightOf(const BayesSums& sums) {
  double weight = 0;
  for (const auto& [label, of] : sums.labels) weight += of.weight;
  return weight;
}

VectorValue CompressedVector(std::vector<double> values) {
  const VectorValue dense = table::DenseVector(std::move(values));
  return table::Compressed(table::View(dense));
}

/// For the complement type, the sums of all other labels in place of each label's.
void Complement(BayesSums& sums) {
  std::vector<double> all(sums.features, 0.0);
  for (const auto& [label, of] : sums.labels) {
    for (size_t j = 0; j < all.size(); ++j) all[j] += of.sums[j];
  }
  for (auto& [label, of] : sums.labels) {
    for (size_t j = 0; j < all.size(); ++j) of.sums[j] = all[j] - of.sums[j];
  }
}

BayesData Discrete(BayesSums sums, BayesType type, double smoothing) {
  if (type == BayesType::kComplement) Complement(sums);
  const auto labels = static_cast<double>(sums.labels.size());
  const auto features = static_cast<double>(sums.features);
  const double all = std::log(WeightOf(sums) + labels * smoothing);
  const double sign = type == BayesType::kComplement ? -1.0 : 1.0;
  std::vector<double> pi, theta;
  theta.reserve(sums.labels.size() * sums.features);
  for (const auto& [label, of] : sums.labels) {
    pi.push_back(std::log(of.weight + smoothing) - all);
    double total = 0;
    for (const double sum : of.sums) total += sum;
    const double log_total = type == BayesType::kBernoulli ? std::log(of.weight + 2.0 * smoothing)
                                                           : std::log(total + features * smoothing);
    for (const double sum : of.sums) {
      theta.push_back(sign * (std::log(sum + smoothing) - log_total));
    }
  }
  BayesData data;
  data.theta = CompressedMatrix(static_cast<int32_t>(pi.size()),
                                static_cast<int32_t>(sums.features), std::move(theta));
  data.pi = CompressedVector(std::move(pi));
  return data;
}

/// A small share of the largest variance of a feature, which MLlib adds to all.
double Epsilon(const BayesSums& sums, double weight) {
  double largest = -std::numeric_limits<double>::infinity();
  for (size_t j = 0; j < sums.features; ++j) {
    double sum = 0;
    double squares = 0;
    for (const auto& [label, of] : sums.labels) {
      sum += of.sums[j];
      squares += of.squares[j];
    }
    largest = std::max(largest, squares / weight - sum * sum / weight / weight);
  }
  return largest * 1e-9;
}

BayesData Gaussian(const BayesSums& sums) {
  const double weight = WeightOf(sums);
  const double epsilon = Epsilon(sums, weight);
  std::vector<double> pi, theta, sigma;
  for (const auto& [label, of] : sums.labels) {
    pi.push_back(std::log(of.weight) - std::log(weight));
    for (size_t j = 0; j < sums.features; ++j) {
      const double mean = of.weight > 0 ? of.sums[j] / of.weight : 0.0;
      theta.push_back(mean);
      sigma.push_back(epsilon + of.squares[j] / of.weight - mean * mean);
    }
  }
  const auto rows = static_cast<int32_t>(pi.size());
  const auto cols = static_cast<int32_t>(sums.features);
  BayesData data;
  data.theta = CompressedMatrix(rows, cols, std::move(theta));
  data.sigma = CompressedMatrix(rows, cols, std::move(sigma));
  data.pi = CompressedVector(std::move(pi));
  return data;
}

}  // namespace

base::Status NaiveBayes::CheckInput(const arrow::Schema& input) const {
  return CheckBayesInput(params_, input, /*fitting=*/true);
}

std::optional<table::FeatureColumns> NaiveBayes::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("featuresCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  // The kernel has the other types' own checks.
  columns.finite = BayesTypeOf(params_) == BayesType::kGaussian;
  return columns;
}

base::StatusOr<FitResult> NaiveBayes::Fit(Work& work) const {
  const BayesType type = BayesTypeOf(params_);
  const uint64_t classes =
      params_.IsSet("thresholds") ? params_.Doubles("thresholds").size() : uint64_t{0};
  BayesSums sums;
  sums.squares = type == BayesType::kGaussian;
  {
    SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(BayesKernel(type, classes)));
    SOTERIA_RETURN_IF_ERROR(sums.Merge(partial));
  }
  if (sums.labels.empty()) return base::Fail(base::kUnsupported, "empty collection");
  for (const auto& [label, of] : sums.labels) {
    if (of.weight > 0) continue;
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: Nothing has been added to this summarizer.");
  }
  BayesData data = type == BayesType::kGaussian
                       ? Gaussian(sums)
                       : Discrete(std::move(sums), type, params_.Double("smoothing"));
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(NaiveBayesModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(result.model, NaiveBayesModel::Make(std::move(params), std::move(data)));
  return result;
}

Algorithm NaiveBayesAlgorithm() {
  Algorithm algorithm = FittingAlgorithm<NaiveBayes, NaiveBayesModel>(
      NaiveBayesInfo(), NaiveBayesModelInfo(), SaveNaiveBayes, LoadNaiveBayes);
  algorithm.kernels = {{BayesKernel::kKind, BayesKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
