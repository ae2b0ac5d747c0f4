// How often each value of some columns occurs, as text: one pass over rows.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/kernel.h"
#include "src/ml/text_counts.h"

namespace soteria::ml {

/// Columns that one stage may read.
inline constexpr size_t kStageColumnsMax = 100'000;

class LabelCountsKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.string_indexer.counts";

  explicit LabelCountsKernel(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
  /// Of each column.
  base::StatusOr<std::vector<TextCounts>> Read(std::string_view partial) const;

 private:
  base::Status Take(std::string_view partial, std::vector<TextCounts>& counts) const;
  static std::string Write(const std::vector<TextCounts>& counts);

  std::vector<std::string> columns_;
};

/// Names of columns as canonical bytes, and back. Errors: kProtocol.
std::string EncodeColumns(const std::vector<std::string>& columns);
base::StatusOr<std::vector<std::string>> DecodeColumns(std::string_view bytes);

}  // namespace soteria::ml
