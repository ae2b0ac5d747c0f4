// Mean and centred sums of outer products of all rows, in one pass: MLlib's covariance. Each block
// is centred at its own mean and merged by Chan's formula, so that columns far from zero keep their
// digits. Kernel "ml.pca.scatter". Pure; any thread.
//
// Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances", 1979.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// As MLlib: the packed triangle's entries are counted by a Java int.
inline constexpr int64_t kPcaColumnsMax = 65535;
/// Entries of a partial: what one message between enclaves holds.
inline constexpr uint64_t kScatterEntriesMax = uint64_t{30} << 20;

/// Of rows x: their number, mean, and S = sum of (x - mean)(x - mean)'. While that takes less
/// memory, S is kept as a factor: rows f with S = sum of f f'.
class Scatter {
 public:
  static base::StatusOr<Scatter> Of(const table::FeatureBlock& block);
  /// Errors: kIllegalArgument when the columns differ, kMemoryLimit.
  base::Status Merge(Scatter other);

  /// Of whichever form is smaller, which is taken. Errors: kMemoryLimit.
  base::StatusOr<std::string> Encode() &&;
  /// Takes the bytes, so that they don't outlive what is made of them.
  static base::StatusOr<Scatter> Decode(std::string bytes);

  uint64_t rows() const { return static_cast<uint64_t>(rows_); }
  int64_t cols() const { return static_cast<int64_t>(mean_.size()); }
  const std::vector<double>& mean() const { return mean_; }
  /// S / (rows - 1), full, size x size; it takes the memory of S.
  std::vector<double> Covariance() &&;

 private:
  bool FactorIsSmaller(uint64_t rows) const;
  base::Status MultiplyOut();

  double rows_ = 0;
  std::vector<double> mean_;
  // S is the sum of both. Rows of a factor wait until there are many: one product of many is a
  // fraction of the work of many products of few.
  std::vector<double> factor_;  // row-major
  std::vector<double> upper_;   // (i, j), i <= j, at j * size + i; empty: nothing yet
};

class ScatterKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.pca.scatter";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
};

}  // namespace soteria::ml
