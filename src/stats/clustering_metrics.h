// The silhouette of a clustering from its rows' own: their weighted mean. What a row's is comes
// from its features and the clusters' sums, so that it is worked out inside; the sum says no more
// than the mean of all rows, and stays inside too (KindName "clustering" is no kind that may
// leave). One thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::stats {

class SilhouetteSums {
 public:
  void Add(double silhouette, double weight) {
    sum_ += silhouette * weight;
    weight_ += weight;
  }
  void Merge(const SilhouetteSums& other) {
    sum_ += other.sum_;
    weight_ += other.weight_;
  }

  std::string Encode() const;
  /// Errors: kProtocol.
  static base::StatusOr<SilhouetteSums> Decode(std::string_view bytes);

  /// NaN without weight.
  double Mean() const { return sum_ / weight_; }

 private:
  double sum_ = 0;
  double weight_ = 0;
};

}  // namespace soteria::stats
