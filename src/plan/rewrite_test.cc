#include "src/plan/rewrite.h"

#include <arrow/builder.h>
#include <arrow/compute/initialize.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "src/base/text.h"
#include "src/plan/decorrelate.h"
#include "src/plan/execute.h"
#include "src/plan/in_process_runner_for_test.h"
#include "src/plan/scope.h"
#include "src/table/types.h"

namespace soteria::plan {
namespace {

using exec::Call;
using exec::ExprPtr;
using exec::JoinKind;

class Roots : public Catalog {
 public:
  base::StatusOr<Source> Resolve(const std::vector<std::string>& paths, const std::string&,
                                 const ReadOptions&) override {
    const auto schema =
        arrow::schema({arrow::field("s", arrow::utf8()), arrow::field("k", arrow::int64()),
                       arrow::field("v", arrow::int32())});
    if (paths.front() != "/d") return Tree(paths.front(), schema);
    return Source{dataflow::DatasetSource{paths.front(), std::string(16, 'd'), 1, {}, {}}, 2,
                  schema, 1'000};
  }

 private:
  /// Of two files; "/FORMAT by k" has k from the names of folders.
  static base::StatusOr<Source> Tree(const std::string& path,
                                     const std::shared_ptr<arrow::Schema>& schema) {
    dataflow::TreeSource tree{path, std::string(16, 't'), 1, {}, {"a", "b"}, "", {}, {}, {}, {}};
    tree.format = path.substr(1, path.find(' ') - 1);
    SOTERIA_ASSIGN_OR_RETURN(tree.schema, table::SparkSchemaJson(*schema));
    if (path.ends_with(" by k")) {
      tree.keys = {"k"};
      tree.values = {"=1", "=2"};
    }
    return Source{std::move(tree), 2, schema, 1'000};
  }
};

class RewriteTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }

  /// k = i % modulus and v = i.
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
  PlanPtr Read() { return builder_.Read({"/d"}, "parquet").value(); }
  /// Every row of the one with every row of the other, then those for which it holds.
  PlanPtr Product(const PlanPtr& a, const PlanPtr& b) {
    return builder_.Join(builder_.Cross(a, b).value(), JoinKind::kInner, nullptr).value();
  }
  static ExprPtr Equal(const PlanPtr& plan, int a, int b) {
    return Call("==", {ColumnAt(*plan, a), ColumnAt(*plan, b)});
  }
  static ExprPtr Above(const PlanPtr& plan, int column, int32_t value) {
    return Call(">", {ColumnAt(*plan, column), exec::Literal(value)});
  }
  static PlanPtr Rewritten(const PlanPtr& plan, const PlanPtr& wall = nullptr) {
    return Rewrite(plan, [&](const Plan& node) { return wall != nullptr && &node == wall.get(); })
        .value();
  }
  std::vector<std::string> Rows(const PlanPtr& plan) {
    std::vector<std::string> rows;
    const auto status =
        CollectRows(*plan, runner_, [&](const std::shared_ptr<arrow::Table>& table) {
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
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  Roots catalog_;
  Builder builder_{catalog_};
  InProcessRunnerForTest runner_;
};

TEST_F(RewriteTest, AnEqualityOfTwoTablesIsTheirJoins) {
  const PlanPtr both = Product(Read(), Read());
  const PlanPtr filtered =
      builder_.Filter(both, Call("and", {Equal(both, 1, 4), Above(both, 2, 5)})).value();
  EXPECT_EQ(Explain(*Rewritten(filtered)),
            "== Plan ==\n"
            "Join Inner (k = k) -> [s, k, v, s, k, v]\n"
            ":- Filter (v > 5) -> [s, k, v]\n"
            ":  +- Read [2 partitions] -> [s, k, v]\n"
            "+- Read [2 partitions] -> [s, k, v]\n");
}

TEST_F(RewriteTest, TablesAreJoinedWhenAnEqualityConnectsThem) {
  // a and b have nothing in common but c.
  const PlanPtr a = Local(40, 10);
  const PlanPtr b = Local(30, 10);
  const PlanPtr c = Local(20, 10);
  const PlanPtr all = Product(Product(a, b), c);
  const PlanPtr filtered =
      builder_.Filter(all, Call("and", {Equal(all, 0, 4), Equal(all, 3, 5)})).value();
  const std::string text = Explain(*Rewritten(filtered));
  EXPECT_EQ(text.find("Join Inner ->"), std::string::npos) << text;  // no product is left
  EXPECT_NE(text.find("-> [k, v, k, v, k, v]"), std::string::npos);
  const auto rows = Rows(filtered);
  ASSERT_EQ(rows.size(), 20U * 4U);
  EXPECT_EQ(rows[0], "0,0,0,0,0,0");
  EXPECT_EQ(rows.back(), "9,9,9,9,9,9");
}

TEST_F(RewriteTest, WhatAllBranchesOfAnOrSayIsACondition) {
  const PlanPtr both = Product(Local(9, 3), Local(9, 3));
  const auto branch = [&](int column) {
    return Call("and", {Equal(both, 0, 2), Above(both, column, 5)});
  };
  const PlanPtr filtered = builder_.Filter(both, Call("or", {branch(1), branch(3)})).value();
  EXPECT_NE(Explain(*Rewritten(filtered)).find("Join Inner (k = k) where ((v > 5) OR (v > 5))"),
            std::string::npos);
  EXPECT_EQ(Rows(filtered).size(), 15U);
}

TEST_F(RewriteTest, ConditionsStayAboveWhatMakesNullsOfTheirRows) {
  const PlanPtr left = Local(4, 4);
  const PlanPtr cross = builder_.Cross(left, Local(2, 2)).value();
  const PlanPtr joined = builder_.Join(cross, JoinKind::kLeftOuter, Equal(cross, 0, 2)).value();
  const PlanPtr none = builder_.Filter(joined, Call("isnull", {ColumnAt(*joined, 2)})).value();
  EXPECT_EQ(Rows(none), (std::vector<std::string>{"2,2,-,-", "3,3,-,-"}));
  const PlanPtr some = builder_.Filter(joined, Above(joined, 0, 2)).value();
  EXPECT_EQ(Rows(some), (std::vector<std::string>{"3,3,-,-"}));
}

TEST_F(RewriteTest, DataSetsAreReadByColumn) {
  const PlanPtr read = Read();
  const PlanPtr filtered = builder_.Filter(read, Above(read, 2, 5)).value();
  const PlanPtr named =
      builder_.Project(filtered, {{std::nullopt, ColumnAt(*filtered, 1)}}).value();
  EXPECT_EQ(Explain(*Rewritten(named)),
            "== Plan ==\n"
            "Project -> [k]\n"
            "+- Project -> [k]\n"
            "   +- Filter (v > 5) -> [k, v]\n"
            "      +- Read [2 partitions] -> [k, v]\n");
  // Rows are counted by the narrowest.
  const PlanPtr count = builder_.Aggregate(read, {{"count", exec::Literal(1), "n"}}).value();
  EXPECT_NE(Explain(*Rewritten(count)).find("Read [2 partitions] -> [v]"), std::string::npos);
}

/// No node without columns: an exchange of these would have no rows.
void ExpectColumns(const Plan& plan) {
  EXPECT_GT(plan.schema->num_fields(), 0) << Explain(plan);
  for (const PlanPtr& input : plan.inputs) ExpectColumns(*input);
}

// What a reader of lines or of ORC leaves out is none of a rule's business.
TEST_F(RewriteTest, ParquetFilesAreReadByColumn) {
  using Names = std::vector<std::string>;
  const auto read = [&](const std::string& path, const Names& names) {
    PlanPtr plan = builder_.Read({path}, "parquet").value();
    std::vector<exec::NamedExpr> columns;
    for (const std::string& name : names) columns.push_back({std::nullopt, exec::Column(name)});
    plan = Rewritten(builder_.Project(plan, std::move(columns)).value());
    while (!plan->inputs.empty()) plan = plan->input();
    const auto& source = std::get<ReadNode>(plan->node).source;
    const auto& tree = std::get<dataflow::TreeSource>(source.where);
    const auto schema = table::SchemaFromSparkJson(tree.schema).value();
    EXPECT_EQ(schema->field_names(), plan->schema->field_names());
    return schema->field_names();
  };
  EXPECT_EQ(read("/parquet", {"v", "s"}), (Names{"s", "v"}));
  EXPECT_EQ(read("/parquet", {"k"}), (Names{"k"}));
  EXPECT_EQ(read("/parquet", {}), (Names{"v"}));  // rows are counted by the cheapest column
  EXPECT_EQ(read("/parquet by k", {"k"}), (Names{"k", "v"}));
  EXPECT_EQ(read("/parquet by k", {"s"}), (Names{"s"}));
  EXPECT_EQ(read("/orc", {"k"}), (Names{"s", "k", "v"}));
  EXPECT_EQ(read("/csv", {"k"}), (Names{"s", "k", "v"}));
}

TEST_F(RewriteTest, RowsAreCountedWhereverTheyMove) {
  const PlanPtr rows = Local(12, 3);
  const PlanPtr one = builder_.Project(rows, {{"one", exec::Literal(1)}}).value();
  const PlanPtr dealt = builder_.Repartition(rows, 3).value();
  const std::vector<std::pair<PlanPtr, std::string>> counted = {
      {rows, "12"},
      {dealt, "12"},
      {builder_.Repartition(one, 3).value(), "12"},
      {builder_.Coalesce(dealt, 2).value(), "12"},
      {builder_.Repartition(builder_.Union({rows, one->input()}).value(), 2).value(), "24"},
      {builder_.GlobalSort(dealt, {{ColumnAt(*dealt, 1), false, false}}).value(), "12"},
      {builder_.Limit(dealt, 5).value(), "5"},
      {builder_.Offset(dealt, 5).value(), "7"},
      {builder_.Tail(dealt, 4).value(), "4"},
      {builder_.Distinct(dealt, {0}).value(), "3"},
      {builder_.Repartition(Product(rows, one), 2).value(), "144"},
      {builder_.Repartition(builder_.Filter(rows, Above(rows, 1, 8)).value(), 2).value(), "3"},
      {builder_.Repartition(builder_.Range(0, 7, 1, 2).value(), 3).value(), "7"},
  };
  for (const auto& [plan, count] : counted) {
    const PlanPtr counts = builder_.Aggregate(plan, {{"count", exec::Literal(1), "n"}}).value();
    ExpectColumns(*Rewritten(counts));
    EXPECT_EQ(Rows(counts), std::vector<std::string>{count}) << Explain(*counts);
  }
}

TEST_F(RewriteTest, APersistedNodeIsAWall) {
  const PlanPtr read = Read();
  const PlanPtr kept = builder_.Filter(read, Above(read, 2, 5)).value();
  const PlanPtr above = builder_.Filter(kept, Above(kept, 1, 7)).value();
  const PlanPtr named = builder_.Project(above, {{std::nullopt, ColumnAt(*above, 1)}}).value();
  const PlanPtr rewritten = Rewritten(named, kept);
  EXPECT_EQ(Explain(*rewritten),
            "== Plan ==\n"
            "Project -> [k]\n"
            "+- Project -> [k]\n"
            "   +- Filter (k > 7) -> [s, k, v]\n"
            "      +- Filter (v > 5) -> [s, k, v]\n"
            "         +- Read [2 partitions] -> [s, k, v]\n");
  const Plan& wall = *rewritten->input()->input()->input();
  ASSERT_NE(wall.original, nullptr);
  EXPECT_TRUE(SameSemantics(*wall.original, *kept));
}

TEST_F(RewriteTest, SubqueriesBecomeJoins) {
  const PlanPtr outer = Local(4, 4);
  const PlanPtr inner = Local(6, 3);  // k 0, 1, 2; v 0 to 5
  const ExprPtr reference = Reference(0, *outer->schema->field(0), "outer(k)");
  const PlanPtr own = builder_.Filter(inner, Call("==", {ColumnAt(*inner, 0), reference})).value();
  EXPECT_TRUE(RefersOut(*own));
  const std::vector<ExprPtr> values = {ColumnAt(*outer, 0)};
  const auto rows = Decorrelate(builder_, own, outer, values).value();
  EXPECT_FALSE(RefersOut(*rows.plan));
  ASSERT_EQ(rows.conditions.size(), 1U);
  EXPECT_EQ(exec::PrettyName(*rows.conditions[0]), "(k = outer(k))");
  EXPECT_FALSE(rows.whole);

  const PlanPtr counted = builder_.Aggregate(own, {{"count", exec::Literal(1), "n"}}).value();
  const auto groups = Decorrelate(builder_, counted, outer, values).value();
  EXPECT_TRUE(groups.whole);
  EXPECT_EQ(groups.plan->schema->num_fields(), 2);
  EXPECT_EQ(exec::PrettyName(*groups.columns[0]), "n");
  EXPECT_EQ(exec::PrettyName(*groups.defaults[1]), "0");

  // What no equality says takes the outer values along.
  const PlanPtr less = builder_.Filter(inner, Call("<", {ColumnAt(*inner, 1), reference})).value();
  const PlanPtr sum = builder_.Aggregate(less, {{"sum", ColumnAt(*less, 1), "s"}}).value();
  const auto domain = Decorrelate(builder_, sum, outer, values).value();
  ASSERT_EQ(domain.conditions.size(), 1U);
  EXPECT_EQ(Rows(domain.plan), (std::vector<std::string>{"1,0", "2,1", "3,3"}));
  EXPECT_TRUE(
      base::Is(Decorrelate(builder_, builder_.Limit(own, 1).value(), outer, values).status(),
               base::kUnsupported));
}

TEST_F(RewriteTest, AConditionDoesNotDoubleOnItsWayDown) {
  PlanPtr plan = Local(100, 100);
  for (int32_t i = 0; i < 40; ++i) {
    const ExprPtr x = ColumnAt(*plan, 0);
    const ExprPtr number = exec::Literal(i);
    plan = builder_
               .Project(plan,
                        {{"x", Call("when", {Call(">", {x, number}), Call("-", {x, number}), x})},
                         {std::nullopt, ColumnAt(*plan, 1)}})
               .value();
  }
  const PlanPtr filtered = builder_.Filter(plan, Above(plan, 0, 10)).value();
  const std::string text = Explain(*Rewritten(filtered));
  EXPECT_NE(text.find("+- Filter (CASE WHEN (x > 39) THEN (x - 39) ELSE x END > 10) -> [x, v]\n"),
            std::string::npos)
      << text.substr(0, 500);
  EXPECT_LT(text.size(), 20'000U);
  // What is a column as such goes through them all.
  const PlanPtr of_plain = builder_.Filter(plan, Above(plan, 1, 97)).value();
  EXPECT_EQ(Rows(of_plain).size(), 2U);
  EXPECT_NE(Explain(*Rewritten(of_plain)).find("+- Filter (v > 97)"), std::string::npos);
  // And what makes a condition longer, up to a limit.
  PlanPtr longer = Local(3, 3);
  for (int i = 0; i < 600; ++i) {
    longer = builder_.Project(longer, {{"k", Call("+", {ColumnAt(*longer, 0), exec::Literal(1)})}})
                 .value();
  }
  EXPECT_EQ(Rows(builder_.Filter(longer, Above(longer, 0, 601)).value()),
            (std::vector<std::string>{"602"}));
}

TEST_F(RewriteTest, ManyConditionsAreNoDeepExpression) {
  PlanPtr plan = Local(10, 10);
  const PlanPtr left = plan;
  for (int32_t i = 0; i < 1'500; ++i) {
    plan = builder_.Filter(plan, Above(plan, 1, i % 5)).value();
  }
  EXPECT_EQ(Rows(plan).size(), 5U);
  const PlanPtr cross = builder_.Cross(left, Local(10, 10)).value();
  std::vector<ExprPtr> conditions;
  for (int32_t i = 0; i < 1'500; ++i) {
    conditions.push_back(
        Call(">", {Call("+", {ColumnAt(*cross, 1), ColumnAt(*cross, 3)}), exec::Literal(i % 9)}));
  }
  PlanPtr joined = builder_.Join(cross, JoinKind::kInner, nullptr).value();
  for (const ExprPtr& one : conditions) joined = builder_.Filter(joined, one).value();
  EXPECT_EQ(Rows(joined).size(), 100U - 45U);
}

TEST_F(RewriteTest, WhatTextsAreEqualToIsNoKeyOfTheirs) {
  // '1' and '01' are two texts and one number: a row around has one group of both.
  arrow::StringBuilder texts;
  for (const char* text : {"1", "01", "2"}) ASSERT_TRUE(texts.Append(text).ok());
  const PlanPtr inner =
      builder_
          .Local(arrow::Table::Make(arrow::schema({arrow::field("s", arrow::utf8())}),
                                    {texts.Finish().ValueOrDie()}))
          .value();
  const PlanPtr outer = Local(4, 4);
  const ExprPtr reference = Reference(0, *outer->schema->field(0), "outer(k)");
  const PlanPtr own = builder_.Filter(inner, Call("==", {ColumnAt(*inner, 0), reference})).value();
  const std::vector<ExprPtr> values = {ColumnAt(*outer, 0)};
  const PlanPtr counted = builder_.Aggregate(own, {{"count", exec::Literal(1), "n"}}).value();
  const auto groups = Decorrelate(builder_, counted, outer, values).value();
  EXPECT_EQ(Rows(groups.plan), (std::vector<std::string>{"1,2", "2,1"}));
  const PlanPtr distinct =
      builder_.Distinct(builder_.Project(own, {{"one", exec::Literal(1)}}).value(), {0}).value();
  const auto rows = Decorrelate(builder_, distinct, outer, values).value();
  EXPECT_EQ(Rows(rows.plan), (std::vector<std::string>{"1,1", "1,2"}));
}

TEST_F(RewriteTest, AWindowMayReferOut) {
  const PlanPtr inner = Local(4, 4);
  const ExprPtr reference = Reference(0, *inner->schema->field(0), "outer(k)");
  const auto window = [&](exec::WindowSpec spec, const ExprPtr& arg) {
    return builder_.Window(inner, std::move(spec), {{{"sum", arg, "s"}}}).value();
  };
  const ExprPtr own = ColumnAt(*inner, 1);
  EXPECT_FALSE(RefersOut(*window({{own}, {{own}}}, own)));
  for (const PlanPtr& refers : {window({{reference}}, own), window({{}, {{reference}}}, own),
                                window({}, Call("+", {own, reference}))}) {
    EXPECT_TRUE(RefersOut(*refers));
    EXPECT_TRUE(base::Is(Decorrelate(builder_, refers, inner, {own}).status(), base::kUnsupported));
  }
}

TEST_F(RewriteTest, RulesStopAtRowsThatBecomeSeveral) {
  const PlanPtr input = Local(6, 3);
  const auto number = [](int64_t n) {
    return exec::Literal(std::make_shared<arrow::Int64Scalar>(n));
  };
  const auto stack = [&](const ExprPtr& first) {
    const exec::Generator generator{
        exec::Generator::Kind::kStack, false, {exec::Literal(2), first, number(9)}};
    return builder_.Generate(input, generator, {0}, {"x"}).value();
  };
  const PlanPtr stacked = stack(ColumnAt(*input, 1));
  const PlanPtr large = builder_.Filter(stacked, Above(stacked, 1, 4)).value();
  const PlanPtr made = builder_.Project(large, {{std::nullopt, ColumnAt(*large, 1)}}).value();
  const std::string text = Explain(*Rewritten(made));
  EXPECT_LT(text.find("Filter"), text.find("Generate stack")) << text;
  EXPECT_EQ(Rows(made), (std::vector<std::string>{"5", "9", "9", "9", "9", "9", "9"}));

  const ExprPtr null = exec::Literal(arrow::MakeNullScalar(arrow::int64()));
  const auto copies = [&](const ExprPtr& first) {
    return builder_
        .Expand(input, {{first, exec::Literal(0)}, {null, exec::Literal(1)}}, {"k", "set"},
                {-1, -1})
        .value();
  };
  const PlanPtr copied = copies(ColumnAt(*input, 0));
  const PlanPtr second = builder_.Filter(copied, Above(copied, 1, 0)).value();
  const PlanPtr keys = builder_.Project(second, {{std::nullopt, ColumnAt(*second, 0)}}).value();
  EXPECT_EQ(Rows(keys), std::vector<std::string>(6, "-"));

  const ExprPtr reference = Reference(0, *input->schema->field(0), "outer(k)");
  EXPECT_FALSE(RefersOut(*stacked) || RefersOut(*copied));
  EXPECT_TRUE(RefersOut(*stack(reference)) && RefersOut(*copies(reference)));
}

TEST_F(RewriteTest, APlanThatRefersOutDoesNotRun) {
  const PlanPtr rows = Local(4, 4);
  const ExprPtr reference = Reference(0, *rows->schema->field(0), "outer(k)");
  exec::Expr subquery = *Call("exists", {ColumnAt(*rows, 0)});
  subquery.ordinal = 0;
  const auto over = [&](const ExprPtr& e) {
    Plan plan = *builder_.Project(rows, {{"x", ColumnAt(*rows, 0)}}).value();
    plan.node = ProjectNode{{{"x", e}}};
    return plan;
  };
  for (const ExprPtr& e :
       {Call("+", {reference, exec::Literal(1)}), std::make_shared<const exec::Expr>(subquery)}) {
    EXPECT_TRUE(base::Is(Lower(over(e), runner_).status(), base::kInternal));
    EXPECT_TRUE(base::Is(
        CollectRows(*builder_.Limit(std::make_shared<Plan>(over(e)), 1).value(), runner_, nullptr),
        base::kInternal));
  }
}

/// The instants that a plan has in the place of its clocks: as literals, printed like the calls.
std::vector<std::string> Shown(const Plan& plan) {
  std::vector<std::string> shown;
  for (const PlanPtr& input : plan.inputs) {
    const auto below = Shown(*input);
    shown.insert(shown.end(), below.begin(), below.end());
  }
  if (const auto* project = std::get_if<ProjectNode>(&plan.node); project != nullptr) {
    for (const exec::NamedExpr& column : project->columns) {
      if (column.expr->kind != exec::Expr::Kind::kLiteral) continue;
      shown.push_back(base::Cat(exec::PrettyName(*column.expr), " ", column.name.value_or(""), " ",
                                column.expr->literal->ToString()));
    }
  }
  return shown;
}

TEST_F(RewriteTest, ClocksShowOneInstantAndWallsTheirOwn) {
  const auto wall = builder_.Project(Local(2, 2), {{"kept", Call("current_date", {})}}).value();
  const auto plan = builder_
                        .Project(wall, {{std::nullopt, ColumnAt(*wall, 0)},
                                        {std::nullopt, Call("current_date", {})}})
                        .value();
  const PlanPtr rewritten = Rewritten(plan, wall);
  constexpr int64_t kDay = 86'400'000'000;
  const PlanPtr set = AtInstant(rewritten, 3 * kDay, [](const Plan&) { return 2 * kDay; }).value();
  EXPECT_EQ(Shown(*set), (std::vector<std::string>{"current_date() kept 1970-01-03",
                                                   "current_date() current_date() 1970-01-04"}));
  EXPECT_EQ(set->schema->field(1)->name(), "current_date()");
}

TEST_F(RewriteTest, APlanWithoutClocksStaysAsItIs) {
  const PlanPtr plan = Rewritten(builder_.Filter(Local(2, 2), exec::Literal(true)).value());
  EXPECT_EQ(AtInstant(plan, 1, [](const Plan&) { return 0; }).value(), plan);
}

}  // namespace
}  // namespace soteria::plan
