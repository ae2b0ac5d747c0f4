// StandardScalerModel as MLlib's data table: one row, std and mean as vectors.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "src/ml/estimator.h"

namespace soteria::ml {

base::StatusOr<std::shared_ptr<arrow::Table>> StandardScalerToTable(const Transformer& model);
/// Errors: kProtocol naming the missing column.
base::StatusOr<std::shared_ptr<const Model>> StandardScalerFromTable(Params params,
                                                                     const arrow::Table& table);

}  // namespace soteria::ml
