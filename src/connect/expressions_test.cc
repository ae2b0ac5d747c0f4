#include "src/connect/expressions.h"

#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "src/base/errors.h"
#include "src/connect/aggregates.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

Expression Attribute(const std::string& name) {
  Expression e;
  e.mutable_unresolved_attribute()->set_unparsed_identifier(name);
  return e;
}

Expression Call(const std::string& name, const std::vector<Expression>& args) {
  Expression e;
  e.mutable_unresolved_function()->set_function_name(name);
  for (const auto& arg : args) *e.mutable_unresolved_function()->add_arguments() = arg;
  return e;
}

Expression Number(int value) {
  Expression e;
  e.mutable_literal()->set_integer(value);
  return e;
}

class NoCatalog : public plan::Catalog {
 public:
  base::StatusOr<plan::Source> Resolve(const std::vector<std::string>& /*paths*/,
                                       const std::string& /*format*/,
                                       const plan::ReadOptions& /*options*/) override {
    return base::Fail(base::kPathNotFound, "no paths");
  }
};

class ExpressionsTest : public testing::Test {
 protected:
  plan::PlanPtr Table() {
    const auto schema =
        arrow::schema({arrow::field("a", arrow::int32()), arrow::field("b", arrow::int32())});
    const auto local = builder_.Local(arrow::Table::MakeEmpty(schema).ValueOrDie()).value();
    return builder_.Alias(local, "t");
  }

  NoCatalog catalog_;
  plan::Builder builder_{catalog_};
  plan::Scope scope_{Table()};
  const ExpressionConverter converter_{scope_, {}};

  std::string Name(const Expression& e) {
    const auto converted = converter_.Convert(e);
    return converted.ok() ? exec::PrettyName(**converted) : base::ConditionName(converted.status());
  }
  std::vector<std::string> Names(const std::vector<Expression>& expressions) {
    google::protobuf::RepeatedPtrField<Expression> field(expressions.begin(), expressions.end());
    const auto columns = converter_.ConvertAll(field);
    if (!columns.ok()) return {base::ConditionName(columns.status())};
    std::vector<std::string> names;
    for (const auto& column : *columns) {
      names.push_back(exec::NameOf(column));
    }
    return names;
  }
};

TEST_F(ExpressionsTest, Functions) {
  EXPECT_EQ(Name(Call("+", {Attribute("a"), Number(1)})), "(a + 1)");
  EXPECT_EQ(Name(Call("isNull", {Attribute("a")})), "(a IS NULL)");
  EXPECT_EQ(Name(Call("!=", {Attribute("a"), Number(1)})), "(NOT (a = 1))");
  EXPECT_EQ(Name(Attribute("t.a")), "a");
}

TEST_F(ExpressionsTest, ColumnsOfAProjection) {
  Expression star;
  star.mutable_unresolved_star();
  Expression of_t;
  of_t.mutable_unresolved_star()->set_unparsed_target("t.*");
  Expression of_u;
  of_u.mutable_unresolved_star()->set_unparsed_target("u.*");
  Expression alias;
  *alias.mutable_alias()->mutable_expr() = Attribute("a");
  alias.mutable_alias()->add_name("x");
  Expression text;
  text.mutable_expression_string()->set_expression("a + b AS sum");
  using Strings = std::vector<std::string>;
  EXPECT_EQ(Names({star}), (Strings{"a", "b"}));
  EXPECT_EQ(Names({of_t, alias, text}), (Strings{"a", "b", "x", "sum"}));
  EXPECT_EQ(Names({Attribute("A")}), Strings{"A"});
  EXPECT_EQ(Names({of_u}), Strings{"CANNOT_RESOLVE_STAR_EXPAND"});
  for (const std::string& metadata : {std::string("[]"), "{\"a\":" + std::string(100'000, '[')}) {
    alias.mutable_alias()->set_metadata(metadata);
    EXPECT_EQ(Names({alias}), Strings{"INVALID_PARAMETER_VALUE"});
  }
  alias.mutable_alias()->clear_metadata();
  alias.mutable_alias()->add_name("y");
  EXPECT_EQ(Names({alias}), Strings{"MULTI_ALIAS_WITHOUT_GENERATOR"});
}

TEST_F(ExpressionsTest, PythonIsRefused) {
  Expression e;
  auto* function = e.mutable_common_inline_user_defined_function();
  function->set_function_name("twice");
  function->mutable_python_udf();
  const auto converted = converter_.Convert(e);
  ASSERT_FALSE(converted.ok());
  EXPECT_EQ(base::ExceptionName(converted.status()), "java.lang.UnsupportedOperationException");
  EXPECT_NE(base::Message(converted.status()).find("twice"), std::string::npos);
}

TEST_F(ExpressionsTest, UnknownNodesAreNamed) {
  Expression e;
  e.mutable_merge_action();
  const auto converted = converter_.Convert(e);
  ASSERT_FALSE(converted.ok());
  EXPECT_NE(base::Message(converted.status()).find("DataFrame.mergeInto"), std::string::npos);
  EXPECT_FALSE(converter_.Convert(Expression()).ok());
}

TEST_F(ExpressionsTest, DepthIsBounded) {
  Expression e = Attribute("a");
  for (int i = 0; i < exec::kExprDepthMax + 2; ++i) {
    Expression outer;
    outer.mutable_unresolved_function()->set_function_name("negative");
    outer.mutable_unresolved_function()->add_arguments()->Swap(&e);
    e.Swap(&outer);
  }
  EXPECT_FALSE(converter_.Convert(e).ok());
}

TEST_F(ExpressionsTest, AggregatesAreSplitOff) {
  const auto sum = *converter_.Convert(Call("sum", {Attribute("a")}));
  const auto plain = SplitAggregates({{std::nullopt, sum}});
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(plain->plain);
  EXPECT_EQ(plain->calls[0].name, "sum(a)");
  const auto mixed =
      SplitAggregates({{"d", *converter_.Convert(Call("-", {Call("max", {Attribute("a")}),
                                                            Call("min", {Attribute("a")})}))}});
  ASSERT_TRUE(mixed.ok());
  EXPECT_FALSE(mixed->plain);
  EXPECT_EQ(mixed->calls.size(), 2U);
  EXPECT_EQ(mixed->columns[0].name, "d");
  EXPECT_FALSE(SplitAggregates({{std::nullopt, exec::ColumnNamed("a")}}).ok());
  EXPECT_FALSE(SplitAggregates({{std::nullopt, *converter_.Convert(
                                                   Call("sum", {Call("max", {Attribute("a")})}))}})
                   .ok());
}

TEST_F(ExpressionsTest, GroupingExpressionsAreFoundAgain) {
  const auto convert = [&](Expression e) { return *converter_.Convert(e); };
  const auto key = convert(Call("%", {Attribute("a"), Attribute("b")}));
  const auto again = convert(Call("%", {Attribute("A"), Attribute("B")}));
  const auto count = convert(Call("count", {Attribute("a")}));
  const auto plain = SplitAggregates({{"n", count}}, {{std::nullopt, key}});
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(plain->plain);
  EXPECT_EQ(exec::PrettyName(*plain->keys[0].expr), "(a % b)");
  const auto mixed =
      SplitAggregates({{"x", exec::Call("+", {again, count})}}, {{std::nullopt, key}});
  ASSERT_TRUE(mixed.ok());
  EXPECT_EQ(exec::PrettyName(*mixed->columns[1].expr), "((A % B) + _agg0)");
  EXPECT_EQ(base::ConditionName(
                SplitAggregates({{std::nullopt, exec::ColumnNamed("a")}}, {{std::nullopt, key}})
                    .status()),
            "MISSING_AGGREGATION");
  EXPECT_EQ(base::ConditionName(SplitAggregates({}, {{std::nullopt, count}}).status()),
            "GROUP_BY_AGGREGATE");
}

TEST_F(ExpressionsTest, SummarizerSendsItsMetricsFirst) {
  const auto metrics = exec::Call(
      "array", {exec::Literal(std::string_view("mean")), exec::Literal(std::string_view("std"))});
  const auto column = exec::Column("v");
  const auto call = [&](std::vector<exec::ExprPtr> args) {
    return SplitAggregates({{std::nullopt, exec::Call("aggregate_metrics", std::move(args))}});
  };
  const auto split = call({metrics, column, exec::Literal(1.0)});
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->calls[0].name, "aggregate_metrics(v, 1.0)");
  EXPECT_EQ(split->calls[0].metrics, (std::vector<std::string>{"mean", "std"}));
  EXPECT_FALSE(call({metrics, column}).ok());
  EXPECT_FALSE(call({exec::Call("array", {}), column, exec::Literal(1.0)}).ok());
  EXPECT_FALSE(call({exec::Call("array", {column}), column, exec::Literal(1.0)}).ok());
  EXPECT_FALSE(call({exec::Literal(std::string_view("mean")), column, exec::Literal(1.0)}).ok());
}

TEST_F(ExpressionsTest, CountStar) {
  Expression star;
  star.mutable_unresolved_star();
  EXPECT_EQ(Name(Call("count", {star})), "count(1)");
  EXPECT_EQ(Name(Call("greatest", {star, Number(1)})), "greatest(a, b, 1)");
}

}  // namespace
}  // namespace soteria::connect
