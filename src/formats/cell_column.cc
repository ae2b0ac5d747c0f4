#include "src/formats/cell_column.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/formats/time_words.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/text_value.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using arrow::Type;

template <class Builder>
class BuiltColumn : public CellColumn {
 public:
  explicit BuiltColumn(const std::shared_ptr<arrow::DataType>& type)
      : builder_(type, arrow::default_memory_pool()) {}

  base::Status AppendNull() override {
    SOTERIA_ARROW_RETURN(builder_.AppendNull());
    return status_;
  }
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish() override {
    SOTERIA_RETURN_IF_ERROR(status_);
    std::shared_ptr<arrow::Array> array;
    SOTERIA_ARROW_RETURN(builder_.Finish(&array));
    return array;
  }
  int64_t length() const override { return builder_.length(); }

 protected:
  template <class V>
  CellOutcome Take(const V& value) {
    const arrow::Status appended = builder_.Append(value);
    if (!appended.ok() && status_.ok()) status_ = table::FromArrow(appended);
    return CellOutcome::kValue;
  }

  Builder builder_;
  base::Status status_;  // memory that ran out
};

template <class Builder, class T>
class IntegerColumn : public BuiltColumn<Builder> {
 public:
  using BuiltColumn<Builder>::BuiltColumn;
  CellOutcome Append(std::string_view text) override {
    // What is neither short nor plain takes the long way.
    T value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end) return this->Take(value);
    int64_t wide = 0;
    if (!table::ParseJavaInteger(text, &wide) || wide != static_cast<T>(wide)) {
      return CellOutcome::kMalformed;
    }
    return this->Take(static_cast<T>(wide));
  }
};

template <class Builder, class T>
class FractionColumn : public BuiltColumn<Builder> {
 public:
  FractionColumn(const std::shared_ptr<arrow::DataType>& type, const table::CsvWords& words)
      : BuiltColumn<Builder>(type), words_(words) {}

  CellOutcome Append(std::string_view text) override {
    T value = 0;
    const char* const end = text.data() + text.size();
    const bool plain = !text.empty() && (base::IsDigit(text.front()) || text.front() == '-') &&
                       base::IsDigit(text.back()) && text != words_.nan &&
                       text != words_.positive_inf && text != words_.negative_inf;
    if (plain) {
      const auto read = std::from_chars(text.data(), end, value);
      if (read.ec == std::errc() && read.ptr == end) return this->Take(value);
    }
    if (text == words_.nan) return this->Take(std::numeric_limits<T>::quiet_NaN());
    if (text == words_.negative_inf) return this->Take(-std::numeric_limits<T>::infinity());
    if (text == words_.positive_inf) return this->Take(std::numeric_limits<T>::infinity());
    double wide = 0;
    if (!table::ParseJavaDouble(text, &wide)) return CellOutcome::kMalformed;
    if constexpr (std::is_same_v<T, float>) {
      float narrow = 0;  // rounded once
      if (!table::ParseFloat(text, &narrow)) narrow = static_cast<float>(wide);
      return this->Take(narrow);
    } else {
      return this->Take(wide);
    }
  }

 private:
  const table::CsvWords& words_;
};

class BooleanColumn : public BuiltColumn<arrow::BooleanBuilder> {
 public:
  using BuiltColumn::BuiltColumn;
  CellOutcome Append(std::string_view text) override {
    if (base::EqualIgnoringCase(text, "true")) return Take(true);
    if (base::EqualIgnoringCase(text, "false")) return Take(false);
    return CellOutcome::kMalformed;
  }
};

template <class Builder>
class TextColumn : public BuiltColumn<Builder> {
 public:
  using BuiltColumn<Builder>::BuiltColumn;
  CellOutcome Append(std::string_view text) override { return this->Take(text); }
};

class DateColumn : public BuiltColumn<arrow::Date32Builder> {
 public:
  DateColumn(const std::shared_ptr<arrow::DataType>& type, const table::CsvWords& words)
      : BuiltColumn(type), words_(words) {}
  CellOutcome Append(std::string_view text) override {
    int32_t days = 0;
    return DateOf(text, words_, &days) ? Take(days) : CellOutcome::kMalformed;
  }

 private:
  const table::CsvWords& words_;
};

class TimestampColumn : public BuiltColumn<arrow::TimestampBuilder> {
 public:
  TimestampColumn(const std::shared_ptr<arrow::DataType>& type, const table::CsvWords& words)
      : BuiltColumn(type), words_(words) {}
  CellOutcome Append(std::string_view text) override {
    int64_t micros = 0;
    switch (TimestampOf(text, words_, &micros)) {
      case table::TimeText::kValue:
        return Take(micros);
      case table::TimeText::kNeedsToday:
        return CellOutcome::kNeedsToday;
      case table::TimeText::kMalformed:
        break;
    }
    return CellOutcome::kMalformed;
  }

 private:
  const table::CsvWords& words_;
};

/// Thousands may be separated; a value of too many digits is malformed.
class DecimalColumn : public BuiltColumn<arrow::Decimal128Builder> {
 public:
  explicit DecimalColumn(const std::shared_ptr<arrow::DataType>& type)
      : BuiltColumn(type), shape_(table::ShapeOf(*type)) {}
  CellOutcome Append(std::string_view text) override {
    const auto value = table::ParseFormattedDecimal(text, shape_);
    return value.has_value() ? Take(table::ToArrow(*value)) : CellOutcome::kMalformed;
  }

 private:
  table::DecimalShape shape_;
};

template <class Column, class... A>
std::unique_ptr<CellColumn> Make(const arrow::Field& field, const A&... more) {
  return std::make_unique<Column>(field.type(), more...);
}

bool IsInstant(const arrow::DataType& type) {
  if (type.id() != Type::TIMESTAMP) return false;
  const auto& stamp = static_cast<const arrow::TimestampType&>(type);
  return stamp.unit() == arrow::TimeUnit::MICRO && !stamp.timezone().empty();
}

}  // namespace

std::shared_ptr<arrow::DataType> ArrowTypeOf(const table::CsvType& type) {
  using table::CsvKind;
  switch (type.kind) {
    case CsvKind::kInt:
      return arrow::int32();
    case CsvKind::kLong:
      return arrow::int64();
    case CsvKind::kDouble:
      return arrow::float64();
    case CsvKind::kDate:
      return arrow::date32();
    case CsvKind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case CsvKind::kBoolean:
      return arrow::boolean();
    case CsvKind::kDecimal:
      return table::DecimalType({type.precision, 0});
    case CsvKind::kNull:
    case CsvKind::kString:
      return arrow::utf8();
  }
  return arrow::utf8();
}

bool IsCellType(const arrow::Field& field) {
  if (!table::UdtOf(field).empty()) return false;
  switch (field.type()->id()) {
    case Type::STRING:
    case Type::BINARY:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::BOOL:
    case Type::DATE32:
    case Type::DECIMAL128:
      return true;
    default:
      return IsInstant(*field.type());
  }
}

base::StatusOr<std::unique_ptr<CellColumn>> MakeCellColumn(const arrow::Field& field,
                                                           const CellRules& rules) {
  switch (field.type()->id()) {
    case Type::STRING:
      return Make<TextColumn<arrow::StringBuilder>>(field);
    case Type::BINARY:
      return Make<TextColumn<arrow::BinaryBuilder>>(field);
    case Type::INT8:
      return Make<IntegerColumn<arrow::Int8Builder, int8_t>>(field);
    case Type::INT16:
      return Make<IntegerColumn<arrow::Int16Builder, int16_t>>(field);
    case Type::INT32:
      return Make<IntegerColumn<arrow::Int32Builder, int32_t>>(field);
    case Type::INT64:
      return Make<IntegerColumn<arrow::Int64Builder, int64_t>>(field);
    case Type::FLOAT:
      return Make<FractionColumn<arrow::FloatBuilder, float>>(field, rules.words);
    case Type::DOUBLE:
      return Make<FractionColumn<arrow::DoubleBuilder, double>>(field, rules.words);
    case Type::BOOL:
      return Make<BooleanColumn>(field);
    case Type::DATE32:
      return Make<DateColumn>(field, rules.words);
    case Type::DECIMAL128:
      return Make<DecimalColumn>(field);
    case Type::TIMESTAMP:
      if (IsInstant(*field.type())) return Make<TimestampColumn>(field, rules.words);
      break;
    default:
      break;
  }
  return base::Fail(base::kProtocol, "a column of a type that isn't made of text");
}

}  // namespace soteria::formats
