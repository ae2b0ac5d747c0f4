// The params that KMeans and its model share, and MLlib's checks of columns.
#pragma once

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/kmeans/centers.h"
#include "src/ml/param.h"

namespace soteria::ml {

const ClassInfo& KMeansInfo();
const ClassInfo& KMeansModelInfo();

DistanceMeasure MeasureOf(const Params& params);

/// MLlib's validateAndTransformSchema. Errors: also kUnsupported for arrays in place of vectors.
base::Status CheckKMeansInput(const Params& params, const arrow::Schema& input);

}  // namespace soteria::ml
