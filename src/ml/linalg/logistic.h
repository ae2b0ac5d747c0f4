// The logistic loss and its derivative for many margins at once, four to a vector register. No
// margin overflows: everything is computed from exp(-|margin|). Pure functions; any thread.
#pragma once

#include <cstdint>

#include "src/ml/linalg/linear.h"

namespace soteria::ml {

/// For each row with label y (positive above 0) and weight w (null: all 1):
///   loss       w * log(1 + exp(-margin)) of a positive row, w * log(1 + exp(margin)) of another
///   multiplier w * (1 / (1 + exp(-margin)) - y), written over `margin`
/// Rows of weight 0 count nothing, whatever their margin.
LossSums LogisticTerms(const double* label, const double* weight, int64_t rows, double* margin);

/// 1 / (1 + exp(-margin)), with the C library's exp: what models answer with.
double Sigmoid(double margin);
/// MLlib's probability of class 1: what is left by that of class 0.
double ProbabilityOfOne(double margin);

}  // namespace soteria::ml
