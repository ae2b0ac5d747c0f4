// IndexToString: labels in the place of their indices, from a param or from what StringIndexer said
// of the column.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class IndexToString : public Transformer {
 public:
  explicit IndexToString(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;

 private:
  Params params_;
};

ClassEntry IndexToStringEntry();

}  // namespace soteria::ml
