#include "src/client/busy_master.h"

#include <string>

#include "soteria/session.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/channel/attested.h"

namespace soteria::client {
namespace {

base::Status Busy(const MasterState& state, bool ours, int64_t silent_ms_max) {
  if (!state.owner_connected) {
    return base::Fail(channel::kMasterBusy,
                      base::Cat("the cluster is busy with a session under another user key, "
                                "whose owner is away: it ends in ",
                                state.seconds_left, " s unless the owner comes back"));
  }
  const bool silent = state.silent_ms > static_cast<uint64_t>(silent_ms_max);
  return base::Fail(
      silent ? base::kMasterLost : channel::kMasterBusy,
      base::Cat("the cluster is busy with ",
                ours ? "another session of yours, whose program is "
                     : "a session under another user key, whose owner is ",
                silent ? base::Cat("connected but silent for ", state.silent_ms, " ms")
                       : std::string("connected"),
                ours ? "; end that one first" : " (one master serves one session)"));
}

}  // namespace

base::StatusOr<MasterState> ParseMasterState(std::string_view bytes) {
  session::MasterState state;
  if (!state.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::Fail(base::kProtocol, "the master's state is damaged");
  }
  return MasterState{state.provisioned(), state.owner_connected(), state.seconds_left(),
                     state.silent_ms()};
}

base::Status WhyNotNow(std::string_view reply, const MasterState& state, int64_t silent_ms_max) {
  session::TakeoverReply answer;
  if (!answer.ParseFromArray(reply.data(), static_cast<int>(reply.size()))) {
    return base::Fail(base::kProtocol, "the master's answer to a takeover is damaged");
  }
  if (answer.error().empty()) {
    return base::Fail(channel::kTakenOver,
                      "an earlier session of this owner was ended; the host's next master isn't "
                      "there yet");
  }
  base::Status why;
  SOTERIA_RETURN_IF_ERROR(base::DecodeStatus(answer.error(), &why));
  const bool ours = base::Is(why, channel::kMasterBusy);
  if (!ours && !base::Is(why, base::kUnauthenticated)) {
    return base::Fail(base::kProtocol, "the master refused in a way that isn't known");
  }
  return Busy(state, ours, silent_ms_max);
}

}  // namespace soteria::client
