#include "src/ml/tree/estimator.h"

#include <arrow/type.h>

#include <algorithm>
#include <memory>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/tree/answers.h"
#include "src/ml/tree/boost.h"
#include "src/ml/tree/categories.h"
#include "src/ml/tree/group.h"
#include "src/ml/tree/learn.h"
#include "src/ml/tree/losses.h"
#include "src/ml/tree/persistence.h"
#include "src/ml/tree/rows.h"
#include "src/ml/tree/survey.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

using tree::Ensemble;

/// Classes that MLlib takes from the labels alone.
constexpr int64_t kInferredClassesMax = 100;
constexpr base::Condition kUnexpectedType = {"DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
                                             base::exception_class::kAnalysis, "42K09",
                                             absl::StatusCode::kInvalidArgument};

}  // namespace

table::FeatureColumns TreeEstimator::FeatureColumns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("featuresCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  return columns;
}

/// With rows held out, the fit reads the table's rows; else feature blocks.
std::optional<tree::Source> TreeEstimator::SourceOfRows() const {
  if (family_.ensemble != Ensemble::kBoosted) return std::nullopt;
  const std::optional<std::string> held_out = params_.Column("validationIndicatorCol");
  if (!held_out) return std::nullopt;
  tree::Source source;
  source.columns = FeatureColumns();
  source.held_out = held_out;
  return source;
}

std::optional<table::FeatureColumns> TreeEstimator::Columns() const {
  if (SourceOfRows()) return std::nullopt;
  return FeatureColumns();
}

base::Status TreeEstimator::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(tree::CheckTreeInput(family_, params_, input, /*fitting=*/true));
  if (const std::optional<tree::Source> source = SourceOfRows()) {
    SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *source->held_out));
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, *source->held_out));
    if (field->type()->id() != arrow::Type::BOOL) {
      return base::Fail(
          kUnexpectedType,
          base::Cat("Cannot resolve \"(NOT ", *source->held_out,
                    ")\" due to data type mismatch: The first parameter requires the \"BOOLEAN\""
                    " type, however \"",
                    *source->held_out, "\" has the type \"", table::SqlTypeName(*field), "\"."));
    }
  }
  if (family_.ensemble == Ensemble::kBoosted) {
    if (params_.Int("maxIter") == 0) {
      return base::Fail(base::kArrayIndex, "Index 0 out of bounds for length 0");
    }
    return CheckThresholds(2);
  }
  return base::OkStatus();
}

base::Status TreeEstimator::CheckThresholds(int64_t classes) const {
  if (!family_.classifier || !params_.IsSet("thresholds")) return base::OkStatus();
  const size_t length = params_.Doubles("thresholds").size();
  if (length == static_cast<size_t>(classes)) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: ", params_.info().short_name(),
                              ".train() called with non-matching numClasses and"
                              " thresholds.length. numClasses=",
                              classes, ", but thresholds has length ", length));
}

base::StatusOr<FitResult> TreeEstimator::Fit(Work& work) const {
  return FitWith(work, std::nullopt, {});
}

base::StatusOr<FitResult> TreeEstimator::FitInput(Work& work, const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto features, ResolveField(input, params_.String("featuresCol")));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<int32_t> arity, tree::CategoriesOf(*features));
  std::optional<int64_t> classes;
  if (family_.classifier) {
    SOTERIA_ASSIGN_OR_RETURN(const auto label, ResolveField(input, params_.String("labelCol")));
    classes = tree::ClassesOf(*label);
  }
  return FitWith(work, classes, std::move(arity));
}

base::StatusOr<FitResult> TreeEstimator::FitWith(Work& work, std::optional<int64_t> classes,
                                                 std::vector<int32_t> arity) const {
  const std::optional<tree::Source> source = SourceOfRows();
  const bool by_class = !tree::Variance(family_);
  tree::LabelRule labels;
  if (family_.classifier && !by_class) labels.kind = tree::LabelRule::Kind::kBinary;
  if (by_class) {
    labels.kind = tree::LabelRule::Kind::kClasses;
    labels.classes = classes.value_or(kInferredClassesMax);
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial,
                           work.Reduce(tree::SurveyKernel(source, labels)));
  SOTERIA_ASSIGN_OR_RETURN(const tree::Survey survey, tree::Survey::Decode(partial));
  tree::Strategy strategy = tree::StrategyOf(family_, params_);
  strategy.arity = std::move(arity);
  if (by_class) {
    if (survey.rows == 0 && !classes) {
      return base::Fail(base::kInput, "ML algorithm was given empty dataset.");
    }
    const int64_t found = classes.value_or(static_cast<int64_t>(survey.label_max) + 1);
    SOTERIA_RETURN_IF_ERROR(CheckThresholds(found));
    strategy.num_classes = static_cast<int32_t>(found);
  }
  SOTERIA_ASSIGN_OR_RETURN(const tree::Plan plan, tree::MakePlan(strategy, source, survey, work));
  tree::TreeData data;
  if (family_.ensemble == Ensemble::kBoosted) {
    SOTERIA_ASSIGN_OR_RETURN(data, Boost(plan, survey, work));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(data, Grow(plan, work));
  }
  constexpr int32_t kBinary = 2;
  data.num_features = static_cast<int32_t>(plan.features());
  data.num_classes = by_class ? strategy.num_classes : family_.classifier ? kBinary : 0;
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(*family_.model));
  if (family_.ensemble != Ensemble::kOne) {
    data.tree_params = tree::TreeModel::ParamsOfTrees(params, data.trees.size());
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<const tree::TreeModel> model,
                           tree::TreeModel::Make(std::move(params), std::move(data)));
  result.model = model->WithTraining();
  return result;
}

base::StatusOr<tree::TreeData> TreeEstimator::Grow(const tree::Plan& plan, Work& work) const {
  tree::Bagging bagging;
  if (family_.ensemble == Ensemble::kForest) {
    bagging.trees = plan.strategy.num_trees;
    bagging.with_replacement = params_.Bool("bootstrap");
    bagging.rate = params_.Double("subsamplingRate");
    bagging.seed = plan.strategy.seed;
  }
  SOTERIA_ASSIGN_OR_RETURN(tree::BinnedWork binned,
                           tree::BinnedWork::Make(work, std::nullopt, plan, bagging, false));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<tree::Grown> grown,
                           tree::GrowTrees(plan, plan.strategy.seed, binned));
  tree::TreeData data;
  for (tree::Grown& one : grown) data.trees.push_back(std::move(one.tree));
  data.weights.assign(data.trees.size(), 1.0);
  return data;
}

base::StatusOr<tree::TreeData> TreeEstimator::Boost(const tree::Plan& plan,
                                                    const tree::Survey& survey, Work& work) const {
  const tree::Loss loss = tree::LossOf(params_);
  const auto iterations = static_cast<uint64_t>(params_.Int("maxIter"));
  const std::optional<tree::Source> source = SourceOfRows();
  if (source && survey.held_rows == 0) {
    return base::Fail(base::kUnsupported, "empty collection");
  }
  tree::Bagging bagging;
  bagging.rate = params_.Double("subsamplingRate");
  bagging.seed = plan.strategy.seed;
  SOTERIA_ASSIGN_OR_RETURN(tree::BinnedWork binned,
                           tree::BinnedWork::Make(work, source, plan, bagging, family_.classifier));
  tree::TreeData data;
  double best_error = 0;
  size_t best = 1;
  for (uint64_t m = 0; m < iterations; ++m) {
    work.Progress(m + 1, iterations);
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
    SOTERIA_ASSIGN_OR_RETURN(std::vector<tree::Grown> grown,
                             tree::GrowTrees(plan, bagging.seed, binned));
    data.trees.push_back(std::move(grown[0].tree));
    data.weights.push_back(m == 0 ? 1.0 : params_.Double("stepSize"));
    if (m + 1 == iterations && !source) break;
    bagging.seed = static_cast<int64_t>(static_cast<uint64_t>(plan.strategy.seed) + m + 1);
    SOTERIA_RETURN_IF_ERROR(binned.work().Advance(
        tree::BoostStep(plan.rules.bins, std::move(grown[0].routes), std::move(grown[0].leaves),
                        data.weights.back(), loss, bagging)));
    if (!source) continue;
    SOTERIA_ASSIGN_OR_RETURN(
        const std::string partial,
        binned.work().Reduce(tree::ValidationKernel(plan.rules.bins, loss, binned.whole())));
    SOTERIA_ASSIGN_OR_RETURN(const double error, tree::ValidationKernel::Mean(partial));
    constexpr double kErrorLeast = 0.01;
    if (m == 0) {
      best_error = error;
    } else if (best_error - error <
               params_.Double("validationTol") * std::max(error, kErrorLeast)) {
      break;
    } else if (error < best_error) {
      best_error = error;
      best = m + 1;
    }
  }
  if (source) {
    data.trees.resize(best);
    data.weights.resize(best);
  }
  return data;
}

Algorithm TreesAlgorithm() {
  Algorithm algorithm;
  for (const tree::Family* family : tree::Families()) {
    Algorithm one = FittingAlgorithm<TreeEstimator, tree::TreeModel>(
        *family->estimator, *family->model, tree::SaveTrees, tree::LoadTrees);
    for (ClassEntry& entry : one.classes) algorithm.classes.push_back(std::move(entry));
  }
  algorithm.kernels = {{tree::AnswersKernel::kKind, tree::AnswersKernel::Decode},
                       {tree::LossesKernel::kKind, tree::LossesKernel::Decode},
                       {tree::SurveyKernel::kKind, tree::SurveyKernel::Decode},
                       {tree::SampleKernel::kKind, tree::SampleKernel::Decode},
                       {tree::GroupKernel::kKind, tree::GroupKernel::Decode},
                       {tree::ValidationKernel::kKind, tree::ValidationKernel::Decode}};
  algorithm.steps = {{tree::BinStep::kKind, tree::BinStep::Decode},
                     {tree::BoostStep::kKind, tree::BoostStep::Decode}};
  algorithm.routes = {{tree::GatherRoute::kKind, tree::GatherRoute::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
