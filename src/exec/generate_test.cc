// Expected rows and texts are from Spark 4.3, local[1].
#include "src/exec/generate.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/exec/operator_for_test.h"
#include "src/exec/prefix.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using TablePtr = std::shared_ptr<arrow::Table>;

TablePtr Lists() {
  return table::TableForTest(
      *table::SchemaFromDdl("id int, xs array<int>, ps array<struct<n:int,t:string>>"),
      {"[1, 2, 3, 4]", "[[1, null, 3], [], null, [4]]",
       R"([[[1, "x"], null], [], null, [[3, "z"]]])"});
}

TablePtr Apply(const OperatorPtr& op, const TablePtr& table, uint64_t partition = 0) {
  EXPECT_TRUE(KeepsPrefix(op->kind()));
  const std::vector<int> passes = op->Passes(*table->schema()).value();
  for (const int from : passes) EXPECT_EQ(from, -1);
  return ApplyForTest(op, table, partition);
}

/// Rows as text: "1 x|2 null".
std::string Rows(const arrow::Table& table) {
  std::string text;
  for (int64_t i = 0; i < table.num_rows(); ++i) {
    text += i > 0 ? "|" : "";
    for (int c = 0; c < table.num_columns(); ++c) {
      text += (c > 0 ? " " : "") + table.column(c)->GetScalar(i).ValueOrDie()->ToString();
    }
  }
  return text;
}

TablePtr Maps() {
  return table::TableForTest(*table::SchemaFromDdl("id int, m map<int,string>"),
                             {"[1, 2, 3, 4]", R"([[[7, "x"], [8, null]], [], null, [[9, "z"]]])"});
}

Generator Of(const std::string& name, std::vector<ExprPtr> args) {
  return GeneratorOf(*Call(name, std::move(args))).value();
}

TEST(Generate, ExplodeMaps) {
  const auto made = Apply(Generate(Of("explode", {Column("m")}), {0}, {"k", "v"}), Maps());
  EXPECT_EQ(Rows(*made), "1 7 x|1 8 null|4 9 z");
  EXPECT_FALSE(made->field(1)->nullable());
  EXPECT_EQ(Rows(*Apply(Generate(Of("posexplode_outer", {Column("m")}), {}, {"p", "k", "v"}),
                        Maps()->Slice(1))),
            "null null null|null null null|0 9 z");
}

TEST(Generate, Explode) {
  EXPECT_EQ(Rows(*Apply(Generate(Of("explode", {Column("xs")}), {0}, {"x"}), Lists())),
            "1 1|1 null|1 3|4 4");
  EXPECT_EQ(Rows(*Apply(Generate(Of("explode_outer", {Column("xs")}), {0}, {"x"}), Lists())),
            "1 1|1 null|1 3|2 null|3 null|4 4");
  EXPECT_EQ(Rows(*Apply(Generate(Of("posexplode", {Column("xs")}), {}, {"p", "x"}), Lists())),
            "0 1|1 null|2 3|0 4");
  const auto outer =
      Apply(Generate(Of("posexplode_outer", {Column("xs")}), {0}, {"p", "x"}), Lists());
  EXPECT_EQ(Rows(*outer), "1 0 1|1 1 null|1 2 3|2 null null|3 null null|4 0 4");
  EXPECT_TRUE(outer->field(1)->nullable());
}

TEST(Generate, Inline) {
  EXPECT_EQ(Rows(*Apply(Generate(Of("inline", {Column("ps")}), {0}, {"a", "b"}), Lists())),
            "1 1 x|1 null null|4 3 z");
  EXPECT_EQ(Rows(*Apply(Generate(Of("inline_outer", {Column("ps")}), {0}, {"a", "b"}), Lists())),
            "1 1 x|1 null null|2 null null|3 null null|4 3 z");
}

TEST(Generate, Stack) {
  const auto generator = Of("stack", {Literal(2), Column("id"), Literal(std::string_view("a")),
                                      Literal(arrow::MakeNullScalar(arrow::null()))});
  EXPECT_EQ(Rows(*Apply(Generate(generator, {}, {"n", "s"}), Lists()->Slice(0, 2))),
            "1 a|null null|2 a|null null");
  const auto wrong = Of("stack", {Literal(2), Literal(1), Literal(std::string_view("a"))});
  EXPECT_EQ(base::ConditionName(GeneratorFields(wrong, *Lists()->schema()).status()),
            "DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES");
  EXPECT_FALSE(GeneratorOf(*Call("stack", {Literal(2)})).ok());
}

TEST(Generate, SizesAreSaidBeforeTheyAreMade) {
  uint64_t asked = 0;
  const auto op = Generate(Of("stack", {Literal(1000), Column("id")}), {0}, {"n"});
  const auto refused = op->ApplyWithin(Lists(), 0, [&](uint64_t bytes) {
    asked = bytes;
    return base::Fail(base::kMemoryLimit, "no room");
  });
  EXPECT_TRUE(base::Is(refused.status(), base::kMemoryLimit));
  EXPECT_GE(asked, 4000 * sizeof(int64_t));
  const auto many = Generate(Of("stack", {Literal(1 << 28), Column("id")}), {}, {"n"});
  EXPECT_TRUE(base::Is(many->Apply(Lists(), 0).status(), base::kMemoryLimit));
}

// What is evaluated for a generator is counted as it is made, and stays counted.
TEST(Generate, EvaluatedValuesAreCounted) {
  std::vector<uint64_t> asked;
  const auto admit = [&](uint64_t bytes) {
    asked.push_back(bytes);
    return base::OkStatus();
  };
  constexpr uint64_t kElements = 10'000;
  const auto one = Lists()->Slice(0, 1);
  const auto made = Call("sequence", {Literal(1), Literal(static_cast<int32_t>(kElements))});
  ASSERT_TRUE(Generate(Of("explode", {made}), {}, {"x"})->ApplyWithin(one, 0, admit).ok());
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_GE(asked[0], kElements * sizeof(int32_t));
  EXPECT_GE(asked[1], asked[0] + kElements * sizeof(int64_t));
  EXPECT_GE(asked[2], asked[1]);
  asked.clear();
  // The table has its own columns already.
  ASSERT_TRUE(
      Generate(Of("explode", {Input(1, {"xs"})}), {}, {"x"})->ApplyWithin(one, 0, admit).ok());
  EXPECT_EQ(asked[0], 0U);

  constexpr int kValues = 50;
  constexpr uint64_t kText = 10'000;
  std::vector<ExprPtr> args = {Literal(kValues)};
  for (int i = 0; i < kValues; ++i) {
    args.push_back(
        Call("repeat", {Literal(std::string_view("x")), Literal(static_cast<int32_t>(kText))}));
  }
  uint64_t last = 0;
  const auto refused =
      Generate(Of("stack", args), {}, {"s"})->ApplyWithin(Lists(), 0, [&](uint64_t bytes) {
        last = bytes;
        return bytes < 10 * kText ? base::OkStatus() : base::Fail(base::kMemoryLimit, "no room");
      });
  EXPECT_TRUE(base::Is(refused.status(), base::kMemoryLimit));
  // Refused at the second of fifty, each of four rows twice.
  EXPECT_LT(last, 20 * kText);
}

TEST(Generate, ExpandOfTablesWithoutColumns) {
  const auto none = [](int64_t rows) {
    return arrow::Table::Make(arrow::schema({}), arrow::ChunkedArrayVector{}, rows);
  };
  const auto op = Expand({{Literal(0)}, {Literal(1)}}, {"id"});
  EXPECT_EQ(Rows(*Apply(op, none(3))), "0|1|0|1|0|1");
  EXPECT_EQ(Apply(op, none(0))->num_rows(), 0);
}

TEST(Generate, ExpandTakesTurns) {
  const auto null = Literal(arrow::MakeNullScalar(arrow::int32()));
  const auto op = Expand({{Column("id"), Literal(0)}, {null, Literal(1)}}, {"id", "set"});
  EXPECT_EQ(Rows(*Apply(op, Lists()->Slice(0, 2))), "1 0|null 1|2 0|null 1");
  EXPECT_EQ(Apply(op, Lists()->Slice(0, 0))->num_rows(), 0);
  // As unpivot has them: of each copy another column.
  const auto others = Expand({{Column("id")}, {Call("+", {Column("id"), Column("id")})}}, {"n"});
  EXPECT_EQ(Rows(*Apply(others, Lists()->Slice(0, 2))), "1|2|2|4");
  EXPECT_TRUE(op->OutputSchema(*Lists()->schema()).value()->field(0)->nullable());
}

TEST(Generate, SamplesWithReplacementAreAFunctionOfTheSeed) {
  std::string json = "[";
  for (int i = 0; i < 1000; ++i) json += (i > 0 ? "," : "") + std::to_string(i);
  const auto table = table::TableForTest(*table::SchemaFromDdl("id int"), {json + "]"});
  const auto once = Apply(SampleAgain(1.5, 7), table, 1);
  EXPECT_NEAR(static_cast<double>(once->num_rows()), 1500, 150);
  EXPECT_TRUE(once->Equals(*Apply(SampleAgain(1.5, 7), table, 1)));
  EXPECT_FALSE(once->Equals(*Apply(SampleAgain(1.5, 7), table, 0)));
  EXPECT_EQ(Apply(SampleAgain(0, 7), table)->num_rows(), 0);
  EXPECT_FALSE(SampleAgain(-1, 7)->OutputSchema(*table->schema()).ok());
  EXPECT_FALSE(SampleAgain(40, 7)->OutputSchema(*table->schema()).ok());
}

TEST(Generate, BytesOfAnyOriginAreChecked) {
  base::FieldWriter out;
  out.AddU64(9).AddBool(false).AddU64(0).AddU64(0).AddU64(0);
  EXPECT_FALSE(DecodeOperator("exec.generate", out.bytes()).ok());
  base::FieldWriter none;
  none.AddU64(0).AddU64(0);
  EXPECT_FALSE(DecodeOperator("exec.expand", none.bytes()).ok());
  const auto op = Generate(Of("explode", {Column("xs")}), {7}, {"x"});
  EXPECT_FALSE(op->OutputSchema(*Lists()->schema()).ok());
  EXPECT_FALSE(Generate(Of("explode", {Column("xs")}), {}, {"x", "y"})
                   ->OutputSchema(*Lists()->schema())
                   .ok());
}

}  // namespace
}  // namespace soteria::exec
