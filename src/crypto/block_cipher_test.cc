#include "src/crypto/block_cipher.h"

#include <gtest/gtest.h>

#include "src/base/bytes.h"

namespace soteria::crypto {
namespace {

constexpr std::string_view kKey = "0000111122223333";
const std::string_view kIv("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16);

// What Spark's aes_encrypt gives.
TEST(BlockCipher, EncryptsAsSpark) {
  EXPECT_EQ(base::Hex(AesEncrypt(BlockMode::kEcb, kKey, "", "", "Spark").value()),
            "348ff37ebde05b7880ba339068fbda5e");
  EXPECT_EQ(base::Hex(AesEncrypt(BlockMode::kCbc, kKey, kIv, "", "Spark").value()),
            "ad704f39b616d1f906f50c2fb996a44d");
  EXPECT_EQ(base::Hex(AesEncrypt(BlockMode::kGcm, kKey, kIv.substr(0, 12), "aad", "Spark").value()),
            "ecd027f33f35522f9f104d690fdc084ef86324a483");
}

TEST(BlockCipher, DecryptsWhatItEncryptedOnly) {
  for (const BlockMode mode : {BlockMode::kEcb, BlockMode::kCbc, BlockMode::kGcm}) {
    const std::string_view iv = mode == BlockMode::kEcb   ? std::string_view()
                                : mode == BlockMode::kCbc ? kIv
                                                          : kIv.substr(0, 12);
    for (const std::string_view text :
         {"", "Spark", "sixteen bytes ok", "more than one block of it"}) {
      const std::string sealed = AesEncrypt(mode, kKey, iv, "", text).value();
      EXPECT_EQ(AesDecrypt(mode, kKey, iv, "", sealed), text);
      EXPECT_FALSE(AesDecrypt(mode, kKey, iv, "", sealed.substr(1)).has_value());
    }
  }
  EXPECT_FALSE(IsAesKeySize(17));
}

}  // namespace
}  // namespace soteria::crypto
