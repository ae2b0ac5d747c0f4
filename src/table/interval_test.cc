// Texts are those of stock Spark.
#include "src/table/interval.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "src/table/ipc.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

constexpr int64_t kSecond = 1'000'000;

TEST(Interval, TypesDifferByTheirFields) {
  EXPECT_TRUE(DayTimeType()->Equals(*arrow::duration(arrow::TimeUnit::MICRO)));
  EXPECT_FALSE(DayTimeType({0, 0})->Equals(*DayTimeType()));
  EXPECT_TRUE(DayTimeType({0, 1})->Equals(*DayTimeType({0, 1})));
  EXPECT_FALSE(ListOf(YearMonthType({0, 0}))->Equals(*ListOf(YearMonthType())));
  EXPECT_EQ(IntervalName(*WiderInterval(*DayTimeType({0, 0}), *DayTimeType({1, 2}))),
            "interval day to minute");
}

TEST(Interval, NamesAreRead) {
  for (const char* name : {"interval day", "interval hour to second", "interval year to month"}) {
    EXPECT_EQ(TypeName(**TypeFromDdl(name)), name);
  }
  EXPECT_FALSE(TypeFromDdl("interval second to day").ok());
  EXPECT_FALSE(TypeFromDdl("interval year to second").ok());
  EXPECT_FALSE(TypeFromDdl("interval").ok());
}

TEST(Interval, Texts) {
  EXPECT_EQ(IntervalText(93'784'500'000, *DayTimeType()), "INTERVAL '1 02:03:04.5' DAY TO SECOND");
  EXPECT_EQ(IntervalText(-3 * 3'600 * kSecond, *DayTimeType({1, 1})), "INTERVAL '-03' HOUR");
  EXPECT_EQ(IntervalText(7, *DayTimeType({3, 3})), "INTERVAL '00.000007' SECOND");
  EXPECT_EQ(IntervalText(-14, *YearMonthType()), "INTERVAL '-1-2' YEAR TO MONTH");
  EXPECT_EQ(IntervalText(std::numeric_limits<int64_t>::min(), *DayTimeType()),
            "INTERVAL '-106751991 04:00:54.775808' DAY TO SECOND");
}

TEST(Interval, TextsAreRead) {
  EXPECT_EQ(ParseInterval("1 02:03:04.5", *DayTimeType()), 93'784'500'000);
  EXPECT_EQ(ParseInterval("-106751991 04:00:54.775808", *DayTimeType()),
            std::numeric_limits<int64_t>::min());
  for (const char* bad :
       {"", "1", "1 24:00:00", "1 02:03:04.", "1 02:03:04.1234567891", "1 02:03",
        "106751991 04:00:54.775808", "1 02:03:04 ", "99999999999999999999 0:0:0"}) {
    EXPECT_EQ(ParseInterval(bad, *DayTimeType()), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseInterval("1-12", *YearMonthType()), std::nullopt);
  EXPECT_EQ(ParseIntervalText(" interval -'3' day ", *DayTimeType({0, 0})), -3 * 86'400 * kSecond);
  EXPECT_EQ(ParseIntervalText("INTERVAL '3' HOUR", *DayTimeType({0, 0})), std::nullopt);
  EXPECT_EQ(ParseIntervalText("INTERVAL '3", *DayTimeType({0, 0})), std::nullopt);
}

TEST(Interval, StreamsKeepTheFields) {
  arrow::DurationBuilder values(DayTimeType({0, 1}), arrow::default_memory_pool());
  ASSERT_TRUE(values.Append(1).ok());
  const auto array = values.Finish().ValueOrDie();
  const auto schema = arrow::schema({arrow::field("d", array->type())});
  const auto table = arrow::Table::Make(schema, {array});
  const auto read = FromIpcStream(ToIpcStream(*table).value());
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE((*read)->schema()->Equals(*schema, /*check_metadata=*/true));
  EXPECT_TRUE((*read)->column(0)->chunk(0)->type()->Equals(array->type()));
}

TEST(Interval, WhatAStreamSaysOfOtherColumnsIsRefused) {
  const auto table = arrow::Table::MakeEmpty(arrow::schema({arrow::field("d", DayTimeType()),
                                                            arrow::field("i", arrow::int64())}))
                         .ValueOrDie();
  EXPECT_TRUE(WithIntervals(table, "day").ok());
  for (const char* bad : {"", "year", "day,day", "moon", "day,", "day to second"}) {
    EXPECT_FALSE(WithIntervals(table, bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace soteria::table
