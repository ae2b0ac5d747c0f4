#include "src/formats/cell_text.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/calendar.h"
#include "src/table/decimal.h"
#include "src/table/java_text.h"
#include "src/table/text_value.h"
#include "src/table/valid_text.h"

namespace soteria::formats {
namespace {

using arrow::Type;

constexpr int64_t kMicrosOfSecond = 1'000'000;
constexpr int64_t kMicrosOfDay = 86'400 * kMicrosOfSecond;

template <class Array>
int64_t LongOf(const arrow::Array& array, int64_t row) {
  return static_cast<int64_t>(static_cast<const Array&>(array).Value(row));
}

void AppendLong(int64_t value, std::string* out) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, value);
  out->append(text, end.ptr);
}

/// "[00 FF]", as Spark's show() prints them.
void AppendBytes(std::string_view bytes, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  out->push_back('[');
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i > 0) out->push_back(' ');
    out->push_back(kHex[byte >> 4]);
    out->push_back(kHex[byte & 15]);
  }
  out->push_back(']');
}

bool IsAscii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

base::Status TooFar() {
  return base::FailQuotingData(base::kUnsupported, "Writing a time stamp so far away");
}

base::StatusOr<std::optional<table::DatePattern>> PatternOf(const std::string& pattern,
                                                            std::string_view format) {
  if (pattern.empty()) return std::optional<table::DatePattern>();
  SOTERIA_ASSIGN_OR_RETURN(
      auto compiled, table::DatePattern::Compile(pattern, base::Cat("A pattern of ", format)));
  return std::optional<table::DatePattern>(std::move(compiled));
}

}  // namespace

base::StatusOr<CellTexts> CellTexts::Make(const WriteOptions& options, std::string_view format) {
  CellTexts texts;
  if (!options.zone.empty()) {
    const auto zone = table::TimeZone::Find(options.zone);
    if (!zone.has_value()) return base::Fail(base::kProtocol, "options name no time zone");
    texts.zone_ = *zone;
  }
  SOTERIA_ASSIGN_OR_RETURN(texts.date_, PatternOf(options.date_format, format));
  SOTERIA_ASSIGN_OR_RETURN(texts.timestamp_, PatternOf(options.timestamp_format, format));
  return texts;
}

bool CellTexts::Has(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::BINARY:
    case Type::DATE32:
      return true;
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::MICRO;
    default:
      return table::IsDecimal(type);
  }
}

base::Status CellTexts::Append(const arrow::Array& array, int64_t row, std::string* out) const {
  switch (array.type_id()) {
    case Type::BOOL:
      out->append(static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false");
      break;
    case Type::INT8:
      AppendLong(LongOf<arrow::Int8Array>(array, row), out);
      break;
    case Type::INT16:
      AppendLong(LongOf<arrow::Int16Array>(array, row), out);
      break;
    case Type::INT32:
      AppendLong(LongOf<arrow::Int32Array>(array, row), out);
      break;
    case Type::INT64:
      AppendLong(LongOf<arrow::Int64Array>(array, row), out);
      break;
    case Type::FLOAT:
      out->append(table::JavaFloat(static_cast<const arrow::FloatArray&>(array).Value(row)));
      break;
    case Type::DOUBLE:
      out->append(table::JavaDouble(static_cast<const arrow::DoubleArray&>(array).Value(row)));
      break;
    case Type::STRING: {
      const std::string_view text = static_cast<const arrow::StringArray&>(array).GetView(row);
      if (IsAscii(text)) {
        out->append(text);
      } else {
        out->append(table::ValidText(text));
      }
      break;
    }
    case Type::BINARY:
      AppendBytes(static_cast<const arrow::BinaryArray&>(array).GetView(row), out);
      break;
    case Type::DECIMAL128:
      out->append(
          table::JavaDecimal(table::DecimalAt(array, row), table::ShapeOf(*array.type()).scale));
      break;
    case Type::DATE32:
      return AppendDate(static_cast<const arrow::Date32Array&>(array).Value(row), out);
    case Type::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
      return AppendTimestamp(static_cast<const arrow::TimestampArray&>(array).Value(row),
                             !type.timezone().empty(), out);
    }
    default:
      return base::Fail(base::kProtocol, "a column of a type that isn't written as text");
  }
  return base::OkStatus();
}

base::Status CellTexts::AppendDate(int32_t days, std::string* out) const {
  if (!date_) {
    out->append(table::DateText(days));
    return base::OkStatus();
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string text,
                           date_->Format(days * kMicrosOfDay, table::TimeZone()));
  out->append(text);
  return base::OkStatus();
}

/// By default 2020-01-02T03:04:05.678+01:00; no offset where there is no zone.
base::Status CellTexts::AppendTimestamp(int64_t micros, bool instant, std::string* out) const {
  if (timestamp_ && instant) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string text, timestamp_->Format(micros, zone_));
    out->append(text);
    return base::OkStatus();
  }
  const std::optional<int64_t> local = instant ? zone_.ToLocal(micros) : micros;
  if (!local) return TooFar();
  const int64_t days = table::FloorDivide(*local, kMicrosOfDay);
  const int64_t of_day = *local - days * kMicrosOfDay;
  const auto seconds = static_cast<int>(of_day / kMicrosOfSecond);
  char text[32];
  std::snprintf(text, sizeof text, "T%02d:%02d:%02d.%03d", seconds / 3600, seconds / 60 % 60,
                seconds % 60, static_cast<int>(of_day % kMicrosOfSecond / 1000));
  out->append(table::DateText(static_cast<int32_t>(days)));
  out->append(text);
  if (!instant) return base::OkStatus();
  const auto offset = static_cast<int>((*local - micros) / kMicrosOfSecond);
  if (offset == 0) {
    out->push_back('Z');
    return base::OkStatus();
  }
  std::snprintf(text, sizeof text, "%c%02d:%02d", offset < 0 ? '-' : '+', std::abs(offset) / 3600,
                std::abs(offset) / 60 % 60);
  out->append(text);
  return base::OkStatus();
}

}  // namespace soteria::formats
