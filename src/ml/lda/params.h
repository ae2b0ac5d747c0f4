// The params that LDA and its two models share, and MLlib's checks of them.
#pragma once

#include <cstdint>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

const ClassInfo& LdaInfo();
const ClassInfo& LocalLdaModelInfo();
const ClassInfo& DistributedLdaModelInfo();

/// Whether the optimizer is "em", else it is "online".
bool ByEm(const Params& params);

/// The prior of documents over topics, k numbers, and that of topics over terms. Of params that
/// CheckLda takes.
std::vector<double> DocConcentrationOf(const Params& params);
double TopicConcentrationOf(const Params& params);

/// MLlib's validateAndTransformSchema. Errors: also kUnsupported for arrays in place of vectors.
base::Status CheckLdaInput(const Params& params, const arrow::Schema& input);
/// Only of the features.
base::Status CheckLdaFeatures(const Params& params, const arrow::Schema& input);
/// What the optimizer says of the priors.
base::Status CheckLdaPriors(const Params& params);

/// By which MLlib's local models start the inference of a document, whatever their own seed is.
int64_t LdaModelSeed();

}  // namespace soteria::ml
