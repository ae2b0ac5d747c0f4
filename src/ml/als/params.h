// ALS and ALSModel as MLlib has them: params, and the ids that their user and item columns hold.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// intermediateStorageLevel, finalStorageLevel, checkpointInterval and blockSize are MLlib's and
/// have no effect here: what is kept lies in the workers' memory, sealed out where that is short.
const ClassInfo& AlsInfo();
const ClassInfo& AlsModelInfo();

/// What fit asks of its input: three number columns, and no prediction column.
base::Status CheckAlsInput(const Params& params, const arrow::Schema& input);
/// What transform asks.
base::Status CheckAlsModelInput(const Params& params, const arrow::Schema& input);

/// The ids of a number column. Errors: MLlib's, for null, a fraction, or what no 32 bits hold.
base::StatusOr<std::vector<int32_t>> ReadIds(const arrow::Table& table, const std::string& name);

}  // namespace soteria::ml
