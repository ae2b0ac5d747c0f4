#include "src/stats/binary_metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"

namespace soteria::stats {
namespace {

constexpr double kPositiveLabelAbove = 0.5;
constexpr size_t kDoublesPerScore = 3;
static_assert(std::endian::native == std::endian::little);  // scores are bytes as they are held

/// NaN above all, as Java orders doubles.
bool Above(double a, double b) {
  if (std::isnan(a)) return !std::isnan(b);
  return a > b;
}

/// One entry for all rows of a score; the weights are added in the order of the entries.
void Combine(std::vector<ScoreWeights>& sorted) {
  size_t last = 0;
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (Above(sorted[last].score, sorted[i].score)) {
      sorted[++last] = sorted[i];
    } else {
      sorted[last].positive += sorted[i].positive;
      sorted[last].negative += sorted[i].negative;
    }
  }
  if (!sorted.empty()) sorted.resize(last + 1);
}

double Share(double part, double whole) { return whole == 0 ? 0 : part / whole; }

double PrecisionOf(const ScoreWeights& sums) {
  const double predicted = sums.positive + sums.negative;
  return predicted == 0 ? 1.0 : sums.positive / predicted;
}

double AreaUnder(const std::vector<CurvePoint>& curve) {
  double area = 0;
  for (size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].x - curve[i - 1].x) * (curve[i].y + curve[i - 1].y) / 2.0;
  }
  return area;
}

}  // namespace

void BinaryCounts::Add(const double* score, const double* label, const double* weight,
                       size_t rows) {
  std::vector<ScoreWeights> added(rows);
  for (size_t i = 0; i < rows; ++i) {
    const double w = weight == nullptr ? 1.0 : weight[i];
    const bool positive = label[i] > kPositiveLabelAbove;
    added[i] = {score[i] + 0.0, positive ? w : 0.0, positive ? 0.0 : w};  // -0.0 becomes 0.0
  }
  std::stable_sort(added.begin(), added.end(), [](const ScoreWeights& a, const ScoreWeights& b) {
    return Above(a.score, b.score);
  });
  Combine(added);
  if (scores_.empty()) {
    scores_ = std::move(added);
  } else {
    MergeSorted(added);
  }
}

void BinaryCounts::MergeSorted(const std::vector<ScoreWeights>& other) {
  std::vector<ScoreWeights> merged;
  merged.reserve(scores_.size() + other.size());
  std::merge(scores_.begin(), scores_.end(), other.begin(), other.end(), std::back_inserter(merged),
             [](const ScoreWeights& a, const ScoreWeights& b) { return Above(a.score, b.score); });
  Combine(merged);
  scores_ = std::move(merged);
}

base::Status BinaryCounts::Merge(const BinaryCounts& other) {
  MergeSorted(other.scores_);
  return CheckSize();
}

base::Status BinaryCounts::CheckSize() const {
  if (scores_.size() > kDistinctScoresMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("more than ", kDistinctScoresMax,
                                                    " distinct scores in a ROC curve"));
  }
  return base::OkStatus();
}

std::string BinaryCounts::Encode() const {
  static_assert(sizeof(ScoreWeights) == kDoublesPerScore * sizeof(double));
  std::string bytes(scores_.size() * sizeof(ScoreWeights), '\0');
  if (!scores_.empty()) std::memcpy(bytes.data(), scores_.data(), bytes.size());
  return bytes;
}

base::StatusOr<BinaryCounts> BinaryCounts::Decode(std::string_view bytes) {
  if (bytes.size() % (kDoublesPerScore * sizeof(double)) != 0 ||
      bytes.size() / (kDoublesPerScore * sizeof(double)) > kDistinctScoresMax) {
    return base::Fail(base::kProtocol, "binary counts: bad length");
  }
  BinaryCounts counts;
  counts.scores_.resize(bytes.size() / sizeof(ScoreWeights));
  if (!bytes.empty()) std::memcpy(counts.scores_.data(), bytes.data(), bytes.size());
  for (size_t i = 1; i < counts.scores_.size(); ++i) {
    if (!Above(counts.scores_[i - 1].score, counts.scores_[i].score)) {
      return base::Fail(base::kProtocol, "binary counts: scores do not descend");
    }
  }
  return counts;
}

BinaryMetrics::BinaryMetrics(const BinaryCounts& counts, int64_t bins) {
  const std::vector<ScoreWeights>& scores = counts.scores();
  size_t group = 1;
  if (bins > 0) {
    group = std::max<size_t>(1, scores.size() / static_cast<size_t>(bins));
  }
  ScoreWeights sums;
  for (size_t first = 0; first < scores.size(); first += group) {
    const size_t end = std::min(scores.size(), first + group);
    double positive = 0;
    double negative = 0;
    for (size_t i = first; i < end; ++i) {
      positive += scores[i].positive;
      negative += scores[i].negative;
    }
    sums.score = scores[first].score;
    sums.positive += positive;
    sums.negative += negative;
    cumulative_.push_back(sums);
  }
  positives_ = sums.positive;
  negatives_ = sums.negative;
}

std::vector<CurvePoint> BinaryMetrics::Roc() const {
  std::vector<CurvePoint> curve = {{0.0, 0.0}};
  for (const ScoreWeights& s : cumulative_) {
    curve.push_back({Share(s.negative, negatives_), Share(s.positive, positives_)});
  }
  curve.push_back({1.0, 1.0});
  return curve;
}

std::vector<CurvePoint> BinaryMetrics::PrecisionRecall() const {
  std::vector<CurvePoint> curve;
  for (const ScoreWeights& s : cumulative_) {
    if (curve.empty()) curve.push_back({0.0, PrecisionOf(s)});
    curve.push_back({Share(s.positive, positives_), PrecisionOf(s)});
  }
  return curve;
}

double BinaryMetrics::AreaUnderRoc() const { return AreaUnder(Roc()); }

double BinaryMetrics::AreaUnderPr() const { return AreaUnder(PrecisionRecall()); }

std::vector<CurvePoint> BinaryMetrics::PrecisionByThreshold() const {
  std::vector<CurvePoint> curve;
  for (const ScoreWeights& s : cumulative_) curve.push_back({s.score, PrecisionOf(s)});
  return curve;
}

std::vector<CurvePoint> BinaryMetrics::RecallByThreshold() const {
  std::vector<CurvePoint> curve;
  for (const ScoreWeights& s : cumulative_) {
    curve.push_back({s.score, Share(s.positive, positives_)});
  }
  return curve;
}

std::vector<CurvePoint> BinaryMetrics::FMeasureByThreshold(double beta) const {
  const double beta2 = beta * beta;
  std::vector<CurvePoint> curve;
  for (const ScoreWeights& s : cumulative_) {
    const double precision = PrecisionOf(s);
    const double recall = Share(s.positive, positives_);
    const double f = precision + recall == 0
                         ? 0.0
                         : (1.0 + beta2) * (precision * recall) / (beta2 * precision + recall);
    curve.push_back({s.score, f});
  }
  return curve;
}

}  // namespace soteria::stats
