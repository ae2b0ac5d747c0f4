#include "src/connect/column_regex.h"

#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/plan/logical.h"

namespace soteria::connect {
namespace {

class NoCatalog : public plan::Catalog {
 public:
  base::StatusOr<plan::Source> Resolve(const std::vector<std::string>&, const std::string&,
                                       const plan::ReadOptions&) override {
    return base::Fail(base::kPathNotFound, "no path");
  }
};

/// The columns of that table, called t, that the pattern matches; "ERROR" for what isn't read.
std::string Matched(const std::string& text) {
  NoCatalog catalog;
  plan::Builder builder(catalog);
  arrow::FieldVector fields;
  for (const char* name : {"id", "Name", "a.b", "axb"}) {
    fields.push_back(arrow::field(name, arrow::int32()));
  }
  const auto table = arrow::Table::MakeEmpty(arrow::schema(fields)).ValueOrDie();
  const auto input = builder.Alias(builder.Local(table).value(), "t");
  const auto regex = ReadColumnRegex(text);
  if (!regex.has_value()) return "a name";
  const auto columns = MatchingColumns(*input, *regex);
  if (!columns.ok()) return base::ConditionName(columns.status());
  std::string names;
  for (const auto& column : *columns) names += exec::AutoName(*column) + " ";
  return names;
}

TEST(ColumnRegex, MatchesWholeNamesInAnyCase) {
  EXPECT_EQ(Matched("`id|name`"), "id Name ");
  EXPECT_EQ(Matched("`i`"), "");
  EXPECT_EQ(Matched("`a.b`"), "a.b axb ");
  EXPECT_EQ(Matched("`a\\.b`"), "a.b ");
  EXPECT_EQ(Matched("`.*`"), "id Name a.b axb ");
  EXPECT_EQ(Matched("`^[in].*$`"), "id Name ");
  EXPECT_EQ(Matched("`(id)?+.+`"), "Name a.b axb ");
  EXPECT_EQ(Matched("`(id|name)?+.+`"), "a.b axb ");
}

TEST(ColumnRegex, TellsPatternsFromNames) {
  EXPECT_EQ(Matched("id"), "a name");
  EXPECT_EQ(Matched("``"), "a name");
  EXPECT_EQ(Matched("t.id"), "a name");
  EXPECT_EQ(Matched("t.`.*d`"), "id ");
  EXPECT_EQ(Matched("T.`id`"), "id ");
  EXPECT_EQ(Matched("u.`id`"), "");
  EXPECT_EQ(Matched("`t`.`id`"), "");
}

TEST(ColumnRegex, Refusals) {
  EXPECT_EQ(Matched("`(`"), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(Matched("`id)|(name`"), "_LEGACY_ERROR_TEMP");
  EXPECT_EQ(Matched("`(?!id).*`"), "UNSUPPORTED_FEATURE");
  EXPECT_EQ(Matched("`i++d`"), "UNSUPPORTED_FEATURE");
}

}  // namespace
}  // namespace soteria::connect
