#include "src/ml/evaluators/ranking.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <memory>
#include <span>
#include <vector>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

const ClassInfo& Info() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.evaluation.RankingEvaluator",
                    ClassKind::kEvaluator,
                    {
                        IntParam("k", int64_t{10}, Above(0)),
                        LabelCol(),
                        StringParam("metricName", std::string("meanAveragePrecision"),
                                    OneOf({"meanAveragePrecision", "meanAveragePrecisionAtK",
                                           "precisionAtK", "ndcgAtK", "recallAtK"})),
                        PredictionCol(),
                    }};
  return *info;
}

bool IsDoubles(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST &&
         static_cast<const arrow::ListType&>(type).value_type()->id() == arrow::Type::DOUBLE;
}

base::Status CheckDoublesColumn(const arrow::Schema& schema, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, FindField(schema, name));
  if (IsDoubles(*field->type())) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Column ", name,
                              " must be of type equal to one of the following types: "
                              "[array<double>, array<double>] but was actually of type ",
                              table::TypeName(*field), "."));
}

using Rankings = std::vector<std::span<const double>>;

/// A column's arrays, row by row. Views of `column`.
base::StatusOr<Rankings> ReadRankings(const arrow::ChunkedArray& column) {
  if (!IsDoubles(*column.type())) return base::Fail(base::kProtocol, "rankings that are none");
  Rankings rows;
  rows.reserve(static_cast<size_t>(column.length()));
  for (const auto& chunk : column.chunks()) {
    const auto& lists = static_cast<const arrow::ListArray&>(*chunk);
    const auto& values = static_cast<const arrow::DoubleArray&>(*lists.values());
    if (lists.null_count() > 0 || values.null_count() > 0) {
      return base::Fail(base::kIllegalArgument,
                        "RankingEvaluator: an array is null, or an element of one");
    }
    for (int64_t i = 0; i < lists.length(); ++i) {
      rows.emplace_back(values.raw_values() + lists.value_offset(i),
                        static_cast<size_t>(lists.value_length(i)));
    }
  }
  return rows;
}

}  // namespace

std::string RankingKernel::Encode() const {
  base::FieldWriter w;
  w.Add(prediction_).Add(label_).AddU64(static_cast<uint64_t>(metric_)).AddI64(k_);
  return w.Take();
}

base::StatusOr<KernelPtr> RankingKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view prediction, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t metric, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t k, r.NextI64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (metric < 1 || metric > 5 || k < 1) {
    return base::Fail(base::kProtocol, "a ranking statistic that there isn't");
  }
  return std::make_unique<const RankingKernel>(std::string(prediction), std::string(label),
                                               static_cast<stats::RankingMetric>(metric), k);
}

base::StatusOr<std::string> RankingKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const auto prediction, ReadColumn(*table, prediction_));
  SOTERIA_ASSIGN_OR_RETURN(const auto label, ReadColumn(*table, label_));
  SOTERIA_ASSIGN_OR_RETURN(const Rankings predicted, ReadRankings(*prediction));
  SOTERIA_ASSIGN_OR_RETURN(const Rankings labels, ReadRankings(*label));
  stats::Counted<stats::RankingSums> total;
  for (size_t i = 0; i < predicted.size(); ++i) {
    total.sums.Add(stats::RankingValue(metric_, k_, predicted[i], labels[i]));
  }
  return std::move(total).Encode();
}

base::StatusOr<std::string> RankingKernel::Merge(std::vector<std::string> children) const {
  stats::Counted<stats::RankingSums> total;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const auto child, stats::Counted<stats::RankingSums>::Decode(bytes));
    SOTERIA_RETURN_IF_ERROR(total.Merge(child));
  }
  return std::move(total).Encode();
}

base::Status RankingEvaluator::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDoublesColumn(input, params_.String("predictionCol")));
  return CheckDoublesColumn(input, params_.String("labelCol"));
}

base::StatusOr<KernelPtr> RankingEvaluator::MakeKernel() const {
  SOTERIA_ASSIGN_OR_RETURN(const stats::RankingMetric metric,
                           stats::RankingMetricOf(params_.String("metricName")));
  return std::make_unique<const RankingKernel>(
      params_.String("predictionCol"), params_.String("labelCol"), metric, params_.Int("k"));
}

base::StatusOr<KernelPtr> RankingEvaluator::MakeAnswersKernel() const {
  return base::Fail(base::kUnsupported, "RankingEvaluator does not support rankings that leave.");
}

stats::Statistic RankingEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kRanking;
  asked.metric = params_.String("metricName");
  return asked;
}

Algorithm RankingEvaluatorAlgorithm() {
  ClassEntry entry;
  entry.info = &Info();
  entry.evaluator = [](Params params) -> std::unique_ptr<const Evaluator> {
    return std::make_unique<RankingEvaluator>(std::move(params));
  };
  Algorithm algorithm;
  algorithm.classes = {entry};
  algorithm.kernels = {{RankingKernel::kKind, RankingKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
