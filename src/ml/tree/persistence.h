// Tree models in MLlib's folders: one row of the data a node; ensembles have the number of the tree
// beside it, and in treesMetadata one row a tree with its params and weight.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml::tree {

base::StatusOr<ModelFiles> SaveTrees(const Transformer& model);
/// Errors: kProtocol for malformed tables.
base::StatusOr<std::shared_ptr<const Model>> LoadTrees(Params params, SavedModel& saved);

}  // namespace soteria::ml::tree
