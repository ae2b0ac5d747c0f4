#include "src/ml/idf/driver.h"

#include <cmath>
#include <memory>

#include "src/base/errors.h"
#include "src/ml/idf/kernels.h"
#include "src/ml/idf/model.h"

namespace soteria::ml {
namespace {

inline constexpr base::Condition kIllegalState = {"_LEGACY_ERROR_TEMP",
                                                  "java.lang.IllegalStateException", "",
                                                  absl::StatusCode::kInvalidArgument};

}  // namespace

base::Status IDF::CheckInput(const arrow::Schema& input) const {
  return CheckIdfInput(params_, input);
}

std::optional<table::FeatureColumns> IDF::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("inputCol");
  columns.finite = false;
  return columns;
}

base::StatusOr<FitResult> IDF::Fit(Work& work) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(DocumentFrequenciesKernel()));
  SOTERIA_ASSIGN_OR_RETURN(DocumentFrequencies found, DocumentFrequencies::Decode(partial));
  if (found.rows == 0) return base::Fail(kIllegalState, "Haven't seen any document yet.");
  IDFModel::Data data;
  data.rows = found.rows;
  std::vector<double> idf;
  for (int64_t& count : found.frequencies) {
    const bool enough = count >= params_.Int("minDocFreq");
    if (!enough) count = 0;
    idf.push_back(enough ? std::log((static_cast<double>(found.rows) + 1.0) /
                                    (static_cast<double>(count) + 1.0))
                         : 0.0);
  }
  data.idf = table::DenseVector(std::move(idf));
  data.frequencies = std::move(found.frequencies);
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(IDFModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(result.model, IDFModel::Make(std::move(params), std::move(data)));
  return result;
}

Algorithm IDFAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<IDF, IDFModel>(IDFInfo(), IDFModelInfo());
  algorithm.kernels = {{DocumentFrequenciesKernel::kKind, DocumentFrequenciesKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
