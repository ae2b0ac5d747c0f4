// AES-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag; AES-128 or AES-256 by the key's
// size.
//
// Nonces: AeadSeal takes one from its caller, who must never use it twice with one key. A key that
// seals many messages belongs in a counting sealer (crypto/envelope.h); for a few small secrets
// WrapSecret draws a random nonce. Opening fails with kIntegrity, always with the same text. Pure
// functions: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::crypto {

inline constexpr size_t kAeadNonceBytes = 12;
inline constexpr size_t kAeadTagBytes = 16;
/// Largest plaintext and largest additional data of one call.
inline constexpr size_t kAeadBytesMax = size_t{1} << 30;

/// Ciphertext and tag. kKey for a key of another size than 16 or 32.
base::StatusOr<std::string> AeadSeal(const Secret& key, std::string_view nonce,
                                     std::string_view aad, std::string_view plain);
/// The plaintext of `sealed` (ciphertext and tag).
base::StatusOr<std::string> AeadOpen(const Secret& key, std::string_view nonce,
                                     std::string_view aad, std::string_view sealed);

/// nonce | ciphertext | tag, with a random nonce.
base::StatusOr<std::string> WrapSecret(const Secret& kek, const Secret& key, std::string_view aad,
                                       base::Random& random);
base::StatusOr<Secret> UnwrapSecret(const Secret& kek, std::string_view wrapped,
                                    std::string_view aad);

}  // namespace soteria::crypto
