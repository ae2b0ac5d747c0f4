#include "src/connect/unsupported.h"

#include <algorithm>

#include "spark/connect/base.pb.h"
#include "spark/connect/catalog.pb.h"
#include "spark/connect/commands.pb.h"
#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/spark_functions.h"
#include "src/exec/catalogue.h"

namespace soteria::connect {
namespace {

namespace sc = spark::connect;

constexpr Refusal kRelations[] = {
    {"as_of_join", "A join as of a time"},
    {"nearest_by_join", "A join by nearness"},
    {"zip", "DataFrame.zip"},
    {"direct_shuffle", "DataFrame.repartitionById", "repartition(n)"},
    {"parse", "DataFrameReader.csv or json of a DataFrame"},
    {"with_watermark", "DataFrame.withWatermark (streaming)"},
    {"html_string", "A DataFrame as HTML", "show or toPandas"},
    {"relation_changes", "DataFrameReader.changes"},
    {"extension", "A plan extension"},
};

constexpr Refusal kCommands[] = {
    {"write_operation_v2", "DataFrame.writeTo", "write.parquet(path)"},
    {"write_stream_operation_start", "DataFrame.writeStream (streaming)"},
    {"streaming_query_command", "A streaming query"},
    {"streaming_query_manager_command", "spark.streams"},
    {"streaming_query_listener_bus_command", "spark.streams"},
    {"get_resources_command", "SparkContext.resources"},
    {"create_resource_profile_command", "A resource profile"},
    {"merge_into_table_command", "DataFrame.mergeInto"},
    {"execute_external_command", "spark.executeCommand"},
    {"pipeline_command", "A declarative pipeline"},
    {"extension", "A command extension"},
};

constexpr Refusal kExpressions[] = {
    {"named_argument_expression", "An argument by name in this place"},
    {"direct_shuffle_partition_id", "DataFrame.repartitionById", "repartition(n)"},
    {"merge_action", "DataFrame.mergeInto"},
    {"typed_aggregate_expression", "A user-defined aggregate"},
    {"extension", "An expression extension"},
};

constexpr Refusal kAnalyses[] = {
    {"input_files", "DataFrame.inputFiles (the files of a sealed data set have no names)"},
    {"json_to_ddl", "A schema of JSON as DDL"},
};

const Refusal* Find(std::span<const Refusal> table, std::string_view wire) {
  for (const Refusal& refusal : table) {
    if (refusal.wire == wire) return &refusal;
  }
  return nullptr;
}

base::Status Refuse(std::span<const Refusal> table, std::string_view wire, std::string_view kind) {
  if (const Refusal* refusal = Find(table, wire); refusal != nullptr) {
    return base::NotSupported(refusal->what, refusal->instead);
  }
  return base::NotSupported(base::Cat("The ", kind, " `", wire, "`"));
}

/// snake_case of the protocol as PySpark's camelCase.
std::string Camel(std::string_view snake) {
  std::string camel;
  for (size_t at = 0; at < snake.size();) {
    const size_t end = std::min(snake.find('_', at), snake.size());
    const std::string_view word = snake.substr(at, end - at);
    if (camel.empty()) {
      camel += word;
    } else {
      camel += base::Upper(word.substr(0, 1));
      camel += word.substr(1);
    }
    at = end + 1;
  }
  return camel;
}

template <class Message>
std::string CaseName(int number) {
  const auto* field = Message::descriptor()->FindFieldByNumber(number);
  return field == nullptr ? "(none)" : field->name();
}

}  // namespace

base::Status RefuseRelation(const sc::Relation& relation) {
  switch (relation.rel_type_case()) {
    case sc::Relation::kMapPartitions:
      return RefusePython("DataFrame.mapInPandas, mapInArrow");
    case sc::Relation::kGroupMap:
    case sc::Relation::kCoGroupMap:
      return RefusePython("GroupedData.applyInPandas");
    case sc::Relation::kApplyInPandasWithState:
      return RefusePython("GroupedData.applyInPandasWithState");
    case sc::Relation::kCommonInlineUserDefinedTableFunction:
    case sc::Relation::kCommonInlineUserDefinedDataSource:
      return RefusePython("a table function or data source");
    default:
      return Refuse(kRelations, CaseName<sc::Relation>(relation.rel_type_case()), "relation");
  }
}

base::Status RefuseCatalog(const sc::Catalog& call) {
  return base::NotSupported(
      base::Cat("spark.catalog.", Camel(CaseName<sc::Catalog>(call.cat_type_case()))));
}

base::Status RefuseCommand(const sc::Command& command) {
  switch (command.command_type_case()) {
    case sc::Command::kRegisterFunction:
      return RefusePython(command.register_function().function_name());
    case sc::Command::kRegisterTableFunction:
      return RefusePython(command.register_table_function().function_name());
    case sc::Command::kRegisterDataSource:
      return RefusePython(command.register_data_source().name());
    default:
      return Refuse(kCommands, CaseName<sc::Command>(command.command_type_case()), "command");
  }
}

base::Status RefuseExpression(const sc::Expression& expression) {
  return Refuse(kExpressions, CaseName<sc::Expression>(expression.expr_type_case()), "expression");
}

base::Status RefuseAnalysis(const sc::AnalyzePlanRequest& request) {
  return Refuse(kAnalyses, CaseName<sc::AnalyzePlanRequest>(request.analyze_case()), "analysis");
}

base::Status CheckFunction(std::string_view name) {
  const std::string lower = base::Lower(name);
  if (exec::KindOfFunction(lower).has_value()) return base::OkStatus();
  if (IsSparkFunction(lower)) return base::NotSupported(base::Cat("The function ", name, "()"));
  return NoRoutine(name);
}

bool IsBuiltinName(const std::vector<std::string>& parts) {
  return parts.size() == 1 || (parts.size() == 3 && base::EqualIgnoringCase(parts[0], "system") &&
                               base::EqualIgnoringCase(parts[1], "builtin"));
}

base::Status NoRoutine(std::string_view name) {
  return base::Fail(base::kUnresolvedRoutine,
                    base::Cat("Cannot resolve routine `", name,
                              "` on search path [`system`.`builtin`, `system`.`session`, "
                              "`spark_catalog`.`default`]."));
}

base::Status RefuseHelper(std::string_view helper) {
  constexpr Refusal kHelpers[] = {
      {"chiSquareTest", "pyspark.ml.stat.ChiSquareTest"},
      {"correlation", "pyspark.ml.stat.Correlation"},
      {"kolmogorovSmirnovTest", "pyspark.ml.stat.KolmogorovSmirnovTest"},
      {"powerIterationClusteringAssignClusters", "pyspark.ml.clustering.PowerIterationClustering"},
      {"prefixSpanFindFrequentSequentialPatterns", "pyspark.ml.fpm.PrefixSpan"},
  };
  if (const Refusal* refusal = Find(kHelpers, helper); refusal != nullptr) {
    return base::NotSupported(refusal->what);
  }
  return base::NotSupported(base::Cat("MLlib's helper ", helper));
}

base::Status RefusePython(std::string_view what) {
  return base::Fail(base::kUnsupported,
                    base::Cat("Python functions can't run in an enclave (", what,
                              "): no Python is part of the trusted code. Use "
                              "pyspark.sql.functions or pyspark.ml instead."));
}

std::span<const Refusal> RefusedRelations() { return kRelations; }
std::span<const Refusal> RefusedCommands() { return kCommands; }

}  // namespace soteria::connect
