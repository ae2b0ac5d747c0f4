// The bytes of the "table.features" operator: which columns of a table become a feature block.
// Stateless.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/dataflow/recipe.h"
#include "src/table/feature_block.h"

namespace soteria::dataflow {

OperatorBytes FeaturesOperator(const table::FeatureColumns& columns);
StatusOr<table::FeatureColumns> DecodeFeatureColumns(std::string_view bytes);

}  // namespace soteria::dataflow
