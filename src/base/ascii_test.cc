#include "src/base/ascii.h"

#include <gtest/gtest.h>

#include <clocale>
#include <string>

#include "src/base/bytes.h"

namespace soteria::base {
namespace {

// All 256 bytes, in a locale of its own too: only A-Z and a-z change.
TEST(Ascii, CaseOfLettersAndOfNothingElse) {
  for (const char* locale : {"C", "C.UTF-8"}) {
    std::setlocale(LC_ALL, locale);
    for (int i = 0; i < 256; ++i) {
      const std::string text(1, static_cast<char>(i));
      EXPECT_EQ(Lower(text)[0], i >= 65 && i <= 90 ? static_cast<char>(i + 32) : text[0]) << i;
      EXPECT_EQ(Upper(text)[0], i >= 97 && i <= 122 ? static_cast<char>(i - 32) : text[0]) << i;
    }
  }
  std::setlocale(LC_ALL, "C");
  EXPECT_EQ(Lower("Age_2 \xC3\x84"), "age_2 \xC3\x84");
  EXPECT_EQ(Upper("Age_2 \xC3\xA4"), "AGE_2 \xC3\xA4");
}

TEST(Ascii, EqualIgnoringCase) {
  EXPECT_TRUE(EqualIgnoringCase("Age", "aGE"));
  EXPECT_TRUE(EqualIgnoringCase("", ""));
  EXPECT_FALSE(EqualIgnoringCase("age", "ages"));
  EXPECT_FALSE(EqualIgnoringCase("a[", "a{"));  // as far apart as 'A' and 'a'
  EXPECT_FALSE(EqualIgnoringCase("\xC3\x84", "\xC3\xA4"));
}

TEST(Ascii, Kinds) {
  std::string digits;
  std::string letters;
  std::string spaces;
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    if (IsDigit(c)) digits += c;
    if (IsLetter(c)) letters += c;
    if (IsSpace(c)) spaces += c;
    EXPECT_EQ(IsAlphanumeric(c), IsDigit(c) || IsLetter(c)) << i;
    EXPECT_EQ(IsLowerLetter(c), IsLetter(c) && Lower({&c, 1})[0] == c) << i;
  }
  EXPECT_EQ(digits, "0123456789");
  EXPECT_EQ(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(spaces, "\t\n\r ");
}

TEST(Ascii, HexOfBytes) {
  std::string out = "0x";
  AppendHex(std::string_view("\x00\x9f\xff", 3), out);
  EXPECT_EQ(out, "0x009fff");
  EXPECT_TRUE(IsHex("", 0));
  EXPECT_TRUE(IsHex("09af", 4));
  for (const char* text : {"09a", "09aff", "09aF", "09ag", "09a ", "09a/", "09a:", "09a`"}) {
    EXPECT_FALSE(IsHex(text, 4)) << text;
  }
}

}  // namespace
}  // namespace soteria::base
