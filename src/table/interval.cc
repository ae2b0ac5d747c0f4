#include "src/table/interval.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/text_value.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

using arrow::Type;
using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr std::string_view kDayTime[] = {"DAY", "HOUR", "MINUTE", "SECOND"};
constexpr std::string_view kYearMonth[] = {"YEAR", "MONTH"};
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMicros[] = {86'400 * kSecond, 3'600 * kSecond, 60 * kSecond, kSecond};

std::string FieldsPrint(IntervalFields fields) {
  return base::Cat("{", fields.start, "-", fields.end, "}");
}

class DayTime final : public arrow::DurationType {
 public:
  explicit DayTime(IntervalFields fields)
      : arrow::DurationType(arrow::TimeUnit::MICRO), fields_(fields) {}
  IntervalFields fields() const { return fields_; }
  std::string ToString(bool /*show_metadata*/) const override { return IntervalName(*this); }

 protected:
  std::string ComputeFingerprint() const override {
    return arrow::DurationType::ComputeFingerprint() + FieldsPrint(fields_);
  }

 private:
  IntervalFields fields_;
};

class YearMonth final : public arrow::MonthIntervalType {
 public:
  explicit YearMonth(IntervalFields fields) : fields_(fields) {}
  IntervalFields fields() const { return fields_; }
  std::string ToString(bool /*show_metadata*/) const override { return IntervalName(*this); }

 protected:
  std::string ComputeFingerprint() const override {
    return arrow::MonthIntervalType::ComputeFingerprint() + FieldsPrint(fields_);
  }

 private:
  IntervalFields fields_;
};

/// Calls `each` with the interval types within, in the order of the columns, and puts what it gives
/// in their place.
template <class Each>
TypePtr Mapped(const TypePtr& type, const Each& each) {
  const auto map = [&](const std::shared_ptr<arrow::Field>& field) {
    return field->WithType(Mapped(field->type(), each));
  };
  switch (type->id()) {
    case Type::DURATION:
    case Type::INTERVAL_MONTHS:
      return each(type);
    case Type::LIST:
      return arrow::list(map(type->field(0)));
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(map(field));
      return arrow::struct_(std::move(fields));
    }
    case Type::MAP: {
      const auto& its = static_cast<const arrow::MapType&>(*type);
      auto key = map(its.key_field());
      auto item = map(its.item_field());
      return std::make_shared<arrow::MapType>(std::move(key), std::move(item), its.keys_sorted());
    }
    default:
      return type;
  }
}

std::shared_ptr<arrow::ArrayData> Retyped(const std::shared_ptr<arrow::ArrayData>& data,
                                          const TypePtr& type) {
  auto copy = data->Copy();
  copy->type = type;
  for (size_t i = 0; i < copy->child_data.size(); ++i) {
    copy->child_data[i] = Retyped(copy->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return copy;
}

TypePtr NumberOf(const TypePtr& interval) {
  return IsDayTime(*interval) ? arrow::int64() : arrow::int32();
}

/// "04", and of seconds "04.5".
std::string Padded(int64_t value) { return base::Cat(value < 10 ? "0" : "", value); }

std::string Seconds(uint64_t micros) {
  std::string text = Padded(static_cast<int64_t>(micros / kSecond));
  std::string fraction = std::to_string(micros % kSecond);
  if (fraction == "0") return text;
  fraction.insert(0, 6 - fraction.size(), '0');
  while (fraction.back() == '0') fraction.pop_back();
  return base::Cat(text, ".", fraction);
}

std::string DayTimeValue(uint64_t rest, IntervalFields fields) {
  std::string text;
  for (int field = fields.start; field <= fields.end; ++field) {
    const bool first = field == fields.start;
    if (!first) text += field == 1 ? " " : ":";
    const auto unit = static_cast<uint64_t>(kMicros[field]);
    if (field == 3) {
      text += Seconds(rest);
      break;
    }
    const auto count = static_cast<int64_t>(rest / unit);
    text += field == 0 ? std::to_string(count) : Padded(count);
    rest %= unit;
  }
  return text;
}

/// Reads the digits at the front.
std::optional<int64_t> TakeDigits(std::string_view* text) {
  size_t digits = 0;
  while (digits < text->size() && base::IsDigit((*text)[digits])) ++digits;
  int64_t value = 0;
  const auto read = std::from_chars(text->data(), text->data() + digits, value);
  if (digits == 0 || read.ec != std::errc()) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

bool TakeWord(std::string_view* text, std::string_view upper) {
  const std::string_view trimmed = Trim(*text);
  if (trimmed.size() < upper.size() || base::Upper(trimmed.substr(0, upper.size())) != upper) {
    return false;
  }
  *text = Trim(trimmed.substr(upper.size()));
  return true;
}

/// Of the fraction of a second, up to nine digits, those of microseconds.
std::optional<int64_t> Fraction(std::string_view* text) {
  size_t digits = 0;
  int64_t micros = 0;
  for (; digits < text->size() && base::IsDigit((*text)[digits]); ++digits) {
    if (digits < 6) micros = micros * 10 + ((*text)[digits] - '0');
  }
  if (digits == 0 || digits > 9) return std::nullopt;
  for (size_t i = digits; i < 6; ++i) micros *= 10;
  text->remove_prefix(digits);
  return micros;
}

}  // namespace

TypePtr DayTimeType(IntervalFields fields) {
  if (fields.start == kDayToSecond.start && fields.end == kDayToSecond.end) {
    return arrow::duration(arrow::TimeUnit::MICRO);
  }
  return std::make_shared<DayTime>(fields);
}

TypePtr YearMonthType(IntervalFields fields) {
  if (fields.start == kYearToMonth.start && fields.end == kYearToMonth.end) {
    return arrow::month_interval();
  }
  return std::make_shared<YearMonth>(fields);
}

bool IsDayTime(const arrow::DataType& type) { return type.id() == Type::DURATION; }
bool IsYearMonth(const arrow::DataType& type) { return type.id() == Type::INTERVAL_MONTHS; }
bool IsInterval(const arrow::DataType& type) { return IsDayTime(type) || IsYearMonth(type); }

IntervalFields FieldsOf(const arrow::DataType& interval) {
  if (const auto* time = dynamic_cast<const DayTime*>(&interval)) return time->fields();
  if (const auto* months = dynamic_cast<const YearMonth*>(&interval)) return months->fields();
  return IsDayTime(interval) ? kDayToSecond : kYearToMonth;
}

TypePtr WiderInterval(const arrow::DataType& a, const arrow::DataType& b) {
  const IntervalFields one = FieldsOf(a);
  const IntervalFields two = FieldsOf(b);
  const IntervalFields both = {std::min(one.start, two.start), std::max(one.end, two.end)};
  return IsDayTime(a) ? DayTimeType(both) : YearMonthType(both);
}

std::string_view FieldName(bool day_time, int field) {
  return day_time ? kDayTime[field] : kYearMonth[field];
}

std::string IntervalName(const arrow::DataType& interval) {
  const IntervalFields fields = FieldsOf(interval);
  const bool time = IsDayTime(interval);
  std::string name = base::Cat("interval ", base::Lower(FieldName(time, fields.start)));
  if (fields.end > fields.start)
    name += base::Cat(" to ", base::Lower(FieldName(time, fields.end)));
  return name;
}

TypePtr IntervalNamed(std::string_view text) {
  for (const bool time : {true, false}) {
    const int count = time ? 4 : 2;
    for (int start = 0; start < count; ++start) {
      for (int end = start; end < count; ++end) {
        const IntervalFields fields = {start, end};
        const TypePtr type = time ? DayTimeType(fields) : YearMonthType(fields);
        if (IntervalName(*type) == base::Cat("interval ", text)) return type;
      }
    }
  }
  return nullptr;
}

std::string IntervalText(int64_t value, const arrow::DataType& interval) {
  const IntervalFields fields = FieldsOf(interval);
  const uint64_t size =
      value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string text;
  if (IsDayTime(interval)) {
    text = DayTimeValue(size, fields);
  } else if (fields.start == fields.end) {
    text = std::to_string(fields.start == 0 ? size / 12 : size);
  } else {
    text = base::Cat(size / 12, "-", size % 12);
  }
  const std::string name = base::Upper(IntervalName(interval));
  constexpr size_t kWord = 9;  // "interval "
  return base::Cat("INTERVAL '", value < 0 ? "-" : "", text, "' ", name.substr(kWord));
}

std::optional<int64_t> ParseInterval(std::string_view text, const arrow::DataType& interval) {
  const bool negative = Take(&text, '-');
  if (!negative) Take(&text, '+');
  const IntervalFields fields = FieldsOf(interval);
  const bool time = IsDayTime(interval);
  constexpr int64_t kMost[] = {0, 23, 59, 59};
  __int128 value = 0;
  for (int field = fields.start; field <= fields.end; ++field) {
    const bool first = field == fields.start;
    if (!first && !Take(&text, !time ? '-' : field == 1 ? ' ' : ':')) return std::nullopt;
    const std::optional<int64_t> count = TakeDigits(&text);
    if (!count || (!first && *count > (time ? kMost[field] : 11))) return std::nullopt;
    value += __int128{*count} * (time ? kMicros[field] : field == 0 ? 12 : 1);
    if (time && field == 3 && Take(&text, '.')) {
      const std::optional<int64_t> micros = Fraction(&text);
      if (!micros) return std::nullopt;
      value += *micros;
    }
  }
  if (!text.empty()) return std::nullopt;
  if (negative) value = -value;
  const __int128 most = time ? __int128{std::numeric_limits<int64_t>::max()}
                             : __int128{std::numeric_limits<int32_t>::max()};
  if (value > most || value < -most - 1) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::optional<int64_t> ParseIntervalText(std::string_view text, const arrow::DataType& interval) {
  text = Trim(text);
  bool negative = false;
  if (TakeWord(&text, "INTERVAL")) {
    negative = Take(&text, '-');
    if (!negative) Take(&text, '+');
    text = Trim(text);
    const std::string name = base::Upper(IntervalName(interval)).substr(9);
    if (!Take(&text, '\'')) return std::nullopt;
    const size_t quote = text.find('\'');
    if (quote == std::string_view::npos || base::Upper(Trim(text.substr(quote + 1))) != name) {
      return std::nullopt;
    }
    text = Trim(text.substr(0, quote));
  }
  std::optional<int64_t> value = ParseInterval(text, interval);
  if (value && negative && __builtin_sub_overflow(int64_t{0}, *value, &*value)) {
    return std::nullopt;
  }
  return value;
}

std::string IntervalsOf(const arrow::Schema& schema) {
  std::string names;
  bool any = false;
  for (const auto& field : schema.fields()) {
    Mapped(field->type(), [&](const TypePtr& type) {
      names += base::Cat(names.empty() ? "" : ",", IntervalName(*type).substr(9));
      any = any || !type->Equals(IsDayTime(*type) ? DayTimeType() : YearMonthType());
      return type;
    });
  }
  return any ? names : "";
}

base::StatusOr<std::shared_ptr<arrow::Table>> WithIntervals(std::shared_ptr<arrow::Table> table,
                                                            std::string_view intervals) {
  const std::string_view all = intervals;
  bool bad = false;
  const auto next = [&](const TypePtr& type) {
    const size_t comma = std::min(intervals.find(','), intervals.size());
    TypePtr named = IntervalNamed(intervals.substr(0, comma));
    intervals.remove_prefix(std::min(comma + 1, intervals.size()));
    bad = bad || named == nullptr || named->id() != type->id();
    return bad ? type : named;
  };
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  for (int i = 0; i < table->num_columns(); ++i) {
    const TypePtr type = Mapped(table->field(i)->type(), next);
    arrow::ArrayVector chunks;
    for (const auto& chunk : table->column(i)->chunks()) {
      chunks.push_back(arrow::MakeArray(Retyped(chunk->data(), type)));
    }
    fields.push_back(table->field(i)->WithType(type));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks), type));
  }
  if (bad || IntervalsOf(arrow::Schema(fields)) != all) {
    return base::Fail(base::kInput, "An Arrow stream whose intervals aren't those of its columns");
  }
  return arrow::Table::Make(arrow::schema(std::move(fields), table->schema()->metadata()),
                            std::move(columns), table->num_rows());
}

std::shared_ptr<arrow::Schema> IntervalsAsNumbers(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(field->WithType(Mapped(field->type(), NumberOf)));
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

std::shared_ptr<arrow::Table> IntervalsAsNumbers(const arrow::Table& table) {
  const auto schema = IntervalsAsNumbers(*table.schema());
  arrow::ChunkedArrayVector columns;
  for (int i = 0; i < table.num_columns(); ++i) {
    const TypePtr& type = schema->field(i)->type();
    arrow::ArrayVector chunks;
    for (const auto& chunk : table.column(i)->chunks()) {
      const bool same = chunk->type()->Equals(type);
      chunks.push_back(same ? chunk : arrow::MakeArray(Retyped(chunk->data(), type)));
    }
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks), type));
  }
  return arrow::Table::Make(schema, std::move(columns), table.num_rows());
}

}  // namespace soteria::table
