#include "src/crypto/identity.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/openssl.h"

namespace soteria::crypto {
namespace {

constexpr std::string_view kCurve = "prime256v1";
constexpr size_t kGroupNameBytesMax = 64;

const unsigned char* Bytes(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

bool IsP256(const EVP_PKEY* key) {
  char group[kGroupNameBytesMax] = {};
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
         std::string_view(group, size) == kCurve;
}

std::string PublicDer(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  CHECK(size > 0);
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

/// The key, or nullptr unless `der` is its one canonical encoding.
PkeyPtr ParsePublic(std::string_view der) {
  if (der.size() > kPublicKeyDerBytesMax) return nullptr;
  const unsigned char* at = Bytes(der);
  PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (key == nullptr || !IsP256(key.get())) return nullptr;
  // A parsed key remembers how its point was written, and would be written so again.
  const int uncompressed = EVP_PKEY_set_utf8_string_param(
      key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
  if (uncompressed != 1 || PublicDer(key.get()) != der) return nullptr;
  return key;
}

}  // namespace

struct IdentityKey::State {
  PkeyPtr key;
};

IdentityKey::IdentityKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
IdentityKey::IdentityKey(IdentityKey&&) noexcept = default;
IdentityKey& IdentityKey::operator=(IdentityKey&&) noexcept = default;
IdentityKey::~IdentityKey() = default;

base::StatusOr<IdentityKey> IdentityKey::Generate() {
  SOTERIA_ASSIGN_OR_RETURN(PkeyPtr key, GenerateP256());
  return IdentityKey(std::make_unique<State>(State{std::move(key)}));
}

base::StatusOr<IdentityKey> IdentityKey::FromPem(std::string_view pem) {
  const auto refused = [] { return base::Fail(base::kKey, "not a P-256 private key in PEM"); };
  if (pem.empty() || pem.size() > kPemBytesMax) return refused();
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // A passphrase callback that has none: never ask on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  PkeyPtr key(bio == nullptr ? nullptr
                             : PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  LastError();  // nothing of the key's text stays queued
  if (key == nullptr || !IsP256(key.get())) return refused();
  return IdentityKey(std::make_unique<State>(State{std::move(key)}));
}

base::StatusOr<std::string> IdentityKey::ToPem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), state_->key.get(), nullptr,
                                                      nullptr, 0, nullptr, nullptr) != 1) {
    return base::Fail(base::kInternal, base::Cat("writing a private key: ", LastError()));
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string IdentityKey::public_der() const { return PublicDer(state_->key.get()); }

base::StatusOr<std::string> IdentityKey::Sign(std::string_view message) const {
  const MdCtxPtr context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytesMax, '\0');
  size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(message), message.size()) != 1) {
    return base::Fail(base::kInternal, base::Cat("signing: ", LastError()));
  }
  signature.resize(size);
  return signature;
}

bool IsPublicKey(std::string_view public_der) {
  const bool is_key = ParsePublic(public_der) != nullptr;
  LastError();
  return is_key;
}

base::Status VerifySignature(std::string_view public_der, std::string_view message,
                             std::string_view signature) {
  const PkeyPtr key = ParsePublic(public_der);
  const MdCtxPtr context(EVP_MD_CTX_new());
  const bool valid =
      key != nullptr && context != nullptr && signature.size() <= kSignatureBytesMax &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                       message.size()) == 1;
  if (valid) return base::OkStatus();
  LastError();
  return base::Fail(base::kIntegrity,
                    key == nullptr ? "not a P-256 public key" : "a signature doesn't verify");
}

base::Status SystemRandom::Fill(std::span<uint8_t> out) {
  constexpr size_t kStep = std::numeric_limits<int>::max();
  while (!out.empty()) {
    const size_t step = std::min(out.size(), kStep);
    if (RAND_bytes(out.data(), static_cast<int>(step)) != 1) {
      return base::Fail(base::kInternal, base::Cat("random numbers: ", LastError()));
    }
    out = out.subspan(step);
  }
  return base::OkStatus();
}

base::Random& OsRandom() {
  static SystemRandom random;
  return random;
}

}  // namespace soteria::crypto
