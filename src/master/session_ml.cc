// Models of a session: fit, attributes, evaluation.
#include <malloc.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/dataflow/feature_columns.h"
#include "src/master/enclave_session.h"
#include "src/master/summed_columns.h"
#include "src/ml/catalog.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

constexpr uint64_t kLargeModelBytes = uint64_t{32} << 20;

/// What PySpark asks of every model as it makes the object; OutputGate::PermitShape.
std::optional<Shape> ShapeOf(std::string_view method) {
  if (method == "numClasses") return Shape::kClasses;
  if (method == "numFeatures") return Shape::kFeatures;
  if (method == "hasSummary") return Shape::kHasSummary;
  if (method == "rank") return Shape::kRank;
  return std::nullopt;
}

base::Status TooMany(std::string_view of, std::string_view remedy) {
  return base::Fail(base::kMlCache, base::Cat("This session holds ", kModelsMax, " ", of,
                                              ", the most it may: ", remedy));
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

base::Status EnclaveSession::Keep(const std::string& id, std::shared_ptr<Fitted> fitted) {
  const std::lock_guard lock(mutex_);
  if (models_.size() >= kModelsMax) return TooMany("models", "delete some (del model)");
  models_.emplace(id, std::move(fitted));
  return base::OkStatus();
}

StageScope EnclaveSession::NewScope(const InsideKey& key, Progress progress) {
  return StageScope(key, world_.coordinator, world_.turn, world_.live, persisted_, NowMicros(),
                    std::move(progress));
}

base::StatusOr<Permitted<Session::FitResult>> EnclaveSession::Fit(const std::string& class_name,
                                                                  const std::string& uid,
                                                                  const ml::ParamMap& params,
                                                                  const plan::PlanPtr& input,
                                                                  const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  SOTERIA_ASSIGN_OR_RETURN(auto estimator, ml::MakeEstimator(class_name, uid, params));
  SOTERIA_RETURN_IF_ERROR(estimator->CheckInput(*table::WithoutMarkedMetadata(*input->schema)));
  SOTERIA_ASSIGN_OR_RETURN(std::string id, NewId());
  auto warnings = world_.output.Run(
      [&](const InsideKey& key) { return FitInside(key, id, *estimator, input, progress); });
  return world_.output.PermitFit(id, std::move(warnings), base::Cat(class_name, " warning"));
}

base::StatusOr<std::vector<std::string>> EnclaveSession::FitInside(const InsideKey& key,
                                                                   const std::string& id,
                                                                   const ml::Estimator& estimator,
                                                                   const plan::PlanPtr& input,
                                                                   const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(estimator.CheckInput(*input->schema));  // with what data say of columns
  auto scope = std::make_unique<StageScope>(key, world_.coordinator, world_.turn, world_.live,
                                            persisted_, NowMicros(), progress);
  SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*input, *scope));
  ml::FitResult result;
  if (const auto columns = estimator.Columns()) {
    lowered = lowered.With(dataflow::FeaturesOperator(*columns), nullptr);
    if (estimator.ReadsOnce()) {
      scope->KeepOnceMade(lowered);
    } else {
      SOTERIA_RETURN_IF_ERROR(scope->Keep(lowered));
    }
  }
  {
    StageWork work(*scope, lowered);
    SOTERIA_ASSIGN_OR_RETURN(result, estimator.FitInput(work, *input->schema));
  }
  scope->DropKept();
  scope->set_progress(nullptr);
  // A large model was several copies on its way here, whose memory the allocator would keep.
  if (result.model->bytes() >= kLargeModelBytes) malloc_trim(0);
  auto fitted = std::make_shared<Fitted>(HeldModel(result.model));
  fitted->summary = result.model->summary();
  fitted->data = BehindOf(*lowered.recipe);
  if (fitted->summary != nullptr) fitted->table = input;
  if (fitted->summary != nullptr && !fitted->summary->complete()) {
    fitted->scope = std::move(scope);
    fitted->input = std::move(lowered);
  }
  SOTERIA_RETURN_IF_ERROR(Keep(id, std::move(fitted)));
  return std::move(result.warnings);
}

base::StatusOr<Permitted<FetchResult>> EnclaveSession::Fetch(const std::string& object_id,
                                                             const std::vector<MethodCall>& calls) {
  if (calls.empty()) return base::Fail(base::kMlAttribute, "A fetch names no method");
  std::shared_ptr<Fitted> fitted = FindEvaluation(object_id);
  const bool is_summary = fitted != nullptr || IsSummaryId(object_id);
  const bool from_summary = is_summary || calls.front().method == "summary";
  if (fitted == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(fitted, Find(object_id));
  }
  const size_t first = !is_summary && from_summary ? 1 : 0;
  if (first == calls.size()) {
    SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kMetrics));
    return world_.output.Permit(policy::Output::kMetrics, world_.output.Run([&](const InsideKey&) {
      Leaving<FetchResult> summary;
      summary.value.is_summary = true;
      summary.value.object_id = object_id + std::string(kSummarySuffix);
      summary.what = "summary";
      return base::StatusOr<Leaving<FetchResult>>(std::move(summary));
    }));
  }
  if (calls.size() != first + 1) {
    return base::Fail(base::kMlAttribute,
                      base::Cat("'", calls[first].method, "' has no attributes of its own"));
  }
  if (calls[first].table != nullptr) {
    if (from_summary) {
      return base::NotSupported(
          base::Cat("The method ", calls[first].method, "() of a summary with a DataFrame"));
    }
    return FetchOver(fitted, calls[first]);
  }
  return from_summary ? FetchSummary(fitted, calls[first])
                      : FetchModel(fitted, object_id, calls[first]);
}

base::StatusOr<Permitted<FetchResult>> EnclaveSession::FetchSummary(
    const std::shared_ptr<Fitted>& fitted, const MethodCall& call) {
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kMetrics));
  auto made = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<Leaving<FetchResult>> {
    Leaving<FetchResult> leaving;
    const std::lock_guard lock(fitted->mutex);
    if (fitted->summary != nullptr && fitted->summary->Curve(call.method)) {
      return base::Fail(base::kMlAttribute, base::Cat(call.method, " is a table"));
    }
    SOTERIA_ASSIGN_OR_RETURN(leaving.value.value,
                             SummaryAttribute(key, *fitted, call, true, &leaving.from));
    leaving.content = ml::EncodeValue(leaving.value.value);
    leaving.what = base::Cat(fitted->model.class_name(), " summary.", call.method);
    return leaving;
  });
  return world_.output.Permit(policy::Output::kMetrics, std::move(made));
}

base::StatusOr<std::vector<std::string>> EnclaveSession::KeepParts(const InsideKey& key,
                                                                   const Fitted& fitted,
                                                                   const std::string& method) {
  std::vector<std::string> ids;
  for (const auto& part : fitted.model.Open(key).Models(method)) {
    SOTERIA_ASSIGN_OR_RETURN(ids.emplace_back(), NewId());
    auto kept = std::make_shared<Fitted>(HeldModel(part));
    kept->data = fitted.data;
    SOTERIA_RETURN_IF_ERROR(Keep(ids.back(), std::move(kept)));
  }
  return ids;
}

base::StatusOr<Permitted<FetchResult>> EnclaveSession::FetchModel(
    const std::shared_ptr<Fitted>& fitted, const std::string& object_id, const MethodCall& call) {
  const std::string what = base::Cat(fitted->model.class_name(), ".", call.method);
  if (const auto shape = ShapeOf(call.method)) {
    auto number = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<int64_t> {
      SOTERIA_ASSIGN_OR_RETURN(const auto value,
                               fitted->model.Open(key).Get(call.method, call.args));
      if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
      if (const auto* number = std::get_if<int64_t>(&value)) return *number;
      return base::Fail(base::kInternal, "a model's shape isn't a number");
    });
    return world_.output.PermitShape(*shape, std::move(number), object_id, what);
  }
  if (const auto made_of = fitted->model.MadeOf(call.method)) {
    auto ids = world_.output.Run(
        [&](const InsideKey& key) { return KeepParts(key, *fitted, call.method); });
    return world_.output.PermitParts(std::move(ids), made_of->count, object_id, what);
  }
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kModels));
  auto made = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<Leaving<FetchResult>> {
    Leaving<FetchResult> leaving;
    leaving.what = what;
    SOTERIA_ASSIGN_OR_RETURN(leaving.value.value,
                             fitted->model.Open(key).Get(call.method, call.args));
    leaving.content = ml::EncodeValue(leaving.value.value);
    return leaving;
  });
  return world_.output.Permit(policy::Output::kModels, std::move(made));
}

base::StatusOr<Permitted<double>> EnclaveSession::Evaluate(const std::string& class_name,
                                                           const std::string& uid,
                                                           const ml::ParamMap& params,
                                                           const plan::PlanPtr& input,
                                                           const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kMetrics));
  SOTERIA_ASSIGN_OR_RETURN(auto evaluator, ml::MakeEvaluator(class_name, uid, params));
  SOTERIA_RETURN_IF_ERROR(evaluator->CheckInput(*table::WithoutMarkedMetadata(*input->schema)));
  auto made = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<Leaving<double>> {
    SOTERIA_ASSIGN_OR_RETURN(const StatisticValue value,
                             EvaluateInside(key, *evaluator, input, progress));
    const double number = value.numbers[0];
    return Leaving<double>{number, ml::EncodeValue(number), class_name, 0, value.from};
  });
  return world_.output.Permit(policy::Output::kMetrics, std::move(made));
}

base::StatusOr<StatisticValue> EnclaveSession::EvaluateInside(const InsideKey& key,
                                                              const ml::Evaluator& evaluator,
                                                              const plan::PlanPtr& input,
                                                              const Progress& progress) {
  StageScope scope = NewScope(key, progress);
  SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*input, scope));
  const dataflow::RecipePtr recipe = lowered.recipe;
  const stats::Statistic asked = evaluator.Asks();
  const std::string what = base::Cat(evaluator.params().info().name, ".", asked.metric);
  const DataBehind data = BehindOf(*recipe);
  StageWork work(scope, lowered);
  StatisticValue value;
  if (world_.statistics.ByAnswers(asked.kind, data)) {
    SOTERIA_ASSIGN_OR_RETURN(auto kernel, evaluator.MakeAnswersKernel());
    SOTERIA_ASSIGN_OR_RETURN(std::string answers, work.Reduce(*kernel));
    const std::string made_by = base::Cat(base::View(recipe->digest), kernel->Encode());
    SOTERIA_ASSIGN_OR_RETURN(
        value, world_.statistics.OfAnswers(asked, std::move(answers), made_by, what, data));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(auto kernel, evaluator.MakeKernel());
    std::string sums;
    for (size_t passes = 1; kernel != nullptr; ++passes) {
      SOTERIA_ASSIGN_OR_RETURN(sums, work.Reduce(*kernel));
      SOTERIA_ASSIGN_OR_RETURN(kernel, evaluator.NextKernel(passes, sums));
    }
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

base::StatusOr<plan::PlanPtr> EnclaveSession::Transform(const plan::PlanPtr& input,
                                                        const std::string& object_id,
                                                        const ml::ParamMap& params) {
  SOTERIA_ASSIGN_OR_RETURN(auto fitted, Find(object_id));
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model.class_name()));
  SOTERIA_RETURN_IF_ERROR(fitted->model.CheckColumns(params, *input->schema));
  std::string name = object_id;
  for (const auto& [param, value] : params) name += base::Cat("/", param, ml::EncodeValue(value));
  return world_.output.Handle(
      world_.output.Run([&](const InsideKey& key) -> base::StatusOr<plan::PlanPtr> {
        SOTERIA_ASSIGN_OR_RETURN(auto model, fitted->model.Open(key).WithParams(params));
        return builder_.TransformBy(input, std::move(model), std::move(name));
      }));
}

base::StatusOr<plan::PlanPtr> EnclaveSession::TransformBy(const plan::PlanPtr& input,
                                                          const std::string& class_name,
                                                          const std::string& uid,
                                                          const ml::ParamMap& params) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  SOTERIA_ASSIGN_OR_RETURN(auto transformer, ml::MakeTransformer(class_name, uid, params));
  if (!table::HasMarkedMetadata(*input->schema)) return builder_.Transform(input, transformer);
  // What it makes of labels, or refuses because of them, is an outcome of work over data; what it
  // refuses without them, it may say.
  auto plan = world_.output.Handle(
      world_.output.Run([&](const InsideKey&) { return builder_.Transform(input, transformer); }));
  if (plan.ok()) return plan;
  SOTERIA_RETURN_IF_ERROR(
      transformer->OutputSchema(*table::WithoutMarkedMetadata(*input->schema)).status());
  return plan;
}

base::StatusOr<Permitted<std::shared_ptr<arrow::Schema>>> EnclaveSession::SchemaOf(
    const plan::PlanPtr& plan) {
  return world_.output.PermitSchema(*plan->schema);
}

base::StatusOr<std::string> EnclaveSession::Adopt(std::shared_ptr<const ml::Model> model) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(model->class_name()));
  SOTERIA_ASSIGN_OR_RETURN(std::string id, NewId());
  SOTERIA_RETURN_IF_ERROR(Keep(id, std::make_shared<Fitted>(HeldModel(std::move(model)))));
  return id;
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

base::StatusOr<std::vector<Session::Cached>> EnclaveSession::CacheInfo() {
  std::vector<std::pair<std::string, std::shared_ptr<Fitted>>> models;
  {
    const std::lock_guard lock(mutex_);
    models.assign(models_.begin(), models_.end());
  }
  std::vector<Cached> cached;
  for (const auto& [id, fitted] : models) {
    Cached one{id, std::string(fitted->model.class_name()), std::nullopt};
    if (world_.output.MayLeave(policy::Output::kModels).ok()) {
      SOTERIA_ASSIGN_OR_RETURN(one.bytes, ModelSize(id));
    }
    cached.push_back(std::move(one));
  }
  return cached;
}

base::StatusOr<Permitted<int64_t>> EnclaveSession::ModelSize(const std::string& object_id) {
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kModels));
  SOTERIA_ASSIGN_OR_RETURN(auto fitted, Find(object_id));
  auto size = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<Leaving<int64_t>> {
    const auto bytes = static_cast<int64_t>(fitted->model.Open(key).bytes());
    return Leaving<int64_t>{bytes, ml::EncodeValue(bytes),
                            base::Cat(fitted->model.class_name(), " size")};
  });
  return world_.output.Permit(policy::Output::kModels, std::move(size));
}

int64_t EnclaveSession::CleanCache() {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<int64_t>(models_.size());
  models_.clear();
  evaluations_.clear();
  return count;
}

}  // namespace soteria::master
