// Coefficients of standardised features: the space that linear models are optimised in, whereas
// kernels see raw features. Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace soteria::ml {

struct Standardized {
  Standardized(std::vector<double> mean, std::vector<double> std);

  size_t size() const { return std.size(); }
  /// A column that has one value, and not 0: MLlib gives it no coefficient.
  bool HasConstantNonzeroColumn() const;

  std::vector<double> mean, std;
  std::vector<double> inverse_std;  // 0 for columns without spread
  std::vector<double> scaled_mean;  // mean / std, 0 likewise
};

/// MLlib's L2 penalty of coefficients in that space, of `sets` models side by side: x[j * sets +
/// k]. `standardization`: whether it is on these coefficients, else on those of the raw features.
/// Returns its value and adds its gradient.
double AddL2Penalty(const Standardized& features, size_t sets, double l2, bool standardization,
                    std::span<const double> x, std::span<double> gradient);

/// The L1 penalty of each coefficient under the same choice.
double L1PenaltyOf(const Standardized& features, size_t feature, double l1, bool standardization);

}  // namespace soteria::ml
