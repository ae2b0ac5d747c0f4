// What the owner gives the master once in its life: the Manifest, the keys of the data sets and
// writable roots that it lists (never the user key), the owner secret, the bearer token, the
// version records and the clock (I2). Outside input, parsed in one place.
//
// Immutable after ParseProvision; any thread may read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/ledger/versions.h"
#include "src/policy/manifest.h"

namespace soteria::master {

inline constexpr size_t kProvisionBytesMax = size_t{16} << 20;
inline constexpr size_t kTakeoverBytesMax = 64;
inline constexpr size_t kTokenBytesMin = 32;
inline constexpr size_t kTokenBytesMax = 64;

struct Provisioned {
  crypto::Secret owner_secret = crypto::Secret::OfSize(32);
  crypto::Secret token = crypto::Secret::OfSize(32);
  crypto::Secret ledger_mac_key = crypto::Secret::OfSize(32);
  crypto::Secret takeover_key = crypto::Secret::OfSize(32);
  policy::Manifest manifest;
  std::map<std::string, crypto::Secret, std::less<>> keys;             // by 16-byte id
  std::map<std::string, ledger::VersionRecord, std::less<>> versions;  // by 16-byte id
  int64_t owner_time_ms = 0;
  base::Digest ledger_head{};
  std::string evidence;  // what this master answered, for the ledger's head
  std::string nonce;
  std::string exporter;
};

/// kProtocol for a malformed message, kManifest for a Manifest that doesn't parse or isn't the one
/// whose hash the challenge carried, kKey for a listed root without a key or a key that no rule of
/// the Manifest lists.
base::StatusOr<Provisioned> ParseProvision(std::string_view bytes, const base::Digest& policy_hash);

/// The proof of who wants to end the session of a master that is provisioned, of any size: anybody
/// may send one (docs/decisions/0020-taking-over.md). kProtocol for what isn't a Takeover message.
base::StatusOr<std::string> ParseTakeover(std::string_view bytes);

/// The 16 bytes of an id that the Manifest has as 32 hex digits.
base::StatusOr<std::string> RootId(const std::string& hex);

/// Time in the enclave: never earlier than the owner's at provisioning plus what has passed since.
class EnclaveClock {
 public:
  EnclaveClock(base::Clock& clock, int64_t owner_time_ms)
      : clock_(clock), owner_time_ms_(owner_time_ms), began_ms_(clock.MonotonicMs()) {}

  int64_t NowMs() const {
    const int64_t floor = owner_time_ms_ + (clock_.MonotonicMs() - began_ms_);
    const int64_t host = clock_.NowMs();
    return host > floor ? host : floor;
  }

 private:
  base::Clock& clock_;
  int64_t owner_time_ms_;
  int64_t began_ms_;
};

}  // namespace soteria::master
