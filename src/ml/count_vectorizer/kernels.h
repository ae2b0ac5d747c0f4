// How often each word occurs, and in how many rows: one pass over rows.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "src/ml/kernel.h"
#include "src/ml/text_counts.h"

namespace soteria::ml {

struct WordCounts {
  uint64_t rows = 0;
  TextCounts words;
  TextCount nulls;  // null is a word to MLlib
};

class WordCountsKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.count_vectorizer.counts";

  explicit WordCountsKernel(std::string column) : column_(std::move(column)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
  static base::Status Take(std::string_view partial, WordCounts& counts);

 private:
  static std::string Write(const WordCounts& counts);

  std::string column_;
};

}  // namespace soteria::ml
