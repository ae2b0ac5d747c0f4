// Models of a session: fit, attributes, evaluation.
#include <utility>

#include "nlohmann/json.hpp"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/dataflow/feature_columns.h"
#include "src/master/enclave_session.h"
#include "src/master/summed_columns.h"
#include "src/ml/catalog.h"

namespace soteria::master {
namespace {

/// What PySpark asks of every model as it makes the object; OutputGate::PermitShape.
bool IsShape(std::string_view method) {
  return method == "numClasses" || method == "numFeatures" || method == "hasSummary";
}

bool IsSummaryId(std::string_view id) { return id.ends_with(kSummarySuffix); }

}  // namespace

base::StatusOr<std::shared_ptr<EnclaveSession::Fitted>> EnclaveSession::Find(
    const std::string& object_id) {
  std::string id = object_id;
  if (IsSummaryId(id)) id.resize(id.size() - kSummarySuffix.size());
  const std::lock_guard lock(mutex_);
  const auto found = models_.find(id);
  if (found != models_.end()) return found->second;
  return base::Fail(base::kMlCache,
                    base::Cat("Generic error: Cannot retrieve ", object_id,
                              " from the ML cache: it was deleted, or belongs to another session"));
}

base::StatusOr<std::string> EnclaveSession::Keep(std::shared_ptr<Fitted> fitted) {
  SOTERIA_ASSIGN_OR_RETURN(std::string id, NewId());
  const std::lock_guard lock(mutex_);
  if (models_.size() >= kModelsMax) {
    return base::Fail(base::kMlCache,
                      base::Cat("This session holds ", kModelsMax,
                                " models, the most it may: delete some (del model)"));
  }
  models_.emplace(id, std::move(fitted));
  return id;
}

base::StatusOr<Session::FitResult> EnclaveSession::Fit(const std::string& class_name,
                                                       const std::string& uid,
                                                       const ml::ParamMap& params,
                                                       const plan::PlanPtr& input,
                                                       const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  SOTERIA_ASSIGN_OR_RETURN(auto estimator, ml::MakeEstimator(class_name, uid, params));
  auto result = FitUngated(*estimator, input, progress);
  if (!result.ok()) return world_.output.Permit(result.status());
  return result;
}

base::StatusOr<Session::FitResult> EnclaveSession::FitUngated(const ml::Estimator& estimator,
                                                              const plan::PlanPtr& input,
                                                              const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(estimator.CheckInput(*input->schema));
  auto fitted = std::make_shared<Fitted>();
  fitted->scope = std::make_unique<StageScope>(world_.coordinator, world_.turn, world_.live,
                                               persisted_, progress);
  SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*input, *fitted->scope));
  ml::FitResult result;
  if (estimator.needs_rows()) {
    TableWork work(*fitted->scope, lowered);
    SOTERIA_ASSIGN_OR_RETURN(result, estimator.FitRows(work));
  } else {
    lowered = lowered.With(dataflow::FeaturesOperator(estimator.Columns()), nullptr);
    SOTERIA_RETURN_IF_ERROR(fitted->scope->Keep(lowered));
    BlockWork work(*fitted->scope, lowered);
    SOTERIA_ASSIGN_OR_RETURN(result, estimator.Fit(work));
  }
  fitted->scope->DropKept();
  fitted->scope->set_progress(nullptr);
  fitted->model = std::move(result.model);
  fitted->summary = fitted->model->summary();
  fitted->data = BehindOf(*lowered.recipe);
  if (fitted->summary != nullptr) fitted->table = input;
  if (fitted->summary != nullptr && !fitted->summary->complete()) {
    fitted->input = std::move(lowered);
  } else {
    fitted->scope.reset();
  }
  FitResult reply;
  for (const std::string& warning : result.warnings) {
    reply.warning += reply.warning.empty() ? warning : "\n" + warning;
  }
  SOTERIA_ASSIGN_OR_RETURN(reply.model_id, Keep(std::move(fitted)));
  return reply;
}

base::StatusOr<Permitted<FetchResult>> EnclaveSession::Fetch(const std::string& object_id,
                                                             const std::vector<MethodCall>& calls) {
  auto result = FetchUngated(object_id, calls);
  if (!result.ok()) return world_.output.Permit(result.status());
  return result;
}

base::StatusOr<Permitted<FetchResult>> EnclaveSession::FetchUngated(
    const std::string& object_id, const std::vector<MethodCall>& calls) {
  if (calls.empty()) return base::Fail(base::kMlAttribute, "A fetch names no method");
  std::shared_ptr<Fitted> fitted = FindEvaluation(object_id);
  const bool is_summary = fitted != nullptr || IsSummaryId(object_id);
  const bool from_summary = is_summary || calls.front().method == "summary";
  if (fitted == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(fitted, Find(object_id));
  }
  const size_t first = !is_summary && from_summary ? 1 : 0;
  FetchResult result;
  if (first == calls.size()) {
    result.is_summary = true;
    result.object_id = object_id + std::string(kSummarySuffix);
    return world_.output.Permit(policy::Output::kMetrics, std::move(result), "", "summary", 0);
  }
  if (calls.size() != first + 1) {
    return base::Fail(base::kMlAttribute,
                      base::Cat("'", calls[first].method, "' has no attributes of its own"));
  }
  const MethodCall& call = calls[first];
  const bool shape = !from_summary && IsShape(call.method);
  const auto kind = from_summary ? policy::Output::kMetrics : policy::Output::kModels;
  if (!shape) SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(kind));
  const std::string what =
      base::Cat(fitted->model->class_name(), from_summary ? " summary." : ".", call.method);
  Provenance from;
  if (from_summary) {
    const std::lock_guard lock(fitted->mutex);
    if (fitted->summary != nullptr && fitted->summary->Curve(call.method)) {
      return base::Fail(base::kMlAttribute, base::Cat(call.method, " is a table"));
    }
    SOTERIA_ASSIGN_OR_RETURN(result.value, SummaryAttribute(*fitted, call, true, &from));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(result.value, fitted->model->Get(call.method, call.args));
  }
  const std::string content = ml::EncodeValue(result.value);
  if (shape) return world_.output.PermitShape(std::move(result), content, what);
  return world_.output.Permit(kind, std::move(result), content, what, 0, from);
}

base::StatusOr<Permitted<double>> EnclaveSession::Evaluate(const std::string& class_name,
                                                           const std::string& uid,
                                                           const ml::ParamMap& params,
                                                           const plan::PlanPtr& input,
                                                           const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kMetrics));
  SOTERIA_ASSIGN_OR_RETURN(auto evaluator, ml::MakeEvaluator(class_name, uid, params));
  const auto value = EvaluateUngated(*evaluator, input, progress);
  if (!value.ok()) return world_.output.Permit(value.status());
  const double number = value->numbers[0];
  return world_.output.Permit(policy::Output::kMetrics, number, ml::EncodeValue(number), class_name,
                              0, value->from);
}

base::StatusOr<StatisticValue> EnclaveSession::EvaluateUngated(const ml::Evaluator& evaluator,
                                                               const plan::PlanPtr& input,
                                                               const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(evaluator.CheckInput(*input->schema));
  StageScope scope(world_.coordinator, world_.turn, world_.live, persisted_, progress);
  SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*input, scope));
  const dataflow::RecipePtr recipe = lowered.recipe;
  const stats::Statistic asked = evaluator.Asks();
  const std::string what = base::Cat(evaluator.params().info().name, ".", asked.metric);
  const DataBehind data = BehindOf(*recipe);
  TableWork work(scope, lowered);
  StatisticValue value;
  if (world_.statistics.ByAnswers(asked.kind, data)) {
    SOTERIA_ASSIGN_OR_RETURN(auto kernel, evaluator.MakeAnswersKernel());
    SOTERIA_ASSIGN_OR_RETURN(std::string answers, work.Reduce(*kernel));
    const std::string made_by = base::Cat(base::View(recipe->digest), kernel->Encode());
    SOTERIA_ASSIGN_OR_RETURN(
        value, world_.statistics.OfAnswers(asked, std::move(answers), made_by, what, data));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(auto kernel, evaluator.MakeKernel());
    SOTERIA_ASSIGN_OR_RETURN(std::string sums, work.Reduce(*kernel));
    SOTERIA_ASSIGN_OR_RETURN(stats::ExactSums exact,
                             stats::ExactSums::Decode(std::exchange(sums, {})));
    bool enough = false;
    if (const auto* rule = world_.statistics.RuleFor(asked.kind, data); rule != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(const CellColumns columns, CellsOf(evaluator.Sums(), *input));
      SOTERIA_ASSIGN_OR_RETURN(enough, EnoughRows(scope, lowered, columns, rule->min_rows));
    }
    SOTERIA_ASSIGN_OR_RETURN(value,
                             world_.statistics.OfSums(asked, std::move(exact), what, data, enough));
  }
  if (value.numbers.size() == 1) return value;
  return base::Fail(base::kInternal, "an evaluator's statistic isn't one number");
}

base::StatusOr<std::shared_ptr<const ml::Transformer>> EnclaveSession::ModelWithParams(
    const std::string& object_id, const ml::ParamMap& params) {
  SOTERIA_ASSIGN_OR_RETURN(auto fitted, Find(object_id));
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model->class_name()));
  SOTERIA_ASSIGN_OR_RETURN(auto model, fitted->model->WithParams(params));
  return std::shared_ptr<const ml::Transformer>(std::move(model));
}

base::StatusOr<std::shared_ptr<const ml::Transformer>> EnclaveSession::MakeTransformer(
    const std::string& class_name, const std::string& uid, const ml::ParamMap& params) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  return ml::MakeTransformer(class_name, uid, params);
}

std::vector<std::string> EnclaveSession::Delete(const std::vector<std::string>& ids) {
  std::vector<std::string> gone;
  const std::lock_guard lock(mutex_);
  for (const std::string& id : ids) {
    if (models_.erase(id) > 0 || evaluations_.erase(id) > 0) gone.push_back(id);
    std::erase_if(evaluations_, [&](const auto& e) { return e.second->of_model == id; });
  }
  return gone;
}

std::vector<std::string> EnclaveSession::CacheInfo() {
  std::vector<std::string> infos;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, fitted] : models_) {
    const nlohmann::json info = {{"id", id},
                                 {"class", std::string(fitted->model->class_name())},
                                 {"size", fitted->model->bytes()}};
    infos.push_back(info.dump());
  }
  return infos;
}

base::StatusOr<int64_t> EnclaveSession::ModelSize(const std::string& object_id) {
  SOTERIA_ASSIGN_OR_RETURN(auto fitted, Find(object_id));
  return static_cast<int64_t>(fitted->model->bytes());
}

int64_t EnclaveSession::CleanCache() {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<int64_t>(models_.size());
  models_.clear();
  evaluations_.clear();
  return count;
}

}  // namespace soteria::master
