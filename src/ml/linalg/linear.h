// One linear score over the rows of a block, and what a linear model's gradient sums up: margins
// and their transpose in one pass over cached rows, dense or sparse. Coefficients are those of the
// raw features: drivers turn them from and to the standardised space that they optimise in, so that
// blocks need no copy. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// intercept + coefficients . features.
struct LinearScore {
  std::vector<double> coefficients;
  double intercept = 0;
};
void WriteScore(base::FieldWriter& w, const LinearScore& score);
base::StatusOr<LinearScore> ReadScore(base::FieldReader& r);

/// Errors: kIllegalArgument with MLlib's text where rows have another number of features; kInternal
/// for rows without labels.
base::Status CheckFeatures(const table::FeatureBlock& block, size_t features);
base::Status CheckLabels(const table::FeatureBlock& block);
/// The weights from a row on; null: all 1.
const double* WeightsFrom(const table::FeatureBlock& block, int64_t row);

/// Margins of all rows of a block. Errors: kIllegalArgument when the columns don't match.
base::StatusOr<std::vector<double>> MarginsOf(const LinearScore& score,
                                              const table::FeatureBlock& block);
/// The same of rows [first, first + rows) of a block that has as many columns.
void MarginsOf(const LinearScore& score, const table::FeatureBlock& block, int64_t first,
               int64_t rows, double* margins);
/// sum += the rows from `first` on, each times its factor.
void AddWeightedRowsOf(const table::FeatureBlock& block, int64_t first, int64_t rows,
                       const double* factor, double* sum);
/// Rows of a block that a pass handles at once.
int64_t RowsAtOnce(const table::FeatureBlock& block);

/// Sums over rows of a loss, of weights, and of the loss's derivatives by the margin and by the
/// scale (of losses that have one).
struct LossSums {
  double loss = 0;
  double weight = 0;
  double multiplier = 0;
  double scale = 0;
};
/// Writes each row's derivative by the margin over `margin`; `weight` null: all 1.
using LossTerms = std::function<LossSums(const double* label, const double* weight, int64_t rows,
                                         double* margin)>;

struct GradientSums {
  LossSums sums;
  std::vector<double> gradient;  // sum of each row's derivative times its features

  void Merge(const GradientSums& other);
  std::string Encode() const;
  static base::StatusOr<GradientSums> Decode(std::string_view bytes, size_t cols);
};

base::StatusOr<GradientSums> SumGradient(const LinearScore& score, const table::FeatureBlock& block,
                                         const LossTerms& terms);
/// Folds encoded sums, ascending.
base::StatusOr<std::string> MergeGradients(const std::vector<std::string>& children, size_t cols);

}  // namespace soteria::ml
