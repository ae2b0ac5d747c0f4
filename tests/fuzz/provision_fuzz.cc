// master::ParseProvision on any bytes: whoever comes first may try to be a master's owner.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "soteria/session.pb.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/master/provisioned.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // As if the challenge had named the very Manifest that comes.
  session::Provision message;
  base::Digest policy{};
  if (message.ParseFromArray(data, static_cast<int>(size))) {
    policy = crypto::Sha256(message.manifest());
  }
  const auto provisioned = master::ParseProvision(bytes, policy);
  if (!provisioned.ok()) {
    CHECK(base::Is(provisioned.status(), base::kProtocol) ||
          base::Is(provisioned.status(), base::kManifest) ||
          base::Is(provisioned.status(), base::kKey));
    return 0;
  }
  CHECK(provisioned->manifest.digest == policy);
  CHECK(provisioned->keys.size() ==
        provisioned->manifest.read.size() + provisioned->manifest.write.size());
  for (const auto& [id, key] : provisioned->keys) CHECK(id.size() == 16 && key.size() == 16);
  return 0;
}
