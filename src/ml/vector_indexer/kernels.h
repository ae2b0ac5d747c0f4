// The values of features that have few of them: one pass over feature blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/kernel.h"

namespace soteria::ml {

/// Values kept of all features of a block together.
inline constexpr size_t kCategoriesMax = 20'000'000;

struct FeatureValues {
  uint64_t rows = 0;
  /// Of each feature its values, ascending, and -0.0 apart from 0.0 and before it, as MLlib counts
  /// them; none where it has more than may be.
  std::vector<std::optional<std::vector<double>>> values;
  /// Whether NaN is among those of some feature.
  std::vector<bool> nan;
};

class CategoriesKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.vector_indexer.categories";

  explicit CategoriesKernel(uint64_t max) : max_(max) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
  base::StatusOr<FeatureValues> Read(std::string_view partial) const;

 private:
  class Collector;
  static std::string Write(const FeatureValues& values);

  uint64_t max_;
};

}  // namespace soteria::ml
