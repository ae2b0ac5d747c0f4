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

/// A column of doubles, or the second elements of a vector column.
base::StatusOr<std::vector<double>> ReadScores(const arrow::Table& table, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                           ResolveField(*table.schema(), name));
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

/// For each row -log of its label's probability.
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

}  // namespace

base::StatusOr<AnswerRows> ReadAnswers(const arrow::Table& table, const AnswerColumns& columns) {
  AnswerRows rows;
  if (columns.score) {
    SOTERIA_ASSIGN_OR_RETURN(rows.answers, ReadScores(table, columns.answer));
    SOTERIA_ASSIGN_OR_RETURN(Numbers given, ReadNumbers(table, columns.label));
    if (given.null_count > 0) return base::Fail(base::kIllegalArgument, "a label is null");
    rows.labels = std::move(given.values);
  } else {
    SOTERIA_ASSIGN_OR_RETURN(rows.answers,
                             ReadDefinedNumbers(table, columns.answer, "Predictions"));
    SOTERIA_ASSIGN_OR_RETURN(rows.labels, ReadDefinedNumbers(table, columns.label, "Labels"));
  }
  SOTERIA_ASSIGN_OR_RETURN(rows.weights, ReadWeights(table, columns.weight));
  if (columns.probability) {
    SOTERIA_ASSIGN_OR_RETURN(rows.losses,
                             ReadLosses(table, *columns.probability, columns.eps, rows.labels));
  }
  return rows;
}

std::string EncodeColumns(const AnswerColumns& columns) {
  base::FieldWriter w;
  w.Add(columns.answer).AddBool(columns.score).Add(columns.label);
  w.Add(columns.weight.value_or("")).Add(columns.probability.value_or(""));
  w.AddDouble(columns.eps);
  return w.Take();
}

base::StatusOr<AnswerColumns> DecodeColumns(std::string_view bytes) {
  base::FieldReader r(bytes);
  AnswerColumns columns;
  SOTERIA_ASSIGN_OR_RETURN(columns.answer, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.score, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(columns.label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view probability, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.eps, r.NextDouble());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (!weight.empty()) columns.weight = std::string(weight);
  if (!probability.empty()) columns.probability = std::string(probability);
  return columns;
}

base::StatusOr<std::string> AnswersKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const AnswerRows read, ReadAnswers(*table, columns()));
  std::vector<double> rows;
  rows.reserve(read.labels.size() * stats::kNumbersOfRow);
  for (size_t i = 0; i < read.labels.size(); ++i) {
    const double loss = read.losses.empty() ? 0.0 : read.losses[i];
    rows.insert(rows.end(), {read.answers[i], read.labels[i], read.weights[i], loss});
  }
  return stats::PackDoubles(rows);
}

base::StatusOr<std::string> AnswersKernel::Merge(std::vector<std::string> children) const {
  std::string all;
  for (const std::string& bytes : children) all += bytes;
  return all;
}

}  // namespace soteria::ml
