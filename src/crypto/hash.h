// SHA-2, HMAC and HKDF (FIPS 180-4, RFC 2104, RFC 5869), and comparison in constant time.
//
// Inputs that are hashed are sequences of length-prefixed fields (base/fields.h); this is the
// caller's duty, except for Hkdf, whose info is made here. Pure functions: any thread. A
// Sha256Stream is for one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/crypto/secret.h"

namespace soteria::crypto {

base::Digest Sha256(std::string_view bytes);
/// 64 bytes.
std::string Sha512(std::string_view bytes);
base::Digest HmacSha256(const Secret& key, std::string_view message);

/// Takes the same time whatever the bytes; the sizes are not secret.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  void Update(std::string_view bytes);
  /// Once.
  base::Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// HKDF-SHA-256 with empty salt and info = fields(label, context). `bytes` is 1..kSecretBytesMax.
Secret Hkdf(const Secret& ikm, std::string_view label, std::string_view context, size_t bytes);
/// RFC 5869 as it stands: extract, then expand into all of `out` (at most 255 * 32 bytes).
void HkdfSha256(std::string_view ikm, std::string_view salt, std::string_view info,
                std::span<uint8_t> out);

}  // namespace soteria::crypto
