// sum and avg of decimals. Internal to exec.
#pragma once

#include "src/exec/accumulator.h"

namespace soteria::exec {

/// The type of the sum of a column of that type, and of its average.
TypePtr DecimalSumType(const arrow::DataType& type);
TypePtr DecimalAverageType(const arrow::DataType& type);

/// Of an argument of that decimal type. `nulls`: null instead of an overflow (try_sum, try_avg).
AccumulatorPtr MakeDecimalSum(const arrow::DataType& type, bool nulls);
AccumulatorPtr MakeDecimalAverage(const arrow::DataType& type, bool nulls);

}  // namespace soteria::exec
