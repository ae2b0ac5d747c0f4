// scrypt (RFC 7914): a key from a passphrase, slow and memory-hard on purpose. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::crypto {

/// n: a power of two; memory is 128 * n * r bytes.
struct ScryptCost {
  uint64_t n = uint64_t{1} << 17;
  uint32_t r = 8;
  uint32_t p = 1;
};

/// Bound on the memory, so that a key file that somebody altered can't ask for all of it.
inline constexpr uint64_t kScryptMemoryBytesMax = uint64_t{1} << 30;
inline constexpr uint32_t kScryptParallelMax = 16;

/// `bytes` (1..kSecretBytesMax) of key. kKey for a cost that is malformed or out of bounds.
base::StatusOr<Secret> Scrypt(std::string_view passphrase, std::string_view salt,
                              const ScryptCost& cost, size_t bytes);

}  // namespace soteria::crypto
