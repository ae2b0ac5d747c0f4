#include "src/client/put.h"

#include <arrow/table.h>

#include <algorithm>
#include <array>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/client/records.h"
#include "src/client/remote_roots.h"
#include "src/client/root.h"
#include "src/client/source.h"
#include "src/storage/tree.h"

namespace soteria::client {
namespace {

std::vector<std::string> TeeKindNames(const PutOptions& options) {
  std::vector<attest::TeeKind> kinds = options.tee_kinds;
  if (kinds.empty()) kinds = {attest::TeeKind::kSgx, attest::TeeKind::kTdx, attest::TeeKind::kSnp};
  if (options.allow_simulated) kinds.push_back(attest::TeeKind::kSimulated);
  std::vector<std::string> names;
  for (attest::TeeKind kind : kinds) names.emplace_back(attest::TeeKindName(kind));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Where a put goes: a new root with a new key, or the next version of one.
struct Destination {
  std::string path;
  std::string id;
  crypto::Secret key;
  std::optional<storage::OpenedIndex> replaced;

  const storage::OpenedIndex* replaced_or_null() const {
    return replaced.has_value() ? &*replaced : nullptr;
  }
};

base::StatusOr<std::string> NewId(Owner& owner, const PutOptions& options) {
  if (!options.id_hex.has_value()) {
    std::array<uint8_t, storage::kIdBytes> id{};
    SOTERIA_RETURN_IF_ERROR(owner.random.Fill(id));
    return std::string(id.begin(), id.end());
  }
  base::StatusOr<std::string> id = base::FromHex(*options.id_hex);
  if (!id.ok() || id->size() != storage::kIdBytes) {
    return base::Fail(base::kInput, "--id takes 32 lower-case hexadecimal digits");
  }
  return id;
}

base::StatusOr<Destination> FindDestination(Owner& owner, const crypto::Secret& user_key,
                                            const std::string& dest, const PutOptions& options,
                                            ledger::Versions& versions) {
  SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root, FindRoot(owner.files, dest, user_key));
  if (!root.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(std::string id, NewId(owner, options));
    if (versions.Find(id) != nullptr) {
      return base::Fail(
          base::kConflict,
          base::Cat("the owner's records know another root with this id (version ",
                    versions.Find(id)->version, "); an id is never used again: leave --id out"));
    }
    crypto::Secret key = storage::DatasetKey(user_key, id);
    return Destination{dest, std::move(id), std::move(key), std::nullopt};
  }
  if (options.id_hex.has_value() && *options.id_hex != base::Hex(root->id)) {
    return base::Fail(base::kConflict,
                      base::Cat(dest, " has the id ", base::Hex(root->id),
                                " already; leave --id out or put to another place"));
  }
  storage::RootKind kind = options.tree ? storage::RootKind::kTree : storage::RootKind::kDataSet;
  if (root->opened.index.kind != kind) {
    return base::Fail(base::kConflict,
                      base::Cat(dest,
                                options.tree ? " holds a data set, not a tree"
                                             : " holds a sealed tree, not a data set",
                                "; put to another place"));
  }
  SOTERIA_RETURN_IF_ERROR(base::WithContext(
      CheckRootFresh(owner.files, dest, root->opened, versions.Find(root->id), 0, root->key),
      dest));
  return Destination{dest, root->id, std::move(root->key), std::move(root->opened)};
}

base::StatusOr<storage::OpenedIndex> PutTable(Owner& owner, const std::string& source,
                                              const Destination& dest, const PutOptions& options,
                                              const Progress& progress, PutResult* result) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<TableSource> rows,
                           OpenTableSource(owner.files, source, options.schema_ddl));
  storage::DatasetOptions writing;
  writing.tee_kinds = TeeKindNames(options);
  writing.compression = options.compression;
  if (options.files.has_value()) {
    if (*options.files < 1 || *options.files > kPutFilesMax) {
      return base::Fail(base::kInput, base::Cat("--files takes 1 to ", kPutFilesMax));
    }
    SOTERIA_ASSIGN_OR_RETURN(uint64_t total, rows->CountRows());
    if (total < *options.files) {
      return base::Fail(base::kInput, base::Cat("--files ", *options.files, " is more than the ",
                                                total, " rows of ", source));
    }
    writing.rows_per_file = (total + *options.files - 1) / *options.files;
  }
  SOTERIA_ASSIGN_OR_RETURN(
      std::unique_ptr<storage::DatasetWriter> writer,
      storage::DatasetWriter::Create(owner.files, owner.random, dest.path, dest.id, dest.key,
                                     rows->schema(), writing));
  while (true) {
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Table> next, rows->Next());
    if (next == nullptr) break;
    SOTERIA_RETURN_IF_ERROR(writer->Write(*next));
    result->rows += static_cast<uint64_t>(next->num_rows());
    progress(rows->bytes_done(), rows->bytes_total());
  }
  result->bytes = rows->bytes_total();
  return writer->Publish(dest.replaced_or_null());
}

base::StatusOr<storage::OpenedIndex> PutTree(Owner& owner, const std::string& source,
                                             const Destination& dest, const PutOptions& options,
                                             const Progress& progress, PutResult* result) {
  if (options.schema_ddl.has_value() || options.files.has_value()) {
    return base::Fail(base::kInput, "--schema and --files are for tables, not for --tree");
  }
  if (KindOf(source) != PathKind::kFolder) {
    return base::Fail(base::kInput, base::Cat(source, " is not a folder, as --tree needs"));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::vector<PlainFile> found,
                           ListPlainTree(source, &result->checksums_left_out));
  uint64_t total = 0;
  for (const PlainFile& file : found) {
    total += file.size;
    if (!storage::ValidRelativePath(file.relative)) {
      return base::Fail(base::kInput,
                        base::Cat(source, "/", file.relative,
                                  ": a name in a sealed tree has letters, digits and . _ = - only, "
                                  "at most 255, and no leading dot; rename it"));
    }
    if (file.size > kTreeFileBytesMax) {
      return base::Fail(base::kInput, base::Cat(source, "/", file.relative, " is larger than ",
                                                kTreeFileBytesMax, " bytes"));
    }
  }
  storage::Index index;
  index.kind = storage::RootKind::kTree;
  index.id = dest.id;
  index.tee_kinds = TeeKindNames(options);
  for (const PlainFile& file : found) {
    base::StatusOr<std::string> bytes = owner.files.ReadAll(source, file.relative, file.size);
    if (!bytes.ok()) {
      return base::WithContext(bytes.status(), base::Cat(source, "/", file.relative));
    }
    SOTERIA_ASSIGN_OR_RETURN(storage::FileEntry entry,
                             storage::Tree::WriteFile(owner.files, owner.random, dest.path,
                                                      dest.key, dest.id, file.relative, *bytes));
    index.files.push_back(std::move(entry));
    result->bytes += file.size;
    progress(result->bytes, total);
  }
  return storage::PublishIndex(owner.files, owner.random, dest.path, dest.key, std::move(index),
                               dest.replaced_or_null());
}

}  // namespace

base::StatusOr<PutResult> Put(Owner& owner, const crypto::Secret& user_key,
                              const std::string& source, const std::string& dest,
                              const PutOptions& options, const Progress& progress) {
  int64_t began_ms = owner.clock.MonotonicMs();
  SOTERIA_RETURN_IF_ERROR(CheckReachable(
      dest, "put to a local folder and copy that there with any tool, such as hadoop fs -put"));
  if (KindOf(source) == PathKind::kMissing) {
    return base::Fail(base::kPathNotFound, base::Cat("Path does not exist: ", source));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::string real, ResolvePlainPath(source));
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<Records> records, Records::Open(owner, user_key));
  SOTERIA_ASSIGN_OR_RETURN(Destination to,
                           FindDestination(owner, user_key, dest, options, records->versions()));
  PutResult result;
  base::StatusOr<storage::OpenedIndex> published =
      options.tree ? PutTree(owner, real, to, options, progress, &result)
                   : PutTable(owner, real, to, options, progress, &result);
  SOTERIA_RETURN_IF_ERROR(published);
  const ledger::VersionRecord* known = records->versions().Find(to.id);
  ledger::VersionRecord record{to.id, published->index.version, published->digest,
                               known == nullptr ? 0 : known->spent};
  SOTERIA_RETURN_IF_ERROR(records->versions().Store({&record, 1}, std::nullopt));
  result.id_hex = base::Hex(to.id);
  SOTERIA_ASSIGN_OR_RETURN(RemoteRoots remote, RemoteRoots::Load(owner));
  remote.NoteKinds(result.id_hex, published->index.tee_kinds);
  SOTERIA_RETURN_IF_ERROR(remote.Save(owner));
  result.version = published->index.version;
  result.files = published->index.files.size();
  result.took_ms = owner.clock.MonotonicMs() - began_ms;
  return result;
}

}  // namespace soteria::client
