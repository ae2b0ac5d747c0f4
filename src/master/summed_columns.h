// Before a sum over columns may leave: which columns it adds up, whether the plan made them or the
// owner put them, and one stage that counts whether it tells any small group of rows from the
// others (exec::RowCells). A sum that only counts rows adds up nothing and needs no stage: its
// cells are its own counts.
//
// Pure but for EnoughRows, which runs a stage; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/exec/row_cells.h"
#include "src/ml/estimator.h"
#include "src/plan/execute.h"
#include "src/plan/logical.h"

namespace soteria::master {

/// No columns: nothing is added up. nullopt: it can't be shown what the sum is about, and its
/// statistic stays inside.
using CellColumns = std::optional<std::vector<exec::CellColumn>>;

/// Of an evaluator or a summary over the rows of `plan`.
base::StatusOr<CellColumns> CellsOf(const ml::SummedColumns& sums, const plan::Plan& plan);
/// Of an AggregateNode, as far as it is asked about outside (table_statistics.h).
base::StatusOr<CellColumns> CellsOf(const plan::Plan& aggregate);

/// Whether every group of rows that these columns tell apart counts none or `min_rows`, in one
/// stage over `input`; false for nullopt.
base::StatusOr<bool> EnoughRows(plan::Runner& runner, const plan::Lowered& input,
                                const CellColumns& columns, uint64_t min_rows);

}  // namespace soteria::master
