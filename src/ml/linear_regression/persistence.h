// MLlib's layout of a LinearRegressionModel: one row of intercept, coefficients, scale.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveLinearRegression(const Transformer& model);
/// Errors: kProtocol for a malformed table.
base::StatusOr<std::shared_ptr<const Model>> LoadLinearRegression(Params params, SavedModel& saved);

}  // namespace soteria::ml
