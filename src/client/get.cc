#include "src/client/get.h"

#include <arrow/table.h>

#include <algorithm>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/client/records.h"
#include "src/client/root.h"
#include "src/client/stop_signals.h"
#include "src/storage/dataset.h"
#include "src/storage/parquet.h"
#include "src/storage/tree.h"
#include "src/table/types.h"

namespace soteria::client {
namespace {

constexpr int kPlainFileMode = 0600;
constexpr uint64_t kCopyBytes = uint64_t{4} << 20;

std::string PartName(size_t number) {
  std::string digits = base::Cat(number);
  digits.insert(0, digits.size() < 5 ? 5 - digits.size() : 0, '0');
  return base::Cat("part-", digits, ".parquet");
}

base::Status WriteNew(base::Files& files, const std::string& root, const std::string& name,
                      std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::WritableFile> file,
                           files.Create(root, name, kPlainFileMode));
  SOTERIA_RETURN_IF_ERROR(file->Append(bytes));
  return file->Close();
}

base::Status GetDataSet(base::Files& files, const OwnedRoot& root, const std::string& folder,
                        const Progress& progress, GetResult* result) {
  const storage::Index& index = root.opened.index;
  uint64_t total = 0;
  uint64_t done = 0;
  for (const storage::FileEntry& file : index.files) total += file.size;
  for (size_t i = 0; i < index.files.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(
        std::shared_ptr<arrow::Table> rows,
        storage::ReadDatasetFile(files, root.path, index, i, root.key, std::nullopt));
    SOTERIA_ASSIGN_OR_RETURN(rows, table::ToSparkForm(std::move(rows)));
    SOTERIA_ASSIGN_OR_RETURN(std::string bytes, storage::ParquetBytes(*rows));
    SOTERIA_RETURN_IF_ERROR(WriteNew(files, folder, PartName(i), bytes));
    result->rows += static_cast<uint64_t>(rows->num_rows());
    result->bytes += bytes.size();
    done += index.files[i].size;
    progress(done, total);
  }
  result->files = index.files.size();
  return base::OkStatus();
}

base::Status CopyOut(base::Files& files, const storage::Tree& tree, const std::string& name,
                     const std::string& folder, const std::string& as, uint64_t* bytes) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::ReadableFile> in, tree.OpenPlain(name));
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::WritableFile> out,
                           files.Create(folder, as, kPlainFileMode));
  std::string block(static_cast<size_t>(std::min(kCopyBytes, in->size())), '\0');
  for (uint64_t at = 0; at < in->size();) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t read, in->ReadAt(at, block));
    if (read == 0) return base::Fail(base::kIntegrity, base::Cat(name, " ends too soon"));
    SOTERIA_RETURN_IF_ERROR(out->Append(std::string_view(block).substr(0, read)));
    at += read;
  }
  *bytes += in->size();
  return out->Close();
}

base::Status GetTree(base::Files& files, RootAndRest& found, const std::string& folder,
                     const Progress& progress, GetResult* result) {
  storage::Tree tree = storage::Tree::Of(files, found.root.path, found.root.key, found.root.opened);
  const std::string& rest = found.rest;
  std::vector<std::string> names = tree.List(rest);
  if (names.empty() && !rest.empty()) {
    return base::Fail(base::kPathNotFound,
                      base::Cat("Path does not exist: version ", tree.index().index.version,
                                " of the tree ", found.root.path, " has no ", rest));
  }
  bool is_file = names.size() == 1 && names[0] == rest;
  uint64_t total = 0;
  for (const std::string& name : names) total += tree.Find(name)->size;
  uint64_t done = 0;
  for (const std::string& name : names) {
    std::string as = is_file        ? SplitPath(base::Cat("/", name)).second
                     : rest.empty() ? name
                                    : name.substr(rest.size() + 1);
    base::Status copied = CopyOut(files, tree, name, folder, as, &result->bytes);
    if (!copied.ok()) return base::WithContext(copied, base::Cat(found.root.path, "/", name));
    done += tree.Find(name)->size;
    progress(done, total);
  }
  result->files = names.size();
  return base::OkStatus();
}

// I9: not older than what the owner has seen; what is newer, or at this path by the owner's word,
// is remembered.
base::Status CheckAndRecord(Owner& owner, const crypto::Secret& user_key, const OwnedRoot& root,
                            const ledger::Versions& versions, GetResult* result) {
  const ledger::VersionRecord* known = versions.Find(root.id);
  SOTERIA_RETURN_IF_ERROR(base::WithContext(
      CheckRootFresh(owner.files, root.path, root.opened, known, 0, root.key), root.path));
  const std::string* recorded = versions.IdAt(root.path);
  const bool same_path = recorded != nullptr && *recorded == root.id;
  if (same_path && known != nullptr && known->version == root.opened.index.version) {
    return base::OkStatus();
  }
  ledger::VersionRecord record{root.id, root.opened.index.version, root.opened.digest,
                               known == nullptr ? 0 : known->spent};
  base::StatusOr<std::unique_ptr<ledger::Versions>> writable =
      ledger::Versions::Open(owner.files, owner.home.dir, Home::kVersions, user_key);
  if (!writable.ok() && base::Is(writable.status(), base::kConflict)) {
    result->recorded = false;
    return base::OkStatus();
  }
  SOTERIA_RETURN_IF_ERROR(writable);
  const ledger::RootPath at{root.path, root.id};
  return (*writable)->Store({&record, 1}, std::nullopt, {&at, 1});
}

}  // namespace

base::StatusOr<GetResult> Get(Owner& owner, const crypto::Secret& user_key,
                              const std::string& source, const std::string& dest,
                              const std::optional<std::string>& id_hex, const Progress& progress) {
  int64_t began_ms = owner.clock.MonotonicMs();
  SOTERIA_RETURN_IF_ERROR(CheckReachable(
      source, "copy the root here with any tool, such as hadoop fs -get, and get that"));
  SOTERIA_ASSIGN_OR_RETURN(
      std::unique_ptr<ledger::Versions> versions,
      ledger::Versions::OpenReadOnly(owner.files, owner.home.dir, Home::kVersions, user_key));
  SOTERIA_ASSIGN_OR_RETURN(const KnownRoots known, KnownRoots::Load(owner, *versions));
  std::optional<std::string> said;
  if (id_hex.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(said, ParseRootId(*id_hex));
  }
  StoppableFiles files(owner.files);
  SOTERIA_ASSIGN_OR_RETURN(RootAndRest found, FindRootAbove(files, source, user_key, known, said));
  bool is_tree = found.root.opened.index.kind == storage::RootKind::kTree;
  if (!is_tree && !found.rest.empty()) {
    return base::Fail(base::kPathNotFound,
                      base::Cat("Path does not exist: ", found.root.path,
                                " is a data set, which has no parts of its own; get it whole"));
  }
  GetResult result;
  SOTERIA_RETURN_IF_ERROR(CheckAndRecord(owner, user_key, found.root, *versions, &result));
  SOTERIA_ASSIGN_OR_RETURN(NewFolder folder, NewFolder::At(owner.files, owner.random, dest));
  SOTERIA_RETURN_IF_ERROR(is_tree
                              ? GetTree(files, found, folder.root(), progress, &result)
                              : GetDataSet(files, found.root, folder.root(), progress, &result));
  SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
  SOTERIA_RETURN_IF_ERROR(folder.Finish());
  result.id_hex = base::Hex(found.root.id);
  result.version = found.root.opened.index.version;
  result.took_ms = owner.clock.MonotonicMs() - began_ms;
  return result;
}

}  // namespace soteria::client
