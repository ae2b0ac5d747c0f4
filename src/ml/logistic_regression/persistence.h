// LogisticRegressionModel as MLlib's data table: one row, numClasses, numFeatures, interceptVector,
// coefficientMatrix, isMultinomial.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveLogisticRegression(const Transformer& model);
/// Errors: kProtocol for a malformed table.
base::StatusOr<std::shared_ptr<const Model>> LoadLogisticRegression(Params params,
                                                                    SavedModel& saved);

}  // namespace soteria::ml
