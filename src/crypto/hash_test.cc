#include "src/crypto/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"

namespace soteria::crypto {
namespace {

std::string Bytes(std::string_view hex) { return *base::FromHex(hex); }

std::string HexOf(const base::Digest& digest) { return base::Hex(base::View(digest)); }

/// first, first + 1, ..., last.
std::string Sequence(int first, int last) {
  std::string bytes;
  for (int i = first; i <= last; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// FIPS 180-4, the examples of NIST.
TEST(Sha2, NistExamples) {
  EXPECT_EQ(HexOf(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexOf(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexOf(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(base::Hex(Sha512("abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Sha2, StreamIsTheSame) {
  const std::string bytes(100'000, 'x');
  Sha256Stream stream;
  for (size_t at = 0, step = 1; at < bytes.size(); at += step, step = step * 2 + 1) {
    stream.Update(std::string_view(bytes).substr(at, step));
  }
  EXPECT_EQ(stream.Finish(), Sha256(bytes));
  EXPECT_EQ(Sha256Stream().Finish(), Sha256(""));
}

TEST(Sha2DeathTest, StreamFinishesOnce) {
  Sha256Stream stream;
  stream.Finish();
  EXPECT_DEATH(stream.Finish(), "finished");
  EXPECT_DEATH(stream.Update("x"), "finished");
}

// RFC 4231 section 4, the cases whose keys are secrets of our sizes.
TEST(Hmac, Rfc4231) {
  const auto mac = [](std::string key, const std::string& message) {
    return HexOf(HmacSha256(Secret::Adopt(std::move(key)), message));
  };
  EXPECT_EQ(mac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(mac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(mac(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(mac(Sequence(1, 25), std::string(50, '\xcd')),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

std::string Okm(const std::string& ikm, const std::string& salt, const std::string& info,
                size_t size) {
  std::vector<uint8_t> out(size);
  HkdfSha256(ikm, salt, info, out);
  return base::Hex({reinterpret_cast<const char*>(out.data()), out.size()});
}

// RFC 5869 appendix A.1 to A.3 (salts shorter than, longer than a block, and empty).
TEST(Hkdf, Rfc5869) {
  EXPECT_EQ(Okm(std::string(22, '\x0b'), Sequence(0, 12), Sequence(0xf0, 0xf9), 42),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(Okm(Sequence(0, 0x4f), Sequence(0x60, 0xaf), Sequence(0xb0, 0xff), 82),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(Okm(std::string(22, '\x0b'), "", "", 42),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, LongestOutput) {
  const std::string longest = Okm("ikm", "salt", "info", 255 * 32);
  EXPECT_EQ(longest.substr(0, 84), Okm("ikm", "salt", "info", 42));
}

TEST(HkdfDeathTest, OutputIsBounded) {
  EXPECT_DEATH(Okm("ikm", "salt", "info", 255 * 32 + 1), "CHECK failed");
}

// The info is the fields (label, context), so that no two pairs give one key.
TEST(Hkdf, InfoIsFieldsOfLabelAndContext) {
  const std::string ikm = Sequence(0, 31);
  const Secret root = Secret::Adopt(std::string(ikm));
  const Secret key = Hkdf(root, "send", "ctx", 32);
  const std::string info = Bytes(
      "0400000000000000"
      "73656e64"
      "0300000000000000"
      "637478");
  EXPECT_EQ(base::Hex(key.Expose()), Okm(ikm, "", info, 32));
  EXPECT_NE(Hkdf(root, "sendc", "tx", 32).Expose(), key.Expose());
  EXPECT_NE(Hkdf(root, "sendctx", "", 32).Expose(), key.Expose());
  EXPECT_EQ(Hkdf(root, "send", "ctx", 16).Expose(), key.Expose().substr(0, 16));
}

TEST(ConstantTimeEqual, ComparesSizeAndBytes) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "ab"));
  EXPECT_FALSE(ConstantTimeEqual("", "a"));
}

}  // namespace
}  // namespace soteria::crypto
