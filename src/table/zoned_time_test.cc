// Expected instants are what java.time's ZonedDateTime gives.
#include "src/table/zoned_time.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace soteria::table {
namespace {

constexpr int64_t kHour = 3'600 * kMicrosPerSecond;
// 2020-10-25 00:30 UTC: 02:30 in Berlin, the first of two.
constexpr int64_t kFirst = 1'603'585'800 * kMicrosPerSecond;

TEST(ZonedTime, KeepsWhatTheClockShows) {
  const TimeZone berlin = *TimeZone::Find("Europe/Berlin");
  const int64_t noon = 1'585'393'200 * kMicrosPerSecond;  // 2020-03-28 12:00 +01:00
  EXPECT_EQ(PlusDays(berlin, noon, 1), noon + 23 * kHour);
  EXPECT_EQ(PlusDayTime(berlin, noon, 25 * kHour), noon + 24 * kHour);
  EXPECT_EQ(PlusMonths(berlin, noon, 1), 1'588'068'000 * kMicrosPerSecond);  // 04-28 12:00 +02:00
}

TEST(ZonedTime, KeepsTheOffsetWhereItCan) {
  const TimeZone berlin = *TimeZone::Find("Europe/Berlin");
  EXPECT_EQ(PlusDays(berlin, kFirst, 0), kFirst);
  EXPECT_EQ(PlusDays(berlin, kFirst + kHour, 0), kFirst + kHour);
  EXPECT_EQ(PlusDays(berlin, kFirst + 25 * kHour, -1), kFirst + kHour);  // from 01:30 UTC, winter
  EXPECT_EQ(PlusDays(berlin, kFirst - 24 * kHour, 1), kFirst);
}

TEST(ZonedTime, MonthsEndEarlier) {
  EXPECT_EQ(PlusMonths(int32_t{18'292}, 1), 18'321);    // 2020-01-31, 02-29
  EXPECT_EQ(PlusMonths(int32_t{18'321}, -12), 17'955);  // 2019-02-28
}

TEST(ZonedTime, OutOfRangeIsNothing) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(PlusDays(TimeZone(), 0, kMax), std::nullopt);
  EXPECT_EQ(PlusDays(TimeZone(), kMax - 1, 1), std::nullopt);
  EXPECT_EQ(PlusMonths(TimeZone(), 0, kMax), std::nullopt);
  EXPECT_EQ(PlusMonths(TimeZone(), 0, 12 * 300'000), std::nullopt);
  EXPECT_EQ(PlusMonths(int32_t{0}, 12 * 5'900'000), std::nullopt);
  EXPECT_EQ(PlusDayTime(TimeZone(), kMax, 1), std::nullopt);
}

}  // namespace
}  // namespace soteria::table
