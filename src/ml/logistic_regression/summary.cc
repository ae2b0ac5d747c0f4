#include "src/ml/logistic_regression/summary.h"

#include <algorithm>
#include <map>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {
namespace {

/// The summaries of MLlib down-sample their curves to this many points.
constexpr int64_t kSummaryBins = 1000;

constexpr std::string_view kClassName =
    "org.apache.spark.ml.classification.BinaryLogisticRegressionTrainingSummaryImpl";

using stats::MulticlassMetrics;

/// A metric of each label, ascending.
template <class Metric>
base::StatusOr<Attribute> ByLabel(const MulticlassMetrics& metrics, Metric metric) {
  std::vector<double> values;
  for (const double label : metrics.labels()) {
    SOTERIA_ASSIGN_OR_RETURN(values.emplace_back(), metric(label));
  }
  return Attribute(std::move(values));
}

base::StatusOr<double> BetaOf(const Arguments& args) {
  if (args.empty()) return 1.0;
  if (args.size() == 1) {
    if (const auto* beta = std::get_if<double>(&args[0])) return *beta;
    if (const auto* beta = std::get_if<int64_t>(&args[0])) return static_cast<double>(*beta);
  }
  return base::Fail(base::kIllegalArgument, "expecting no argument or one beta");
}

base::Status NotAllowed(std::string_view method) {
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", kClassName, " is not allowed to be accessed."));
}

bool IsOneOf(std::string_view method, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), method) != names.end();
}

}  // namespace

LogisticSummary::LogisticSummary(const Params& params) {
  weighted_ = params.Column("weightCol").has_value();
  columns_ = {{"featuresCol", params.String("featuresCol")},
              {"labelCol", params.String("labelCol")},
              {"predictionCol", params.String("predictionCol")},
              {"probabilityCol", params.String("probabilityCol")},
              {"scoreCol", params.String("probabilityCol")},
              {"weightCol", params.IsDefined("weightCol") ? params.String("weightCol")
                                                          : std::string("weightCol")}};
}

std::shared_ptr<const Summary> LogisticSummary::OfTraining(
    const Params& params, std::vector<double> objective_history,
    std::shared_ptr<const LogisticSummaryKernel> kernel) {
  std::shared_ptr<LogisticSummary> summary(new LogisticSummary(params));
  summary->objective_history_ = std::move(objective_history);
  summary->kernel_ = std::move(kernel);
  return summary;
}

std::shared_ptr<const Summary> LogisticSummary::OfEvaluation(
    const Params& params, std::shared_ptr<const LogisticEvaluationKernel> kernel) {
  std::shared_ptr<LogisticSummary> summary(new LogisticSummary(params));
  summary->row_kernel_ = std::move(kernel);
  return summary;
}

bool LogisticSummary::Needs(std::string_view method) const {
  return IsOneOf(method, {"accuracy", "areaUnderROC", "labels", "precisionByLabel", "recallByLabel",
                          "fMeasureByLabel", "truePositiveRateByLabel", "falsePositiveRateByLabel",
                          "weightedPrecision", "weightedRecall", "weightedFMeasure",
                          "weightedTruePositiveRate", "weightedFalsePositiveRate"});
}

base::StatusOr<std::shared_ptr<const Summary>> LogisticSummary::Complete(
    std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(LogisticSummarySums decoded, LogisticSummarySums::Decode(partial));
  std::shared_ptr<LogisticSummary> complete(new LogisticSummary(*this));
  complete->sums_ = std::make_shared<const LogisticSummarySums>(std::move(decoded));
  const LogisticSummarySums& sums = *complete->sums_;
  complete->metrics_.emplace(sums.confusion);
  if (sums.scores) complete->curves_.emplace(*sums.scores, kSummaryBins);
  return std::shared_ptr<const Summary>(std::move(complete));
}

base::StatusOr<Attribute> LogisticSummary::Get(std::string_view method,
                                               const Arguments& args) const {
  if (const auto at = columns_.find(method); at != columns_.end() && args.empty()) {
    return Attribute(at->second);
  }
  if (objective_history_ && args.empty()) {
    if (method == "objectiveHistory") return Attribute(*objective_history_);
    if (method == "totalIterations") {
      return Attribute(static_cast<int64_t>(objective_history_->size()) - 1);
    }
  }
  if (!Needs(method)) return NotAllowed(method);
  if (!metrics_) {
    return base::Fail(base::kInternal, base::Cat("summary: ", method, " before its data"));
  }
  return GetMetric(method, args);
}

std::optional<SummaryStatistic> LogisticSummary::AsStatistic(std::string_view method,
                                                             const Arguments& args) const {
  if (weighted_ || sums_ == nullptr) return std::nullopt;
  SummaryStatistic made;
  stats::Statistic& asked = made.statistic;
  if (method == "fMeasureByLabel" || method == "weightedFMeasure") {
    const auto beta = BetaOf(args);
    if (!beta.ok()) return std::nullopt;
    asked.beta = *beta;
  } else if (!args.empty()) {
    return std::nullopt;
  }
  if (method == "areaUnderROC") {
    if (!sums_->scores) return std::nullopt;
    asked = {stats::StatisticKind::kBinary, "areaUnderROC", 1, 0, kSummaryBins, false};
    made.sums = sums_->scores->Encode();
    made.one_number = true;
    return made;
  }
  asked.kind = stats::StatisticKind::kMulticlass;
  static constexpr std::string_view kByLabel = "ByLabel";
  std::string metric(method);
  if (method == "truePositiveRateByLabel") metric = "recallByLabel";
  if (IsOneOf(method,
              {"labels", "accuracy", "weightedPrecision", "weightedRecall", "weightedFMeasure",
               "weightedTruePositiveRate", "weightedFalsePositiveRate"})) {
    made.one_number = method != "labels";
  } else if (metric.ends_with(kByLabel) && Needs(method)) {
    metric.replace(metric.size() - kByLabel.size(), kByLabel.size(), "OfLabels");
  } else {
    return std::nullopt;
  }
  asked.metric = std::move(metric);
  made.sums = sums_->confusion.Encode();
  return made;
}

base::StatusOr<Attribute> LogisticSummary::AreaUnderRoc() const {
  if (curves_) return Attribute(curves_->AreaUnderRoc());
  return base::Fail(base::kMemoryLimit, base::Cat("more than ", stats::kDistinctScoresMax,
                                                  " distinct scores in a ROC curve"));
}

base::StatusOr<Attribute> LogisticSummary::GetMetric(std::string_view method,
                                                     const Arguments& args) const {
  const MulticlassMetrics& m = *metrics_;
  if (method == "fMeasureByLabel") {
    SOTERIA_ASSIGN_OR_RETURN(const double beta, BetaOf(args));
    return ByLabel(m, [&](double label) { return m.FMeasure(label, beta); });
  }
  if (method == "weightedFMeasure") {
    SOTERIA_ASSIGN_OR_RETURN(const double beta, BetaOf(args));
    return Attribute(m.WeightedFMeasure(beta));
  }
  if (!args.empty()) return base::Fail(base::kIllegalArgument, "expecting no argument");
  if (method == "areaUnderROC") return AreaUnderRoc();
  if (method == "labels") return Attribute(m.labels());
  if (method == "precisionByLabel") {
    return ByLabel(m, [&](double label) { return m.Precision(label); });
  }
  if (method == "recallByLabel" || method == "truePositiveRateByLabel") {
    return ByLabel(m, [&](double label) { return m.Recall(label); });
  }
  if (method == "falsePositiveRateByLabel") {
    return ByLabel(m, [&](double label) { return m.FalsePositiveRate(label); });
  }
  if (method == "weightedPrecision") return Attribute(m.WeightedPrecision());
  if (method == "weightedRecall" || method == "weightedTruePositiveRate") {
    return Attribute(m.WeightedRecall());
  }
  if (method == "weightedFalsePositiveRate") return Attribute(m.WeightedFalsePositiveRate());
  return Attribute(m.Accuracy());
}

}  // namespace soteria::ml
