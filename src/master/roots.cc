#include "src/master/roots.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "src/attest/evidence.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/path.h"

namespace soteria::master {
namespace {

std::vector<std::string> KindNames(const std::vector<attest::TeeKind>& kinds) {
  std::vector<std::string> names;
  names.reserve(kinds.size());
  for (const auto kind : kinds) names.emplace_back(attest::TeeKindName(kind));
  return names;
}

}  // namespace

Roots::Roots(const Provisioned& provisioned, base::Files& files, base::Random& random,
             ledger::LedgerWriter& ledger, const EnclaveClock& clock)
    : provisioned_(provisioned),
      files_(files),
      random_(random),
      ledger_(ledger),
      clock_(clock),
      versions_(provisioned.versions) {}

base::StatusOr<const crypto::Secret*> Roots::KeyOf(std::string_view id) const {
  const auto found = provisioned_.keys.find(id);
  if (found == provisioned_.keys.end()) return base::Fail(base::kKey, "no key for this root");
  return &found->second;
}

base::Status Roots::Accept(const Root& root, ledger::Access::Mode mode) {
  const storage::Index& index = root.opened.index;
  ledger::VersionRecord record;
  record.id = root.id;
  record.version = index.version;
  record.index = root.opened.digest;
  if (const auto known = versions_.find(root.id); known != versions_.end()) {
    record.spent = known->second.spent;
  }
  ledger::Access access;
  access.mode = mode;
  access.path = root.path;
  access.id = root.id;
  access.version = index.version;
  access.index = root.opened.digest;
  SOTERIA_RETURN_IF_ERROR(ledger_.Append(access, clock_.NowMs(), {record}));
  versions_[root.id] = std::move(record);
  return base::OkStatus();
}

std::vector<ledger::VersionRecord> Roots::Records(const std::vector<std::string>& ids) {
  std::vector<ledger::VersionRecord> records;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::string& id : ids) {
    const auto found = versions_.find(id);
    if (found != versions_.end()) records.push_back(found->second);
  }
  return records;
}

base::StatusOr<storage::OpenedIndex> Roots::MakeMissing(const policy::Readable& missing,
                                                        const crypto::Secret& key,
                                                        const std::string& id) {
  const auto known = versions_.find(id);
  const uint64_t seen =
      std::max(missing.min_version, known == versions_.end() ? 0 : known->second.version);
  if (missing.writable == nullptr) {
    return base::Fail(base::kPathNotFound,
                      base::Cat("Path does not exist: ", missing.root,
                                ": the cluster's storage has no data set or tree there; what "
                                "soteria put made has to be copied there with its _ files"));
  }
  if (known != versions_.end() || missing.min_version > 1) {  // I9
    return base::Fail(base::kRolledBack, base::Cat("the storage has lost ", missing.root,
                                                   ": it was at version ", seen, " before"));
  }
  SOTERIA_ASSIGN_OR_RETURN(const storage::Tree tree,
                           storage::Tree::CreateEmpty(files_, random_, missing.root, key, id,
                                                      KindNames(missing.writable->tee)));
  return tree.index();
}

base::StatusOr<std::shared_ptr<const Root>> Roots::Open(const policy::Readable& readable) {
  SOTERIA_ASSIGN_OR_RETURN(std::string id, RootId(readable.id));
  SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret* key, KeyOf(id));
  // From here: an index read before another thread's publication would look rolled back after it.
  const std::lock_guard lock(mutex_);
  auto found = storage::OpenIndex(files_, readable.root, *key, id);
  // Local ones are made by the owner's program.
  const bool make =
      base::Is(found.status(), base::kPathNotFound) && !policy::IsLocal(readable.root);
  if (make) found = MakeMissing(readable, *key, id);
  SOTERIA_RETURN_IF_ERROR(found);
  storage::OpenedIndex opened = *std::move(found);
  std::optional<storage::KnownVersion> known;
  if (const auto record = versions_.find(id); record != versions_.end()) {
    known = storage::KnownVersion{record->second.version, record->second.index};
  }
  SOTERIA_RETURN_IF_ERROR(storage::CheckFresh(opened, known ? &*known : nullptr,
                                              readable.min_version, files_, readable.root, *key));
  SOTERIA_RETURN_IF_ERROR(
      storage::CheckTeeKinds(opened.index, KindNames(provisioned_.manifest.tee.kinds)));
  if (const auto cached = opened_.find(id);
      cached != opened_.end() && cached->second->opened.digest == opened.digest) {
    return cached->second;
  }
  auto root = std::make_shared<Root>(Root{readable.root, id, std::move(opened)});
  SOTERIA_RETURN_IF_ERROR(
      Accept(*root, make ? ledger::Access::Mode::kWrite : ledger::Access::Mode::kRead));
  opened_[id] = root;
  return std::shared_ptr<const Root>(root);
}

base::StatusOr<storage::Tree> Roots::OpenTree(const policy::Readable& readable) {
  SOTERIA_ASSIGN_OR_RETURN(auto root, Open(readable));
  if (root->opened.index.kind != storage::RootKind::kTree) {
    return base::Fail(base::kAnalysis,
                      base::Cat("'", readable.root, "' is a data set, not a tree of files"));
  }
  SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret* key, KeyOf(root->id));
  return storage::Tree::Of(files_, root->path, *key, root->opened);
}

base::Status Roots::Publish(const policy::Readable& target, std::vector<storage::FileEntry> added,
                            const std::vector<std::string>& removed) {
  for (const storage::FileEntry& file : added) {
    if (file.origin.made == storage::Origin::Made::kJob) continue;
    return base::Fail(base::kInternal, "a file of a job without its origin");
  }
  // The owner refuses a version below one that it has stored, so they are reported in order.
  const std::lock_guard publishing(publishing_);
  SOTERIA_ASSIGN_OR_RETURN(std::string id, RootId(target.id));
  base::StatusOr<storage::Tree> tree = OpenTree(target);
  base::StatusOr<storage::OpenedIndex> published =
      tree.ok() ? tree->Publish(random_, added, removed)
                : base::StatusOr<storage::OpenedIndex>(tree.status());
  if (!published.ok()) {
    Discard(target.root, id, added);
    return published.status();
  }
  storage::OpenedIndex opened = *std::move(published);
  const std::lock_guard lock(mutex_);
  auto root = std::make_shared<Root>(Root{target.root, id, std::move(opened)});
  SOTERIA_RETURN_IF_ERROR(Accept(*root, ledger::Access::Mode::kWrite));
  opened_[id] = std::move(root);
  return base::OkStatus();
}

void Roots::Discard(const std::string& root, const std::string& id,
                    const std::vector<storage::FileEntry>& files) {
  const base::StatusOr<const crypto::Secret*> key = KeyOf(id);
  if (!key.ok()) return;
  std::vector<std::string> objects;
  objects.reserve(files.size());
  for (const storage::FileEntry& file : files) objects.push_back(file.object);
  storage::RemoveUnpublished(files_, root, **key, id, objects);
}

base::StatusOr<storage::FileEntry> Roots::Seal(const policy::Readable& root,
                                               const std::string& relative, std::string_view bytes,
                                               uint64_t rows) {
  SOTERIA_ASSIGN_OR_RETURN(std::string id, RootId(root.id));
  SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret* key, KeyOf(id));
  return storage::Tree::WriteFile(files_, random_, root.root, *key, id, relative, bytes, rows);
}

}  // namespace soteria::master
