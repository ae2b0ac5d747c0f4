// LocalLDAModel as MLlib's data table: one row of vocabSize, topicsMatrix, docConcentration,
// topicConcentration and gammaShape. A DistributedLDAModel's folder holds its training documents,
// which models here don't keep.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveLda(const Transformer& model);
/// Errors: kProtocol for a malformed table.
base::StatusOr<std::shared_ptr<const Model>> LoadLda(Params params, SavedModel& saved);

// kUnsupported.
base::StatusOr<ModelFiles> SaveDistributedLda(const Transformer& model);
base::StatusOr<std::shared_ptr<const Model>> LoadDistributedLda(Params params, SavedModel& saved);

}  // namespace soteria::ml
