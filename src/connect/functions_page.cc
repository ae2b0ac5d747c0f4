// docs/functions.md: from the catalogues of functions and classes, Spark's names and the refusals.
#include <algorithm>
#include <string>
#include <vector>

#include "src/base/text.h"
#include "src/connect/spark_functions.h"
#include "src/connect/unsupported.h"
#include "src/exec/catalogue.h"
#include "src/ml/catalog.h"

namespace soteria::connect {
namespace {

constexpr size_t kColumns = 100;

/// Names in backticks, wrapped.
std::string List(const std::vector<std::string>& names) {
  std::string text, line;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string item = base::Cat("`", names[i], "`", i + 1 < names.size() ? "," : "");
    if (!line.empty() && line.size() + 1 + item.size() > kColumns) {
      text += line + "\n";
      line.clear();
    }
    line += line.empty() ? item : " " + item;
  }
  return text + line + "\n";
}

std::string Table(std::span<const Refusal> refusals) {
  std::string text = "| not supported | instead |\n|---|---|\n";
  std::vector<std::string> rows;
  for (const Refusal& refusal : refusals) {
    const std::string row = base::Cat("| ", refusal.what, " | ", refusal.instead, " |\n");
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
  }
  for (const std::string& row : rows) text += row;
  return text;
}

bool IsWord(std::string_view name) { return name[0] >= 'a' && name[0] <= 'z'; }

std::vector<std::string> Functions(exec::FunctionKind kind, bool words) {
  std::vector<std::string> names;
  for (const exec::CatalogueRow& row : exec::Catalogue()) {
    if (row.kind == kind && IsWord(row.name) == words) names.emplace_back(row.name);
  }
  return names;
}

std::vector<std::string> Missing() {
  std::vector<std::string> names;
  for (const std::string_view name : SparkFunctions()) {
    if (!exec::KindOfFunction(name).has_value()) names.emplace_back(name);
  }
  return names;
}

}  // namespace

std::string FunctionsPage() {
  return base::Cat(
      "# What of PySpark is there\n\n"
      "Made from the catalogues of the code by the program `functions_page`\n"
      "(`src/connect/functions_page.cc`); a test keeps it true. Everything that isn't there is\n"
      "refused by its name, as `UNSUPPORTED_FEATURE`. [formats/connect.md](formats/connect.md) has "
      "the relations\nand commands of the protocol.\n\n"
      "## Functions\n\n"
      "Of `pyspark.sql.functions`, and in expression strings under the same names.\n\n",
      List(Functions(exec::FunctionKind::kScalar, true)), "\nOperators, by their SQL names:\n\n",
      List(Functions(exec::FunctionKind::kScalar, false)),
      "\n## Aggregate functions\n\n"
      "In `agg`, `select` and after `groupBy`; `aggregate_metrics` is what `Summarizer` sends.\n\n",
      List(Functions(exec::FunctionKind::kAggregate, true)),
      "\nOver grouping sets (`rollup`, `cube`, `groupingSets`), also:\n\n",
      List(Functions(exec::FunctionKind::kGrouping, true)),
      "\n## Window functions\n\n"
      "With `over`; so are the aggregate functions. Frames of rows and of ranges of numbers and\n"
      "dates; `QUALIFY` in SQL.\n\n",
      List(Functions(exec::FunctionKind::kWindow, true)),
      "\n## Windows of time\n\n"
      "In `groupBy`, `select`, `withColumn`, `filter` and `orderBy`, one a list, and in SQL's.\n\n",
      List(Functions(exec::FunctionKind::kTimeWindow, true)),
      "\n## Generators\n\n"
      "In `select` and `withColumn`, after LATERAL VIEW, and as tables (`spark.tvf`, FROM). Of "
      "arrays, and of maps.\n\n",
      List(Functions(exec::FunctionKind::kGenerator, true)), "\n## Classes of pyspark.ml\n\n",
      List(ml::ClassNames()),
      "\nOther classes, helpers and attributes are refused by name.\n\n"
      "## DataFrames and sessions\n\n",
      Table(RefusedRelations()), "\nCommands:\n\n", Table(RefusedCommands()),
      "\nPython functions in any form are refused for good: no Python is part of the trusted "
      "code.\n"
      "\n## Functions of Spark that aren't there\n\n",
      List(Missing()));
}

}  // namespace soteria::connect
