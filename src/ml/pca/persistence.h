// PCAModel as MLlib's data table: one row, pc and explainedVariance.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SavePca(const Transformer& model);
/// Errors: kProtocol for a malformed table.
base::StatusOr<std::shared_ptr<const Model>> LoadPca(Params params, SavedModel& saved);

}  // namespace soteria::ml
