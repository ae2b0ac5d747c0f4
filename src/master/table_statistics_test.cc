// What an aggregate asks outside, and that the answers are the enclave's own numbers bit for bit.
#include "src/master/table_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/chunked_array.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/exec/groups.h"
#include "src/exec/summary.h"
#include "src/stats/doubles.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::master {
namespace {

using exec::AggregateCall;
using exec::Column;
using Numbers = std::vector<double>;
using TablePtr = std::shared_ptr<arrow::Table>;

constexpr int kRows = 200;

/// Numbers with awkward last digits; every third of y is 0, every fifth of gaps is null.
TablePtr Made() {
  arrow::DoubleBuilder x, y, gaps;
  table::VectorBuilder vectors;
  for (int i = 0; i < kRows; ++i) {
    const double value = std::sin(i) * 1e3 + 0.1;
    const double other = i % 3 == 0 ? 0 : std::cos(i) + 77.7;
    EXPECT_TRUE(x.Append(value).ok() && y.Append(other).ok());
    EXPECT_TRUE((i % 5 == 0 ? gaps.AppendNull() : gaps.Append(value)).ok());
    EXPECT_TRUE(vectors.Append(table::DenseVector({value, other})).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("x", arrow::float64()), arrow::field("y", arrow::float64()),
                     arrow::field("gaps", arrow::float64()), table::VectorField("v", true, {})});
  return arrow::Table::Make(schema, {*x.Finish(), *y.Finish(), *gaps.Finish(), *vectors.Finish()});
}

struct Asked {
  TablePtr rows;
  std::vector<TableQuestion> questions;
};

Asked Ask(std::vector<AggregateCall> calls, std::vector<exec::GroupKey> keys = {},
          const exec::Summary* summary = nullptr, const TablePtr& table = Made()) {
  plan::AggregateNode node;
  node.aggregate = std::make_shared<const exec::Aggregate>(
      *exec::Aggregate::Make(std::move(calls), *table->schema(), std::move(keys)));
  if (summary != nullptr) node.summary = std::make_shared<const exec::Summary>(*summary);
  if (!node.aggregate->keys().empty()) {
    const auto groups = exec::PartialGroups(node.aggregate)->Apply(table, 0);
    Asked asked{*exec::FinishGroups(node.aggregate, 200)->Apply(*groups, 0), {}};
    if (CountsClasses(node)) asked.questions = *QuestionsOfClasses(asked.rows);
    return asked;
  }
  const int64_t half = table->num_rows() / 2;
  const std::string halves[] = {*node.aggregate->Map(*table->Slice(0, half)),
                                *node.aggregate->Map(*table->Slice(half))};
  const std::string partial = *node.aggregate->Merge(halves);
  Asked asked{*node.aggregate->Finish(partial), {}};
  auto questions = QuestionsOf(node, partial);
  EXPECT_TRUE(questions.ok());
  asked.questions = *std::move(questions);
  return asked;
}

Numbers Answer(const TableQuestion& question) {
  const auto numbers = stats::Compute(question.statistic, {stats::InputForm::kSums, question.sums});
  EXPECT_TRUE(numbers.ok());
  return *numbers;
}

double Cell(const arrow::Table& rows, const std::string& name) {
  const auto& column = rows.GetColumnByName(name)->chunk(0);
  return static_cast<const arrow::DoubleArray&>(*column).Value(0);
}

TEST(TableStatistics, ColumnsAskTheirMeansAndDeviations) {
  const auto table = Made();
  const auto summary =
      *exec::Summary::Make({"count", "mean", "stddev", "min", "50%"}, *table->schema());
  std::vector<AggregateCall> calls = summary.Calls();
  const Asked asked = Ask(calls, {}, &summary);
  ASSERT_EQ(asked.questions.size(), 2U);
  EXPECT_EQ(asked.questions[0].what, "summary.mean");
  // x, y and gaps: five calls each, of which the second is the mean and the third the deviation.
  EXPECT_EQ(Answer(asked.questions[0]),
            (Numbers{Cell(*asked.rows, "_1"), Cell(*asked.rows, "_6"), Cell(*asked.rows, "_11")}));
  EXPECT_EQ(Answer(asked.questions[1]),
            (Numbers{Cell(*asked.rows, "_2"), Cell(*asked.rows, "_7"), Cell(*asked.rows, "_12")}));
  const Numbers sums = *stats::UnpackDoubles(asked.questions[0].sums);
  ASSERT_EQ(sums.size(), 6U);
  EXPECT_EQ(sums[0], kRows);
  EXPECT_EQ(sums[4], kRows * 4 / 5);
}

TEST(TableStatistics, VectorsAskEachOfTheirMoments) {
  AggregateCall call{"aggregate_metrics", Column("v"), "s", exec::Literal(1.0)};
  call.metrics = {"count", "mean", "sum", "variance", "std", "normL1", "normL2", "min", "max"};
  const Asked asked = Ask({call});
  ASSERT_EQ(asked.questions.size(), 6U);
  const auto& fields = static_cast<const arrow::StructArray&>(*asked.rows->column(0)->chunk(0));
  for (size_t i = 0; i < asked.questions.size(); ++i) {
    const auto& vectors = fields.field(static_cast<int>(i) + 1);
    const auto reader = *table::VectorReader::Make(vectors);
    const auto values = reader.Get(0).values;
    EXPECT_EQ(Answer(asked.questions[i]), Numbers(values.begin(), values.end()))
        << asked.questions[i].what;
  }
  EXPECT_EQ(asked.questions[0].what, "Summarizer.mean");
  AggregateCall some = call;
  some.where = exec::Call(">", {Column("x"), exec::Literal(0.0)});
  EXPECT_TRUE(Ask({some}).questions.empty()) << "of rows that the script chose";
  call.weight = exec::Literal(2.0);
  EXPECT_TRUE(Ask({call}).questions.empty());
}

TEST(TableStatistics, OnlyCountsOfOneKeyAreClasses) {
  const exec::GroupKey key{exec::Call("==", {Column("y"), exec::Literal(0.0)}), "zero"};
  const Asked asked = Ask({{"count", exec::Literal(int32_t{1}), "count"}}, {key});
  ASSERT_EQ(asked.questions.size(), 1U);
  EXPECT_EQ(asked.questions[0].statistic.kind, stats::StatisticKind::kClasses);
  EXPECT_EQ(Answer(asked.questions[0]), (Numbers{133, 67, 133.0 / kRows, 67.0 / kRows}));
  EXPECT_TRUE(Ask({{"count", Column("gaps"), ""}}, {key}).questions.empty());
  EXPECT_TRUE(Ask({{"count", nullptr, ""}}, {key, {Column("x"), ""}}).questions.empty());
  EXPECT_TRUE(Ask({{"count", nullptr, ""}, {"sum", Column("x"), ""}}, {key}).questions.empty());
  EXPECT_TRUE(Ask({{"avg", Column("x"), ""}}).questions.empty());
  AggregateCall count{"count", exec::Literal(int32_t{1}), "count"};
  count.distinct = true;
  EXPECT_TRUE(Ask({count}, {key}).questions.empty());
  count.distinct = false;
  count.where = exec::Call(">", {Column("x"), exec::Literal(0.0)});
  EXPECT_TRUE(Ask({count}, {key}).questions.empty()) << "of rows that the script chose";
  for (const char* function : {"collect_list", "first", "median", "max_by", "mode", "skewness"}) {
    AggregateCall call{function, Column("x"), ""};
    if (std::string_view(function) == "max_by") call.rest = {Column("y")};
    EXPECT_TRUE(Ask({call}).questions.empty()) << function;
    EXPECT_TRUE(Ask({call}, {key}).questions.empty()) << function;
  }
  EXPECT_TRUE(Ask({{"count", nullptr, ""}}, {key}, nullptr, Made()->Slice(0, 0)).questions.empty());
}

}  // namespace
}  // namespace soteria::master
