#include "src/ml/vector_indexer/driver.h"

#include <algorithm>
#include <memory>

#include "src/base/errors.h"
#include "src/ml/column_pairs.h"
#include "src/ml/columns.h"
#include "src/ml/vector_indexer/kernels.h"
#include "src/ml/vector_indexer/model.h"

namespace soteria::ml {
namespace {

inline constexpr base::Condition kNoSuchElement = {"_LEGACY_ERROR_TEMP",
                                                   "java.util.NoSuchElementException", "",
                                                   absl::StatusCode::kInvalidArgument};

/// 0 is the first category where it is one, so that sparse rows stay sparse; then ascending. MLlib
/// doesn't see that it is one where both 0.0 and -0.0 are values.
std::map<double, int32_t> Categories(const std::vector<double>& values) {
  std::map<double, int32_t> map;
  const bool zero = std::count(values.begin(), values.end(), 0.0) == 1;
  if (zero) map[0.0] = 0;
  int32_t next = zero ? 1 : 0;
  for (const double value : values) {
    if (value != 0) map[value] = next++;
  }
  return map;
}

}  // namespace

base::Status VectorIndexer::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params_, "inputCol"));
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params_.String("inputCol")));
  return CheckNoColumn(input, params_.String("outputCol"));
}

std::optional<table::FeatureColumns> VectorIndexer::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("inputCol");
  columns.finite = false;
  return columns;
}

base::StatusOr<FitResult> VectorIndexer::Fit(Work& work) const {
  const CategoriesKernel kernel(static_cast<uint64_t>(params_.Int("maxCategories")));
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(const FeatureValues found, kernel.Read(partial));
  if (found.rows == 0) return base::Fail(kNoSuchElement, "head of empty array");
  CategoryMaps maps;
  for (size_t j = 0; j < found.values.size(); ++j) {
    if (!found.values[j]) continue;
    if (found.nan[j])
      return RowFailure("VectorIndexer: NaN among the values of a categorical feature");
    maps[static_cast<int32_t>(j)] = Categories(*found.values[j]);
  }
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(VectorIndexerModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(
      result.model,
      VectorIndexerModel::Make(std::move(params), static_cast<int32_t>(found.values.size()),
                               std::move(maps)));
  return result;
}

Algorithm VectorIndexerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<VectorIndexer, VectorIndexerModel>(
      VectorIndexerInfo(), VectorIndexerModelInfo());
  algorithm.kernels = {{CategoriesKernel::kKind, CategoriesKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
