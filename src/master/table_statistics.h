// Which aggregates are statistics, and where those get their values: the moments of `describe`,
// `summary` and Summarizer are statistics of the kind "summary", the counts of `groupBy(column)`
// of the kind "classes". Their table is made of the enclave's own numbers either way; what an
// untrusted process computes is only compared (I6). All other aggregates are finished inside.
//
// Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/aggregate.h"
#include "src/master/statistics.h"
#include "src/plan/logical.h"
#include "src/stats/statistic.h"

namespace soteria::master {

/// One question about an aggregate's partial.
struct TableQuestion {
  stats::Statistic statistic;
  std::string sums;
  std::string what;  // "summary.mean", for the ledger
};

/// What may be asked outside about the aggregate without keys whose partial this is. Of weighted
/// vectors nothing, nor of columns without a value.
base::StatusOr<std::vector<TableQuestion>> QuestionsOf(const plan::AggregateNode& node,
                                                       std::string_view partial);
/// Whether anything may be asked outside about the rows of an aggregate with keys: of
/// groupBy(column).count().
bool CountsClasses(const plan::AggregateNode& node);
/// What is asked about it: the counts, without the values that they count, in the order of the
/// keys. `rows` are its rows in any order.
base::StatusOr<std::vector<TableQuestion>> QuestionsOfClasses(std::shared_ptr<arrow::Table> rows);

/// Asks all of them, once it is known that their columns tell no small group of rows apart; `from`
/// says whether any was computed outside.
base::Status AskAll(const Statistics& statistics, const std::vector<TableQuestion>& questions,
                    const DataBehind& data, Provenance* from);

}  // namespace soteria::master
