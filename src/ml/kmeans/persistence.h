// KMeansModel as MLlib's data table: a row a cluster, clusterIdx and clusterCenter, in any order.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveKMeans(const Transformer& model);
/// Errors: kProtocol for a malformed table.
base::StatusOr<std::shared_ptr<const Model>> LoadKMeans(Params params, SavedModel& saved);

}  // namespace soteria::ml
