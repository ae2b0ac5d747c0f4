// ALSModel as MLlib's folder: tables userFactors and itemFactors, and rank in the metadata.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveAls(const Transformer& model);
/// Errors: kProtocol naming what is missing.
base::StatusOr<std::shared_ptr<const Model>> LoadAls(Params params, SavedModel& saved);

}  // namespace soteria::ml
