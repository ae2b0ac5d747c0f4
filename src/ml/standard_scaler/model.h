// StandardScalerModel: subtracts the mean and divides by the standard deviation of the training
// data, as its params say. MLlib's rules: a column without spread becomes 0, a sparse row stays
// sparse unless it is centred.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/param.h"

namespace soteria::ml {

const ClassInfo& StandardScalerInfo();
const ClassInfo& StandardScalerModelInfo();

/// What the estimator and its model ask of an input schema.
base::Status CheckScalerInput(const Params& params, const arrow::Schema& input);

class StandardScalerModel : public Model {
 public:
  /// `mean` and `std` are of equal size. Errors: kProtocol when they aren't.
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, VectorValue std,
                                                           VectorValue mean);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);

  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override;

  const VectorValue& std() const { return std_; }
  const VectorValue& mean() const { return mean_; }

 private:
  StandardScalerModel(Params params, VectorValue std, VectorValue mean);
  base::StatusOr<std::shared_ptr<arrow::Array>> ScaleDense(const table::VectorReader& rows) const;
  base::StatusOr<std::shared_ptr<arrow::Array>> ScaleAny(const table::VectorReader& rows) const;
  base::StatusOr<VectorValue> Scale(const table::VectorView& row) const;

  Params params_;
  VectorValue std_;
  VectorValue mean_;
  std::vector<double> shift_;  // 0 without centring
  std::vector<double> scale_;  // 1 without scaling
  bool centres_ = false;
  bool scales_ = false;
};

}  // namespace soteria::ml
