#include "src/connect/sql_commands.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/base.pb.h"
#include "spark/connect/commands.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/answer.h"
#include "src/connect/catalog.h"
#include "src/connect/errors.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_statement.h"
#include "src/connect/tables.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::Relation;
using Kind = SqlStatement::Kind;

constexpr base::Condition kNoViewButTable = {"WRONG_COMMAND_FOR_OBJECT_TYPE",
                                             base::exception_class::kAnalysis, "42809",
                                             absl::StatusCode::kInvalidArgument};

/// Rows of an answer as the relation that the client will ask for.
base::StatusOr<Relation> Answer(const std::vector<AnswerColumn>& columns) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, AnswerTable(columns));
  SOTERIA_ARROW_ASSIGN(const auto batch, rows->CombineChunksToBatch());
  Relation relation;
  auto* local = relation.mutable_local_relation();
  SOTERIA_ASSIGN_OR_RETURN(*local->mutable_schema(), table::SparkSchemaJson(*batch->schema()));
  SOTERIA_ASSIGN_OR_RETURN(*local->mutable_data(), table::ToIpcStream(*batch));
  return relation;
}

class Statement {
 public:
  Statement(const SqlStatement& statement, SessionState& state, Operation& operation)
      : statement_(statement), state_(state), operation_(operation) {}

  base::StatusOr<Relation> Run() {
    switch (statement_.kind) {
      case Kind::kQuery:
        return base::Fail(base::kInternal, "A query is no statement that runs at once");
      case Kind::kCreateView:
        return CreateView();
      case Kind::kDropView:
        return DropView();
      case Kind::kDescribe:
        return Describe();
      case Kind::kShowTables:
        return ShowTables();
      case Kind::kShowColumns:
        return ShowColumns();
      case Kind::kExplain:
        return Explain();
      case Kind::kSet:
        return Set();
      case Kind::kReset:
        return Reset();
      case Kind::kCache:
      case Kind::kUncache:
      case Kind::kClearCache:
        return Cache();
      case Kind::kCreateTable:
        return CreateOneTable();
      case Kind::kInsert:
        return Insert();
      case Kind::kDropTable:
        return DropOneTable();
      case Kind::kTruncate:
        return Done(TruncateTable(statement_.name, state_));
      case Kind::kRefresh:
        return Done(Query().status());
      case Kind::kUse:
        return Done(CheckDatabase(statement_.name));
      case Kind::kShowDatabases:
        return ShowDatabases();
      case Kind::kShowFunctions:
        return ShowFunctions();
    }
    return base::Fail(base::kInternal, "An unknown statement");
  }

 private:
  /// The statement's query, its parts found.
  base::StatusOr<plan::PlanPtr> Query() {
    return RelationConverter(state_).Convert(*statement_.query);
  }

  base::StatusOr<Relation> CreateView() {
    SOTERIA_ASSIGN_OR_RETURN(auto plan, Query());
    SOTERIA_RETURN_IF_ERROR(state_.views().Create(statement_.name[0], std::move(plan),
                                                  statement_.replace, statement_.global));
    return Answer({});
  }

  base::StatusOr<Relation> ShowFunctions() {
    if (!statement_.name.empty()) SOTERIA_RETURN_IF_ERROR(CheckDatabase(statement_.name));
    AnswerColumn names{"function"};
    if (statement_.key != "USER") {
      for (std::string& name : FunctionNames(statement_.pattern)) {
        names.texts.emplace_back(std::move(name));
      }
    }
    return Answer({std::move(names)});
  }

  base::StatusOr<Relation> DropView() {
    const auto view = ViewOf(statement_.name);
    const bool dropped = view.has_value() && state_.views().Drop(view->name, view->global);
    if (dropped) return Answer({});
    SOTERIA_ASSIGN_OR_RETURN(const auto table, FindTable(statement_.name, state_));
    if (table.has_value()) {
      return base::Fail(kNoViewButTable,
                        base::Cat("The operation DROP VIEW requires a VIEW or METRIC_VIEW. But ",
                                  kCatalogName, ".", kDatabaseName, ".", statement_.name.back(),
                                  " is a MANAGED. Use DROP TABLE instead."));
    }
    if (!statement_.if_exists) return NoTable(statement_.name);
    return Answer({});
  }

  base::StatusOr<Relation> Done(const base::Status& status) {
    SOTERIA_RETURN_IF_ERROR(status);
    return Answer({});
  }

  master::Progress Shown() {
    return [this](const master::StageProgress& at) { operation_.Progress(at); };
  }

  base::StatusOr<Relation> CreateOneTable() {
    const SqlTable& has = *statement_.table;
    NewTable table{statement_.name, {}, has.keys, has.comment};
    table.request.format = has.format;
    table.request.options = has.options;
    if (statement_.if_exists) table.request.mode = master::Session::WriteMode::kIgnore;
    if (statement_.query != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(auto rows, Query());
      return Done(SaveTable(std::move(table), std::move(rows), state_, Shown()));
    }
    if (has.columns.empty()) return base::NotSupported("A table without columns");
    master::TableDefinition definition;
    SOTERIA_ASSIGN_OR_RETURN(definition.schema, table::SchemaFromDdl(has.columns));
    definition.comments = has.comments;
    return Done(CreateTable(table, std::move(definition), state_));
  }

  base::StatusOr<Relation> Insert() {
    SOTERIA_ASSIGN_OR_RETURN(auto rows, Query());
    Insertion insertion;
    insertion.columns = statement_.columns;
    insertion.by_name = statement_.by_name;
    insertion.overwrite = statement_.overwrite;
    SOTERIA_ASSIGN_OR_RETURN(auto one, state_.session().builder().Range(0, 1, 1, 1));
    plan::Scope nothing(std::move(one));
    const ExpressionConverter converter(nothing, state_.config().ForExpressions());
    for (const auto& [key, value] : statement_.fixed) {
      SOTERIA_ASSIGN_OR_RETURN(auto constant, converter.Convert(*value));
      insertion.fixed.emplace_back(key, std::move(constant));
    }
    return Done(InsertInto(statement_.name, std::move(rows), insertion, state_, Shown()));
  }

  /// Spark drops a temporary view, too.
  base::StatusOr<Relation> DropOneTable() {
    const auto view = ViewOf(statement_.name);
    if (view.has_value() && state_.views().Drop(view->name, view->global)) return Answer({});
    return Done(DropTable(statement_.name, statement_.if_exists, state_));
  }

  base::StatusOr<Relation> ShowDatabases() {
    AnswerColumn names{"namespace"};
    if (FitsPattern(kDatabaseName, statement_.pattern)) names.texts.emplace_back(kDatabaseName);
    return Answer({std::move(names)});
  }

  /// Of a table, not of a view: nullopt for everything else.
  base::StatusOr<std::optional<master::StoredTable>> Table() {
    if (statement_.name.empty()) return std::nullopt;
    if (FindView(statement_.name, state_).has_value()) return std::nullopt;
    return FindTable(statement_.name, state_);
  }

  base::StatusOr<Relation> Describe() {
    SOTERIA_ASSIGN_OR_RETURN(const auto plan, Query());
    SOTERIA_ASSIGN_OR_RETURN(const auto schema, state_.session().SchemaOf(plan));
    SOTERIA_ASSIGN_OR_RETURN(const auto table, Table());
    AnswerColumn names{"col_name"};
    AnswerColumn types{"data_type"};
    AnswerColumn comments{"comment", /*nullable=*/true};
    const auto add = [&](const arrow::Field& field) {
      names.texts.emplace_back(field.name());
      types.texts.emplace_back(table::TypeName(field));
      auto& comment = comments.texts.emplace_back();
      if (!table.has_value()) return;
      const auto its = table->definition.comments.find(field.name());
      if (its != table->definition.comments.end()) comment = its->second;
    };
    for (const auto& field : schema.value()->fields()) add(*field);
    if (table.has_value() && !table->definition.keys.empty()) {
      for (const char* title : {"# Partition Information", "# col_name"}) {
        names.texts.emplace_back(title);
      }
      for (const char* title : {"", "data_type"}) types.texts.emplace_back(title);
      for (const char* title : {"", "comment"}) comments.texts.emplace_back(title);
      for (const std::string& key : table->definition.keys) {
        add(*table->definition.schema->GetFieldByName(key));
      }
    }
    return Answer({std::move(names), std::move(types), std::move(comments)});
  }

  base::StatusOr<Relation> ShowColumns() {
    SOTERIA_ASSIGN_OR_RETURN(const auto plan, Query());
    SOTERIA_ASSIGN_OR_RETURN(const auto schema, state_.session().SchemaOf(plan));
    AnswerColumn names{"col_name"};
    for (const auto& field : schema.value()->fields()) names.texts.emplace_back(field->name());
    return Answer({std::move(names)});
  }

  /// Tables, or global views where their database is asked for, and then the session's views.
  base::StatusOr<Relation> ShowTables() {
    AnswerColumn spaces{"namespace"};
    AnswerColumn names{statement_.views ? "viewName" : "tableName"};
    AnswerColumn temporary{"isTemporary", false, {}, AnswerColumn::Kind::kBoolean};
    const bool of_views =
        statement_.name.size() == 1 && base::EqualIgnoringCase(statement_.name[0], kGlobalViews);
    if (!statement_.name.empty() && !of_views) {
      SOTERIA_RETURN_IF_ERROR(CheckDatabase(statement_.name));
    }
    const auto add = [&](std::string_view space, const std::string& name, bool is_temporary) {
      if (!FitsPattern(name, statement_.pattern)) return;
      spaces.texts.emplace_back(space);
      names.texts.emplace_back(name);
      temporary.texts.emplace_back(BooleanText(is_temporary));
    };
    if (!statement_.views && !of_views) {
      SOTERIA_ASSIGN_OR_RETURN(const auto tables, state_.session().TableNames());
      for (const std::string& name : tables) add(kDatabaseName, name, false);
    }
    if (of_views) {
      for (const std::string& name : state_.views().Names(true)) add(kGlobalViews, name, true);
    }
    for (const std::string& name : state_.views().Names(false)) add("", name, true);
    return Answer({std::move(spaces), std::move(names), std::move(temporary)});
  }

  base::StatusOr<Relation> Explain() {
    SOTERIA_ASSIGN_OR_RETURN(const auto plan, Query());
    return Answer({{"plan", false, {base::Cat("== Physical Plan ==\n", plan::Explain(*plan))}}});
  }

  base::StatusOr<Relation> Set() {
    AnswerColumn keys{"key"};
    AnswerColumn values{"value"};
    const auto add = [&](const std::string& key, const std::string& value) {
      keys.texts.emplace_back(key);
      values.texts.emplace_back(value);
    };
    if (!statement_.key.has_value()) {
      for (const auto& [key, value] : state_.config().All("")) add(key, value);
    } else if (statement_.value.has_value()) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string warning,
                               state_.config().Set(*statement_.key, *statement_.value));
      // There is no place for a warning in the answer; the configuration's page says it.
      add(*statement_.key, *statement_.value);
    } else {
      add(*statement_.key, state_.config().Get(*statement_.key).value_or("<undefined>"));
    }
    return Answer({std::move(keys), std::move(values)});
  }

  base::StatusOr<Relation> Reset() {
    if (statement_.key.has_value()) {
      SOTERIA_RETURN_IF_ERROR(state_.config().Unset(*statement_.key));
      return Answer({});
    }
    for (const auto& [key, value] : state_.config().All("")) {
      if (Config::IsModifiable(key)) SOTERIA_RETURN_IF_ERROR(state_.config().Unset(key));
    }
    return Answer({});
  }

  base::StatusOr<Relation> Cache() {
    if (statement_.kind == Kind::kClearCache) {
      state_.session().UnpersistAll();
      return Answer({});
    }
    const auto view = ViewOf(statement_.name);
    if (statement_.query != nullptr) {
      if (!view.has_value() || view->global) return base::NotSupported("CACHE TABLE of this name");
      SOTERIA_ASSIGN_OR_RETURN(auto plan, Query());
      SOTERIA_RETURN_IF_ERROR(state_.views().Create(view->name, std::move(plan), false));
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto plan, FindViewOrTable(statement_.name, state_));
    if (!plan.has_value()) {
      if (statement_.kind == Kind::kUncache && statement_.if_exists) return Answer({});
      return NoTable(statement_.name);
    }
    if (statement_.kind == Kind::kCache) {
      state_.session().Persist(*plan);
    } else {
      state_.session().Unpersist(*plan);
    }
    return Answer({});
  }

  const SqlStatement& statement_;
  SessionState& state_;
  Operation& operation_;
};

/// The text within the command's relation, be it under the DataFrames that it names; or null.
const spark::connect::SQL* TextOf(const Relation& relation) {
  if (relation.has_sql()) return &relation.sql();
  if (relation.has_with_relations() && relation.with_relations().root().has_sql()) {
    return &relation.with_relations().root().sql();
  }
  return nullptr;
}

/// The command of old clients as that of new ones.
Relation InputOf(const spark::connect::SqlCommand& command) {
  if (command.has_input()) return command.input();
  Relation relation;
  auto* sql = relation.mutable_sql();
  sql->set_query(command.sql());
  *sql->mutable_args() = command.args();
  *sql->mutable_pos_args() = command.pos_args();
  *sql->mutable_named_arguments() = command.named_arguments();
  *sql->mutable_pos_arguments() = command.pos_arguments();
  return relation;
}

/// The statement's query with the DataFrames that the text names.
std::shared_ptr<const Relation> Within(const Relation& input,
                                       std::shared_ptr<const Relation> query) {
  if (query == nullptr || !input.has_with_relations()) return query;
  auto with = std::make_shared<Relation>(input);
  *with->mutable_with_relations()->mutable_root() = *query;
  return with;
}

}  // namespace

base::Status RunSqlCommand(const spark::connect::SqlCommand& command, SessionState& state,
                           Operation& operation) {
  Relation input = InputOf(command);
  const spark::connect::SQL* text = TextOf(input);
  if (text == nullptr) return base::Fail(base::kAnalysis, "A SQL command without a text");
  SOTERIA_ASSIGN_OR_RETURN(SqlStatement statement,
                           ParseSql(text->query(), {state.config().Zone(), text}));
  spark::connect::ExecutePlanResponse response;
  auto* result = response.mutable_sql_command_result()->mutable_relation();
  if (statement.kind == Kind::kQuery) {
    SOTERIA_RETURN_IF_ERROR(RelationConverter(state).Convert(input));
    *result = std::move(input);
  } else {
    statement.query = Within(input, std::move(statement.query));
    SOTERIA_ASSIGN_OR_RETURN(*result, Statement(statement, state, operation).Run());
  }
  return operation.Send(std::move(response));
}

base::Status RunView(const spark::connect::CreateDataFrameViewCommand& view, SessionState& state) {
  if (view.name().empty()) return base::Fail(base::kAnalysis, "A view without a name");
  SOTERIA_ASSIGN_OR_RETURN(auto plan, RelationConverter(state).Convert(view.input()));
  return state.views().Create(view.name(), std::move(plan), view.replace(), view.is_global());
}

}  // namespace soteria::connect
