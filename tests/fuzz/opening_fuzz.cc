// The first message of an attested channel, on any bytes from anybody.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/channel/attested.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto opening = channel::ParseOpening(bytes);
  if (!opening.ok()) {
    CHECK(base::Is(opening.status(), base::kProtocol));
    return 0;
  }
  CHECK(static_cast<uint8_t>(bytes[0]) == static_cast<uint8_t>(opening->kind));
  switch (opening->kind) {
    case channel::OpeningKind::kChallenge:
      CHECK(opening->challenge.nonce.size() == channel::kNonceBytes);
      break;
    case channel::OpeningKind::kResume:
      CHECK(opening->resume.proof.size() == 32 && !opening->resume.purpose.empty());
      break;
    case channel::OpeningKind::kWorkerJoins:
      CHECK(bytes.size() == 1);
      break;
  }
  return 0;
}
