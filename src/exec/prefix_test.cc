#include "src/exec/prefix.h"

#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <vector>

#include "src/table/table_for_test.h"

namespace soteria::exec {
namespace {

ExprPtr C(const char* name) { return ColumnNamed(name); }

TEST(Prefix, WhatIsMadeOfAPrefixIsAPrefix) {
  const auto table = table::TableForTest(
      arrow::schema({arrow::field("a", arrow::int32()), arrow::field("b", arrow::float64())}),
      {"[5, 1, null, 4, 2, 9, 7]", "[0.5, 1, 2, null, 4, 5, 6]"});
  const std::vector<OperatorPtr> operators = {
      Project({{"x", Call("+", {C("a"), C("a")})},
               {"r", Call("rand", {Literal(arrow::MakeScalar(int64_t{7}))})}}),
      Filter(Call(">", {C("a"), Literal(arrow::MakeScalar(int32_t{3}))})),
      LocalLimit(3),
      LocalTake(3),
      Sample(0.2, 0.8, false, 11),
      LocalSort(),
      LocalSortBy({{C("a"), false, true}}),
  };
  for (const OperatorPtr& op : operators) {
    const auto whole = op->Apply(table, 2);
    ASSERT_TRUE(whole.ok()) << op->kind();
    bool keeps = true;
    for (int64_t rows = 0; rows <= table->num_rows(); ++rows) {
      const auto part = op->Apply(table->Slice(0, rows), 2);
      ASSERT_TRUE(part.ok()) << op->kind();
      keeps = keeps && (*part)->Equals(*(*whole)->Slice(0, (*part)->num_rows()));
    }
    EXPECT_EQ(keeps, KeepsPrefix(op->kind())) << op->kind();
  }
  EXPECT_FALSE(KeepsPrefix("exec.something_new"));
}

TEST(Prefix, LimitsAreKnownByTheirBytes) {
  EXPECT_EQ(LimitOf("exec.limit", LocalLimit(5)->Encode()), 5);
  EXPECT_EQ(LimitOf("exec.take", LocalTake(7)->Encode()), 7);
  EXPECT_EQ(LimitOf("exec.drop", LocalLimit(5)->Encode()), std::nullopt);
  EXPECT_EQ(LimitOf("exec.limit", "xx"), std::nullopt);
  EXPECT_EQ(LimitOf("exec.limit", LocalLimit(-1)->Encode()), std::nullopt);
  const auto again = DecodeOperator("exec.take", LocalTake(7)->Encode());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->kind(), "exec.take");
}

}  // namespace
}  // namespace soteria::exec
