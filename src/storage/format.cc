#include "src/storage/format.h"

#include <algorithm>
#include <set>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/table/valid_text.h"

namespace soteria::storage {

using base::Cat;
using base::FieldReader;
using base::FieldWriter;
using base::Status;
using base::StatusOr;

namespace {

constexpr std::string_view kIndexTag = "soteria/1 index";
constexpr std::string_view kIndexOriginsTag = "soteria/2 index";  // of a tree, with origins
constexpr std::string_view kEntryTag = "soteria/1 file";
constexpr std::string_view kSavedTag = "saved";
constexpr size_t kTeeKindBytesMax = 32;

Status Refuse(std::string text) { return base::Fail(base::kIntegrity, std::move(text)); }

// An encoding that was authentic and still doesn't parse is a wrong index like any other.
template <class T>
StatusOr<T> Must(StatusOr<T> field, std::string_view what) {
  if (field.ok()) return field;
  return Refuse(Cat("index: ", what, ": ", base::Message(field.status())));
}

bool NameCharacter(char c) {
  return base::IsAlphanumeric(c) || c == '.' || c == '_' || c == '=' || c == '-';
}

void WriteEntry(const FileEntry& entry, FieldWriter* out) {
  out->Add(entry.name).Add(entry.object).Add(entry.file_id).AddU64(entry.size).AddU64(entry.rows);
  out->Add(base::View(entry.check)).Add(entry.wrapped_key);
}

void WriteOrigin(const Origin& origin, FieldWriter* out) {
  out->AddU64(static_cast<uint64_t>(origin.made)).Add(origin.write).AddBool(origin.once);
  out->AddU64(origin.ids.size());
  for (const std::string& id : origin.ids) out->Add(id);
}

StatusOr<std::string> NextText(FieldReader* in, std::string_view what) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, Must(in->Next(), what));
  return std::string(text);
}

StatusOr<base::Digest> NextDigest(FieldReader* in, std::string_view what) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, Must(in->Next(), what));
  return Must(base::ToDigest(bytes), what);
}

StatusOr<FileEntry> ReadEntry(FieldReader* in) {
  FileEntry entry;
  SOTERIA_ASSIGN_OR_RETURN(entry.name, NextText(in, "name"));
  SOTERIA_ASSIGN_OR_RETURN(entry.object, NextText(in, "object"));
  SOTERIA_ASSIGN_OR_RETURN(entry.file_id, NextText(in, "file id"));
  SOTERIA_ASSIGN_OR_RETURN(entry.size, Must(in->NextU64(), "size"));
  SOTERIA_ASSIGN_OR_RETURN(entry.rows, Must(in->NextU64(), "rows"));
  SOTERIA_ASSIGN_OR_RETURN(entry.check, NextDigest(in, "check"));
  SOTERIA_ASSIGN_OR_RETURN(entry.wrapped_key, NextText(in, "wrapped key"));
  return entry;
}

StatusOr<Origin> ReadOrigin(FieldReader* in) {
  Origin origin;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t made, Must(in->NextU64(), "origin"));
  if (made > static_cast<uint64_t>(Origin::Made::kJob)) return Refuse("index: origin");
  origin.made = static_cast<Origin::Made>(made);
  SOTERIA_ASSIGN_OR_RETURN(origin.write, NextText(in, "write"));
  SOTERIA_ASSIGN_OR_RETURN(origin.once, Must(in->NextBool(), "once"));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t ids, Must(in->NextU64(), "number of origins"));
  if (ids > kOriginsMax) return Refuse("index: too many origins");
  for (uint64_t i = 0; i < ids; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(origin.ids.emplace_back(), NextText(in, "id of an origin"));
  }
  return origin;
}

Status ValidateOrigin(const Origin& origin) {
  if (origin.made > Origin::Made::kJob) return Refuse("index: origin");
  if (origin.made != Origin::Made::kJob) {
    return origin == Origin{.made = origin.made} ? base::OkStatus() : Refuse("index: origin");
  }
  if (origin.write.size() != kIdBytes || origin.ids.size() > kOriginsMax ||
      (origin.once && origin.ids.empty())) {
    return Refuse("index: origin of a job's file");
  }
  for (size_t i = 0; i < origin.ids.size(); ++i) {
    const bool after = i == 0 || origin.ids[i - 1] < origin.ids[i];
    if (origin.ids[i].size() != kIdBytes || !after) return Refuse("index: id of an origin");
  }
  return base::OkStatus();
}

// Which files saving a model wrote, by their numbers: left out where there is none, so that an
// index without them is the same bytes as ever.
void WriteSaved(const std::vector<FileEntry>& files, FieldWriter* out) {
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].saved) numbers.push_back(i);
  }
  if (numbers.empty()) return;
  out->Add(kSavedTag).AddU64(numbers.size());
  for (const uint64_t number : numbers) out->AddU64(number);
}

Status ReadSaved(FieldReader* in, std::vector<FileEntry>* files) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view tag, Must(in->Next(), "tag after the files"));
  if (tag != kSavedTag) return Refuse("index: bytes after its end");
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, Must(in->NextU64(), "number of saved files"));
  if (count == 0 || count > files->size()) return Refuse("index: number of saved files");
  uint64_t least = 0;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t number, Must(in->NextU64(), "saved file"));
    if (number < least || number >= files->size()) return Refuse("index: saved file");
    (*files)[number].saved = true;
    least = number + 1;
  }
  return base::OkStatus();
}

Status CheckTeeKindList(const std::vector<std::string>& kinds) {
  if (kinds.size() > kTeeKindsMax) return Refuse("index: too many TEE kinds");
  for (size_t i = 0; i < kinds.size(); ++i) {
    const std::string& kind = kinds[i];
    if (kind.size() > kTeeKindBytesMax || !ValidComponent(kind)) return Refuse("index: TEE kind");
    if (i > 0 && !(kinds[i - 1] < kind)) return Refuse("index: TEE kinds out of order");
  }
  return base::OkStatus();
}

// A path can't be a file and a folder. With names ascending a folder's files need not follow the
// file of the same name directly ("a", "a-b", "a/c"), so look each parent up.
Status CheckTreeShape(const std::vector<FileEntry>& files) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < files.size(); ++i) {
    if (i > 0 && !(files[i - 1].name < files[i].name)) return Refuse("index: files out of order");
    names.insert(files[i].name);
  }
  for (const FileEntry& file : files) {
    const std::string_view name = file.name;
    for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
      if (names.contains(name.substr(0, slash))) {
        return Refuse(Cat("index: ", name.substr(0, slash), " is both a file and a folder"));
      }
    }
  }
  return base::OkStatus();
}

Status CheckUnique(const std::vector<FileEntry>& files) {
  std::set<std::string_view> names, objects, ids, keys;
  for (const FileEntry& file : files) {
    if (!names.insert(file.name).second) return Refuse("index: two files of one name");
    if (!objects.insert(file.object).second) return Refuse("index: two files in one object");
    if (!ids.insert(file.file_id).second) return Refuse("index: two files of one id");
    if (!keys.insert(file.wrapped_key).second) return Refuse("index: two files of one key");
  }
  return base::OkStatus();
}

}  // namespace

bool ValidComponent(std::string_view name) {
  return !name.empty() && name.size() <= kComponentBytesMax && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), NameCharacter);
}

namespace {

bool ValidTreeName(std::string_view name) {
  if (name.empty() || name.size() > kComponentBytesMax || name.front() == '.') return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7F || byte == '\\') return false;
    // U+0080 to U+009F are control characters too.
    if (byte == 0xC2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xA0) {
      return false;
    }
  }
  return table::ValidText(name) == name;
}

}  // namespace

bool ValidRelativePath(std::string_view path) {
  if (path.size() > kNameBytesMax) return false;
  while (true) {
    const size_t slash = path.find('/');
    if (!ValidTreeName(path.substr(0, slash))) return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Status ValidateFileEntry(const FileEntry& entry, RootKind kind) {
  const bool name_ok =
      kind == RootKind::kTree ? ValidRelativePath(entry.name) : ValidComponent(entry.name);
  if (!name_ok) return Refuse("index: name of a file");
  // An object must not be able to stand for the index or the lock, whose names begin with '_'.
  if (!ValidComponent(entry.object) || entry.object.front() == '_') return Refuse("index: object");
  if (entry.file_id.size() != kIdBytes) return Refuse("index: file id");
  if (entry.size == 0 || entry.size > kFileBytesMax) return Refuse("index: size of a file");
  if (entry.rows > kRowsMax) return Refuse("index: rows of a file");
  if (entry.wrapped_key.empty() || entry.wrapped_key.size() > kWrappedKeyBytesMax) {
    return Refuse("index: wrapped key");
  }
  if (kind == RootKind::kDataSet && entry.origin != Origin{}) return Refuse("index: origin");
  if (entry.saved && kind != RootKind::kTree) return Refuse("index: a saved file in a data set");
  return ValidateOrigin(entry.origin);
}

Status ValidateIndex(const Index& index) {
  const bool tree = index.kind == RootKind::kTree;
  if (!tree && index.kind != RootKind::kDataSet) return Refuse("index: kind");
  if (index.id.size() != kIdBytes) return Refuse("index: id");
  if (index.version == 0) return Refuse("index: version");
  if ((index.version == 1) != (index.previous == base::Digest{})) return Refuse("index: previous");
  if (index.schema_json.size() > kSchemaBytesMax) return Refuse("index: schema too long");
  if (tree != index.schema_json.empty()) return Refuse("index: schema");
  SOTERIA_RETURN_IF_ERROR(CheckTeeKindList(index.tee_kinds));
  if (index.files.size() > kFilesMax) return Refuse("index: too many files");
  for (const FileEntry& file : index.files) {
    SOTERIA_RETURN_IF_ERROR(ValidateFileEntry(file, index.kind));
    if (!index.has_origins && file.origin != Origin{}) return Refuse("index: origin");
  }
  SOTERIA_RETURN_IF_ERROR(CheckUnique(index.files));
  return tree ? CheckTreeShape(index.files) : base::OkStatus();
}

std::string EncodeIndex(const Index& index) {
  const bool origins = index.kind == RootKind::kTree && index.has_origins;
  FieldWriter out;
  out.Add(origins ? kIndexOriginsTag : kIndexTag);
  out.AddU64(static_cast<uint64_t>(index.kind)).Add(index.id);
  out.AddU64(index.version).Add(base::View(index.previous)).Add(index.schema_json);
  out.AddU64(index.tee_kinds.size());
  for (const std::string& kind : index.tee_kinds) out.Add(kind);
  out.AddU64(index.files.size());
  for (const FileEntry& file : index.files) {
    WriteEntry(file, &out);
    if (origins) WriteOrigin(file.origin, &out);
  }
  WriteSaved(index.files, &out);
  return out.Take();
}

StatusOr<Index> ParseIndex(std::string_view plain) {
  if (plain.size() > kIndexBytesMax) return Refuse("index: too long");
  FieldReader in(plain);
  Index index;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view tag, Must(in.Next(), "tag"));
  const bool origins = tag == kIndexOriginsTag;
  if (!origins && tag != kIndexTag) return Refuse("index: tag");
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, Must(in.NextU64(), "kind"));
  if (kind != static_cast<uint64_t>(RootKind::kDataSet) &&
      kind != static_cast<uint64_t>(RootKind::kTree)) {
    return Refuse("index: kind");
  }
  index.kind = static_cast<RootKind>(kind);
  if (origins && index.kind != RootKind::kTree) return Refuse("index: tag of a data set");
  index.has_origins = origins || index.kind == RootKind::kDataSet;
  SOTERIA_ASSIGN_OR_RETURN(index.id, NextText(&in, "id"));
  SOTERIA_ASSIGN_OR_RETURN(index.version, Must(in.NextU64(), "version"));
  SOTERIA_ASSIGN_OR_RETURN(index.previous, NextDigest(&in, "previous"));
  SOTERIA_ASSIGN_OR_RETURN(index.schema_json, NextText(&in, "schema"));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kinds, Must(in.NextU64(), "number of TEE kinds"));
  if (kinds > kTeeKindsMax) return Refuse("index: too many TEE kinds");
  for (uint64_t i = 0; i < kinds; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(index.tee_kinds.emplace_back(), NextText(&in, "TEE kind"));
  }
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t files, Must(in.NextU64(), "number of files"));
  if (files > kFilesMax) return Refuse("index: too many files");
  for (uint64_t i = 0; i < files; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(index.files.emplace_back(), ReadEntry(&in));
    if (!origins) continue;
    SOTERIA_ASSIGN_OR_RETURN(index.files.back().origin, ReadOrigin(&in));
  }
  if (!in.AtEnd()) SOTERIA_RETURN_IF_ERROR(ReadSaved(&in, &index.files));
  if (!in.AtEnd()) return Refuse("index: bytes after its end");
  SOTERIA_RETURN_IF_ERROR(ValidateIndex(index));
  return index;
}

std::string EncodeFileEntry(const FileEntry& entry) {
  FieldWriter out;
  out.Add(kEntryTag);
  WriteEntry(entry, &out);
  return out.Take();
}

StatusOr<FileEntry> ParseFileEntry(std::string_view bytes, RootKind kind) {
  FieldReader in(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view tag, Must(in.Next(), "tag"));
  if (tag != kEntryTag) return Refuse("index: tag of a file entry");
  SOTERIA_ASSIGN_OR_RETURN(FileEntry entry, ReadEntry(&in));
  if (!in.AtEnd()) return Refuse("index: bytes after a file entry");
  SOTERIA_RETURN_IF_ERROR(ValidateFileEntry(entry, kind));
  return entry;
}

std::string EncodeFileEntries(const std::vector<FileEntry>& entries) {
  FieldWriter out;
  for (const FileEntry& entry : entries) out.Add(EncodeFileEntry(entry));
  return out.Take();
}

StatusOr<std::vector<FileEntry>> ParseFileEntries(std::string_view bytes, RootKind kind) {
  FieldReader in(bytes);
  std::vector<FileEntry> entries;
  while (!in.AtEnd()) {
    if (entries.size() >= kTaskFilesMax) return Refuse("index: too many files of a task");
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view one, Must(in.Next(), "file entry"));
    SOTERIA_ASSIGN_OR_RETURN(FileEntry entry, ParseFileEntry(one, kind));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status CheckTeeKinds(const Index& index, std::span<const std::string> policy_kinds) {
  if (policy_kinds.empty()) return base::Fail(base::kEvidence, "the policy names no TEE kind");
  for (const std::string& kind : policy_kinds) {
    if (std::find(index.tee_kinds.begin(), index.tee_kinds.end(), kind) == index.tee_kinds.end()) {
      return base::Fail(base::kEvidence, Cat("the data set ", base::Hex(index.id),
                                             " doesn't allow its key in ", kind, " enclaves"));
    }
  }
  return base::OkStatus();
}

}  // namespace soteria::storage
