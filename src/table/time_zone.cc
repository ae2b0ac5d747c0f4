#include "src/table/time_zone.h"

#include <algorithm>
#include <array>
#include <string>

#include "src/base/ascii.h"
#include "src/table/calendar.h"
#include "src/table/time_zone_rules.h"

namespace soteria::table {
namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kDaySeconds = 86'400;
constexpr int32_t kOffsetMax = 18 * 3600;

/// Java's ZoneId.SHORT_IDS: names of regions, and three offsets.
struct ShortId {
  std::string_view id;
  std::string_view means;
};
constexpr ShortId kShortIds[] = {{"ACT", "Australia/Darwin"},
                                 {"AET", "Australia/Sydney"},
                                 {"AGT", "America/Argentina/Buenos_Aires"},
                                 {"ART", "Africa/Cairo"},
                                 {"AST", "America/Anchorage"},
                                 {"BET", "America/Sao_Paulo"},
                                 {"BST", "Asia/Dhaka"},
                                 {"CAT", "Africa/Harare"},
                                 {"CNT", "America/St_Johns"},
                                 {"CST", "America/Chicago"},
                                 {"CTT", "Asia/Shanghai"},
                                 {"EAT", "Africa/Addis_Ababa"},
                                 {"ECT", "Europe/Paris"},
                                 {"EST", "-05:00"},
                                 {"HST", "-10:00"},
                                 {"IET", "America/Indiana/Indianapolis"},
                                 {"IST", "Asia/Kolkata"},
                                 {"JST", "Asia/Tokyo"},
                                 {"MIT", "Pacific/Apia"},
                                 {"MST", "-07:00"},
                                 {"NET", "Asia/Yerevan"},
                                 {"NST", "Pacific/Auckland"},
                                 {"PLT", "Asia/Karachi"},
                                 {"PNT", "America/Phoenix"},
                                 {"PRT", "America/Puerto_Rico"},
                                 {"PST", "America/Los_Angeles"},
                                 {"SST", "Pacific/Guadalcanal"},
                                 {"VST", "Asia/Ho_Chi_Minh"}};

std::optional<int64_t> Added(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional(sum);
}

/// Two digits at `at`, at most `most`.
bool TwoDigits(std::string_view text, size_t at, int most, int32_t* value) {
  if (at + 2 > text.size() || !base::IsDigit(text[at]) || !base::IsDigit(text[at + 1]))
    return false;
  *value = (text[at] - '0') * 10 + (text[at + 1] - '0');
  return *value <= most;
}

/// Java's ZoneOffset.of: +h, +hh, +hh:mm, +hhmm, +hh:mm:ss, +hhmmss, or Z.
std::optional<int32_t> ParseOffset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  std::string padded(text);
  if (padded.size() == 2) padded.insert(1, "0");
  int32_t hours = 0;
  int32_t minutes = 0;
  int32_t seconds = 0;
  const size_t n = padded.size();
  const bool colons = n > 3 && padded[3] == ':';
  const size_t step = colons ? 3 : 2;
  const bool sized = n == 3 || n == 3 + step || n == 3 + 2 * step;
  if (!sized || !TwoDigits(padded, 1, 18, &hours)) return std::nullopt;
  if (n > 3 && !TwoDigits(padded, 1 + step, 59, &minutes)) return std::nullopt;
  if (n > 3 + step &&
      ((colons && padded[6] != ':') || !TwoDigits(padded, 1 + 2 * step, 59, &seconds))) {
    return std::nullopt;
  }
  const int32_t offset = (hours * 60 + minutes) * 60 + seconds;
  if (offset > kOffsetMax) return std::nullopt;
  return text[0] == '-' ? -offset : offset;
}

/// Spark's own forms: "+h:mm" and "+hh:m".
std::string WithTwoDigits(std::string_view id) {
  std::string text(id);
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if ((text[i] == '+' || text[i] == '-') && base::IsDigit(text[i + 1]) && text[i + 2] == ':') {
      text.insert(i + 1, "0");
      break;
    }
  }
  const size_t n = text.size();
  if (n >= 5 && (text[n - 5] == '+' || text[n - 5] == '-') && base::IsDigit(text[n - 4]) &&
      base::IsDigit(text[n - 3]) && text[n - 2] == ':' && base::IsDigit(text[n - 1])) {
    text.insert(n - 1, "0");
  }
  return text;
}

const internal::ZoneRow* FindRegion(std::string_view id) {
  const auto* end = internal::kZoneRows + internal::kZoneCount;
  const auto* at = std::lower_bound(
      internal::kZoneRows, end, id,
      [](const internal::ZoneRow& row, std::string_view wanted) { return row.id < wanted; });
  return at != end && at->id == id ? at : nullptr;
}

struct Change {
  int64_t second;
  int32_t before;
  int32_t after;
};

/// Seconds since 1970 of a yearly change, by the clock before it.
int64_t LocalSecond(const internal::YearlyChange& change, int64_t year) {
  const int64_t first = DaysFromDate(year, change.month, 1);
  const int64_t weekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  int64_t day = first + (change.weekday - weekday + 7) % 7 + (change.week - 1) * 7;
  if (day >= first + DaysInMonth(year, change.month)) day -= 7;
  return day * kDaySeconds + change.second;
}

/// Is the change over, at that instant or at that reading of the clock?
bool IsOver(const Change& change, int64_t second, bool local) {
  return second >= change.second + (local ? std::max(change.before, change.after) : 0);
}

/// The offset by a yearly rule; `known` is the last change that is listed.
int32_t OffsetByRule(const internal::YearlyRule& rule, const Change& known, int64_t second,
                     bool local) {
  const int64_t year = DateFromDays(FloorDivide(second, kDaySeconds)).year;
  int32_t offset = known.after;
  for (int64_t y = year - 1; y <= year + 1; ++y) {
    std::array<Change, 2> two = {
        Change{LocalSecond(rule.to_summer, y) - rule.standard, rule.standard, rule.summer},
        Change{LocalSecond(rule.to_standard, y) - rule.summer, rule.summer, rule.standard}};
    if (two[1].second < two[0].second) std::swap(two[0], two[1]);
    for (const Change& change : two) {
      if (change.second > known.second && IsOver(change, second, local)) offset = change.after;
    }
  }
  return offset;
}

}  // namespace

std::optional<TimeZone> TimeZone::Find(std::string_view id) {
  const std::string text = WithTwoDigits(id);
  if (text == "Z" || text.starts_with('+') || text.starts_with('-')) {
    const auto offset = ParseOffset(text);
    return offset.has_value() ? std::optional(TimeZone(*offset)) : std::nullopt;
  }
  for (const ShortId& entry : kShortIds) {
    if (entry.id == text) return Find(entry.means);
  }
  if (text == "UTC" || text == "GMT" || text == "UT") return TimeZone();
  for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
    const std::string_view rest =
        std::string_view(text).substr(std::min(prefix.size(), text.size()));
    if (!text.starts_with(prefix) || !(rest.starts_with('+') || rest.starts_with('-'))) continue;
    const auto offset = ParseOffset(rest);
    return offset.has_value() ? std::optional(TimeZone(*offset)) : std::nullopt;
  }
  const internal::ZoneRow* row = FindRegion(text);
  if (row == nullptr) return std::nullopt;
  if (row->count == 0 && row->rule < 0) return TimeZone(row->first_offset);
  return TimeZone(row);
}

int32_t TimeZone::OffsetAt(int64_t second, bool local) const {
  if (row_ == nullptr) return offset_;
  const int64_t* seconds = internal::kChangeSeconds + row_->first;
  const int32_t* offsets = internal::kChangeOffsets + row_->first;
  const auto change = [&](size_t k) {
    return Change{seconds[k], k == 0 ? row_->first_offset : offsets[k - 1], offsets[k]};
  };
  // The first change that isn't over.
  size_t low = 0;
  size_t high = row_->count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (IsOver(change(middle), second, local)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < row_->count || row_->rule < 0) return low == 0 ? row_->first_offset : offsets[low - 1];
  const Change known =
      low == 0 ? Change{INT64_MIN, row_->first_offset, row_->first_offset} : change(low - 1);
  return OffsetByRule(internal::kYearlyRules[row_->rule], known, second, local);
}

std::optional<int64_t> TimeZone::ToLocal(int64_t micros) const {
  return Added(micros, OffsetAt(FloorDivide(micros, kMicros), false) * kMicros);
}

std::optional<int64_t> TimeZone::ToInstant(int64_t local) const {
  return Added(local, -OffsetAt(FloorDivide(local, kMicros), true) * kMicros);
}

}  // namespace soteria::table
