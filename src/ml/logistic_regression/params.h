// The params that LogisticRegression and its model share, and MLlib's checks that need more than
// one of them.
#pragma once

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

const ClassInfo& LogisticRegressionInfo();
const ClassInfo& LogisticRegressionModelInfo();

/// When does a binary model answer 1: above a probability, which is above a margin.
struct BinaryThreshold {
  double probability = 0.5;
  double margin = 0.0;
};

/// From `threshold` or `thresholds`. Errors: kIllegalArgument with MLlib's texts when both are set
/// and disagree, or `thresholds` isn't for two classes.
base::StatusOr<BinaryThreshold> ThresholdOf(const Params& params);
base::Status CheckThresholds(const Params& params);

/// Whether coefficients or intercepts are to be kept within bounds.
bool HasBounds(const Params& params);

/// MLlib's validateAndTransformSchema. `fitting`: label and weight are looked at too.
base::Status CheckLogisticInput(const Params& params, const arrow::Schema& input, bool fitting);

}  // namespace soteria::ml
