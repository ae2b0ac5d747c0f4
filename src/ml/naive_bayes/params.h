// The params that NaiveBayes and its model share, and MLlib's checks of columns.
#pragma once

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

const ClassInfo& NaiveBayesInfo();
const ClassInfo& NaiveBayesModelInfo();

/// Values travel in kernels' bytes.
enum class BayesType : uint8_t { kMultinomial = 0, kComplement = 1, kBernoulli = 2, kGaussian = 3 };
BayesType BayesTypeOf(const Params& params);

/// MLlib's validateAndTransformSchema. `fitting`: label and weight are looked at too.
base::Status CheckBayesInput(const Params& params, const arrow::Schema& input, bool fitting);

}  // namespace soteria::ml
