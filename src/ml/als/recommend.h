// The best items of each user, or users of each item. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/als/factors.h"

namespace soteria::ml {

/// (own: int, recommendations: array<struct<other: int, rating: float>>).
std::shared_ptr<arrow::Schema> RecommendationsSchema(const std::string& own,
                                                     const std::string& other);

/// The `count` of `others` with the largest product for each of the rows of `own`, the largest
/// first and of equal ones the largest id; all of them where there are fewer. `schema` as above.
base::StatusOr<std::shared_ptr<arrow::Table>> Recommend(
    const Factors& own, const std::vector<uint32_t>& rows, const Factors& others, int64_t count,
    const std::shared_ptr<arrow::Schema>& schema);

}  // namespace soteria::ml
