#include "src/base/env.h"

#include <chrono>

#include "src/base/errors.h"

namespace soteria::base {
namespace {

template <class C>
int64_t MsOf() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(C::now().time_since_epoch()).count();
}

class RealClock : public Clock {
 public:
  int64_t NowMs() override { return MsOf<std::chrono::system_clock>(); }
  int64_t MonotonicMs() override { return MsOf<std::chrono::steady_clock>(); }
};

}  // namespace

Status ByteStream::WriteParts(std::span<const std::string_view> parts) {
  for (const std::string_view part : parts) SOTERIA_RETURN_IF_ERROR(Write(part));
  return OkStatus();
}

Status ByteStream::CloseWrite() {
  return Fail(kUnsupported, "this stream can't end in one direction only");
}

Clock& SystemClock() {
  static RealClock clock;
  return clock;
}

}  // namespace soteria::base
