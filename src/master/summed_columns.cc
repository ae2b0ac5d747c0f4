#include "src/master/summed_columns.h"

#include <utility>
#include <variant>

#include "src/exec/aggregate.h"
#include "src/plan/stored.h"

namespace soteria::master {
namespace {

using exec::CellColumn;
using exec::CellRole;

base::StatusOr<CellColumn> Valued(exec::ExprPtr expr, const plan::Plan& plan) {
  SOTERIA_ASSIGN_OR_RETURN(const bool stored, plan::IsStored(*expr, plan));
  return CellColumn{std::move(expr), stored ? CellRole::kStored : CellRole::kMade};
}

}  // namespace

base::StatusOr<CellColumns> CellsOf(const ml::SummedColumns& sums, const plan::Plan& plan) {
  std::vector<CellColumn> columns;
  if (sums.weight) {
    // A made weight is a row count of the script's own choosing, whatever else is counted.
    const exec::ExprPtr weight = plan::ParamColumn(*sums.weight);
    if (weight == nullptr) return CellColumns();
    const base::StatusOr<bool> stored = plan::IsStored(*weight, plan);
    if (!stored.ok() || !*stored) return CellColumns();
    columns.push_back({weight, CellRole::kWeight});
  }
  for (const std::string& name : sums.values) {
    exec::ExprPtr value = plan::ParamColumn(name);
    if (value == nullptr) return CellColumns();
    // A name that several columns have is one of theirs to MLlib, and none's here.
    base::StatusOr<CellColumn> column = Valued(std::move(value), plan);
    if (!column.ok()) return CellColumns();
    columns.push_back(*std::move(column));
  }
  return CellColumns(std::move(columns));
}

base::StatusOr<CellColumns> CellsOf(const plan::Plan& aggregate) {
  const auto& node = std::get<plan::AggregateNode>(aggregate.node);
  std::vector<CellColumn> columns;
  for (const exec::AggregateCall& call : node.aggregate->calls()) {
    const bool moments = call.function == "mean" || call.function == "stddev";
    if (call.arg == nullptr || !(moments || call.function == "aggregate_metrics")) continue;
    SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), Valued(call.arg, *aggregate.input()));
  }
  return CellColumns(std::move(columns));
}

base::StatusOr<bool> EnoughRows(plan::Runner& runner, const plan::Lowered& input,
                                const CellColumns& columns, uint64_t min_rows) {
  if (!columns) return false;
  if (columns->empty()) return true;
  const exec::RowCells cells(*columns, min_rows);
  dataflow::StageSpec stage = input.Stage(dataflow::Terminal::kReduce);
  stage.kernel = {"exec.cells", cells.Encode()};
  SOTERIA_ASSIGN_OR_RETURN(const dataflow::StageResult result, runner.Run(stage, nullptr));
  return cells.Finish(result.root_partial);
}

}  // namespace soteria::master
