#include <gtest/gtest.h>

#include <numeric>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/initialize.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/exec/conditions.h"
#include "src/exec/expression.h"
#include "src/exec/generate.h"
#include "src/plan/execute.h"
#include "src/plan/in_process_runner_for_test.h"
#include "src/plan/logical.h"

namespace soteria::plan {
namespace {

/// A catalog with nothing in it but "/stored", which says what was asked.
class EmptyCatalog : public Catalog {
 public:
  base::StatusOr<Source> Resolve(const std::vector<std::string>& paths, const std::string& format,
                                 const ReadOptions&) override {
    const std::string& path = paths.front();
    if (path == "/stored") {
      const dataflow::DatasetSource where{path, std::string(16, 'd'), 1, {}, {}};
      return Source{where, 2, arrow::schema({arrow::field("n", arrow::int64())}), 4'096};
    }
    return base::Fail(base::kPathNotFound, "Path does not exist: " + path + " as " + format);
  }
};

std::shared_ptr<arrow::Table> Numbers(int64_t rows) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(i).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}),
                            {builder.Finish().ValueOrDie()});
}

std::vector<int64_t> Collected(const Plan& plan, Runner& runner) {
  std::vector<int64_t> values;
  const base::Status status =
      CollectRows(plan, runner, [&](const std::shared_ptr<arrow::Table>& rows) {
        for (const auto& chunk : rows->column(0)->chunks()) {
          const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
          for (int64_t i = 0; i < numbers.length(); ++i) values.push_back(numbers.Value(i));
        }
        return base::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << base::Message(status);
  return values;
}

class PlanTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }

  PlanPtr Local(int64_t rows) { return builder_.Local(Numbers(rows)).value(); }

  EmptyCatalog catalog_;
  Builder builder_{catalog_};
  InProcessRunnerForTest runner_;
};

TEST_F(PlanTest, LocalRowsComeBackInOrderAcrossPartitions) {
  const auto plan = Local(25'000);  // three partitions of at most 10,000 rows
  const auto lowered = Lower(*plan, runner_).value();
  EXPECT_EQ(lowered.recipe->partitions, 3u);
  std::vector<int64_t> expected(25'000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(Collected(*plan, runner_), expected);
}

TEST_F(PlanTest, LimitAtTheTopNeedsNoShuffle) {
  const auto plan = builder_.Limit(Local(25'000), 12'000).value();
  EXPECT_EQ(Collected(*plan, runner_).size(), 12'000u);
  EXPECT_EQ(runner_.stages(), std::vector{dataflow::Terminal::kCollect});
}

TEST_F(PlanTest, LimitInTheMiddleKeepsTheFirstRows) {
  auto plan = builder_.Limit(Local(25'000), 11'000).value();
  plan = builder_
             .Filter(plan, exec::Call(">=", {exec::Column("n"),
                                             exec::Literal(arrow::MakeScalar(int64_t{10'998}))}))
             .value();
  EXPECT_EQ(Collected(*plan, runner_), (std::vector<int64_t>{10'998, 10'999}));
}

TEST_F(PlanTest, NegativeLimitIsSparksError) {
  const auto plan = builder_.Limit(Local(1), -1);
  ASSERT_FALSE(plan.ok());
  EXPECT_TRUE(base::Is(plan.status(), exec::kNegativeLimit));
}

// Behind an exchange a recipe begins again.
TEST_F(PlanTest, AsManyExchangesAsAScriptLikes) {
  PlanPtr plan = Local(10);
  for (int i = 0; i < 3 * dataflow::kRecipeDepthMax; ++i) {
    plan = builder_.Repartition(std::move(plan), 2).value();
  }
  EXPECT_EQ(Collected(*plan, runner_).size(), 10U);
}

TEST_F(PlanTest, TooDeepARecipeIsAnErrorOfTheScript) {
  PlanPtr plan = builder_.Range(0, 100, 1, 100).value();
  for (int64_t i = 0; i < dataflow::kRecipeDepthMax; ++i) {
    plan = builder_.Coalesce(std::move(plan), 99 - i).value();
  }
  EXPECT_TRUE(base::Is(Lower(*plan, runner_).status(), base::kUnsupported));
}

TEST_F(PlanTest, RepartitionConservesRows) {
  const auto plan = builder_.Repartition(Local(25'000), 7).value();
  const auto lowered = Lower(*plan, runner_).value();
  EXPECT_EQ(lowered.recipe->partitions, 7u);
  ASSERT_EQ(lowered.inputs.size(), 1u);
  auto values = Collected(*plan, runner_);
  std::sort(values.begin(), values.end());
  std::vector<int64_t> expected(25'000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(values, expected);
}

TEST_F(PlanTest, CoalesceIsNarrowAndNeverAddsPartitions) {
  const auto fewer = builder_.Coalesce(Local(25'000), 2).value();
  EXPECT_EQ(Lower(*fewer, runner_).value().recipe->partitions, 2u);
  EXPECT_EQ(Collected(*fewer, runner_).size(), 25'000u);
  const auto more = builder_.Coalesce(Local(25'000), 9).value();
  EXPECT_EQ(Lower(*more, runner_).value().recipe->partitions, 3u);
  EXPECT_FALSE(builder_.Coalesce(Local(1), 0).ok());
}

TEST_F(PlanTest, StagesKnowHowMuchIsReadForThem) {
  const auto input_bytes = [&](const PlanPtr& plan) {
    return Lower(*plan, runner_).value().Stage(dataflow::Terminal::kKeep).input_bytes;
  };
  const auto stored = builder_.Read({"/stored"}, "parquet").value();
  EXPECT_EQ(input_bytes(stored), 4'096u);
  EXPECT_EQ(input_bytes(builder_.Limit(builder_.Coalesce(stored, 1).value(), 3).value()), 4'096u);
  const uint64_t local = input_bytes(Local(25'000));
  EXPECT_GT(local, 25'000u * 8);
  EXPECT_LT(local, 25'000u * 9);
  const auto dealt = builder_.Repartition(Local(25'000), 7).value();
  EXPECT_EQ(input_bytes(dealt), local);
  EXPECT_EQ(input_bytes(builder_.Coalesce(dealt, 2).value()), local);
  // The one row of an aggregate is local data of its own.
  const auto row = builder_.Aggregate(dealt, {{"sum", exec::Column("n"), "total"}}).value();
  EXPECT_LT(input_bytes(row), 5'000u);
}

TEST_F(PlanTest, AggregateInTheMiddleBecomesLocalData) {
  auto plan = builder_.Aggregate(Local(25'000), {{"sum", exec::Column("n"), "total"}}).value();
  plan = builder_
             .Filter(plan, exec::Call(">", {exec::Column("total"),
                                            exec::Literal(arrow::MakeScalar(int64_t{0}))}))
             .value();
  EXPECT_EQ(Collected(*plan, runner_), std::vector<int64_t>{25'000LL * 24'999 / 2});
  EXPECT_EQ(runner_.stages(),
            (std::vector{dataflow::Terminal::kReduce, dataflow::Terminal::kCollect}));
}

TEST_F(PlanTest, UnknownColumnIsAnErrorOfAnalysis) {
  const auto plan = builder_.Filter(Local(1), exec::Call("isnull", {exec::Column("m")}));
  ASSERT_FALSE(plan.ok());
  EXPECT_TRUE(base::Is(plan.status(), base::kUnresolvedColumn));
}

TEST_F(PlanTest, CopiesOfRowsAreOfSomething) {
  const std::vector<exec::ExprPtr> row = {exec::Literal(1)};
  EXPECT_FALSE(builder_.Expand(Local(3), {}, {"a"}, {-1}).ok());
  EXPECT_FALSE(builder_.Expand(Local(3), {{}}, {}, {}).ok());
  EXPECT_TRUE(builder_.Expand(Local(3), {row}, {"a"}, {-1}).ok());
  const std::vector<std::vector<exec::ExprPtr>> many(exec::kExpandRowsMax + 1, row);
  EXPECT_TRUE(base::Is(builder_.Expand(Local(3), many, {"a"}, {-1}).status(), base::kUnsupported));
}

TEST_F(PlanTest, SampleBoundsAreChecked) {
  EXPECT_TRUE(builder_.Sample(Local(1), 0.0, 1.5, true, 1, false).ok());
  EXPECT_FALSE(builder_.Sample(Local(1), 0.0, -0.5, true, 1, false).ok());
  EXPECT_FALSE(builder_.Sample(Local(1), 0.7, 0.5, false, 1, false).ok());
  EXPECT_FALSE(builder_.Sample(Local(1), 0.0, 1.5, false, 1, false).ok());
}

TEST_F(PlanTest, SplitsAreDisjointAndComplete) {
  const auto left = builder_.Sample(Local(25'000), 0.0, 0.3, false, 42, true).value();
  const auto right = builder_.Sample(Local(25'000), 0.3, 1.0, false, 42, true).value();
  auto all = Collected(*left, runner_);
  EXPECT_NEAR(static_cast<double>(all.size()), 7'500.0, 300.0);
  const auto rest = Collected(*right, runner_);
  all.insert(all.end(), rest.begin(), rest.end());
  std::sort(all.begin(), all.end());
  std::vector<int64_t> expected(25'000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST_F(PlanTest, SameSemanticsComparesTheComputation) {
  const auto a = builder_.Limit(Local(10), 3).value();
  const auto b = builder_.Limit(Local(10), 3).value();
  const auto c = builder_.Limit(Local(10), 4).value();
  const auto d = builder_.Limit(Local(11), 3).value();
  EXPECT_TRUE(SameSemantics(*a, *b));
  EXPECT_FALSE(SameSemantics(*a, *c));
  EXPECT_FALSE(SameSemantics(*a, *d));
}

TEST_F(PlanTest, WhatDataMadeShowsInNoComparison) {
  const auto reading = [](std::string asked, std::vector<std::string> files) {
    Plan plan;
    ReadNode read;
    read.source.partitions = files.size();
    read.source.asked = std::move(asked);
    read.source.where = dataflow::TreeSource{
        "/t", std::string(16, 't'), 1, {}, std::move(files), "text", {}, {}, {}, {}};
    read.source.schema = plan.schema = arrow::schema({});
    plan.node = std::move(read);
    return plan;
  };
  // Which files of a folder hold rows.
  EXPECT_TRUE(SameSemantics(reading("x", {"x/1", "x/2"}), reading("x", {"x/1"})));
  EXPECT_FALSE(SameSemantics(reading("x", {"x/1"}), reading("x/1", {"x/1"})));
  EXPECT_EQ(Explain(reading("x", {"x/1", "x/2"})), Explain(reading("x", {"x/1"})));
  // Rows that are worked out when a plan runs.
  const auto made = [&](std::string name) {
    return builder_.Made({std::move(name), nullptr}, arrow::schema({}));
  };
  EXPECT_TRUE(SameSemantics(*made("1/roc"), *made("1/roc")));
  EXPECT_FALSE(SameSemantics(*made("1/roc"), *made("2/roc")));
  EXPECT_EQ(Explain(*made("1/roc")), Explain(*made("2/roc")));
}

TEST_F(PlanTest, ReadAsksTheCatalog) {
  const auto plan = builder_.Read({"/data"}, "parquet");
  ASSERT_FALSE(plan.ok());
  EXPECT_TRUE(base::Is(plan.status(), base::kPathNotFound));
  EXPECT_FALSE(builder_.Read({}, "parquet").ok());
  EXPECT_FALSE(builder_.Read({"/a", "/b"}, "parquet").ok());
}

TEST_F(PlanTest, ExplainNamesNodesAndColumns) {
  const auto text = Explain(*builder_.Limit(Local(10), 3).value());
  EXPECT_NE(text.find("Limit 3 -> [n]"), std::string::npos) << text;
  EXPECT_NE(text.find("+- LocalRelation [10 rows] -> [n]"), std::string::npos) << text;
}

}  // namespace
}  // namespace soteria::plan
