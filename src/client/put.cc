#include "src/client/put.h"

#include <arrow/table.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/client/records.h"
#include "src/client/root.h"
#include "src/client/source.h"
#include "src/client/stop_signals.h"
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
  std::optional<OwnedRoot> given_up = std::nullopt;  // with --new, where it opens
  bool give_up = false;                              // with --new: an index is there

  const storage::OpenedIndex* replaced_or_null() const {
    return replaced.has_value() ? &*replaced : nullptr;
  }
};

base::StatusOr<std::string> NewId(Owner& owner, const PutOptions& options) {
  if (options.id_hex.has_value()) return ParseRootId(*options.id_hex);
  SOTERIA_ASSIGN_OR_RETURN(const std::string hex, DrawRootId(owner));
  return base::FromHex(hex);
}

// A root inside another one hides what that has there from `get`, and no Manifest can list both.
base::Status CheckOutsideOfRoots(Owner& owner, const std::string& dest, const KnownRoots& known) {
  for (std::string above = SplitPath(dest).first; above != "/" && !above.empty();
       above = SplitPath(above).first) {
    if (known.IdsAt(above).empty()) continue;
    const auto header = storage::PeekIndex(owner.files, above);
    if (base::Is(header.status(), base::kPathNotFound)) continue;
    return base::Fail(base::kPathExists,
                      base::Cat(dest, " lies inside the sealed root ", above,
                                ": put to a place beside it, or to the whole of it again"));
  }
  return base::OkStatus();
}

base::StatusOr<Destination> NewRoot(Owner& owner, const crypto::Secret& user_key,
                                    const std::string& dest, const PutOptions& options,
                                    const KnownRoots& known) {
  const ledger::Versions& versions = known.versions();
  if (known.IdsAt(dest).empty()) SOTERIA_RETURN_IF_ERROR(CheckOutsideOfRoots(owner, dest, known));
  SOTERIA_RETURN_IF_ERROR(CheckFreeForRoot(dest));
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

// --new: what storage shows there is only looked at to clear it away.
base::StatusOr<Destination> InPlaceOf(Owner& owner, const crypto::Secret& user_key,
                                      const std::string& dest, const PutOptions& options,
                                      const KnownRoots& known) {
  SOTERIA_ASSIGN_OR_RETURN(Destination to, NewRoot(owner, user_key, dest, options, known));
  const base::StatusOr<storage::IndexHeader> header = storage::PeekIndex(owner.files, dest);
  to.give_up = !base::Is(header.status(), base::kPathNotFound);
  if (!header.ok()) return to;
  auto old = FindRoot(owner.files, dest, user_key, known, header->id);
  if (old.ok()) to.given_up = *std::move(old);
  return to;
}

base::StatusOr<Destination> FindDestination(Owner& owner, const crypto::Secret& user_key,
                                            const std::string& dest, const PutOptions& options,
                                            const KnownRoots& known) {
  if (options.is_new) return InPlaceOf(owner, user_key, dest, options, known);
  std::optional<std::string> said;
  if (options.id_hex.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(said, ParseRootId(*options.id_hex));
  }
  base::StatusOr<std::optional<OwnedRoot>> root =
      FindRoot(owner.files, dest, user_key, known, said);
  if (base::Is(root.status(), base::kInput) || base::Is(root.status(), base::kIntegrity)) {
    return base::WithContext(root.status(), "nothing was put (--new starts a new root there)");
  }
  SOTERIA_RETURN_IF_ERROR(root);
  if (!root->has_value()) return NewRoot(owner, user_key, dest, options, known);
  OwnedRoot& found = **root;
  storage::RootKind kind = options.tree ? storage::RootKind::kTree : storage::RootKind::kDataSet;
  if (found.opened.index.kind != kind) {
    return base::Fail(base::kConflict,
                      base::Cat(dest,
                                options.tree ? " holds a data set, not a tree"
                                             : " holds a sealed tree, not a data set",
                                "; put to another place"));
  }
  SOTERIA_RETURN_IF_ERROR(
      base::WithContext(CheckRootFresh(owner.files, dest, found.opened,
                                       known.versions().Find(found.id), 0, found.key),
                        dest));
  return Destination{dest, found.id, std::move(found.key), std::move(found.opened)};
}

// Just before the new index is put in place of one that is given up.
base::Status GiveUp(base::Files& files, const Destination& to) {
  if (!to.give_up) return base::OkStatus();
  return files.Remove(to.path, std::string(storage::kIndexName));
}

base::StatusOr<storage::OpenedIndex> PutTable(Owner& owner, base::Files& files,
                                              const std::string& source, const Destination& dest,
                                              const PutOptions& options, const Progress& progress,
                                              PutResult* result) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<TableSource> rows,
                           OpenTableSource(files, source, options.schema_ddl));
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
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<storage::DatasetWriter> writer,
                           storage::DatasetWriter::Create(files, owner.random, dest.path, dest.id,
                                                          dest.key, rows->schema(), writing));
  while (true) {
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Table> next, rows->Next());
    if (next == nullptr) break;
    SOTERIA_RETURN_IF_ERROR(writer->Write(*next));
    result->rows += static_cast<uint64_t>(next->num_rows());
    progress(rows->bytes_done(), rows->bytes_total());
  }
  result->bytes = rows->bytes_total();
  SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
  SOTERIA_RETURN_IF_ERROR(GiveUp(files, dest));
  return writer->Publish(dest.replaced_or_null());
}

// The objects of a tree that is being put; they go again unless it was published.
class NewObjects {
 public:
  NewObjects(base::Files& files, const Destination& dest) : files_(files), dest_(dest) {}
  NewObjects(const NewObjects&) = delete;
  NewObjects& operator=(const NewObjects&) = delete;
  ~NewObjects() {
    if (!published_) {
      storage::RemoveUnpublished(files_, dest_.path, dest_.key, dest_.id, objects_);
    }
  }
  void Add(const std::string& object) { objects_.push_back(object); }
  void Published() { published_ = true; }

 private:
  base::Files& files_;
  const Destination& dest_;
  std::vector<std::string> objects_;
  bool published_ = false;
};

// A file as it is sealed from front to back, however long that takes.
class Watched : public base::ReadableFile {
 public:
  Watched(base::ReadableFile& file, const Progress& progress, uint64_t before, uint64_t total)
      : file_(file), progress_(progress), before_(before), total_(total) {}
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
    progress_(before_ + offset, total_);
    return file_.ReadAt(offset, out);
  }
  uint64_t size() const override { return file_.size(); }

 private:
  base::ReadableFile& file_;
  const Progress& progress_;
  const uint64_t before_;
  const uint64_t total_;
};

base::StatusOr<storage::OpenedIndex> PutTree(Owner& owner, base::Files& files,
                                             const std::string& source, const Destination& dest,
                                             const PutOptions& options, const Progress& progress,
                                             PutResult* result) {
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
                                  ": a name in a sealed tree is text of at most 255 bytes without "
                                  "control characters, backslashes and a leading dot; rename it"));
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
  NewObjects objects(files, dest);
  for (const PlainFile& file : found) {
    SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
    const std::string name = base::Cat(source, "/", file.relative);
    base::StatusOr<std::unique_ptr<base::ReadableFile>> plain =
        files.Open(source, file.relative, file.size);
    if (!plain.ok()) return base::WithContext(plain.status(), name);
    Watched watched(**plain, progress, result->bytes, total);
    base::StatusOr<storage::FileEntry> entry = storage::Tree::WriteFile(
        files, owner.random, dest.path, dest.key, dest.id, file.relative, watched);
    if (base::Is(entry.status(), base::kInput)) return base::WithContext(entry.status(), name);
    SOTERIA_RETURN_IF_ERROR(entry);
    objects.Add(entry->object);
    entry->origin.made = storage::Origin::Made::kPut;
    index.files.push_back(*std::move(entry));
    result->bytes += file.size;
    progress(result->bytes, total);
  }
  SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
  SOTERIA_RETURN_IF_ERROR(GiveUp(files, dest));
  SOTERIA_ASSIGN_OR_RETURN(storage::OpenedIndex published,
                           storage::PublishIndex(files, owner.random, dest.path, dest.key,
                                                 std::move(index), dest.replaced_or_null()));
  objects.Published();
  return published;
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
  ledger::Versions& versions = records->versions();
  SOTERIA_ASSIGN_OR_RETURN(KnownRoots known, KnownRoots::Load(owner, versions));
  SOTERIA_ASSIGN_OR_RETURN(Destination to, FindDestination(owner, user_key, dest, options, known));
  PutResult result;
  const ledger::RootPath at{dest, to.id};
  const std::string* recorded = versions.IdAt(dest);
  if (recorded != nullptr && *recorded != to.id && versions.Find(*recorded) != nullptr &&
      !to.give_up) {
    result.gone_hex = base::Hex(*recorded);
  }
  // First, so that a put that is cut off behind its index needs nobody's word to go on from. Not
  // while another root's index is there still.
  if (!to.give_up && (recorded == nullptr || *recorded != to.id)) {
    SOTERIA_RETURN_IF_ERROR(versions.Store({}, std::nullopt, {&at, 1}));
  }
  StoppableFiles files(owner.files);
  MadeFolders made(dest);
  base::StatusOr<storage::OpenedIndex> published =
      options.tree ? PutTree(owner, files, real, to, options, progress, &result)
                   : PutTable(owner, files, real, to, options, progress, &result);
  SOTERIA_RETURN_IF_ERROR(published);
  made.Keep();
  const ledger::VersionRecord* before = versions.Find(to.id);
  ledger::VersionRecord record{to.id, published->index.version, published->digest,
                               before == nullptr ? 0 : before->spent};
  SOTERIA_RETURN_IF_ERROR(versions.Store({&record, 1}, std::nullopt, {&at, 1}));
  if (to.given_up.has_value()) {
    for (const storage::FileEntry& file : to.given_up->opened.index.files) {
      owner.files.Remove(dest, file.object).IgnoreError();
    }
  }
  result.id_hex = base::Hex(to.id);
  known.remote().NoteKinds(result.id_hex, published->index.tee_kinds);
  SOTERIA_RETURN_IF_ERROR(known.remote().Save(owner));
  result.version = published->index.version;
  result.files = published->index.files.size();
  result.took_ms = owner.clock.MonotonicMs() - began_ms;
  return result;
}

}  // namespace soteria::client
