#include "src/connect/fake_session_for_test.h"

#include <arrow/array/builder_binary.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/groups.h"
#include "src/exec/show.h"
#include "src/ml/catalog.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::master {
/// Stands in for the gate.
struct PermittedForTest {
  template <class T>
  static Permitted<T> Make(T value) {
    return Permitted<T>(std::move(value));
  }
};
}  // namespace soteria::master

namespace soteria::connect {
namespace {

using master::PermittedForTest;
using TablePtr = std::shared_ptr<arrow::Table>;

std::string Stripped(std::string path) {
  if (path.starts_with("file://")) path.erase(0, 7);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

base::StatusOr<TablePtr> TextTable(const std::vector<std::string>& lines) {
  arrow::StringBuilder builder;
  SOTERIA_ARROW_RETURN(builder.AppendValues(lines));
  SOTERIA_ARROW_ASSIGN(auto column, builder.Finish());
  return arrow::Table::Make(arrow::schema({arrow::field("value", arrow::utf8())}), {column});
}

/// What the fake models answer; one method a kind of value.
std::optional<ml::ParamValue> Answer(const std::string& method,
                                     const std::vector<ml::ParamValue>& args) {
  if (method == "coefficients") return table::DenseVector({1.5, -2.0});
  if (method == "interceptVector") return table::SparseVector(3, {1}, {0.5});
  if (method == "coefficientMatrix") {
    return ml::MatrixValue{.dense = true,
                           .num_rows = 2,
                           .num_cols = 2,
                           .col_ptrs = {},
                           .row_indices = {},
                           .values = {1, 2, 3, 4},
                           .transposed = true};
  }
  if (method == "intercept") return 0.25;
  if (method == "numFeatures" || method == "numClasses") return int64_t{2};
  if (method == "hasSummary") return true;
  if (method == "labelCol") return std::string("label");
  if (method == "accuracy") return 0.75;
  if (method == "totalIterations") return int64_t{7};
  if (method == "objectiveHistory") return std::vector<double>{0.5, 0.25};
  if (method == "labels") return std::vector<std::string>{"a", "b"};
  if (method == "fMeasureByLabel" && args.size() == 1) {
    return std::vector<double>{std::get<double>(args[0]), 1.0};
  }
  if (method == "predict" && args.size() == 1) {
    return std::get<table::VectorValue>(args[0]).values.at(0);
  }
  return std::nullopt;
}

std::string UuidOf(int number) {
  std::string digits = std::to_string(number);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

}  // namespace

base::StatusOr<plan::Source> FakeSession::Resolve(const std::vector<std::string>& paths,
                                                  const std::string& /*format*/,
                                                  const plan::ReadOptions& /*options*/) {
  const std::lock_guard lock(mutex_);
  const std::string& path = paths.front();
  const auto found = tables_.find(Stripped(path));
  if (found == tables_.end()) {
    return base::Fail(base::kPathNotFound, base::Cat("Path does not exist: ", path, "."));
  }
  plan::Source source;
  dataflow::TreeSource tree;
  tree.root = Stripped(path);
  source.where = tree;
  source.partitions = 1;
  source.schema = found->second->schema();
  return source;
}

base::StatusOr<TablePtr> FakeSession::Run(const plan::Plan& plan) {
  if (const auto* local = std::get_if<plan::LocalNode>(&plan.node)) return local->table;
  if (const auto* read = std::get_if<plan::ReadNode>(&plan.node)) {
    const std::lock_guard lock(mutex_);
    return tables_.at(std::get<dataflow::TreeSource>(read->source.where).root);
  }
  if (plan.inputs.size() != 1) {
    const auto* join = std::get_if<plan::JoinNode>(&plan.node);
    if (join == nullptr) return base::Fail(base::kUnsupported, "a plan that the fake doesn't run");
    SOTERIA_ASSIGN_OR_RETURN(TablePtr left, Run(*plan.inputs[0]));
    SOTERIA_ASSIGN_OR_RETURN(TablePtr right, Run(*plan.inputs[1]));
    return join->join->Apply(std::move(left), std::move(right), 0, nullptr);
  }
  SOTERIA_ASSIGN_OR_RETURN(TablePtr input, Run(*plan.input()));
  if (const auto op = plan::NarrowOperator(plan); op != nullptr) {
    return op->Apply(std::move(input), 0);
  }
  if (const auto* transform = std::get_if<plan::TransformNode>(&plan.node)) {
    return transform->transformer->Apply(std::move(input));
  }
  if (const auto* limit = std::get_if<plan::LimitNode>(&plan.node)) {
    // A slice of a table without columns believes whatever length it is given.
    return input->Slice(0, std::min(limit->rows, input->num_rows()));
  }
  const auto* aggregate = std::get_if<plan::AggregateNode>(&plan.node);
  if (aggregate != nullptr && !aggregate->aggregate->keys().empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const TablePtr partial,
                             exec::PartialGroups(aggregate->aggregate)->Apply(input, 0));
    return exec::FinishGroups(aggregate->aggregate, aggregate->targets_max)->Apply(partial, 0);
  }
  if (aggregate != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(std::string partial, aggregate->aggregate->Map(*input));
    SOTERIA_ASSIGN_OR_RETURN(TablePtr rows, aggregate->aggregate->Finish(partial));
    return aggregate->summary == nullptr ? rows : aggregate->summary->Table(*rows);
  }
  return input;  // repartition and coalesce
}

base::Status FakeSession::Collect(
    const plan::PlanPtr& plan, const std::function<base::Status(master::Permitted<TablePtr>)>& sink,
    const master::Progress& progress) {
  progress({1, 0, 1});
  SOTERIA_ASSIGN_OR_RETURN(TablePtr rows, Run(*plan));
  SOTERIA_ASSIGN_OR_RETURN(rows, table::ToSparkForm(std::move(rows)));
  progress({1, 1, 1});
  return sink(PermittedForTest::Make(std::move(rows)));
}

base::StatusOr<master::Permitted<std::string>> FakeSession::ShowString(
    const plan::PlanPtr& plan, int64_t num_rows, int64_t truncate, bool vertical,
    const table::TimeZone& zone, const master::Progress& /*progress*/) {
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr rows, Run(*plan));
  SOTERIA_ASSIGN_OR_RETURN(std::string text,
                           exec::ShowString(*rows, static_cast<int>(num_rows),
                                            static_cast<int>(truncate), vertical, false, zone));
  return PermittedForTest::Make(std::move(text));
}

base::StatusOr<master::Permitted<master::Session::FitResult>> FakeSession::Fit(
    const std::string& class_name, const std::string& uid, const ml::ParamMap& params,
    const plan::PlanPtr& input, const master::Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(Run(*input));
  const auto steps = params.find("maxIter");
  const int64_t count = steps == params.end() ? 1 : std::get<int64_t>(steps->second);
  cancelled_ = false;
  for (int64_t i = 0; i < count; ++i) {
    if (cancelled_) return base::Fail(base::kCancelled, "cancelled");
    progress({static_cast<uint64_t>(i), 0, 2});
    std::this_thread::sleep_for(std::chrono::milliseconds(kFakeStepMs));
    progress({static_cast<uint64_t>(i), 2, 2});
  }
  const std::lock_guard lock(mutex_);
  const std::string id = UuidOf(++next_id_);
  models_[id] = {class_name + "Model", uid, params, true};
  return PermittedForTest::Make(
      FitResult{id, params.contains("regParam") ? "" : "fitted without regParam"});
}

base::StatusOr<master::Permitted<master::FetchResult>> FakeSession::Fetch(
    const std::string& object_id, const std::vector<master::MethodCall>& calls) {
  const std::lock_guard lock(mutex_);
  if (!models_.contains(object_id.substr(0, object_id.find('.'))) &&
      !evaluated_.contains(object_id)) {
    return base::Fail(base::kMlCache, base::Cat("Cannot find object ", object_id));
  }
  const master::MethodCall& call = calls.back();
  auto value = Answer(call.method, call.args);
  if (!value.has_value()) {
    return base::Fail(base::kMlAttribute, base::Cat(call.method, " is not allowed"));
  }
  return PermittedForTest::Make(master::FetchResult{*std::move(value), false, "", {}});
}

base::StatusOr<std::string> FakeSession::Summarize(const std::string& object_id,
                                                   const plan::PlanPtr& input) {
  const std::lock_guard lock(mutex_);
  if (!models_.contains(object_id)) {
    return base::Fail(base::kMlCache, base::Cat("Cannot find object ", object_id));
  }
  std::string id = base::Cat("evaluation-", evaluated_.size());
  evaluated_[id] = input;
  return id;
}

// The table that was evaluated; of a training's summary, a table that is not there.
base::StatusOr<plan::PlanPtr> FakeSession::AttributeTable(const std::string& object_id,
                                                          const master::MethodCall& call) {
  const std::string& method = call.method;
  const std::lock_guard lock(mutex_);
  const auto found = evaluated_.find(object_id);
  if (found != evaluated_.end() && method == "predictions") return found->second;
  return base::Fail(base::kMlAttribute, base::Cat(object_id, " has no table ", method));
}

base::StatusOr<master::Permitted<double>> FakeSession::Evaluate(
    const std::string& /*class_name*/, const std::string& /*uid*/, const ml::ParamMap& params,
    const plan::PlanPtr& input, const master::Progress& /*progress*/) {
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr rows, Run(*input));
  return PermittedForTest::Make(static_cast<double>(rows->num_rows()) +
                                0.1 * static_cast<double>(params.size()));
}

base::StatusOr<plan::PlanPtr> FakeSession::Transform(const plan::PlanPtr& input,
                                                     const std::string& object_id,
                                                     const ml::ParamMap& params) {
  {
    const std::lock_guard lock(mutex_);
    if (!models_.contains(object_id)) {
      return base::Fail(base::kMlCache, base::Cat("Cannot find object ", object_id));
    }
  }
  // A transformer that does something visible: it copies the features to `prediction`.
  ml::ParamMap assemble;
  const auto features = params.find("featuresCol");
  assemble["inputCols"] = std::vector<std::string>{
      features == params.end() ? "features" : std::get<std::string>(features->second)};
  assemble["outputCol"] = std::string("prediction");
  SOTERIA_ASSIGN_OR_RETURN(
      auto copy,
      ml::MakeTransformer("org.apache.spark.ml.feature.VectorAssembler", "copy", assemble));
  return builder_.Transform(input, std::move(copy));
}

base::StatusOr<plan::PlanPtr> FakeSession::TransformBy(const plan::PlanPtr& input,
                                                       const std::string& class_name,
                                                       const std::string& uid,
                                                       const ml::ParamMap& params) {
  SOTERIA_ASSIGN_OR_RETURN(auto transformer, ml::MakeTransformer(class_name, uid, params));
  return builder_.Transform(input, std::move(transformer));
}

base::StatusOr<master::Permitted<std::shared_ptr<arrow::Schema>>> FakeSession::SchemaOf(
    const plan::PlanPtr& plan) {
  return PermittedForTest::Make(plan->schema);
}

base::StatusOr<std::string> FakeSession::Adopt(std::shared_ptr<const ml::Model> model) {
  return std::string(model->uid());
}

base::Status FakeSession::Write(const plan::PlanPtr& plan, const WriteRequest& request,
                                const master::Progress& /*progress*/) {
  const std::string& path = request.path;
  const WriteMode mode = request.mode;
  SOTERIA_ASSIGN_OR_RETURN(TablePtr rows, Run(*plan));
  const std::lock_guard lock(mutex_);
  TablePtr& place = tables_[Stripped(path)];
  if (place != nullptr && mode == WriteMode::kErrorIfExists) {
    return base::Fail(base::kPathExists, base::Cat("Path ", path, " already exists."));
  }
  if (place != nullptr && mode == WriteMode::kIgnore) return base::OkStatus();
  if (place != nullptr && mode == WriteMode::kAppend) {
    SOTERIA_ARROW_ASSIGN(place, arrow::ConcatenateTables({place, rows}));
    return base::OkStatus();
  }
  place = std::move(rows);
  return base::OkStatus();
}

base::Status FakeSession::Store(const std::string& path, const Stage& stage, bool overwrite) {
  const std::string at = Stripped(path);
  if (saved_.contains(at) && !overwrite) {
    return base::Fail(
        base::kPathExists,
        base::Cat("Path ", path, " already exists. To overwrite it, use overwrite()"));
  }
  saved_[at] = stage;
  SOTERIA_ASSIGN_OR_RETURN(
      tables_[at + "/metadata"],
      TextTable({base::Cat("{\"class\":\"", stage.class_name, "\",\"uid\":\"", stage.uid,
                           "\",\"timestamp\":1,\"sparkVersion\":\"4.3.0\",\"paramMap\":{},"
                           "\"defaultParamMap\":{}}")}));
  return base::OkStatus();
}

base::StatusOr<std::string> FakeSession::TablePath(const std::string& name) {
  return base::Cat("/spark-warehouse/", name);
}

base::StatusOr<std::optional<master::StoredTable>> FakeSession::FindTable(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto defined = defined_.find(name);
  if (defined == defined_.end()) return std::nullopt;
  master::StoredTable table;
  table.definition = defined->second;
  table.path = base::Cat("/spark-warehouse/", name);
  return std::optional(std::move(table));
}

base::StatusOr<std::vector<std::string>> FakeSession::TableNames() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, definition] : defined_) names.push_back(name);
  return names;
}

base::Status FakeSession::DefineTable(const std::string& name,
                                      const master::TableDefinition& definition, bool /*replace*/) {
  const std::lock_guard lock(mutex_);
  defined_[name] = definition;
  return base::OkStatus();
}

base::Status FakeSession::DropTable(const std::string& name) {
  const std::lock_guard lock(mutex_);
  defined_.erase(name);
  return base::OkStatus();
}

base::Status FakeSession::SaveModel(const std::string& object_id, const ml::ParamMap& params,
                                    const std::string& path, bool overwrite) {
  const std::lock_guard lock(mutex_);
  const auto found = models_.find(object_id);
  if (found == models_.end()) return base::Fail(base::kMlCache, "Cannot find the model");
  Stage stage = found->second;
  stage.params = params;
  return Store(path, stage, overwrite);
}

base::Status FakeSession::SaveStage(const std::string& class_name, const std::string& uid,
                                    const ml::ParamMap& params, const std::string& path,
                                    bool overwrite) {
  const std::lock_guard lock(mutex_);
  return Store(path, {class_name, uid, params, false}, overwrite);
}

base::StatusOr<master::Permitted<master::Session::Loaded>> FakeSession::Load(
    const std::string& /*class_name*/, const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = saved_.find(Stripped(path));
  if (found == saved_.end()) {
    return base::Fail(base::kPathNotFound, base::Cat("Path does not exist: ", path, "/metadata."));
  }
  const Stage& stage = found->second;
  Loaded loaded{std::nullopt, stage.class_name, stage.uid, stage.params};
  if (stage.model) {
    loaded.model_id = UuidOf(++next_id_);
    models_[*loaded.model_id] = stage;
  }
  return PermittedForTest::Make(std::move(loaded));
}

base::Status FakeSession::HandleOverwrite(const std::string& path, bool should_overwrite) {
  const std::lock_guard lock(mutex_);
  const std::string at = Stripped(path);
  const auto below = [&](const auto& entry) {
    return entry.first == at || entry.first.starts_with(at + "/");
  };
  if (std::any_of(tables_.begin(), tables_.end(), below) && !should_overwrite) {
    return base::Fail(base::kPathExists, base::Cat("Path ", path, " already exists."));
  }
  std::erase_if(tables_, below);
  std::erase_if(saved_, below);
  return base::OkStatus();
}

std::vector<std::string> FakeSession::Delete(const std::vector<std::string>& ids) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> gone;
  for (const std::string& id : ids) {
    if (models_.erase(id) > 0) gone.push_back(id);
  }
  return gone;
}

base::StatusOr<std::vector<master::Session::Cached>> FakeSession::CacheInfo() {
  const std::lock_guard lock(mutex_);
  std::vector<Cached> cached;
  for (const auto& [id, stage] : models_) {
    cached.push_back({id, stage.class_name, PermittedForTest::Make(int64_t{100})});
  }
  return cached;
}

base::StatusOr<master::Permitted<int64_t>> FakeSession::ModelSize(const std::string& object_id) {
  const std::lock_guard lock(mutex_);
  if (!models_.contains(object_id)) return base::Fail(base::kMlCache, "Cannot find the model");
  return PermittedForTest::Make(int64_t{100});
}

int64_t FakeSession::CleanCache() {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<int64_t>(models_.size());
  models_.clear();
  return count;
}

void FakeSession::Persist(const plan::PlanPtr& plan) {
  const std::lock_guard lock(mutex_);
  persisted_.push_back(plan);
}

void FakeSession::Unpersist(const plan::PlanPtr& plan) {
  const std::lock_guard lock(mutex_);
  std::erase_if(persisted_, [&](const auto& p) { return plan::SameSemantics(*p, *plan); });
}

base::StatusOr<plan::PlanPtr> FakeSession::Checkpoint(const plan::PlanPtr& plan, bool /*eager*/,
                                                      const master::Progress& /*progress*/) {
  return plan;
}

void FakeSession::UnpersistAll() {
  const std::lock_guard lock(mutex_);
  persisted_.clear();
}

bool FakeSession::IsPersisted(const plan::PlanPtr& plan) {
  const std::lock_guard lock(mutex_);
  return std::any_of(persisted_.begin(), persisted_.end(),
                     [&](const auto& p) { return plan::SameSemantics(*p, *plan); });
}

base::StatusOr<std::shared_ptr<master::Session>> FakeMaster::SessionFor(
    const std::string& session_id) {
  const std::lock_guard lock(mutex_);
  auto& session = sessions_[session_id];
  if (session == nullptr) session = std::make_shared<FakeSession>();
  return std::shared_ptr<master::Session>(session);
}

void FakeMaster::ReleaseSession(const std::string& session_id) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session_id);
}

size_t FakeMaster::session_count() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

}  // namespace soteria::connect
