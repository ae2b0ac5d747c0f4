// Counts what one key has sealed: the source of its nonces and the guard of its limits.
//
// Invariant: no number is given out twice, by whatever threads, since the counter can be neither
// copied, moved nor set back; at the limits it refuses, for ever.
#pragma once

#include <cstdint>
#include <mutex>

#include "src/base/status.h"

namespace soteria::crypto {

class NonceCounter {
 public:
  /// Starts behind what was sealed already: 0 and 0, except in tests of the limits.
  NonceCounter(uint64_t messages, uint64_t bytes) : messages_(messages), bytes_(bytes) {}
  NonceCounter(const NonceCounter&) = delete;
  NonceCounter& operator=(const NonceCounter&) = delete;

  /// A number for a message of that many bytes; kCipherLimit when the key is used up.
  base::StatusOr<uint64_t> Next(uint64_t bytes);

 private:
  std::mutex mutex_;
  uint64_t messages_;
  uint64_t bytes_;
};

}  // namespace soteria::crypto
