// LogisticRegressionModel as MLlib's data table: one row, numClasses, numFeatures, interceptVector,
// coefficientMatrix, isMultinomial.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "src/ml/estimator.h"

namespace soteria::ml {

base::StatusOr<std::shared_ptr<arrow::Table>> LogisticRegressionToTable(const Transformer& model);
/// Errors: kProtocol for a malformed table, kUnsupported for a multinomial model.
base::StatusOr<std::shared_ptr<const Model>> LogisticRegressionFromTable(Params params,
                                                                         const arrow::Table& table);

}  // namespace soteria::ml
