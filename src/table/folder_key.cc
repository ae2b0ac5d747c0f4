#include "src/table/folder_key.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/table/arrow_status.h"
#include "src/table/csv_value.h"
#include "src/table/text_value.h"

namespace soteria::table {
namespace {

using arrow::Type;

/// The scalar; nullptr when the text isn't of the type.
std::shared_ptr<arrow::Scalar> ScalarOf(const arrow::DataType& type, const std::string& text) {
  int64_t integer = 0;
  double number = 0;
  int32_t days = 0;
  switch (type.id()) {
    case Type::INT32:
      if (!ParseInteger(text, &integer) || integer != static_cast<int32_t>(integer)) break;
      return std::make_shared<arrow::Int32Scalar>(static_cast<int32_t>(integer));
    case Type::INT64:
      if (!ParseInteger(text, &integer)) break;
      return std::make_shared<arrow::Int64Scalar>(integer);
    case Type::DOUBLE:
      if (!ParseCsvDouble(text, &number)) break;
      return std::make_shared<arrow::DoubleScalar>(number);
    case Type::DATE32:
      if (!ParseDate(text, &days)) break;
      return std::make_shared<arrow::Date32Scalar>(days);
    case Type::STRING:
      return std::make_shared<arrow::StringScalar>(text);
    default:
      break;
  }
  return nullptr;
}

/// yyyy-MM-dd HH:mm:ss, perhaps with a fraction: other time stamps are text in a name.
bool IsPlainTimestamp(std::string_view text) {
  return text.size() >= 19 && text[10] == ' ' && text[13] == ':' && text[16] == ':' &&
         (text.size() == 19 ||
          (text[19] == '.' && text.find_first_not_of("0123456789", 20) == std::string_view::npos));
}

std::string Escaped(std::string_view text) {
  constexpr std::string_view kOf = "\"#%'*/:=?\\{[]^\x7F";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && kOf.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// As UTF-8: Spark takes %E9 as the character of that number, é, not as a byte.
void AppendCharacter(int code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
  } else {
    *out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
  }
}

}  // namespace

std::string FolderKeyName(std::string_view column, std::optional<std::string_view> value) {
  std::string name = Escaped(column) + "=";
  return name + (!value || value->empty() ? std::string(kNullFolderKey) : Escaped(*value));
}

std::string UnescapedFolderKey(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    AppendCharacter(high * 16 + low, &out);
    i += 2;
  }
  return out;
}

FolderKey InferFolderKey(std::string_view value) {
  if (value == kNullFolderKey) return FolderKey::kNull;
  switch (InferCsvField({}, value).kind) {
    case CsvKind::kInt:
      return FolderKey::kInt;
    case CsvKind::kLong:
      return FolderKey::kLong;
    case CsvKind::kDecimal:
      return FolderKey::kDecimal;
    case CsvKind::kDouble:
      // CSV's own words for infinity mean nothing in a folder's name.
      if (value == "Inf" || value == "-Inf") return FolderKey::kString;
      return IsWholeDecimal(value) ? FolderKey::kDecimal : FolderKey::kDouble;
    case CsvKind::kDate:
      return FolderKey::kDate;
    case CsvKind::kTimestamp:
      return IsPlainTimestamp(value) ? FolderKey::kTimestamp : FolderKey::kString;
    case CsvKind::kNull:
    case CsvKind::kBoolean:
    case CsvKind::kString:
      return FolderKey::kString;
  }
  return FolderKey::kString;
}

FolderKey Widest(FolderKey a, FolderKey b) {
  if (a > b) std::swap(a, b);
  if (a == b || a == FolderKey::kNull) return b;
  if (b <= FolderKey::kDecimal) return b;
  if (b == FolderKey::kDouble && a == FolderKey::kInt) return b;
  if (b == FolderKey::kTimestamp && a == FolderKey::kDate) return b;
  return FolderKey::kString;
}

std::shared_ptr<arrow::DataType> TypeOfFolderKey(FolderKey key) {
  switch (key) {
    case FolderKey::kNull:
      return arrow::null();
    case FolderKey::kInt:
      return arrow::int32();
    case FolderKey::kLong:
      return arrow::int64();
    case FolderKey::kDouble:
      return arrow::float64();
    case FolderKey::kDate:
      return arrow::date32();
    case FolderKey::kDecimal:
    case FolderKey::kTimestamp:
    case FolderKey::kString:
      return arrow::utf8();
  }
  return arrow::utf8();
}

base::StatusOr<std::shared_ptr<arrow::Array>> FolderKeyColumn(
    const std::shared_ptr<arrow::DataType>& type, const std::optional<std::string>& text,
    int64_t rows) {
  if (!text.has_value()) {
    SOTERIA_ARROW_ASSIGN(auto nulls, arrow::MakeArrayOfNull(type, rows));
    return nulls;
  }
  const std::shared_ptr<arrow::Scalar> scalar = ScalarOf(*type, *text);
  if (scalar == nullptr) {
    return base::Fail(base::kProtocol, "a folder's key isn't of the type that the task says");
  }
  SOTERIA_ARROW_ASSIGN(auto column, arrow::MakeArrayFromScalar(*scalar, rows));
  return column;
}

}  // namespace soteria::table
