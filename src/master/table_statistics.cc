#include "src/master/table_statistics.h"

#include <algorithm>
#include <array>
#include <utility>

#include "arrow/array.h"
#include "arrow/chunked_array.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/text.h"
#include "src/exec/operator.h"
#include "src/stats/doubles.h"

namespace soteria::master {
namespace {

using exec::AggregateCall;
using exec::CallNumbers;
using Numbers = std::vector<double>;

TableQuestion Question(stats::StatisticKind kind, std::string_view metric, const Numbers& sums,
                       std::string what) {
  TableQuestion question;
  question.statistic.kind = kind;
  question.statistic.metric = metric;
  question.sums = stats::PackDoubles(sums);
  question.what = std::move(what);
  return question;
}

/// No FILTER and no DISTINCT: they would ask about rows of the script's choosing.
bool OfAllRows(const AggregateCall& call) { return !call.distinct && call.where == nullptr; }

/// describe and summary: of all columns that have a value.
std::vector<TableQuestion> OfColumns(const std::vector<AggregateCall>& calls,
                                     const std::vector<CallNumbers>& numbers) {
  std::vector<TableQuestion> questions;
  for (const std::string_view metric : {"mean", "stddev"}) {
    Numbers sums;
    for (size_t i = 0; i < calls.size(); ++i) {
      if (calls[i].function != metric || !OfAllRows(calls[i]) || numbers[i].rows == 0) continue;
      sums.insert(sums.end(), {static_cast<double>(numbers[i].rows),
                               metric == "mean" ? numbers[i].sum : numbers[i].spread});
    }
    if (sums.empty()) continue;
    questions.push_back(
        Question(stats::StatisticKind::kSummary, metric, sums, base::Cat("summary.", metric)));
  }
  return questions;
}

struct VectorSums {
  std::string_view metric;  // Summarizer's name
  std::string_view asked;
};
constexpr std::array<VectorSums, 6> kVectorSums = {{{"mean", "vectorMean"},
                                                    {"sum", "vectorSum"},
                                                    {"variance", "vectorVariance"},
                                                    {"std", "vectorStd"},
                                                    {"normL1", "vectorNormL1"},
                                                    {"normL2", "vectorNormL2"}}};

bool WeighsOne(const AggregateCall& call) {
  return call.weight != nullptr && call.weight->kind == exec::Expr::Kind::kLiteral &&
         call.weight->literal->Equals(arrow::DoubleScalar(1.0));
}

/// Summarizer: of the elements of vectors that weigh 1 each.
std::vector<TableQuestion> OfVectors(const AggregateCall& call, const CallNumbers& numbers) {
  std::vector<TableQuestion> questions;
  if (!WeighsOne(call) || !OfAllRows(call) || numbers.rows == 0) return questions;
  for (const auto& [metric, asked] : kVectorSums) {
    if (std::find(call.metrics.begin(), call.metrics.end(), metric) == call.metrics.end()) continue;
    Numbers sums = {static_cast<double>(numbers.rows)};
    for (const auto& element : numbers.elements) {
      sums.push_back(element.nonzeros);
      if (metric == "normL1") {
        sums.push_back(element.absolutes);
      } else if (metric == "normL2") {
        sums.push_back(element.squares);
      } else {
        sums.push_back(element.mean);
        if (metric == "variance" || metric == "std") sums.push_back(element.spread);
      }
    }
    questions.push_back(
        Question(stats::StatisticKind::kSummary, asked, sums, base::Cat("Summarizer.", metric)));
  }
  return questions;
}

bool CountsRows(const AggregateCall& call) {
  return call.function == "count" && call.rest.empty() && OfAllRows(call) &&
         (call.arg == nullptr ||
          (call.arg->kind == exec::Expr::Kind::kLiteral && call.arg->literal->is_valid));
}

}  // namespace

base::StatusOr<std::vector<TableQuestion>> QuestionsOf(const plan::AggregateNode& node,
                                                       std::string_view partial) {
  const exec::Aggregate& aggregate = *node.aggregate;
  const std::vector<AggregateCall>& calls = aggregate.calls();
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<CallNumbers> numbers, aggregate.Numbers(partial));
  if (node.summary != nullptr) return OfColumns(calls, numbers);
  std::vector<TableQuestion> questions;
  for (size_t i = 0; i < calls.size(); ++i) {
    for (TableQuestion& question : OfVectors(calls[i], numbers[i])) {
      questions.push_back(std::move(question));
    }
  }
  return questions;
}

bool CountsClasses(const plan::AggregateNode& node) {
  const std::vector<AggregateCall>& calls = node.aggregate->calls();
  return node.aggregate->keys().size() == 1 && calls.size() == 1 && CountsRows(calls[0]);
}

base::StatusOr<std::vector<TableQuestion>> QuestionsOfClasses(std::shared_ptr<arrow::Table> rows) {
  SOTERIA_ASSIGN_OR_RETURN(rows, exec::LocalSort()->Apply(std::move(rows), 0));
  Numbers counts;
  for (const auto& chunk : rows->column(1)->chunks()) {
    const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
    for (int64_t i = 0; i < numbers.length(); ++i) {
      counts.push_back(static_cast<double>(numbers.Value(i)));
    }
  }
  if (counts.empty()) return std::vector<TableQuestion>();
  return std::vector<TableQuestion>{
      Question(stats::StatisticKind::kClasses, "distribution", counts, "groupBy.count")};
}

base::Status AskAll(const Statistics& statistics, const std::vector<TableQuestion>& questions,
                    const DataBehind& data, Provenance* from) {
  for (const TableQuestion& question : questions) {
    SOTERIA_ASSIGN_OR_RETURN(const StatisticValue value,
                             statistics.OfSums(question.statistic, {question.sums, std::nullopt},
                                               question.what, data, true));
    if (value.from.placement == Placement::kOutside) from->placement = Placement::kOutside;
    from->unverified = from->unverified || value.from.unverified;
  }
  return base::OkStatus();
}

}  // namespace soteria::master
