// LogisticRegressionModel of both families: one row of coefficients and an intercept, or one a
// class. MLlib's rules throughout: which threshold decides, what the output columns hold, when the
// coefficients are sparse.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/logistic_regression/kernels.h"
#include "src/ml/logistic_regression/params.h"

namespace soteria::ml {

/// What a model knows beside its params.
struct LogisticData {
  int32_t num_classes = 2;
  MatrixValue coefficients;  // one row, or one a class of the multinomial family
  VectorValue intercepts;    // as many
  bool multinomial = false;
};

/// MLlib's Matrix.compressed of a dense row-major matrix.
MatrixValue CompressedRows(size_t rows, const std::vector<double>& row_major);

class LogisticRegressionModel : public Model {
 public:
  /// Errors: kProtocol for data of no such model, kIllegalArgument for params that disagree.
  static base::StatusOr<std::shared_ptr<const LogisticRegressionModel>> Make(Params params,
                                                                             LogisticData data);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);

  /// The same model with its training's summary.
  std::shared_ptr<const Model> WithTraining(std::vector<double> objective_history) const;

  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  /// A threshold set here takes the place of thresholds that came from the estimator, and the other
  /// way round, as setThreshold and setThresholds do.
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  std::shared_ptr<const Summary> summary() const override { return summary_; }
  base::StatusOr<std::shared_ptr<const Summary>> Evaluation(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<const Model>> SummaryModel() const override;
  uint64_t bytes() const override;

  const LogisticData& data() const { return data_; }

 private:
  LogisticRegressionModel(Params params, LogisticData data, BinaryThreshold threshold);
  base::StatusOr<Attribute> Predict(std::string_view method, const VectorValue& features) const;
  base::StatusOr<Attribute> OfBinomial(std::string_view method) const;
  base::Status CheckTransform() const;
  ParamMap SummaryColumns() const;

  Params params_;
  LogisticData data_;
  BinaryThreshold threshold_;
  LogisticScorer scorer_;
  std::shared_ptr<const Summary> summary_;
};

}  // namespace soteria::ml
