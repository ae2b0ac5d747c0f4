// LinearRegressionModel: coefficients, intercept and, of Huber's loss, the scale. Immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/linalg/linear.h"

namespace soteria::ml {

/// What a model knows beside its params.
struct LinearData {
  VectorValue coefficients;
  double intercept = 0;
  double scale = 1;
};

class LinearRegressionModel : public Model {
 public:
  /// Errors: kProtocol for coefficients that are no vector.
  static base::StatusOr<std::shared_ptr<const LinearRegressionModel>> Make(Params params,
                                                                           LinearData data);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);

  /// The same model with its training's summary.
  std::shared_ptr<const Model> WithTraining(std::vector<double> objective_history,
                                            std::vector<double> inverse_diagonal) const;

  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  std::shared_ptr<const Summary> summary() const override { return summary_; }
  base::StatusOr<std::shared_ptr<const Summary>> Evaluation(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<const Model>> SummaryModel() const override;
  uint64_t bytes() const override;

  const LinearData& data() const { return data_; }

 private:
  LinearRegressionModel(Params params, LinearData data);
  base::StatusOr<double> Predict(const table::VectorView& features) const;
  base::StatusOr<std::vector<double>> Predict(const table::VectorReader& rows) const;
  ParamMap SummaryColumns() const;

  Params params_;
  LinearData data_;
  LinearScore score_;
  std::shared_ptr<const Summary> summary_;
};

}  // namespace soteria::ml
