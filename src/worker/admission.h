// How a worker is admitted: over an attested channel it asks to join, proves itself, receives the
// session's secrets, and then verifies the master under the Manifest that it was given before it
// goes on (I2). One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/attest/evidence.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/channel/channel.h"
#include "src/crypto/identity.h"
#include "src/crypto/secret.h"

namespace soteria::worker {

inline constexpr size_t kAdmissionBytesMax = size_t{16} << 20;
inline constexpr size_t kAdmissionKeysMax = 4'096;
inline constexpr size_t kSessionRootBytes = 32;
/// What the worker says once it has verified the master.
inline constexpr char kReadyByte = 4;

struct Admitted {
  crypto::Secret session_root;
  uint64_t sender = 0;
  std::vector<std::pair<std::string, crypto::Secret>> keys;  // by 16-byte id
};

struct Applicant {
  attest::EvidenceSource& evidence;
  const crypto::IdentityKey& identity;
  base::Random& random;
  std::string kernel_level;  // empty: not compared
};

base::StatusOr<Admitted> Join(channel::Channel& channel, const Applicant& applicant);

}  // namespace soteria::worker
