#include "src/crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <utility>

#include "src/base/check.h"
#include "src/base/fields.h"
#include "src/crypto/openssl.h"

namespace soteria::crypto {
namespace {

constexpr size_t kSha256Bytes = 32;
constexpr size_t kSha512Bytes = 64;
constexpr size_t kHkdfBlocksMax = 255;

/// Looked up once: a lookup by name costs more than hashing a short input.
const EVP_MD* Algorithm256() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  CHECK(md != nullptr);
  return md;
}

void Hash(const EVP_MD* md, std::string_view bytes, unsigned char* out) {
  CHECK(EVP_Digest(bytes.data(), bytes.size(), out, nullptr, md, nullptr) == 1);
}

/// RFC 2104. An empty key is the same as 32 zeros.
void Hmac(std::string_view key, std::string_view message, uint8_t* out) {
  static constexpr std::array<char, kSha256Bytes> kZeros = {};
  if (key.empty()) key = {kZeros.data(), kZeros.size()};
  unsigned int size = 0;
  const auto* const data = reinterpret_cast<const unsigned char*>(message.data());
  CHECK(HMAC(Algorithm256(), key.data(), static_cast<int>(key.size()), data, message.size(), out,
             &size) != nullptr);
  CHECK(size == kSha256Bytes);
}

std::string_view Text(const std::array<uint8_t, kSha256Bytes>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

base::Digest Sha256(std::string_view bytes) {
  base::Digest digest;
  Hash(Algorithm256(), bytes, digest.data());
  return digest;
}

std::string Sha512(std::string_view bytes) {
  std::string out(kSha512Bytes, '\0');
  Hash(EVP_sha512(), bytes, reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

base::Digest HmacSha256(const Secret& key, std::string_view message) {
  base::Digest digest;
  Hmac(key.Expose(), message, digest.data());
  return digest;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Sha256Stream::State {
  MdCtxPtr context{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  CHECK(state_->context != nullptr);
  CHECK(EVP_DigestInit_ex2(state_->context.get(), Algorithm256(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::Update(std::string_view bytes) {
  CHECK(state_ != nullptr) << "finished";
  CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

base::Digest Sha256Stream::Finish() {
  CHECK(state_ != nullptr) << "finished";
  base::Digest digest;
  CHECK(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
  state_.reset();
  return digest;
}

Secret Hkdf(const Secret& ikm, std::string_view label, std::string_view context, size_t bytes) {
  base::FieldWriter info;
  info.Add(label).Add(context);
  Secret out = Secret::OfSize(bytes);
  HkdfSha256(ikm.Expose(), "", info.bytes(), out.MutableBytes());
  return out;
}

void HkdfSha256(std::string_view ikm, std::string_view salt, std::string_view info,
                std::span<uint8_t> out) {
  CHECK(out.size() <= kHkdfBlocksMax * kSha256Bytes);
  std::array<uint8_t, kSha256Bytes> prk;
  Hmac(salt, ikm, prk.data());
  std::array<uint8_t, kSha256Bytes> block;
  std::string message;
  message.reserve(block.size() + info.size() + 1);
  size_t done = 0;
  for (uint8_t number = 1; done < out.size(); ++number) {
    message = done == 0 ? std::string_view() : Text(block);
    message.append(info);
    message += static_cast<char>(number);
    Hmac(Text(prk), message, block.data());
    const size_t step = std::min(block.size(), out.size() - done);
    std::copy_n(block.begin(), step, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += step;
  }
  Wipe(message);
  OPENSSL_cleanse(block.data(), block.size());
  OPENSSL_cleanse(prk.data(), prk.size());
}

}  // namespace soteria::crypto
