#include "src/table/time_zone.h"

#include <gtest/gtest.h>

#include <limits>

#include "src/table/calendar.h"
#include "src/table/text_value.h"

namespace soteria::table {
namespace {

constexpr int64_t kSecond = 1'000'000;

// java.time of JDK 17: the clock there at the instant `second`, and the instant at which the clock
// there shows `second`: ordinary times, both sides of changes, gaps, overlaps, local mean time, a
// skipped day, half an hour of summer time, a change of two hours.
TEST(TimeZone, LikeJava) {
  struct Row {
    const char* id;
    int64_t second;
    int64_t local;
    int64_t instant;
  };
  const Row rows[] = {
      {"Europe/Berlin", 1585445400, 1585452600, 1585441800},
      {"Europe/Berlin", 1585449000, 1585456200, 1585445400},
      {"Europe/Berlin", 1603589400, 1603593000, 1603582200},
      {"Europe/Berlin", 1603593000, 1603596600, 1603585800},
      {"Europe/Berlin", -2840140801, -2840137593, -2840144009},
      {"Europe/Berlin", 64060588800, 64060592400, 64060585200},
      {"America/New_York", 1583634600, 1583616600, 1583652600},
      {"America/New_York", 1604197800, 1604183400, 1604215800},
      {"America/New_York", -2717650800, -2717668800, -2717632800},
      {"Asia/Kolkata", 0, 19800, -19800},
      {"Pacific/Apia", 1325203200, 1325167200, 1325239200},
      {"Australia/Lord_Howe", 1570289400, 1570329000, 1570251600},
      {"Antarctica/Troll", 1585440000, 1585440000, 1585440000},
      {"Africa/Casablanca", 1588000000, 1588000000, 1588000000},
      {"America/Sao_Paulo", 1550368800, 1550358000, 1550379600},
      {"Asia/Kathmandu", 504901800, 504922500, 504882000},
      {"PST", 1583634600, 1583605800, 1583663400},
      {"+02:30", 1, 9001, -8999},
      {"-18", 1, -64799, 64801},
      {"UTC-01:30", 1, -5399, 5401},
  };
  for (const Row& row : rows) {
    const auto zone = TimeZone::Find(row.id);
    ASSERT_TRUE(zone.has_value()) << row.id;
    EXPECT_EQ(zone->ToLocal(row.second * kSecond), row.local * kSecond) << row.id << row.second;
    EXPECT_EQ(zone->ToInstant(row.second * kSecond), row.instant * kSecond) << row.id << row.second;
  }
}

TEST(TimeZone, FractionsOfSecondsBeforeTheEpoch) {
  const auto zone = TimeZone::Find("America/New_York");
  EXPECT_EQ(zone->ToLocal(-1), -5 * 3600 * kSecond - 1);
  EXPECT_EQ(zone->ToInstant(-1), 5 * 3600 * kSecond - 1);
}

TEST(TimeZone, EndsOfTheRange) {
  const auto zone = TimeZone::Find("Europe/Berlin");
  EXPECT_EQ(zone->ToLocal(INT64_MAX), std::nullopt);
  EXPECT_EQ(zone->ToInstant(INT64_MIN), std::nullopt);
  // A text has room for it.
  const auto angeles = TimeZone::Find("America/Los_Angeles");
  EXPECT_EQ(TimestampText(INT64_MIN, *angeles), "-290308-12-21 12:06:07.224192");
  EXPECT_EQ(TimestampText(INT64_MIN), "-290308-12-21 19:59:05.224192");
  EXPECT_EQ(TimestampText(INT64_MAX, *zone), "+294247-01-10 05:00:54.775807");
  int64_t micros = 0;
  EXPECT_EQ(ParseTimestampIn("-290308-12-21 19:59:05.224192", *zone, &micros),
            TimeText::kMalformed);
}

TEST(TimeZone, Ids) {
  for (const char* id :
       {"Z", "UTC", "GMT", "UT", "Etc/UTC", "GMT0", "+00:00", "-0", "UTC+0", "GMT-00:00"}) {
    const auto zone = TimeZone::Find(id);
    ASSERT_TRUE(zone.has_value()) << id;
    EXPECT_TRUE(zone->IsUtc()) << id;
  }
  for (const char* id :
       {"+2", "+02", "+2:30", "+02:3", "-0530", "+02:00:01", "+020001", "+18:00", "UTC+3", "UT+2",
        "GMT+1:00", "EST", "IST", "CET", "Etc/GMT+5", "US/Eastern"}) {
    const auto zone = TimeZone::Find(id);
    ASSERT_TRUE(zone.has_value()) << id;
    EXPECT_FALSE(zone->IsUtc()) << id;
  }
  for (const char* id :
       {"",        "z",           "utc",     " UTC", "UTC ",  "+",        "+18:01",
        "+19",     "-19",         "+1:2:3",  "+123", "+12:",  "+1234567", "12:00",
        "UTC+",    "UTC+19",      "UTC 1",   "UTCX", "XYZ",   "ROC",      "europe/berlin",
        "Europe/", "Mars/Phobos", "Factory", "+-2",  "../UTC"}) {
    EXPECT_FALSE(TimeZone::Find(id).has_value()) << id;
  }
}

TEST(Calendar, DaysAndDates) {
  struct Row {
    int64_t year;
    int month;
    int day;
    int64_t days;
  };
  // java.time.LocalDate.toEpochDay.
  const Row rows[] = {
      {1970, 1, 1, 0},         {2000, 2, 29, 11016},         {1, 1, 1, -719162},
      {0, 1, 1, -719528},      {-1, 12, 31, -719529},        {-44, 3, 15, -735525},
      {9999, 12, 31, 2932896}, {12020, 1, 1, 3670687},       {294247, 1, 10, 106751991},
      {1582, 10, 10, -141432}, {-290308, 12, 21, -106751992}};
  for (const Row& row : rows) {
    EXPECT_EQ(DaysFromDate(row.year, row.month, row.day), row.days) << row.year;
    const CalendarDate date = DateFromDays(row.days);
    EXPECT_EQ(date.year, row.year);
    EXPECT_EQ(date.month, row.month);
    EXPECT_EQ(date.day, row.day);
  }
  for (int64_t day = -200'000; day < 200'000; ++day) {
    const CalendarDate date = DateFromDays(day);
    ASSERT_EQ(DaysFromDate(date.year, date.month, date.day), day);
    ASSERT_LE(date.day, DaysInMonth(date.year, date.month));
  }
}

}  // namespace
}  // namespace soteria::table
