#include "src/connect/answer.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

namespace soteria::connect {
namespace {

TEST(Answer, ColumnsHaveTheirKinds) {
  const auto table = AnswerTable({{"name", false, {"a", "b"}},
                                  {"comment", true, {std::nullopt, "x"}},
                                  {"is", false, {"true", "false"}, AnswerColumn::Kind::kBoolean},
                                  {"of", true, {"s", ""}, AnswerColumn::Kind::kList}});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ((*table)->schema()->ToString(),
            "name: string not null\ncomment: string\nis: bool not null\nof: list<element: string>");
  EXPECT_EQ((*table)->column(3)->chunk(0)->ToString(), "[\n  [\n    \"s\"\n  ],\n  []\n]");
  EXPECT_EQ((*table)->column(1)->null_count(), 1);
  EXPECT_EQ((*AnswerTable({}))->num_rows(), 0);
}

TEST(Answer, PatternsAreSparks) {
  for (const char* fits : {"", "*", "kept", "KEPT", "k*", "*t", "k*p*", "x|kept", "x | k*"}) {
    EXPECT_TRUE(FitsPattern("kept", fits)) << fits;
  }
  for (const char* not_so : {"k", "kep", "t*", "kept.", "k.pt", "x|y", "|"}) {
    EXPECT_FALSE(FitsPattern("kept", not_so)) << not_so;
  }
}

}  // namespace
}  // namespace soteria::connect
