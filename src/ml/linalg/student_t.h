// Student's t distribution, for the p-values of coefficients. Pure functions; any thread.
#pragma once

namespace soteria::ml {

/// The chance that a variable of `freedom` degrees is at most t. NaN where freedom isn't positive.
double StudentT(double freedom, double t);

}  // namespace soteria::ml
