#include "src/table/csv_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "src/base/text.h"
#include "src/table/text_value.h"

namespace soteria::table {
namespace {

std::string NameOf(CsvType type) {
  switch (type.kind) {
    case CsvKind::kNull:
      return "";
    case CsvKind::kInt:
      return "int";
    case CsvKind::kLong:
      return "bigint";
    case CsvKind::kDecimal:
      return base::Cat("decimal(", type.precision, ",0)");
    case CsvKind::kDouble:
      return "double";
    case CsvKind::kDate:
      return "date";
    case CsvKind::kTimestamp:
      return "timestamp";
    case CsvKind::kBoolean:
      return "boolean";
    case CsvKind::kString:
      return "string";
  }
  return "";
}

std::string TypeOfAll(const std::vector<std::string>& values) {
  CsvType type;
  for (const std::string& value : values) type = InferCsvField(type, value);
  return NameOf(type);
}

struct One {
  const char* text;
  const char* type;
  const char* instant;  // of a time stamp
};

// What stock Spark 4.3 makes of a column with this one value (UTC); tests/parity compares more of
// them with it.
TEST(CsvValue, OneValueHasSparksType) {
  const std::vector<One> cases = {
      {"12345678901234567890", "decimal(20,0)", ""},
      {"1234567890123456789012345678901234567890", "double", ""},
      {"-12345678901234567890", "decimal(20,0)", ""},
      {"1e5", "double", ""},
      {"1E0", "decimal(1,0)", ""},
      {"1.0e1", "decimal(2,0)", ""},
      {"10E-1", "double", ""},
      {"1,234", "string", ""},
      {"1,234.5", "string", ""},
      {",5", "string", ""},
      {"007", "int", ""},
      {"+5", "int", ""},
      {"-0", "int", ""},
      {"+", "string", ""},
      {"-", "string", ""},
      {" 5", "double", ""},
      {"5 ", "double", ""},
      {"\t5", "double", ""},
      {"1_000", "string", ""},
      {"NaN", "double", ""},
      {"nan", "string", ""},
      {"+NaN", "double", ""},
      {"-NaN", "double", ""},
      {"Inf", "double", ""},
      {"-Inf", "double", ""},
      {"+Inf", "string", ""},
      {"inf", "string", ""},
      {"Infinity", "double", ""},
      {"-Infinity", "double", ""},
      {"+Infinity", "double", ""},
      {"infinity", "string", ""},
      {"0x1p3", "double", ""},
      {"0x10", "string", ""},
      {"1d", "double", ""},
      {"1f", "double", ""},
      {"1.5D", "double", ""},
      {"1L", "string", ""},
      {".5", "double", ""},
      {"5.", "decimal(1,0)", ""},
      {"1e400", "double", ""},
      {"1e-400", "double", ""},
      {"1.7976931348623157e308", "double", ""},
      {"true", "boolean", ""},
      {"TRUE", "boolean", ""},
      {"True", "boolean", ""},
      {" true", "string", ""},
      {"false", "boolean", ""},
      {"t", "string", ""},
      {"yes", "string", ""},
      {"2020-01-02", "date", ""},
      {"2020-1-2", "timestamp", "2020-01-02 00:00:00"},
      {"2020-01", "timestamp", "2020-01-01 00:00:00"},
      {"2020", "int", ""},
      {"+2020-01-02", "timestamp", "2020-01-02 00:00:00"},
      {"-2020-01-02", "date", ""},
      {"12020-01-02", "timestamp", "+12020-01-02 00:00:00"},
      {"2020-01-02 ", "timestamp", "2020-01-02 00:00:00"},
      {"2020-01-02 abc", "string", ""},
      {"2020-01-02T", "string", ""},
      {"2020-02-30", "string", ""},
      {"2020/01/02", "string", ""},
      {"01/02/2020", "string", ""},
      {"20200102", "int", ""},
      {"0000-01-01", "date", ""},
      {"9999-12-31", "date", ""},
      {"10000-01-01", "timestamp", "+10000-01-01 00:00:00"},
      {"2020-01-02 03", "timestamp", "2020-01-02 03:00:00"},
      {"2020-01-02 03:04", "timestamp", "2020-01-02 03:04:00"},
      {"2020-01-02 03:04:05", "timestamp", "2020-01-02 03:04:05"},
      {"2020-01-02T03:04:05", "timestamp", "2020-01-02 03:04:05"},
      {"2020-01-02T03:04:05Z", "timestamp", "2020-01-02 03:04:05"},
      {"2020-01-02T03:04:05.123456789", "timestamp", "2020-01-02 03:04:05.123456"},
      {"2020-01-02 03:04:05+01:00", "timestamp", "2020-01-02 02:04:05"},
      {"2020-01-02 03:04:05 +01:00", "timestamp", "2020-01-02 02:04:05"},
      {"2020-01-02 03:04:05 America/New_York", "timestamp", "2020-01-02 08:04:05"},
      {"2020-01-02 03:04:05 UTC+1", "timestamp", "2020-01-02 02:04:05"},
      {"2020-01-02 24:00:00", "string", ""},
      {"2020-01-02 3:4:5", "timestamp", "2020-01-02 03:04:05"},
      {"2020-1-2 3:4:5", "timestamp", "2020-01-02 03:04:05"},
      {"2020-01-02 03:04:05.", "timestamp", "2020-01-02 03:04:05"},
      {"2020-01-02 03:04:05 PM", "string", ""},
      {"2020-01-02 03:04:05 CET", "timestamp", "2020-01-02 02:04:05"},
      {"2020-01-02 03:04:05 EST", "timestamp", "2020-01-02 08:04:05"},
      {"2020-01-02 03:04:05+1", "timestamp", "2020-01-02 02:04:05"},
      {"2020-01-02 03:04:05+0130", "timestamp", "2020-01-02 01:34:05"},
      {"12:30", "timestamp", "(time of day)"},
      {"12:30:45", "timestamp", "(time of day)"},
      {"T12:30", "timestamp", "(time of day)"},
      {"1:2", "timestamp", "(time of day)"},
      {"2020-01-02T03:04:05-0800", "timestamp", "2020-01-02 11:04:05"},
      {"2020-01-02 03:04:60", "string", ""},
      {"epoch", "string", ""},
      {"now", "string", ""},
      {"today", "string", ""},
      {"yesterday", "string", ""},
      {"1970-01-01", "date", ""},
      {"-1", "int", ""},
      {"9223372036854775807", "bigint", ""},
      {"9223372036854775808", "decimal(19,0)", ""},
      {"-9223372036854775808", "bigint", ""},
      {"2147483648", "bigint", ""},
      {"99999999999999999999999999999999999999", "decimal(38,0)", ""},
      {"100000000000000000000000000000000000000", "double", ""},
      {"0.1234567890123456789", "double", ""},
      {"1e38", "double", ""},
      {"1E+2", "double", ""},
      {"00000000000000000000001", "int", ""},
      {"000000000000000000000000000000000000000000001", "int", ""},
      {"1.0", "double", ""},
      {"1.00e2", "decimal(3,0)", ""},
      {"--5", "string", ""},
      {"5-", "string", ""},
      {"$5", "string", ""},
      {"5%", "string", ""},
      {"1/2", "string", ""},
      {"2020-W01", "string", ""},
      {"2020-001", "string", ""},
      {"Thu", "string", ""},
      {"0", "int", ""},
      {"00:00", "timestamp", "(time of day)"},
      {"2020-01-02 03:04:05.1", "timestamp", "2020-01-02 03:04:05.1"},
      {"2020-01-02 03:04:05,1", "string", ""},
      {"2020-01-02  03:04:05", "string", ""},
      {"2020-01-02t03:04:05", "string", ""},
      {"1e", "string", ""},
      {"e5", "string", ""},
      {"1e+", "string", ""},
      {"0e0", "decimal(1,0)", ""},
      {"-0.0", "double", ""},
      {"1;2", "string", ""},
      {"2020 03:04", "string", ""},
      {"2020-01 03:04", "string", ""},
      {"2020-01-2T", "string", ""},
      {"2020-01-2 ", "timestamp", "2020-01-02 00:00:00"},
      {"++2020-01-02", "string", ""},
      {"5\x7f", "string", ""},
      {"+12020-01-02", "date", ""},
      {"2020-01-02\x7f", "timestamp", "2020-01-02 00:00:00"},
  };
  for (const One& one : cases) {
    EXPECT_EQ(TypeOfAll({one.text}), one.type) << "'" << one.text << "'";
    int64_t micros = 0;
    const TimeText time = ParseTimestampIn(one.text, TimeZone(), &micros);
    const std::string instant = one.instant;
    if (instant == "(time of day)") {
      EXPECT_EQ(time, TimeText::kNeedsToday) << one.text;
    } else if (!instant.empty()) {
      EXPECT_EQ(time, TimeText::kValue) << one.text;
      EXPECT_EQ(TimestampText(micros), instant) << one.text;
    }
  }
}

TEST(CsvValue, SeveralValuesHaveSparksCommonType) {
  const std::string big = "12345678901234567890";
  EXPECT_EQ(TypeOfAll({"1", "2.5"}), "double");
  EXPECT_EQ(TypeOfAll({"1", "x"}), "string");
  EXPECT_EQ(TypeOfAll({"1", "9999999999"}), "bigint");
  EXPECT_EQ(TypeOfAll({big, "1"}), "decimal(20,0)");
  EXPECT_EQ(TypeOfAll({"1", big}), "decimal(20,0)");
  EXPECT_EQ(TypeOfAll({"1", "5."}), "decimal(10,0)");
  EXPECT_EQ(TypeOfAll({"9223372036854775807", "9223372036854775808"}), "decimal(20,0)");
  EXPECT_EQ(TypeOfAll({"99999999999999999999", "1E0"}), "decimal(20,0)");
  EXPECT_EQ(TypeOfAll({big, "2.5"}), "double");
  EXPECT_EQ(TypeOfAll({"1.5", "1e0", big}), "double");
  EXPECT_EQ(TypeOfAll({"1e5", "7"}), "double");
  EXPECT_EQ(TypeOfAll({"2020-01-01", "2020-01-01 00:00:01"}), "timestamp");
  EXPECT_EQ(TypeOfAll({"2020-01-01 00:00:01", "2020-01-01"}), "timestamp");
  EXPECT_EQ(TypeOfAll({"2020-01-01", "5"}), "string");
  EXPECT_EQ(TypeOfAll({"true", "1"}), "string");
  EXPECT_EQ(TypeOfAll({"1", "true"}), "string");
  EXPECT_EQ(TypeOfAll({"2020-01-01", "true"}), "string");
  EXPECT_EQ(TypeOfAll({"1.5", "2020-01-01"}), "string");
}

TEST(CsvValue, APartWithoutValuesHasNoType) {
  for (const CsvKind kind : {CsvKind::kNull, CsvKind::kInt, CsvKind::kDecimal, CsvKind::kDate,
                             CsvKind::kTimestamp, CsvKind::kBoolean, CsvKind::kString}) {
    const CsvType type{kind, kind == CsvKind::kDecimal ? 20 : 0};
    EXPECT_EQ(NameOf(JoinCsvTypes(type, {})), NameOf(type));
    EXPECT_EQ(NameOf(JoinCsvTypes({}, type)), NameOf(type));
  }
}

TEST(CsvValue, DoublesOfJava) {
  double value = 0;
  ASSERT_TRUE(ParseCsvDouble("0x1.8p1", &value));
  EXPECT_EQ(value, 3.0);
  ASSERT_TRUE(ParseCsvDouble("-0X.8P0d", &value));
  EXPECT_EQ(value, -0.5);
  ASSERT_TRUE(ParseCsvDouble("-Inf", &value));
  EXPECT_EQ(value, -std::numeric_limits<double>::infinity());
  ASSERT_TRUE(ParseCsvDouble(" -Infinity ", &value));
  EXPECT_EQ(value, -std::numeric_limits<double>::infinity());
  ASSERT_TRUE(ParseCsvDouble("1e400", &value));
  EXPECT_EQ(value, std::numeric_limits<double>::infinity());
  ASSERT_TRUE(ParseCsvDouble("-1e-400", &value));
  EXPECT_TRUE(value == 0 && std::signbit(value));
  for (const char* bad : {"", " ", "+", "inf", "nan", " Inf", "Inf ", "+Inf", "0x1", "0x", "1e",
                          "1 2", "--1", "1,5", ".", "NaNd"}) {
    EXPECT_FALSE(ParseCsvDouble(bad, &value)) << bad;
  }
}

}  // namespace
}  // namespace soteria::table
