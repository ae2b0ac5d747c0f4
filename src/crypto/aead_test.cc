#include "src/crypto/aead.h"

#include <gtest/gtest.h>

#include <string>

#include "src/base/bytes.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"

namespace soteria::crypto {
namespace {

std::string Bytes(std::string_view hex) { return *base::FromHex(hex); }

struct Vector {
  const char* name;
  std::string key, nonce, aad, plain, sealed;
};

constexpr char kPlain[] =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
constexpr char kKey128[] = "feffe9928665731c6d6a8f9467308308";
constexpr char kAad[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
constexpr char kNonce[] = "cafebabefacedbaddecaf888";
constexpr char kCipher128[] =
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985";
constexpr char kCipher256[] =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";

// The test cases of the GCM specification that SP 800-38D adopts (McGrew and Viega, appendix B),
// those with 96-bit nonces and keys of 128 and 256 bits.
std::vector<Vector> Vectors() {
  const std::string zeros(64, '0');
  const std::string key256 = std::string(kKey128) + kKey128;
  const auto cut = [](const char* hex) { return std::string(hex).substr(0, 120); };
  return {
      {"1", zeros.substr(0, 32), zeros.substr(0, 24), "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
      {"2", zeros.substr(0, 32), zeros.substr(0, 24), "", zeros.substr(0, 32),
       "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
      {"3", kKey128, kNonce, "", kPlain,
       std::string(kCipher128) + "4d5c2af327cd64a62cf35abd2ba6fab4"},
      {"4", kKey128, kNonce, kAad, cut(kPlain),
       cut(kCipher128) + "5bc94fbc3221a5db94fae95ae7121a47"},
      {"13", zeros, zeros.substr(0, 24), "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {"14", zeros, zeros.substr(0, 24), "", zeros.substr(0, 32),
       "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
      {"15", key256, kNonce, "", kPlain,
       std::string(kCipher256) + "b094dac5d93471bdec1a502270e3cc6c"},
      {"16", key256, kNonce, kAad, cut(kPlain),
       cut(kCipher256) + "76fc6ece0f4e1768cddf8853bb2d551b"},
  };
}

TEST(Aead, GcmSpecificationVectors) {
  for (const Vector& v : Vectors()) {
    const Secret key = Secret::Adopt(Bytes(v.key));
    const auto sealed = AeadSeal(key, Bytes(v.nonce), Bytes(v.aad), Bytes(v.plain));
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(base::Hex(*sealed), v.sealed) << v.name;
    const auto opened = AeadOpen(key, Bytes(v.nonce), Bytes(v.aad), Bytes(v.sealed));
    ASSERT_TRUE(opened.ok()) << v.name;
    EXPECT_EQ(base::Hex(*opened), v.plain) << v.name;
  }
}

class AeadRefusal : public testing::Test {
 protected:
  void Refused(const std::string& nonce, const std::string& aad, const std::string& sealed) const {
    EXPECT_TRUE(base::Is(AeadOpen(key_, nonce, aad, sealed).status(), base::kIntegrity));
  }
  const Secret key_ = Secret::Adopt(std::string(32, 'k'));
  const std::string nonce_ = std::string(12, 'n');
  const std::string sealed_ = *AeadSeal(key_, nonce_, "aad", "plaintext");
};

TEST_F(AeadRefusal, EveryBitCounts) {
  ASSERT_TRUE(AeadOpen(key_, nonce_, "aad", sealed_).ok());
  for (size_t i = 0; i < sealed_.size() * 8; ++i) {
    std::string changed = sealed_;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    Refused(nonce_, "aad", changed);
  }
}

TEST_F(AeadRefusal, OtherSizeNonceAadOrKey) {
  for (size_t size = 0; size < sealed_.size(); ++size)
    Refused(nonce_, "aad", sealed_.substr(0, size));
  Refused(nonce_, "aad", sealed_ + '\0');
  Refused(std::string(12, 'm'), "aad", sealed_);
  Refused(nonce_, "aae", sealed_);
  Refused(nonce_, "", sealed_);
  const Secret other = Secret::Adopt(std::string(32, 'l'));
  EXPECT_TRUE(base::Is(AeadOpen(other, nonce_, "aad", sealed_).status(), base::kIntegrity));
  const Secret half = Secret::Adopt(std::string(16, 'k'));
  EXPECT_TRUE(base::Is(AeadOpen(half, nonce_, "aad", sealed_).status(), base::kIntegrity));
}

TEST_F(AeadRefusal, KeysAndNoncesHaveTheirSizes) {
  for (const size_t size : {1U, 15U, 17U, 24U, 31U, 33U, 64U}) {
    const Secret key = Secret::Adopt(std::string(size, 'k'));
    EXPECT_TRUE(base::Is(AeadSeal(key, nonce_, "", "p").status(), base::kKey)) << size;
    EXPECT_TRUE(base::Is(AeadOpen(key, nonce_, "", sealed_).status(), base::kKey)) << size;
  }
  for (const size_t size : {0U, 11U, 13U, 16U}) {
    EXPECT_TRUE(base::Is(AeadSeal(key_, std::string(size, 'n'), "", "p").status(), base::kKey));
    EXPECT_TRUE(base::Is(AeadOpen(key_, std::string(size, 'n'), "", sealed_).status(), base::kKey));
  }
}

TEST(Wrap, BothWays) {
  base::RandomForTest random(1);
  const Secret kek = Secret::Adopt(std::string(16, 'w'));
  const Secret key = Secret::Adopt(std::string(16, 'd'));
  const auto wrapped = WrapSecret(kek, key, "file 7", random);
  ASSERT_TRUE(wrapped.ok());
  EXPECT_EQ(wrapped->size(), 12U + 16U + 16U);
  EXPECT_EQ(UnwrapSecret(kek, *wrapped, "file 7")->Expose(), key.Expose());
  // Wrapped again it has another nonce.
  EXPECT_NE(wrapped->substr(0, 12), WrapSecret(kek, key, "file 7", random)->substr(0, 12));
}

TEST(Wrap, Refusals) {
  base::RandomForTest random(1);
  const Secret kek = Secret::Adopt(std::string(16, 'w'));
  const Secret other = Secret::Adopt(std::string(16, 'x'));
  const std::string wrapped = *WrapSecret(kek, Secret::Adopt(std::string(16, 'd')), "aad", random);
  const auto refused = [](const base::StatusOr<Secret>& result) {
    return base::Is(result.status(), base::kIntegrity);
  };
  EXPECT_TRUE(refused(UnwrapSecret(kek, wrapped, "aae")));
  EXPECT_TRUE(refused(UnwrapSecret(other, wrapped, "aad")));
  for (size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_TRUE(refused(UnwrapSecret(kek, wrapped.substr(0, size), "aad"))) << size;
    std::string changed = wrapped;
    changed[size] = static_cast<char>(changed[size] ^ 1);
    EXPECT_TRUE(refused(UnwrapSecret(kek, changed, "aad"))) << size;
  }
  EXPECT_TRUE(refused(UnwrapSecret(kek, std::string(1 << 20, 'x'), "aad")));
}

}  // namespace
}  // namespace soteria::crypto
