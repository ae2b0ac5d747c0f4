#include "src/table/calendar_interval.h"

#include <gtest/gtest.h>

namespace soteria::table {
namespace {

constexpr int64_t kSecond = 1'000'000;

// What Spark's own parser takes and gives for these texts.
TEST(CalendarInterval, ValuesWithUnits) {
  const auto hour = ParseCalendarInterval("1 hour 30 minutes");
  ASSERT_TRUE(hour.has_value());
  EXPECT_EQ(hour->micros, 5'400 * kSecond);
  const auto all = ParseCalendarInterval(
      " INTERVAL -1 year +2 Months 1 week - 3 days 1.5 seconds 7 milliseconds 1 microsecond ");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->months, -10);
  EXPECT_EQ(all->days, 4);
  EXPECT_EQ(all->micros, 1'507'001);
  EXPECT_EQ(ParseCalendarInterval("-.5 second")->micros, -500'000);
  EXPECT_EQ(ParseCalendarInterval("1.1234567 seconds")->micros, 1'123'456);
}

TEST(CalendarInterval, OthersAreNone) {
  for (const char* text : {"", " ", "interval", "interval1 day", "1", "day", "1day", "1 dayss",
                           "1.5 days", "five days", "1 day 2", "- day", "1 hour,",
                           "1.1234567890 seconds", "99999999999999999999 days", "3000000000 days",
                           "9223372036854775807 seconds", "1 quarter", "--1 day"}) {
    EXPECT_FALSE(ParseCalendarInterval(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace soteria::table
