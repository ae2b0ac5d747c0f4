// What stands in for missing values of some columns: their mean, median or most frequent value, of
// one pass over rows.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/kernel.h"

namespace soteria::ml {

enum class ImputeBy { kMean, kMedian, kMode };

class SurrogatesKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.imputer.surrogates";

  SurrogatesKernel(ImputeBy by, double missing, double relative_error,
                   std::vector<std::string> columns)
      : by_(by), missing_(missing), relative_error_(relative_error), columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
  /// Of each column; NaN where it has no value.
  base::StatusOr<std::vector<double>> Read(std::string_view partial) const;

  /// What is known of one column.
  class Column;

 private:
  std::vector<std::unique_ptr<Column>> NewColumns() const;

  ImputeBy by_;
  double missing_;
  double relative_error_;
  std::vector<std::string> columns_;
};

}  // namespace soteria::ml
