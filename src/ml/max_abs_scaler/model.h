// MaxAbsScalerModel: each feature divided by its greatest absolute value in the training data;
// sparse rows stay sparse.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/column_model.h"
#include "src/ml/persist.h"

namespace soteria::ml {

const ClassInfo& MaxAbsScalerInfo();
const ClassInfo& MaxAbsScalerModelInfo();

class MaxAbsScalerModel : public ColumnModel<MaxAbsScalerModel> {
 public:
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, VectorValue max_abs);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);
  static base::StatusOr<ModelFiles> Save(const Transformer& model);
  static base::StatusOr<std::shared_ptr<const Model>> Load(Params params, SavedModel& saved);

  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override { return EncodeValue(max_abs_); }
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override { return sizeof(*this) + 12 * max_abs_.values.size(); }

 private:
  MaxAbsScalerModel(Params params, VectorValue max_abs)
      : ColumnModel(std::move(params)), max_abs_(std::move(max_abs)) {}

  VectorValue max_abs_;
};

}  // namespace soteria::ml
