#include "src/ml/summarizer/kernels.h"

#include <cmath>
#include <memory>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/stats/doubles.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

constexpr double kLabelEnd = 2147483647.0;

base::StatusOr<int32_t> ClassOf(double label) {
  if (std::isnan(label)) return RowFailure("Labels MUST NOT be Null or NaN");
  if (label < 0 || label >= kLabelEnd) {
    return RowFailure(
        base::Cat("Labels MUST be in [0, 2147483647), but got ", table::JavaDouble(label)));
  }
  if (std::trunc(label) != label) {
    return RowFailure(base::Cat("Labels MUST be Integers, but got ", table::JavaDouble(label)));
  }
  if (label >= kClassesMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("more than ", kClassesMax, " classes"));
  }
  return static_cast<int32_t>(label);
}

}  // namespace

base::Status CheckFiniteLabels(const std::vector<double>& labels) {
  for (const double label : labels) {
    if (!std::isinf(label)) continue;
    return RowFailure(base::Cat("Labels MUST NOT be Infinity, but got ", table::JavaDouble(label)));
  }
  return base::OkStatus();
}

namespace {

base::StatusOr<Moments> MomentsOfLabels(const table::FeatureBlock& block) {
  if (block.label.size() != static_cast<size_t>(block.rows)) {
    return base::Fail(base::kInternal, "summarizer: a block without labels");
  }
  SOTERIA_RETURN_IF_ERROR(CheckFiniteLabels(block.label));
  table::FeatureBlock labels;
  labels.rows = block.rows;
  labels.cols = 1;
  labels.dense.assign(block.label.begin(), block.label.end());
  labels.weight = block.weight;
  return Moments::Of(labels);
}

}  // namespace

std::string SummarizerResult::Encode() const {
  std::vector<double> pairs;
  for (const auto& [label, weight] : labels) {
    pairs.insert(pairs.end(), {static_cast<double>(label), weight});
  }
  base::FieldWriter w;
  w.Add(moments.Encode()).Add(stats::PackDoubles(pairs)).Add(label_moments.Encode());
  return w.Take();
}

base::StatusOr<SummarizerResult> SummarizerResult::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SummarizerResult result;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view moments, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(result.moments, Moments::Decode(moments));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view of_labels, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(result.label_moments, Moments::Decode(of_labels));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> pairs, stats::UnpackDoubles(packed));
  if (pairs.size() % 2 != 0) return base::Fail(base::kProtocol, "summarizer: bad length");
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const double label = pairs[i];
    const bool fits = label >= 0 && label < kClassesMax && std::trunc(label) == label;
    if (!fits || !result.labels.emplace(static_cast<int32_t>(label), pairs[i + 1]).second) {
      return base::Fail(base::kProtocol, "summarizer: bad label");
    }
  }
  return result;
}

std::vector<double> SummarizerResult::Histogram() const {
  if (labels.empty()) return {};
  std::vector<double> histogram(static_cast<size_t>(labels.rbegin()->first) + 1, 0.0);
  for (const auto& [label, weight] : labels) histogram[static_cast<size_t>(label)] = weight;
  return histogram;
}

std::string SummarizerKernel::Encode() const {
  base::FieldWriter w;
  w.AddU64(static_cast<uint64_t>(labels_));
  return w.Take();
}

base::StatusOr<std::string> SummarizerKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* features, FeaturesOf(part));
  const table::FeatureBlock& block = *features;
  SummarizerResult result;
  if (labels_ == Labels::kClasses) {
    for (size_t i = 0; i < block.label.size(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const int32_t label, ClassOf(block.label[i]));
      const double weight = block.weight.empty() ? 1.0 : block.weight[i];
      if (weight != 0) result.labels[label] += weight;
    }
  }
  if (labels_ == Labels::kNumbers) {
    SOTERIA_ASSIGN_OR_RETURN(result.label_moments, MomentsOfLabels(block));
  }
  result.moments = Moments::Of(block);
  return result.Encode();
}

base::StatusOr<std::string> SummarizerKernel::Merge(std::vector<std::string> children) const {
  SummarizerResult sum;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const SummarizerResult child, SummarizerResult::Decode(bytes));
    SOTERIA_RETURN_IF_ERROR(sum.moments.Merge(child.moments));
    SOTERIA_RETURN_IF_ERROR(sum.label_moments.Merge(child.label_moments));
    for (const auto& [label, weight] : child.labels) sum.labels[label] += weight;
  }
  return sum.Encode();
}

Algorithm SummarizerAlgorithm() {
  Algorithm algorithm;
  algorithm.kernels = {
      {SummarizerKernel::kKind, [](std::string_view bytes) -> base::StatusOr<KernelPtr> {
         base::FieldReader r(bytes);
         SOTERIA_ASSIGN_OR_RETURN(const uint64_t labels, r.NextU64());
         SOTERIA_RETURN_IF_ERROR(r.Finish());
         if (labels > static_cast<uint64_t>(SummarizerKernel::Labels::kNumbers)) {
           return base::Fail(base::kProtocol, "summarizer: unknown kind of labels");
         }
         return std::make_unique<SummarizerKernel>(static_cast<SummarizerKernel::Labels>(labels));
       }}};
  return algorithm;
}

}  // namespace soteria::ml
