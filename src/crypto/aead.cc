#include "src/crypto/aead.h"

#include <array>
#include <span>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/gcm.h"

namespace soteria::crypto {
namespace {

base::Status Refused() {
  return base::Fail(base::kIntegrity, "a sealed value doesn't authenticate");
}

base::Status CheckSizes(std::string_view nonce, std::string_view aad, size_t plain_bytes) {
  if (nonce.size() != kAeadNonceBytes) {
    return base::Fail(base::kKey, base::Cat("a nonce of ", nonce.size(), " bytes"));
  }
  if (plain_bytes > kAeadBytesMax || aad.size() > kAeadBytesMax) {
    return base::Fail(base::kCipherLimit, "too many bytes for one AES-GCM call");
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::string> AeadSeal(const Secret& key, std::string_view nonce,
                                     std::string_view aad, std::string_view plain) {
  SOTERIA_RETURN_IF_ERROR(CheckSizes(nonce, aad, plain.size()));
  SOTERIA_ASSIGN_OR_RETURN(GcmContext context, GcmContext::Make(key, Direction::kSeal));
  std::string out(plain.size() + kAeadTagBytes, '\0');
  if (!context.Seal(nonce, aad, plain, out.data())) {
    return base::Fail(base::kInternal, base::Cat("AES-GCM: ", LastError()));
  }
  return out;
}

base::StatusOr<std::string> AeadOpen(const Secret& key, std::string_view nonce,
                                     std::string_view aad, std::string_view sealed) {
  if (sealed.size() < kAeadTagBytes) return Refused();
  SOTERIA_RETURN_IF_ERROR(CheckSizes(nonce, aad, sealed.size() - kAeadTagBytes));
  SOTERIA_ASSIGN_OR_RETURN(GcmContext context, GcmContext::Make(key, Direction::kOpen));
  std::string out(sealed.size() - kAeadTagBytes, '\0');
  if (!context.Open(nonce, aad, sealed, out.data())) return Refused();
  return out;
}

base::StatusOr<std::string> WrapSecret(const Secret& kek, const Secret& key, std::string_view aad,
                                       base::Random& random) {
  std::array<uint8_t, kAeadNonceBytes> bytes;
  SOTERIA_RETURN_IF_ERROR(random.Fill(bytes));
  std::string out(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  SOTERIA_ASSIGN_OR_RETURN(const std::string sealed, AeadSeal(kek, out, aad, key.Expose()));
  out += sealed;
  return out;
}

base::StatusOr<Secret> UnwrapSecret(const Secret& kek, std::string_view wrapped,
                                    std::string_view aad) {
  constexpr size_t kOverhead = kAeadNonceBytes + kAeadTagBytes;
  if (wrapped.size() <= kOverhead || wrapped.size() > kOverhead + kSecretBytesMax) return Refused();
  SOTERIA_RETURN_IF_ERROR(CheckSizes(wrapped.substr(0, kAeadNonceBytes), aad, 0));
  SOTERIA_ASSIGN_OR_RETURN(GcmContext context, GcmContext::Make(kek, Direction::kOpen));
  Secret key = Secret::OfSize(wrapped.size() - kOverhead);
  if (!context.Open(wrapped.substr(0, kAeadNonceBytes), aad, wrapped.substr(kAeadNonceBytes),
                    reinterpret_cast<char*>(key.MutableBytes().data()))) {
    return Refused();
  }
  return key;
}

}  // namespace soteria::crypto
