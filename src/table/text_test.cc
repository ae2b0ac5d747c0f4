// Numbers, dates and random draws against Java's and Spark's.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "src/table/java_text.h"
#include "src/table/spark_random.h"
#include "src/table/text_value.h"

namespace soteria::table {
namespace {

TEST(JavaText, Doubles) {
  // jshell: Double.toString(x), 17 and 21 alike.
  EXPECT_EQ(JavaDouble(1e7), "1.0E7");
  EXPECT_EQ(JavaDouble(9999999.0), "9999999.0");
  EXPECT_EQ(JavaDouble(1e-3), "0.001");
  EXPECT_EQ(JavaDouble(1e-4), "1.0E-4");
  EXPECT_EQ(JavaDouble(123456789.123), "1.23456789123E8");
  EXPECT_EQ(JavaDouble(4.9e-324), "4.9E-324");
  EXPECT_EQ(JavaDouble(1.7976931348623157e308), "1.7976931348623157E308");
  EXPECT_EQ(JavaDouble(2e-323), "2.0E-323");
  EXPECT_EQ(JavaDouble(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(JavaDouble(100), "100.0");
  EXPECT_EQ(JavaDouble(0), "0.0");
  EXPECT_EQ(JavaDouble(-0.0), "-0.0");
  EXPECT_EQ(JavaDouble(-12345678.9), "-1.23456789E7");
  EXPECT_EQ(JavaDouble(9007199254740992.0), "9.007199254740992E15");
  EXPECT_EQ(JavaDouble(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(JavaDouble(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(JavaDouble(1e23), "1.0E23");  // JDK 19 and later; 17 prints 9.999999999999999E22
}

TEST(JavaText, Floats) {
  EXPECT_EQ(JavaFloat(0.1f), "0.1");
  EXPECT_EQ(JavaFloat(12345678.9f), "1.2345679E7");
  EXPECT_EQ(JavaFloat(2e23f), "2.0E23");
  EXPECT_EQ(JavaFloat(1e10f), "1.0E10");
  EXPECT_EQ(JavaFloat(1.4e-45f), "1.4E-45");
}

TEST(TextValue, Doubles) {
  // SELECT try_cast(s AS DOUBLE) for these strings in Spark 4.3.
  const auto parse = [](std::string_view text) -> std::optional<double> {
    double value = 0;
    if (!ParseDouble(text, &value)) return std::nullopt;
    return value;
  };
  EXPECT_EQ(parse("1"), 1.0);
  EXPECT_EQ(parse(" 2 "), 2.0);
  EXPECT_EQ(parse("1.5"), 1.5);
  EXPECT_EQ(parse("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse("-1e400"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse("1e-400"), 0.0);
  EXPECT_EQ(parse("-inf"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse("+Infinity"), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(parse("NaN").value()));
  EXPECT_EQ(parse("1f"), 1.0);
  EXPECT_EQ(parse(".5"), 0.5);
  EXPECT_EQ(parse("5."), 5.0);
  EXPECT_EQ(parse("0x1p3"), 8.0);
  EXPECT_EQ(parse("-0X.8P1d"), -1.0);
  EXPECT_TRUE(std::isnan(parse("-NaN").value()));
  EXPECT_EQ(parse("+nan"), std::nullopt);
  float single = 0;
  // Twice rounded it would be 1.
  EXPECT_TRUE(ParseFloat("1.00000005960464477540", &single));
  EXPECT_EQ(single, std::nextafter(1.0f, 2.0f));
  for (const char* bad : {"abc", "", "0x10", "1_0", "1e", "--1", "+", "1.5.2", "nanx", "d"}) {
    EXPECT_EQ(parse(bad), std::nullopt) << bad;
  }
}

TEST(TextValue, Integers) {
  int64_t value = 0;
  EXPECT_TRUE(ParseInteger("-9223372036854775808", &value));
  EXPECT_EQ(value, std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(ParseInteger(" +7\t", &value));
  EXPECT_EQ(value, 7);
  for (const char* bad : {"", "+", "-", "+-1", "1.5", "1e3", "9223372036854775808", "1 2"}) {
    EXPECT_FALSE(ParseInteger(bad, &value)) << bad;
  }
}

TEST(TextValue, DatesAndTimes) {
  // Spark 4.3 with the session in UTC: CAST(s AS TIMESTAMP) as a string.
  const auto time = [](std::string_view text) -> std::string {
    int64_t micros = 0;
    return ParseTimestamp(text, &micros) ? TimestampText(micros) : "null";
  };
  EXPECT_EQ(time("2020-01-02 03:04:05.678"), "2020-01-02 03:04:05.678");
  EXPECT_EQ(time("2020-01-02T03:04:05+02:00"), "2020-01-02 01:04:05");
  EXPECT_EQ(time("1969-12-31 23:59:59.5"), "1969-12-31 23:59:59.5");
  EXPECT_EQ(time("2020-1-2"), "2020-01-02 00:00:00");
  EXPECT_EQ(time("2020"), "2020-01-01 00:00:00");
  EXPECT_EQ(time("+2020-3"), "2020-03-01 00:00:00");
  EXPECT_EQ(time("2020-01-02 3"), "2020-01-02 03:00:00");
  EXPECT_EQ(time("2020-01-02T3:4"), "2020-01-02 03:04:00");
  EXPECT_EQ(time(" \t2020-01-02 03:04:05.\x7F"), "2020-01-02 03:04:05");
  EXPECT_EQ(time("2020-01-02 03:04:05.1234567"), "2020-01-02 03:04:05.123456");
  EXPECT_EQ(time("2020-01-02 03:04:05.5 Europe/Berlin"), "2020-01-02 02:04:05.5");
  EXPECT_EQ(time("2020-01-02 03:04:05PST"), "2020-01-02 11:04:05");
  EXPECT_EQ(time("2020-01-02 03:04:05 UTC-3"), "2020-01-02 06:04:05");
  EXPECT_EQ(time("-0044-03-15"), "-0044-03-15 00:00:00");
  EXPECT_EQ(time("12020-01-01"), "+12020-01-01 00:00:00");
  for (const char* bad :
       {"", "2020-13-01", "2020-02-30", "2020-01-02 25:00:00", "x", "2020-01-02 03:04:05+99:00",
        "9999999-01-01", "2020-01-02 03:04Z", "2020-01-02T", "2020-", "020-01-01", "2020-1-2 3:456",
        "2020-01-02x", "2020 03:04:05", "12:30", "T12", "2020-01-02 03:04:60",
        "2020-01-02 03:04:05 Mars"}) {
    EXPECT_EQ(time(bad), "null") << bad;
  }
  int64_t micros = 0;
  EXPECT_EQ(ParseTimestampIn("12:30", TimeZone(), &micros), TimeText::kNeedsToday);
  EXPECT_EQ(ParseTimestampIn("T12:30:00+01:00", TimeZone(), &micros), TimeText::kNeedsToday);
  EXPECT_EQ(ParseTimestampIn("12:60", TimeZone(), &micros), TimeText::kMalformed);
  const TimeZone new_york = *TimeZone::Find("America/New_York");
  EXPECT_EQ(ParseTimestampIn("2020-07-01 12:00:00", new_york, &micros), TimeText::kValue);
  EXPECT_EQ(TimestampText(micros), "2020-07-01 16:00:00");
  EXPECT_TRUE(ParseLocalTimestamp("2020-07-01 12:00:00+05:00", &micros));
  EXPECT_EQ(TimestampText(micros), "2020-07-01 12:00:00");
  int32_t days = 0;
  EXPECT_TRUE(ParseDate("1970-01-02", &days));
  EXPECT_EQ(days, 1);
  EXPECT_TRUE(ParseDate("2000-02-29", &days));
  EXPECT_EQ(days, 11016);
  EXPECT_FALSE(ParseDate("2001-02-29", &days));
  EXPECT_TRUE(ParseDate(" 2000-2-29T whatever", &days));
  EXPECT_EQ(days, 11016);
  EXPECT_TRUE(ParseDate("0000-01-01", &days));
  EXPECT_EQ(DateText(days), "0000-01-01");
  EXPECT_TRUE(ParseDate("-0001-12-31", &days));
  EXPECT_EQ(DateText(days), "-0001-12-31");
  EXPECT_TRUE(ParseDate("5881580-07-11", &days));
  EXPECT_EQ(DateText(days), "+5881580-07-11");
  for (const char* bad : {"5881580-07-12", "2000-02-29x", "2000-1T", "200-01-01", "--1"}) {
    EXPECT_FALSE(ParseDate(bad, &days)) << bad;
  }
  EXPECT_EQ(DateText(-1), "1969-12-31");
}

TEST(SparkRandom, XorShiftMatchesSpark) {
  // spark.range(0, 10, 1, 1).select(rand(42)), and randn(42).
  const double uniform[] = {0.619189370225301,   0.5096018842446481,  0.8325259388871524,
                            0.26322809041172357, 0.6702867696264135,  0.5173283545794627,
                            0.9991441647585968,  0.06993233728279169, 0.9696695610826327,
                            0.7959575617927873};
  XorShiftRandom random(42);
  for (const double x : uniform) EXPECT_EQ(random.NextDouble(), x);
  const double normal[] = {2.384479054241165,   0.1920934041293524, 0.7337336533286575,
                           -0.5224480195716871, 2.060084179317831,  0.20963383826633825};
  XorShiftRandom gauss(42);
  for (const double x : normal) EXPECT_EQ(gauss.NextGaussian(), x);
}

TEST(SparkRandom, JavaRandomMatchesJava) {
  // jshell: new java.util.Random(42): nextInt() twice, nextInt(10), nextLong(), nextDouble(),
  // nextBoolean(), nextGaussian() twice.
  JavaRandom random(42);
  EXPECT_EQ(random.NextInt(), -1170105035);
  EXPECT_EQ(random.NextInt(), 234785527);
  EXPECT_EQ(random.NextInt(10), 8);
  EXPECT_EQ(random.NextLong(), 884324181205335268L);
  EXPECT_EQ(random.NextDouble(), 0.9420735430282128);
  EXPECT_EQ(random.NextBoolean(), true);
  EXPECT_EQ(random.NextGaussian(), 0.2809776380727795);
  EXPECT_EQ(random.NextGaussian(), 0.6846227956326554);
}

}  // namespace
}  // namespace soteria::table
