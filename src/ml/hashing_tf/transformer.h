// HashingTF: how often each term of an array occurs, in places that Murmur3 gives terms.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class HashingTF : public Transformer {
 public:
  explicit HashingTF(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;

 private:
  Params params_;
};

Algorithm HashingTFAlgorithm();

}  // namespace soteria::ml
