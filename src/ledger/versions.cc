#include "src/ledger/versions.h"

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::ledger {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr std::string_view kTag = "soteria/2 versions";
constexpr std::string_view kFirstTag = "soteria/1 versions";  // without tail and paths
constexpr size_t kIdBytes = 16;
constexpr size_t kMacBytes = 32;
constexpr int kFileMode = 0600;

Status Refuse(std::string_view why) {
  return base::Fail(base::kIntegrity, Cat("version record: ", why));
}

StatusOr<base::Digest> NextDigest(base::FieldReader* in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in->Next());
  return base::ToDigest(bytes);
}

StatusOr<std::string> NextId(base::FieldReader* in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view id, in->Next());
  if (id.size() != kIdBytes) return Refuse("id");
  return std::string(id);
}

StatusOr<VersionRecord> NextRecord(base::FieldReader* in) {
  VersionRecord record;
  SOTERIA_ASSIGN_OR_RETURN(record.id, NextId(in));
  SOTERIA_ASSIGN_OR_RETURN(record.version, in->NextU64());
  SOTERIA_ASSIGN_OR_RETURN(record.index, NextDigest(in));
  SOTERIA_ASSIGN_OR_RETURN(record.spent, in->NextU64());
  return record;
}

StatusOr<LedgerTail> NextTail(base::FieldReader* in) {
  LedgerTail tail;
  SOTERIA_ASSIGN_OR_RETURN(tail.size, in->NextU64());
  SOTERIA_ASSIGN_OR_RETURN(tail.last_bytes, in->NextU64());
  SOTERIA_ASSIGN_OR_RETURN(tail.open, in->NextBool());
  SOTERIA_ASSIGN_OR_RETURN(tail.session, NextDigest(in));
  SOTERIA_ASSIGN_OR_RETURN(tail.sequence, in->NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view identity, in->Next());
  if (identity.size() > kIdentityBytesMax) return Refuse("the ledger's identity key is too long");
  tail.identity = std::string(identity);
  return tail;
}

void AddTail(const std::optional<LedgerTail>& tail, base::FieldWriter* out) {
  out->AddBool(tail.has_value());
  if (!tail.has_value()) return;
  out->AddU64(tail->size).AddU64(tail->last_bytes).AddBool(tail->open);
  out->Add(base::View(tail->session)).AddU64(tail->sequence).Add(tail->identity);
}

}  // namespace

Versions::Versions(base::Files& files, std::string folder, std::string name, crypto::Secret mac_key,
                   std::unique_ptr<base::FileLock> lock)
    : files_(&files),
      folder_(std::move(folder)),
      name_(std::move(name)),
      mac_key_(std::move(mac_key)),
      lock_(std::move(lock)) {}

Versions::~Versions() = default;

StatusOr<std::unique_ptr<Versions>> Versions::Open(base::Files& files, std::string folder,
                                                   std::string name,
                                                   const crypto::Secret& user_key) {
  SOTERIA_RETURN_IF_ERROR(files.MakeDirs(folder));
  SOTERIA_ASSIGN_OR_RETURN(auto lock, files.Lock(folder, Cat(name, ".lock")));
  std::unique_ptr<Versions> versions(new Versions(files, std::move(folder), std::move(name),
                                                  crypto::Hkdf(user_key, "versions", "", kMacBytes),
                                                  std::move(lock)));
  SOTERIA_RETURN_IF_ERROR(versions->Load());
  return versions;
}

StatusOr<std::unique_ptr<Versions>> Versions::OpenReadOnly(base::Files& files, std::string folder,
                                                           std::string name,
                                                           const crypto::Secret& user_key) {
  std::unique_ptr<Versions> versions(new Versions(files, std::move(folder), std::move(name),
                                                  crypto::Hkdf(user_key, "versions", "", kMacBytes),
                                                  nullptr));
  SOTERIA_RETURN_IF_ERROR(versions->Load());
  return versions;
}

Status Versions::Load() {
  const StatusOr<std::string> bytes = files_->ReadAll(folder_, name_, kVersionsBytesMax);
  if (!bytes.ok()) {
    if (base::Is(bytes.status(), base::kPathNotFound)) return base::OkStatus();
    return base::WithContext(bytes.status(), "version record");
  }
  SOTERIA_ASSIGN_OR_RETURN(state_, Decode(*bytes, mac_key_));
  is_new_ = false;
  return base::OkStatus();
}

const VersionRecord* Versions::Find(std::string_view id) const {
  const auto found = state_.records.find(id);
  return found == state_.records.end() ? nullptr : &found->second;
}

std::vector<VersionRecord> Versions::All() const {
  std::vector<VersionRecord> all;
  all.reserve(state_.records.size());
  for (const auto& [id, record] : state_.records) all.push_back(record);
  return all;
}

const std::string* Versions::IdAt(std::string_view path) const {
  const auto found = state_.paths.find(path);
  return found == state_.paths.end() ? nullptr : &found->second;
}

std::vector<std::string> Versions::PathsOf(std::string_view id) const {
  std::vector<std::string> paths;
  for (const auto& [path, root] : state_.paths) {
    if (root == id) paths.push_back(path);
  }
  return paths;
}

std::string Versions::Encode(const State& state, const crypto::Secret& mac_key) {
  base::FieldWriter out;
  out.Add(kTag).Add(base::View(state.anchor.origin)).Add(base::View(state.anchor.head));
  AddTail(state.anchor.tail, &out);
  out.AddU64(state.records.size());
  for (const auto& [id, record] : state.records) {
    out.Add(record.id).AddU64(record.version).Add(base::View(record.index)).AddU64(record.spent);
  }
  out.AddU64(state.paths.size());
  for (const auto& [path, id] : state.paths) out.Add(path).Add(id);
  const base::Digest mac = crypto::HmacSha256(mac_key, out.bytes());
  std::string bytes = out.Take();
  bytes += base::View(mac);
  return bytes;
}

StatusOr<Versions::State> Versions::Decode(std::string_view bytes, const crypto::Secret& mac_key) {
  if (bytes.size() > kVersionsBytesMax) return Refuse("too long");
  if (bytes.size() < kMacBytes) return Refuse("too short");
  const std::string_view body = bytes.substr(0, bytes.size() - kMacBytes);
  const base::Digest mac = crypto::HmacSha256(mac_key, body);
  if (!crypto::ConstantTimeEqual(base::View(mac), bytes.substr(body.size()))) {
    return Refuse("altered, or made under another user key");
  }
  State state;
  base::FieldReader in(body);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view tag, in.Next());
  if (tag != kTag && tag != kFirstTag) return Refuse("tag");
  SOTERIA_ASSIGN_OR_RETURN(state.anchor.origin, NextDigest(&in));
  SOTERIA_ASSIGN_OR_RETURN(state.anchor.head, NextDigest(&in));
  if (tag == kTag) {
    SOTERIA_ASSIGN_OR_RETURN(const bool tail_known, in.NextBool());
    if (tail_known) {
      SOTERIA_ASSIGN_OR_RETURN(state.anchor.tail, NextTail(&in));
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kVersionRecordsMax) return Refuse("too many records");
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(VersionRecord record, NextRecord(&in));
    std::string id = record.id;
    if (!state.records.emplace(std::move(id), std::move(record)).second) {
      return Refuse("an id twice");
    }
  }
  if (tag == kFirstTag) {
    SOTERIA_RETURN_IF_ERROR(in.Finish());
    return state;
  }
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t paths, in.NextU64());
  if (paths > kRootPathsMax) return Refuse("too many paths");
  for (uint64_t i = 0; i < paths; ++i) {
    RootPath root;
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view path, in.Next());
    root.path = std::string(path);
    SOTERIA_ASSIGN_OR_RETURN(root.id, NextId(&in));
    SOTERIA_RETURN_IF_ERROR(CheckPath(root));
    if (!state.paths.emplace(std::move(root.path), std::move(root.id)).second) {
      return Refuse("a path twice");
    }
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return state;
}

Status Versions::CheckPath(const RootPath& root) {
  if (root.id.size() != kIdBytes || root.path.empty() || root.path.size() > kRootPathBytesMax) {
    return Refuse("a path without root");
  }
  return base::OkStatus();
}

Status Versions::Merge(const VersionRecord& record, Records* records, bool lower_is_error) {
  if (record.id.size() != kIdBytes || record.version == 0)
    return Refuse("a record without version");
  const auto [place, is_new] = records->try_emplace(record.id, record);
  if (is_new) {
    if (records->size() > kVersionRecordsMax) return Refuse("too many records");
    return base::OkStatus();
  }
  VersionRecord& known = place->second;
  if (record.version == known.version && record.index != known.index) {
    return base::Fail(base::kRolledBack, Cat(base::Hex(record.id), ": version ", record.version,
                                             " was seen before with another content"));
  }
  if (lower_is_error && (record.version < known.version || record.spent < known.spent)) {
    return base::Fail(base::kRolledBack,
                      Cat(base::Hex(record.id), ": version ", record.version,
                          " or its budget is below ", "the recorded one, version ", known.version));
  }
  const uint64_t spent = std::max(known.spent, record.spent);
  if (record.version > known.version) known = record;
  known.spent = spent;
  return base::OkStatus();
}

Status Versions::Save(State next) {
  if (lock_ == nullptr) {
    return base::Fail(base::kConflict, "version record: it was opened for reading only");
  }
  if (next.paths.size() > kRootPathsMax) return Refuse("too many paths");
  const std::string bytes = Encode(next, mac_key_);
  if (bytes.size() > kVersionsBytesMax) return Refuse("too many records and paths");
  SOTERIA_RETURN_IF_ERROR(files_->WriteAtomically(folder_, name_, bytes, kFileMode));
  state_ = std::move(next);
  is_new_ = false;
  return base::OkStatus();
}

Status Versions::Store(std::span<const VersionRecord> records,
                       const std::optional<LedgerEnd>& ledger_end,
                       std::span<const RootPath> paths) {
  State next = state_;
  for (const VersionRecord& record : records) {
    SOTERIA_RETURN_IF_ERROR(Merge(record, &next.records, /*lower_is_error=*/true));
  }
  for (const RootPath& root : paths) {
    SOTERIA_RETURN_IF_ERROR(CheckPath(root));
    next.paths.insert_or_assign(root.path, root.id);
  }
  if (ledger_end.has_value()) {
    next.anchor.head = ledger_end->head;
    next.anchor.tail = ledger_end->tail;
  }
  return Save(std::move(next));
}

std::string Versions::Export() const { return Encode(state_, mac_key_); }

Status Versions::Import(std::string_view exported, bool ledger_copied,
                        std::vector<RootPath>* kept) {
  SOTERIA_ASSIGN_OR_RETURN(State incoming, Decode(exported, mac_key_));
  State next = state_;
  for (const auto& [id, record] : incoming.records) {
    SOTERIA_RETURN_IF_ERROR(Merge(record, &next.records, /*lower_is_error=*/false));
  }
  std::vector<RootPath> differ;
  for (const auto& [path, id] : incoming.paths) {
    const auto [place, is_new] = next.paths.try_emplace(path, id);
    if (!is_new && place->second != id) differ.push_back({path, id});
  }
  if (next.anchor == LedgerAnchor{}) {
    next.anchor = incoming.anchor;
    next.anchor.tail.reset();  // a file that came from elsewhere is verified whole, once
    if (!ledger_copied) next.anchor.origin = next.anchor.head;
  }
  SOTERIA_RETURN_IF_ERROR(Save(std::move(next)));
  if (kept != nullptr) *kept = std::move(differ);
  return base::OkStatus();
}

}  // namespace soteria::ledger
