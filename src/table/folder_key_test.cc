#include "src/table/folder_key.h"

#include <gtest/gtest.h>

#include "src/table/valid_text.h"

namespace soteria::table {
namespace {

TEST(FolderKey, NamesAreSparks) {
  EXPECT_EQ(FolderKeyName("a=b", "x/y: 50%"), "a%3Db=x%2Fy%3A 50%25");
  EXPECT_EQ(FolderKeyName("k", "\u00e9"), "k=\u00e9") << "only ASCII is escaped";
  EXPECT_EQ(FolderKeyName("k", std::nullopt), "k=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(FolderKeyName("k", ""), "k=__HIVE_DEFAULT_PARTITION__");
}

TEST(FolderKey, UnescapesToCharacters) {
  EXPECT_EQ(UnescapedFolderKey("x%2Fy%3a 50%25"), "x/y: 50%");
  EXPECT_EQ(UnescapedFolderKey("caf%E9"), "caf\u00e9");
  EXPECT_EQ(UnescapedFolderKey("%80%ff%7F"), "\u0080\u00ff\x7F");
  // What was bytes of UTF-8 to others is a character each to Spark.
  EXPECT_EQ(UnescapedFolderKey("%C3%A9"), "\u00c3\u00a9");
  EXPECT_EQ(UnescapedFolderKey("\u00e9"), "\u00e9");
  EXPECT_EQ(UnescapedFolderKey("5%"), "5%");
  EXPECT_EQ(UnescapedFolderKey("5%2"), "5%2");
  EXPECT_EQ(UnescapedFolderKey("%zz%4g%%41"), "%zz%4g%A");
}

TEST(FolderKey, AnyCodeMakesText) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (int code = 0; code < 256; ++code) {
    const std::string name = {'a', '%', kHex[code / 16], kHex[code % 16]};
    const std::string text = UnescapedFolderKey(name);
    EXPECT_EQ(ValidText(text), text) << name;
  }
}

}  // namespace
}  // namespace soteria::table
