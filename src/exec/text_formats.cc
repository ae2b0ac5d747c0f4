// Functions between strings and what they encode or show: URLs, base64, hexadecimal digits and
// character sets, and formats of numbers and arguments.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/byte_text.h"
#include "src/exec/cell_text.h"
#include "src/exec/characters.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/case.h"
#include "src/table/decimal.h"
#include "src/table/number_column.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Text = arrow::StringBuilder;
using Bool = arrow::BooleanBuilder;

// ---- encodings ----------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> UrlEncode(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  constexpr char kHex[] = "0123456789ABCDEF";
  return Each<Text>(node, args, rows, [&](int64_t i) {
    std::string out;
    for (const char c : TextAt(*args[0], i)) {
      const auto byte = static_cast<uint8_t>(c);
      if (base::IsAlphanumeric(c) || c == '.' || c == '-' || c == '*' || c == '_') {
        out += c;
      } else if (c == ' ') {
        out += '+';
      } else {
        out += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
    return out;
  });
}

template <bool kTry>
base::StatusOr<ArrayPtr> UrlDecode(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const std::string_view text = TextAt(*args[0], i);
    std::string out;
    for (size_t k = 0; k < text.size(); ++k) {
      if (text[k] != '%') {
        out += text[k] == '+' ? ' ' : text[k];
        continue;
      }
      const int high = k + 2 < text.size() ? HexDigit(text[k + 1]) : -1;
      const int low = k + 2 < text.size() ? HexDigit(text[k + 2]) : -1;
      if (high < 0 || low < 0) {
        if (kTry) return Result();
        return base::FailQuotingData(
            {"CANNOT_DECODE_URL", base::exception_class::kIllegalArgument, "22546",
             absl::StatusCode::kInvalidArgument},
            base::Cat("The provided URL cannot be decoded: ", text,
                      ". Please ensure that the URL is properly formatted and try again."));
      }
      out += static_cast<char>(high * 16 + low);
      k += 2;
    }
    return Result(table::ValidText(out));
  });
}

base::StatusOr<ArrayPtr> Base64(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) { return base::Base64(TextAt(*args[0], i)); });
}

base::StatusOr<ArrayPtr> UnBase64(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<arrow::BinaryBuilder>(
      node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
        auto out = FromMime(TextAt(*args[0], i));
        if (out) return *std::move(out);
        return base::FailQuotingData({"_LEGACY_ERROR_TEMP", base::exception_class::kIllegalArgument,
                                      "", absl::StatusCode::kInvalidArgument},
                                     "Input is not valid base64");
      });
}

base::StatusOr<ArrayPtr> HexOfLong(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    char text[17];
    std::snprintf(text, sizeof text, "%llX",
                  static_cast<unsigned long long>(LongAt(*args[0], i)));  // NOLINT
    return std::string(text);
  });
}

base::StatusOr<ArrayPtr> HexOfText(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Text>(node, args, rows,
                    [&](int64_t i) { return base::Upper(base::Hex(TextAt(*args[0], i))); });
}

base::StatusOr<ArrayPtr> UnHex(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<arrow::BinaryBuilder>(node, args, rows,
                                    [&](int64_t i) { return FromHex(TextAt(*args[0], i)); });
}

base::Status OnlyUtf8(std::string_view function) {
  return base::NotSupported(base::Cat("The function ", function,
                                      "() of a character set other than "
                                      "UTF-8"));
}

base::StatusOr<ArrayPtr> Encode(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr valid, table::WithValidText(args[0]));
  return Each<arrow::BinaryBuilder>(node, args, rows,
                                    [&](int64_t i) -> base::StatusOr<std::string> {
                                      if (!IsUtf8Name(TextAt(*args[1], i))) {
                                        return OnlyUtf8("encode");
                                      }
                                      return std::string(TextAt(*valid, i));
                                    });
}

base::StatusOr<ArrayPtr> Decode(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    if (!IsUtf8Name(TextAt(*args[1], i))) return OnlyUtf8("decode");
    const std::string_view bytes = TextAt(*args[0], i);
    std::string valid = table::ValidText(bytes);
    if (valid != bytes) {
      return base::FailQuotingData(
          {"MALFORMED_CHARACTER_CODING", base::exception_class::kSparkRuntime, "22000",
           absl::StatusCode::kInvalidArgument},
          "Invalid value found when performing `decode` with UTF-8");
    }
    return valid;
  });
}

template <bool kTest>
base::StatusOr<ArrayPtr> Valid(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  if constexpr (kTest) {
    return Each<Bool>(node, args, rows, [&](int64_t i) {
      return table::ValidText(TextAt(*args[0], i)) == TextAt(*args[0], i);
    });
  }
  return Each<Text>(node, args, rows,
                    [&](int64_t i) { return table::ValidText(TextAt(*args[0], i)); });
}

// ---- formats ------------------------------------------------------------------------------------

/// Digits in groups of three before the point.
std::string Grouped(std::string_view digits) {
  std::string out;
  const size_t whole = std::min(digits.find('.'), digits.size());
  for (size_t k = 0; k < digits.size(); ++k) {
    if (k > 0 && k < whole && (whole - k) % 3 == 0) out += ',';
    out += digits[k];
  }
  return out;
}

/// A number's shortest digits rounded half up to so many places, as Java's %f has them.
std::string DecimalText(double value, int places) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  const std::string_view scientific(text, static_cast<size_t>(end.ptr - text));
  const size_t e = scientific.find('e');
  std::string digits;
  for (const char c : scientific.substr(0, e)) {
    if (c != '.') digits += c;
  }
  const bool plus = scientific[e + 1] == '+';
  int exponent = 0;
  std::from_chars(text + e + (plus ? 2 : 1), end.ptr, exponent);
  // The whole part, then `places` digits.
  std::string all;
  if (exponent < 0) {
    all = std::string(static_cast<size_t>(-exponent), '0') + digits;
    exponent = 0;
  } else {
    all = digits;
  }
  const auto whole = static_cast<size_t>(exponent) + 1;
  const size_t keep = whole + static_cast<size_t>(places);
  bool up = false;
  if (all.size() > keep) {
    up = all[keep] >= '5';
    all.resize(keep);
  }
  all.resize(keep, '0');
  all.insert(0, 1, '0');
  for (size_t k = all.size(); up && k-- > 0;) {
    up = all[k] == '9';
    all[k] = up ? '0' : static_cast<char>(all[k] + 1);
  }
  std::string out = all.substr(all[0] == '0' ? 1 : 0, whole + (all[0] == '0' ? 0 : 1));
  if (places > 0) out += "." + all.substr(all.size() - static_cast<size_t>(places));
  return out;
}

/// As DecimalFormat "#,##0.00": the exact value, half to even.
base::StatusOr<std::string> FormatNumber(double value, int32_t places) {
  if (std::isnan(value)) return std::string("NaN");
  if (std::isinf(value)) return std::string(value < 0 ? "-∞" : "∞");
  if (places > 1000) return base::NotSupported("format_number() of more than 1000 places");
  if (std::fabs(value) >= 0x1p53) {  // its digits are those that tell it from others
    const std::string grouped = Grouped(DecimalText(std::fabs(value), places));
    return std::signbit(value) ? "-" + grouped : grouped;
  }
  std::vector<char> text(400 + static_cast<size_t>(places));
  const int size = std::snprintf(text.data(), text.size(), "%.*f", places, std::fabs(value));
  const std::string grouped = Grouped({text.data(), static_cast<size_t>(size)});
  return std::signbit(value) ? "-" + grouped : grouped;
}

/// The same of a decimal, with as many places as there are asked for.
std::string FormatDecimal(table::Unscaled value, int scale, int32_t places) {
  const int kept = std::min(scale, places);
  const table::Unscaled rounded =
      table::DivideRounded(value, table::PowerOfTen(scale - kept), table::Rounding::kHalfEven);
  std::string text = Grouped(table::DecimalText(rounded < 0 ? -rounded : rounded, kept));
  if (kept == 0 && places > 0) text += ".";
  text.append(static_cast<size_t>(places - kept), '0');
  return value < 0 ? "-" + text : text;
}

base::StatusOr<ArrayPtr> FormatNumberKernel(const Bound& node, const ArrayList& args, int64_t rows,
                                            EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const int32_t places = IntAt(*args[1], i);
    if (places < 0) return Result();
    if (args[0]->type_id() == Type::DOUBLE) {
      SOTERIA_ASSIGN_OR_RETURN(std::string text, FormatNumber(DoubleAt(*args[0], i), places));
      return Result(std::move(text));
    }
    if (places > 1000) return base::NotSupported("format_number() of more than 1000 places");
    if (args[0]->type_id() == Type::DECIMAL128) {
      return Result(FormatDecimal(table::DecimalAt(*args[0], i),
                                  table::ShapeOf(*args[0]->type()).scale, places));
    }
    const int64_t value = LongAt(*args[0], i);
    std::string text = std::to_string(value);
    const bool negative = text[0] == '-';
    text = Grouped(negative ? text.substr(1) : text);
    if (places > 0) text += "." + std::string(static_cast<size_t>(places), '0');
    return Result(negative ? "-" + text : text);
  });
}

/// One conversion of a format: %[flags][width][.precision]letter.
struct Conversion {
  std::string flags;
  size_t width = 0;
  int precision = -1;
  char letter = 0;
  size_t index = 0;  ///< of the argument, from 1; 0: the next
};

base::Status NoConversion(std::string_view text) {
  return base::NotSupported(base::Cat("The function format_string() with the conversion ", text));
}

/// Of other types Spark prints how it holds them.
bool IsPlain(const arrow::Array& array) {
  return array.type_id() == Type::BOOL || array.type_id() == Type::STRING ||
         table::IsNumeric(*array.type());
}

/// As Java prints it: a decimal as a BigDecimal.
std::string PlainText(const arrow::Field& field, const arrow::Array& array, int64_t row,
                      const table::TimeZone& zone) {
  if (!table::IsDecimal(*array.type())) return CastText(field, array, row, zone);
  return table::JavaDecimal(table::DecimalAt(array, row), table::ShapeOf(*array.type()).scale);
}

base::StatusOr<std::string> Converted(const Conversion& how, const arrow::Field& field,
                                      const arrow::Array& array, int64_t row,
                                      const table::TimeZone& zone) {
  const bool null = array.type_id() == Type::NA || array.IsNull(row);
  const bool left = how.flags.find('-') != std::string::npos;
  const bool zeros = how.flags.find('0') != std::string::npos;
  const bool commas = how.flags.find(',') != std::string::npos;
  const bool plus = how.flags.find('+') != std::string::npos;
  std::string text;
  std::string sign;
  if (null) {
    text = "null";
  } else if (how.letter == 's') {
    if (!IsPlain(array)) return NoConversion("%s of what is no text and no number");
    text = PlainText(field, array, row, zone);
  } else if (how.letter == 'd' || how.letter == 'x' || how.letter == 'X') {
    if (!IsIntegral(*array.type())) return NoConversion(base::Cat("%", how.letter));
    const int64_t value = WithNumber(*array.type(), [&](auto type) {
      return static_cast<int64_t>(Values<decltype(type)>(array)[row]);
    });
    if (how.letter == 'd') {
      text = std::to_string(value);
      if (text[0] == '-') {
        sign = "-";
        text.erase(0, 1);
      }
      if (commas) text = Grouped(text);
    } else {
      const int bits = array.type_id() == Type::INT64   ? 64
                       : array.type_id() == Type::INT32 ? 32
                       : array.type_id() == Type::INT16 ? 16
                                                        : 8;
      const uint64_t mask = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
      char hex[17];
      std::snprintf(
          hex, sizeof hex, how.letter == 'x' ? "%llx" : "%llX",
          static_cast<unsigned long long>(static_cast<uint64_t>(value) & mask));  // NOLINT
      text = hex;
    }
  } else if (how.letter == 'b') {
    text = array.type_id() == Type::BOOL && !BoolAt(array, row) ? "false" : "true";
  } else if (how.letter == 'f') {
    if (array.type_id() != Type::DOUBLE && array.type_id() != Type::FLOAT) {
      return NoConversion("%f of what is no fraction");
    }
    const double value = array.type_id() == Type::FLOAT
                             ? static_cast<double>(Values<float>(array)[row])
                             : DoubleAt(array, row);
    if (!std::isfinite(value)) {
      text = std::isnan(value) ? "NaN" : "Infinity";
    } else {
      const int places = how.precision < 0 ? 6 : how.precision;
      if (places > 300) return NoConversion("%f of more than 300 places");
      text = DecimalText(std::fabs(value), places);
      if (commas) text = Grouped(text);
    }
    if (std::signbit(value) && !std::isnan(value)) sign = "-";
  } else {
    return NoConversion(base::Cat("%", how.letter));
  }
  if ((how.letter == 's' || null) && how.precision >= 0)
    text = text.substr(0, OffsetOf(text, how.precision));
  if (plus && sign.empty() && !null && (how.letter == 'd' || how.letter == 'f')) sign = "+";
  const auto have = static_cast<size_t>(CountCharacters(text)) + sign.size();
  const std::string fill(how.width > have ? how.width - have : 0, zeros && !null ? '0' : ' ');
  if (left) return sign + text + fill;
  return zeros ? sign + fill + text : fill + sign + text;
}

base::StatusOr<std::string> Formatted(std::string_view format, const Bound& node,
                                      const ArrayList& args, int64_t row) {
  std::string out;
  size_t next = 1;
  for (size_t k = 0; k < format.size(); ++k) {
    if (format[k] != '%') {
      out += format[k];
      continue;
    }
    const size_t begin = k++;
    Conversion how;
    size_t number = 0;
    size_t at = k;
    while (at < format.size() && format[at] >= '0' && format[at] <= '9' && number < 1000) {
      number = number * 10 + static_cast<size_t>(format[at++] - '0');
    }
    if (at < format.size() && format[at] == '$' && at > k) {
      how.index = number;
      k = at + 1;
    }
    while (k < format.size() && std::string_view("-+0, #(<").find(format[k]) < 8) {
      if (std::string_view("-+0,").find(format[k]) > 3) {
        return NoConversion(format.substr(begin, k + 1 - begin));
      }
      how.flags += format[k++];
    }
    while (k < format.size() && format[k] >= '0' && format[k] <= '9') {
      how.width = how.width * 10 + static_cast<size_t>(format[k++] - '0');
      if (how.width > 100'000) return TooLong("format_string");
    }
    if (k < format.size() && format[k] == '.') {
      how.precision = 0;
      for (++k; k < format.size() && format[k] >= '0' && format[k] <= '9'; ++k) {
        how.precision = how.precision * 10 + (format[k] - '0');
        if (how.precision > 100'000) return TooLong("format_string");
      }
    }
    if (k >= format.size()) return NoConversion(format.substr(begin));
    how.letter = format[k];
    if (how.letter == '%' && k == begin + 1) {
      out += '%';
      continue;
    }
    if (how.letter == 'n' && k == begin + 1) {
      out += '\n';
      continue;
    }
    const size_t index = how.index > 0 ? how.index : next++;
    if (index >= args.size()) {
      return base::FailQuotingData(
          {"_LEGACY_ERROR_TEMP", base::exception_class::kIllegalArgument, "",
           absl::StatusCode::kInvalidArgument},
          base::Cat("Format specifier '", format.substr(begin, k + 1 - begin), "'"));
    }
    SOTERIA_ASSIGN_OR_RETURN(const std::string text, Converted(how, *node.args[index]->field,
                                                               *args[index], row, node.zone));
    out += text;
  }
  return out;
}

base::StatusOr<ArrayPtr> FormatString(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  return Each<Text>(node, {args[0]}, rows,
                    [&](int64_t i) { return Formatted(TextAt(*args[0], i), node, args, i); });
}

/// Upper-case letters, lower-case ones, digits and the rest each as their character; null keeps.
base::StatusOr<ArrayPtr> Mask(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  return Each<Text>(node, {args[0]}, rows, [&](int64_t i) {
    constexpr const char* kBy[] = {"X", "x", "n"};
    const auto by = [&](size_t k) -> std::optional<std::string_view> {
      if (k < args.size()) {
        if (args[k]->type_id() == Type::NA || args[k]->IsNull(i)) return std::nullopt;
        return TextAt(*args[k], i);
      }
      return k < 4 ? std::optional<std::string_view>(kBy[k - 1]) : std::nullopt;
    };
    std::string out;
    for (const std::string_view c : SplitCharacters(TextAt(*args[0], i))) {
      const std::string upper = table::UpperCase(c);
      const std::string lower = table::LowerCase(c);
      const size_t kind = c.size() == 1 && c[0] >= '0' && c[0] <= '9' ? 3
                          : upper == c && lower != c                  ? 1
                          : lower == c && upper != c                  ? 2
                                                                      : 4;
      out += by(kind).value_or(c);
    }
    return out;
  });
}

// ---- binders ------------------------------------------------------------------------------------

base::StatusOr<BoundPtr> BindHex(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  const Type::type id = args[0]->field->type()->id();
  if (id == Type::STRING || id == Type::BINARY) {
    return BindSimple<HexOfText, "x", 's'>(e, std::move(args), context);
  }
  SOTERIA_RETURN_IF_ERROR(
      CoerceArgument(e, args, 0, arrow::int64(), "(\"BIGINT\" or \"BINARY\" or \"STRING\")"));
  return BindSimple<HexOfLong, "l", 's'>(e, std::move(args), context);
}

base::StatusOr<BoundPtr> BindFormatNumber(const Expr& e, std::vector<BoundPtr> args,
                                          BindContext& /*context*/) {
  const TypePtr type = args[0]->field->type();
  if (!IsNumeric(*type) && type->id() != Type::NA && type->id() != Type::STRING) {
    return UnexpectedType(e, 0, "\"NUMERIC\"", *e.args[0], *args[0]->field);
  }
  if (!table::IsDecimal(*type)) {
    SOTERIA_ASSIGN_OR_RETURN(
        args[0], CastTo(std::move(args[0]), IsIntegral(*type) ? arrow::int64() : arrow::float64()));
  }
  if (args[1]->field->type()->id() == Type::STRING) {
    return base::NotSupported("The function format_number() with a format of one's own");
  }
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 1, arrow::int32(), "(\"INT\" or \"STRING\")"));
  auto node = MakeCall(PrettyName(e), arrow::utf8(), true, std::move(args));
  node->kernel = FormatNumberKernel;
  return node;
}

base::StatusOr<BoundPtr> BindFormatString(const Expr& e, std::vector<BoundPtr> args,
                                          BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 's'));
  const bool nullable = args[0]->field->nullable();
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = FormatString;
  node->careful = true;
  node->null_stops = false;
  node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
  return node;
}

base::StatusOr<BoundPtr> BindMask(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  for (size_t i = 0; i < args.size(); ++i) SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 's'));
  for (size_t i = 1; i < args.size(); ++i) {
    const auto& literal = args[i]->literal;
    if (literal == nullptr) return base::NotSupported("mask() by what isn't constant");
    if (literal->is_valid &&
        CountCharacters(static_cast<const arrow::StringScalar&>(*literal).view()) != 1) {
      return base::Fail(
          internal::Mismatch("DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE"),
          base::Cat("Cannot resolve \"", PrettyName(e), "\" due to data type mismatch: Length of ",
                    PrettyName(*e.args[i]), " should be 1."));
    }
  }
  const bool nullable = true;  // as Spark has it of any text
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = Mask;
  node->null_stops = false;
  return node;
}

constexpr Function kFunctions[] = {
    {"url_encode", 1, 1, "url_encode", Print::kCall, BindSimple<UrlEncode, "s", 's'>},
    {"url_decode", 1, 1, "url_decode", Print::kCall,
     BindSimple<UrlDecode<false>, "s", 's', kCareful>},
    {"try_url_decode", 1, 1, "try_url_decode", Print::kCall,
     BindSimple<UrlDecode<true>, "s", 's', kNullable>},
    {"base64", 1, 1, "base64", Print::kCall, BindSimple<Base64, "b", 's'>},
    {"unbase64", 1, 1, "unbase64", Print::kCall, BindSimple<UnBase64, "s", 'b', kCareful>},
    {"hex", 1, 1, "hex", Print::kCall, BindHex},
    {"unhex", 1, 1, "unhex", Print::kCall, BindSimple<UnHex, "s", 'b', kNullable>},
    {"encode", 2, 2, "encode", Print::kCall, BindSimple<Encode, "ss", 'b', kCareful>},
    {"decode", 2, 2, "decode", Print::kCall, BindSimple<Decode, "bs", 's', kCareful>},
    {"is_valid_utf8", 1, 1, "is_valid_utf8", Print::kCall, BindSimple<Valid<true>, "s", 'B'>},
    {"make_valid_utf8", 1, 1, "make_valid_utf8", Print::kCall, BindSimple<Valid<false>, "s", 's'>},
    {"format_number", 2, 2, "format_number", Print::kCall, BindFormatNumber},
    {"format_string", 1, -1, "format_string", Print::kCall, BindFormatString},
    {"printf", 1, -1, "printf", Print::kCall, BindFormatString},
    {"mask", 1, 5, "mask", Print::kCall, BindMask},
};

}  // namespace

std::span<const Function> TextFormatFunctions() { return kFunctions; }

}  // namespace soteria::exec
