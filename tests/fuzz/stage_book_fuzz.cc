// worker::StageBook on any frames of a host: only a task that the master has sealed for that stage
// is ever opened (I4).
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "soteria/host.pb.h"
#include "src/base/check.h"
#include "src/worker/stage_book.h"
#include "tests/fuzz/inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const crypto::Secret root = crypto::Secret::Adopt(fuzz::SessionRoot());
  const crypto::Opener opener(root, crypto::SessionId(root));
  worker::StageBookLimits limits;
  limits.newer_wait = limits.older_wait = std::chrono::milliseconds(0);
  worker::StageBook book(opener, limits);
  for (base::Frame& frame : fuzz::FramesOf(bytes)) book.OnFrame(std::move(frame));
  for (uint64_t stage = 0; stage < 4; ++stage) {
    const auto open = book.Get(stage);
    if (!open.ok() || !(*open)->status.ok()) continue;
    CHECK((*open)->task.stage == stage);
    CHECK((*open)->task.spec.recipe != nullptr);
  }
  return 0;
}
