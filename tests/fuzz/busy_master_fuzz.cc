// What a master that serves a session says to an owner who comes: its state, and its answer to a
// takeover. The input is the two, as fields.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/channel/attested.h"
#include "src/client/busy_master.h"

namespace {

// An owner's program is told apart, said to be busy or asked to try again, whatever comes.
bool IsKnown(const soteria::base::Status& why) {
  using namespace soteria;  // NOLINT: a program of its own
  return base::Is(why, channel::kTakenOver) || base::Is(why, channel::kMasterBusy) ||
         base::Is(why, base::kMasterLost) || base::Is(why, base::kProtocol);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  base::FieldReader fields({reinterpret_cast<const char*>(data), size});
  const auto first = fields.Next();
  const auto reply = fields.Next();
  if (!first.ok() || !reply.ok()) return 0;
  const auto state = client::ParseMasterState(*first);
  CHECK(state.ok() || base::Is(state.status(), base::kProtocol));
  const client::MasterState said = state.ok() ? *state : client::MasterState();
  const base::Status why = client::WhyNotNow(*reply, said, 3'000);
  CHECK(IsKnown(why));
  // Only who is connected may fall silent, and only then is it worth to ask again.
  if (base::Is(why, base::kMasterLost)) CHECK(said.owner_connected && said.silent_ms > 3'000);
  return 0;
}
