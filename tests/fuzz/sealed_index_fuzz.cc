// The sealed index as storage gives it: its clear header, and what opens under the root's key. No
// bytes but those that were sealed for this root open.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/storage/format.h"
#include "tests/fuzz/inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::OneFile files(bytes);
  const crypto::Secret key = crypto::Secret::Adopt(fuzz::RootKey());
  const auto header = storage::PeekIndex(files, fuzz::kRootFolder);
  if (header.ok()) {
    CHECK(header->id.size() == storage::kIdBytes);
  } else {
    CHECK(base::Is(header.status(), base::kIntegrity) ||
          base::Is(header.status(), base::kPathNotFound));
  }
  const auto opened = storage::OpenIndex(files, fuzz::kRootFolder, key, fuzz::RootIdOf());
  if (!opened.ok()) {
    CHECK(base::Is(opened.status(), base::kIntegrity));
    return 0;
  }
  CHECK(header.ok() && header->id == opened->index.id && header->version == opened->index.version);
  CHECK(storage::ValidateIndex(opened->index).ok());
  CHECK(opened->digest == crypto::Sha256(bytes));
  return 0;
}
