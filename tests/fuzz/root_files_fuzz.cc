// Files of roots: an entry of an index as whoever holds the root's key may write it, and the
// object's bytes as storage gives them. The input is fields(entry, object); docs/formats/fields.md.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "arrow/table.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/storage/dataset.h"
#include "src/storage/tree.h"
#include "src/table/validate.h"
#include "tests/fuzz/inputs.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own

storage::Index IndexOf(storage::RootKind kind, storage::FileEntry entry) {
  storage::Index index;
  index.kind = kind;
  index.id = fuzz::RootIdOf();
  index.version = 1;
  index.tee_kinds = {"simulated"};
  index.files = {std::move(entry)};
  return index;
}

void CheckTable(const base::StatusOr<std::shared_ptr<arrow::Table>>& table) {
  if (table.ok()) CHECK(table::ValidateDecoded(**table).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  base::FieldReader reader(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto encoded = reader.Next();
  const auto object = encoded.ok() ? reader.Next() : encoded;
  if (!object.ok() || !reader.Finish().ok()) return 0;
  fuzz::OneFile files(*object);
  const crypto::Secret key = crypto::Secret::Adopt(fuzz::RootKey());
  const auto part = storage::ParseFileEntry(*encoded, storage::RootKind::kDataSet);
  if (part.ok()) {
    CheckTable(storage::ReadDatasetFile(files, fuzz::kRootFolder,
                                        IndexOf(storage::RootKind::kDataSet, *part), 0, key,
                                        std::nullopt));
  }
  const auto file = storage::ParseFileEntry(*encoded, storage::RootKind::kTree);
  if (!file.ok()) return 0;
  const std::string name = file->name;
  const storage::Tree tree = storage::Tree::Of(files, fuzz::kRootFolder, key,
                                               {IndexOf(storage::RootKind::kTree, *file), {}});
  const auto bytes = tree.Read(name, object->size());
  CHECK(!bytes.ok() || bytes->size() < object->size());  // there is a tag at least
  CheckTable(tree.ReadParquet(name, std::nullopt));
  return 0;
}
