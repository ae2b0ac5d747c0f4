// Cluster centers and the distances of points to them: which is the nearest, and how far it is.
// Euclidean distances are squared, cosine distances 1 - cos. Euclidean distances to dense points
// are summed from differences, so that points far from the origin keep their digits; those to
// sparse ones come from norms and products, and from differences where that would cancel.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/table/feature_block.h"
#include "src/table/vector.h"

namespace soteria::ml {

enum class DistanceMeasure { kEuclidean, kCosine };

/// The nearest center of each of some points, and its distance.
struct Nearest {
  std::vector<int32_t> center;
  std::vector<double> distance;
};

/// MLlib's refusal of a point that has no direction.
base::Status ZeroLength();

class Centers {
 public:
  /// `rows`: `count` centers of `size` numbers, row-major.
  Centers(DistanceMeasure measure, std::vector<double> rows, size_t count, size_t size);

  DistanceMeasure measure() const { return measure_; }
  size_t count() const { return count_; }
  size_t size() const { return size_; }
  const std::vector<double>& rows() const { return rows_; }
  const double* row(size_t i) const { return rows_.data() + i * size_; }

  /// Of the rows first..first + rows of a block whose columns are as many as size(). Of several
  /// nearest centers the first. Errors: kIllegalArgument for a point or center of length 0 by the
  /// cosine measure.
  base::Status Find(const table::FeatureBlock& block, int64_t first, int64_t rows,
                    Nearest& nearest) const;
  base::Status FindDense(const double* x, int64_t rows, Nearest& nearest) const;
  /// Of one point of that size.
  base::StatusOr<int32_t> FindOne(const table::VectorView& point, double* distance) const;
  /// Between two centers, of which the other has the same size and measure; Euclidean: squared.
  base::StatusOr<double> Distance(size_t i, const double* other) const;

  void Write(base::FieldWriter& w) const;
  static base::StatusOr<Centers> Read(base::FieldReader& r);

 private:
  base::Status FindSparse(const int32_t* col, const double* val, size_t stored,
                          std::vector<double>& dots, int32_t* best, double* distance) const;
  double ExactDistance(const int32_t* col, const double* val, size_t stored, size_t center) const;

  DistanceMeasure measure_;
  size_t count_, size_;
  std::vector<double> rows_;
  std::vector<double> squares_;    // of the centers' lengths
  std::vector<double> groups_;     // kGroup centers at a time, column by column; the last padded
  std::vector<double> by_column_;  // count numbers a column
  bool zero_length_ = false;
};

}  // namespace soteria::ml
