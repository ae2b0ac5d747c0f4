// The greatest category index of some columns: one pass over rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/kernel.h"

namespace soteria::ml {

/// Categories of a column: one text or number too many makes as many as it says.
inline constexpr int64_t kColumnCategoriesMax = (int64_t{1} << 22) - 1;

/// For columns whose metadata name their categories it tells how many there are, and reads no row.
class CategoryCountsKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.one_hot_encoder.categories";

  explicit CategoryCountsKernel(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  /// Errors, beside MLlib's: kMemoryLimit beyond kColumnCategoriesMax.
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
  /// Categories of each column.
  base::StatusOr<std::vector<int32_t>> Read(std::string_view partial) const;

 private:
  std::vector<std::string> columns_;
};

}  // namespace soteria::ml
