// How a logistic regression model answers for rows: margins, probabilities, prediction. MLlib's
// rules throughout. Pure; any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/ml/linalg/linear.h"
#include "src/table/feature_block.h"
#include "src/table/vector.h"

namespace soteria::ml {

struct LogisticScorer {
  /// Softmax over one score a class; else the one score of class 1 against class 0.
  bool multinomial = false;
  std::vector<LinearScore> sets;
  /// Whether raw predictions decide, else probabilities.
  bool by_raw = true;
  /// Binomial: class 1 is the answer above this margin or probability.
  double threshold = 0;
  /// Multinomial: what probabilities are divided by before the largest is taken; empty: nothing.
  std::vector<double> thresholds;

  size_t classes() const { return multinomial ? sets.size() : 2; }
  size_t features() const { return sets[0].coefficients.size(); }

  /// Raw predictions, row by row. Errors: kIllegalArgument for rows of another size.
  base::StatusOr<std::vector<double>> Raw(const table::FeatureBlock& block) const;
  base::StatusOr<std::vector<double>> Raw(const table::VectorReader& rows) const;
  base::StatusOr<std::vector<double>> Raw(const table::VectorView& features) const;
  /// Of one row's raw predictions, as many.
  void Probabilities(const double* raw, double* probability) const;
  double Predict(const double* raw, const double* probability) const;

  void Write(base::FieldWriter& w) const;
  /// Errors: kProtocol.
  static base::StatusOr<LogisticScorer> Read(base::FieldReader& r);

 private:
  /// From margins of each set, set after set.
  std::vector<double> RawOf(const std::vector<std::vector<double>>& margins) const;
};

/// MLlib's Utils.softmax: no margin overflows, and an infinite one takes all.
void Softmax(const double* margin, size_t classes, double* probability);
/// The first of the largest values.
size_t LargestOf(const double* values, size_t count);

}  // namespace soteria::ml
