// The index as a file of its root: sealing, opening, publishing, freshness.
//
//   magic "SOTIDX1\n" | kind u8 | id 16 | version u64 LE | nonce 12 | ciphertext | tag 16
#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/aead.h"
#include "src/crypto/hash.h"
#include "src/storage/format.h"

namespace soteria::storage {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr std::string_view kMagic = "SOTIDX1\n";
constexpr size_t kHeaderBytes = 8 + 1 + kIdBytes + 8;
constexpr size_t kOverheadBytes = kHeaderBytes + crypto::kAeadNonceBytes + crypto::kAeadTagBytes;
constexpr size_t kSealedBytesMax = kIndexBytesMax + kOverheadBytes;
constexpr size_t kDatasetKeyBytes = 16;
constexpr int kIndexMode = 0644;  // sealed bytes, and the host that reads them is another user

Status Refuse(std::string text) { return base::Fail(base::kIntegrity, std::move(text)); }

std::string VersionName(uint64_t version) { return Cat(kIndexName, ".", version); }

// I9: the header's claims are authenticated with the content.
std::string IndexAad(const IndexHeader& header) {
  base::FieldWriter aad;
  aad.Add("soteria/1 sealed index").AddU64(static_cast<uint64_t>(header.kind)).Add(header.id);
  return aad.AddU64(header.version).Take();
}

StatusOr<IndexHeader> ParseHeader(std::string_view sealed) {
  if (sealed.size() < kOverheadBytes) return Refuse("the index is too short");
  if (!sealed.starts_with(kMagic)) return Refuse("this is no index");
  const uint8_t kind = static_cast<uint8_t>(sealed[8]);
  if (kind != static_cast<uint8_t>(RootKind::kDataSet) &&
      kind != static_cast<uint8_t>(RootKind::kTree)) {
    return Refuse("the index is of no known kind");
  }
  return IndexHeader{.kind = static_cast<RootKind>(kind),
                     .id = std::string(sealed.substr(9, kIdBytes)),
                     .version = base::GetLe64(sealed.data() + 9 + kIdBytes)};
}

StatusOr<std::string> SealIndex(const Index& index, const crypto::Secret& key,
                                base::Random& random) {
  SOTERIA_RETURN_IF_ERROR(ValidateIndex(index));
  const IndexHeader header{.kind = index.kind, .id = index.id, .version = index.version};
  std::string out(kMagic);
  out.push_back(static_cast<char>(index.kind));
  out += index.id;
  std::array<char, 8> version;
  base::PutLe64(index.version, version.data());
  out.append(version.data(), version.size());
  std::array<uint8_t, crypto::kAeadNonceBytes> nonce;
  SOTERIA_RETURN_IF_ERROR(random.Fill(nonce));
  const std::string_view nonce_view(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  out += nonce_view;
  SOTERIA_ASSIGN_OR_RETURN(const std::string sealed,
                           crypto::AeadSeal(key, nonce_view, IndexAad(header), EncodeIndex(index)));
  return out + sealed;
}

StatusOr<OpenedIndex> OpenSealed(std::string_view sealed, const crypto::Secret& key,
                                 std::string_view expected_id) {
  SOTERIA_ASSIGN_OR_RETURN(const IndexHeader header, ParseHeader(sealed));
  if (header.id != expected_id) return Refuse("the index is another root's");
  const std::string_view nonce = sealed.substr(kHeaderBytes, crypto::kAeadNonceBytes);
  StatusOr<std::string> plain = crypto::AeadOpen(
      key, nonce, IndexAad(header), sealed.substr(kHeaderBytes + crypto::kAeadNonceBytes));
  if (!plain.ok()) return Refuse("the index doesn't open: altered, or sealed under another key");
  OpenedIndex opened;
  SOTERIA_ASSIGN_OR_RETURN(opened.index, ParseIndex(*plain));
  if (opened.index.kind != header.kind || opened.index.id != header.id ||
      opened.index.version != header.version) {
    return Refuse("the index contradicts its header");
  }
  opened.digest = crypto::Sha256(sealed);
  return opened;
}

StatusOr<std::string> ReadIndexFile(base::Files& files, const std::string& root,
                                    const std::string& name) {
  return files.ReadAll(root, name, kSealedBytesMax);
}

Status NoSuchRoot(const std::string& root) {
  return base::Fail(base::kPathNotFound, Cat("Path does not exist: ", root));
}

// The current index's bytes, empty if there is none.
StatusOr<std::string> CurrentBytes(base::Files& files, const std::string& root) {
  StatusOr<std::string> bytes = ReadIndexFile(files, root, std::string(kIndexName));
  if (bytes.ok() || !base::Is(bytes.status(), base::kPathNotFound)) return bytes;
  return std::string();
}

// Best effort: what can't be removed is garbage that no index names.
void RemoveReplaced(base::Files& files, const std::string& root, const Index& replaced,
                    const Index& next) {
  std::unordered_set<std::string_view> kept;
  for (const FileEntry& file : next.files) kept.insert(file.object);
  for (const FileEntry& file : replaced.files) {
    if (!kept.contains(file.object)) files.Remove(root, file.object).IgnoreError();
  }
}

// The index's bytes, and a copy of the one that they replace. A disk that is full keeps neither,
// nor the lock of a root that didn't come about.
Status PutInPlace(base::Files& files, const std::string& root, std::string_view sealed,
                  std::string_view current, const OpenedIndex* replaced) {
  const std::string kept = replaced == nullptr ? "" : VersionName(replaced->index.version);
  Status status;
  if (replaced != nullptr) status = files.WriteAtomically(root, kept, current, kIndexMode);
  if (status.ok()) {
    status = files.WriteAtomically(root, std::string(kIndexName), sealed, kIndexMode);
  }
  if (status.ok()) return status;
  const StatusOr<std::string> there = CurrentBytes(files, root);
  if (there.ok() && *there == current) {
    files.Remove(root, replaced != nullptr ? kept : std::string(kLockName)).IgnoreError();
  }
  return status;
}

}  // namespace

void RemoveUnpublished(base::Files& files, const std::string& root,
                       const crypto::Secret& dataset_key, std::string_view id,
                       std::span<const std::string> objects) {
  if (objects.empty()) return;
  const StatusOr<OpenedIndex> current = OpenIndex(files, root, dataset_key, id);
  if (!current.ok() && !base::Is(current.status(), base::kPathNotFound)) return;
  std::unordered_set<std::string_view> named;
  if (current.ok()) {
    for (const FileEntry& file : current->index.files) named.insert(file.object);
  }
  for (const std::string& object : objects) {
    if (!named.contains(object)) files.Remove(root, object).IgnoreError();
  }
}

crypto::Secret DatasetKey(const crypto::Secret& user_key, std::string_view id) {
  return crypto::Hkdf(user_key, "dataset", id, kDatasetKeyBytes);
}

StatusOr<IndexHeader> PeekIndex(base::Files& files, const std::string& root) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, CurrentBytes(files, root));
  if (bytes.empty()) return NoSuchRoot(root);
  return ParseHeader(bytes);
}

StatusOr<OpenedIndex> OpenIndex(base::Files& files, const std::string& root,
                                const crypto::Secret& dataset_key, std::string_view expected_id) {
  StatusOr<std::string> bytes = ReadIndexFile(files, root, std::string(kIndexName));
  if (!bytes.ok()) {
    if (base::Is(bytes.status(), base::kPathNotFound)) return NoSuchRoot(root);
    return base::WithContext(bytes.status(), "index");
  }
  return OpenSealed(*bytes, dataset_key, expected_id);
}

StatusOr<OpenedIndex> OpenIndexAt(base::Files& files, const std::string& root,
                                  const crypto::Secret& dataset_key, std::string_view expected_id,
                                  uint64_t version, const base::Digest& digest) {
  for (const std::string& name : {std::string(kIndexName), VersionName(version)}) {
    const StatusOr<std::string> bytes = ReadIndexFile(files, root, name);
    if (!bytes.ok() || crypto::Sha256(*bytes) != digest) continue;
    SOTERIA_ASSIGN_OR_RETURN(OpenedIndex opened, OpenSealed(*bytes, dataset_key, expected_id));
    if (opened.index.version != version) return Refuse("the index is of another version");
    return opened;
  }
  return Refuse(Cat("version ", version, " of the index is missing or altered"));
}

Status CheckFresh(const OpenedIndex& opened, const KnownVersion* known, uint64_t min_version,
                  base::Files& files, const std::string& root, const crypto::Secret& dataset_key) {
  const Index& index = opened.index;
  const auto rolled_back = [&](std::string why) {
    return base::Fail(base::kRolledBack, Cat(base::Hex(index.id), ": ", why));
  };
  if (index.version < min_version) {
    return rolled_back(Cat("version ", index.version, " is below the Manifest's ", min_version));
  }
  if (known == nullptr) return base::OkStatus();
  if (index.version < known->version) {
    return rolled_back(
        Cat("version ", index.version, " is below ", known->version, ", which was seen before"));
  }
  if (index.version == known->version) {
    if (opened.digest == known->index) return base::OkStatus();
    return rolled_back(Cat("version ", index.version, " was seen before with another content"));
  }
  if (index.version - known->version > kChainStepsMax) {
    return rolled_back("too many versions since the one seen before");
  }
  // Each index names the digest of the one before; the chain must come down to the one that is
  // known.
  base::Digest previous = index.previous;
  for (uint64_t version = index.version - 1; version > known->version; --version) {
    const StatusOr<OpenedIndex> older =
        OpenIndexAt(files, root, dataset_key, index.id, version, previous);
    if (!older.ok()) {
      return rolled_back(Cat("nothing shows that version ", index.version, " follows version ",
                             known->version, ": ", base::Message(older.status())));
    }
    previous = older->index.previous;
  }
  if (previous != known->index) {
    return rolled_back(Cat("version ", index.version, " doesn't follow the version ",
                           known->version, " that was seen before"));
  }
  return base::OkStatus();
}

StatusOr<OpenedIndex> PublishIndex(base::Files& files, base::Random& random,
                                   const std::string& root, const crypto::Secret& dataset_key,
                                   Index next, const OpenedIndex* replaced) {
  SOTERIA_RETURN_IF_ERROR(files.MakeDirs(root));
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<base::FileLock> lock,
                           files.Lock(root, std::string(kLockName)));
  SOTERIA_ASSIGN_OR_RETURN(const std::string current, CurrentBytes(files, root));
  if (replaced == nullptr) {
    if (!current.empty()) {
      return base::Fail(base::kConflict, Cat(root, " has an index already"));
    }
    next.version = 1;
    next.previous = base::Digest{};
  } else {
    if (current.empty() || crypto::Sha256(current) != replaced->digest) {
      return base::Fail(base::kConflict, Cat(root, " was changed by somebody else since version ",
                                             replaced->index.version, " was read"));
    }
    if (replaced->index.id != next.id || replaced->index.kind != next.kind) {
      return Refuse("an index can't be replaced by another root's");
    }
    next.version = replaced->index.version + 1;
    next.previous = replaced->digest;
  }
  next.has_origins = true;
  SOTERIA_ASSIGN_OR_RETURN(const std::string sealed, SealIndex(next, dataset_key, random));
  SOTERIA_RETURN_IF_ERROR(PutInPlace(files, root, sealed, current, replaced));
  if (replaced != nullptr) RemoveReplaced(files, root, replaced->index, next);
  return OpenedIndex{.index = std::move(next), .digest = crypto::Sha256(sealed)};
}

}  // namespace soteria::storage
