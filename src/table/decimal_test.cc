// Expected texts and roundings are those of java.math.BigDecimal and Spark's Decimal.
#include "src/table/decimal.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

std::string Parsed(std::string_view text, DecimalShape shape) {
  const auto value = ParseBigDecimal(text);
  if (!value.has_value()) return "no number";
  const auto decimal = ToDecimal(*value, shape);
  return decimal.has_value() ? DecimalText(*decimal, shape.scale) : "too large";
}

TEST(Decimal, Parses) {
  EXPECT_EQ(Parsed("1.5", {3, 1}), "1.5");
  EXPECT_EQ(Parsed("-0.05", {3, 1}), "-0.1");
  EXPECT_EQ(Parsed("0.05", {3, 1}), "0.1");
  EXPECT_EQ(Parsed("0.0499999999999", {3, 1}), "0.0");
  EXPECT_EQ(Parsed(".5", {3, 1}), "0.5");
  EXPECT_EQ(Parsed("5.", {3, 1}), "5.0");
  EXPECT_EQ(Parsed("+1e2", {3, 0}), "100");
  EXPECT_EQ(Parsed("1E-2", {3, 2}), "0.01");
  EXPECT_EQ(Parsed("0e999", {3, 2}), "0.00");
  EXPECT_EQ(Parsed("1e-2147483647", {38, 38}), "0." + std::string(38, '0'));
  EXPECT_EQ(Parsed("1e2147483647", {38, 0}), "too large");
  EXPECT_EQ(Parsed("99.95", {3, 1}), "too large");
  EXPECT_EQ(Parsed("99.94", {3, 1}), "99.9");
  EXPECT_EQ(Parsed(std::string(38, '9'), {38, 0}), std::string(38, '9'));
  EXPECT_EQ(Parsed(std::string(39, '9'), {38, 0}), "too large");
  EXPECT_EQ(Parsed(std::string(1000, '0') + "7", {38, 0}), "7");
  for (const char* bad :
       {"", "-", ".", "e5", "1e", "1e+", "1 ", " 1", "1.2.3", "0x1", "NaN", "1e9999999999"}) {
    EXPECT_EQ(Parsed(bad, {10, 2}), "no number") << bad;
  }
  EXPECT_EQ(ParseFormattedDecimal("1,234,567.5", {10, 1}), Unscaled{12345675});
  EXPECT_EQ(ParseFormattedDecimal("1,x", {10, 1}), std::nullopt);
}

TEST(Decimal, Texts) {
  EXPECT_EQ(DecimalText(0, 3), "0.000");
  EXPECT_EQ(DecimalText(-5, 3), "-0.005");
  EXPECT_EQ(DecimalText(12345, 2), "123.45");
  EXPECT_EQ(JavaDecimal(1, 7), "1E-7");
  EXPECT_EQ(JavaDecimal(-123, 10), "-1.23E-8");
  EXPECT_EQ(JavaDecimal(1, 6), "0.000001");
  EXPECT_EQ(JavaDecimal(0, 7), "0E-7");
  EXPECT_EQ(JavaDecimal(0, 6), "0.000000");
  EXPECT_EQ(PlainText({true, "15", -2}), "-1500");
  EXPECT_EQ(PlainText({false, "15", 4}), "0.0015");
}

TEST(Decimal, Rescales) {
  EXPECT_EQ(Rescale(25, 1, {1, 0}), Unscaled{3});
  EXPECT_EQ(Rescale(-25, 1, {1, 0}), Unscaled{-3});
  EXPECT_EQ(Rescale(25, 1, {1, 0}, Rounding::kHalfEven), Unscaled{2});
  EXPECT_EQ(Rescale(35, 1, {1, 0}, Rounding::kHalfEven), Unscaled{4});
  EXPECT_EQ(Rescale(-21, 1, {1, 0}, Rounding::kFloor), Unscaled{-3});
  EXPECT_EQ(Rescale(21, 1, {1, 0}, Rounding::kCeiling), Unscaled{3});
  EXPECT_EQ(Rescale(-29, 1, {1, 0}, Rounding::kDown), Unscaled{-2});
  EXPECT_EQ(Rescale(95, 1, {1, 0}), std::nullopt);
  EXPECT_EQ(Rescale(1, 0, {38, 37}), PowerOfTen(37));
  EXPECT_EQ(Rescale(10, 0, {38, 37}), std::nullopt);
  EXPECT_EQ(Rescale(PowerOfTen(37), 0, {38, 38}), std::nullopt);
}

TEST(Decimal, Compares) {
  EXPECT_EQ(CompareDecimals(15, 1, 150, 2), 0);
  EXPECT_EQ(CompareDecimals(-15, 1, 150, 2), -1);
  EXPECT_EQ(CompareDecimals(PowerOfTen(37), 0, 1, 38), 1);
  EXPECT_EQ(CompareDecimals(-PowerOfTen(37), 0, 1, 38), -1);
  EXPECT_EQ(CompareDecimals(1, 38, PowerOfTen(37), 0), -1);
  EXPECT_EQ(CompareDecimals(1, 38, -PowerOfTen(37), 0), 1);
}

TEST(Decimal, NearestBinaryNumbers) {
  EXPECT_EQ(DecimalToDouble(1, 1), 0.1);
  EXPECT_EQ(DecimalToDouble(123456789012345678, 17), 1.23456789012345678);
  EXPECT_EQ(DecimalToDouble(-PowerOfTen(37), 38), -0.1);
  EXPECT_EQ(DecimalToFloat(1, 1), 0.1F);
  EXPECT_EQ(DecimalToFloat(16777217, 0), 16777216.0F);
  EXPECT_EQ(Parsed(PlainText(*BigDecimalOf(0.1)), {38, 20}), "0.10000000000000000000");
  EXPECT_FALSE(BigDecimalOf(0.0 / 0.0).has_value());
}

TEST(Decimal, BytesOfBigIntegers) {
  EXPECT_EQ(base::Hex(BigIntegerBytes(0)), "00");
  EXPECT_EQ(base::Hex(BigIntegerBytes(127)), "7f");
  EXPECT_EQ(base::Hex(BigIntegerBytes(128)), "0080");
  EXPECT_EQ(base::Hex(BigIntegerBytes(-128)), "80");
  EXPECT_EQ(base::Hex(BigIntegerBytes(-129)), "ff7f");
  EXPECT_EQ(base::Hex(BigIntegerBytes(PowerOfTen(38))), "4b3b4ca85a86c47a098a224000000000");
}

TEST(Decimal, WiderShapesKeepWhatIsBeforeThePoint) {
  EXPECT_EQ(WiderShape({10, 2}, {5, 4}), (DecimalShape{12, 4}));
  EXPECT_EQ(WiderShape({38, 0}, {38, 18}), (DecimalShape{38, 0}));
  EXPECT_EQ(WiderShape({20, 0}, {38, 30}), (DecimalShape{38, 18}));
}

TEST(Decimal, NormaliseTakesEveryWidth) {
  for (const auto& type : {arrow::decimal32(5, 2), arrow::decimal64(5, 2), arrow::decimal128(5, 2),
                           arrow::decimal256(5, 2)}) {
    const auto table =
        TableForTest(arrow::schema({arrow::field("d", type)}), {R"(["1.25", null, "-999.99"])"});
    const auto normal = Normalise(table);
    ASSERT_TRUE(normal.ok()) << type->ToString() << base::Message(normal.status());
    EXPECT_EQ(TypeName(*(*normal)->field(0)), "decimal(5,2)");
    const arrow::Array& cells = *(*normal)->column(0)->chunk(0);
    EXPECT_EQ(DecimalAt(cells, 0), 125);
    EXPECT_TRUE(cells.IsNull(1));
    EXPECT_EQ(DecimalAt(cells, 2), -99999);
  }
  const auto wide =
      TableForTest(arrow::schema({arrow::field("d", arrow::decimal256(50, 2))}), {"[]"});
  EXPECT_FALSE(Normalise(wide).ok());
}

TEST(Decimal, NormaliseRefusesWhatItsTypeDoesNotHold) {
  arrow::Decimal128Builder builder(arrow::decimal128(38, 0));
  ASSERT_TRUE(builder.Append(ToArrow(1000)).ok());
  const auto data = (*builder.Finish())->data()->Copy();
  data->type = arrow::decimal128(3, 0);
  const arrow::FieldVector fields = {arrow::field("d", data->type)};
  const auto table = arrow::Table::Make(arrow::schema(fields), {arrow::MakeArray(data)});
  EXPECT_TRUE(base::Is(Normalise(table).status(), base::kInput));
}

}  // namespace
}  // namespace soteria::table
