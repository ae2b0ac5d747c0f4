// Of the parser: literals of intervals.
#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/types.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_parser.h"
#include "src/table/interval.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;

constexpr base::Condition IntervalFormat(const char* name) {
  return {name, base::exception_class::kParse, "22006", absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kInvalidValue = IntervalFormat("INVALID_INTERVAL_FORMAT.INVALID_VALUE");
constexpr base::Condition kUnmatched =
    IntervalFormat("INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING");
constexpr base::Condition kFromTo =
    IntervalFormat("INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION");
constexpr base::Condition kUnmatchedTime =
    IntervalFormat("INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE");
constexpr base::Condition kParsing = IntervalFormat("INVALID_INTERVAL_FORMAT.INTERVAL_PARSING");
constexpr base::Condition kTooLarge = {"INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION",
                                       base::exception_class::kIllegalArgument, "22006",
                                       absl::StatusCode::kInvalidArgument};
constexpr base::Condition kFraction = {"INVALID_INTERVAL_FORMAT.INVALID_FRACTION",
                                       base::exception_class::kIllegalArgument, "22006",
                                       absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInvalidLiteral = {"INVALID_TYPED_LITERAL", base::exception_class::kParse,
                                             "42604", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kMixed = {"_LEGACY_ERROR_TEMP_0029", base::exception_class::kParse, "",
                                    absl::StatusCode::kInvalidArgument};

struct Unit {
  std::string_view name;
  bool day_time;
  int field;
  int64_t size;  // in months or microseconds
};
constexpr int64_t kSecond = 1'000'000;
constexpr Unit kUnits[] = {{"YEAR", false, 0, 12},
                           {"MONTH", false, 1, 1},
                           {"WEEK", true, 0, 7 * 86'400 * kSecond},
                           {"DAY", true, 0, 86'400 * kSecond},
                           {"HOUR", true, 1, 3'600 * kSecond},
                           {"MINUTE", true, 2, 60 * kSecond},
                           {"SECOND", true, 3, kSecond},
                           {"MILLISECOND", true, 3, 1'000},
                           {"MICROSECOND", true, 3, 1}};

const Unit* FindUnit(std::string_view word) {
  for (const Unit& unit : kUnits) {
    if (word == unit.name ||
        (word.ends_with('S') && word.substr(0, word.size() - 1) == unit.name)) {
      return &unit;
    }
  }
  return nullptr;
}

/// Digits, and of seconds a fraction; in the unit's size.
std::optional<__int128> ValueOf(std::string_view text, const Unit& unit) {
  bool negative = false;
  if (text.starts_with('-') || text.starts_with('+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const bool whole_second = unit.name == "SECOND";
  const size_t dot = whole_second ? std::min(text.find('.'), text.size()) : text.size();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + dot, number);
  const bool empty = dot == 0 && dot < text.size();  // ".5"
  if (!empty && (dot == 0 || error != std::errc() || end != text.data() + dot || number < 0)) {
    return std::nullopt;
  }
  __int128 value = __int128{number} * unit.size;
  int64_t digit = kSecond / 10;
  for (size_t i = dot + 1; i < text.size(); ++i, digit /= 10) {
    if (!base::IsDigit(text[i]) || i > dot + 9) return std::nullopt;
    value += (text[i] - '0') * digit;
  }
  return negative ? -value : value;
}

/// What units add up to.
struct Sum {
  __int128 value = 0;
  std::optional<bool> day_time = std::nullopt;
  table::IntervalFields fields = {3, 0};

  base::Status Add(std::string_view text, const Unit& unit, bool minus) {
    const std::optional<__int128> its = ValueOf(text, unit);
    if (!its && ValueOf(text, kUnits[6]).has_value()) {
      return base::Fail(kFraction, base::Cat("Error parsing interval: ", base::Lower(unit.name),
                                             "s cannot have fractional part."));
    }
    if (!its) {
      return base::Fail(kInvalidValue,
                        base::Cat("Error parsing interval: invalid value '", text, "'."));
    }
    if (day_time.value_or(unit.day_time) != unit.day_time) {
      return base::Fail(kMixed, "Cannot mix year-month and day-time fields.");
    }
    day_time = unit.day_time;
    fields = {std::min(fields.start, unit.field), std::max(fields.end, unit.field)};
    value += minus ? -*its : *its;
    return base::OkStatus();
  }
};

/// '1 day 2 hours'
base::Status AddWords(std::string_view text, Sum* sum) {
  std::vector<std::string> words;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && !base::IsSpace(text[end])) ++end;
    if (end > i) words.push_back(base::Upper(text.substr(i, end - i)));
    i = end + 1;
  }
  if (!words.empty() && words[0] == "INTERVAL") words.erase(words.begin());
  const auto invalid = [&] {
    return base::Fail(
        kInvalidLiteral,
        base::Cat("The value of the typed literal \"INTERVAL\" is invalid: '", text, "'."));
  };
  if (words.empty() || words.size() % 2 == 1) return invalid();
  for (size_t i = 0; i < words.size(); i += 2) {
    const Unit* unit = FindUnit(words[i + 1]);
    if (unit == nullptr || !ValueOf(words[i], *unit).has_value()) return invalid();
    SOTERIA_RETURN_IF_ERROR(sum->Add(words[i], *unit, false));
  }
  return base::OkStatus();
}

}  // namespace

/// INTERVAL [-] 3 DAYS [4 HOURS ...], INTERVAL '1 02' DAY TO HOUR, INTERVAL '1 day 2 hours'
SqlParser::ExprOr SqlParser::Interval() {
  ++at_;
  const bool negative = TakeOp("-");
  if (!negative) TakeOp("+");
  Sum sum;
  const auto is_value = [this](size_t ahead) {
    return Now(ahead).kind == Kind::kNumber || Now(ahead).kind == Kind::kString;
  };
  if (Now().kind == Kind::kString && FindUnit(Now(1).upper) == nullptr) {
    SOTERIA_RETURN_IF_ERROR(AddWords(tokens_[at_++].text, &sum));
  }
  while (is_value(0) || (IsOp("-") && is_value(1) && FindUnit(Now(2).upper) != nullptr)) {
    const bool minus = TakeOp("-");
    const SqlToken value = Now();
    ++at_;
    const Unit* unit = FindUnit(Now().upper);
    if (Now().kind != Kind::kWord || unit == nullptr) return Error();
    ++at_;
    if (!sum.day_time.has_value() && TakeWord("TO")) {
      const Unit* last = FindUnit(Now().upper);
      if (last == nullptr) return Error();
      ++at_;
      return IntervalOf(value.text, negative != minus,
                        unit->day_time == last->day_time ? unit->field : -1, last->field,
                        last->day_time);
    }
    SOTERIA_RETURN_IF_ERROR(sum.Add(value.text, *unit, minus));
  }
  if (!sum.day_time.has_value()) return Error();
  if (negative) sum.value = -sum.value;
  return IntervalNode(sum.value, *sum.day_time, sum.fields.start, sum.fields.end);
}

/// '1 02' DAY TO HOUR
SqlParser::ExprOr SqlParser::IntervalOf(const std::string& text, bool negative, int start, int end,
                                        bool day_time) {
  if (start < 0 || start >= end) {
    return base::Fail(kFromTo, "Error parsing interval: it can't go from that field to the other.");
  }
  const auto type =
      day_time ? table::DayTimeType({start, end}) : table::YearMonthType({start, end});
  const std::optional<int64_t> value = table::ParseInterval(text, *type);
  const bool months =
      !day_time && text.find_first_not_of("+-0123456789") == std::string::npos &&
      std::count(text.begin(), text.end(), '-') - (text.starts_with('-') ? 1 : 0) == 1;
  if (!value) {
    return base::Fail(months                               ? kParsing
                      : day_time && start == 0 && end == 3 ? kUnmatchedTime
                                                           : kUnmatched,
                      base::Cat("Interval string does not match the format of ",
                                table::IntervalName(*type), ": ", text, "."));
  }
  const __int128 wide = *value;
  return IntervalNode(negative ? -wide : wide, day_time, start, end);
}

SqlParser::ExprOr SqlParser::IntervalNode(__int128 value, bool day_time, int start, int end) {
  const bool fits =
      day_time ? value == static_cast<int64_t>(value) : value == static_cast<int32_t>(value);
  if (!fits) return base::Fail(kTooLarge, "Error parsing interval: it is out of range.");
  SqlExpr literal = NullNode();
  auto* proto = literal.proto->mutable_literal();
  if (day_time) {
    proto->set_day_time_interval(static_cast<int64_t>(value));
    auto* type = proto->mutable_data_type()->mutable_day_time_interval();
    type->set_start_field(start);
    type->set_end_field(end);
  } else {
    proto->set_year_month_interval(static_cast<int32_t>(value));
    auto* type = proto->mutable_data_type()->mutable_year_month_interval();
    type->set_start_field(start);
    type->set_end_field(end);
  }
  return literal;
}

}  // namespace soteria::connect
