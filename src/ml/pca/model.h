// PCAModel: principal components as columns, and the share of the variance that each explains.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"

namespace soteria::ml {

const ClassInfo& PcaInfo();
const ClassInfo& PcaModelInfo();

/// MLlib's transformSchema.
base::Status CheckPcaInput(const Params& params, const arrow::Schema& input);

struct PcaData {
  MatrixValue components;  // dense, features x k
  std::vector<double> explained_variance;
};

class PcaModel : public Model {
 public:
  /// Errors: kProtocol when the sizes don't fit.
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, PcaData data);
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

  const PcaData& data() const { return *data_; }

 private:
  PcaModel(Params params, std::shared_ptr<const PcaData> data);
  base::StatusOr<std::shared_ptr<arrow::Array>> Project(const table::VectorReader& rows) const;
  std::shared_ptr<arrow::Field> OutputField() const;

  Params params_;
  std::shared_ptr<const PcaData> data_;
  size_t features_, k_;
  std::vector<double> rows_;  // the components, row-major: k numbers a feature
};

}  // namespace soteria::ml
