#include "src/ml/linalg/standardized.h"

#include <utility>

namespace soteria::ml {

Standardized::Standardized(std::vector<double> means, std::vector<double> deviations)
    : mean(std::move(means)), std(std::move(deviations)) {
  for (size_t j = 0; j < std.size(); ++j) {
    inverse_std.push_back(std[j] != 0 ? 1.0 / std[j] : 0.0);
    scaled_mean.push_back(inverse_std[j] * mean[j]);
  }
}

bool Standardized::HasConstantNonzeroColumn() const {
  for (size_t j = 0; j < std.size(); ++j) {
    if (std[j] == 0 && mean[j] != 0) return true;
  }
  return false;
}

double AddL2Penalty(const Standardized& features, size_t sets, double l2, bool standardization,
                    std::span<const double> x, std::span<double> gradient) {
  if (l2 == 0) return 0;
  double sum = 0;
  for (size_t i = 0; i < features.size() * sets; ++i) {
    double coefficient = x[i];
    if (!standardization) {
      const double std = features.std[i / sets];
      if (std == 0) continue;
      coefficient = x[i] / (std * std);
    }
    sum += x[i] * coefficient;
    gradient[i] += l2 * coefficient;
  }
  return 0.5 * l2 * sum;
}

double L1PenaltyOf(const Standardized& features, size_t feature, double l1, bool standardization) {
  if (standardization) return l1;
  return features.std[feature] != 0 ? l1 / features.std[feature] : 0.0;
}

}  // namespace soteria::ml
