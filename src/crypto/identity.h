// Identity keys (ECDSA P-256 with SHA-256) and the system's randomness.
//
// An enclave makes its identity key at start; the hash of its public part is in the evidence, and
// the master signs ledger entries with it. Public keys are DER SubjectPublicKeyInfo on the named
// curve P-256, nothing else; signatures are DER. An IdentityKey may be used from several threads at
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::crypto {

inline constexpr size_t kPublicKeyDerBytesMax = 256;
inline constexpr size_t kSignatureBytesMax = 80;
inline constexpr size_t kPemBytesMax = 4096;

class IdentityKey {
 public:
  static base::StatusOr<IdentityKey> Generate();
  /// PKCS #8 PEM without a passphrase. For the key file of a simulated cluster only.
  static base::StatusOr<IdentityKey> FromPem(std::string_view pem);
  IdentityKey(IdentityKey&&) noexcept;
  IdentityKey& operator=(IdentityKey&&) noexcept;
  ~IdentityKey();

  /// The private key; the caller wipes it (crypto::Wipe). For the key file of a simulated cluster
  /// only.
  base::StatusOr<std::string> ToPem() const;
  std::string public_der() const;
  base::StatusOr<std::string> Sign(std::string_view message) const;

 private:
  struct State;
  explicit IdentityKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether it is one that VerifySignature can use.
bool IsPublicKey(std::string_view public_der);

/// kIntegrity unless `signature` is one of `message` by that P-256 key.
base::Status VerifySignature(std::string_view public_der, std::string_view message,
                             std::string_view signature);

/// OpenSSL's generator, seeded by the system.
class SystemRandom : public base::Random {
 public:
  base::Status Fill(std::span<uint8_t> out) override;
};
base::Random& OsRandom();

}  // namespace soteria::crypto
