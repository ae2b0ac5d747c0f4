#include "src/crypto/nonce_counter.h"

#include "src/base/errors.h"
#include "src/crypto/envelope.h"

namespace soteria::crypto {

base::StatusOr<uint64_t> NonceCounter::Next(uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (messages_ >= kSealerMessagesMax) {
    return base::Fail(base::kCipherLimit, "a sealing key has made all the messages it may");
  }
  if (bytes_ > kSealerBytesMax || bytes > kSealerBytesMax - bytes_) {
    return base::Fail(base::kCipherLimit, "a sealing key has sealed all the bytes it may");
  }
  bytes_ += bytes;
  return messages_++;
}

}  // namespace soteria::crypto
