// table::FromIpcStream on any bytes: a script's local rows, and what other enclaves send.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "arrow/table.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/table/ipc.h"
#include "src/table/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const table::IpcLimits limits{.bytes_max = 1 << 20, .rows_max = 1 << 16, .batches_max = 16};
  const auto table = table::FromIpcStream({reinterpret_cast<const char*>(data), size}, limits);
  if (!table.ok()) {
    CHECK(base::Is(table.status(), base::kInput) || base::Is(table.status(), base::kMemoryLimit));
    return 0;
  }
  CHECK(table::ValidateDecoded(**table).ok() && (*table)->num_rows() <= limits.rows_max);
  return 0;
}
