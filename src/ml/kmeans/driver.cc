#include "src/ml/kmeans/driver.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/kmeans/initial.h"
#include "src/ml/kmeans/kernels.h"
#include "src/ml/kmeans/model.h"
#include "src/ml/kmeans/params.h"
#include "src/ml/kmeans/persistence.h"

namespace soteria::ml {
namespace {

void MakeLengthOne(double* row, size_t size) {
  double square = 0;
  for (size_t j = 0; j < size; ++j) square += row[j] * row[j];
  const double length = std::sqrt(square);
  if (length == 0) return;
  for (size_t j = 0; j < size; ++j) row[j] /= length;
}

/// As MLlib decides; with "auto" it is the block solver where there are more columns than rows.
bool ByBlocks(const Params& params, const Initial& initial) {
  const std::string& solver = params.String("solver");
  return solver == "block" || (solver == "auto" && initial.size > initial.rows);
}

struct Lloyd {
  std::vector<double> rows;
  double cost = 0;
  int64_t iterations = 0;
  bool converged = false;
};

/// One iteration: the new centers, and whether none has moved farther than `tolerance`.
base::Status Iterate(const Centers& centers, double tolerance, Work& work, Lloyd& lloyd) {
  const AssignKernel assign(centers, Assigns::kPoints);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(assign));
  SOTERIA_ASSIGN_OR_RETURN(ClusterSums sums, assign.Result(partial));
  const bool cosine = centers.measure() == DistanceMeasure::kCosine;
  lloyd.cost = sums.cost;
  lloyd.converged = true;
  for (size_t c = 0; c < centers.count(); ++c) {
    if (!(sums.weights[c] > 0)) continue;
    double* sum = sums.sums.data() + c * centers.size();
    const double share = 1.0 / sums.weights[c];
    for (size_t j = 0; j < centers.size(); ++j) sum[j] *= share;
    if (cosine) MakeLengthOne(sum, centers.size());
    SOTERIA_ASSIGN_OR_RETURN(const double moved, centers.Distance(c, sum));
    if (moved > (cosine ? tolerance : tolerance * tolerance)) lloyd.converged = false;
    std::copy_n(sum, centers.size(), lloyd.rows.data() + c * centers.size());
  }
  return base::OkStatus();
}

}  // namespace

base::Status KMeans::CheckInput(const arrow::Schema& input) const {
  return CheckKMeansInput(params_, input);
}

std::optional<table::FeatureColumns> KMeans::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("featuresCol");
  columns.weight = params_.Column("weightCol");
  return columns;
}

base::StatusOr<FitResult> KMeans::Fit(Work& work) const {
  InitialOptions options;
  options.parallel = params_.String("initMode") == "k-means||";
  options.k = params_.Int("k");
  if (options.k > kClustersMax) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("KMeans makes at most ", kClustersMax, " clusters"));
  }
  options.steps = params_.Int("initSteps");
  options.seed = params_.Int("seed");
  options.measure = MeasureOf(params_);
  SOTERIA_ASSIGN_OR_RETURN(Initial initial, FindInitialCenters(options, work));
  if (initial.count == 0) {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: No samples available from the input");
  }
  Lloyd lloyd;
  lloyd.rows = std::move(initial.centers);
  if (options.measure == DistanceMeasure::kCosine && ByBlocks(params_, initial)) {
    for (size_t c = 0; c < initial.count; ++c) {
      MakeLengthOne(lloyd.rows.data() + c * initial.size, initial.size);
    }
  }
  const int64_t iterations_max = params_.Int("maxIter");
  while (lloyd.iterations < iterations_max && !lloyd.converged) {
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
    const Centers centers(options.measure, lloyd.rows, initial.count, initial.size);
    SOTERIA_RETURN_IF_ERROR(Iterate(centers, params_.Double("tol"), work, lloyd));
    ++lloyd.iterations;
    work.Progress(static_cast<uint64_t>(lloyd.iterations), static_cast<uint64_t>(iterations_max));
  }
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(KMeansModelInfo()));
  SOTERIA_ASSIGN_OR_RETURN(
      const auto model,
      KMeansModel::Make(std::move(params), Centers(options.measure, std::move(lloyd.rows),
                                                   initial.count, initial.size)));
  FitResult result;
  result.model = model->WithTraining(lloyd.cost, lloyd.iterations);
  return result;
}

Algorithm KMeansAlgorithm() {
  Algorithm algorithm = FittingAlgorithm<KMeans, KMeansModel>(KMeansInfo(), KMeansModelInfo(),
                                                              SaveKMeans, LoadKMeans);
  algorithm.kernels = {{SampleKernel::kKind, SampleKernel::Decode},
                       {ChooseKernel::kKind, ChooseKernel::Decode},
                       {AssignKernel::kKind, AssignKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
