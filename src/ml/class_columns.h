// The columns that a classifier adds to a table: raw prediction, probability and prediction, each
// where the param of its name names one. Private to ml.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// Their fields, in this order, with Spark's ml_attr.
arrow::FieldVector ClassFields(const Params& params, size_t classes);

/// Their values, one chunk of rows after another.
class ClassColumns {
 public:
  /// `params` must outlive it.
  ClassColumns(const Params& params, size_t classes) : params_(params), classes_(classes) {}
  /// `raw` and `probability` are row-major, `classes` numbers for each of the predictions.
  base::Status Add(std::vector<double> raw, std::vector<double> probability,
                   std::vector<double> prediction);
  /// The table with the columns put beside its own.
  base::StatusOr<std::shared_ptr<arrow::Table>> Beside(std::shared_ptr<arrow::Table> input) &&;

 private:
  const Params& params_;
  const size_t classes_;
  arrow::ArrayVector raw_, probability_, prediction_;
};

}  // namespace soteria::ml
