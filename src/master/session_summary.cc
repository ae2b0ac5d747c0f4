// Summaries of a session's models: of their training, and of evaluations over a table. Their
// numbers are statistics of one complete reduce; what of that may leave is the gates' to say.
#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/expression.h"
#include "src/master/enclave_session.h"
#include "src/master/summed_columns.h"
#include "src/ml/param.h"
#include "src/table/column_path.h"

namespace soteria::master {
namespace {

constexpr std::string_view kPredictions = "predictions";

/// For the ledger.
std::string NameOf(const HeldModel& model, const std::string& method) {
  return base::Cat(model.class_name(), " summary.", method);
}

base::Status NoTable(const std::string& object_id, const std::string& method) {
  return base::Fail(base::kMlAttribute, base::Cat("The attribute `", method, "` of ", object_id,
                                                  " is no DataFrame here"));
}

/// By which a plan knows an attribute's rows.
std::string AttributeName(const std::string& object_id, const MethodCall& call) {
  std::string name = base::Cat(object_id, "/", call.method);
  for (const ml::ParamValue& value : call.args) name += base::Cat("/", ml::EncodeValue(value));
  return name;
}

std::shared_ptr<arrow::Schema> CurveSchema(const ml::CurveColumns& columns) {
  return arrow::schema({arrow::field(std::string(columns.x), arrow::float64(), false),
                        arrow::field(std::string(columns.y), arrow::float64(), false)});
}

/// A table of two columns that hold no nulls, from its numbers row by row.
std::shared_ptr<arrow::Table> CurveTable(const ml::CurveColumns& columns,
                                         const std::vector<double>& numbers) {
  const size_t rows = numbers.size() / 2;
  std::vector<double> x(rows), y(rows);
  for (size_t i = 0; i < rows; ++i) {
    x[i] = numbers[2 * i];
    y[i] = numbers[2 * i + 1];
  }
  const auto array = [&](std::vector<double> values) {
    return std::make_shared<arrow::DoubleArray>(static_cast<int64_t>(rows),
                                                arrow::Buffer::FromVector(std::move(values)));
  };
  return arrow::Table::Make(CurveSchema(columns), {array(std::move(x)), array(std::move(y))});
}

}  // namespace

/// A curve of a summary, worked out once, when a plan with it runs.
class EnclaveSession::CurveRows : public StageRows {
 public:
  CurveRows(EnclaveSession& session, std::shared_ptr<Fitted> fitted, std::string method)
      : session_(session), fitted_(std::move(fitted)), method_(std::move(method)) {}

  base::StatusOr<std::shared_ptr<arrow::Table>> Make(const InsideKey& key) const override {
    return session_.CurveInside(key, *fitted_, method_);
  }

 private:
  EnclaveSession& session_;  // whose plans alone hold these rows
  const std::shared_ptr<Fitted> fitted_;
  const std::string method_;
};

/// An attribute of a model that is a table.
class EnclaveSession::ModelRows : public StageRows {
 public:
  ModelRows(std::shared_ptr<Fitted> fitted, MethodCall call)
      : fitted_(std::move(fitted)), call_(std::move(call)) {}

  base::StatusOr<std::shared_ptr<arrow::Table>> Make(const InsideKey& key) const override {
    return fitted_->model.Open(key).Rows(call_.method, call_.args);
  }

 private:
  const std::shared_ptr<Fitted> fitted_;
  const MethodCall call_;
};

std::shared_ptr<EnclaveSession::Fitted> EnclaveSession::FindEvaluation(
    const std::string& object_id) {
  const std::lock_guard lock(mutex_);
  const auto found = evaluations_.find(object_id);
  return found == evaluations_.end() ? nullptr : found->second;
}

base::StatusOr<std::string> EnclaveSession::Summarize(const std::string& object_id,
                                                      const plan::PlanPtr& input) {
  SOTERIA_ASSIGN_OR_RETURN(const auto fitted, Find(object_id));
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model.class_name()));
  SOTERIA_RETURN_IF_ERROR(fitted->model.CheckColumns({}, *input->schema));
  SOTERIA_ASSIGN_OR_RETURN(std::string id, NewId());
  SOTERIA_RETURN_IF_ERROR(
      world_.output.Ended(world_.output.Run([&](const InsideKey& key) -> base::Status {
        const ml::Model& model = fitted->model.Open(key);
        SOTERIA_ASSIGN_OR_RETURN(auto scoring, model.SummaryModel());
        SOTERIA_RETURN_IF_ERROR(scoring->OutputSchema(*input->schema).status());
        auto evaluation = std::make_shared<Fitted>(HeldModel(std::move(scoring)));
        SOTERIA_ASSIGN_OR_RETURN(evaluation->summary, model.Evaluation(*input->schema));
        evaluation->table = input;
        evaluation->of_model = object_id;
        const std::lock_guard lock(mutex_);
        if (!models_.contains(object_id)) {
          return base::Fail(base::kMlCache, "the model was deleted as it was evaluated");
        }
        if (evaluations_.size() >= kModelsMax) {
          return base::Fail(base::kMlCache,
                            base::Cat("This session holds ", kModelsMax,
                                      " evaluations, the most it may: they go with their models "
                                      "(del model)"));
        }
        evaluations_.emplace(id, std::move(evaluation));
        return base::OkStatus();
      })));
  return id;
}

base::Status EnclaveSession::CompleteSummary(const InsideKey& key, Fitted& fitted,
                                             const std::string& method) {
  const ml::Summary& summary = *fitted.summary;
  std::string partial;
  if (summary.over_rows()) {
    StageScope scope = NewScope(key, {});
    SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*fitted.table, scope));
    fitted.data = BehindOf(*lowered.recipe);
    StageWork work(scope, std::move(lowered));
    SOTERIA_ASSIGN_OR_RETURN(partial, work.Reduce(summary.kernel()));
  } else if (fitted.input.has_value()) {
    StageWork work(*fitted.scope, *fitted.input);
    SOTERIA_ASSIGN_OR_RETURN(partial, work.Reduce(summary.kernel()));
  } else {
    return base::Fail(base::kMlAttribute, base::Cat("The training data of this model are gone: '",
                                                    method, "' can't be computed any more"));
  }
  SOTERIA_ASSIGN_OR_RETURN(fitted.summary, summary.Complete(partial));
  fitted.input.reset();
  fitted.scope.reset();
  return base::OkStatus();
}

// Summaries only count rows, so that nothing is added up but weights.
base::StatusOr<bool> EnclaveSession::EnoughSummarized(const InsideKey& key, Fitted& fitted,
                                                      const std::optional<std::string>& weight,
                                                      uint64_t min_rows) {
  if (!weight) return true;
  if (!fitted.enough && fitted.table != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(const CellColumns columns, CellsOf({{}, weight}, *fitted.table));
    StageScope scope = NewScope(key, {});
    SOTERIA_ASSIGN_OR_RETURN(const plan::Lowered lowered, plan::Lower(*fitted.table, scope));
    SOTERIA_ASSIGN_OR_RETURN(fitted.enough, EnoughRows(scope, lowered, columns, min_rows));
  }
  return fitted.enough.value_or(false);
}

base::StatusOr<ml::Attribute> EnclaveSession::SummaryAttribute(const InsideKey& key, Fitted& fitted,
                                                               const MethodCall& call, bool release,
                                                               Provenance* from) {
  if (fitted.summary == nullptr) {
    return base::Fail(base::kMlAttribute,
                      "No training summary available for this model (it was loaded, or its class "
                      "has none)");
  }
  if (!fitted.summary->complete() && fitted.summary->Needs(call.method)) {
    SOTERIA_RETURN_IF_ERROR(CompleteSummary(key, fitted, call.method));
  }
  auto asked = fitted.summary->AsStatistic(call.method, call.args);
  if (!release || !asked.has_value()) return fitted.summary->Get(call.method, call.args);
  const std::string what = NameOf(fitted.model, call.method);
  bool enough = false;
  if (const auto* rule = world_.statistics.RuleFor(asked->statistic.kind, fitted.data)) {
    SOTERIA_ASSIGN_OR_RETURN(enough, EnoughSummarized(key, fitted, asked->weight, rule->min_rows));
  }
  SOTERIA_ASSIGN_OR_RETURN(StatisticValue value,
                           world_.statistics.OfSums(asked->statistic, std::move(asked->exact), what,
                                                    fitted.data, enough));
  *from = value.from;
  return asked->Value(std::move(value.numbers));
}

// A summary that lives for one answer.
base::StatusOr<Permitted<FetchResult>> EnclaveSession::FetchOver(
    const std::shared_ptr<Fitted>& fitted, const MethodCall& call) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model.class_name()));
  SOTERIA_RETURN_IF_ERROR(fitted->model.CheckOver(call.method, call.args, *call.table->schema));
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kMetrics));
  auto made = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<Leaving<FetchResult>> {
    Leaving<FetchResult> leaving;
    Fitted question(fitted->model);
    question.table = call.table;
    SOTERIA_ASSIGN_OR_RETURN(question.summary, fitted->model.Open(key).Over(call.method, call.args,
                                                                            *call.table->schema));
    SOTERIA_ASSIGN_OR_RETURN(leaving.value.value, SummaryAttribute(key, question, {call.method, {}},
                                                                   true, &leaving.from));
    leaving.content = ml::EncodeValue(leaving.value.value);
    leaving.what = base::Cat(fitted->model.class_name(), ".", call.method);
    return leaving;
  });
  return world_.output.Permit(policy::Output::kMetrics, std::move(made));
}

// The one column that is read, under a name of its own so that nothing passes for unchanged, all of
// it where equal values can meet.
base::StatusOr<plan::PlanPtr> EnclaveSession::RowsOver(const std::string& object_id,
                                                       const Fitted& fitted,
                                                       const MethodCall& call) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted.model.class_name()));
  SOTERIA_ASSIGN_OR_RETURN(const auto name, fitted.model.TableColumn(call.method, call.args));
  if (!name) return NoTable(object_id, call.method);
  SOTERIA_ASSIGN_OR_RETURN(const table::ColumnPath path, table::PathOf(*call.table->schema, *name));
  if (path.at.size() > 1) return base::NotSupported(base::Cat("A field of a struct for ", *name));
  exec::NamedExpr column{"id", exec::Input(path.at[0], {*name})};
  SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr ids, builder_.Project(call.table, {std::move(column)}));
  SOTERIA_ASSIGN_OR_RETURN(ids, builder_.Coalesce(std::move(ids), 1));
  return world_.output.Handle(
      world_.output.Run([&](const InsideKey& key) -> base::StatusOr<plan::PlanPtr> {
        SOTERIA_ASSIGN_OR_RETURN(auto rows,
                                 fitted.model.Open(key).RowsOver(call.method, call.args));
        return builder_.TransformBy(ids, std::move(rows), AttributeName(object_id, call));
      }));
}

base::StatusOr<plan::PlanPtr> EnclaveSession::AttributeTable(const std::string& object_id,
                                                             const MethodCall& call) {
  const std::string& method = call.method;
  std::shared_ptr<Fitted> fitted = FindEvaluation(object_id);
  const bool of_summary = fitted != nullptr || object_id.ends_with(kSummarySuffix);
  if (fitted == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(fitted, Find(object_id));
  }
  if (call.table != nullptr)
    return of_summary ? NoTable(object_id, method) : RowsOver(object_id, *fitted, call);
  if (!of_summary) {
    SOTERIA_ASSIGN_OR_RETURN(auto schema, fitted->model.RowsSchema(method, call.args));
    if (schema == nullptr) return NoTable(object_id, method);
    return builder_.Made(
        {AttributeName(object_id, call), std::make_shared<ModelRows>(std::move(fitted), call)},
        std::move(schema));
  }
  if (!call.args.empty()) return NoTable(object_id, method);
  std::optional<ml::CurveColumns> columns;
  std::optional<ml::PredictionsColumn> one;
  {
    const std::lock_guard lock(fitted->mutex);
    if (fitted->summary != nullptr) {
      columns = fitted->summary->Curve(method);
      one = fitted->summary->OfPredictions(method);
    }
  }
  if (fitted->table != nullptr && (method == kPredictions || one)) {
    SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model.class_name()));
    SOTERIA_ASSIGN_OR_RETURN(
        plan::PlanPtr predictions,
        world_.output.Handle(
            world_.output.Run([&](const InsideKey& key) -> base::StatusOr<plan::PlanPtr> {
              SOTERIA_ASSIGN_OR_RETURN(auto model, fitted->model.Open(key).SummaryModel());
              return builder_.TransformBy(fitted->table, std::move(model),
                                          base::Cat(object_id, "/", kPredictions));
            })));
    if (!one) return predictions;
    exec::ExprPtr value = exec::ColumnNamed(one->column);
    if (!one->less) return builder_.Project(std::move(predictions), {{one->column, value}});
    value = exec::Call(
        "-", {exec::Cast(std::move(value), arrow::float64()), exec::ColumnNamed(*one->less)});
    return builder_.Project(std::move(predictions), {{method, std::move(value)}});
  }
  if (!columns) return NoTable(object_id, method);
  return builder_.Made({base::Cat(object_id, "/", method),
                        std::make_shared<CurveRows>(*this, std::move(fitted), method)},
                       CurveSchema(*columns));
}

base::StatusOr<std::shared_ptr<arrow::Table>> EnclaveSession::CurveInside(
    const InsideKey& key, Fitted& fitted, const std::string& method) {
  const std::lock_guard lock(fitted.mutex);
  if (const auto made = fitted.curves.find(method); made != fitted.curves.end()) {
    return made->second;
  }
  std::optional<ml::CurveColumns> columns;
  if (fitted.summary != nullptr) columns = fitted.summary->Curve(method);
  if (!columns) return base::Fail(base::kInternal, "a summary's curve is none");
  // What the owner may not see as rows leaves no trace outside either.
  const bool release = world_.output.MayLeave(policy::Output::kRows).ok();
  Provenance from;
  SOTERIA_ASSIGN_OR_RETURN(const ml::Attribute numbers,
                           SummaryAttribute(key, fitted, {method, {}}, release, &from));
  const auto* values = std::get_if<std::vector<double>>(&numbers);
  if (values == nullptr) return base::Fail(base::kInternal, "a summary's curve has no numbers");
  // Its rows can't be told from others once they are in a plan, so the mark is put on them here.
  if (from.placement == Placement::kOutside) {
    Leaving<Provenance> mark{from, ml::EncodeValue(numbers), NameOf(fitted.model, method),
                             values->size() / 2, from};
    SOTERIA_RETURN_IF_ERROR(
        world_.output.PermitPart(key, policy::Output::kRows, std::move(mark)).status());
  }
  auto made = CurveTable(*columns, *values);
  fitted.curves.emplace(method, made);
  return made;
}

}  // namespace soteria::master
