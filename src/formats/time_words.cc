#include "src/formats/time_words.h"

#include <optional>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/table/calendar.h"

namespace soteria::formats {
namespace {

constexpr int64_t kMicrosOfDay = int64_t{86'400} * 1'000'000;

/// What Spark 1 and 2 wrote: ISO 8601 with GMT before its offset.
std::string WithoutGmt(std::string_view text) {
  std::string without(text);
  if (const size_t at = without.find("GMT"); at != std::string::npos) without.erase(at, 3);
  return without;
}

base::Status Compile(const std::string& pattern, std::optional<table::DatePattern>* compiled) {
  if (pattern.empty()) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(*compiled, table::DatePattern::Compile(pattern, "A pattern of a read"));
  return base::OkStatus();
}

}  // namespace

base::StatusOr<table::CsvWords> WordsOf(const RecordOptions& options) {
  table::CsvWords words;
  if (!options.zone.empty()) {
    const auto zone = table::TimeZone::Find(options.zone);
    if (!zone.has_value()) return base::Fail(base::kProtocol, "options name no time zone");
    words.zone = *zone;
  }
  SOTERIA_RETURN_IF_ERROR(Compile(options.date_format, &words.date));
  SOTERIA_RETURN_IF_ERROR(Compile(options.timestamp_format, &words.timestamp));
  // Spark's default reads these of dates too, so that a column may hold both.
  static constexpr std::string_view kPlain[] = {"",          "yyyy-MM-dd", "yyyy-M-d", "yyyy-M-dd",
                                                "yyyy-MM-d", "yyyy-MM",    "yyyy-M",   "yyyy"};
  bool plain = false;
  for (const std::string_view pattern : kPlain) plain = plain || options.date_format == pattern;
  words.dates_are_timestamps = plain && options.timestamp_format.empty();
  return words;
}

bool DateOf(std::string_view text, const table::CsvWords& words, int32_t* days) {
  if (!words.date) {
    return table::ParseDate(text, days) || table::ParseDate(WithoutGmt(text), days);
  }
  const std::optional<int64_t> micros = words.date->Parse(text, table::TimeZone());
  if (!micros) return false;
  *days = static_cast<int32_t>(table::FloorDivide(*micros, kMicrosOfDay));
  return true;
}

table::TimeText TimestampOf(std::string_view text, const table::CsvWords& words, int64_t* micros) {
  if (words.timestamp) {
    const std::optional<int64_t> value = words.timestamp->Parse(text, words.zone);
    if (!value) return table::TimeText::kMalformed;
    *micros = *value;
    return table::TimeText::kValue;
  }
  const table::TimeText outcome = table::ParseTimestampIn(text, words.zone, micros);
  if (outcome != table::TimeText::kMalformed) return outcome;
  return table::ParseTimestampIn(WithoutGmt(text), words.zone, micros);
}

}  // namespace soteria::formats
