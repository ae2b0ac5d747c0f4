#include "src/ml/evaluators/answers.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <cmath>
#include <memory>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/stats/doubles.h"
#include "src/stats/statistic.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

base::Status NullScore() {
  return base::Fail(base::kIllegalArgument, "a score or raw prediction is null");
}

base::StatusOr<double> LossOf(const table::VectorView& probability, double label, double eps) {
  if (!(label >= 0) || std::trunc(label) != label) {
    return base::FailQuotingData(
        base::kIllegalArgument,
        base::Cat("requirement failed: Invalid label ", table::JavaDouble(label)));
  }
  if (label >= static_cast<double>(probability.size)) {
    return base::FailQuotingData(base::kIllegalArgument,
                                 base::Cat("Index ", table::JavaDouble(label),
                                           " out of bounds for length ", probability.size));
  }
  const double p = table::At(probability, static_cast<int32_t>(label));
  if (p < eps) return -std::log(eps);
  if (p > 1 - eps) return -std::log1p(-eps);
  return -std::log(p);
}

}  // namespace

base::StatusOr<std::vector<double>> ReadScores(const arrow::Table& table, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                           FindField(*table.schema(), name));
  if (!table::IsVector(*field)) {
    SOTERIA_ASSIGN_OR_RETURN(Numbers numbers, ReadNumbers(table, name));
    if (numbers.null_count > 0) return NullScore();
    return std::move(numbers.values);
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(table, name));
  std::vector<double> scores;
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) return NullScore();
    for (int64_t i = 0; i < rows.rows(); ++i) {
      const table::VectorView row = rows.Get(i);
      if (row.size < 2) {
        return base::Fail(base::kIllegalArgument, "a raw prediction has fewer than 2 elements");
      }
      scores.push_back(table::At(row, 1));
    }
  }
  return scores;
}

base::StatusOr<std::vector<double>> ReadLosses(const arrow::Table& table, const std::string& column,
                                               double eps, const std::vector<double>& labels) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(table, column));
  std::vector<double> losses;
  losses.reserve(labels.size());
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument,
                        "requirement failed: probability of each class can not be null");
    }
    for (int64_t i = 0; i < rows.rows(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const double loss, LossOf(rows.Get(i), labels[losses.size()], eps));
      losses.push_back(loss);
    }
  }
  return losses;
}

base::StatusOr<RowKernelPtr> AnswersKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  Columns columns;
  SOTERIA_ASSIGN_OR_RETURN(columns.answer, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.score, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(columns.label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view probability, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.eps, r.NextDouble());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (!weight.empty()) columns.weight = std::string(weight);
  if (!probability.empty()) columns.probability = std::string(probability);
  return std::make_unique<AnswersKernel>(std::move(columns));
}

std::string AnswersKernel::Encode() const {
  base::FieldWriter w;
  w.Add(columns_.answer).AddBool(columns_.score).Add(columns_.label);
  w.Add(columns_.weight.value_or("")).Add(columns_.probability.value_or(""));
  w.AddDouble(columns_.eps);
  return w.Take();
}

base::StatusOr<std::string> AnswersKernel::Map(const arrow::Table& table) const {
  std::vector<double> answers, labels;
  if (columns_.score) {
    SOTERIA_ASSIGN_OR_RETURN(answers, ReadScores(table, columns_.answer));
    SOTERIA_ASSIGN_OR_RETURN(Numbers given, ReadNumbers(table, columns_.label));
    if (given.null_count > 0) return base::Fail(base::kIllegalArgument, "a label is null");
    labels = std::move(given.values);
  } else {
    SOTERIA_ASSIGN_OR_RETURN(answers, ReadDefinedNumbers(table, columns_.answer, "Predictions"));
    SOTERIA_ASSIGN_OR_RETURN(labels, ReadDefinedNumbers(table, columns_.label, "Labels"));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> weights, ReadWeights(table, columns_.weight));
  std::vector<double> losses(labels.size(), 0.0);
  if (columns_.probability) {
    SOTERIA_ASSIGN_OR_RETURN(losses,
                             ReadLosses(table, *columns_.probability, columns_.eps, labels));
  }
  std::vector<double> rows;
  rows.reserve(labels.size() * stats::kNumbersOfRow);
  for (size_t i = 0; i < labels.size(); ++i) {
    rows.insert(rows.end(), {answers[i], labels[i], weights[i], losses[i]});
  }
  return stats::PackDoubles(rows);
}

base::StatusOr<std::string> AnswersKernel::Merge(std::span<const std::string> children) const {
  std::string all;
  for (const std::string& bytes : children) all += bytes;
  return all;
}

}  // namespace soteria::ml
