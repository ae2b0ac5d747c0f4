// Weighted mean and spread of feature columns: what MLlib's Summarizer computes for "mean", "std"
// and "count". Blocks are summed in two passes over cached rows and merged by Chan's formula, so
// that a constant column has a spread of exactly 0, up to where its square overflows. A column
// whose moments aren't finite that way (NaN, infinities, values near 1e308) is summed as MLlib does
// it, value by value, so that what overflows there overflows here.
//
// Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances", 1979. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

class Moments {
 public:
  /// The moments of one block. Rows of weight 0 count nothing.
  static Moments Of(const table::FeatureBlock& block);

  /// Adds `other`'s rows. Errors: kIllegalArgument when the numbers of columns differ.
  base::Status Merge(const Moments& other);

  std::string Encode() const;
  static base::StatusOr<Moments> Decode(std::string_view bytes);

  uint64_t rows() const { return static_cast<uint64_t>(rows_); }
  double weight() const { return weight_; }
  size_t cols() const { return mean_.size(); }
  const std::vector<double>& mean() const { return mean_; }
  /// Square root of the unbiased weighted sample variance; 0 where that has no degree of freedom.
  std::vector<double> StandardDeviation() const;
  /// MLlib's refusal of an input without (weighted) rows.
  base::Status CheckNotEmpty() const;

 private:
  void AddDense(const table::FeatureBlock& block, int64_t first, int64_t rows);
  void AddSparse(const table::FeatureBlock& block);
  void RedoColumn(const table::FeatureBlock& block, size_t column);
  void MergeSameSize(const Moments& other);

  double rows_ = 0;  // of positive weight
  double weight_ = 0;
  double weight_squares_ = 0;
  std::vector<double> mean_;
  std::vector<double> spread_;  // weighted squared distances from the mean
};

}  // namespace soteria::ml
