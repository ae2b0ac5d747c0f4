// Plans of several inputs, and those whose rows are exchanged by keys.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/initialize.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/plan/execute.h"
#include "src/plan/in_process_runner_for_test.h"
#include "src/plan/logical.h"
#include "src/plan/scope.h"
#include "src/plan/small.h"
#include "src/plan/stored.h"

namespace soteria::plan {
namespace {

using dataflow::Terminal;

class Roots : public Catalog {
 public:
  base::StatusOr<Source> Resolve(const std::vector<std::string>& paths,
                                 const std::string& /*format*/, const ReadOptions&) override {
    const std::string& path = paths.front();
    const auto schema =
        arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::int64())});
    if (path == "/tree") {
      dataflow::TreeSource tree;
      tree.root = path;
      tree.id = std::string(16, 't');
      tree.files = {"a", "b"};
      tree.format = "parquet";
      return Source{tree, 2, schema, 1'000};
    }
    const dataflow::DatasetSource where{path, std::string(16, path[1]), 1, {}, {}};
    return Source{where, 2, schema, path == "/large" ? uint64_t{1} << 40 : 1'000};
  }
};

class SeveralTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }

  /// k = i % modulus and v = i; partitions of 10,000 rows.
  PlanPtr Local(int64_t rows, int64_t modulus) {
    arrow::Int64Builder keys;
    arrow::Int64Builder values;
    for (int64_t i = 0; i < rows; ++i) {
      EXPECT_TRUE(keys.Append(i % modulus).ok());
      EXPECT_TRUE(values.Append(i).ok());
    }
    const auto schema =
        arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::int64())});
    return builder_
        .Local(
            arrow::Table::Make(schema, {keys.Finish().ValueOrDie(), values.Finish().ValueOrDie()}))
        .value();
  }
  std::vector<std::string> Collected(const Plan& plan, Runner& runner) {
    std::vector<std::string> rows;
    const base::Status status =
        CollectRows(plan, runner, [&](const std::shared_ptr<arrow::Table>& table) {
          for (int64_t i = 0; i < table->num_rows(); ++i) {
            std::string row;
            for (const auto& column : table->columns()) {
              const auto cell = column->GetScalar(i).ValueOrDie();
              row += base::Cat(row.empty() ? "" : ",", cell->is_valid ? cell->ToString() : "-");
            }
            rows.push_back(row);
          }
          return base::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << base::Message(status);
    return rows;
  }
  std::vector<std::string> Collected(const Plan& plan) { return Collected(plan, runner_); }
  PlanPtr Joined(const PlanPtr& left, const PlanPtr& right, exec::JoinKind kind) {
    const PlanPtr cross = builder_.Cross(left, right).value();
    const int other = left->schema->num_fields();
    return builder_
        .Join(cross, kind, exec::Call("==", {ColumnAt(*cross, 0), ColumnAt(*cross, other)}))
        .value();
  }
  uint64_t Partitions(const PlanPtr& plan) {
    return Lower(*plan, runner_).value().recipe->partitions;
  }

  Roots catalog_;
  Builder builder_{catalog_};
  InProcessRunnerForTest runner_;
};

TEST_F(SeveralTest, AUnionHasItsInputsRowsInOrderUnderTheFirstsNames) {
  const PlanPtr a = Local(25'000, 7);
  const PlanPtr b =
      builder_.Project(Local(3, 2), {{"x", exec::Input(1, {"v"})}, {"y", exec::Input(0, {"k"})}})
          .value();
  const PlanPtr both = builder_.Union({a, b}).value();
  EXPECT_EQ(both->schema->field(0)->name(), "k");
  EXPECT_EQ(Partitions(both), 4U);
  const auto rows = Collected(*both);
  ASSERT_EQ(rows.size(), 25'003U);
  EXPECT_EQ(rows[24'999], "2,24999");
  EXPECT_EQ(rows[25'001], "1,1");
  // Unions of unions in a loop are one.
  PlanPtr many = a;
  for (int i = 0; i < 60; ++i) many = builder_.Union({many, b}).value();
  EXPECT_EQ(Lower(*many, runner_).value().recipe->depth, 2);
  for (int i = 0; i < 300; ++i) many = builder_.Union({many, b}).value();
  EXPECT_TRUE(base::Is(Lower(*many, runner_).status(), base::kUnsupported));
}

TEST_F(SeveralTest, GroupsAreExchangedOnceAndTheirOrderIsThatOfOnePartition) {
  const PlanPtr rows = Local(25'000, 7);
  const auto groups = [&](const PlanPtr& input) {
    return builder_
        .Aggregate(input, {{"count", nullptr, "n"}, {"sum", ColumnAt(*input, 1), "s"}},
                   {{ColumnAt(*input, 0)}})
        .value();
  };
  const PlanPtr plan = groups(rows);
  EXPECT_EQ(Partitions(plan), 3U);
  const size_t before = runner_.stages().size();
  const auto found = Collected(*plan);
  using dataflow::Terminal;
  EXPECT_EQ(
      std::vector(runner_.stages().begin() + static_cast<int64_t>(before), runner_.stages().end()),
      (std::vector{Terminal::kShuffle, Terminal::kCollect}));
  ASSERT_EQ(found.size(), 7U);
  // 3, 10, ..., 24993: 3571 numbers.
  EXPECT_EQ(std::count(found.begin(), found.end(), "3,3571,44630358"), 1);
  const PlanPtr other = Local(25'000, 7);
  EXPECT_EQ(Collected(*groups(builder_.Coalesce(other, 2).value())), found);
  EXPECT_EQ(Canonical(*plan), Canonical(*groups(rows)));
  builder_.set_targets_max(2);
  EXPECT_EQ(Partitions(groups(rows)), 2U);
  EXPECT_NE(Canonical(*plan), Canonical(*groups(rows)));
}

TEST_F(SeveralTest, APlanSaysThatItsRowsAreInOnePart) {
  const PlanPtr rows = Local(25'000, 7);
  EXPECT_FALSE(IsInOnePart(*rows));
  EXPECT_FALSE(IsInOnePart(*builder_.Coalesce(rows, 2).value()));
  const PlanPtr one = builder_.Coalesce(rows, 1).value();
  const PlanPtr limit = builder_.Limit(rows, 5).value();
  const PlanPtr total = builder_.Aggregate(rows, {{"count", nullptr, "n"}}).value();
  for (const PlanPtr& plan : {one, limit, total}) {
    EXPECT_TRUE(IsInOnePart(*plan));
    EXPECT_TRUE(IsInOnePart(*builder_.Filter(plan, exec::Literal(true)).value()));
    EXPECT_FALSE(IsInOnePart(*builder_.Union({plan, plan}).value()));
  }
  // As they first come, and not by the place of their hash.
  const PlanPtr groups =
      builder_.Aggregate(one, {{"count", nullptr, "n"}}, {{ColumnAt(*one, 0), ""}}).value();
  EXPECT_EQ(Collected(*groups), (std::vector<std::string>{"0,3572", "1,3572", "2,3572", "3,3571",
                                                          "4,3571", "5,3571", "6,3571"}));
}

TEST_F(SeveralTest, WhatWasExchangedIsKeptWhileItIsSorted) {
  struct Keeping : InProcessRunnerForTest {
    base::Status Keep(const Lowered& lowered) override {
      kept.push_back(lowered.recipe->digest);
      return base::OkStatus();
    }
    void Drop(const Lowered& lowered) override { dropped.push_back(lowered.recipe->digest); }
    std::vector<base::Digest> kept, dropped;
  } runner;
  const PlanPtr rows = Local(25'000, 7);
  const auto sorted = [&](const PlanPtr& plan) {
    return builder_.GlobalSort(plan, {{ColumnAt(*plan, 0)}}).value();
  };
  EXPECT_EQ(Collected(*sorted(rows), runner).size(), 25'000U);
  EXPECT_TRUE(runner.kept.empty()) << "what is there already is read twice";
  const PlanPtr groups =
      builder_.Aggregate(rows, {{"count", nullptr, "n"}}, {{ColumnAt(*rows, 0)}}).value();
  EXPECT_EQ(Collected(*sorted(groups), runner).front(), "0,3572");
  EXPECT_EQ(runner.kept.size(), 1U);
  EXPECT_EQ(runner.dropped, runner.kept);
}

exec::WindowCall Counted(exec::WindowFrame frame = {}) {
  return {{"count", nullptr, "n"}, std::move(frame)};
}

TEST_F(SeveralTest, RowsOfAWindowsPartitionGoToOnePlace) {
  const PlanPtr rows = Local(25'000, 7);
  const PlanPtr plan =
      builder_
          .Window(rows, {{ColumnAt(*rows, 0)}, {{ColumnAt(*rows, 1)}}},
                  {Counted(), {{"row_number", nullptr, "r"}}, {{"lag", ColumnAt(*rows, 1), "l"}}})
          .value();
  EXPECT_EQ(Partitions(plan), 3U);
  std::map<std::string, std::vector<std::string>> groups;  // by k
  for (const std::string& row : Collected(*plan)) groups[row.substr(0, 1)].push_back(row);
  ASSERT_EQ(groups.size(), 7U);
  ASSERT_EQ(groups["3"].size(), 3571U);
  EXPECT_EQ(groups["3"][0], "3,3,3571,1,-");
  EXPECT_EQ(groups["3"][1], "3,10,3571,2,3");
  EXPECT_EQ(groups["3"][3570], "3,24993,3571,3571,24986");
  builder_.set_targets_max(2);
  EXPECT_EQ(Partitions(builder_.Window(rows, {{ColumnAt(*rows, 0)}, {}}, {Counted()}).value()), 2U);
  // Without a partition all rows are one.
  const PlanPtr all = builder_.Window(rows, {{}, {}}, {Counted()}).value();
  EXPECT_EQ(Partitions(all), 1U);
  EXPECT_EQ(Collected(*all).back(), "2,24999,25000");
}

TEST_F(SeveralTest, AColumnThatASelectAboveAWindowDroppedIsFoundBelowIt) {
  const PlanPtr local = Local(10, 3);
  // v is dropped below the window, which has k and n alone.
  const PlanPtr below = builder_.Project(local, {{std::nullopt, ColumnAt(*local, 0)}}).value();
  const PlanPtr window = builder_.Window(below, {{ColumnAt(*below, 0)}, {}}, {Counted()}).value();
  Scope scope(window, Scope::Missing::kAdd);
  const exec::ExprPtr v = scope.Resolve({"v"}).value();
  const exec::ExprPtr n = scope.Resolve({"n"}).value();
  const PlanPtr wider = scope.Input(builder_).value();
  EXPECT_EQ(wider->schema->ToString(), "k: int64\nn: int64 not null\nv: int64");
  EXPECT_EQ(wider->columns[1].id, window->columns[1].id);
  EXPECT_EQ(v->ordinal, 2);
  EXPECT_EQ(n->ordinal, 1);
  EXPECT_EQ(Collected(*wider)[0], "0,4,0");
}

TEST_F(SeveralTest, WindowsAreTheSameWhereAllOfThemIs) {
  const PlanPtr rows = Local(10, 3);
  const auto window = [&](exec::WindowFrame frame, bool ascending) {
    return builder_
        .Window(rows, {{ColumnAt(*rows, 0)}, {{ColumnAt(*rows, 1), ascending}}}, {Counted(frame)})
        .value();
  };
  const exec::WindowFrame growing{true, {}, {exec::FrameBound::Kind::kCurrentRow}};
  EXPECT_TRUE(SameSemantics(*window({}, true), *window({}, true)));
  EXPECT_FALSE(SameSemantics(*window({}, true), *window(growing, true)));
  EXPECT_FALSE(SameSemantics(*window({}, true), *window({}, false)));
  EXPECT_NE(Explain(*window({}, true)).find("Window count by k -> [k, v, n]"), std::string::npos)
      << Explain(*window({}, true));
}

TEST_F(SeveralTest, UnionsWidenTypesAndSayWhichColumnsDoNotFit) {
  const auto of = [&](const std::shared_ptr<arrow::DataType>& type) {
    const auto schema = arrow::schema({arrow::field("c", type)});
    return builder_.Local(arrow::Table::MakeEmpty(schema).ValueOrDie()).value();
  };
  const auto type = [&](const std::vector<PlanPtr>& inputs) {
    return builder_.Union(inputs).value()->schema->field(0)->type()->ToString();
  };
  EXPECT_EQ(type({of(arrow::int32()), of(arrow::int64())}), "int64");
  EXPECT_EQ(type({of(arrow::int64()), of(arrow::float32()), of(arrow::null())}), "double");
  const auto status = builder_.Union({of(arrow::int32()), of(arrow::boolean())}).status();
  EXPECT_EQ(base::ConditionName(status), "INCOMPATIBLE_COLUMN_TYPE");
  EXPECT_EQ(base::Message(status).substr(0, 60),
            "UNION can only be performed on tables with compatible column");
  EXPECT_EQ(base::Message(builder_.Union({of(arrow::int32()), Local(1, 1)}).status()),
            "UNION can only be performed on inputs with the same number of columns, but the first "
            "input has 1 columns and the second input has 2 columns.");
}

TEST_F(SeveralTest, AJoinByKeysIsAShuffleOfBothOrOneSideWhole) {
  const PlanPtr left = Local(25'000, 5'000);
  const PlanPtr right = builder_.Filter(Local(20'000, 20'000), exec::Literal(true)).value();
  // Both come with the plan and are small: the right one goes to every partition.
  const PlanPtr small = Joined(left, right, exec::JoinKind::kInner);
  auto rows = Collected(*small);
  EXPECT_EQ(runner_.stages(), (std::vector{Terminal::kShuffle, Terminal::kCollect}));
  EXPECT_EQ(rows.size(), 25'000U);
  EXPECT_EQ(rows[7'001], "2001,7001,2001,2001") << "the left's order";
  // A full outer join can't be of one side whole.
  const PlanPtr full = Joined(left, right, exec::JoinKind::kFullOuter);
  InProcessRunnerForTest other;
  const auto all = Collected(*full, other);
  EXPECT_EQ(other.stages(),
            (std::vector{Terminal::kShuffle, Terminal::kShuffle, Terminal::kCollect}));
  EXPECT_EQ(all.size(), 40'000U);
  EXPECT_EQ(Partitions(full), 3U);
}

TEST_F(SeveralTest, HowAJoinRunsIsNotOfData) {
  const auto read = [&](const char* path) { return builder_.Read({path}, "parquet").value(); };
  for (const char* path : {"/data", "/large", "/tree"}) {
    EXPECT_FALSE(IsSmall(*read(path))) << "bytes of a file are of its rows";
  }
  const auto weighed = [&](const char* path) {
    auto plan = std::make_shared<Plan>(*read(path));
    std::get<ReadNode>(plan->node).source.weighed = true;  // rows may leave
    return IsSmall(*plan);
  };
  EXPECT_TRUE(weighed("/data") && weighed("/tree"));
  EXPECT_FALSE(weighed("/large"));
  EXPECT_TRUE(IsSmall(*Small(read("/large"))));
  EXPECT_TRUE(IsSmall(*builder_.Filter(Small(read("/large")), exec::Literal(true)).value()));
  const PlanPtr counted = builder_.Aggregate(read("/large"), {{"count", nullptr, "n"}}).value();
  EXPECT_TRUE(IsSmall(*counted)) << "however many groups there are";
  EXPECT_FALSE(IsSmall(*builder_.Union({read("/data"), read("/large")}).value()));
  EXPECT_FALSE(IsSmall(*Joined(read("/data"), read("/data"), exec::JoinKind::kInner)));
  EXPECT_TRUE(
      IsSmall(*Joined(Small(read("/data")), Small(read("/data")), exec::JoinKind::kLeftSemi)));
  // A hint changes the order of rows, and so the plan's name.
  const auto joined = [&](const PlanPtr& right) {
    return Canonical(*Joined(read("/large"), right, exec::JoinKind::kInner));
  };
  EXPECT_NE(joined(read("/tree")), joined(Small(read("/tree"))));
}

TEST_F(SeveralTest, AJoinOfATableWithItselfShufflesItOnce) {
  const PlanPtr table = Local(25'000, 25'000);
  const PlanPtr self = Joined(table, table, exec::JoinKind::kFullOuter);
  EXPECT_EQ(Collected(*self).size(), 25'000U);
  EXPECT_EQ(runner_.stages(), (std::vector{Terminal::kShuffle, Terminal::kCollect}));
  // Columns of the right have ids of their own.
  EXPECT_NE(self->columns[0].id, self->columns[2].id);
}

TEST_F(SeveralTest, ASortOfAllRowsIsInOrderAcrossPartitions) {
  const PlanPtr table = Local(35'000, 977);
  const PlanPtr sorted =
      builder_.GlobalSort(table, {{exec::Input(0, {"k"}), false, false}}).value();
  EXPECT_EQ(Partitions(sorted), 4U);
  InProcessRunnerForTest runner;
  const auto rows = Collected(*sorted, runner);
  ASSERT_EQ(rows.size(), 35'000U);
  EXPECT_EQ(runner.stages(),
            (std::vector{Terminal::kReduce, Terminal::kShuffle, Terminal::kCollect}));
  int64_t before = INT64_MAX;
  int64_t value_before = -1;
  for (const std::string& row : rows) {
    const int64_t key = std::stoll(row);
    const int64_t value = std::stoll(row.substr(row.find(',') + 1));
    ASSERT_LE(key, before);
    if (key == before) {
      ASSERT_GT(value, value_before) << "equal rows keep their order";
    }
    before = key;
    value_before = value;
  }
  builder_.set_targets_max(2);
  EXPECT_EQ(Partitions(builder_.GlobalSort(table, {{exec::Input(0, {"k"})}}).value()), 2U);
}

TEST_F(SeveralTest, SortedRowsUnderALimitAreNotExchanged) {
  const PlanPtr table = Local(35'000, 977);
  const PlanPtr sorted =
      builder_.GlobalSort(table, {{exec::Input(0, {"k"}), false, false}}).value();
  const PlanPtr named = builder_.Project(sorted, {{"w", exec::Input(1, {"v"})}}).value();
  const PlanPtr first = builder_.Limit(named, 3).value();
  EXPECT_EQ(Collected(*first), (std::vector<std::string>{"976", "1953", "2930"}));
  EXPECT_EQ(runner_.stages(), (std::vector{Terminal::kShuffle, Terminal::kCollect}));
  const PlanPtr next = builder_.Limit(builder_.Offset(sorted, 1).value(), 2).value();
  EXPECT_EQ(Collected(*next), (std::vector<std::string>{"976,1953", "976,2930"}));
}

TEST_F(SeveralTest, OffsetsAndTailsGoByTheOrderOfPartitions) {
  const PlanPtr table = Local(25'000, 25'000);
  EXPECT_EQ(Collected(*builder_.Tail(table, 2).value()),
            (std::vector<std::string>{"24998,24998", "24999,24999"}));
  const PlanPtr behind = builder_.Offset(table, 24'999).value();
  EXPECT_EQ(Collected(*behind), (std::vector<std::string>{"24999,24999"}));
  EXPECT_EQ(Collected(*builder_.Limit(builder_.Offset(table, 9'999).value(), 2).value()),
            (std::vector<std::string>{"9999,9999", "10000,10000"}));
  EXPECT_EQ(Collected(*builder_.Offset(builder_.Limit(table, 3).value(), 2).value()),
            (std::vector<std::string>{"2,2"}));
  EXPECT_FALSE(builder_.Offset(table, -1).ok());
  EXPECT_FALSE(builder_.Tail(table, -1).ok());
}

TEST_F(SeveralTest, DistinctKeepsTheFirstRowOfEach) {
  const PlanPtr table = Local(25'000, 40);
  const PlanPtr distinct = builder_.Distinct(table, {0}).value();
  auto rows = Collected(*distinct);
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return std::stoll(a) < std::stoll(b); });
  ASSERT_EQ(rows.size(), 40U);
  for (size_t i = 0; i < 40; ++i) EXPECT_EQ(rows[i], base::Cat(i, ",", i));
  EXPECT_EQ(Collected(*builder_.Distinct(table, {}).value()).size(), 1U);
}

TEST_F(SeveralTest, SetOperationsCountRows) {
  const auto keys = [&](int64_t rows, int64_t modulus) {
    return builder_.Project(Local(rows, modulus), {{std::nullopt, exec::Input(0, {"k"})}}).value();
  };
  const PlanPtr a = keys(12'000, 10);  // each of 0..9 1,200 times
  const PlanPtr b = keys(500, 5);      // each of 0..4 100 times
  EXPECT_EQ(Collected(*builder_.Intersect(a, b, false).value()).size(), 5U);
  EXPECT_EQ(Collected(*builder_.Except(a, b, false).value()).size(), 5U);
  EXPECT_EQ(Collected(*builder_.Intersect(a, b, true).value()).size(), 500U);
  EXPECT_EQ(Collected(*builder_.Except(a, b, true).value()).size(), 11'500U);
}

TEST_F(SeveralTest, RangesAreCutAsSparkCutsThem) {
  const PlanPtr range = builder_.Range(0, 10, 3, 3).value();
  EXPECT_EQ(Partitions(range), 3U);
  EXPECT_EQ(Collected(*range), (std::vector<std::string>{"0", "3", "6", "9"}));
  EXPECT_TRUE(Collected(*builder_.Range(5, 5, 1, 4).value()).empty());
  EXPECT_EQ(Partitions(builder_.Range(0, 1'000'000, 1, 0).value()), 4U);
  EXPECT_FALSE(builder_.Range(0, 1, 0, 1).ok());
}

TEST_F(SeveralTest, RepartitionByKeysPutsThemTogether) {
  const PlanPtr table = Local(25'000, 40);
  EXPECT_EQ(Partitions(builder_.RepartitionBy(table, {exec::Input(0, {"k"})}, 6).value()), 6U);
  EXPECT_EQ(Partitions(builder_.RepartitionBy(table, {exec::Input(0, {"k"})}, 0).value()), 3U);
  EXPECT_EQ(Partitions(builder_.RepartitionByRange(table, {{exec::Input(0, {"k"})}}, 5).value()),
            5U);
}

TEST_F(SeveralTest, ExplainDrawsATree) {
  const PlanPtr table = Local(1, 1);
  const PlanPtr join = Joined(table, table, exec::JoinKind::kLeftSemi);
  EXPECT_EQ(Explain(*builder_.Union({join, table}).value()),
            "== Plan ==\n"
            "Union -> [k, v]\n"
            ":- Join LeftSemi (k = k) -> [k, v]\n"
            ":  :- LocalRelation [1 rows] -> [k, v]\n"
            ":  +- LocalRelation [1 rows] -> [k, v]\n"
            "+- LocalRelation [1 rows] -> [k, v]\n");
}

TEST_F(SeveralTest, StoredColumnsOfSeveralInputs) {
  const PlanPtr read = builder_.Read({"/data"}, "parquet").value();
  const auto stored = [](const PlanPtr& plan) {
    std::string text;
    const auto columns = StoredColumns(*plan).value();
    for (const bool one : columns) text += one ? 's' : '.';
    return text;
  };
  EXPECT_EQ(stored(builder_.Union({read, read}).value()), "ss");
  EXPECT_EQ(stored(builder_.Union({read, Local(1, 1)}).value()), "..");
  EXPECT_EQ(stored(Joined(read, Local(1, 1), exec::JoinKind::kLeftAnti)), "ss");
  EXPECT_EQ(stored(Joined(read, read, exec::JoinKind::kInner)), "....");
  EXPECT_EQ(stored(builder_.Distinct(read, {0}).value()), "ss");
  EXPECT_EQ(stored(builder_.GlobalSort(read, {{exec::Input(0, {"k"})}}).value()), "ss");
}

TEST_F(SeveralTest, PlansThatGrowByThemselvesEnd) {
  PlanPtr plan = Local(1, 1);
  base::Status status;
  for (int i = 0; i < 40 && status.ok(); ++i) {
    const auto twice = builder_.Cross(plan, plan);
    status = twice.status();
    if (twice.ok()) plan = *twice;
  }
  EXPECT_TRUE(base::Is(status, base::kUnsupported));
}

// ---- names --------------------------------------------------------------------------------------

TEST_F(SeveralTest, ColumnsOfTwoTablesAreFoundByTheirDataFrames) {
  const PlanPtr left = Tagged(Local(1, 1), 1);
  const PlanPtr right = Tagged(builder_.Filter(left, exec::Literal(true)).value(), 2);
  const PlanPtr cross = builder_.Cross(left, right).value();
  const auto in = [](const PlanPtr& plan, const Scope::Name& name,
                     std::optional<int64_t> tag = {}) {
    Scope scope(plan);
    const auto column = scope.Resolve(name, tag);
    if (!column.ok()) return std::string(base::ConditionName(column.status()));
    return std::to_string((*column)->ordinal);
  };
  EXPECT_EQ(in(cross, {"k"}), "AMBIGUOUS_REFERENCE");
  EXPECT_EQ(in(cross, {"k"}, 2), "2");
  EXPECT_EQ(in(cross, {"k"}, 1), "0") << "it is below the right's, too, and farther";
  EXPECT_EQ(in(builder_.Cross(left, left).value(), {"k"}, 1), "AMBIGUOUS_COLUMN_REFERENCE");
  const PlanPtr apart = builder_.Cross(left, Tagged(Local(1, 1), 3)).value();
  EXPECT_EQ(in(apart, {"v"}, 1), "1");
  EXPECT_EQ(in(apart, {"v"}, 3), "3");
  EXPECT_EQ(in(apart, {"v"}, 9), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  const PlanPtr aliases =
      builder_.Cross(builder_.Alias(left, "a"), builder_.Alias(left, "b")).value();
  EXPECT_EQ(in(aliases, {"b", "k"}), "2");
  EXPECT_EQ(in(aliases, {"a", "v"}), "1");
  // What a semi join doesn't have isn't ambiguous.
  const PlanPtr semi = Joined(left, right, exec::JoinKind::kLeftSemi);
  EXPECT_EQ(in(semi, {"k"}, 1), "0");
  EXPECT_EQ(in(semi, {"k"}, 2), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  const PlanPtr both = builder_.Union({left, Local(1, 1)}).value();
  EXPECT_EQ(in(both, {"k"}, 1), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  EXPECT_EQ(in(both, {"k"}), "0");
}

}  // namespace
}  // namespace soteria::plan
