// Calls of window() and session_window() in the words of the protocol. Pure functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace google::protobuf {
class Message;
}
namespace spark::connect {
class Expression;
}

namespace soteria::connect {

/// Is it such a call?
bool IsTimeWindow(const spark::connect::Expression& expression);

/// Such calls within messages, and the texts that were parsed to find them.
struct TimeWindowCalls {
  std::vector<const spark::connect::Expression*> calls;
  std::vector<std::shared_ptr<const spark::connect::Expression>> parsed;
};
/// `zone` is the session's.
base::Status FindTimeWindows(const google::protobuf::Message& message, const std::string& zone,
                             TimeWindowCalls* out);

/// That window_time() of the column may be taken: it is one that window() or session_window() made.
/// What is no struct is refused where it is typed.
base::Status CheckWindowColumn(const exec::ExprPtr& column, const arrow::Schema& input);

/// What a call says.
struct TimeWindow {
  exec::ExprPtr time;
  bool session = false;
  exec::ExprPtr gap;  ///< of a session; else in microseconds:
  int64_t duration = 0;
  int64_t slide = 0;
  int64_t start = 0;

  bool operator==(const TimeWindow& other) const;
  /// How many of them a row is in at most.
  int64_t overlaps() const { return (duration - 1) / slide + 1; }
};
/// Of its converted arguments, over rows of the schema: Spark's errors of windows.
base::StatusOr<TimeWindow> TimeWindowOf(const spark::connect::Expression& call,
                                        std::vector<exec::ExprPtr> args,
                                        const arrow::Schema& input);

}  // namespace soteria::connect
