#include "src/base/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::base {
namespace {

TEST(Hex, BothWays) {
  const std::string bytes("\x00\x7f\x80\xff", 4);
  EXPECT_EQ(Hex(bytes), "007f80ff");
  EXPECT_EQ(*FromHex("007f80ff"), bytes);
  EXPECT_EQ(*FromHex(""), "");
}

TEST(Hex, RefusesOtherText) {
  for (const char* text : {"0", "0g", "AB", "0x", " 0", "00 ", "abc"}) {
    EXPECT_TRUE(Is(FromHex(text).status(), kInput)) << text;
  }
}

// RFC 4648 section 10.
TEST(Base64, Rfc4648Vectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(Base64(plain), text);
    EXPECT_EQ(*FromBase64(text), plain);
  }
}

TEST(Base64, AllBytesBothWays) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (size_t cut = 0; cut < 4; ++cut) {
    EXPECT_EQ(*FromBase64(Base64(bytes.substr(cut))), bytes.substr(cut));
  }
}

TEST(Base64, RefusesOtherText) {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Z m9", "Zm-v",
                           "Zm9v\n", "=m9v"}) {
    EXPECT_TRUE(Is(FromBase64(text).status(), kInput)) << text;
  }
}

TEST(Digest, HasThirtyTwoBytes) {
  const std::string bytes(32, 'd');
  EXPECT_EQ(View(*ToDigest(bytes)), bytes);
  EXPECT_TRUE(Is(ToDigest(bytes.substr(1)).status(), kProtocol));
  EXPECT_TRUE(Is(ToDigest(bytes + "d").status(), kProtocol));
}

TEST(LittleEndian, BothWays) {
  char at[8];
  PutLe32(0x01020384U, at);
  EXPECT_EQ(Hex({at, 4}), "84030201");
  EXPECT_EQ(GetLe32(at), 0x01020384U);
  PutLe64(0x0102030405060788U, at);
  EXPECT_EQ(Hex({at, 8}), "8807060504030201");
  EXPECT_EQ(GetLe64(at), 0x0102030405060788U);
  PutLe64(std::numeric_limits<uint64_t>::max(), at);
  EXPECT_EQ(GetLe64(at), std::numeric_limits<uint64_t>::max());
}

TEST(Cat, JoinsPiecesOfEveryType) {
  EXPECT_EQ(Cat(), "");
  EXPECT_EQ(Cat("a", std::string("b"), std::string_view("c"), 'd', true, false), "abcdtruefalse");
  EXPECT_EQ(Cat(-1, " ", uint8_t{255}, " ", std::numeric_limits<int64_t>::min(), " ",
                std::numeric_limits<uint64_t>::max()),
            "-1 255 -9223372036854775808 18446744073709551615");
  EXPECT_EQ(Cat(0.1, " ", 1.0, " ", 1.5f), "0.10000000000000001 1 1.5");
  EXPECT_EQ(Cat(absl::string_view("view")), "view");
}

}  // namespace
}  // namespace soteria::base
