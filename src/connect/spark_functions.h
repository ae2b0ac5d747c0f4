// The names of Spark's built-in functions, lower-case: a name that is none of them is a mistyped
// one. Constants.
#pragma once

#include <span>
#include <string_view>

namespace soteria::connect {

bool IsSparkFunction(std::string_view lower);
/// In order.
std::span<const std::string_view> SparkFunctions();

}  // namespace soteria::connect
