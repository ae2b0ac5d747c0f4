#include "src/ml/pca/driver.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/symmetric.h"
#include "src/ml/pca/kernels.h"
#include "src/ml/pca/model.h"
#include "src/ml/pca/persistence.h"

namespace soteria::ml {
namespace {

/// Columns of a covariance that the driver takes apart: 2 GiB, and as much again to work in.
constexpr int64_t kCovarianceColumnsMax = 16'384;

base::Status CheckScatter(const Scatter& scatter, int64_t k) {
  if (scatter.rows() == 0) return base::Fail(base::kUnsupported, "empty collection");
  if (scatter.cols() < k) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: source vector size ", scatter.cols(),
                                " must be no less than k=", k));
  }
  if (scatter.cols() > kCovarianceColumnsMax) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("PCA takes at most ", kCovarianceColumnsMax, " columns here"));
  }
  if (scatter.rows() > 1) return base::OkStatus();
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("requirement failed: RowMatrix.computeCovariance called on matrix with only ",
                scatter.rows(),
                " rows.  Cannot compute the covariance of a RowMatrix with <= 1 row."));
}

PcaData DataOf(EigenPairs eigen, int64_t size, int64_t k) {
  const double sum = std::accumulate(eigen.values.begin(), eigen.values.end(), 0.0);
  PcaData data;
  data.components.num_rows = static_cast<int32_t>(size);
  data.components.num_cols = static_cast<int32_t>(k);
  data.components.values = std::move(eigen.vectors);
  data.explained_variance.assign(eigen.values.begin(), eigen.values.begin() + k);
  for (double& share : data.explained_variance) share /= sum;
  return data;
}

}  // namespace

base::Status Pca::CheckInput(const arrow::Schema& input) const {
  return CheckPcaInput(params_, input);
}

std::optional<table::FeatureColumns> Pca::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("inputCol");
  return columns;
}

base::StatusOr<FitResult> Pca::Fit(Work& work) const {
  const int64_t k = params_.Int("k");
  SOTERIA_ASSIGN_OR_RETURN(std::string partial, work.Reduce(ScatterKernel()));
  SOTERIA_ASSIGN_OR_RETURN(Scatter scatter, Scatter::Decode(std::move(partial)));
  SOTERIA_RETURN_IF_ERROR(CheckScatter(scatter, k));
  if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
  const int64_t size = scatter.cols();
  SOTERIA_ASSIGN_OR_RETURN(EigenPairs eigen,
                           LeadingEigenvectors(std::move(scatter).Covariance(), size, k));
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(PcaModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(result.model,
                           PcaModel::Make(std::move(params), DataOf(std::move(eigen), size, k)));
  return result;
}

Algorithm PcaAlgorithm() {
  Algorithm algorithm =
      FittingAlgorithm<Pca, PcaModel>(PcaInfo(), PcaModelInfo(), SavePca, LoadPca);
  algorithm.kernels = {{ScatterKernel::kKind, ScatterKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
