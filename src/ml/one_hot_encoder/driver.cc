#include "src/ml/one_hot_encoder/driver.h"

#include <memory>

#include "src/ml/one_hot_encoder/kernels.h"
#include "src/ml/one_hot_encoder/model.h"

namespace soteria::ml {

base::Status OneHotEncoder::CheckInput(const arrow::Schema& input) const {
  return CheckEncoded(params_, params_.uid(), input, params_.Bool("dropLast"),
                      params_.String("handleInvalid") == "keep")
      .status();
}

base::StatusOr<FitResult> OneHotEncoder::Fit(Work& work) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, ColumnPairs(params_));
  std::vector<std::string> columns;
  for (const ColumnPair& pair : pairs) columns.push_back(pair.input);
  const CategoryCountsKernel kernel(std::move(columns));
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<int32_t> sizes, kernel.Read(partial));
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(OneHotEncoderModelInfo()));
  FitResult result;
  result.model = std::make_shared<OneHotEncoderModel>(std::move(params), std::move(sizes));
  return result;
}

Algorithm OneHotEncoderAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<OneHotEncoder, OneHotEncoderModel>(
      OneHotEncoderInfo(), OneHotEncoderModelInfo());
  algorithm.kernels = {{CategoryCountsKernel::kKind, CategoryCountsKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
