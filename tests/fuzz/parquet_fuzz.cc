// A Parquet file of any bytes, as `put` and readers of trees open one: what is read is an Arrow
// table in every respect.
#include <cstddef>
#include <cstdint>
#include <string>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/storage/parquet.h"
#include "src/table/validate.h"
#include "tests/fuzz/inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  fuzz::BytesFile file(std::string(reinterpret_cast<const char*>(data), size));
  const auto reader = storage::PlainParquetReader::Open(file);
  if (!reader.ok()) return 0;
  while (true) {
    const auto table = (*reader)->Next();
    if (!table.ok() || *table == nullptr) return 0;
    CHECK(table::ValidateDecoded(**table).ok());
    CHECK((*table)->schema()->Equals(*(*reader)->schema()));
  }
}
