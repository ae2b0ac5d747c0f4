#include "src/stats/statistic.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/stats/binary_metrics.h"
#include "src/stats/clustering_metrics.h"
#include "src/stats/doubles.h"
#include "src/stats/multiclass_metrics.h"
#include "src/stats/ranking_metrics.h"
#include "src/stats/regression_metrics.h"
#include "src/stats/table_sums.h"

namespace soteria::stats {
namespace {

using Values = std::vector<double>;

base::Status NoSuchMetric(const Statistic& statistic) {
  return base::Fail(base::kProtocol,
                    base::Cat("there is no ", KindName(statistic.kind), " statistic of that name"));
}

/// Numbers of rows, kNumbersOfRow each.
base::StatusOr<Values> RowsOf(const Input& input) {
  SOTERIA_ASSIGN_OR_RETURN(Values values, UnpackDoubles(input.bytes));
  if (values.size() % kNumbersOfRow != 0) {
    return base::Fail(base::kProtocol, "statistic: rows of a bad length");
  }
  return values;
}

base::StatusOr<BinaryCounts> BinaryOf(const Input& input) {
  if (input.form == InputForm::kSums) return BinaryCounts::Decode(input.bytes);
  SOTERIA_ASSIGN_OR_RETURN(const Values rows, RowsOf(input));
  Values scores, labels, weights;
  for (size_t i = 0; i < rows.size(); i += kNumbersOfRow) {
    scores.push_back(rows[i]);
    labels.push_back(rows[i + 1]);
    weights.push_back(rows[i + 2]);
  }
  BinaryCounts counts;
  counts.Add(scores.data(), labels.data(), weights.data(), scores.size());
  SOTERIA_RETURN_IF_ERROR(counts.CheckSize());
  return counts;
}

base::StatusOr<ConfusionCounts> ConfusionOf(const Input& input, bool losses) {
  if (input.form == InputForm::kSums) return ConfusionCounts::Decode(input.bytes);
  SOTERIA_ASSIGN_OR_RETURN(const Values rows, RowsOf(input));
  ConfusionCounts counts;
  for (size_t i = 0; i < rows.size(); i += kNumbersOfRow) {
    SOTERIA_RETURN_IF_ERROR(counts.Add(rows[i + 1], rows[i], rows[i + 2]));
    if (losses) counts.AddLoss(rows[i + 3], rows[i + 2]);
  }
  return counts;
}

base::StatusOr<RegressionSums> RegressionOf(const Input& input) {
  if (input.form == InputForm::kSums) return RegressionSums::Decode(input.bytes);
  SOTERIA_ASSIGN_OR_RETURN(const Values rows, RowsOf(input));
  RegressionSums sums;
  for (size_t i = 0; i < rows.size(); i += kNumbersOfRow) {
    sums.Add(rows[i], rows[i + 1], rows[i + 2]);
  }
  return sums;
}

Values Points(const std::vector<CurvePoint>& curve) {
  Values values;
  for (const CurvePoint& point : curve) values.insert(values.end(), {point.x, point.y});
  return values;
}

base::StatusOr<Values> Binary(const Statistic& statistic, const Input& input) {
  SOTERIA_ASSIGN_OR_RETURN(const BinaryCounts counts, BinaryOf(input));
  const BinaryMetrics metrics(counts, statistic.bins);
  const std::string& name = statistic.metric;
  // MLlib begins this curve with its first point's precision, and has none of no rows.
  if (counts.scores().empty() && (name == "areaUnderPR" || name == "pr")) {
    return base::Fail(base::kUnsupported, "empty collection");
  }
  if (name == "areaUnderROC") return Values{metrics.AreaUnderRoc()};
  if (name == "areaUnderPR") return Values{metrics.AreaUnderPr()};
  if (name == "roc") return Points(metrics.Roc());
  if (name == "pr") return Points(metrics.PrecisionRecall());
  if (name == "fMeasureByThreshold") return Points(metrics.FMeasureByThreshold(statistic.beta));
  if (name == "precisionByThreshold") return Points(metrics.PrecisionByThreshold());
  if (name == "recallByThreshold") return Points(metrics.RecallByThreshold());
  return NoSuchMetric(statistic);
}

base::StatusOr<Values> One(base::StatusOr<double> value) {
  if (!value.ok()) return value.status();
  return Values{*value};
}

base::StatusOr<Values> OfLabels(const MulticlassMetrics& m,
                                const std::function<base::StatusOr<double>(double)>& metric) {
  Values values;
  for (const double label : m.labels()) {
    SOTERIA_ASSIGN_OR_RETURN(values.emplace_back(), metric(label));
  }
  return values;
}

base::StatusOr<Values> Multiclass(const Statistic& statistic, const Input& input) {
  const std::string& name = statistic.metric;
  SOTERIA_ASSIGN_OR_RETURN(const ConfusionCounts counts, ConfusionOf(input, name == "logLoss"));
  const MulticlassMetrics m(counts);
  const double label = statistic.label;
  const double beta = statistic.beta;
  if (name == "f1") return Values{m.WeightedFMeasure(1.0)};
  if (name == "accuracy") return Values{m.Accuracy()};
  if (name == "weightedPrecision") return Values{m.WeightedPrecision()};
  if (name == "weightedRecall") return Values{m.WeightedRecall()};
  if (name == "weightedTruePositiveRate") return Values{m.WeightedTruePositiveRate()};
  if (name == "weightedFalsePositiveRate") return Values{m.WeightedFalsePositiveRate()};
  if (name == "weightedFMeasure") return Values{m.WeightedFMeasure(beta)};
  if (name == "truePositiveRateByLabel") return One(m.TruePositiveRate(label));
  if (name == "falsePositiveRateByLabel") return One(m.FalsePositiveRate(label));
  if (name == "precisionByLabel") return One(m.Precision(label));
  if (name == "recallByLabel") return One(m.Recall(label));
  if (name == "fMeasureByLabel") return One(m.FMeasure(label, beta));
  if (name == "hammingLoss") return Values{m.HammingLoss()};
  if (name == "logLoss") return Values{m.LogLoss()};
  if (name == "labels") return m.labels();
  if (name == "precisionOfLabels") return OfLabels(m, [&](double l) { return m.Precision(l); });
  if (name == "recallOfLabels") return OfLabels(m, [&](double l) { return m.Recall(l); });
  if (name == "fMeasureOfLabels") {
    return OfLabels(m, [&](double l) { return m.FMeasure(l, beta); });
  }
  if (name == "falsePositiveRateOfLabels") {
    return OfLabels(m, [&](double l) { return m.FalsePositiveRate(l); });
  }
  return NoSuchMetric(statistic);
}

base::StatusOr<Values> Regression(const Statistic& statistic, const Input& input) {
  SOTERIA_ASSIGN_OR_RETURN(const RegressionSums sums, RegressionOf(input));
  SOTERIA_RETURN_IF_ERROR(sums.CheckNotEmpty());
  const std::string& name = statistic.metric;
  if (name == "mse") return Values{sums.MeanSquaredError()};
  if (name == "rmse") return Values{sums.RootMeanSquaredError()};
  if (name == "mae") return Values{sums.MeanAbsoluteError()};
  if (name == "var") return Values{sums.ExplainedVariance()};
  if (name == "r2") return Values{sums.R2(statistic.through_origin)};
  return NoSuchMetric(statistic);
}

/// The sum is of the metric that was asked.
base::StatusOr<Values> Ranking(const Statistic& statistic, const Input& input) {
  SOTERIA_RETURN_IF_ERROR(RankingMetricOf(statistic.metric).status());
  if (input.form != InputForm::kSums) return NoSuchMetric(statistic);
  SOTERIA_ASSIGN_OR_RETURN(const RankingSums sums, RankingSums::Decode(input.bytes));
  return Values{sums.Mean()};
}

base::StatusOr<Values> Clustering(const Statistic& statistic, const Input& input) {
  if (input.form != InputForm::kSums) return NoSuchMetric(statistic);
  if (statistic.metric == "logLikelihood" || statistic.metric == "logPerplexity") {
    SOTERIA_ASSIGN_OR_RETURN(const TopicSums sums, TopicSums::Decode(input.bytes));
    return Values{statistic.metric == "logLikelihood" ? sums.LogLikelihood()
                                                      : sums.LogPerplexity()};
  }
  if (statistic.metric != "silhouette") return NoSuchMetric(statistic);
  SOTERIA_ASSIGN_OR_RETURN(const SilhouetteSums sums, SilhouetteSums::Decode(input.bytes));
  return Values{sums.Mean()};
}

base::Status TooSmall() { return base::Fail(kStaysInside, "a cell counts too few rows"); }

bool Enough(double rows, double min_rows) { return rows == 0 || rows >= min_rows; }

/// At most so many bins are weighed against each other, whatever the owner's rule allows.
constexpr size_t kGroupsMax = 2'000;

/// Neighbouring scores as one: their weights, and how many rows have them.
struct ScoreGroup {
  ScoreWeights weights, rows;

  void Add(const ScoreGroup& other) {
    weights.positive += other.weights.positive;
    weights.negative += other.weights.negative;
    rows.positive += other.rows.positive;
    rows.negative += other.rows.negative;
  }
};

/// The scores of a sum, descending, each with its weights and its rows.
class Scores {
 public:
  /// Errors: kProtocol when the rows are of other scores.
  static base::StatusOr<Scores> Of(const ExactSums& exact) {
    Scores scores;
    SOTERIA_ASSIGN_OR_RETURN(scores.counts_, Counted<BinaryCounts>::Of(exact));
    bool same = scores.weights().size() == scores.rows().size();
    for (size_t i = 0; same && i < scores.size(); ++i) {
      const double score = scores.weights()[i].score;
      const double other = scores.rows()[i].score;
      same = score == other || (std::isnan(score) && std::isnan(other));
    }
    if (!same) return base::Fail(base::kProtocol, "statistic: weights and rows of other scores");
    return scores;
  }
  size_t size() const { return weights().size(); }
  ScoreGroup operator[](size_t i) const { return {weights()[i], rows()[i]}; }

 private:
  const std::vector<ScoreWeights>& weights() const { return counts_.sums.scores(); }
  const std::vector<ScoreWeights>& rows() const {
    return counts_.rows ? counts_.rows->scores() : weights();
  }
  Counted<BinaryCounts> counts_;
};

/// Neighbouring scores, descending, as at most `groups` groups of about as many rows each.
std::vector<ScoreGroup> Grouped(const Scores& scores, double rows, size_t groups) {
  const bool one_each = scores.size() <= groups;
  const double rows_each = rows / static_cast<double>(groups);
  std::vector<ScoreGroup> grouped;
  double before = 0;
  double open = -1;  // which of the groups the last score went to
  for (size_t i = 0; i < scores.size(); ++i) {
    const ScoreGroup s = scores[i];
    const double group = std::floor(before / rows_each);
    if (!one_each && group == open) {
      grouped.back().Add(s);
    } else {
      grouped.push_back(s);
    }
    open = group;
    before += s.rows.positive + s.rows.negative;
  }
  return grouped;
}

/// Sums over the first so many groups.
struct Running {
  std::vector<double> positive, negative;

  explicit Running(size_t n) : positive(n + 1, 0), negative(n + 1, 0) {}
  void Add(size_t i, const ScoreWeights& s) {
    positive[i + 1] = positive[i] + s.positive;
    negative[i + 1] = negative[i] + s.negative;
  }
};

/// Of all ways to cut the groups into bins whose cells count no row or enough, the one with the
/// smallest BinningBound; empty when there is none. Quadratic in the groups.
std::vector<ScoreWeights> BestBins(const std::vector<ScoreGroup>& groups, double least) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  const size_t n = groups.size();
  Running weights(n), rows(n);
  std::vector<double> cost(n + 1, kNone);
  std::vector<size_t> from(n + 1, 0);
  for (size_t i = 0; i < n; ++i) {
    weights.Add(i, groups[i].weights);
    rows.Add(i, groups[i].rows);
  }
  cost[0] = 0;
  for (size_t end = 1; end <= n; ++end) {
    for (size_t first = end; first-- > 0;) {
      const double p = rows.positive[end] - rows.positive[first];
      const double q = rows.negative[end] - rows.negative[first];
      if (p + q == 0 || !Enough(p, least) || !Enough(q, least)) continue;
      const double both = cost[first] + (weights.positive[end] - weights.positive[first]) *
                                            (weights.negative[end] - weights.negative[first]);
      if (both < cost[end]) {
        cost[end] = both;
        from[end] = first;
      }
    }
  }
  std::vector<ScoreWeights> bins;
  if (cost[n] == kNone) return bins;
  for (size_t end = n; end > 0; end = from[end]) {
    ScoreGroup bin;
    for (size_t i = from[end]; i < end; ++i) bin.Add(groups[i]);
    bins.push_back(bin.weights);
  }
  std::reverse(bins.begin(), bins.end());
  return bins;
}

base::StatusOr<Releasable> BinnedScores(const Statistic& statistic, const ExactSums& exact,
                                        uint64_t min_rows, uint64_t bins) {
  // Thresholds are scores, which are values of rows: tables of them have no answer from ranks.
  static constexpr std::string_view kOfRanks[] = {"areaUnderROC", "areaUnderPR", "roc", "pr"};
  if (std::find(std::begin(kOfRanks), std::end(kOfRanks), statistic.metric) == std::end(kOfRanks)) {
    return base::Fail(kStaysInside, "its values are scores of rows");
  }
  SOTERIA_ASSIGN_OR_RETURN(const Scores scores, Scores::Of(exact));
  double rows = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    rows += scores[i].rows.positive + scores[i].rows.negative;
  }
  if (rows == 0) return TooSmall();
  const auto groups = static_cast<size_t>(std::min<uint64_t>(bins, kGroupsMax));
  const std::vector<ScoreWeights> binned =
      BestBins(Grouped(scores, rows, groups), static_cast<double>(min_rows));
  if (binned.empty()) return TooSmall();
  // A score is a value of one row; its rank among the bins says all that the curves need.
  std::vector<double> values;
  for (size_t i = 0; i < binned.size(); ++i) {
    values.insert(values.end(), {static_cast<double>(binned.size() - 1 - i), binned[i].positive,
                                 binned[i].negative});
  }
  return Releasable{{InputForm::kSums, PackDoubles(values)},
                    static_cast<uint64_t>(rows),
                    2 * static_cast<uint64_t>(binned.size())};
}

base::StatusOr<Releasable> Confusion(const Statistic& statistic, const ExactSums& exact,
                                     uint64_t min_rows) {
  SOTERIA_ASSIGN_OR_RETURN(const auto both, Counted<ConfusionCounts>::Of(exact));
  const ConfusionCounts& counts = both.sums;
  const auto least = static_cast<double>(min_rows);
  double rows = 0;
  bool every_cell = !counts.cells().empty();
  std::vector<double> values = {0, 0};  // no losses
  for (const auto& [cell, weight] : counts.cells()) {
    double counted = weight;
    if (both.rows) {
      const auto at = both.rows->cells().find(cell);
      counted = at == both.rows->cells().end() ? 0 : at->second;
    }
    rows += counted;
    // A cell that is there says that somebody is in it.
    every_cell = every_cell && counted > 0 && counted >= least;
    values.insert(values.end(), {cell.first, cell.second, weight});
  }
  if (statistic.metric == "logLoss") {
    if (rows == 0 || rows < least) return TooSmall();
    values = {counts.loss(), counts.loss_weight()};
    return Releasable{{InputForm::kSums, PackDoubles(values)}, static_cast<uint64_t>(rows), 2};
  }
  if (!every_cell) return TooSmall();
  return Releasable{{InputForm::kSums, PackDoubles(values)},
                    static_cast<uint64_t>(rows),
                    static_cast<uint64_t>(counts.cells().size())};
}

base::StatusOr<Releasable> Moments(const ExactSums& exact, uint64_t min_rows) {
  SOTERIA_ASSIGN_OR_RETURN(const auto both, Counted<RegressionSums>::Of(exact));
  const double rows = both.rows ? both.rows->weight() : both.sums.weight();
  if (rows < static_cast<double>(min_rows)) return TooSmall();
  return Releasable{{InputForm::kSums, exact.sums},
                    static_cast<uint64_t>(rows),
                    exact.sums.size() / sizeof(double)};
}

}  // namespace

std::string_view KindName(StatisticKind kind) {
  switch (kind) {
    case StatisticKind::kBinary:
      return "binary";
    case StatisticKind::kMulticlass:
      return "multiclass";
    case StatisticKind::kRegression:
      return "regression";
    case StatisticKind::kSummary:
      return "summary";
    case StatisticKind::kClasses:
      return "classes";
    case StatisticKind::kRanking:
      return "ranking";
    case StatisticKind::kClustering:
      return "clustering";
  }
  return "?";
}

base::StatusOr<std::vector<double>> Compute(const Statistic& statistic, const Input& input) {
  switch (statistic.kind) {
    case StatisticKind::kBinary:
      return Binary(statistic, input);
    case StatisticKind::kMulticlass:
      return Multiclass(statistic, input);
    case StatisticKind::kRegression:
      return Regression(statistic, input);
    case StatisticKind::kSummary:
      return ComputeSummary(statistic, input);
    case StatisticKind::kClasses:
      return ComputeClasses(statistic, input);
    case StatisticKind::kRanking:
      return Ranking(statistic, input);
    case StatisticKind::kClustering:
      return Clustering(statistic, input);
  }
  return NoSuchMetric(statistic);
}

std::string EncodeQuestion(const Question& question) {
  const Statistic& s = question.statistic;
  base::FieldWriter w;
  w.AddU64(static_cast<uint64_t>(s.kind)).Add(s.metric).AddDouble(s.beta).AddDouble(s.label);
  w.AddI64(s.bins).AddBool(s.through_origin);
  w.AddU64(static_cast<uint64_t>(question.input.form)).Add(question.input.bytes);
  return w.Take();
}

base::StatusOr<Question> DecodeQuestion(std::string_view bytes) {
  base::FieldReader r(bytes);
  Question question;
  Statistic& s = question.statistic;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(s.metric, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(s.beta, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(s.label, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(s.bins, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(s.through_origin, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t form, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(question.input.bytes, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (kind < 1 || kind > 5 || form < 1 || form > 2) {
    return base::Fail(base::kProtocol, "statistic: an unknown kind or form");
  }
  s.kind = static_cast<StatisticKind>(kind);
  question.input.form = static_cast<InputForm>(form);
  return question;
}

namespace {

base::StatusOr<Releasable> OfKind(const Statistic& statistic, const ExactSums& exact,
                                  uint64_t min_rows, uint64_t bins) {
  switch (statistic.kind) {
    case StatisticKind::kBinary:
      return BinnedScores(statistic, exact, min_rows, bins);
    case StatisticKind::kMulticlass:
      return Confusion(statistic, exact, min_rows);
    case StatisticKind::kRegression:
      return Moments(exact, min_rows);
    case StatisticKind::kSummary:
      return SummaryReleasable(statistic, exact.sums, min_rows);
    case StatisticKind::kClasses:
      return ClassesReleasable(exact.sums, min_rows);
    case StatisticKind::kRanking:
      return base::Fail(kStaysInside, "a mean over rankings");
    case StatisticKind::kClustering:
      return base::Fail(kStaysInside, "silhouettes and likelihoods are worked out inside");
  }
  return NoSuchMetric(statistic);
}

}  // namespace

base::StatusOr<Releasable> MakeReleasable(const Statistic& statistic, const ExactSums& exact,
                                          uint64_t min_rows, uint64_t bins) {
  SOTERIA_ASSIGN_OR_RETURN(Releasable made, OfKind(statistic, exact, min_rows, bins));
  SOTERIA_ASSIGN_OR_RETURN(const Values numbers, UnpackDoubles(made.input.bytes));
  // One row is enough to make a sum NaN or infinite: that some row has it would leave.
  const bool finite = std::all_of(numbers.begin(), numbers.end(),
                                  [](double number) { return std::isfinite(number); });
  if (!finite) return base::Fail(kStaysInside, "a number that isn't finite");
  return made;
}

base::StatusOr<double> BinningBound(std::string_view sums) {
  SOTERIA_ASSIGN_OR_RETURN(const BinaryCounts counts, BinaryCounts::Decode(sums));
  double positives = 0, negatives = 0, both = 0;
  for (const ScoreWeights& s : counts.scores()) {
    positives += s.positive;
    negatives += s.negative;
    both += s.positive * s.negative;
  }
  return positives == 0 || negatives == 0 ? 0 : both / (positives * negatives) / 2;
}

}  // namespace soteria::stats
