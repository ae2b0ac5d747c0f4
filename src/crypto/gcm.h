// AES-GCM contexts that keep their key schedule, for aead.cc and envelope.cc only.
//
// A GcmContext is for one direction and one thread at a time; a GcmPool hands them out to threads
// and keeps as many as were ever in use together. Callers see to it that no nonce comes twice.
// OpenSSL wipes the schedule when a context is freed.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/crypto/openssl.h"
#include "src/crypto/secret.h"

namespace soteria::crypto {

enum class Direction { kSeal, kOpen };

class GcmContext {
 public:
  /// kKey unless the key has 16 or 32 bytes.
  static base::StatusOr<GcmContext> Make(const Secret& key, Direction direction);
  /// Writes plain.size() + 16 bytes. False only when OpenSSL fails.
  bool Seal(std::string_view nonce, std::string_view aad, std::string_view plain, char* out);
  /// Writes sealed.size() - 16 bytes. False when it does not authenticate; then `out` holds zeros.
  bool Open(std::string_view nonce, std::string_view aad, std::string_view sealed, char* out);

 private:
  explicit GcmContext(CipherCtxPtr context) : context_(std::move(context)) {}
  CipherCtxPtr context_;
};

class GcmPool {
 public:
  /// The key must have 32 bytes.
  GcmPool(Secret key, Direction direction) : key_(std::move(key)), direction_(direction) {}

  /// A context for the calling thread, given back at the end of its scope.
  class Lease {
   public:
    Lease(GcmPool& pool, std::unique_ptr<GcmContext> context)
        : pool_(pool), context_(std::move(context)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    GcmContext& operator*() const { return *context_; }
    GcmContext* operator->() const { return context_.get(); }

   private:
    GcmPool& pool_;
    std::unique_ptr<GcmContext> context_;
  };
  Lease Borrow();

 private:
  const Secret key_;
  const Direction direction_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<GcmContext>> idle_;
};

}  // namespace soteria::crypto
