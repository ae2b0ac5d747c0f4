// The params that LinearRegression and its model share, and MLlib's checks of them and of columns.
#pragma once

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

const ClassInfo& LinearRegressionInfo();
const ClassInfo& LinearRegressionModelInfo();

bool IsHuber(const Params& params);

/// MLlib's validateAndTransformSchema. `fitting`: label, weight and loss are looked at too.
base::Status CheckLinearInput(const Params& params, const arrow::Schema& input, bool fitting);

}  // namespace soteria::ml
