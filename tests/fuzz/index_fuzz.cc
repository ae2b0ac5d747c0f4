// storage::ParseIndex and ParseFileEntry on any bytes (whoever holds a root's key may write an
// index; a worker's answer carries entries): what is accepted is valid and has one encoding.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/storage/format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;           // NOLINT: a program of its own
  using namespace soteria::storage;  // NOLINT
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto index = ParseIndex(bytes);
  if (index.ok()) {
    CHECK(ValidateIndex(*index).ok());
    CHECK(EncodeIndex(*index) == bytes);
    CHECK(index->files.size() <= kFilesMax);
  } else {
    CHECK(base::Is(index.status(), base::kIntegrity));
  }
  for (const RootKind kind : {RootKind::kDataSet, RootKind::kTree}) {
    const auto entry = ParseFileEntry(bytes, kind);
    if (entry.ok()) {
      CHECK(EncodeFileEntry(*entry) == bytes);
      CHECK(entry->object.find('/') == std::string::npos);
    } else {
      CHECK(base::Is(entry.status(), base::kIntegrity));
    }
  }
  return 0;
}
