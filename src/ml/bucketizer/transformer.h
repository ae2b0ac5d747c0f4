// Bucketizer: each number as the number of the bucket that it falls into.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class Bucketizer : public Transformer {
 public:
  explicit Bucketizer(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;

 private:
  struct Column;
  base::StatusOr<std::vector<Column>> Check(const arrow::Schema& input) const;
  std::string Text() const;

  Params params_;
};

Algorithm BucketizerAlgorithm();

}  // namespace soteria::ml
