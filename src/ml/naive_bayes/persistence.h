// NaiveBayesModel as MLlib's data table: one row, pi, theta and sigma.
#pragma once

#include <memory>

#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveNaiveBayes(const Transformer& model);
/// Errors: kProtocol for a malformed table.
base::StatusOr<std::shared_ptr<const Model>> LoadNaiveBayes(Params params, SavedModel& saved);

}  // namespace soteria::ml
