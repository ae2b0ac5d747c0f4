// What evaluators read of a table, and what follows from that alone: the bytes of their kernels,
// the merging of sums, and, where the statistic is computed outside the enclaves from rows, the
// kernel that hands over the answers themselves. Kernel "ml.eval.answers".
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/kernel.h"
#include "src/ml/registration.h"
#include "src/stats/exact_sums.h"

namespace soteria::ml {

/// The columns that an evaluator reads.
struct AnswerColumns {
  std::string answer;
  bool score = false;  // a score or a raw prediction (its second element), else a prediction
  std::string label;
  std::optional<std::string> weight;
  std::optional<std::string> probability;  // only for the log loss
  double eps = 1e-15;                      // its probabilities are kept in [eps, 1 - eps]
};

/// Their values, row by row: all weights 1 without a weight column, no losses without a
/// probability column.
struct AnswerRows {
  std::vector<double> answers, labels, weights, losses;
};

/// Errors: kIllegalArgument with MLlib's texts for nulls, NaN, negative weights, labels without a
/// probability, vectors of fewer than two elements.
base::StatusOr<AnswerRows> ReadAnswers(const arrow::Table& table, const AnswerColumns& columns);

std::string EncodeColumns(const AnswerColumns& columns);
base::StatusOr<AnswerColumns> DecodeColumns(std::string_view bytes);

/// A kernel that has no parameters but its columns. `Derived` is the class that derives from it.
template <typename Derived>
class ColumnsKernel : public Kernel {
 public:
  explicit ColumnsKernel(AnswerColumns columns) : columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes) {
    SOTERIA_ASSIGN_OR_RETURN(AnswerColumns columns, DecodeColumns(bytes));
    return std::make_unique<Derived>(std::move(columns));
  }
  std::string_view kind() const override { return Derived::kKind; }
  std::string Encode() const override { return EncodeColumns(columns_); }

 protected:
  const AnswerColumns& columns() const { return columns_; }

 private:
  AnswerColumns columns_;
};

/// Such a kernel whose partial is a sum over rows (stats::Counted). `Derived` has Add(AnswerRows,
/// Sums&).
template <typename Derived, typename Sums>
class SumsKernel : public ColumnsKernel<Derived> {
 public:
  using ColumnsKernel<Derived>::ColumnsKernel;
  base::StatusOr<std::string> Map(const Part& part) const override {
    SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
    SOTERIA_ASSIGN_OR_RETURN(AnswerRows rows, ReadAnswers(*table, this->columns()));
    stats::Counted<Sums> total;
    SOTERIA_RETURN_IF_ERROR(Derived::Add(rows, total.sums));
    if (this->columns().weight) {
      for (double& weight : rows.weights) weight = stats::CountedRow(weight);
      SOTERIA_RETURN_IF_ERROR(Derived::Add(rows, total.rows.emplace()));
    }
    return std::move(total).Encode();
  }
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override {
    stats::Counted<Sums> total;
    for (std::string& bytes : children) {
      SOTERIA_ASSIGN_OR_RETURN(const auto child,
                               stats::Counted<Sums>::Decode(std::exchange(bytes, {})));
      SOTERIA_RETURN_IF_ERROR(total.Merge(child));
    }
    return std::move(total).Encode();
  }
};

/// Rows without features or identity, as stats::InputForm::kRows has them: (answer, label, weight,
/// loss) each. Merging appends, so that the order is the table's until somebody permutes them.
class AnswersKernel : public ColumnsKernel<AnswersKernel> {
 public:
  static constexpr std::string_view kKind = "ml.eval.answers";
  using ColumnsKernel::ColumnsKernel;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
};

/// An evaluator of answers: both of its kernels follow from what it reads.
template <typename SumsOfAnswers>
class AnswersEvaluator : public Evaluator {
 public:
  explicit AnswersEvaluator(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::StatusOr<KernelPtr> MakeKernel() const override {
    return std::make_unique<SumsOfAnswers>(Reads());
  }
  base::StatusOr<KernelPtr> MakeAnswersKernel() const override {
    return std::make_unique<AnswersKernel>(Reads());
  }

 protected:
  virtual AnswerColumns Reads() const = 0;

 private:
  Params params_;
};

/// The registration of an evaluator class and of the kernel that sums its answers.
template <typename EvaluatorClass, typename SumsOfAnswers>
Algorithm EvaluatorAlgorithm(const ClassInfo& info) {
  ClassEntry entry;
  entry.info = &info;
  entry.evaluator = [](Params params) -> std::unique_ptr<const Evaluator> {
    return std::make_unique<EvaluatorClass>(std::move(params));
  };
  Algorithm algorithm;
  algorithm.classes = {entry};
  algorithm.kernels = {{SumsOfAnswers::kKind, SumsOfAnswers::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
