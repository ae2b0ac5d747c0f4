// Stretches of time that rows fall into: what window() and session_window() compute of a row. Only
// whoever makes a plan calls them, since a row may fall into several. Internal to exec but for the
// names; pure functions.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::exec {

struct Bound;
struct BindContext;

/// (time, duration, slide, start, which): of the windows that begin at or before the time the last
/// one but `which`, as a struct of its start and end. All but the time are literals of
/// microseconds.
inline constexpr std::string_view kTimeWindow = "time window";
/// (time, gap): from the time on for as long as the gap says; without an end where it says nothing.
inline constexpr std::string_view kSessionWindow = "session window";

/// What the metadata of their columns say.
inline constexpr std::string_view kTimeWindowMark = "spark.timeWindow";
inline constexpr std::string_view kSessionWindowMark = "spark.sessionWindow";

inline constexpr base::Condition kNoWindowColumn = {"_LEGACY_ERROR_TEMP_3101",
                                                    base::exception_class::kAnalysis, "",
                                                    absl::StatusCode::kInvalidArgument};

base::StatusOr<std::shared_ptr<const Bound>> BindTimeWindow(
    const Expr& e, std::vector<std::shared_ptr<const Bound>> args, BindContext& context);
base::StatusOr<std::shared_ptr<const Bound>> BindSessionWindow(
    const Expr& e, std::vector<std::shared_ptr<const Bound>> args, BindContext& context);
/// window_time(window): its last microsecond.
base::StatusOr<std::shared_ptr<const Bound>> BindWindowTime(
    const Expr& e, std::vector<std::shared_ptr<const Bound>> args, BindContext& context);

}  // namespace soteria::exec
