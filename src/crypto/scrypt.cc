#include "src/crypto/scrypt.h"

#include <openssl/evp.h>

#include <bit>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/openssl.h"

namespace soteria::crypto {
namespace {

bool WithinBounds(const ScryptCost& cost) {
  const uint64_t block = uint64_t{128} * cost.r;
  return std::has_single_bit(cost.n) && cost.n > 1 && cost.r >= 1 && cost.p >= 1 &&
         cost.p <= kScryptParallelMax && cost.n <= kScryptMemoryBytesMax / block;
}

}  // namespace

base::StatusOr<Secret> Scrypt(std::string_view passphrase, std::string_view salt,
                              const ScryptCost& cost, size_t bytes) {
  if (!WithinBounds(cost)) return base::Fail(base::kKey, "scrypt: a cost out of bounds");
  Secret key = Secret::OfSize(bytes);
  const auto* const salt_bytes = reinterpret_cast<const unsigned char*>(salt.data());
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), salt_bytes, salt.size(), cost.n, cost.r,
                     cost.p, 2 * kScryptMemoryBytesMax, key.MutableBytes().data(), bytes) != 1) {
    return base::Fail(base::kInternal, base::Cat("scrypt: ", LastError()));
  }
  return key;
}

}  // namespace soteria::crypto
