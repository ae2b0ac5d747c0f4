// Secret bytes as a type: move-only, unprintable, without implicit conversion, wiped when destroyed
// or moved from. They live in slots of locked pages that are left out of core dumps, never on the
// ordinary heap.
//
// Invariants (I1): a copy is made by Clone only, and seen in the code; bytes are seen through
// Expose only, whose view must not outlive the secret nor be stored. Distinct Secrets may be used
// by distinct threads; reading one from several threads is fine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::crypto {

inline constexpr size_t kSecretBytesMax = 64;

class Secret {
 public:
  /// `bytes` random ones; 1..kSecretBytesMax.
  static base::StatusOr<Secret> Random(base::Random& random, size_t bytes);
  /// Takes the bytes over and wipes the source. At most kSecretBytesMax (checked: our own bug
  /// otherwise).
  static Secret Adopt(std::string&& bytes);
  /// Bytes from outside: kKey unless they are `expected_size` many. Wipes the source in any case.
  static base::StatusOr<Secret> Take(std::string&& bytes, size_t expected_size);
  /// Zeros of that size, to be filled through MutableBytes by the functions of this folder.
  static Secret OfSize(size_t bytes);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret Clone() const;
  size_t size() const { return size_; }
  /// The bytes, while the secret lives.
  std::string_view Expose() const;
  /// The bytes for writing. For derivations of this folder only.
  std::span<uint8_t> MutableBytes();

 private:
  Secret() = default;
  void Release() noexcept;

  uint8_t* slot_ = nullptr;
  size_t size_ = 0;
};

/// Overwrites the bytes in a way that the compiler keeps, then empties the string.
void Wipe(std::string& bytes);

}  // namespace soteria::crypto
