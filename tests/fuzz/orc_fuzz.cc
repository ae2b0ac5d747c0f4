// An ORC file of any bytes: its columns, and its rows under them, from reads of any length the same
// and within the memory that they asked for. What was read is an Arrow table in every respect, and
// can be written again.
#include "arrow/compare.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/formats/orc_read.h"
#include "src/formats/orc_write.h"
#include "src/table/validate.h"
#include "tests/fuzz/text_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const formats::Room room = [](uint64_t asked) {
    return asked <= fuzz::kRoomBytes ? base::OkStatus() : base::Fail(base::kMemoryLimit, "no room");
  };
  fuzz::BytesFile file(bytes);
  const auto schema = formats::OrcSchema(file);
  if (!schema.ok() || *schema == nullptr) return 0;
  const auto rows = formats::ReadOrc(file, {}, **schema, room);
  fuzz::ShortReads cut(bytes);
  const auto again = formats::ReadOrc(cut, {}, **schema, room);
  CHECK(rows.ok() == again.ok());
  if (!rows.ok()) return 0;
  CHECK(table::ValidateDecoded(**rows).ok());
  CHECK((*rows)->schema()->Equals(**schema, false));
  for (int i = 0; i < (*rows)->num_columns(); ++i) {
    CHECK((*rows)->column(i)->Equals(*(*again)->column(i),
                                     arrow::EqualOptions::Defaults().nans_equal(true)));
  }
  const auto written = formats::WriteOrc(**rows, "zstd");
  CHECK(written.ok());
  fuzz::BytesFile copy(*written);
  const auto read = formats::ReadOrc(copy, {}, **schema, nullptr);
  CHECK(read.ok() && (*read)->num_rows() == (*rows)->num_rows());
  return 0;
}
