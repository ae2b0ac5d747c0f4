#include "src/crypto/block_cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "src/crypto/openssl.h"

namespace soteria::crypto {
namespace {

CipherPtr CipherOf(BlockMode mode, size_t key_bytes) {
  const std::string name = "AES-" + std::to_string(8 * key_bytes) +
                           (mode == BlockMode::kEcb   ? "-ECB"
                            : mode == BlockMode::kCbc ? "-CBC"
                                                      : "-GCM");
  return CipherPtr(EVP_CIPHER_fetch(nullptr, name.c_str(), nullptr));
}

const unsigned char* Bytes(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

bool Update(EVP_CIPHER_CTX* context, std::string_view input, unsigned char* out, int* size) {
  *size = 0;
  return input.empty() ||
         EVP_CipherUpdate(context, out, size, Bytes(input), static_cast<int>(input.size())) == 1;
}

/// Decrypting, `tag` is what the text has to have.
std::optional<std::string> Run(BlockMode mode, std::string_view key, std::string_view iv,
                               std::string_view aad, std::string_view input, bool encrypts,
                               std::string_view tag) {
  if (input.size() > kBlockInputBytesMax || aad.size() > kBlockInputBytesMax) return std::nullopt;
  const CipherPtr cipher = CipherOf(mode, key.size());
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (cipher == nullptr || context == nullptr) return std::nullopt;
  if (EVP_CipherInit_ex2(context.get(), cipher.get(), Bytes(key), iv.empty() ? nullptr : Bytes(iv),
                         encrypts ? 1 : 0, nullptr) != 1) {
    return std::nullopt;
  }
  const bool gcm = mode == BlockMode::kGcm;
  std::string out(input.size() + kBlockIvBytes, '\0');
  auto* const target = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  int rest = 0;
  auto* const wanted = const_cast<unsigned char*>(Bytes(tag));  // only read
  bool good = aad.empty() || Update(context.get(), aad, nullptr, &size);
  good = good && Update(context.get(), input, target, &size);
  if (gcm && !encrypts) {
    good = good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG,
                                       static_cast<int>(kGcmTagBytes), wanted) == 1;
  }
  good = good && EVP_CipherFinal_ex(context.get(), target + size, &rest) == 1;
  if (gcm && encrypts) {
    good = good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG,
                                       static_cast<int>(kGcmTagBytes), target + size + rest) == 1;
    rest += static_cast<int>(kGcmTagBytes);
  }
  if (!good) {
    LastError();  // empties the queue
    OPENSSL_cleanse(out.data(), out.size());
    return std::nullopt;
  }
  out.resize(static_cast<size_t>(size) + static_cast<size_t>(rest));
  return out;
}

}  // namespace

bool IsAesKeySize(size_t bytes) { return bytes == 16 || bytes == 24 || bytes == 32; }

std::optional<std::string> AesEncrypt(BlockMode mode, std::string_view key, std::string_view iv,
                                      std::string_view aad, std::string_view text) {
  return Run(mode, key, iv, aad, text, true, {});
}

std::optional<std::string> AesDecrypt(BlockMode mode, std::string_view key, std::string_view iv,
                                      std::string_view aad, std::string_view sealed) {
  if (mode != BlockMode::kGcm) return Run(mode, key, iv, aad, sealed, false, {});
  if (sealed.size() < kGcmTagBytes) return std::nullopt;
  const size_t body = sealed.size() - kGcmTagBytes;
  return Run(mode, key, iv, aad, sealed.substr(0, body), false, sealed.substr(body));
}

}  // namespace soteria::crypto
