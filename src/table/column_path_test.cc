#include "src/table/column_path.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

std::string Path(const arrow::Schema& schema, std::string_view name) {
  const auto path = FindPath(schema, name);
  if (!path.ok()) return base::ConditionName(path.status());
  if (!path->has_value()) return "none";
  std::string text;
  for (const int at : (*path)->at) text += std::to_string(at) + " ";
  return text + TypeName(*(*path)->field);
}

TEST(ColumnPath, PartsAreColumnsAndFields) {
  const auto schema =
      *SchemaFromDdl("a int, `b.c` double, s struct<x:int,t:struct<Y:string>>, B int");
  EXPECT_EQ(Path(*schema, "a"), "0 int");
  EXPECT_EQ(Path(*schema, "`A`"), "0 int");
  EXPECT_EQ(Path(*schema, "b.c"), "none");  // field c of column B, which has none
  EXPECT_EQ(Path(*schema, "`b.c`"), "1 double");
  EXPECT_EQ(Path(*schema, "S.x"), "2 0 int");
  EXPECT_EQ(Path(*schema, "s.`t`.y"), "2 1 0 string");
  EXPECT_EQ(Path(*schema, "s.nope"), "none");
  EXPECT_EQ(Path(*schema, "`a"), "INVALID_ATTRIBUTE_NAME_SYNTAX");
  EXPECT_EQ(Path(*schema, ""), "none");
  EXPECT_EQ(base::ConditionName(PathOf(*schema, "nope").status()),
            "UNRESOLVED_COLUMN.WITH_SUGGESTION");
}

TEST(ColumnPath, SeveralOfANameAreAmbiguous) {
  const auto schema = *SchemaFromDdl("a int, A double");
  EXPECT_EQ(Path(*schema, "a"), "AMBIGUOUS_COLUMN_OR_FIELD");
  EXPECT_EQ(base::Message(FindPath(*schema, "a").status()),
            "Column or field `a` is ambiguous and has 2 matches.");
}

TEST(ColumnPath, AVectorHasNoFields) {
  const auto schema = arrow::schema({VectorField("v", true, std::nullopt)});
  EXPECT_EQ(Path(*schema, "v"), "0 vector");
  EXPECT_EQ(Path(*schema, "v.size"), "none");
}

TEST(ColumnPath, AFieldIsNullWhereItsStructIs) {
  const auto schema = *SchemaFromDdl("s struct<x:int>");
  arrow::Int32Builder builder;
  ASSERT_TRUE(builder.AppendValues({1, 2, 3}).ok());
  const auto rows =
      arrow::StructArray::Make({builder.Finish().ValueOrDie()}, schema->field(0)->type()->fields(),
                               arrow::Buffer::FromString(std::string(1, '\5')), 1)
          .ValueOrDie();
  const auto table = arrow::Table::Make(schema, {rows});
  const auto column = ColumnAt(*table, PathOf(*schema, "s.X").value()).value();
  EXPECT_EQ(column->null_count(), 1);
  EXPECT_TRUE(column->chunk(0)->IsNull(1));
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*column->chunk(0)).Value(2), 3);
}

TEST(ColumnPath, NamesAreQuotedByParts) {
  EXPECT_EQ(QuotedName("a.b"), "`a`.`b`");
  EXPECT_EQ(QuotedName("`a.b`"), "`a.b`");
  EXPECT_EQ(QuotedName("`a"), "```a`");
}

}  // namespace
}  // namespace soteria::table
