// What the metadata of a fit's columns say of categories: which features have how many, and how
// many classes the label has. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"

namespace soteria::ml::tree {

/// Of each feature its number of categories, 0 where it has none; may be shorter than the features.
/// Errors: kIllegalArgument with MLlib's text for a nominal one without its number of values,
/// kUnsupported where it isn't known which elements are categories.
base::StatusOr<std::vector<int32_t>> CategoriesOf(const arrow::Field& features);
/// How many values a nominal or binary column has; none where the metadata don't say.
std::optional<int64_t> ClassesOf(const arrow::Field& label);

}  // namespace soteria::ml::tree
