// The pass that standardising algorithms make first: moments of the features and, for classifiers,
// the weight of each label, for regressions the labels' moments. Kernel "ml.summarizer". Pure; any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/registration.h"
#include "src/ml/summarizer/moments.h"

namespace soteria::ml {

/// Classes of a classification at most.
inline constexpr int32_t kClassesMax = 1 << 20;

/// MLlib's check of labels that are numbers, which no NaN has reached.
base::Status CheckFiniteLabels(const std::vector<double>& labels);

struct SummarizerResult {
  Moments moments;
  std::map<int32_t, double> labels;  // label -> weight, of rows of positive weight
  Moments label_moments;             // of labels that are numbers: one column

  std::string Encode() const;
  static base::StatusOr<SummarizerResult> Decode(std::string_view bytes);
  /// MLlib's histogram: the weight of each label from 0 to the largest.
  std::vector<double> Histogram() const;
};

class SummarizerKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.summarizer";
  enum class Labels : uint8_t { kIgnore, kClasses, kNumbers };

  explicit SummarizerKernel(Labels labels) : labels_(labels) {}
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  /// Errors, with kClasses: MLlib's refusals of labels that are no class indices.
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  Labels labels_;
};

Algorithm SummarizerAlgorithm();

}  // namespace soteria::ml
