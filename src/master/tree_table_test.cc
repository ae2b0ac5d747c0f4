#include "src/master/tree_table.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "src/table/conditions.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

using Names = std::vector<std::string>;

base::StatusOr<TreeTable> Table(Names names, const std::string& folder = "t",
                                const plan::ReadOptions& options = {}) {
  std::sort(names.begin(), names.end());
  return TableOfFolder(names, folder, options, [](const std::string& name) {
    return base::StatusOr<uint64_t>(name.find("zero") == std::string::npos ? 10 : 0);
  });
}

std::string Keys(const TreeTable& table) {
  std::string text;
  for (const auto& key : table.keys) {
    text += (text.empty() ? "" : ", ") + key->name() + " " + table::TypeName(*key);
  }
  return text;
}

/// The type of one key with these values.
std::string TypeOf(const Names& values) {
  Names names;
  for (const std::string& value : values) names.push_back("t/k=" + value + "/f.parquet");
  const auto table = Table(names);
  return table.ok() ? table->keys[0]->type()->ToString() : base::ConditionName(table.status());
}

TEST(TreeTable, TypesOfKeysAreSparks) {
  EXPECT_EQ(TypeOf({"1", "2"}), "int32");
  EXPECT_EQ(TypeOf({"01", "-5"}), "int32");
  EXPECT_EQ(TypeOf({"1", "99999999999"}), "int64");
  EXPECT_EQ(TypeOf({"1", "2.5"}), "double");
  EXPECT_EQ(TypeOf({"1d", "2"}), "double");
  EXPECT_EQ(TypeOf({"NaN", "1"}), "double");
  EXPECT_EQ(TypeOf({"0x1p3"}), "double");
  EXPECT_EQ(TypeOf({".5"}), "double");
  EXPECT_EQ(TypeOf({"99999999999", "2.5"}), "string");  // a double would lose digits
  EXPECT_EQ(TypeOf({"2020-01-01", "2020-02-03"}), "date32[day]");
  EXPECT_EQ(TypeOf({"2020-01-01", "5"}), "string");
  EXPECT_EQ(TypeOf({"2020-1-1"}), "string");
  EXPECT_EQ(TypeOf({"2020-01"}), "string");
  EXPECT_EQ(TypeOf({"2020-13-01"}), "string");
  EXPECT_EQ(TypeOf({"x", "1"}), "string");
  EXPECT_EQ(TypeOf({"true"}), "string");
  EXPECT_EQ(TypeOf({"nan"}), "string");
  EXPECT_EQ(TypeOf({"Inf"}), "string");
  EXPECT_EQ(TypeOf({"Infinity"}), "double");
  EXPECT_EQ(TypeOf({"a=b"}), "string");
  EXPECT_EQ(TypeOf({"__HIVE_DEFAULT_PARTITION__", "1"}), "int32");
  EXPECT_EQ(TypeOf({"__HIVE_DEFAULT_PARTITION__"}), "null");
  for (const char* decimal : {"12345678901234567890", "1e5", "5."}) {
    EXPECT_EQ(TypeOf({decimal}), "UNSUPPORTED_FEATURE") << decimal;
  }
  EXPECT_EQ(TypeOf({"2020-01-02 03%3A04%3A05"}), "UNSUPPORTED_FEATURE");  // a time stamp
  EXPECT_EQ(TypeOf({"2020-01-02T03%3A04%3A05"}), "string");
}

TEST(TreeTable, KeysComeFromTheNamesOfFolders) {
  const auto table = Table({"t/a=2/b=y/f.parquet", "t/a=1/b=x/g.parquet", "t/a=1/b=x/f.parquet",
                            "t/_SUCCESS", "t/a=__HIVE_DEFAULT_PARTITION__/b=z/f.parquet"});
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_EQ(Keys(*table), "a int, b string");
  EXPECT_EQ(table->files,
            (Names{"t/a=1/b=x/f.parquet", "t/a=1/b=x/g.parquet", "t/a=2/b=y/f.parquet",
                   "t/a=__HIVE_DEFAULT_PARTITION__/b=z/f.parquet"}));
  EXPECT_EQ(table->values, (Names{"=1", "=x", "=1", "=x", "=2", "=y", "", "=z"}));
  const auto escaped = Table({"t/a%3Ab=x%2Fy%25/f", "t/a%3Ab=100%/f"});
  ASSERT_TRUE(escaped.ok()) << base::Message(escaped.status());
  EXPECT_EQ(Keys(*escaped), "a:b string");
  EXPECT_EQ(escaped->values, (Names{"=100%", "=x/y%"}));
  // Read from below, the keys above aren't columns; unless basePath says so.
  EXPECT_EQ(Keys(*Table({"t/a=1/b=x/f.parquet"}, "t/a=1")), "b string");
  plan::ReadOptions options;
  options.base = "t";
  EXPECT_EQ(Keys(*Table({"t/a=1/b=x/f.parquet"}, "t/a=1", options)), "a int, b string");
  EXPECT_EQ(Keys(*Table({"t/a=1/b=x/f.parquet"}, "t/a=1/b=x/f.parquet")), "");
}

TEST(TreeTable, PlainFoldersWithinAreNoPartOfIt) {
  EXPECT_EQ(Table({"t/a.parquet", "t/sub/b.parquet"})->files, (Names{"t/a.parquet"}));
  EXPECT_EQ(Table({"t/sub/b.parquet"})->files, Names());
  EXPECT_EQ(Table({"a.parquet", "sub/b.parquet"}, "")->files, (Names{"a.parquet"}));
  plan::ReadOptions options;
  options.recursive = true;
  const auto all = Table({"t/a.parquet", "t/k=1/b.parquet", "t/sub/c.parquet"}, "t", options);
  EXPECT_EQ(all->files, (Names{"t/a.parquet", "t/k=1/b.parquet", "t/sub/c.parquet"}));
  EXPECT_EQ(Keys(*all), "");
  // Below a key they are; above one the keys begin at them.
  EXPECT_EQ(Keys(*Table({"t/a=1/sub/f.parquet"})), "a int");
  EXPECT_EQ(Keys(*Table({"t/a=1/sub/b=2/f.parquet"})), "b int");
  // What lies beside the keyed folders isn't read.
  EXPECT_EQ(Table({"t/f.parquet", "t/a=1/f.parquet"})->files, (Names{"t/a=1/f.parquet"}));
}

TEST(TreeTable, HiddenAndEmptyFilesAreNoPartOfIt) {
  const auto table = Table({"t/a.parquet", "t/_tmp/b.parquet", "t/.x.parquet", "t/_SUCCESS",
                            "t/c.parquet._COPYING_", "t/zero.parquet", "t/_metadata"});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->files, (Names{"t/a.parquet"}));
  EXPECT_EQ(table->headers, (Names{"t/_metadata", "t/a.parquet"}));
  const auto both = Table({"t/a.parquet", "t/_metadata", "t/_common_metadata"});
  EXPECT_EQ(both->headers.front(), "t/_common_metadata");
  EXPECT_EQ(Keys(*Table({"t/_c=1/f.parquet", "t/_t/f.parquet"})), "_c int");
}

TEST(TreeTable, FoldersThatContradictAreRefused) {
  const auto condition = [](const Names& names) {
    return base::ConditionName(Table(names).status());
  };
  EXPECT_EQ(condition({"t/a=1/f.p", "t/b=1/f.p"}), "CONFLICTING_PARTITION_COLUMN_NAMES");
  EXPECT_EQ(condition({"t/a=1/f.p", "t/a=1/b=2/f.p"}), "CONFLICTING_PARTITION_COLUMN_NAMES");
  EXPECT_EQ(condition({"t/a=1/f.p", "t/a=2/b=2/f.p"}), "CONFLICTING_PARTITION_COLUMN_NAMES");
  EXPECT_EQ(condition({"t/x/f.p", "t/a=1/f.p"}), "CONFLICTING_DIRECTORY_STRUCTURES");
  EXPECT_EQ(condition({"t/a=1/f.p", "t/A=2/f.p"}), "");  // case doesn't count
  EXPECT_FALSE(Table({"t/=1/f.p"}).ok());
  EXPECT_FALSE(Table({"t/a=/f.p"}).ok());
  EXPECT_TRUE(base::QuotesData(Table({"t/x/f.p", "t/a=1/f.p"}).status()));
}

TEST(TreeTable, SchemasWithKeysAndOfSeveralFiles) {
  const auto field = [](const char* name, const char* type) {
    return arrow::field(name, *table::TypeFromDdl(type), false);
  };
  const arrow::Schema data({field("A", "double"), field("v", "bigint")});
  const auto with =
      WithKeys(data, {arrow::field("a", arrow::int32()), arrow::field("k", arrow::utf8())});
  ASSERT_TRUE(with.ok());
  EXPECT_EQ((*with)->ToString(), "a: int32\nv: int64\nk: string");
  EXPECT_TRUE(base::Is(WithKeys(arrow::Schema({field("v", "int"), field("V", "int")}), {}).status(),
                       table::kColumnExists));
  EXPECT_TRUE(base::Is(
      WithKeys(data, {arrow::field("k", arrow::int32()), arrow::field("k", arrow::int32())})
          .status(),
      table::kColumnExists));
  const auto merged =
      MergeSchemas(data, arrow::Schema({field("V", "bigint"), field("x", "string")}));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ((*merged)->field_names(), (Names{"A", "v", "x"}));
  EXPECT_TRUE(base::Is(MergeSchemas(data, arrow::Schema({field("v", "int")})).status(),
                       kCannotMergeSchemas));
  // Fields within fields, too.
  const auto nested = [&](const char* ddl) { return arrow::schema({field("s", ddl)}); };
  const auto both = MergeSchemas(*nested("array<struct<a: int, m: map<string, struct<p: int>>>>"),
                                 *nested("array<struct<m: map<string, struct<q: int>>, b: int>>"));
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(table::TypeName(*(*both)->field(0)),
            "array<struct<a:int,m:map<string,struct<p:int,q:int>>,b:int>>");
  EXPECT_TRUE(base::Is(
      MergeSchemas(*nested("array<struct<a: int>>"), *nested("array<struct<a: string>>")).status(),
      kCannotMergeSchemas));
}

}  // namespace
}  // namespace soteria::master
