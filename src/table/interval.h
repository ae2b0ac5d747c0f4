// Spark's ANSI intervals. Day-time ones are Arrow durations of microseconds, year-month ones Arrow
// intervals of months; which fields a type has (INTERVAL DAY TO HOUR) is a part of it that Arrow
// doesn't know, kept by types of our own: equal only to those of the same fields. Arrow's plain
// types are the widest ones. Streams carry the fields beside the schema. Pure functions; any
// thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::table {

/// Numbered as Spark's types number them: DAY, HOUR, MINUTE, SECOND; YEAR, MONTH.
struct IntervalFields {
  int start = 0;
  int end = 0;
};
inline constexpr IntervalFields kDayToSecond = {0, 3};
inline constexpr IntervalFields kYearToMonth = {0, 1};

std::shared_ptr<arrow::DataType> DayTimeType(IntervalFields fields = kDayToSecond);
std::shared_ptr<arrow::DataType> YearMonthType(IntervalFields fields = kYearToMonth);

bool IsDayTime(const arrow::DataType& type);
bool IsYearMonth(const arrow::DataType& type);
/// Either.
bool IsInterval(const arrow::DataType& type);
IntervalFields FieldsOf(const arrow::DataType& interval);
/// Of two of one kind: from the larger unit of both to the smaller one.
std::shared_ptr<arrow::DataType> WiderInterval(const arrow::DataType& a, const arrow::DataType& b);

/// "interval day to second", "interval year".
std::string IntervalName(const arrow::DataType& interval);
/// "DAY", of a field of day-time or year-month intervals.
std::string_view FieldName(bool day_time, int field);
/// The type of such a name without its first word; nullptr: there is none.
std::shared_ptr<arrow::DataType> IntervalNamed(std::string_view fields);

/// "INTERVAL '1 02:03:04.5' DAY TO SECOND"
std::string IntervalText(int64_t value, const arrow::DataType& interval);
/// The value of a text between the quotes of such a literal, by the type's fields; `sign`
/// negates. nullopt: it isn't of that form, or out of range.
std::optional<int64_t> ParseInterval(std::string_view text, const arrow::DataType& interval);
/// Also with INTERVAL before and the fields behind, as casts take it.
std::optional<int64_t> ParseIntervalText(std::string_view text, const arrow::DataType& interval);

/// What of a schema Arrow's streams don't carry; "" if nothing.
std::string IntervalsOf(const arrow::Schema& schema);
/// The table with the interval types that IntervalsOf told. kInput for a text that isn't of it.
base::StatusOr<std::shared_ptr<arrow::Table>> WithIntervals(std::shared_ptr<arrow::Table> table,
                                                            std::string_view intervals);

/// As Spark's Parquet files hold intervals: numbers of microseconds or months.
std::shared_ptr<arrow::Schema> IntervalsAsNumbers(const arrow::Schema& schema);
std::shared_ptr<arrow::Table> IntervalsAsNumbers(const arrow::Table& table);

}  // namespace soteria::table
