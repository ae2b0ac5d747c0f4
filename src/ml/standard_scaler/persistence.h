// StandardScalerModel as MLlib's data table: one row, std and mean as vectors.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveStandardScaler(const Transformer& model);
/// Errors: kProtocol naming the missing column.
base::StatusOr<std::shared_ptr<const Model>> LoadStandardScaler(Params params, SavedModel& saved);

}  // namespace soteria::ml
