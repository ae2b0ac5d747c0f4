// The sealed index of a data set or a sealed tree: what it says, how it is encoded, opened,
// published and checked for freshness. The index is the only authority on what belongs to a root:
// readers never list a folder, they open what the index names and nothing else (I9). A root without
// an index is no data set; whatever else lies in its folder is never looked at.
//
// Everything here is stateless and may be called from any thread. Bytes of an index are outside
// input to ParseIndex and OpenIndex; counts and sizes have the limits below. docs/formats/index.md
// is the byte-level description.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::storage {

inline constexpr size_t kIdBytes = 16;        // ids of roots and of files
inline constexpr size_t kFilesMax = 200'000;  // files of one root
inline constexpr size_t kComponentBytesMax = 255;
inline constexpr size_t kNameBytesMax = 1024;
inline constexpr size_t kWrappedKeyBytesMax = 92;  // nonce, key of at most 64 bytes, tag
inline constexpr size_t kTeeKindsMax = 16;
inline constexpr size_t kOriginsMax = 64;  // data sets and trees that one written file is made of
inline constexpr size_t kSchemaBytesMax = size_t{16} << 20;
inline constexpr size_t kIndexBytesMax = size_t{128} << 20;
inline constexpr uint64_t kRowGroupBytesMax = uint64_t{1} << 30;
inline constexpr uint64_t kFileBytesMax = uint64_t{1} << 46;
inline constexpr uint64_t kRowsMax = uint64_t{1} << 46;
inline constexpr uint64_t kChainStepsMax =
    10'000;  // versions between the recorded and the found one
inline constexpr std::string_view kIndexName = "_soteria_index";
inline constexpr std::string_view kLockName = "_soteria_lock";

/// Whose rows a file of a tree holds: what is released about them is released about their origin.
struct Origin {
  enum class Made : uint8_t {
    kUnknown = 0,  // sealed before origins were kept
    kPut = 1,      // the owner put it: its tree is its origin
    kJob = 2       // a job wrote it
  };
  Made made = Made::kUnknown;
  // Of a job's files only:
  std::string write = {};             // 16 random bytes, the same for all files of one write
  bool once = false;                  // no row of an origin is in the write twice, and no other row
  std::vector<std::string> ids = {};  // 16 bytes each, ascending: what the owner put

  bool operator==(const Origin&) const = default;
};

/// One file of a root.
struct FileEntry {
  std::string name = {};     // data set: part name; tree: relative path, components joined by '/'
  std::string object = {};   // the object's name below the root: random, never reused
  std::string file_id = {};  // 16 random bytes
  uint64_t size = 0;         // of the object, in bytes
  uint64_t rows = 0;         // 0 for tree files that aren't tables
  base::Digest
      check{};  // data set: SHA-256 of the encrypted footer; tree: of the last sealed chunk
  std::string wrapped_key = {};  // the file's key under the root's key: nonce | ciphertext | tag
  Origin origin = {};            // of trees
  // Of a tree: saving a model or stage wrote it, so that it says nothing but what the script and
  // the model did. Rows that a plan wrote, and files that the owner put, are not.
  bool saved = false;

  bool operator==(const FileEntry&) const = default;
};

enum class RootKind : uint8_t { kDataSet = 1, kTree = 2 };

struct Index {
  RootKind kind = RootKind::kDataSet;
  std::string id = {};           // 16 bytes
  uint64_t version = 0;          // from 1, one more a change
  base::Digest previous{};       // digest of the index of version - 1; zeros in version 1
  std::string schema_json = {};  // Spark's schema JSON; empty for trees
  std::vector<std::string> tee_kinds = {};  // which kinds may ever get the key, by name, ascending
  std::vector<FileEntry> files = {};        // data set: partition order; tree: ascending by name
  bool has_origins = true;  // of trees: false for one that was written before they were kept

  bool operator==(const Index&) const = default;
};

/// Canonical: ParseIndex accepts exactly the bytes that EncodeIndex makes of an index that
/// ValidateIndex accepts. Refusals are kIntegrity.
std::string EncodeIndex(const Index& index);
base::StatusOr<Index> ParseIndex(std::string_view plain);
base::Status ValidateIndex(const Index& index);

/// One entry alone, as a worker's sealed answer carries it to the master; without an origin and
/// `saved`, which are the master's to say.
std::string EncodeFileEntry(const FileEntry& entry);
base::StatusOr<FileEntry> ParseFileEntry(std::string_view bytes, RootKind kind);
base::Status ValidateFileEntry(const FileEntry& entry, RootKind kind);
/// The files that one task wrote, at most kTaskFilesMax.
inline constexpr uint64_t kTaskFilesMax = 10'000;
std::string EncodeFileEntries(const std::vector<FileEntry>& entries);
base::StatusOr<std::vector<FileEntry>> ParseFileEntries(std::string_view bytes, RootKind kind);

/// One name that a host sees: 1 to 255 characters of [A-Za-z0-9._=-], not starting with '.'.
bool ValidComponent(std::string_view name);
/// The path of a tree's file, which only its index has: names joined by '/', at most 1024 bytes.
/// Such a name is 1 to 255 bytes of UTF-8 without control characters, '/' and '\\', not starting
/// with '.'.
bool ValidRelativePath(std::string_view path);

/// The key of a data set or writable root: HKDF(user key, "dataset", id), AES-128.
crypto::Secret DatasetKey(const crypto::Secret& user_key, std::string_view id);

/// An index that was opened, and the SHA-256 of its sealed bytes, which names that version.
struct OpenedIndex {
  Index index = {};
  base::Digest digest{};
};

/// Opens <root>/_soteria_index. No index: kPathNotFound ("Path does not exist: <root>"). Another
/// key, id or any altered byte: kIntegrity.
base::StatusOr<OpenedIndex> OpenIndex(base::Files& files, const std::string& root,
                                      const crypto::Secret& dataset_key,
                                      std::string_view expected_id);

/// What the clear header of a root's index claims. Not authenticated: good for choosing the key to
/// try and for nothing else. kPathNotFound when there is no index.
struct IndexHeader {
  RootKind kind = RootKind::kDataSet;
  std::string id = {};
  uint64_t version = 0;
};
base::StatusOr<IndexHeader> PeekIndex(base::Files& files, const std::string& root);

/// Opens exactly the index of this version and digest, the current one or one that a later version
/// replaced. Anything else: kIntegrity.
base::StatusOr<OpenedIndex> OpenIndexAt(base::Files& files, const std::string& root,
                                        const crypto::Secret& dataset_key,
                                        std::string_view expected_id, uint64_t version,
                                        const base::Digest& digest);

/// The version of a root that the owner remembers (the owner's records are ledger::VersionRecord).
struct KnownVersion {
  uint64_t version = 0;
  base::Digest index{};
};

/// I9: refuses (kRolledBack) an index below `min_version`, below `known`, of the same version with
/// another digest, or above it without a chain of previous digests down to it.
base::Status CheckFresh(const OpenedIndex& opened, const KnownVersion* known, uint64_t min_version,
                        base::Files& files, const std::string& root,
                        const crypto::Secret& dataset_key);

/// kEvidence unless every kind of `policy_kinds` is one that the index allows to get its key.
base::Status CheckTeeKinds(const Index& index, std::span<const std::string> policy_kinds);

/// Removes objects that were written for a version which didn't come about, but for those that the
/// root's current index names all the same (an index that is in place though it was reported as
/// failed), and nothing while an index is there that doesn't open. Best effort: what stays is
/// garbage that no index names.
void RemoveUnpublished(base::Files& files, const std::string& root,
                       const crypto::Secret& dataset_key, std::string_view id,
                       std::span<const std::string> objects);

/// Publishes `next` as the new index of the root, atomically, and only if the root's current index
/// is still `replaced` (nullptr: there is none yet); otherwise kConflict and nothing is changed.
/// Sets version and previous of `next`. The replaced index stays as _soteria_index.<version>. Then
/// removes the objects that only the replaced index names; a failure to remove is not an error.
/// Where it fails, nothing that it made stays.
base::StatusOr<OpenedIndex> PublishIndex(base::Files& files, base::Random& random,
                                         const std::string& root, const crypto::Secret& dataset_key,
                                         Index next, const OpenedIndex* replaced);

}  // namespace soteria::storage
