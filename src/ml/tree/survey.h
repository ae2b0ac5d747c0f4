// What a fit of trees has to know of its rows first: how many there are, their labels, and a sample
// of their features, by which continuous ones are cut into bins. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/tree/rows.h"

namespace soteria::ml::tree {

/// Which labels a row may have.
struct LabelRule {
  enum class Kind { kNumbers, kBinary, kClasses };
  Kind kind = Kind::kNumbers;
  int64_t classes = 0;  // kClasses: labels are below
};

/// Errors: MLlib's refusal of a label.
base::Status CheckLabel(double label, const LabelRule& rule);

struct Survey {
  int64_t rows = 0;  // those that are not held out
  double weight = 0;
  int64_t cols = -1;  // unknown without rows
  double label_max = -1;
  int64_t held_rows = 0;

  std::string Encode() const;
  static base::StatusOr<Survey> Decode(std::string_view bytes);
};

class SurveyKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.tree.survey";
  SurveyKernel(std::optional<Source> source, LabelRule labels)
      : source_(std::move(source)), labels_(labels) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  /// Errors: MLlib's refusals of labels; rows of unequal length.
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  std::optional<Source> source_;
  LabelRule labels_;
};

/// Rows of a sample, features row by row.
struct Sample {
  size_t cols = 0;
  std::vector<double> weight;
  std::vector<double> features;

  std::string Encode() const;
  static base::StatusOr<Sample> Decode(std::string_view bytes, size_t cols);
};

/// RDD.sample without replacement.
class SampleKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.tree.sample";
  SampleKernel(std::optional<Source> source, size_t cols, double fraction, int32_t seed)
      : source_(std::move(source)), cols_(cols), fraction_(fraction), seed_(seed) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  std::optional<Source> source_;
  size_t cols_;
  double fraction_;
  int32_t seed_;
};

/// MLlib's findSplitsForContinuousFeature: thresholds of one feature. `expected`: the weight that
/// the sample stands for; what it falls short of that counts as zeros, which aren't sampled.
/// `values` are the sampled ones other than 0 with their weights.
std::vector<double> ThresholdsOf(std::vector<std::pair<double, double>> values, double expected,
                                 int32_t bins);

}  // namespace soteria::ml::tree
