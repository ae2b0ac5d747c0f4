#include "src/client/remote_roots.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/path.h"

namespace soteria::client {
namespace {

constexpr char kFile[] = "remote.json";
constexpr uint64_t kBytesMax = 16 * 1024 * 1024;
constexpr int kMode = 0600;

base::Status Damaged(const Owner& owner) {
  return base::Fail(base::kInput, base::Cat(owner.home.dir, "/", kFile,
                                            " is damaged; remove it and make the Manifests of its "
                                            "roots again"));
}

bool Parse(const nlohmann::json& json, RemoteRoot* root) {
  const auto id = json.find("id");
  const auto kinds = json.find("tee_kinds");
  const auto drawn = json.find("drawn");
  if (id == json.end() || !id->is_string() || kinds == json.end() || !kinds->is_array()) {
    return false;
  }
  root->id_hex = id->get<std::string>();
  for (const nlohmann::json& kind : *kinds) {
    if (!kind.is_string()) return false;
    root->tee_kinds.push_back(kind.get<std::string>());
  }
  root->drawn = drawn != json.end() && drawn->is_boolean() && drawn->get<bool>();
  return true;
}

}  // namespace

base::StatusOr<RemoteRoots> RemoteRoots::Load(Owner& owner) {
  RemoteRoots remote;
  base::StatusOr<std::string> text = owner.files.ReadAll(owner.home.dir, kFile, kBytesMax);
  if (base::Is(text.status(), base::kPathNotFound)) return remote;
  SOTERIA_RETURN_IF_ERROR(text);
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return Damaged(owner);
  for (const auto& [path, value] : json.items()) {
    RemoteRoot root;
    if (!value.is_object() || !Parse(value, &root)) return Damaged(owner);
    remote.roots_.emplace(path, std::move(root));
  }
  return remote;
}

const RemoteRoot* RemoteRoots::Find(const std::string& path) const {
  const auto found = roots_.find(path);
  return found == roots_.end() ? nullptr : &found->second;
}

void RemoteRoots::Note(const std::string& path, RemoteRoot root) {
  roots_.insert_or_assign(path, std::move(root));
  changed_ = true;
}

void RemoteRoots::NoteKinds(const std::string& id_hex, const std::vector<std::string>& tee_kinds) {
  for (auto& [path, root] : roots_) {
    if (root.id_hex != id_hex || root.tee_kinds == tee_kinds) continue;
    root.tee_kinds = tee_kinds;
    changed_ = true;
  }
}

base::Status RemoteRoots::Save(Owner& owner) {
  if (!changed_) return base::OkStatus();
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [path, root] : roots_) {
    json[path] = {{"id", root.id_hex}, {"tee_kinds", root.tee_kinds}, {"drawn", root.drawn}};
  }
  SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(owner.home.dir));
  SOTERIA_RETURN_IF_ERROR(
      owner.files.WriteAtomically(owner.home.dir, kFile, json.dump(2) + "\n", kMode));
  changed_ = false;
  return base::OkStatus();
}

base::Status CheckRemoteKinds(const RemoteRoots& remote, const std::string& path,
                              const std::string& id_hex, const std::vector<std::string>& kinds) {
  const RemoteRoot* known = remote.Find(path);
  if (known == nullptr || known->id_hex != id_hex) {
    return base::Fail(
        base::kInput,
        base::Cat("this machine has no file system for ", policy::SchemeOf(path),
                  ": and doesn't know the root of that id there, so not which TEE kinds may get "
                  "its key; name a local copy of it once (its _soteria_index is enough): soteria "
                  "manifest new --read ",
                  path, "=COPY"));
  }
  storage::Index index;
  index.tee_kinds = known->tee_kinds;
  return storage::CheckTeeKinds(index, kinds);  // I2
}

}  // namespace soteria::client
