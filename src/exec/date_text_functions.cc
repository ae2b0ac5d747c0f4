// Dates and time stamps by a format: to text and from it.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cast_errors.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/calendar.h"
#include "src/table/date_pattern.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Text = arrow::StringBuilder;
using table::DatePattern;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
constexpr std::string_view kDefault = "yyyy-MM-dd HH:mm:ss";

constexpr base::Condition kCannotParse = {"CANNOT_PARSE_TIMESTAMP", "java.time.DateTimeException",
                                          "22007", absl::StatusCode::kInvalidArgument};

/// The format of the row, compiled once while it stays the same.
class Formats {
 public:
  explicit Formats(std::string_view who) : who_(who) {}
  base::StatusOr<const DatePattern*> For(std::string_view format) {
    if (!compiled_ || format != last_) {
      SOTERIA_ASSIGN_OR_RETURN(
          compiled_, DatePattern::Compile(format, base::Cat("The function ", who_, "()")));
      last_ = format;
    }
    return &*compiled_;
  }

 private:
  std::string who_;
  std::string last_;
  std::optional<DatePattern> compiled_;
};

base::StatusOr<ArrayPtr> DateFormat(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  Formats formats("date_format");
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    SOTERIA_ASSIGN_OR_RETURN(const DatePattern* format, formats.For(TextAt(*args[1], i)));
    return format->Format(LongAt(*args[0], i), node.zone);
  });
}

base::StatusOr<ArrayPtr> FromUnixTime(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  Formats formats("from_unixtime");
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    SOTERIA_ASSIGN_OR_RETURN(const DatePattern* format,
                             formats.For(args.size() > 1 ? TextAt(*args[1], i) : kDefault));
    int64_t micros = 0;
    if (__builtin_mul_overflow(LongAt(*args[0], i), kSecond, &micros)) {
      return LongOverflow();
    }
    return format->Format(micros, node.zone);
  });
}

/// node.try_cast: null instead of an error; node.number: what is made of the instant.
enum Made { kInstant = 0, kDate = 1, kSeconds = 2, kLocal = 3 };

template <class Builder>
base::StatusOr<ArrayPtr> ParsedAs(const Bound& node, const ArrayList& args, int64_t rows) {
  using Value = typename Builder::value_type;
  Formats formats(node.number == kDate ? "to_date" : "to_timestamp");
  return Each<Builder>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::optional<Value>> {
    SOTERIA_ASSIGN_OR_RETURN(const DatePattern* format,
                             formats.For(args.size() > 1 ? TextAt(*args[1], i) : kDefault));
    const std::string_view text = TextAt(*args[0], i);
    const std::optional<int64_t> micros = format->Parse(text, node.zone);
    if (!micros && node.try_cast) return std::optional<Value>();
    if (!micros) {
      return base::FailQuotingData(
          kCannotParse, base::Cat("Text '", text,
                                  "' could not be parsed. Use `try_to_timestamp` to tolerate "
                                  "invalid input string and return NULL instead."));
    }
    if (node.number == kSeconds) {
      return std::optional(static_cast<Value>(table::FloorDivide(*micros, kSecond)));
    }
    if (node.number == kInstant) return std::optional(static_cast<Value>(*micros));
    const int64_t local = node.zone.ToLocal(*micros).value_or(*micros);
    if (node.number == kLocal) return std::optional(static_cast<Value>(local));
    return std::optional(static_cast<Value>(table::FloorDivide(local, kDay)));
  });
}

base::StatusOr<ArrayPtr> Parsed(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  switch (node.field->type()->id()) {
    case Type::DATE32:
      return ParsedAs<arrow::Date32Builder>(node, args, rows);
    case Type::TIMESTAMP:
      return ParsedAs<arrow::TimestampBuilder>(node, args, rows);
    default:
      return ParsedAs<arrow::Int64Builder>(node, args, rows);
  }
}

bool IsTime(const arrow::Field& field) {
  return field.type()->id() == Type::DATE32 || field.type()->id() == Type::TIMESTAMP;
}

base::StatusOr<BoundPtr> Printed(const Expr& e, const BoundPtr& bound) {
  auto node = std::make_shared<Bound>(*bound);
  node->field = bound->field->WithName(PrettyName(e));
  return BoundPtr(std::move(node));
}

/// to_date(x, [format]) and to_timestamp(x, [format]): without a format, or of a date or time
/// stamp, a cast.
template <Made kMade, bool kTry>
base::StatusOr<BoundPtr> BindParse(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  const TypePtr type = TypeOfLetter(kMade == kDate ? 'D' : kMade == kLocal ? 'n' : 't');
  const Type::type id = args[0]->field->type()->id();
  if (args.size() == 1 || IsTime(*args[0]->field)) {
    if (id != Type::STRING && !IsTime(*args[0]->field) && id != Type::NA && kMade == kDate) {
      return UnexpectedType(e, 0, "(\"STRING\" or \"DATE\" or \"TIMESTAMP\")", *e.args[0],
                            *args[0]->field);
    }
    // A number is a text first, which is no time.
    if (kMade == kLocal && !IsTime(*args[0]->field)) {
      SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 's'));
    }
    SOTERIA_ASSIGN_OR_RETURN(const BoundPtr cast, BindCast(std::move(args[0]), type, kTry,
                                                           PrettyName(*e.args[0]), e.zone));
    return Printed(e, cast);
  }
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 's'));
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 's'));
  const bool nullable = kTry || AnyNullable(args);
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = Parsed;
  node->number = kMade;
  node->try_cast = kTry;
  node->careful = true;
  if (kMade != kLocal) node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
  return node;
}

/// Towards zero, where unix_seconds() rounds down.
base::StatusOr<ArrayPtr> WholeSeconds(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  return Each<arrow::Int64Builder>(node, args, rows,
                                   [&](int64_t i) { return LongAt(*args[0], i) / kSecond; });
}

/// unix_timestamp(x, [format]): seconds since the epoch.
base::StatusOr<BoundPtr> BindUnix(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  if (IsTime(*args[0]->field)) {
    const TypePtr type = TypeOfLetter('t');
    SOTERIA_ASSIGN_OR_RETURN(args[0], CastTo(std::move(args[0]), type, e.zone));
    args.resize(1);
    const bool clock = e.args[0]->kind == Expr::Kind::kCall && e.args[0]->args.empty();
    auto node = MakeCall(PrettyName(e), arrow::int64(), !clock, std::move(args));
    node->kernel = WholeSeconds;
    return node;
  }
  if (args[0]->field->type()->id() != Type::STRING && args[0]->field->type()->id() != Type::NA) {
    return UnexpectedType(
        e, 0, "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")",
        *e.args[0], *args[0]->field);
  }
  for (size_t i = 0; i < args.size(); ++i) SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 's'));
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::int64(), nullable, std::move(args));
  node->kernel = Parsed;
  node->number = kSeconds;
  node->careful = true;
  node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
  return node;
}

constexpr Function kFunctions[] = {
    {"date_format", 2, 2, "date_format", Print::kCall, BindSimple<DateFormat, "ts", 's', kCareful>},
    {"from_unixtime", 1, 2, "from_unixtime", Print::kSpecial,
     BindSimple<FromUnixTime, "ls", 's', kCareful>},
    {"to_date", 1, 2, "to_date", Print::kCall, BindParse<kDate, false>},
    {"try_to_date", 1, 2, "try_to_date", Print::kCall, BindParse<kDate, true>},
    {"to_timestamp", 1, 2, "to_timestamp", Print::kCall, BindParse<kInstant, false>},
    {"to_timestamp_ltz", 1, 2, "to_timestamp_ltz", Print::kCall, BindParse<kInstant, false>},
    {"to_timestamp_ntz", 1, 2, "to_timestamp_ntz", Print::kCall, BindParse<kLocal, false>},
    {"try_to_timestamp", 1, 2, "try_to_timestamp", Print::kCall, BindParse<kInstant, true>},
    {"unix_timestamp", 1, 2, "unix_timestamp", Print::kSpecial, BindUnix},
    {"to_unix_timestamp", 1, 2, "to_unix_timestamp", Print::kSpecial, BindUnix},
};

}  // namespace

std::span<const Function> DateTextFunctions() { return kFunctions; }

}  // namespace soteria::exec
