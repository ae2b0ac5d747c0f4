#include "src/exec/conjunction.h"

#include <cstddef>

namespace soteria::exec {
namespace {

ExprPtr Between(const std::string& function, const std::vector<ExprPtr>& conditions, size_t from,
                size_t to) {
  if (to - from == 1) return conditions[from];
  const size_t middle = to - (to - from) / 2;
  return Call(function, {Between(function, conditions, from, middle),
                         Between(function, conditions, middle, to)});
}

}  // namespace

ExprPtr Connected(const std::string& function, const std::vector<ExprPtr>& conditions) {
  return conditions.empty() ? nullptr : Between(function, conditions, 0, conditions.size());
}

}  // namespace soteria::exec
