// to_char, to_number, to_binary and their kin: values to texts and back by a format that the script
// gives.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/byte_text.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/format_arguments.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/number_format.h"
#include "src/table/decimal.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using FormatMade = MadeOf<NumberFormat>;

constexpr base::Condition kMismatchInput = {"INVALID_FORMAT.MISMATCH_INPUT",
                                            base::exception_class::kIllegalArgument, "42601",
                                            absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNonFoldableArgument = {"NON_FOLDABLE_ARGUMENT",
                                                  base::exception_class::kAnalysis, "42K08",
                                                  absl::StatusCode::kInvalidArgument};
constexpr base::Condition kBinaryFormat = {"INVALID_PARAMETER_VALUE.BINARY_FORMAT",
                                           base::exception_class::kAnalysis, "22023",
                                           absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNullFormat = {"INVALID_PARAMETER_VALUE.NULL",
                                         base::exception_class::kAnalysis, "22023",
                                         absl::StatusCode::kInvalidArgument};
constexpr base::Condition kConversion = {"CONVERSION_INVALID_INPUT",
                                         base::exception_class::kIllegalArgument, "22018",
                                         absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInvalidArgument =
    internal::Mismatch("DATATYPE_MISMATCH.INVALID_ARG_VALUE");

base::Status NonFoldable(const Expr& e, std::string_view name) {
  return base::Fail(
      kNonFoldableInput,
      base::Cat("Cannot resolve \"", PrettyName(e), "\" due to data type mismatch: the input `",
                name, "` should be a foldable \"STRING\" expression; however, got \"",
                PrettyName(*e.args[1]), "\"."));
}

/// Spark's name of the class of an expression that isn't foldable.
std::string ClassOf(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::kColumn:
      return "attributereference";
    case Expr::Kind::kCast:
    case Expr::Kind::kTryCast:
      return "cast";
    default:
      return base::Lower(e.name);
  }
}

base::Status InvalidFormat(const Expr& e, const base::Status& status) {
  return base::WithContext(status, base::Cat("Cannot resolve \"", PrettyName(e), "\""));
}

/// The format, which is a constant of the script: nullptr for null.
base::StatusOr<std::shared_ptr<FormatMade>> FormatAt(const Expr& e,
                                                     const std::vector<BoundPtr>& args) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(*args[1]));
  if (value == nullptr) return NonFoldable(e, ClassOf(*e.args[1]));
  if (value->IsNull(0)) return std::shared_ptr<FormatMade>();
  auto format = NumberFormat::Read(base::Upper(TextAt(*value, 0)));
  if (!format.ok()) return InvalidFormat(e, format.status());
  return std::make_shared<FormatMade>(*std::move(format));
}

base::StatusOr<ArrayPtr> Nulls(const Bound& node, const ArrayList& /*args*/, int64_t rows,
                               EvalState& /*state*/) {
  return MakeNulls(node.field->type(), rows);
}

// ---- to_char ------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> ToChar(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const NumberFormat& format = static_cast<const FormatMade&>(*node.made).value;
  const int scale = table::ShapeOf(*args[0]->type()).scale;
  return Each<arrow::StringBuilder>(node, args, rows, [&](int64_t i) {
    return format.Print(table::DecimalAt(*args[0], i), scale);
  });
}

/// A number as the decimal that Spark makes of it.
base::Status TakeDecimal(const Expr& e, std::vector<BoundPtr>& args) {
  const arrow::DataType& type = *args[0]->field->type();
  constexpr table::DecimalShape kOfText = {38, 18};
  constexpr table::DecimalShape kOfFloat = {14, 7};
  constexpr table::DecimalShape kOfDouble = {30, 15};
  table::DecimalShape shape;
  if (table::IsDecimal(type)) return base::OkStatus();
  if (const auto its = table::ShapeOfInteger(type); its.has_value()) shape = *its;
  if (type.id() == Type::STRING) shape = kOfText;
  if (type.id() == Type::FLOAT) shape = kOfFloat;
  if (type.id() == Type::DOUBLE) shape = kOfDouble;
  return CoerceArgument(e, args, 0, table::DecimalType(shape), "\"DECIMAL\"");
}

/// Of bytes: the function that writes them so.
base::StatusOr<BoundPtr> BindBytes(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string function, BytesToText(e, *args[1]));
  if (function != "decode") args.resize(1);
  const auto call =
      Call(function, {e.args.begin(), e.args.begin() + static_cast<long>(args.size())});
  return FindFunction(function)->bind(*call, std::move(args), context);
}

base::StatusOr<BoundPtr> BindToChar(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  const Type::type id = args[0]->field->type()->id();
  if (id == Type::DATE32 || id == Type::TIMESTAMP) {
    return FindFunction("date_format")
        ->bind(*InZone(Call("date_format", e.args), e.zone), std::move(args), context);
  }
  if (id == Type::BINARY) return BindBytes(e, std::move(args), context);
  SOTERIA_RETURN_IF_ERROR(TakeDecimal(e, args));
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 's'));
  SOTERIA_ASSIGN_OR_RETURN(auto format, FormatAt(e, args));
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = format == nullptr ? Nulls : ToChar;
  node->made = std::move(format);
  return BoundPtr(std::move(node));
}

// ---- to_number ----------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> ToNumber(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  using Result = std::optional<arrow::Decimal128>;
  const NumberFormat& format = static_cast<const FormatMade&>(*node.made).value;
  return Each<arrow::Decimal128Builder>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const std::string_view text = TextAt(*args[0], i);
    const auto value = format.Parse(text);
    if (value && !table::FitsDigits(*value, format.precision())) {
      return base::FailQuotingData(
          kNumericOutOfRange, base::Cat(table::DecimalText(*value, format.scale()),
                                        " cannot be represented as Decimal(", format.precision(),
                                        ", ", format.scale(), ")."));
    }
    if (value) return Result(table::ToArrow(*value));
    if (node.try_cast) return Result();
    return base::FailQuotingData(
        kMismatchInput, base::Cat("The format is invalid: ", TextAt(*args[1], i),
                                  ". The input \"STRING\" ", text, " does not match the format."));
  });
}

template <bool kTry>
base::StatusOr<BoundPtr> BindToNumber(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 's'));
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 's'));
  SOTERIA_ASSIGN_OR_RETURN(auto format, FormatAt(e, args));
  table::DecimalShape shape;
  if (format != nullptr) shape = {format->value.precision(), format->value.scale()};
  SOTERIA_ASSIGN_OR_RETURN(const TypePtr type,
                           table::CheckedDecimalType(shape.precision, shape.scale));
  const bool nullable = kTry || AnyNullable(args);
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = format == nullptr ? Nulls : ToNumber;
  node->try_cast = kTry;
  node->careful = node->careful || !kTry;
  node->made = std::move(format);
  return BoundPtr(std::move(node));
}

// ---- to_binary ----------------------------------------------------------------------------------

using Code = MadeOf<std::string>;

base::StatusOr<ArrayPtr> ToBinary(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  const std::string& code = static_cast<const Code&>(*node.made).value;
  return Each<arrow::BinaryBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const std::string_view text = TextAt(*args[0], i);
    if (code == "utf-8") return Result(table::ValidText(text));
    Result bytes;
    if (code == "hex") {
      bytes = FromHex(text);
    } else if (IsStrictBase64(text)) {
      bytes = FromMime(text);
    }
    if (bytes || node.try_cast) return bytes;
    return base::FailQuotingData(
        kConversion, base::Cat("The value '", text, "' ('", base::Upper(code),
                               "') cannot be converted to \"BINARY\" because it is malformed. "
                               "Correct the value as per the syntax, or change its format. Use "
                               "`try_to_binary` to tolerate malformed input and return NULL "
                               "instead."));
  });
}

template <bool kTry>
base::StatusOr<BoundPtr> BindToBinary(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 's'));
  std::string code = "hex";
  bool null = false;
  if (args.size() > 1) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 's'));
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(*args[1]));
    if (value == nullptr) {
      return NonFoldable(*(kTry ? Call("to_binary", e.args) : Call(e.name, e.args)), "fmt");
    }
    null = value->IsNull(0);
    code = null ? "hex" : base::Lower(TextAt(*value, 0));
    if (code == "utf8") code = "utf-8";
  }
  const bool known = code == "hex" || code == "utf-8" || code == "base64";
  if (!known && !kTry) {
    return base::Fail(kInvalidArgument,
                      base::Cat("Cannot resolve \"", PrettyName(e),
                                "\" due to data type mismatch: The fmt value must to be a "
                                "case-insensitive \"STRING\" literal of 'hex', 'utf-8', 'utf8', or "
                                "'base64', but got '",
                                code, "'."));
  }
  args.resize(1);
  const bool nullable = kTry || code != "base64" || AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::binary(), nullable, std::move(args));
  node->kernel = null || !known ? Nulls : ToBinary;
  node->try_cast = kTry;
  node->careful = node->careful || !kTry;
  node->made = std::make_shared<Code>(std::move(code));
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"to_char", 2, 2, "to_char", Print::kCall, BindToChar},
    {"to_varchar", 2, 2, "to_char", Print::kCall, BindToChar},
    {"to_number", 2, 2, "to_number", Print::kCall, BindToNumber<false>},
    {"try_to_number", 2, 2, "try_to_number", Print::kCall, BindToNumber<true>},
    {"to_binary", 1, 2, "to_binary", Print::kCall, BindToBinary<false>},
    {"try_to_binary", 1, 2, "try_to_binary", Print::kCall, BindToBinary<true>},
};

}  // namespace

base::StatusOr<std::string> BytesToText(const Expr& e, const Bound& format) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(format));
  if (value == nullptr || value->type_id() == Type::NA) {
    return base::Fail(kNonFoldableArgument,
                      base::Cat("The function `", e.name,
                                "` requires the parameter `format` to be a foldable expression of "
                                "the type \"STRING\", but the actual argument is a non-foldable."));
  }
  if (value->type_id() != Type::STRING || value->IsNull(0)) {
    return base::Fail(kNullFormat, base::Cat("The value of parameter(s) `format` in `", e.name,
                                             "` is invalid: expects a non-NULL value."));
  }
  const std::string code = base::Lower(TextAt(*value, 0));
  if (code == "base64" || code == "hex") return code;
  if (code == "utf-8") return "decode";
  return base::Fail(kBinaryFormat,
                    base::Cat("The value of parameter(s) `format` in `", e.name,
                              "` is invalid: expects one of binary formats 'base64', 'hex', "
                              "'utf-8', but got '",
                              code, "'."));
}

std::span<const Function> NumberTextFunctions() { return kFunctions; }

}  // namespace soteria::exec
