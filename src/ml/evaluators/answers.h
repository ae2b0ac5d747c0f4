// What evaluators read of a table: scores, losses, and, where the statistic is computed outside the
// enclaves from rows, the answers themselves. Row kernel "ml.eval.answers".
#pragma once

#include <arrow/type_fwd.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/kernel.h"

namespace soteria::ml {

/// A column of doubles, or the second elements of a vector column. Errors: kIllegalArgument for
/// nulls and for vectors of fewer than two elements.
base::StatusOr<std::vector<double>> ReadScores(const arrow::Table& table, const std::string& name);

/// For each row -log of its label's probability, which is kept in [eps, 1 - eps].
base::StatusOr<std::vector<double>> ReadLosses(const arrow::Table& table, const std::string& column,
                                               double eps, const std::vector<double>& labels);

/// Rows without features or identity, as stats::InputForm::kRows has them: (answer, label, weight,
/// loss) each. Merging appends, so that the order is the table's until somebody permutes them.
class AnswersKernel : public RowKernel {
 public:
  static constexpr std::string_view kKind = "ml.eval.answers";
  struct Columns {
    std::string answer;
    bool score = false;  // a score (ReadScores), else a prediction
    std::string label;
    std::optional<std::string> weight;
    std::optional<std::string> probability;  // only for the log loss
    double eps = 1e-15;
  };

  explicit AnswersKernel(Columns columns) : columns_(std::move(columns)) {}
  static base::StatusOr<RowKernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const arrow::Table& table) const override;
  base::StatusOr<std::string> Merge(std::span<const std::string> children) const override;

 private:
  Columns columns_;
};

}  // namespace soteria::ml
