#include "src/ml/classification_summary/summary.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/stats/binary_metrics.h"

namespace soteria::ml {
namespace {

/// The summaries of MLlib down-sample their curves to this many points.
constexpr int64_t kSummaryBins = 1000;

enum class Shape { kNumber, kByLabel, kCurve };

/// An attribute and the statistic it is.
struct Metric {
  std::string_view method, metric;
  Shape shape = Shape::kNumber;
  bool takes_beta = false;
  CurveColumns curve = {};
};

constexpr Metric kMetrics[] = {
    {"accuracy", "accuracy"},
    {"labels", "labels", Shape::kByLabel},
    {"precisionByLabel", "precisionOfLabels", Shape::kByLabel},
    {"recallByLabel", "recallOfLabels", Shape::kByLabel},
    {"truePositiveRateByLabel", "recallOfLabels", Shape::kByLabel},
    {"falsePositiveRateByLabel", "falsePositiveRateOfLabels", Shape::kByLabel},
    {"fMeasureByLabel", "fMeasureOfLabels", Shape::kByLabel, true},
    {"weightedPrecision", "weightedPrecision"},
    {"weightedRecall", "weightedRecall"},
    {"weightedTruePositiveRate", "weightedTruePositiveRate"},
    {"weightedFalsePositiveRate", "weightedFalsePositiveRate"},
    {"weightedFMeasure", "weightedFMeasure", Shape::kNumber, true},
    {"areaUnderROC", "areaUnderROC"},
    {"roc", "roc", Shape::kCurve, false, {"FPR", "TPR"}},
    {"pr", "pr", Shape::kCurve, false, {"recall", "precision"}},
    {"fMeasureByThreshold",
     "fMeasureByThreshold",
     Shape::kCurve,
     false,
     {"threshold", "F-Measure"}},
    {"precisionByThreshold",
     "precisionByThreshold",
     Shape::kCurve,
     false,
     {"threshold", "precision"}},
    {"recallByThreshold", "recallByThreshold", Shape::kCurve, false, {"threshold", "recall"}},
};

const Metric* FindMetric(std::string_view method) {
  const auto* at = std::find_if(std::begin(kMetrics), std::end(kMetrics),
                                [&](const Metric& m) { return m.method == method; });
  return at == std::end(kMetrics) ? nullptr : at;
}

bool OfScores(const Metric& metric) {
  return metric.shape == Shape::kCurve || metric.method == "areaUnderROC";
}

const Metric* FindMetric(std::string_view method, bool binary) {
  const Metric* metric = FindMetric(method);
  return metric != nullptr && OfScores(*metric) && !binary ? nullptr : metric;
}

std::optional<double> BetaOf(const Arguments& args) {
  if (args.empty()) return 1.0;
  if (args.size() == 1) {
    if (const auto* beta = std::get_if<double>(&args[0])) return *beta;
    if (const auto* beta = std::get_if<int64_t>(&args[0])) return static_cast<double>(*beta);
  }
  return std::nullopt;
}

}  // namespace

ClassificationSummary::ClassificationSummary(const Params& params, bool binary)
    : of_(params.info().short_name()), binary_(binary) {
  of_ = of_.substr(0, of_.find("Model"));
  columns_ = {{"featuresCol", params.String("featuresCol")},
              {"labelCol", params.String("labelCol")},
              {"predictionCol", params.String("predictionCol")},
              {"probabilityCol", params.String("probabilityCol")},
              {"weightCol", params.IsDefined("weightCol") ? params.String("weightCol")
                                                          : std::string("weightCol")}};
  if (binary) columns_["scoreCol"] = params.String("probabilityCol");
}

std::shared_ptr<const Summary> ClassificationSummary::OfTraining(
    const Params& params, std::vector<double> objective_history, bool binary,
    std::shared_ptr<const Kernel> kernel) {
  std::shared_ptr<ClassificationSummary> summary(new ClassificationSummary(params, binary));
  summary->objective_history_ = std::move(objective_history);
  summary->weight_ = params.Column("weightCol");
  summary->kernel_ = std::move(kernel);
  return summary;
}

base::StatusOr<table::FeatureColumns> ClassificationSummary::Evaluated(const Params& params,
                                                                       const arrow::Schema& input) {
  table::FeatureColumns columns;
  columns.features = params.String("featuresCol");
  columns.label = params.String("labelCol");
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *columns.label));
  // Without a weightCol, a column of that very name has the weights: so it is in MLlib.
  columns.weight =
      params.IsDefined("weightCol") ? params.String("weightCol") : std::string("weightCol");
  if (input.GetFieldIndex(*columns.weight) < 0) columns.weight.reset();
  return columns;
}

std::shared_ptr<const Summary> ClassificationSummary::OfEvaluation(
    const Params& params, const table::FeatureColumns& columns, bool binary,
    std::shared_ptr<const Kernel> kernel) {
  std::shared_ptr<ClassificationSummary> summary(new ClassificationSummary(params, binary));
  summary->weight_ = columns.weight;
  summary->kernel_ = std::move(kernel);
  return summary;
}

bool ClassificationSummary::Needs(std::string_view method) const {
  return FindMetric(method, binary_) != nullptr;
}

std::optional<CurveColumns> ClassificationSummary::Curve(std::string_view method) const {
  const Metric* metric = FindMetric(method, binary_);
  if (metric == nullptr || metric->shape != Shape::kCurve) return std::nullopt;
  return metric->curve;
}

base::StatusOr<std::shared_ptr<const Summary>> ClassificationSummary::Complete(
    std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(ClassificationSums sums, ClassificationSums::Decode(partial));
  std::shared_ptr<ClassificationSummary> complete(new ClassificationSummary(*this));
  complete->sums_ = std::make_shared<const ClassificationSums>(std::move(sums));
  return std::shared_ptr<const Summary>(std::move(complete));
}

std::optional<SummaryStatistic> ClassificationSummary::AsStatistic(std::string_view method,
                                                                   const Arguments& args) const {
  const Metric* metric = FindMetric(method, binary_);
  if (metric == nullptr || sums_ == nullptr || (OfScores(*metric) && !sums_->scores)) {
    return std::nullopt;
  }
  const std::optional<double> beta = BetaOf(args);
  if (!beta || !(metric->takes_beta || args.empty())) return std::nullopt;
  SummaryStatistic made(weight_);
  made.statistic.metric = metric->metric;
  made.statistic.beta = *beta;
  made.one_number = metric->shape == Shape::kNumber;
  if (OfScores(*metric)) {
    made.statistic.bins = kSummaryBins;
    made.exact = sums_->scores->Exact();
  } else {
    made.statistic.kind = stats::StatisticKind::kMulticlass;
    made.exact = sums_->confusion.Exact();
  }
  return made;
}

base::StatusOr<Attribute> ClassificationSummary::Get(std::string_view method,
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
  const Metric* metric = FindMetric(method, binary_);
  if (metric == nullptr) {
    const std::string_view training = objective_history_ ? "Training" : "";
    return base::Fail(
        base::kMlAttribute,
        base::Cat(method, " in org.apache.spark.ml.classification.", binary_ ? "Binary" : "", of_,
                  training, "SummaryImpl is not allowed to be accessed."));
  }
  if (sums_ == nullptr) {
    return base::Fail(base::kInternal, base::Cat("summary: ", method, " before its data"));
  }
  if (OfScores(*metric) && !sums_->scores) {
    return base::Fail(base::kMemoryLimit, base::Cat("more than ", stats::kDistinctScoresMax,
                                                    " distinct scores in a ROC curve"));
  }
  const std::optional<SummaryStatistic> asked = AsStatistic(method, args);
  if (!asked) {
    return base::Fail(base::kIllegalArgument, metric->takes_beta
                                                  ? "expecting no argument or one beta"
                                                  : "expecting no argument");
  }
  SOTERIA_ASSIGN_OR_RETURN(
      std::vector<double> numbers,
      stats::Compute(asked->statistic, {stats::InputForm::kSums, asked->exact.sums}));
  return asked->Value(std::move(numbers));
}

}  // namespace soteria::ml
