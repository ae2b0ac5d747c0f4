// What pyspark.ml.stat.Summarizer knows of a column of vectors: for each element the weighted mean
// and spread of the values that aren't zero, their weight and number, norms and extremes. Zeros
// are what is left of the rows, so that sparse and dense vectors alike cost what they store.
// Updates are West's and merges Chan's, as in MLlib. One thread at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/table/vector.h"

namespace soteria::exec {

enum class VectorMetric {
  kMean,
  kSum,
  kVariance,
  kStd,
  kCount,
  kNonzeros,
  kMax,
  kMin,
  kNormL1,
  kNormL2
};
/// Summarizer's name of it. kIllegalArgument for any other.
base::StatusOr<VectorMetric> VectorMetricNamed(std::string_view name);

class VectorSummary {
 public:
  /// A row of weight 0 counts nothing. Errors: MLlib's, of a negative weight and of sizes.
  base::Status Add(const table::VectorView& vector, double weight);
  base::Status Merge(const VectorSummary& other);

  int64_t count() const { return count_; }
  /// Of one element, for what leaves: rows where it isn't zero, and their mean, spread around it,
  /// sum of absolute values and of squares.
  struct Element {
    double nonzeros, mean, spread, absolutes, squares;
  };
  std::vector<Element> Elements() const;
  /// One number an element; kCount has none. kIllegalArgument before a row counted.
  base::StatusOr<std::vector<double>> Get(VectorMetric metric) const;

  void Write(base::FieldWriter& out) const;
  static base::StatusOr<VectorSummary> Read(base::FieldReader& in);

 private:
  std::vector<double> Variance() const;

  int64_t count_ = 0;
  double weight_ = 0;
  double weight_squares_ = 0;
  // Of each element's values that aren't zero, but for the extremes, which are as in MLlib.
  std::vector<double> mean_, spread_, squares_, absolutes_, weights_, nonzeros_, max_, min_;
};

}  // namespace soteria::exec
