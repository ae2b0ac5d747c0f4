#include "src/client/root.h"

#include <algorithm>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/policy/path.h"

namespace soteria::client {
namespace {

// Of what CreateObject names.
constexpr size_t kObjectHexDigits = 32;

bool IsHexId(std::string_view text) {
  return text.size() == 2 * storage::kIdBytes &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Names that a root has in its folder: its index (and one that is being written), and objects.
bool IsOfRoot(std::string_view name) {
  if (name.starts_with("_soteria_") || name.starts_with("._soteria_")) return true;
  return name.size() > kObjectHexDigits && IsHexId(name.substr(0, kObjectHexDigits)) &&
         (name.substr(kObjectHexDigits) == ".parquet" ||
          name.substr(kObjectHexDigits) == ".sealed");
}

base::StatusOr<std::optional<storage::IndexHeader>> Peek(base::Files& files,
                                                         const std::string& path) {
  const PathKind kind = KindOf(path);
  if (kind == PathKind::kFile || kind == PathKind::kMissing) {
    return std::optional<storage::IndexHeader>();
  }
  base::StatusOr<storage::IndexHeader> header = storage::PeekIndex(files, path);
  if (header.ok()) return std::optional(*std::move(header));
  if (base::Is(header.status(), base::kPathNotFound)) return std::optional<storage::IndexHeader>();
  return base::WithContext(header.status(), path);
}

// What to say, and nothing more: `shown` is storage's word.
base::Status Unknown(const std::string& path, const std::string& shown, const KnownRoots& known) {
  return base::Fail(
      base::kInput,
      base::Cat("the owner's records don't know which root is at ", path,
                ", and what storage says of that isn't believed. It shows the root ",
                known.Described(shown), ". If that is the one you mean, say so: --id ",
                base::Hex(shown), " (soteria versions import brings another machine's records)"));
}

base::StatusOr<std::optional<OwnedRoot>> OpenAs(base::Files& files, const std::string& path,
                                                const crypto::Secret& user_key,
                                                const std::string& id) {
  crypto::Secret key = storage::DatasetKey(user_key, id);
  base::StatusOr<storage::OpenedIndex> opened = storage::OpenIndex(files, path, key, id);
  if (!opened.ok()) {
    return base::Fail(base::kKey, base::Cat(path,
                                            " does not open with this user key: it was made with "
                                            "another key (see --key), or was altered. ",
                                            base::Message(opened.status())));
  }
  return std::optional<OwnedRoot>(OwnedRoot{path, id, std::move(key), *std::move(opened)});
}

base::Status NothingAt(const std::string& path) {
  return base::Fail(base::kPathNotFound,
                    base::Cat("Path does not exist: there is no data set or sealed tree at ", path,
                              " or above it"));
}

}  // namespace

base::StatusOr<std::string> ParseRootId(std::string_view hex) {
  if (!IsHexId(hex)) {
    return base::Fail(base::kInput, "--id takes 32 lower-case hexadecimal digits");
  }
  return base::FromHex(hex);
}

base::StatusOr<KnownRoots> KnownRoots::Load(Owner& owner, const ledger::Versions& versions) {
  SOTERIA_ASSIGN_OR_RETURN(DrawnIds drawn, DrawnIds::Load(owner));
  SOTERIA_ASSIGN_OR_RETURN(RemoteRoots remote, RemoteRoots::Load(owner));
  return KnownRoots(versions, std::move(drawn), std::move(remote));
}

std::vector<std::string> KnownRoots::IdsAt(const std::string& path) const {
  std::vector<std::string> ids;
  const auto add = [&ids](const std::string& id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  if (const std::string* id = versions_->IdAt(path)) add(*id);
  const RemoteRoot* remote = remote_.Find(path);
  for (const std::string* hex :
       {drawn_.Find(path), remote == nullptr ? nullptr : &remote->id_hex}) {
    if (hex == nullptr) continue;
    const base::StatusOr<std::string> id = base::FromHex(*hex);
    if (id.ok() && id->size() == storage::kIdBytes) add(*id);
  }
  return ids;
}

std::string KnownRoots::Described(std::string_view id) const {
  std::string out = base::Hex(id);
  std::string places;
  for (const std::string& path : versions_->PathsOf(id)) {
    places += base::Cat(places.empty() ? "" : ", ", path);
  }
  if (!places.empty()) return base::Cat(out, " (in the records: ", places, ")");
  return versions_->Find(id) == nullptr ? base::Cat(out, " (which the records don't know)") : out;
}

base::Status KnownRoots::Check(const std::string& path, std::string_view id) const {
  const std::vector<std::string> ids = IdsAt(path);
  if (ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end()) return base::OkStatus();
  return OneForAnother(path, ids.front(), id);
}

base::Status KnownRoots::OneForAnother(const std::string& path, std::string_view recorded,
                                       std::string_view id) const {
  return base::Fail(
      base::kIntegrity,
      base::Cat(
          "one root for another: the owner's records have ", base::Hex(recorded), " at ", path,
          ", and this is ", Described(id), ". If you put it there yourself, say so once: soteria ",
          policy::IsLocal(path)
              ? base::Cat("get --id ", base::Hex(id), " ", path, " DIR")
              : base::Cat("manifest new --read ", path, "=COPY --id ", base::Hex(id), "=", path)));
}

base::StatusOr<std::optional<OwnedRoot>> FindRoot(base::Files& files, const std::string& path,
                                                  const crypto::Secret& user_key,
                                                  const KnownRoots& known,
                                                  const std::optional<std::string>& said) {
  SOTERIA_ASSIGN_OR_RETURN(const std::optional<storage::IndexHeader> header, Peek(files, path));
  if (!header.has_value()) return std::optional<OwnedRoot>();
  if (said.has_value()) {
    if (header->id == *said) return OpenAs(files, path, user_key, *said);
    return base::Fail(base::kConflict, base::Cat("storage shows another root at ", path,
                                                 " than --id says: ", known.Described(header->id)));
  }
  if (known.IdsAt(path).empty()) return Unknown(path, header->id, known);
  SOTERIA_RETURN_IF_ERROR(known.Check(path, header->id));
  return OpenAs(files, path, user_key, header->id);
}

base::StatusOr<RootAndRest> FindRootAbove(base::Files& files, const std::string& path,
                                          const crypto::Secret& user_key, const KnownRoots& known,
                                          const std::optional<std::string>& said) {
  // Where storage shows something first: only for saying what to do.
  std::optional<std::string> shown_at;
  std::string shown;
  base::Status damaged;
  std::string at = path;
  std::string rest;
  while (true) {
    const base::StatusOr<std::optional<storage::IndexHeader>> peeked = Peek(files, at);
    if (damaged.ok()) damaged = peeked.status();
    const std::optional<storage::IndexHeader> header =
        peeked.ok() ? *peeked : std::optional<storage::IndexHeader>();
    const bool is_it =
        said.has_value() ? header.has_value() && header->id == *said : !known.IdsAt(at).empty();
    if (is_it) {
      SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root,
                               FindRoot(files, at, user_key, known, said));
      if (!root.has_value()) return NothingAt(path);
      return RootAndRest{*std::move(root), std::move(rest)};
    }
    if (header.has_value() && !shown_at.has_value()) {
      shown_at = at;
      shown = header->id;
    }
    auto [parent, name] = SplitPath(at);
    if (parent == at || parent == "/") break;
    rest = rest.empty() ? name : base::Cat(name, "/", rest);
    at = parent;
  }
  if (!shown_at.has_value()) return damaged.ok() ? NothingAt(path) : damaged;
  if (!said.has_value()) return Unknown(*shown_at, shown, known);
  return base::Fail(base::kConflict, base::Cat("storage shows another root at ", *shown_at,
                                               " than --id says: ", known.Described(shown)));
}

base::Status CheckRootFresh(base::Files& files, const std::string& path,
                            const storage::OpenedIndex& opened, const ledger::VersionRecord* record,
                            uint64_t min_version, const crypto::Secret& key) {
  storage::KnownVersion known;
  if (record != nullptr) known = {record->version, record->index};
  return storage::CheckFresh(opened, record == nullptr ? nullptr : &known, min_version, files, path,
                             key);
}

base::Status CheckFreeForRoot(const std::string& path) {
  const PathKind kind = KindOf(path);
  if (kind == PathKind::kMissing) return base::OkStatus();
  if (kind != PathKind::kFolder) {
    return base::Fail(base::kPathExists,
                      base::Cat(path, " exists and is not a folder; give a place of its own"));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(path));
  for (const std::string& name : names) {
    if (IsOfRoot(name)) continue;
    return base::Fail(base::kPathExists,
                      base::Cat(path, " holds other files (", name,
                                "); a sealed root needs a new or empty folder: give another "
                                "place, such as ",
                                path, "/sealed"));
  }
  return base::OkStatus();
}

}  // namespace soteria::client
