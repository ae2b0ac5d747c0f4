#include "src/master/table_definition.h"

#include <gtest/gtest.h>

#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/fields.h"

namespace soteria::master {
namespace {

TableDefinition Example() {
  TableDefinition definition;
  definition.format = "csv";
  definition.schema = arrow::schema({arrow::field("Id", arrow::int32()),
                                     arrow::field("l", arrow::list(arrow::utf8())),
                                     arrow::field("name", arrow::utf8())});
  definition.keys = {"name"};
  definition.options = {{"sep", "|"}, {"header", "true"}};
  definition.comment = "";
  definition.comments = {{"Id", "a number"}};
  return definition;
}

TEST(TableDefinition, IsReadAsItWasWritten) {
  const auto bytes = EncodeDefinition(Example());
  ASSERT_TRUE(bytes.ok());
  const auto again = DecodeDefinition(*bytes);
  ASSERT_TRUE(again.ok()) << base::Message(again.status());
  EXPECT_EQ(again->format, "csv");
  EXPECT_EQ(again->schema->field_names(), Example().schema->field_names());
  EXPECT_TRUE(again->schema->field(0)->type()->Equals(arrow::int32()));
  EXPECT_EQ(again->keys, Example().keys);
  EXPECT_EQ(again->options, Example().options);
  EXPECT_EQ(again->comment, "");  // not the same as none
  EXPECT_EQ(again->comments, Example().comments);
  EXPECT_EQ(*EncodeDefinition(*again), *bytes);
}

TEST(TableDefinition, EveryTruncationIsRefused) {
  const std::string bytes = *EncodeDefinition(Example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = DecodeDefinition(std::string_view(bytes).substr(0, size));
    EXPECT_TRUE(base::Is(cut.status(), base::kProtocol)) << size;
  }
  EXPECT_TRUE(base::Is(DecodeDefinition(bytes + "x").status(), base::kProtocol));
}

TEST(TableDefinition, WhatIsNoneIsRefused) {
  const auto refused = [](const std::string& bytes) {
    return base::Message(DecodeDefinition(bytes).status());
  };
  base::FieldWriter other;
  other.Add("soteria/2 table").Add("csv");
  EXPECT_EQ(refused(other.bytes()), "not a table's definition");
  base::FieldWriter schema;
  schema.Add("soteria/1 table").Add("csv").Add("{}");
  EXPECT_EQ(refused(schema.bytes()), "a table's columns can't be read");
  TableDefinition key = Example();
  key.keys = {"nobody"};
  EXPECT_EQ(refused(*EncodeDefinition(key)), "a table has no column of a key's name");
  EXPECT_EQ(refused(std::string(kDefinitionBytesMax + 1, 'x')), "a table's definition is too long");
  TableDefinition large = Example();
  large.comment = std::string(kDefinitionBytesMax, 'x');
  EXPECT_TRUE(base::Is(EncodeDefinition(large).status(), base::kIllegalArgument));
}

}  // namespace
}  // namespace soteria::master
