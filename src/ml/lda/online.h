// The online optimizer of LDA: MLlib's, with its draws for the same seed and partitions. One
// thread.
#pragma once

#include "src/base/status.h"
#include "src/ml/lda/model.h"
#include "src/ml/work.h"

namespace soteria::ml {

/// Errors: kCancelled, those of the documents.
base::StatusOr<LdaData> FitOnline(const Params& params, size_t documents, size_t terms, Work& work);

}  // namespace soteria::ml
