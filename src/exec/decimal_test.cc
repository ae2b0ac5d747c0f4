// Expected values, types and texts are from Spark 4.3 with ANSI on.
#include "src/table/decimal.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/cell_text.h"
#include "src/exec/expression.h"
#include "src/exec/murmur3.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using table::ArrayForTest;
using table::TableForTest;

ExprPtr Number(std::string_view text, int precision, int scale) {
  const auto value = table::ToDecimal(*table::ParseBigDecimal(text), {precision, scale});
  return Literal(std::make_shared<arrow::Decimal128Scalar>(table::ToArrow(*value),
                                                           arrow::decimal128(precision, scale)));
}

std::shared_ptr<arrow::Table> Rows() {
  const auto schema = *table::SchemaFromDdl(
      "a decimal(10,2), b decimal(5,4), c decimal(38,18), w decimal(38,0), i int, x double, s "
      "string");
  return TableForTest(
      schema, {R"(["12345678.90"])", R"(["-0.5000"])", R"(["1.500000000000000001"])",
               R"(["12345678901234567890123456789012345678"])", "[3]", "[2.5]", R"(["1.5"])"});
}

/// "type: value", or the error's class and text.
std::string Value(const ExprPtr& e) {
  const auto rows = Rows();
  const auto field = TypeOf(*e, *rows->schema());
  if (!field.ok()) {
    return base::Cat(base::ConditionName(field.status()), ": ", base::Message(field.status()));
  }
  const auto again = DecodeExpr(EncodeExpr(*e));
  EXPECT_TRUE(again.ok()) << base::Message(again.status());
  const auto values = Evaluate(**again, *rows);
  if (!values.ok()) {
    return base::Cat(base::ConditionName(values.status()), ": ", base::Message(values.status()));
  }
  EXPECT_TRUE((*values)->ValidateFull().ok());
  return base::Cat(table::TypeName(**field), ": ",
                   ShowText(**field, *(*values)->chunk(0), 0, table::TimeZone()));
}

std::string Of(const char* function, const char* a, const char* b) {
  return Value(Call(function, {Column(a), Column(b)}));
}

TEST(Decimals, ResultsOfArithmetic) {
  EXPECT_EQ(Of("+", "a", "b"), "decimal(13,4): 12345678.4000");
  EXPECT_EQ(Of("-", "a", "b"), "decimal(13,4): 12345679.4000");
  EXPECT_EQ(Of("*", "a", "b"), "decimal(16,6): -6172839.450000");
  EXPECT_EQ(Of("/", "a", "b"), "decimal(20,8): -24691357.80000000");
  EXPECT_EQ(Of("%", "a", "b"), "decimal(5,4): 0.4000");
  EXPECT_EQ(Of("div", "a", "b"), "bigint: -24691357");
}

TEST(Decimals, ResultsBeyond38DigitsLoseThoseBehindThePoint) {
  EXPECT_EQ(Of("*", "c", "c"), "decimal(38,6): 2.250000");
  EXPECT_EQ(Value(Call("/", {Literal(int32_t{1}), Number("3.0", 2, 1)})), "decimal(8,6): 0.333333");
}

TEST(Decimals, ADifferenceBeyond128BitsIsRoundedUp) {
  // Its division by 10^18 is one where Arrow's quotient is too near to zero.
  const ExprPtr a = Number("-500000000000000000", 18, 0);
  const ExprPtr b = Number("-0.0000000000000000000000000000000000009", 37, 37);
  EXPECT_EQ(Value(Call("-", {a, b})), "decimal(38,19): -500000000000000000.0000000000000000000");
}

TEST(Decimals, OperandsOfOtherTypes) {
  EXPECT_EQ(Value(Call("*", {Column("a"), Literal(int32_t{2})})), "decimal(12,2): 24691357.80");
  EXPECT_EQ(Of("*", "a", "i"), "decimal(21,2): 37037036.70");
  EXPECT_EQ(Of("+", "a", "x"), "double: 1.23456814E7");
  EXPECT_EQ(Of("+", "a", "s"), "double: 1.23456804E7");
  EXPECT_EQ(Value(Call("==", {Number("1.5", 2, 1), Number("1.50", 3, 2)})), "boolean: true");
  EXPECT_EQ(Value(Call("coalesce", {Column("b"), Column("i")})), "decimal(14,4): -0.5000");
  EXPECT_EQ(Value(Call("-", {Column("b")})), "decimal(5,4): 0.5000");
  EXPECT_EQ(Value(Call("abs", {Column("b")})), "decimal(5,4): 0.5000");
}

TEST(Decimals, Failures) {
  EXPECT_EQ(Value(Call("/", {Column("a"), Number("0.0", 2, 1)})).substr(0, 15), "DIVIDE_BY_ZERO:");
  EXPECT_EQ(Value(Call("%", {Column("a"), Number("0.0", 2, 1)})).substr(0, 18),
            "REMAINDER_BY_ZERO:");
  EXPECT_EQ(Value(Call("*", {Column("w"), Literal(int32_t{10})})),
            "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION:  "
            "123456789012345678901234567890123456780 cannot be represented as Decimal(38, 0). If "
            "necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error, and "
            "return NULL instead.");
  EXPECT_EQ(Value(Cast(Column("a"), arrow::decimal128(4, 1))),
            "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION:  12345678.90 cannot be represented as "
            "Decimal(4, 1). If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass "
            "this error, and return NULL instead.");
  EXPECT_EQ(Value(TryCast(Column("a"), arrow::decimal128(4, 1))), "decimal(4,1): NULL");
  EXPECT_EQ(Value(Cast(Literal(std::string_view("1e39")), arrow::decimal128(38, 0))),
            "NUMERIC_OUT_OF_SUPPORTED_RANGE: The value 1e39 cannot be interpreted as a numeric "
            "since it has more than 38 digits.");
  EXPECT_EQ(Value(Cast(Column("a"), arrow::int16())),
            "CAST_OVERFLOW: The value 12345678.90BD of the type \"DECIMAL(10,2)\" cannot be cast "
            "to \"SMALLINT\" due to an overflow. Use `try_cast` to tolerate overflow and return "
            "NULL instead.");
}

TEST(Decimals, Casts) {
  EXPECT_EQ(Value(Cast(Column("a"), arrow::int32())), "int: 12345678");
  EXPECT_EQ(Value(Cast(Column("b"), arrow::int8())), "tinyint: 0");
  EXPECT_EQ(Value(Cast(Column("a"), arrow::float64())), "double: 1.23456789E7");
  EXPECT_EQ(Value(Cast(Column("c"), arrow::utf8())), "string: 1.500000000000000001");
  EXPECT_EQ(Value(Cast(Column("b"), arrow::boolean())), "boolean: true");
  EXPECT_EQ(Value(Cast(Column("b"), arrow::decimal128(3, 0))), "decimal(3,0): -1");
  EXPECT_EQ(Value(Cast(Column("x"), arrow::decimal128(3, 0))), "decimal(3,0): 3");
  EXPECT_EQ(Value(Cast(Column("s"), arrow::decimal128(5, 3))), "decimal(5,3): 1.500");
  EXPECT_EQ(Value(Cast(Literal(true), arrow::decimal128(2, 1))), "decimal(2,1): 1.0");
  EXPECT_EQ(Value(Cast(Literal(0.0 / 0.0), arrow::decimal128(2, 1))), "decimal(2,1): NULL");
}

TEST(Decimals, Rounding) {
  const auto places = [](const char* function, const char* column, int32_t n) {
    return Value(Call(function, {Column(column), Literal(n)}));
  };
  EXPECT_EQ(places("round", "a", 1), "decimal(10,1): 12345678.9");
  EXPECT_EQ(places("round", "a", -2), "decimal(9,0): 12345700");
  EXPECT_EQ(places("bround", "b", 0), "decimal(2,0): 0");
  EXPECT_EQ(places("ceil", "a", 1), "decimal(10,1): 12345678.9");
  EXPECT_EQ(Value(Call("ceil", {Column("a")})), "decimal(9,0): 12345679");
  EXPECT_EQ(Value(Call("floor", {Column("b")})), "decimal(2,0): -1");
  EXPECT_EQ(places("floor", "x", 0), "decimal(16,0): 2");
}

TEST(Decimals, PrintAsBigDecimals) {
  EXPECT_EQ(PrettyName(*Call("+", {Column("a"), Number("0.0000001", 7, 7)})), "(a + 1E-7)");
  EXPECT_EQ(PrettyName(*Number("1.50", 3, 2)), "1.50");
}

TEST(Decimals, HashesAreSparks) {
  const auto hash = [](const char* json, int precision, int scale) {
    return static_cast<int32_t>(
        (*HashRows({ArrayForTest(arrow::decimal128(precision, scale), json)}, 1))[0]);
  };
  EXPECT_EQ(hash(R"(["1.50"])", 10, 2),
            static_cast<int32_t>((*HashRows({ArrayForTest(arrow::int64(), "[150]")}, 1))[0]));
  // More than 18 digits are the bytes of a BigInteger.
  EXPECT_EQ(hash(R"(["97"])", 19, 0),
            static_cast<int32_t>((*HashRows({ArrayForTest(arrow::utf8(), R"(["a"])")}, 1))[0]));
}

TEST(Decimals, CellsComeBack) {
  for (const int precision : {5, 18, 19, 38}) {
    const auto type = arrow::decimal128(precision, 2);
    const auto cells = ArrayForTest(type, R"(["-999.99", "-0.01", null, "0.00", "999.99"])");
    auto values = arrow::MakeBuilder(type).ValueOrDie();
    for (int64_t i = 0; i < cells->length(); ++i) {
      std::string bytes;
      WriteCell(*cells, i, Floats::kAsTheyAre, bytes);
      std::string_view rest = bytes;
      EXPECT_TRUE(ReadCell(rest, *values).ok());
      EXPECT_TRUE(rest.empty());
    }
    EXPECT_TRUE((*values->Finish())->Equals(*cells));
  }
}

}  // namespace
}  // namespace soteria::exec
