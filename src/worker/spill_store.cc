#include "src/worker/spill_store.h"

#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/table/exact_stream.h"
#include "src/worker/sealed_stream.h"

namespace soteria::worker {
namespace {

constexpr size_t kSpillKeyBytes = 32;
constexpr char kKeyLabel[] = "soteria/1 spill file";
constexpr int kSpillFileMode = 0600;

std::string FileName(uint64_t number) { return base::Cat("block-", number, ".sealed"); }

// What each chunk of the file is bound to.
std::string Bound(const BlockName& name, bool features) {
  base::FieldWriter fields;
  fields.Add(base::View(name.first)).AddU64(name.second).AddBool(features);
  return fields.Take();
}

base::Status WriteBlock(const Block& block, SealedOutput& out) {
  base::Status status = block.features != nullptr ? table::WriteExactly(*block.features, out)
                                                  : table::WriteExactly(*block.table, out);
  // The stream's own reason is the better one.
  if (!out.Close().ok() || !out.status().ok()) return out.status();
  return status;
}

base::StatusOr<Block> ReadBlock(bool features, SealedInput& in) {
  if (features) {
    SOTERIA_ASSIGN_OR_RETURN(table::FeatureBlock block, table::ReadFeatureBlockExactly(in));
    return Block{nullptr, std::make_shared<const table::FeatureBlock>(std::move(block))};
  }
  SOTERIA_ASSIGN_OR_RETURN(auto read, table::ReadTableExactly(in));
  return Block{std::move(read), nullptr};
}

}  // namespace

base::StatusOr<crypto::Secret> SpillStore::KeyOf(uint64_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!key_.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(key_, crypto::Secret::Random(random_, kSpillKeyBytes));
  }
  base::FieldWriter context;
  context.AddU64(number);
  return crypto::Hkdf(*key_, kKeyLabel, context.bytes(), kSpillKeyBytes);
}

base::StatusOr<SpilledBlock> SpillStore::Write(const BlockName& name, const Block& block) {
  SpilledBlock spilled;
  spilled.number = numbers_++;
  spilled.features = block.features != nullptr;
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, KeyOf(spilled.number));
  auto file = files_.Create(folder_, FileName(spilled.number), kSpillFileMode);
  if (!file.ok()) return base::WithContext(file.status(), "a block can't be spilled");
  SealedOutput out(*std::move(file), std::move(key), Bound(name, spilled.features),
                   kSpillChunkBytes);
  if (const base::Status written = WriteBlock(block, out); !written.ok()) {
    Remove(spilled);
    return base::WithContext(written, "a block can't be spilled");
  }
  spilled.bytes = out.file_bytes();
  return spilled;
}

base::StatusOr<Block> SpillStore::Read(const BlockName& name, const SpilledBlock& spilled) {
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, KeyOf(spilled.number));
  SOTERIA_ASSIGN_OR_RETURN(auto file,
                           files_.Open(folder_, FileName(spilled.number), spilled.bytes));
  // I9: what an implementation of Files may not have checked.
  if (file->size() != spilled.bytes) {
    return base::Fail(base::kIntegrity, "a spilled block has another size");
  }
  SealedInput in(std::move(file), std::move(key), Bound(name, spilled.features), kSpillChunkBytes);
  auto block = ReadBlock(spilled.features, in);
  SOTERIA_RETURN_IF_ERROR(in.status());
  SOTERIA_RETURN_IF_ERROR(block);
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return block;
}

void SpillStore::Remove(const SpilledBlock& spilled) {
  (void)files_.Remove(folder_, FileName(spilled.number));
}

}  // namespace soteria::worker
