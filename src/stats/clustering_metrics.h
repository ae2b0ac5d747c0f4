// The silhouette of a clustering from its rows' own: their weighted mean; and the likelihood of a
// corpus under a model's topics: the sum of its documents' bounds. What a row's is comes from its
// features and what a model or the clusters say, so that it is worked out inside; the sum says no
// more than the number about all rows, and stays inside too (KindName "clustering" is no kind that
// may leave). One thread at a time.
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

/// A lower bound of the log likelihood: of all documents, and of the topics themselves.
struct TopicSums {
  double bound = 0;
  double of_topics = 0;
  double tokens = 0;

  std::string Encode() const;
  /// Errors: kProtocol.
  static base::StatusOr<TopicSums> Decode(std::string_view bytes);

  double LogLikelihood() const { return bound + of_topics; }
  /// An upper bound of the perplexity's logarithm; NaN without tokens.
  double LogPerplexity() const { return -LogLikelihood() / tokens; }
};

}  // namespace soteria::stats
