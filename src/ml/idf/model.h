// IDFModel: each feature times the inverse of how many rows have it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/column_model.h"
#include "src/ml/persist.h"

namespace soteria::ml {

const ClassInfo& IDFInfo();
const ClassInfo& IDFModelInfo();

/// What the estimator and its model ask of an input schema.
base::Status CheckIdfInput(const Params& params, const arrow::Schema& input);

class IDFModel : public ColumnModel<IDFModel> {
 public:
  struct Data {
    VectorValue idf;
    std::vector<int64_t> frequencies;
    int64_t rows = 0;
  };
  /// Errors: kProtocol for vectors of different sizes.
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, Data data);
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
  uint64_t bytes() const override { return sizeof(*this) + 16 * data_.frequencies.size(); }

 private:
  IDFModel(Params params, Data data) : ColumnModel(std::move(params)), data_(std::move(data)) {}

  Data data_;
};

}  // namespace soteria::ml
