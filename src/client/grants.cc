#include "src/client/grants.h"

#include <set>

#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/plain_folder.h"
#include "src/client/root.h"
#include "src/policy/path.h"
#include "src/storage/format.h"
#include "src/storage/tree.h"

namespace soteria::client {
namespace {

std::vector<std::string> Names(const std::vector<attest::TeeKind>& kinds) {
  std::vector<std::string> names;
  names.reserve(kinds.size());
  for (attest::TeeKind kind : kinds) names.emplace_back(attest::TeeKindName(kind));
  return names;
}

class Preparation {
 public:
  Preparation(Owner& owner, const crypto::Secret& user_key, const policy::Manifest& manifest,
              Records& records, KnownRoots known)
      : owner_(owner),
        known_(std::move(known)),
        user_key_(user_key),
        kinds_(Names(manifest.tee.kinds)),
        manifest_(manifest),
        records_(records) {}

  base::StatusOr<Grants> Prepare() {
    for (const policy::DataSetRule& rule : manifest_.read) {
      SOTERIA_RETURN_IF_ERROR(Named(AddReadable(rule), rule.path));
    }
    for (const policy::WritableRule& rule : manifest_.write) {
      SOTERIA_RETURN_IF_ERROR(Named(AddWritable(rule), rule.path));
    }
    SOTERIA_RETURN_IF_ERROR(records_.versions().Store(grants_.versions, std::nullopt, paths_));
    return std::move(grants_);
  }

 private:
  static base::Status Named(const base::Status& status, const std::string& path) {
    return base::WithContext(status, path);
  }

  // The Manifest is the owner's word on which root a path is, but an older one than the records.
  base::Status CheckPath(const std::string& path, const std::string& id) {
    paths_.push_back({path, id});
    base::Status same = known_.Check(path, id);
    if (same.ok()) return same;
    return base::Fail(
        base::kManifest,
        base::Cat("the Manifest lists the root ", known_.Described(id),
                  " here, and the owner's records have ", base::Hex(known_.IdsAt(path).front()),
                  ": it was started afresh or replaced since the Manifest was made. Make a new one "
                  "with soteria manifest new"));
  }

  base::Status AddReadable(const policy::DataSetRule& rule) {
    SOTERIA_ASSIGN_OR_RETURN(std::string id, base::FromHex(rule.id));
    SOTERIA_RETURN_IF_ERROR(CheckPath(rule.path, id));
    if (!policy::IsLocal(rule.path)) return AddRemote(rule.path, rule.id);
    crypto::Secret key = storage::DatasetKey(user_key_, id);
    auto opened = storage::OpenIndex(owner_.files, rule.path, key, id);
    if (!opened.ok() && base::Is(opened.status(), base::kPathNotFound)) {
      return base::Fail(base::kPathNotFound,
                        "Path does not exist, or no data set was published there; make it with "
                        "soteria put, and a new Manifest");
    }
    if (!opened.ok()) return NotOurs(opened.status());
    return Add(rule.path, std::move(id), std::move(key), *opened, rule.min_version);
  }

  base::Status AddWritable(const policy::WritableRule& rule) {
    SOTERIA_ASSIGN_OR_RETURN(std::string id, base::FromHex(rule.id));
    if (!policy::IsLocal(rule.path)) {
      SOTERIA_RETURN_IF_ERROR(CheckPath(rule.path, id));
      return AddRemote(rule.path, rule.id);
    }
    if (KindOf(rule.path) == PathKind::kFile) return CheckFreeForRoot(rule.path);
    crypto::Secret key = storage::DatasetKey(user_key_, id);
    auto opened = storage::OpenIndex(owner_.files, rule.path, key, id);
    if (!opened.ok() && base::Is(opened.status(), base::kPathNotFound)) {
      return Create(rule, std::move(id), std::move(key));
    }
    SOTERIA_RETURN_IF_ERROR(CheckPath(rule.path, id));
    if (!opened.ok()) return NotOurs(opened.status());
    if (opened->index.kind != storage::RootKind::kTree) {
      return base::Fail(base::kManifest,
                        "the Manifest lists it under [[write]], but it holds a data set made by "
                        "soteria put; write to another place");
    }
    return Add(rule.path, std::move(id), std::move(key), *opened, rule.min_version);
  }

  // Nothing is there: a new root, whichever one was there before; its id was never in use.
  base::Status Create(const policy::WritableRule& rule, std::string id, crypto::Secret key) {
    if (const ledger::VersionRecord* seen = records_.versions().Find(id); seen != nullptr) {
      return base::Fail(
          base::kRolledBack,
          base::Cat("the storage has lost this root: the owner has seen version ", seen->version,
                    " of it. If you deleted it, start it afresh with a new Manifest (soteria "
                    "manifest new --write ",
                    rule.path, " draws a new id); else put its folder back"));
    }
    SOTERIA_RETURN_IF_ERROR(CheckFreeForRoot(rule.path));
    SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree,
                             storage::Tree::CreateEmpty(owner_.files, owner_.random, rule.path, key,
                                                        id, Names(rule.tee)));
    grants_.created.push_back(rule.path);
    paths_.push_back({rule.path, id});
    return Add(rule.path, std::move(id), std::move(key), tree.index(), rule.min_version);
  }

  // The master looks at it, with the owner's record of it: whether it is there, whole and fresh.
  base::Status AddRemote(const std::string& path, const std::string& id_hex) {
    SOTERIA_RETURN_IF_ERROR(CheckRemoteKinds(known_.remote(), path, id_hex, kinds_));
    SOTERIA_ASSIGN_OR_RETURN(std::string id, base::FromHex(id_hex));
    if (!ids_.insert(id).second) return base::OkStatus();
    const ledger::VersionRecord* record = records_.versions().Find(id);
    if (record != nullptr) grants_.versions.push_back(*record);
    if (record == nullptr && !known_.remote().Find(path)->drawn) grants_.unrecorded.push_back(path);
    crypto::Secret key = storage::DatasetKey(user_key_, id);
    grants_.keys.push_back(Grant{std::move(id), std::move(key)});
    return base::OkStatus();
  }

  static base::Status NotOurs(const base::Status& status) {
    return base::WithContext(status,
                             "it can't be opened with this user key and the Manifest's id (another "
                             "key, another data set, or altered)");
  }

  base::Status Add(const std::string& path, std::string id, crypto::Secret key,
                   const storage::OpenedIndex& opened, uint64_t min_version) {
    base::Status allowed = storage::CheckTeeKinds(opened.index, kinds_);  // I2
    if (!allowed.ok()) {
      return base::WithContext(allowed,
                               "its key is not sent (put it again with --allow-simulated or "
                               "--tee-kinds to change that)");
    }
    const ledger::VersionRecord* record = records_.versions().Find(id);
    SOTERIA_RETURN_IF_ERROR(CheckRootFresh(owner_.files, path, opened, record, min_version, key));
    if (!ids_.insert(id).second) return base::OkStatus();
    bool is_created = !grants_.created.empty() && grants_.created.back() == path;
    if (record == nullptr && !is_created) grants_.unrecorded.push_back(path);
    grants_.versions.push_back(ledger::VersionRecord{id, opened.index.version, opened.digest,
                                                     record == nullptr ? 0 : record->spent});
    grants_.keys.push_back(Grant{std::move(id), std::move(key)});
    return base::OkStatus();
  }

  Owner& owner_;
  const KnownRoots known_;
  const crypto::Secret& user_key_;
  const std::vector<std::string> kinds_;
  const policy::Manifest& manifest_;
  Records& records_;
  std::set<std::string> ids_;
  std::vector<ledger::RootPath> paths_;
  Grants grants_;
};

}  // namespace

base::StatusOr<Grants> PrepareGrants(Owner& owner, const crypto::Secret& user_key,
                                     const policy::Manifest& manifest, Records& records) {
  SOTERIA_ASSIGN_OR_RETURN(KnownRoots known, KnownRoots::Load(owner, records.versions()));
  return Preparation(owner, user_key, manifest, records, std::move(known)).Prepare();
}

}  // namespace soteria::client
