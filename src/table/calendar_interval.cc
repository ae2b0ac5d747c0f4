#include "src/table/calendar_interval.h"

#include <string>

#include "src/base/ascii.h"
#include "src/table/zoned_time.h"

namespace soteria::table {
namespace {

constexpr std::string_view kWord = "interval";
/// Digits of a fraction of a second: nanoseconds.
constexpr int kFractionDigitsMax = 9;

struct Unit {
  std::string_view name;
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
};
constexpr Unit kUnits[] = {
    {"year", 12},
    {"month", 1},
    {"week", 0, 7},
    {"day", 0, 1},
    {"hour", 0, 0, 3'600 * kMicrosPerSecond},
    {"minute", 0, 0, 60 * kMicrosPerSecond},
    {"second", 0, 0, kMicrosPerSecond},
    {"millisecond", 0, 0, 1'000},
    {"microsecond", 0, 0, 1},
};

const Unit* UnitNamed(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (name == unit.name) return &unit;
    if (name.size() == unit.name.size() + 1 && name.starts_with(unit.name) && name.ends_with('s')) {
      return &unit;
    }
  }
  return nullptr;
}

bool IsSpace(char c) { return static_cast<unsigned char>(c) <= ' '; }

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<CalendarInterval> Read() {
    Skip();
    if (rest_.starts_with(kWord)) {
      rest_.remove_prefix(kWord.size());
      if (rest_.empty() || !IsSpace(rest_[0])) return std::nullopt;
      Skip();
    }
    if (rest_.empty()) return std::nullopt;
    while (!rest_.empty()) {
      if (!ReadValue()) return std::nullopt;
      Skip();
    }
    return out_;
  }

 private:
  void Skip() {
    while (!rest_.empty() && IsSpace(rest_[0])) rest_.remove_prefix(1);
  }

  bool ReadDigits() {
    while (!rest_.empty() && base::IsDigit(rest_[0])) {
      if (__builtin_mul_overflow(whole_, 10, &whole_) ||
          __builtin_add_overflow(whole_, rest_[0] - '0', &whole_)) {
        return false;
      }
      rest_.remove_prefix(1);
    }
    return true;
  }

  bool ReadFraction() {
    int digits = 0;
    for (; !rest_.empty() && base::IsDigit(rest_[0]); ++digits) {
      if (digits == kFractionDigitsMax) return false;
      nanos_ = nanos_ * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    for (; digits < kFractionDigitsMax; ++digits) nanos_ *= 10;
    return true;
  }

  bool ReadValue() {
    whole_ = 0;
    nanos_ = 0;
    const bool negative = rest_[0] == '-';
    if (negative || rest_[0] == '+') {
      rest_.remove_prefix(1);
      Skip();
    }
    if (rest_.empty() || (!base::IsDigit(rest_[0]) && rest_[0] != '.')) return false;
    if (!ReadDigits()) return false;
    bool fraction = false;
    if (!rest_.empty() && rest_[0] == '.') {
      fraction = true;
      rest_.remove_prefix(1);
      if (!ReadFraction()) return false;
    }
    if (rest_.empty() || !IsSpace(rest_[0])) return false;
    Skip();
    size_t end = 0;
    while (end < rest_.size() && !IsSpace(rest_[end])) ++end;
    const Unit* unit = UnitNamed(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (unit == nullptr || (fraction && unit->name != "second")) return false;
    return Add(*unit, negative);
  }

  bool Add(const Unit& unit, bool negative) {
    if (negative) {
      whole_ = -whole_;
      nanos_ = -nanos_;
    }
    if (unit.micros != 0) {
      int64_t by = 0;
      return !__builtin_mul_overflow(whole_, unit.micros, &by) &&
             !__builtin_add_overflow(out_.micros, by, &out_.micros) &&
             !__builtin_add_overflow(out_.micros, nanos_ / 1'000, &out_.micros);
    }
    int32_t& field = unit.days != 0 ? out_.days : out_.months;
    int32_t by = 0;
    return !__builtin_mul_overflow(whole_, int64_t{unit.days} + unit.months, &by) &&
           !__builtin_add_overflow(field, by, &field);
  }

  std::string_view rest_;
  int64_t whole_ = 0;
  int64_t nanos_ = 0;
  CalendarInterval out_;
};

}  // namespace

std::optional<CalendarInterval> ParseCalendarInterval(std::string_view text) {
  const std::string lower = base::Lower(text);
  return Reader(lower).Read();
}

}  // namespace soteria::table
