// base::DecodeStatus on any bytes (a worker's sealed error, and with it FieldReader): what decodes
// has one encoding.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria::base;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Status decoded;
  const Status status = DecodeStatus(bytes, &decoded);
  if (!status.ok()) {
    CHECK(Is(status, kProtocol));
    return 0;
  }
  CHECK(EncodeStatus(decoded) == bytes);
  CHECK(Message(decoded).size() <= kStatusTextBytesMax);
  return 0;
}
