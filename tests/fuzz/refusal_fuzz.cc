// What anybody on the owner's machine may send to the endpoint of a session that is lost.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/client/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  client::Refusal whole(base::Fail(base::kMasterLost, "gone"));
  client::Refusal cut(base::Fail(base::kMasterLost, "gone"));
  const auto answer = whole.Answer(bytes);
  CHECK(answer.ok() || base::Is(answer.status(), base::kProtocol));
  std::string pieces;
  bool broken = false;
  for (size_t i = 0; i < size && !broken; ++i) {
    const auto piece = cut.Answer(bytes.substr(i, 1));
    broken = !piece.ok();
    if (!broken) pieces += *piece;
  }
  CHECK(broken == !answer.ok());
  if (!broken) CHECK(pieces == *answer);
  return 0;
}
