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

constexpr std::string_view kTag = "soteria/1 versions";
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

StatusOr<VersionRecord> NextRecord(base::FieldReader* in) {
  VersionRecord record;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view id, in->Next());
  if (id.size() != kIdBytes) return Refuse("id");
  record.id = std::string(id);
  SOTERIA_ASSIGN_OR_RETURN(record.version, in->NextU64());
  SOTERIA_ASSIGN_OR_RETURN(record.index, NextDigest(in));
  SOTERIA_ASSIGN_OR_RETURN(record.spent, in->NextU64());
  return record;
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
  SOTERIA_RETURN_IF_ERROR(Decode(*bytes, mac_key_, &records_, &anchor_));
  is_new_ = false;
  return base::OkStatus();
}

const VersionRecord* Versions::Find(std::string_view id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : &found->second;
}

std::vector<VersionRecord> Versions::All() const {
  std::vector<VersionRecord> all;
  all.reserve(records_.size());
  for (const auto& [id, record] : records_) all.push_back(record);
  return all;
}

std::string Versions::Encode(const Records& records, const LedgerAnchor& anchor,
                             const crypto::Secret& mac_key) {
  base::FieldWriter out;
  out.Add(kTag).Add(base::View(anchor.origin)).Add(base::View(anchor.head));
  out.AddU64(records.size());
  for (const auto& [id, record] : records) {
    out.Add(record.id).AddU64(record.version).Add(base::View(record.index)).AddU64(record.spent);
  }
  const base::Digest mac = crypto::HmacSha256(mac_key, out.bytes());
  std::string bytes = out.Take();
  bytes += base::View(mac);
  return bytes;
}

Status Versions::Decode(std::string_view bytes, const crypto::Secret& mac_key, Records* records,
                        LedgerAnchor* anchor) {
  if (bytes.size() > kVersionsBytesMax) return Refuse("too long");
  if (bytes.size() < kMacBytes) return Refuse("too short");
  const std::string_view body = bytes.substr(0, bytes.size() - kMacBytes);
  const base::Digest mac = crypto::HmacSha256(mac_key, body);
  if (!crypto::ConstantTimeEqual(base::View(mac), bytes.substr(body.size()))) {
    return Refuse("altered, or made under another user key");
  }
  base::FieldReader in(body);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view tag, in.Next());
  if (tag != kTag) return Refuse("tag");
  SOTERIA_ASSIGN_OR_RETURN(anchor->origin, NextDigest(&in));
  SOTERIA_ASSIGN_OR_RETURN(anchor->head, NextDigest(&in));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kVersionRecordsMax) return Refuse("too many records");
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(VersionRecord record, NextRecord(&in));
    std::string id = record.id;
    if (!records->emplace(std::move(id), std::move(record)).second) return Refuse("an id twice");
  }
  return in.Finish();
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

Status Versions::Save(Records records, const LedgerAnchor& anchor) {
  if (lock_ == nullptr) {
    return base::Fail(base::kConflict, "version record: it was opened for reading only");
  }
  SOTERIA_RETURN_IF_ERROR(
      files_->WriteAtomically(folder_, name_, Encode(records, anchor, mac_key_), kFileMode));
  records_ = std::move(records);
  anchor_ = anchor;
  is_new_ = false;
  return base::OkStatus();
}

Status Versions::Store(std::span<const VersionRecord> records,
                       const std::optional<base::Digest>& ledger_head) {
  Records next = records_;
  for (const VersionRecord& record : records) {
    SOTERIA_RETURN_IF_ERROR(Merge(record, &next, /*lower_is_error=*/true));
  }
  LedgerAnchor anchor = anchor_;
  if (ledger_head.has_value()) anchor.head = *ledger_head;
  return Save(std::move(next), anchor);
}

std::string Versions::Export() const { return Encode(records_, anchor_, mac_key_); }

Status Versions::Import(std::string_view exported, bool ledger_copied) {
  Records incoming;
  LedgerAnchor incoming_anchor;
  SOTERIA_RETURN_IF_ERROR(Decode(exported, mac_key_, &incoming, &incoming_anchor));
  Records next = records_;
  for (const auto& [id, record] : incoming) {
    SOTERIA_RETURN_IF_ERROR(Merge(record, &next, /*lower_is_error=*/false));
  }
  LedgerAnchor anchor = anchor_;
  if (anchor == LedgerAnchor{}) {
    anchor = incoming_anchor;
    if (!ledger_copied) anchor.origin = anchor.head;
  }
  return Save(std::move(next), anchor);
}

}  // namespace soteria::ledger
