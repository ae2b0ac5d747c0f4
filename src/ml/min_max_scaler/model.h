// MinMaxScalerModel: each feature moved to [min, max] by the extremes of the training data; a
// feature without spread goes to the middle.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/column_model.h"
#include "src/ml/persist.h"

namespace soteria::ml {

const ClassInfo& MinMaxScalerInfo();
const ClassInfo& MinMaxScalerModelInfo();

/// What the estimator and its model ask of an input schema.
base::Status CheckMinMaxInput(const Params& params, const arrow::Schema& input);

class MinMaxScalerModel : public ColumnModel<MinMaxScalerModel> {
 public:
  /// Errors: kProtocol for vectors of different sizes.
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, VectorValue least,
                                                           VectorValue greatest);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);
  static base::StatusOr<ModelFiles> Save(const Transformer& model);
  static base::StatusOr<std::shared_ptr<const Model>> Load(Params params, SavedModel& saved);

  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override;

 private:
  MinMaxScalerModel(Params params, VectorValue least, VectorValue greatest)
      : ColumnModel(std::move(params)), least_(std::move(least)), greatest_(std::move(greatest)) {}

  VectorValue least_, greatest_;
};

}  // namespace soteria::ml
