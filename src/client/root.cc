#include "src/client/root.h"

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"

namespace soteria::client {

base::StatusOr<std::optional<OwnedRoot>> FindRoot(base::Files& files, const std::string& path,
                                                  const crypto::Secret& user_key) {
  base::StatusOr<storage::IndexHeader> header = storage::PeekIndex(files, path);
  if (!header.ok() && base::Is(header.status(), base::kPathNotFound)) {
    return std::optional<OwnedRoot>();
  }
  if (!header.ok()) return base::WithContext(header.status(), path);
  crypto::Secret key = storage::DatasetKey(user_key, header->id);
  base::StatusOr<storage::OpenedIndex> opened = storage::OpenIndex(files, path, key, header->id);
  if (!opened.ok()) {
    return base::Fail(base::kKey, base::Cat(path,
                                            " does not open with this user key: it was made with "
                                            "another key (see --key), or was altered. ",
                                            base::Message(opened.status())));
  }
  return std::optional<OwnedRoot>(OwnedRoot{path, header->id, std::move(key), *std::move(opened)});
}

base::StatusOr<RootAndRest> FindRootAbove(base::Files& files, const std::string& path,
                                          const crypto::Secret& user_key) {
  std::string at = path;
  std::string rest;
  while (true) {
    SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root, FindRoot(files, at, user_key));
    if (root.has_value()) return RootAndRest{*std::move(root), std::move(rest)};
    auto [parent, name] = SplitPath(at);
    if (parent == at || parent == "/") {
      return base::Fail(base::kPathNotFound,
                        base::Cat("Path does not exist: there is no data set or sealed tree at ",
                                  path, " or above it"));
    }
    rest = rest.empty() ? name : base::Cat(name, "/", rest);
    at = parent;
  }
}

base::Status CheckRootFresh(base::Files& files, const std::string& path,
                            const storage::OpenedIndex& opened, const ledger::VersionRecord* record,
                            uint64_t min_version, const crypto::Secret& key) {
  storage::KnownVersion known;
  if (record != nullptr) known = {record->version, record->index};
  return storage::CheckFresh(opened, record == nullptr ? nullptr : &known, min_version, files, path,
                             key);
}

}  // namespace soteria::client
