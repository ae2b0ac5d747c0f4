#include "src/table/valid_text.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/table/cut_short.h"
#include "src/table/ipc.h"
#include "src/table/table_for_test.h"

namespace soteria::table {
namespace {

std::shared_ptr<arrow::Table> Words(const std::vector<std::string>& words) {
  arrow::StringBuilder builder;
  for (const std::string& word : words) EXPECT_TRUE(builder.Append(word).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("w", arrow::utf8())}),
                            {builder.Finish().ValueOrDie()});
}

// new String(bytes, UTF_8) of OpenJDK 17.
TEST(ValidText, ReplacesAsJavaDoes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"caf\xC3\xA9", "caf\xC3\xA9"},
      {"caf\xE9", "caf\uFFFD"},
      {"\xE9"
       "ab",
       "\uFFFD"
       "ab"},
      {"\xE2\x82", "\uFFFD"},
      {"\xE2\x82z", "\uFFFDz"},
      {"\x80\x80", "\uFFFD\uFFFD"},
      {"\xC0\xAF", "\uFFFD\uFFFD"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xF0\x9F\x98", "\uFFFD"},
      {"\xF5\x80", "\uFFFD\uFFFD"},
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(ValidText(bytes), text);
}

TEST(ValidText, TablesChangeOnlyWhereTheyMust) {
  const auto good = Words({"a", "\xC3\xA9"});
  EXPECT_EQ(*WithValidText(good), good);
  const auto bad = WithValidText(Words({"a", "caf\xE9"}));
  ASSERT_TRUE(bad.ok());
  EXPECT_TRUE((*bad)->Equals(*Words({"a", "caf\uFFFD"})));
  // Inside a list.
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::StringBuilder>());
  ASSERT_TRUE(lists.Append().ok());
  ASSERT_TRUE(static_cast<arrow::StringBuilder*>(lists.value_builder())->Append("\xFF").ok());
  const auto list = WithValidText(lists.Finish().ValueOrDie());
  ASSERT_TRUE(list.ok());
  EXPECT_TRUE((*list)->ValidateFull().ok());
}

TEST(ValidText, AnyBytesPassThroughAStream) {
  const auto bad = Words({"caf\xE9"});
  const auto again = FromIpcStream(*ToIpcStream(*bad));
  ASSERT_TRUE(again.ok()) << base::Message(again.status());
  EXPECT_TRUE((*again)->Equals(*bad));
}

TEST(CutShort, RowsWithTheErrorThatCameAfterThem) {
  const base::Status error = base::FailQuotingData(base::kDivideByZero, "x / 0");
  auto rows = *FromIpcStream(*ToIpcStream(*WithError(Words({"a"}), error)));
  const base::Status taken = TakeError(&rows);
  EXPECT_TRUE(base::Is(taken, base::kDivideByZero));
  EXPECT_TRUE(base::QuotesData(taken));
  EXPECT_TRUE(rows->Equals(*Words({"a"}), /*check_metadata=*/true));
  EXPECT_TRUE(TakeError(&rows).ok());
  auto none = *FromIpcStream(*ToIpcStream(*WithError(nullptr, error)));
  EXPECT_TRUE(base::Is(TakeError(&none), base::kDivideByZero));
  EXPECT_EQ(none, nullptr);
  auto lie = WithError(Words({"a"}), base::OkStatus());
  EXPECT_TRUE(base::Is(TakeError(&lie), base::kProtocol));
}

}  // namespace
}  // namespace soteria::table
