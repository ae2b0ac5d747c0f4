// The DISTINCT of an aggregate: an accumulator that keeps each combination of arguments once, in
// the order of their first rows, and gives them to the function at the end. Internal to exec.
#pragma once

#include <string>

#include "src/exec/accumulator.h"

namespace soteria::exec {

AccumulatorPtr Distinct(std::string function, AccumulatorPtr of, std::vector<TypePtr> args);

}  // namespace soteria::exec
