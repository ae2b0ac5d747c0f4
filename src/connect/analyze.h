// AnalyzePlan: questions about a plan that no stage has to run for.
#pragma once

#include "src/base/status.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class AnalyzePlanRequest;
class AnalyzePlanResponse;
}  // namespace spark::connect

namespace soteria::connect {

/// The version that this server speaks the protocol of, and answers for.
inline constexpr char kSparkVersion[] = "4.3.0";

base::Status Analyze(const spark::connect::AnalyzePlanRequest& request, SessionState& state,
                     spark::connect::AnalyzePlanResponse* response);

}  // namespace soteria::connect
