// master::ParseTakeover on any bytes: whoever comes to a master that serves a session may send
// them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/master/provisioned.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto proof = master::ParseTakeover(bytes);
  if (!proof.ok()) {
    CHECK(base::Is(proof.status(), base::kProtocol));
    return 0;
  }
  CHECK(size <= master::kTakeoverBytesMax && proof->size() <= size);
  return 0;
}
