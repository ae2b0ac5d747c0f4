// A mergeable quantile sketch: Greenwald and Khanna, "Space-efficient online computation of
// quantile summaries", SIGMOD 2001, with the buffering and the order of merges that Spark's
// approxQuantile and percentile_approx have, so that the same values in the same order give the
// same answers. A value that is returned has a rank within `relative_error` * count of the one
// asked for; with 0 every value is kept and answers are exact.
//
// Compressed sketches of one error merge; a fixed order of merges gives fixed bits (I7). One thread
// at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"

namespace soteria::table {

/// Values that one sketch may hold: 24 bytes each.
inline constexpr size_t kQuantileSamplesMax = size_t{4} << 20;

class QuantileSketch {
 public:
  explicit QuantileSketch(double relative_error) : relative_error_(relative_error) {}

  /// kMemoryLimit when it would hold more than kQuantileSamplesMax values.
  base::Status Insert(double value);
  /// Takes in what Insert buffers. Write, Merge and Query want it before.
  base::Status Compress();
  base::Status Merge(const QuantileSketch& other);
  /// A value for each probability of [0, 1]; none when the sketch is empty.
  std::vector<double> Query(std::span<const double> probabilities) const;

  void Write(base::FieldWriter& out) const;
  /// kProtocol for bytes that Write doesn't make.
  static base::StatusOr<QuantileSketch> Read(double relative_error, base::FieldReader& in);

 private:
  struct Sample {
    double value;
    int64_t gap;     // least number of ranks since the sample before
    int64_t spread;  // how far the rank may lie above that
  };

  base::Status TakeInBuffer();
  base::Status CheckSize(size_t samples) const;
  void Thin(double threshold);

  double relative_error_;
  std::vector<Sample> samples_;  // ascending
  int64_t count_ = 0;            // of all values in samples_
  std::vector<double> buffer_;   // newer ones
};

}  // namespace soteria::table
