#include "src/crypto/gcm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/aead.h"

namespace soteria::crypto {
namespace {

constexpr size_t kAes128Bytes = 16;
constexpr size_t kAes256Bytes = 32;

const EVP_CIPHER* CipherOf(size_t key_bytes) {
  static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  CHECK(aes128 != nullptr && aes256 != nullptr);
  return key_bytes == kAes128Bytes ? aes128 : aes256;
}

const unsigned char* Bytes(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

int Size(std::string_view view) {
  CHECK(view.size() <= kAeadBytesMax + kAeadTagBytes);
  return static_cast<int>(view.size());
}

}  // namespace

base::StatusOr<GcmContext> GcmContext::Make(const Secret& key, Direction direction) {
  if (key.size() != kAes128Bytes && key.size() != kAes256Bytes) {
    return base::Fail(base::kKey, base::Cat("an AES key of ", key.size(), " bytes"));
  }
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  const int sealing = direction == Direction::kSeal ? 1 : 0;
  if (context == nullptr ||
      EVP_CipherInit_ex2(context.get(), CipherOf(key.size()), Bytes(key.Expose()), nullptr, sealing,
                         nullptr) != 1) {
    return base::Fail(base::kInternal, base::Cat("AES-GCM: ", LastError()));
  }
  return GcmContext(std::move(context));
}

bool GcmContext::Seal(std::string_view nonce, std::string_view aad, std::string_view plain,
                      char* out) {
  CHECK(nonce.size() == kAeadNonceBytes);
  EVP_CIPHER_CTX* const context = context_.get();
  auto* const target = reinterpret_cast<unsigned char*>(out);
  int size = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, Bytes(nonce)) == 1 &&
         (aad.empty() || EVP_EncryptUpdate(context, nullptr, &size, Bytes(aad), Size(aad)) == 1) &&
         (plain.empty() ||
          EVP_EncryptUpdate(context, target, &size, Bytes(plain), Size(plain)) == 1) &&
         EVP_EncryptFinal_ex(context, target + plain.size(), &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kAeadTagBytes),
                             target + plain.size()) == 1;
}

bool GcmContext::Open(std::string_view nonce, std::string_view aad, std::string_view sealed,
                      char* out) {
  CHECK(nonce.size() == kAeadNonceBytes && sealed.size() >= kAeadTagBytes);
  EVP_CIPHER_CTX* const context = context_.get();
  auto* const target = reinterpret_cast<unsigned char*>(out);
  const std::string_view body = sealed.substr(0, sealed.size() - kAeadTagBytes);
  auto* const tag = const_cast<unsigned char*>(Bytes(sealed) + body.size());  // only read
  int size = 0;
  const bool authentic =
      EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, Bytes(nonce)) == 1 &&
      (aad.empty() || EVP_DecryptUpdate(context, nullptr, &size, Bytes(aad), Size(aad)) == 1) &&
      (body.empty() || EVP_DecryptUpdate(context, target, &size, Bytes(body), Size(body)) == 1) &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kAeadTagBytes), tag) ==
          1 &&
      EVP_DecryptFinal_ex(context, target + body.size(), &size) == 1;
  if (!authentic && !body.empty()) OPENSSL_cleanse(target, body.size());
  return authentic;
}

GcmPool::Lease GcmPool::Borrow() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<GcmContext> context = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(context));
    }
  }
  base::StatusOr<GcmContext> made = GcmContext::Make(key_, direction_);
  CHECK(made.ok());
  return Lease(*this, std::make_unique<GcmContext>(*std::move(made)));
}

GcmPool::Lease::~Lease() {
  const std::lock_guard<std::mutex> lock(pool_.mutex_);
  pool_.idle_.push_back(std::move(context_));
}

}  // namespace soteria::crypto
