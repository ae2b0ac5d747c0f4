// Summaries of a session's models: of their training, and of evaluations over a table. Their
// numbers are statistics of one complete reduce; what of that may leave is the gates' to say.
#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/master/enclave_session.h"
#include "src/master/summed_columns.h"
#include "src/ml/param.h"

namespace soteria::master {
namespace {

constexpr std::string_view kPredictions = "predictions";

/// For the ledger.
std::string NameOf(const ml::Model& model, const std::string& method) {
  return base::Cat(model.class_name(), " summary.", method);
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
  return arrow::Table::Make(
      arrow::schema({arrow::field(std::string(columns.x), arrow::float64(), false),
                     arrow::field(std::string(columns.y), arrow::float64(), false)}),
      {array(std::move(x)), array(std::move(y))});
}

}  // namespace

std::shared_ptr<EnclaveSession::Fitted> EnclaveSession::FindEvaluation(
    const std::string& object_id) {
  const std::lock_guard lock(mutex_);
  const auto found = evaluations_.find(object_id);
  return found == evaluations_.end() ? nullptr : found->second;
}

base::StatusOr<std::string> EnclaveSession::Summarize(const std::string& object_id,
                                                      const plan::PlanPtr& input) {
  auto id = SummarizeUngated(object_id, input);
  if (!id.ok()) return world_.output.Permit(id.status());
  return id;
}

base::StatusOr<std::string> EnclaveSession::SummarizeUngated(const std::string& object_id,
                                                             const plan::PlanPtr& input) {
  SOTERIA_ASSIGN_OR_RETURN(const auto fitted, Find(object_id));
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model->class_name()));
  auto evaluation = std::make_shared<Fitted>();
  SOTERIA_ASSIGN_OR_RETURN(evaluation->model, fitted->model->SummaryModel());
  SOTERIA_RETURN_IF_ERROR(evaluation->model->OutputSchema(*input->schema).status());
  SOTERIA_ASSIGN_OR_RETURN(evaluation->summary, fitted->model->Evaluation(*input->schema));
  evaluation->table = input;
  evaluation->of_model = object_id;
  SOTERIA_ASSIGN_OR_RETURN(std::string id, NewId());
  const std::lock_guard lock(mutex_);
  if (!models_.contains(object_id)) {
    return base::Fail(base::kMlCache, "the model was deleted as it was evaluated");
  }
  if (evaluations_.size() >= kModelsMax) {
    return base::Fail(base::kMlCache,
                      base::Cat("This session holds ", kModelsMax,
                                " evaluations, the most it may: they go with their models (del "
                                "model)"));
  }
  evaluations_.emplace(id, std::move(evaluation));
  return id;
}

base::Status EnclaveSession::CompleteSummary(Fitted& fitted, const std::string& method) {
  const ml::Summary& summary = *fitted.summary;
  std::string partial;
  if (const ml::RowKernel* kernel = summary.row_kernel(); kernel != nullptr) {
    StageScope scope(world_.coordinator, world_.turn, world_.live, persisted_, {});
    SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*fitted.table, scope));
    fitted.data = BehindOf(*lowered.recipe);
    TableWork work(scope, std::move(lowered));
    SOTERIA_ASSIGN_OR_RETURN(partial, work.Reduce(*kernel));
  } else if (fitted.input.has_value() && summary.kernel() != nullptr) {
    BlockWork work(*fitted.scope, *fitted.input);
    SOTERIA_ASSIGN_OR_RETURN(partial, work.Reduce(*summary.kernel()));
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
base::StatusOr<bool> EnclaveSession::EnoughSummarized(Fitted& fitted, uint64_t min_rows) {
  const auto weight = fitted.model->params().Column("weightCol");
  if (!weight) return true;
  if (!fitted.enough && fitted.table != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(const CellColumns columns, CellsOf({{}, weight}, *fitted.table));
    StageScope scope(world_.coordinator, world_.turn, world_.live, persisted_, {});
    SOTERIA_ASSIGN_OR_RETURN(const plan::Lowered lowered, plan::Lower(*fitted.table, scope));
    SOTERIA_ASSIGN_OR_RETURN(fitted.enough, EnoughRows(scope, lowered, columns, min_rows));
  }
  return fitted.enough.value_or(false);
}

base::StatusOr<ml::Attribute> EnclaveSession::SummaryAttribute(Fitted& fitted,
                                                               const MethodCall& call, bool release,
                                                               Provenance* from) {
  if (fitted.summary == nullptr) {
    return base::Fail(base::kMlAttribute,
                      "No training summary available for this model (it was loaded, or its class "
                      "has none)");
  }
  if (!fitted.summary->complete() && fitted.summary->Needs(call.method)) {
    SOTERIA_RETURN_IF_ERROR(CompleteSummary(fitted, call.method));
  }
  auto asked = fitted.summary->AsStatistic(call.method, call.args);
  if (!release || !asked.has_value()) return fitted.summary->Get(call.method, call.args);
  const std::string what = NameOf(*fitted.model, call.method);
  bool enough = false;
  if (const auto* rule = world_.statistics.RuleFor(asked->statistic.kind, fitted.data)) {
    SOTERIA_ASSIGN_OR_RETURN(enough, EnoughSummarized(fitted, rule->min_rows));
  }
  SOTERIA_ASSIGN_OR_RETURN(StatisticValue value,
                           world_.statistics.OfSums(asked->statistic, std::move(asked->exact), what,
                                                    fitted.data, enough));
  *from = value.from;
  return asked->Value(std::move(value.numbers));
}

base::StatusOr<plan::PlanPtr> EnclaveSession::SummaryTable(const std::string& object_id,
                                                           const std::string& method) {
  auto table = SummaryTableUngated(object_id, method);
  if (!table.ok()) return world_.output.Permit(table.status());
  return table;
}

base::StatusOr<plan::PlanPtr> EnclaveSession::SummaryTableUngated(const std::string& object_id,
                                                                  const std::string& method) {
  std::shared_ptr<Fitted> fitted = FindEvaluation(object_id);
  if (fitted == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(fitted, Find(object_id));
  }
  if (fitted->table != nullptr && method == kPredictions) {
    SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model->class_name()));
    SOTERIA_ASSIGN_OR_RETURN(auto model, fitted->model->SummaryModel());
    return builder_.Transform(fitted->table, std::move(model));
  }
  const std::lock_guard lock(fitted->mutex);
  if (const auto made = fitted->curves.find(method); made != fitted->curves.end()) {
    return made->second;
  }
  std::optional<ml::CurveColumns> columns;
  if (fitted->summary != nullptr) columns = fitted->summary->Curve(method);
  if (!columns) {
    return base::Fail(base::kMlAttribute, base::Cat("The attribute `", method, "` of ", object_id,
                                                    " is no DataFrame here"));
  }
  // What the owner may not see as rows leaves no trace outside either.
  const bool release = world_.output.MayLeave(policy::Output::kRows).ok();
  Provenance from;
  SOTERIA_ASSIGN_OR_RETURN(const ml::Attribute numbers,
                           SummaryAttribute(*fitted, {method, {}}, release, &from));
  const auto* values = std::get_if<std::vector<double>>(&numbers);
  if (values == nullptr) return base::Fail(base::kInternal, "a summary's curve has no numbers");
  // Its rows can't be told from others once they are in a plan, so the mark is put on them here.
  if (from.placement == Placement::kOutside) {
    SOTERIA_RETURN_IF_ERROR(world_.output
                                .Permit(policy::Output::kRows, from, ml::EncodeValue(numbers),
                                        NameOf(*fitted->model, method), values->size() / 2, from)
                                .status());
  }
  SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr made, builder_.Local(CurveTable(*columns, *values)));
  return fitted->curves.emplace(method, std::move(made)).first->second;
}

}  // namespace soteria::master
