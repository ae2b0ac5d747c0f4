// The six tree estimators: MLlib's train of each, over the same passes.
#pragma once

#include <optional>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"
#include "src/ml/tree/model.h"
#include "src/ml/tree/params.h"

namespace soteria::ml {

class TreeEstimator : public Estimator {
 public:
  explicit TreeEstimator(Params params)
      : params_(std::move(params)), family_(tree::FamilyOf(params_.info())) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;
  base::StatusOr<FitResult> FitInput(Work& work, const arrow::Schema& input) const override;

 private:
  table::FeatureColumns FeatureColumns() const;
  std::optional<tree::Source> SourceOfRows() const;
  base::Status CheckThresholds(int64_t classes) const;
  /// Number of classes and of categories, as the columns' metadata have them.
  base::StatusOr<FitResult> FitWith(Work& work, std::optional<int64_t> classes,
                                    std::vector<int32_t> arity) const;
  base::StatusOr<tree::TreeData> Grow(const tree::Plan& plan, Work& work) const;
  base::StatusOr<tree::TreeData> Boost(const tree::Plan& plan, const tree::Survey& survey,
                                       Work& work) const;

  Params params_;
  const tree::Family& family_;
};

Algorithm TreesAlgorithm();

}  // namespace soteria::ml
