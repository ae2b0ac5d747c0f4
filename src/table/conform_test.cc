#include "src/table/conform.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/table/conditions.h"
#include "src/table/folder_key.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

std::shared_ptr<arrow::Schema> Of(const char* ddl) { return *SchemaFromDdl(ddl); }

/// One column of `from` with these values under `to`, as text; or the condition.
std::string As(const std::shared_ptr<arrow::DataType>& from, const std::string& values,
               const char* to) {
  const auto rows = TableForTest(arrow::schema({arrow::field("v", from)}), {values});
  const auto out = Conform(*rows, arrow::Schema({arrow::field("v", *TypeFromDdl(to))}));
  if (!out.ok()) return base::ConditionName(out.status());
  EXPECT_TRUE((*out)->ValidateFull().ok());
  return (*out)->column(0)->chunk(0)->ToString();
}

TEST(Conform, ColumnsByNameWhateverOrderAndCase) {
  const auto rows = TableForTest(Of("b double, A int, extra string"), {"[1.5]", "[7]", R"(["x"])"});
  const auto wanted = Of("a int, B double, missing string");
  EXPECT_EQ(*ColumnsFor(*wanted, *rows->schema()), (std::vector<std::string>{"A", "b"}));
  const auto out = Conform(*rows, *wanted);
  ASSERT_TRUE(out.ok()) << base::Message(out.status());
  EXPECT_EQ((*out)->schema()->field_names(), (std::vector<std::string>{"a", "B", "missing"}));
  EXPECT_TRUE((*out)->column(0)->chunk(0)->Equals(ArrayForTest(arrow::int32(), "[7]")));
  EXPECT_TRUE((*out)->column(1)->chunk(0)->Equals(ArrayForTest(arrow::float64(), "[1.5]")));
  EXPECT_EQ((*out)->column(2)->null_count(), 1);
  const auto twice = ColumnsFor(*Of("v int"), *Of("v int, V int"));
  EXPECT_TRUE(base::Is(twice.status(), base::kInput));
  const auto none = Conform(*rows, arrow::Schema(arrow::FieldVector{}));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ((*none)->num_rows(), 1);
}

TEST(Conform, NumbersWidenAsInSpark) {
  const auto text = [](const std::shared_ptr<arrow::DataType>& type, const std::string& values) {
    return ArrayForTest(type, values)->ToString();
  };
  EXPECT_EQ(As(arrow::int32(), "[1, null]", "bigint"), text(arrow::int64(), "[1, null]"));
  EXPECT_EQ(As(arrow::int32(), "[1, null]", "double"), text(arrow::float64(), "[1, null]"));
  EXPECT_EQ(As(arrow::int8(), "[1]", "int"), text(arrow::int32(), "[1]"));
  EXPECT_EQ(As(arrow::int16(), "[1]", "double"), text(arrow::float64(), "[1]"));
  EXPECT_EQ(As(arrow::float32(), "[2.5]", "double"), text(arrow::float64(), "[2.5]"));
  EXPECT_EQ(As(arrow::list(arrow::field("element", arrow::int32())), "[[1, 2], null, []]",
               "array<bigint>"),
            text(ListOf(arrow::int64()), "[[1, 2], null, []]"));
  const auto nested = TableForTest(Of("v struct<y:int,z:int>"), {"[[3, 4]]"});
  const auto out = Conform(*nested, *Of("v struct<x:bigint,y:bigint>"));
  ASSERT_TRUE(out.ok());
  EXPECT_TRUE((*out)->column(0)->chunk(0)->Equals(
      ArrayForTest((*Of("v struct<x:bigint,y:bigint>")).field(0)->type(), "[[null, 3]]")));
}

TEST(Conform, OtherTypesAreRefusedByName) {
  const std::string mismatch = kFileTypeMismatch.name;
  EXPECT_EQ(As(arrow::int64(), "[1]", "int"), mismatch);
  EXPECT_EQ(As(arrow::int64(), "[1]", "double"), mismatch);
  EXPECT_EQ(As(arrow::int32(), "[300]", "tinyint"), mismatch);
  EXPECT_EQ(As(arrow::utf8(), R"(["x"])", "int"), mismatch);
  EXPECT_EQ(As(arrow::float64(), "[1.5]", "float"), mismatch);
  EXPECT_EQ(As(arrow::boolean(), "[true]", "int"), mismatch);
  EXPECT_EQ(As(arrow::date32(), "[5]", "int"), mismatch);
  const auto rows = TableForTest(Of("v string"), {R"(["x"])"});
  EXPECT_EQ(base::Message(Conform(*rows, *Of("v int")).status()),
            "Data type mismatches when reading Parquet column [v]. Expected Spark type int, actual "
            "type string.");
}

TEST(FolderKeys, ColumnsOfOneValue) {
  const auto column = [](const std::shared_ptr<arrow::DataType>& type,
                         const std::optional<std::string>& text) {
    const auto made = FolderKeyColumn(type, text, 2);
    return made.ok() ? (*made)->ToString() : base::ConditionName(made.status());
  };
  EXPECT_EQ(column(arrow::int32(), "007"), ArrayForTest(arrow::int32(), "[7, 7]")->ToString());
  EXPECT_EQ(column(arrow::float64(), "1d"), ArrayForTest(arrow::float64(), "[1, 1]")->ToString());
  EXPECT_EQ(column(arrow::date32(), "1970-01-03"),
            ArrayForTest(arrow::date32(), "[2, 2]")->ToString());
  EXPECT_EQ(column(arrow::utf8(), ""), ArrayForTest(arrow::utf8(), R"(["", ""])")->ToString());
  EXPECT_EQ(column(arrow::int64(), std::nullopt),
            ArrayForTest(arrow::int64(), "[null, null]")->ToString());
  EXPECT_EQ(column(arrow::int32(), "99999999999"), base::kProtocol.name);
  EXPECT_EQ(column(arrow::int32(), "x"), base::kProtocol.name);
  EXPECT_EQ(column(arrow::binary(), "x"), base::kProtocol.name);
}

TEST(Conform, MapsByKeyAndValue) {
  const auto from = *TypeFromDdl("map<int,struct<a:int>>");
  const auto to = *TypeFromDdl("map<bigint,struct<a:bigint,b:string>>");
  const auto rows = TableForTest(arrow::schema({arrow::field("v", from)}),
                                 {"[[[9, null]], [[1, [2]], [3, null]], null]"});
  const auto out = Conform(*rows->Slice(1), arrow::Schema({arrow::field("v", to)}));
  ASSERT_TRUE(out.ok()) << base::Message(out.status());
  ASSERT_TRUE((*out)->ValidateFull().ok());
  EXPECT_TRUE(
      (*out)->column(0)->chunk(0)->Equals(ArrayForTest(to, "[[[1, [2, null]], [3, null]], null]")))
      << (*out)->ToString();
  EXPECT_EQ(As(from, "[]", "map<string,struct<a:int>>"),
            "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH");
  EXPECT_EQ(As(from, "[]", "array<int>"), "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH");
}

TEST(Conform, FilesSayOfNoColumnThatItIsNeverNull) {
  const auto schema =
      Of("a int NOT NULL, s struct<b:int NOT NULL,c:array<struct<d:int NOT NULL>>>, "
         "m map<string,struct<e:int NOT NULL>> NOT NULL");
  const std::vector<std::string> values = {"[1]", "[[2, [[3]]]]", R"([[["k", [4]]]])"};
  const auto out = NullableColumns(TableForTest(schema, values));
  ASSERT_TRUE(out.ok()) << base::Message(out.status());
  ASSERT_TRUE((*out)->ValidateFull().ok());
  const auto wanted =
      Of("a int, s struct<b:int,c:array<struct<d:int>>>, "
         "m map<string,struct<e:int>>");
  EXPECT_TRUE((*out)->Equals(*TableForTest(wanted, values))) << (*out)->ToString();
  const auto vector = VectorField("v", false, std::nullopt);
  EXPECT_TRUE(Nullable(vector)->type()->Equals(*vector->type()));
  EXPECT_TRUE(Nullable(vector)->nullable());
}

}  // namespace
}  // namespace soteria::table
