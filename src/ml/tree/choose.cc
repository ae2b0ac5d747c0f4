#include "src/ml/tree/choose.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/tree/tree.h"
#include "src/stats/doubles.h"

namespace soteria::ml::tree {
namespace {

constexpr int32_t kBinsMax = 1 << 16;
constexpr int32_t kClassesMax = 1 << 16;
/// Categories of an unordered feature: 2^(n-1) - 1 splits are at most kBinsMax.
constexpr int32_t kUnorderedMax = 17;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("tree node: ", what));
}

std::string PackInts(const std::vector<int32_t>& values) {
  return stats::PackDoubles(std::vector<double>(values.begin(), values.end()));
}

base::StatusOr<std::vector<int32_t>> UnpackInts(std::string_view bytes, int32_t low, int32_t high) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(bytes));
  std::vector<int32_t> ints;
  ints.reserve(values.size());
  for (const double value : values) {
    if (!(value >= low && value <= high)) return Malformed("a number is out of range");
    ints.push_back(static_cast<int32_t>(value));
  }
  return ints;
}

}  // namespace

std::string PackRuns(const std::vector<int32_t>& values) {
  std::vector<double> runs;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i == 0 || values[i] != values[i - 1]) {
      runs.push_back(0);
      runs.push_back(values[i]);
    }
    runs[runs.size() - 2] += 1;
  }
  return stats::PackDoubles(runs);
}

base::StatusOr<std::vector<int32_t>> UnpackRuns(std::string_view bytes, int32_t low, int32_t high) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> runs, stats::UnpackDoubles(bytes));
  if (runs.empty() || runs.size() % 2 != 0) return Malformed("number of features");
  std::vector<int32_t> values;
  for (size_t i = 0; i < runs.size(); i += 2) {
    const double left = static_cast<double>(kFeaturesMax) - static_cast<double>(values.size());
    if (!(runs[i] >= 1 && runs[i] <= left)) return Malformed("number of features");
    if (!(runs[i + 1] >= low && runs[i + 1] <= high)) return Malformed("a number is out of range");
    values.insert(values.end(), static_cast<size_t>(runs[i]), static_cast<int32_t>(runs[i + 1]));
  }
  return values;
}

bool Above(double a, double b) {
  if (a > b) return true;
  if (a < b) return false;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
  return std::signbit(b) && !std::signbit(a);
}

int32_t Rules::Splits(size_t feature) const {
  if (!unordered[feature]) return bins[feature] - 1;
  return (1 << (arity[feature] - 1)) - 1;
}

void Rules::Write(base::FieldWriter& w) const {
  std::vector<int32_t> marks(unordered.begin(), unordered.end());
  w.AddU64(static_cast<uint64_t>(impurity)).AddI64(num_classes);
  w.Add(PackRuns(arity)).Add(PackRuns(marks)).Add(PackRuns(bins));
  w.AddI64(min_instances).AddDouble(min_weight).AddDouble(min_gain);
}

base::StatusOr<Rules> Rules::Read(base::FieldReader& r) {
  Rules rules;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t impurity, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t classes, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view arity, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view marks, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bins, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(rules.min_instances, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(rules.min_weight, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(rules.min_gain, r.NextDouble());
  if (impurity > static_cast<uint64_t>(Impurity::kVariance) || classes < 0 ||
      classes > kClassesMax) {
    return Malformed("impurity or classes");
  }
  rules.impurity = static_cast<Impurity>(impurity);
  rules.num_classes = static_cast<int32_t>(classes);
  if ((rules.impurity == Impurity::kVariance) != (classes == 0)) return Malformed("classes");
  SOTERIA_ASSIGN_OR_RETURN(rules.arity, UnpackRuns(arity, 0, kBinsMax));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int32_t> unordered, UnpackRuns(marks, 0, 1));
  SOTERIA_ASSIGN_OR_RETURN(rules.bins, UnpackRuns(bins, 1, kBinsMax));
  const size_t n = rules.bins.size();
  if (rules.arity.size() != n || unordered.size() != n) {
    return Malformed("number of features");
  }
  for (size_t j = 0; j < n; ++j) {
    const int32_t values = rules.arity[j];
    if (values != 0 && values != rules.bins[j]) return Malformed("bins of categories");
    if (unordered[j] != 0 && (values < 2 || values > kUnorderedMax)) return Malformed("unordered");
    rules.unordered.push_back(unordered[j] != 0);
  }
  return rules;
}

void Totals::Write(base::FieldWriter& w) const { w.Add(stats::PackDoubles(stats)).AddI64(rows); }

base::StatusOr<Totals> Totals::Read(base::FieldReader& r, size_t stats) {
  Totals totals;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(totals.stats, stats::UnpackDoubles(packed));
  SOTERIA_ASSIGN_OR_RETURN(totals.rows, r.NextI64());
  if (totals.stats.size() != stats) return Malformed("number of statistics");
  return totals;
}

double Weight(const Rules& rules, std::span<const double> stats) {
  if (rules.impurity == Impurity::kVariance) return stats[0];
  return std::accumulate(stats.begin(), stats.end(), 0.0);
}

double ImpurityOf(const Rules& rules, std::span<const double> stats) {
  if (rules.impurity == Impurity::kVariance) {
    const double weight = stats[0];
    if (weight == 0) return 0;
    const double squared_loss = stats[2] - stats[1] * stats[1] / weight;
    return squared_loss / weight;
  }
  const double total = Weight(rules, stats);
  if (total == 0) return 0;
  double impurity = rules.impurity == Impurity::kGini ? 1.0 : 0.0;
  for (const double weight : stats) {
    if (rules.impurity == Impurity::kGini) {
      const double share = weight / total;
      impurity -= share * share;
    } else if (weight != 0) {
      const double share = weight / total;
      impurity -= share * (std::log(share) / std::log(2.0));
    }
  }
  return impurity;
}

double Prediction(const Rules& rules, std::span<const double> stats) {
  if (Weight(rules, stats) == 0) return 0;
  if (rules.impurity == Impurity::kVariance) return stats[1] / stats[0];
  return static_cast<double>(std::max_element(stats.begin(), stats.end()) - stats.begin());
}

void Choice::Write(base::FieldWriter& w) const {
  w.AddBool(valid).AddDouble(gain).AddDouble(impurity);
  parent.Write(w);
  if (!valid) return;
  w.AddI64(feature).AddI64(split).Add(PackInts(categories));
  left.Write(w);
  right.Write(w);
}

base::StatusOr<Choice> Choice::Read(base::FieldReader& r, const Rules& rules) {
  Choice choice;
  SOTERIA_ASSIGN_OR_RETURN(choice.valid, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(choice.gain, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(choice.impurity, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(choice.parent, Totals::Read(r, rules.stats()));
  if (!choice.valid) return choice;
  SOTERIA_ASSIGN_OR_RETURN(const int64_t feature, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t split, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view categories, r.Next());
  if (feature < 0 || static_cast<size_t>(feature) >= rules.features()) return Malformed("feature");
  choice.feature = static_cast<int32_t>(feature);
  const auto j = static_cast<size_t>(feature);
  if (split < 0 || split >= rules.Splits(j)) return Malformed("split");
  choice.split = static_cast<int32_t>(split);
  SOTERIA_ASSIGN_OR_RETURN(choice.categories,
                           UnpackInts(categories, 0, std::max(0, rules.arity[j] - 1)));
  SOTERIA_ASSIGN_OR_RETURN(choice.left, Totals::Read(r, rules.stats()));
  SOTERIA_ASSIGN_OR_RETURN(choice.right, Totals::Read(r, rules.stats()));
  return choice;
}

std::vector<int32_t> UnorderedSubset(int32_t split, int32_t arity) {
  std::vector<int32_t> categories;
  for (int32_t category = arity - 1; category >= 0; --category) {
    if (((split + 1) >> category) & 1) categories.push_back(category);
  }
  return categories;
}

Chooser::Chooser(const Rules& rules, std::optional<Totals> parent, Totals total)
    : rules_(rules), parent_(std::move(parent)), total_(std::move(total)), right_(rules.cell()) {
  if (parent_) parent_impurity_ = ImpurityOf(rules_, parent_->stats);
}

Totals Chooser::TotalsOf(const double* cell) const {
  Totals totals;
  totals.stats.assign(cell, cell + rules_.stats());
  totals.rows = static_cast<int64_t>(cell[rules_.stats()]);
  return totals;
}

void Chooser::SetParent(const double* left, const double* total) {
  Totals parent;
  for (size_t k = 0; k < rules_.stats(); ++k)
    parent.stats.push_back(left[k] + (total[k] - left[k]));
  parent.rows = static_cast<int64_t>(total[rules_.stats()]);
  parent_impurity_ = ImpurityOf(rules_, parent.stats);
  parent_ = std::move(parent);
}

Chooser::Candidate Chooser::Evaluate(const double* left, const double* total) {
  const size_t n = rules_.stats();
  if (!parent_) SetParent(left, total);
  for (size_t k = 0; k <= n; ++k) right_[k] = total[k] - left[k];
  const double left_weight = Weight(rules_, {left, n});
  const double right_weight = Weight(rules_, {right_.data(), n});
  const auto least = static_cast<double>(rules_.min_instances);
  if (left[n] < least || right_[n] < least || left_weight < rules_.min_weight ||
      right_weight < rules_.min_weight) {
    return kInvalid;
  }
  const double all = left_weight + right_weight;
  const double left_impurity = ImpurityOf(rules_, {left, n});
  const double right_impurity = ImpurityOf(rules_, {right_.data(), n});
  const double gain =
      parent_impurity_ - left_weight / all * left_impurity - right_weight / all * right_impurity;
  if (gain < rules_.min_gain) return kInvalid;
  return {gain, true};
}

void Chooser::Keep(const Candidate& candidate, int32_t feature, int32_t split, const double* left,
                   const double* total) {
  best_.valid = candidate.valid;
  best_.gain = candidate.gain;
  best_.feature = feature;
  best_.split = split;
  best_.categories.clear();
  best_.left = TotalsOf(left);
  std::vector<double> right(rules_.cell());
  for (size_t k = 0; k < right.size(); ++k) right[k] = total[k] - left[k];
  best_.right = TotalsOf(right.data());
}

void Chooser::Look(int32_t feature, std::span<double> histogram) {
  const auto j = static_cast<size_t>(feature);
  if (rules_.Splits(j) == 0) return;
  if (rules_.arity[j] == 0) {
    LookContinuous(feature, histogram);
  } else if (rules_.unordered[j]) {
    LookUnordered(feature, histogram);
  } else {
    LookOrdered(feature, histogram);
  }
  looked_ = true;
}

void Chooser::LookContinuous(int32_t feature, std::span<double> histogram) {
  if (rules_.impurity == Impurity::kVariance) return LookVariance(feature, histogram);
  const size_t cell = rules_.cell();
  const auto bins = histogram.size() / cell;
  for (size_t i = cell; i < histogram.size(); ++i) histogram[i] += histogram[i - cell];
  const double* const total = histogram.data() + (bins - 1) * cell;
  for (size_t bin = 0; bin + 1 < bins; ++bin) {
    const double* const left = histogram.data() + bin * cell;
    // An empty bin's split is the one before it once more.
    if (bin > 0 && left[cell - 1] == left[-1]) continue;
    const Candidate candidate = Evaluate(left, total);
    if ((bin == 0 && !looked_) || Above(candidate.gain, best_.gain)) {
      Keep(candidate, feature, static_cast<int32_t>(bin), left, total);
    }
  }
}

void Chooser::LookVariance(int32_t feature, std::span<double> histogram) {
  constexpr size_t kCell = 4;
  const size_t bins = histogram.size() / kCell;
  for (std::vector<double>* each : {&weights_, &sums_, &squares_, &rows_, &gains_}) {
    if (each->size() < bins) each->resize(bins);
  }
  if (split_bins_.size() < bins) split_bins_.resize(bins);
  double before = -1;  // rows
  size_t splits = 0;
  for (size_t bin = 0; bin + 1 < bins; ++bin) {
    double* const left = histogram.data() + bin * kCell;
    if (bin > 0) {
      for (size_t k = 0; k < kCell; ++k) left[k] += (left - kCell)[k];
    }
    weights_[splits] = left[0];
    sums_[splits] = left[1];
    squares_[splits] = left[2];
    rows_[splits] = left[3];
    split_bins_[splits] = static_cast<int32_t>(bin);
    // An empty bin's split is the one before it once more.
    splits += left[3] != before ? size_t{1} : size_t{0};
    before = left[3];
  }
  double* const total = histogram.data() + (bins - 1) * kCell;
  for (size_t k = 0; k < kCell; ++k) total[k] += (total - kCell)[k];
  if (!parent_) SetParent(histogram.data(), total);
  ReckonGains(splits, total);
  for (size_t i = 0; i < splits; ++i) {
    if (!(i == 0 && !looked_) && !Above(gains_[i], best_.gain)) continue;
    const Candidate candidate = {gains_[i], gains_[i] != kInvalid.gain};
    Keep(candidate, feature, split_bins_[i],
         histogram.data() + static_cast<size_t>(split_bins_[i]) * kCell, total);
  }
}

/// Evaluate for many splits, without a branch: by the same operations, so to the same bits.
void Chooser::ReckonGains(size_t splits, const double* total) {
  const auto least = static_cast<double>(rules_.min_instances);
  const double min_weight = rules_.min_weight, min_gain = rules_.min_gain;
  const double parent_impurity = parent_impurity_, none = kInvalid.gain;
  const double all_weight = total[0], all_sum = total[1], all_squares = total[2];
  const double all_rows = total[3];
  const double *weights = weights_.data(), *sums = sums_.data(), *squares = squares_.data(),
               *rows = rows_.data();
  double* gains = gains_.data();
  for (size_t i = 0; i < splits; ++i) {
    const double weight = weights[i], sum = sums[i];
    const double right_weight = all_weight - weight, right_sum = all_sum - sum;
    const double loss = (squares[i] - sum * sum / weight) / weight;
    const double right_loss =
        ((all_squares - squares[i]) - right_sum * right_sum / right_weight) / right_weight;
    const double impurity = weight == 0 ? 0 : loss;
    const double right_impurity = right_weight == 0 ? 0 : right_loss;
    const double both = weight + right_weight;
    const double gain =
        parent_impurity - weight / both * impurity - right_weight / both * right_impurity;
    const bool small = (rows[i] < least) | (all_rows - rows[i] < least) | (weight < min_weight) |
                       (right_weight < min_weight) | (gain < min_gain);
    gains[i] = small ? none : gain;
  }
}

void Chooser::LookUnordered(int32_t feature, std::span<const double> histogram) {
  const size_t cell = rules_.cell();
  const int32_t arity = rules_.arity[static_cast<size_t>(feature)];
  std::vector<double> total = total_.stats;
  total.push_back(static_cast<double>(total_.rows));
  std::vector<double> left(cell);
  for (int32_t split = 0; split < rules_.Splits(static_cast<size_t>(feature)); ++split) {
    std::fill(left.begin(), left.end(), 0.0);
    for (int32_t category = 0; category < arity; ++category) {
      if (!(((split + 1) >> category) & 1)) continue;
      const double* const from = histogram.data() + static_cast<size_t>(category) * cell;
      for (size_t k = 0; k < cell; ++k) left[k] += from[k];
    }
    const Candidate candidate = Evaluate(left.data(), total.data());
    if ((split == 0 && !looked_) || Above(candidate.gain, best_.gain)) {
      Keep(candidate, feature, split, left.data(), total.data());
    }
  }
}

void Chooser::LookOrdered(int32_t feature, std::span<double> histogram) {
  const size_t cell = rules_.cell(), n = rules_.stats();
  const size_t categories = histogram.size() / cell;
  const auto at = [&](int32_t category) {
    return histogram.data() + static_cast<size_t>(category) * cell;
  };
  std::vector<double> centroid(categories);
  for (size_t c = 0; c < categories; ++c) {
    const std::span<const double> stats(at(static_cast<int32_t>(c)), n);
    if (Weight(rules_, stats) == 0) {
      centroid[c] = std::numeric_limits<double>::max();
    } else if (rules_.multiclass()) {
      centroid[c] = ImpurityOf(rules_, stats);
    } else if (rules_.num_classes == 2) {
      centroid[c] = stats[1];
    } else {
      centroid[c] = Prediction(rules_, stats);
    }
  }
  std::vector<int32_t> order(categories);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return Above(centroid[static_cast<size_t>(b)], centroid[static_cast<size_t>(a)]);
  });
  for (size_t i = 1; i < categories; ++i) {
    double* const to = at(order[i]);
    const double* const from = at(order[i - 1]);
    for (size_t k = 0; k < cell; ++k) to[k] += from[k];
  }
  const double* const total = at(order.back());
  for (size_t i = 0; i + 1 < categories; ++i) {
    const Candidate candidate = Evaluate(at(order[i]), total);
    if ((i == 0 && !looked_) || Above(candidate.gain, best_.gain)) {
      Keep(candidate, feature, static_cast<int32_t>(i), at(order[i]), total);
      best_.categories.assign(order.begin(), order.begin() + static_cast<ptrdiff_t>(i) + 1);
    }
  }
}

Choice Chooser::Finish() && {
  if (!looked_) {  // no feature has a split
    best_.valid = false;
    best_.gain = -std::numeric_limits<double>::max();
    best_.impurity = ImpurityOf(rules_, total_.stats);
    best_.parent = std::move(total_);
    return std::move(best_);
  }
  best_.impurity = parent_impurity_;
  best_.parent = *std::move(parent_);
  return std::move(best_);
}

}  // namespace soteria::ml::tree
