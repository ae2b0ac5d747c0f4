// Digamma and trigamma as Commons Math 3 gives them, whose series are short: its results differ
// from the functions themselves in the ninth digit, and MLlib's topics with them. Pure functions;
// any thread.
#pragma once

#include <cstddef>

namespace soteria::ml {

double Digamma(double x);
double Trigamma(double x);
double LogGamma(double x);

/// Of `size` parameters of a Dirichlet distribution the expected logarithms: each one's digamma
/// less that of their sum.
void ExpectedLogs(const double* parameters, size_t size, double* logs);

}  // namespace soteria::ml
