#include "src/connect/unsupported.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "spark/connect/base.pb.h"
#include "spark/connect/commands.pb.h"
#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/connect/spark_functions.h"
#include "src/exec/catalogue.h"

namespace soteria::connect {
namespace {

namespace sc = spark::connect;

std::string Text(const base::Status& status) {
  EXPECT_TRUE(base::Is(status, base::kUnsupported)) << base::Message(status);
  return base::Message(status);
}

TEST(Unsupported, FunctionsAreThereOrMissingOrMistyped) {
  EXPECT_TRUE(CheckFunction("sqrt").ok());
  EXPECT_TRUE(CheckFunction("isNull").ok());
  EXPECT_TRUE(CheckFunction("Stddev_Pop").ok());
  EXPECT_EQ(Text(CheckFunction("to_xml")),
            "The function to_xml() is not supported in an enclave. What is: docs/functions.md");
  EXPECT_EQ(Text(CheckFunction("from_xml")).substr(0, 23), "The function from_xml()");
  const base::Status typo = CheckFunction("sqroot");
  EXPECT_TRUE(base::Is(typo, base::kUnresolvedRoutine));
  EXPECT_EQ(base::Message(typo),
            "Cannot resolve routine `sqroot` on search path [`system`.`builtin`, "
            "`system`.`session`, `spark_catalog`.`default`].");
}

TEST(Unsupported, InternalFunctionsCantBeCalled) {
  EXPECT_FALSE(CheckFunction("approx_quantile").ok());
  EXPECT_TRUE(base::Is(CheckFunction("approx_top_k"), base::kUnsupported));
}

TEST(Unsupported, SparksNamesAreInOrder) {
  const auto names = SparkFunctions();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_GT(names.size(), 500U);
}

// Each case of each message is refused in words of its own, or is served.
TEST(Unsupported, EveryRelationIsNamedAsAScriptCallsIt) {
  sc::Relation relation;
  relation.mutable_html_string();
  EXPECT_EQ(Text(RefuseRelation(relation)),
            "A DataFrame as HTML is not supported in an enclave. Use show or toPandas instead. "
            "What is: docs/functions.md");
  relation.mutable_catalog()->mutable_create_database();
  EXPECT_EQ(Text(RefuseCatalog(relation.catalog())).substr(0, 28), "spark.catalog.createDatabase");
  const char* served[] = {"read",
                          "project",
                          "filter",
                          "limit",
                          "drop",
                          "aggregate",
                          "unpivot",
                          "crosstab",
                          "sample_by",
                          "cov",
                          "corr",
                          "freq_items",
                          "transpose",
                          "unresolved_table_valued_function",
                          "to_df",
                          "local_relation",
                          "cached_local_relation",
                          "chunked_cached_local_relation",
                          "cached_remote_relation",
                          "sample",
                          "drop_na",
                          "fill_na",
                          "replace",
                          "repartition",
                          "with_columns",
                          "describe",
                          "summary",
                          "to_schema",
                          "show_string",
                          "subquery_alias",
                          "ml_relation",
                          "hint",
                          "lateral_join",
                          "unknown",
                          "with_columns_renamed",
                          "approx_quantile",
                          "join",
                          "set_op",
                          "sort",
                          "offset",
                          "tail",
                          "deduplicate",
                          "range",
                          "catalog",
                          "collect_metrics",
                          "repartition_by_expression",
                          "sql",
                          "with_relations"};
  const auto* oneof = sc::Relation::descriptor()->FindOneofByName("rel_type");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto* field = oneof->field(i);
    if (std::find(std::begin(served), std::end(served), field->name()) != std::end(served))
      continue;
    sc::Relation each;
    each.GetReflection()->MutableMessage(&each, field);
    const std::string text = Text(RefuseRelation(each));
    EXPECT_EQ(text.find("The relation `"), std::string::npos) << text;
  }
}

TEST(Unsupported, EveryCommandIsNamedAsAScriptCallsIt) {
  const char* served[] = {"write_operation",    "create_dataframe_view",
                          "checkpoint_command", "remove_cached_remote_relation_command",
                          "ml_command",         "sql_command"};
  const auto* oneof = sc::Command::descriptor()->FindOneofByName("command_type");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto* field = oneof->field(i);
    if (std::find(std::begin(served), std::end(served), field->name()) != std::end(served))
      continue;
    sc::Command each;
    each.GetReflection()->MutableMessage(&each, field);
    const std::string text = Text(RefuseCommand(each));
    EXPECT_EQ(text.find("The command `"), std::string::npos) << text;
  }
}

TEST(Unsupported, ThePageIsTrue) {
  std::ifstream in(SOTERIA_SOURCE_DIR "/docs/functions.md");
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), FunctionsPage())
      << "write it again: build/release/src/connect/functions_page > docs/functions.md";
}

}  // namespace
}  // namespace soteria::connect
