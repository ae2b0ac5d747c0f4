#include "src/plan/scope.h"

#include <gtest/gtest.h>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/exec/expression.h"
#include "src/plan/execute.h"
#include "src/plan/in_process_runner_for_test.h"
#include "src/table/types.h"

namespace soteria::plan {
namespace {

using exec::Call;
using exec::Literal;

class NoCatalog : public Catalog {
 public:
  base::StatusOr<Source> Resolve(const std::vector<std::string>& /*paths*/,
                                 const std::string& /*format*/,
                                 const ReadOptions& /*options*/) override {
    return base::Fail(base::kPathNotFound, "no paths");
  }
};

constexpr int64_t kBase = 1;
constexpr int64_t kElsewhere = 99;

class ScopeTest : public testing::Test {
 protected:
  /// id, x, y and a struct s<a, b>; the DataFrame kBase.
  PlanPtr Base() {
    const auto schema =
        *table::SchemaFromDdl("id int, x double, y double, s struct<a:int,b:string>");
    return Tagged(builder_.Local(arrow::Table::MakeEmpty(schema).ValueOrDie()).value(), kBase);
  }
  PlanPtr Select(const PlanPtr& input, const std::vector<std::string>& names) {
    Scope scope(input);
    std::vector<exec::NamedExpr> columns;
    for (const auto& name : names) columns.push_back({std::nullopt, scope.Resolve({name}).value()});
    return builder_.Project(input, std::move(columns)).value();
  }
  /// withColumn("x", 0)
  PlanPtr Shadowed(const PlanPtr& input) {
    std::vector<exec::NamedExpr> columns;
    for (int i = 0; i < input->schema->num_fields(); ++i) {
      columns.push_back({std::nullopt, ColumnAt(*input, i)});
    }
    columns[1] = {"x", Literal(0.0)};
    return builder_.Project(input, std::move(columns)).value();
  }
  static std::string Of(Scope& scope, const Scope::Name& name, std::optional<int64_t> tag = {}) {
    const auto column = scope.Resolve(name, tag);
    if (!column.ok()) return base::ConditionName(column.status());
    return std::to_string((*column)->ordinal) + " " + exec::PrettyName(**column);
  }
  static std::string In(const PlanPtr& input, const Scope::Name& name,
                        std::optional<int64_t> tag = {}) {
    Scope scope(input);
    return Of(scope, name, tag);
  }
  static std::string Names(const Plan& plan) {
    std::string names;
    for (const auto& field : plan.schema->fields()) names += field->name() + " ";
    return names;
  }

  NoCatalog catalog_;
  Builder builder_{catalog_};
};

TEST_F(ScopeTest, NamesAreColumnsAndTheirFields) {
  EXPECT_EQ(In(Base(), {"x"}), "1 x");
  EXPECT_EQ(In(Base(), {"X"}), "1 X");
  EXPECT_EQ(In(Base(), {"s", "a"}), "3 s.a");
  EXPECT_EQ(In(Base(), {"t", "x"}), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  const PlanPtr aliased = builder_.Alias(Base(), "s");
  EXPECT_EQ(In(aliased, {"S", "x"}), "1 x");
  EXPECT_EQ(In(aliased, {"s", "a"}), "3 s.a");       // no column a: field a of column s
  EXPECT_EQ(In(aliased, {"s", "s", "a"}), "3 s.a");  // by qualifier first
}

TEST_F(ScopeTest, AColumnThatIsThereTwiceIsOne) {
  EXPECT_EQ(In(Select(Base(), {"y", "x", "x"}), {"x"}), "1 x");
  const PlanPtr two =
      builder_
          .Project(Base(), {{std::nullopt, exec::Input(1, {"x"})}, {"x", exec::Input(2, {"y"})}})
          .value();
  Scope scope(two);
  const auto ambiguous = scope.Resolve({"X"});
  EXPECT_EQ(base::ConditionName(ambiguous.status()), "AMBIGUOUS_REFERENCE");
  EXPECT_EQ(base::Message(ambiguous.status()), "Reference `X` is ambiguous, could be: [`X`, `X`].");
  EXPECT_EQ(Of(scope, {"x"}, kBase), "0 x");  // of the DataFrame's column there is one
}

TEST_F(ScopeTest, ADataFramesColumnIsThatColumnAndNoOther) {
  const PlanPtr base = Base();
  EXPECT_EQ(In(Select(base, {"y", "x"}), {"x"}, kBase), "1 x");
  EXPECT_EQ(In(Shadowed(base), {"x"}), "1 x");
  EXPECT_EQ(In(Shadowed(base), {"x"}, kBase), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  EXPECT_EQ(In(Shadowed(base), {"y"}, kBase), "2 y");
  EXPECT_EQ(In(base, {"x"}, kElsewhere), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  EXPECT_EQ(In(base, {"nope"}, kBase), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  Scope scope(Shadowed(base));
  EXPECT_EQ(base::Message(scope.Resolve({"s.t", "a b"}, kBase).status()),
            "Cannot resolve dataframe column \"`s.t`.a b\". It's probably because of illegal "
            "references like `df1.select(df2.col(\"a\"))`.");
}

TEST_F(ScopeTest, FiltersReachWhatASelectDropped) {
  const PlanPtr base = Base();
  const PlanPtr narrow = builder_.Limit(Select(Shadowed(base), {"id", "x"}), 5).value();
  Scope scope(narrow, Scope::Missing::kAdd);
  EXPECT_EQ(Of(scope, {"x"}), "1 x");         // the new one, by its name
  EXPECT_EQ(Of(scope, {"x"}, kBase), "2 x");  // the old one
  EXPECT_EQ(Of(scope, {"y"}), "3 y");
  EXPECT_EQ(Of(scope, {"x"}, kBase), "2 x");
  EXPECT_EQ(Of(scope, {"s", "b"}), "4 s.b");
  const PlanPtr wider = scope.Input(builder_).value();
  EXPECT_EQ(Names(*wider), "id x x y s ");
  ASSERT_TRUE(std::holds_alternative<LimitNode>(wider->node));
  // Not through a name for the whole, nor through groups.
  Scope aliased(builder_.Alias(narrow, "t"), Scope::Missing::kAdd);
  EXPECT_EQ(Of(aliased, {"y"}), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(Of(aliased, {"x"}, kBase), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  const PlanPtr groups =
      builder_.Aggregate(base, {{"count", nullptr, "n"}}, {{exec::Input(1, {"x"})}}).value();
  Scope grouped(groups, Scope::Missing::kAdd);
  EXPECT_EQ(Of(grouped, {"x"}, kBase), "0 x");
  EXPECT_EQ(Of(grouped, {"y"}, kBase), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(Of(grouped, {"nope"}, kBase), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  // sum(x) AS x: Spark's filter by the old x takes the new one.
  const PlanPtr sums = builder_.Aggregate(base, {{"sum", exec::Input(1, {"x"}), "x"}}).value();
  Scope summed(sums, Scope::Missing::kAdd);
  EXPECT_EQ(Of(summed, {"x"}, kBase), "0 x");
  EXPECT_EQ(In(sums, {"x"}, kBase), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  Scope above(Tagged(Select(Tagged(groups, 2), {"n"}), 3), Scope::Missing::kAdd);
  EXPECT_EQ(Of(above, {"x"}), "1 x");
  EXPECT_EQ(Of(above, {"y"}, kBase), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
}

TEST_F(ScopeTest, StarsAreTheColumnsThatTheySay) {
  const auto count = [&](const PlanPtr& plan, const Scope::Name& qualifier,
                         std::optional<int64_t> tag = {}) -> std::string {
    const auto columns = Scope(plan).Star(qualifier, tag);
    return columns.ok() ? std::to_string(columns->size()) : base::ConditionName(columns.status());
  };
  const PlanPtr base = Base();
  EXPECT_EQ(count(base, {}), "4");
  EXPECT_EQ(count(base, {"s"}), "2");
  EXPECT_EQ(count(base, {"u"}), "CANNOT_RESOLVE_STAR_EXPAND");
  EXPECT_EQ(count(base, {"x"}), "CANNOT_RESOLVE_STAR_EXPAND");
  EXPECT_EQ(count(builder_.Alias(base, "t"), {"T"}), "4");
  EXPECT_EQ(count(builder_.Limit(base, 1).value(), {}, kBase), "4");
  EXPECT_EQ(count(Shadowed(base), {}, kBase), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  EXPECT_EQ(count(base, {}, kElsewhere), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
}

TEST_F(ScopeTest, SuggestionsComeInSparksOrder) {
  const auto schema = *table::SchemaFromDdl(
      "label int, lable int, features int, feature int, age int, label2 int, weight int");
  const PlanPtr table = builder_.Local(arrow::Table::MakeEmpty(schema).ValueOrDie()).value();
  Scope plain(table);
  EXPECT_EQ(base::Message(plain.Resolve({"labl"}).status()),
            "A column, variable, or function parameter with name `labl` cannot be resolved. Did "
            "you mean one of the following? [`label`, `lable`, `age`, `label2`, `feature`].");
  Scope aliased(builder_.Alias(table, "t"));
  EXPECT_EQ(base::Message(aliased.Resolve({"t", "labl"}).status()),
            "A column, variable, or function parameter with name `t`.`labl` cannot be resolved. "
            "Did you mean one of the following? [`t`.`label`, `t`.`lable`, `t`.`age`, "
            "`t`.`label2`, `t`.`feature`].");
}

}  // namespace
}  // namespace soteria::plan
