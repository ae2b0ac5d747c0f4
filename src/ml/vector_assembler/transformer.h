// VectorAssembler: number, boolean and vector columns side by side in one vector column. MLlib's
// rules: handleInvalid error, skip or keep; each row dense or sparse, whichever is smaller.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class VectorAssembler : public Transformer {
 public:
  explicit VectorAssembler(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  /// The column is declared in the struct form; Apply gives the dense form when all rows are dense.
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::vector<std::string> Copies() const override { return params_.Strings("inputCols"); }

 private:
  Params params_;
};

Algorithm VectorAssemblerAlgorithm();

}  // namespace soteria::ml
