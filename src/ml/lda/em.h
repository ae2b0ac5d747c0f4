// The optimizer "em" of LDA: MLlib's, with its draws for the same seed and partitions. One thread.
#pragma once

#include <cstddef>

#include "src/base/status.h"
#include "src/ml/lda/model.h"
#include "src/ml/work.h"

namespace soteria::ml {

/// Iterations at most: each is a link of the chain by which a lost block is made again.
inline constexpr int64_t kEmIterationsMax = 4'000;

/// `work` ends up over other blocks. Errors: kCancelled, kMemoryLimit, those of the documents.
base::StatusOr<LdaData> FitEm(const Params& params, size_t terms, Work& work);

}  // namespace soteria::ml
