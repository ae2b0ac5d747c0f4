#include "src/connect/time_windows.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <google/protobuf/message.h>

#include <cstdlib>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/aggregates.h"
#include "src/connect/sql_expression.h"
#include "src/connect/types.h"
#include "src/exec/functions.h"
#include "src/exec/time_windows.h"
#include "src/table/calendar_interval.h"
#include "src/table/types.h"
#include "src/table/zoned_time.h"

namespace soteria::connect {
namespace {

using arrow::Type;
using google::protobuf::Message;
using spark::connect::Expression;

/// Messages are no deeper than gRPC takes them.
constexpr int kDepthMax = 4'000;

constexpr base::Condition Mismatch(const char* name) {
  return {name, base::exception_class::kAnalysis, "42K09", absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kRange = Mismatch("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE");
constexpr base::Condition kConstraint =
    Mismatch("DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION");
constexpr base::Condition kInputType = Mismatch("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE");
constexpr base::Condition Legacy(const char* name, const char* exception) {
  return {name, exception, "", absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kNoLiteral =
    Legacy("_LEGACY_ERROR_TEMP_1207", base::exception_class::kAnalysis);
constexpr base::Condition kGapType =
    Legacy("_LEGACY_ERROR_TEMP_1040", base::exception_class::kAnalysis);
constexpr base::Condition kMonths =
    Legacy("_LEGACY_ERROR_TEMP_3231", base::exception_class::kIllegalArgument);
constexpr base::Condition kNoInterval = {"CANNOT_PARSE_INTERVAL", base::exception_class::kAnalysis,
                                         "22006", absl::StatusCode::kInvalidArgument};

std::string_view FunctionOf(const Expression& expression) {
  if (expression.has_unresolved_function() && !expression.unresolved_function().is_internal()) {
    return expression.unresolved_function().function_name();
  }
  if (expression.has_call_function()) return expression.call_function().function_name();
  return {};
}

bool IsSession(const Expression& call) {
  return base::EqualIgnoringCase(FunctionOf(call), "session_window");
}

base::Status Find(const Message& message, const std::string& zone, int depth,
                  TimeWindowCalls* out) {
  if (depth > kDepthMax) return base::Fail(base::kAnalysis, "The expression is nested too deeply");
  if (message.GetDescriptor() == Expression::descriptor()) {
    const auto& expression = static_cast<const Expression&>(message);
    if (IsTimeWindow(expression)) {
      out->calls.push_back(&expression);
      return base::OkStatus();  // what is within it is its own
    }
    if (expression.has_literal()) return base::OkStatus();
    if (expression.has_expression_string()) {
      const std::string& text = expression.expression_string().expression();
      if (base::Lower(text).find("window") == std::string::npos) return base::OkStatus();
      SOTERIA_ASSIGN_OR_RETURN(ExpressionPtr parsed, ParseSqlItem(text, zone));
      out->parsed.push_back(std::move(parsed));
      if (out->parsed.back()->has_expression_string()) return base::OkStatus();
      return Find(*out->parsed.back(), zone, depth + 1, out);
    }
  }
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      SOTERIA_RETURN_IF_ERROR(Find(reflection->GetMessage(message, field), zone, depth + 1, out));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      SOTERIA_RETURN_IF_ERROR(
          Find(reflection->GetRepeatedMessage(message, field, i), zone, depth + 1, out));
    }
  }
  return base::OkStatus();
}

base::StatusOr<int64_t> MicrosOf(const exec::Expr& expr) {
  const auto refused = [] {
    return base::Fail(kNoLiteral,
                      "The duration and time inputs to window must be an integer, long or string "
                      "literal.");
  };
  if (expr.kind != exec::Expr::Kind::kLiteral || !expr.literal->is_valid) return refused();
  if (expr.literal->type->id() == Type::INT32) {
    return static_cast<const arrow::Int32Scalar&>(*expr.literal).value;
  }
  if (expr.literal->type->id() == Type::INT64) {
    return static_cast<const arrow::Int64Scalar&>(*expr.literal).value;
  }
  if (expr.literal->type->id() != Type::STRING) return refused();
  const std::string text(static_cast<const arrow::StringScalar&>(*expr.literal).view());
  const auto interval = table::ParseCalendarInterval(text);
  int64_t micros = 0;
  const bool known =
      interval.has_value() &&
      !__builtin_mul_overflow(int64_t{interval->days}, table::kMicrosPerDay, &micros) &&
      !__builtin_add_overflow(micros, interval->micros, &micros);
  if (!known) {
    return base::Fail(kNoInterval,
                      base::Cat("Unable to parse '", text,
                                "'. Please ensure that the value provided is in a valid format for "
                                "defining an interval. You can reference the documentation for the "
                                "correct format. If the issue persists, please double check that "
                                "the input value is not null or empty and try again."));
  }
  if (interval->months != 0) {
    return base::Fail(kMonths,
                      base::Cat("Intervals greater than a month is not supported (", text, ")."));
  }
  return micros;
}

std::string Printed(const TimeWindow& window) {
  const std::string time = exec::PrettyName(*window.time);
  if (window.session) {
    return base::Cat("sessionwindow(", time, ", ", exec::PrettyName(*window.gap), ")");
  }
  return base::Cat("window(", time, ", ", window.duration, ", ", window.slide, ", ", window.start,
                   ")");
}

base::Status Refuse(const base::Condition& condition, const TimeWindow& window,
                    std::string_view why) {
  return base::Fail(condition, base::Cat("Cannot resolve \"", Printed(window),
                                         "\" due to data type mismatch: ", why));
}

base::Status CheckTimes(const TimeWindow& window) {
  const auto outside = [&](std::string_view what, int64_t value) {
    return Refuse(kRange, window,
                  base::Cat("The `", what,
                            "` must be between (0, 9223372036854775807] (current "
                            "value = ",
                            value, "L)."));
  };
  if (window.duration <= 0) return outside("window_duration", window.duration);
  if (window.slide <= 0) return outside("slide_duration", window.slide);
  if (window.slide > window.duration) {
    return Refuse(kConstraint, window,
                  base::Cat("The `slide_duration`(", window.slide,
                            "L) must be <= the "
                            "`window_duration`(",
                            window.duration, "L)."));
  }
  if (window.start <= -window.slide || window.start >= window.slide) {
    return Refuse(kConstraint, window,
                  base::Cat("The `abs(start_time)`(",
                            window.start < 0 ? 0 - static_cast<uint64_t>(window.start)
                                             : static_cast<uint64_t>(window.start),
                            "L) must be < the `slide_duration`(", window.slide, "L)."));
  }
  return base::OkStatus();
}

/// The time that a window is about, as a time stamp.
base::Status TakeTime(const arrow::Schema& input, TimeWindow* window) {
  SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*window->time, input));
  const arrow::DataType& type = *field->type();
  if (type.id() == Type::TIMESTAMP) return base::OkStatus();
  if (type.id() == Type::STRING || type.id() == Type::DATE32 || type.id() == Type::NA) {
    window->time = exec::Cast(window->time, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
    return base::OkStatus();
  }
  const bool stretch = type.id() == Type::STRUCT && type.num_fields() == 2 &&
                       type.field(0)->type()->id() == Type::TIMESTAMP &&
                       type.field(1)->type()->Equals(type.field(0)->type());
  if (stretch) {
    SOTERIA_RETURN_IF_ERROR(CheckWindowColumn(window->time, input));
    window->time = exec::Call("window_time", {window->time});
    return exec::TypeOf(*window->time, input).status();
  }
  return Refuse(kInputType, *window,
                base::Cat("The first parameter requires the (\"(TIMESTAMP OR TIMESTAMP WITHOUT "
                          "TIME ZONE)\" or \"STRUCT<start: TIMESTAMP, end: TIMESTAMP>\" or "
                          "\"STRUCT<start: TIMESTAMP_NTZ, end: TIMESTAMP_NTZ>\") type, however \"",
                          exec::PrettyName(*window->time), "\" has the type ",
                          table::QuotedTypeName(*field), "."));
}

}  // namespace

base::Status CheckWindowColumn(const exec::ExprPtr& column, const arrow::Schema& input) {
  SOTERIA_ASSIGN_OR_RETURN(const auto type, exec::TypeOf(*column, input));
  if (type->type()->id() != Type::STRUCT || !table::UdtOf(*type).empty()) return base::OkStatus();
  if (exec::IsInput(*column)) {
    const std::string metadata = table::SparkMetadata(*input.field(column->ordinal));
    if (metadata.find(exec::kTimeWindowMark) != std::string::npos ||
        metadata.find(exec::kSessionWindowMark) != std::string::npos) {
      return base::OkStatus();
    }
  }
  return base::Fail(exec::kNoWindowColumn,
                    base::Cat("The input is not a correct window column: ",
                              exec::PrettyName(*exec::Call("window_time", {column}))));
}

bool IsTimeWindow(const Expression& expression) {
  const std::string_view name = FunctionOf(expression);
  return base::EqualIgnoringCase(name, "window") || base::EqualIgnoringCase(name, "session_window");
}

base::Status FindTimeWindows(const Message& message, const std::string& zone,
                             TimeWindowCalls* out) {
  return Find(message, zone, 0, out);
}

bool TimeWindow::operator==(const TimeWindow& other) const {
  if (session != other.session || SameText(*time) != SameText(*other.time)) return false;
  if (session) return SameText(*gap) == SameText(*other.gap);
  return duration == other.duration && slide == other.slide && start == other.start;
}

base::StatusOr<TimeWindow> TimeWindowOf(const Expression& call, std::vector<exec::ExprPtr> args,
                                        const arrow::Schema& input) {
  TimeWindow window;
  window.session = IsSession(call);
  const size_t most = window.session ? 2 : 4;
  if (args.size() < 2 || args.size() > most) {
    return exec::WrongNumberOfArguments(base::Lower(FunctionOf(call)), 2, static_cast<int>(most),
                                        static_cast<int>(args.size()));
  }
  window.time = std::move(args[0]);
  if (window.session) {
    window.gap = std::move(args[1]);
    SOTERIA_RETURN_IF_ERROR(TakeTime(input, &window));
    SOTERIA_ASSIGN_OR_RETURN(const auto gap, exec::TypeOf(*window.gap, input));
    if (gap->type()->id() != Type::STRING && gap->type()->id() != Type::NA) {
      return base::Fail(kGapType, base::Cat("Gap duration expression used in session window must "
                                            "be CalendarIntervalType, but got ",
                                            ScalaTypeText(*gap), "."));
    }
    return window;
  }
  SOTERIA_ASSIGN_OR_RETURN(window.duration, MicrosOf(*args[1]));
  window.slide = window.duration;
  if (args.size() > 2) {
    SOTERIA_ASSIGN_OR_RETURN(window.slide, MicrosOf(*args[2]));
  }
  if (args.size() > 3) {
    SOTERIA_ASSIGN_OR_RETURN(window.start, MicrosOf(*args[3]));
  }
  SOTERIA_RETURN_IF_ERROR(TakeTime(input, &window));
  SOTERIA_RETURN_IF_ERROR(CheckTimes(window));
  return window;
}

}  // namespace soteria::connect
