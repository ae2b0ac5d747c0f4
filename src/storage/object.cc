#include "src/storage/object.h"

#include <array>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/text.h"
#include "src/storage/format.h"

namespace soteria::storage {

using base::StatusOr;

namespace {

constexpr int kObjectMode = 0644;  // sealed bytes, and the host that reads them is another user

StatusOr<std::string> RandomBytes(base::Random& random, size_t bytes) {
  std::string out(bytes, '\0');
  SOTERIA_RETURN_IF_ERROR(random.Fill({reinterpret_cast<uint8_t*>(out.data()), out.size()}));
  return out;
}

}  // namespace

StatusOr<NewObject> CreateObject(base::Files& files, base::Random& random, const std::string& root,
                                 const crypto::Secret& root_key, std::string_view suffix) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, RandomBytes(random, kIdBytes));
  SOTERIA_ASSIGN_OR_RETURN(std::string file_id, RandomBytes(random, kIdBytes));
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, crypto::Secret::Random(random, root_key.size()));
  NewObject object{.name = base::Cat(base::Hex(name), suffix),
                   .file_id = std::move(file_id),
                   .file_key = std::move(key),
                   .wrapped_key = {},
                   .file = nullptr};
  SOTERIA_ASSIGN_OR_RETURN(object.file, files.Create(root, object.name, kObjectMode));
  return object;
}

}  // namespace soteria::storage
