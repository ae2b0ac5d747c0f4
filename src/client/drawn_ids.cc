#include "src/client/drawn_ids.h"

#include <array>
#include <nlohmann/json.hpp>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/storage/format.h"

namespace soteria::client {
namespace {

constexpr char kFile[] = "roots.json";
constexpr uint64_t kBytesMax = 16 * 1024 * 1024;
constexpr int kMode = 0600;

bool IsId(const std::string& hex) {
  const base::StatusOr<std::string> id = base::FromHex(hex);
  return id.ok() && id->size() == storage::kIdBytes;
}

}  // namespace

base::StatusOr<std::string> DrawRootId(Owner& owner) {
  std::array<uint8_t, storage::kIdBytes> id{};
  SOTERIA_RETURN_IF_ERROR(owner.random.Fill(id));
  return base::Hex({reinterpret_cast<const char*>(id.data()), id.size()});
}

base::StatusOr<DrawnIds> DrawnIds::Load(Owner& owner) {
  DrawnIds drawn;
  base::StatusOr<std::string> text = owner.files.ReadAll(owner.home.dir, kFile, kBytesMax);
  if (base::Is(text.status(), base::kPathNotFound)) return drawn;
  SOTERIA_RETURN_IF_ERROR(text);
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  bool good = json.is_object();
  for (auto it = json.begin(); good && it != json.end(); ++it) {
    good = it->is_string() && IsId(it->get<std::string>());
    if (good) drawn.ids_.emplace(it.key(), it->get<std::string>());
  }
  if (good) return drawn;
  return base::Fail(base::kInput, base::Cat(owner.home.dir, "/", kFile, " is damaged; remove it"));
}

const std::string* DrawnIds::Find(std::string_view path) const {
  const auto found = ids_.find(path);
  return found == ids_.end() ? nullptr : &found->second;
}

base::StatusOr<std::string> DrawnIds::Draw(Owner& owner, const std::string& path) {
  SOTERIA_ASSIGN_OR_RETURN(std::string hex, DrawRootId(owner));
  ids_.insert_or_assign(path, hex);
  changed_ = true;
  return hex;
}

base::Status DrawnIds::Save(Owner& owner) const {
  if (!changed_) return base::OkStatus();
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [path, id] : ids_) json[path] = id;
  SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(owner.home.dir));
  return owner.files.WriteAtomically(owner.home.dir, kFile, json.dump(2) + "\n", kMode);
}

}  // namespace soteria::client
