#include "src/ml/imputer/driver.h"

#include <cmath>
#include <memory>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/imputer/kernels.h"
#include "src/ml/imputer/model.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

ImputeBy StrategyOf(const Params& params) {
  const std::string& strategy = params.String("strategy");
  if (strategy == "mean") return ImputeBy::kMean;
  return strategy == "median" ? ImputeBy::kMedian : ImputeBy::kMode;
}

inline constexpr base::Condition kSparkPlain = {"_LEGACY_ERROR_TEMP", base::exception_class::kSpark,
                                                "", absl::StatusCode::kInvalidArgument};

}  // namespace

base::Status Imputer::CheckInput(const arrow::Schema& input) const {
  return CheckImputed(params_, params_.uid(), input).status();
}

base::StatusOr<FitResult> Imputer::Fit(Work& work) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, ColumnPairs(params_));
  std::vector<std::string> columns;
  for (const ColumnPair& pair : pairs) columns.push_back(pair.input);
  const double missing = params_.Double("missingValue");
  const SurrogatesKernel kernel(StrategyOf(params_), missing, params_.Double("relativeError"),
                                columns);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> surrogates, kernel.Read(partial));
  std::string none;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (std::isnan(surrogates[i])) none += base::Cat(none.empty() ? "" : ",", columns[i]);
  }
  if (!none.empty()) {
    return base::FailQuotingData(
        kSparkPlain, base::Cat("surrogate cannot be computed. All the values in ", none,
                               " are Null, Nan or missingValue(", table::JavaDouble(missing), ")"));
  }
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(ImputerModelInfo()));
  FitResult result;
  result.model =
      std::make_shared<ImputerModel>(std::move(params), std::move(columns), std::move(surrogates));
  return result;
}

Algorithm ImputerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<Imputer, ImputerModel>(ImputerInfo(), ImputerModelInfo());
  algorithm.kernels = {{SurrogatesKernel::kKind, SurrogatesKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
