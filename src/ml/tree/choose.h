// The best split of a node by the histograms of its rows: MLlib's binsToBestSplit, in its order, so
// that of equal gains the first one wins here too. Pure; any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"

namespace soteria::ml::tree {

enum class Impurity { kGini, kEntropy, kVariance };

/// What a histogram's cell has: the weight of each class, or weight, sum and sum of squares of the
/// labels; and the number of rows last.
struct Rules {
  Impurity impurity = Impurity::kVariance;
  int32_t num_classes = 0;  // 0: regression
  /// Of each feature: 0 where it is continuous, else its number of categories.
  std::vector<int32_t> arity;
  std::vector<bool> unordered;
  /// Cells of each feature's histogram; a continuous one has one split less, none at all where 1.
  std::vector<int32_t> bins;
  int64_t min_instances = 1;
  double min_weight = 0;
  double min_gain = 0;

  size_t features() const { return bins.size(); }
  size_t stats() const { return impurity == Impurity::kVariance ? 3 : Classes(); }
  size_t cell() const { return stats() + 1; }
  size_t Classes() const { return static_cast<size_t>(num_classes); }
  bool multiclass() const { return num_classes > 2; }
  int32_t Splits(size_t feature) const;

  void Write(base::FieldWriter& w) const;
  static base::StatusOr<Rules> Read(base::FieldReader& r);
};

/// Statistics of some rows, without the number of them.
struct Totals {
  std::vector<double> stats;
  int64_t rows = 0;

  void Write(base::FieldWriter& w) const;
  static base::StatusOr<Totals> Read(base::FieldReader& r, size_t stats);
};

// MLlib's ImpurityCalculator.
double Weight(const Rules& rules, std::span<const double> stats);
double ImpurityOf(const Rules& rules, std::span<const double> stats);
double Prediction(const Rules& rules, std::span<const double> stats);

/// A number for each feature, most of which are the same: each run as its length and its number.
std::string PackRuns(const std::vector<int32_t>& values);
/// Errors: kProtocol for none or more than kFeaturesMax, or one that is out of [low, high].
base::StatusOr<std::vector<int32_t>> UnpackRuns(std::string_view bytes, int32_t low, int32_t high);

/// Java's order of doubles, by which MLlib finds a maximum: NaN above all, 0.0 above -0.0.
bool Above(double a, double b);

struct Choice {
  /// False: no split meets the minimums; the node stays a leaf.
  bool valid = false;
  double gain = 0;
  double impurity = 0;
  Totals parent;
  // Of valid ones:
  int32_t feature = -1;
  /// Continuous: rows of this bin and those below go left. Unordered: which subset does.
  int32_t split = -1;
  /// Ordered categories: those that go left.
  std::vector<int32_t> categories;
  Totals left, right;

  void Write(base::FieldWriter& w) const;
  static base::StatusOr<Choice> Read(base::FieldReader& r, const Rules& rules);
};

/// The categories that go left by the split of this index of an unordered feature, as MLlib
/// lists them.
std::vector<int32_t> UnorderedSubset(int32_t split, int32_t arity);

/// Looks at one feature after the other.
class Chooser {
 public:
  /// `parent`: what is known of the node from its parent's split; the root has none. `total`: of
  /// all its rows, row by row.
  Chooser(const Rules& rules, std::optional<Totals> parent, Totals total);
  /// `histogram`: bins(feature) cells; made cumulative in place.
  void Look(int32_t feature, std::span<double> histogram);
  Choice Finish() &&;

 private:
  struct Candidate {
    double gain;
    bool valid;
  };
  static constexpr Candidate kInvalid = {-std::numeric_limits<double>::max(), false};
  void LookContinuous(int32_t feature, std::span<double> histogram);
  void LookVariance(int32_t feature, std::span<double> histogram);
  void ReckonGains(size_t splits, const double* total);
  void LookUnordered(int32_t feature, std::span<const double> histogram);
  void LookOrdered(int32_t feature, std::span<double> histogram);
  Candidate Evaluate(const double* left, const double* total);
  void Keep(const Candidate& candidate, int32_t feature, int32_t split, const double* left,
            const double* total);
  void SetParent(const double* left, const double* total);
  Totals TotalsOf(const double* cell) const;

  const Rules& rules_;
  std::optional<Totals> parent_;
  double parent_impurity_ = 0;
  Totals total_;
  std::vector<double> right_;  // of the split that is looked at
  // Of the splits of a feature, for variance: what goes left, which bin is the last to, the gains.
  std::vector<double> weights_, sums_, squares_, rows_, gains_;
  std::vector<int32_t> split_bins_;
  bool looked_ = false;
  Choice best_;
};

}  // namespace soteria::ml::tree
