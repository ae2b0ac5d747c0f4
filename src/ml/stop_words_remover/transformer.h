// StopWordsRemover: arrays of words without those that say little.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "src/ml/column_pairs.h"
#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class StopWordsRemover : public Transformer {
 public:
  explicit StopWordsRemover(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;

 private:
  /// The pairs of columns, checked against a schema.
  base::StatusOr<std::vector<ColumnPair>> Check(const arrow::Schema& input) const;
  std::string Text() const;

  Params params_;
};

Algorithm StopWordsRemoverAlgorithm();

}  // namespace soteria::ml
