#include "src/connect/sql_commands.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
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
#include "src/connect/errors.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_statement.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::Relation;
using Kind = SqlStatement::Kind;

/// A column of texts, or of booleans, of an answer.
struct Column {
  std::string name;
  bool nullable = false;
  std::vector<std::optional<std::string>> texts = {};
  bool booleans = false;  // texts are "true" or "false"
};

base::StatusOr<std::shared_ptr<arrow::Array>> ArrayOf(const Column& column) {
  arrow::StringBuilder texts;
  arrow::BooleanBuilder booleans;
  for (const auto& text : column.texts) {
    if (column.booleans) {
      SOTERIA_ARROW_RETURN(booleans.Append(text == "true"));
    } else {
      SOTERIA_ARROW_RETURN(text.has_value() ? texts.Append(*text) : texts.AppendNull());
    }
  }
  arrow::ArrayBuilder& builder =
      column.booleans ? static_cast<arrow::ArrayBuilder&>(booleans) : texts;
  SOTERIA_ARROW_ASSIGN(auto array, builder.Finish());
  return array;
}

/// Rows of an answer as the relation that the client will ask for.
base::StatusOr<Relation> Answer(const std::vector<Column>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const Column& column : columns) {
    fields.push_back(arrow::field(column.name, column.booleans ? arrow::boolean() : arrow::utf8(),
                                  column.nullable));
    SOTERIA_ASSIGN_OR_RETURN(auto array, ArrayOf(column));
    arrays.push_back(std::move(array));
  }
  const int64_t rows = arrays.empty() ? 0 : arrays[0]->length();
  const auto schema = arrow::schema(std::move(fields));
  Relation relation;
  auto* local = relation.mutable_local_relation();
  SOTERIA_ASSIGN_OR_RETURN(*local->mutable_schema(), table::SparkSchemaJson(*schema));
  SOTERIA_ASSIGN_OR_RETURN(*local->mutable_data(), table::ToIpcStream(*arrow::RecordBatch::Make(
                                                       schema, rows, std::move(arrays))));
  return relation;
}

/// The name of a temporary view, and whether it is a global one.
struct ViewName {
  std::string name;
  bool global = false;
};
std::optional<ViewName> ViewOf(const std::vector<std::string>& parts) {
  if (parts.size() == 1) return ViewName{parts[0], false};
  if (parts.size() != 2) return std::nullopt;
  if (base::EqualIgnoringCase(parts[0], kSessionViews)) return ViewName{parts[1], false};
  if (!base::EqualIgnoringCase(parts[0], kGlobalViews)) return std::nullopt;
  return ViewName{parts[1], true};
}

base::Status NoView(const std::vector<std::string>& parts) {
  return base::Fail(kTableNotFound,
                    base::Cat("The table or view ", QuoteName(parts),
                              " cannot be found. An enclave knows temporary views only."));
}

/// Java's `replaceAll("\\*", ".*")` and `|`: stars match anything, bars separate, no case counts.
bool MatchesOne(std::string_view text, std::string_view pattern) {
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() &&
               base::EqualIgnoringCase(pattern.substr(p, 1), text.substr(t, 1))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Matches(std::string_view text, std::string_view patterns) {
  if (patterns.empty()) return true;
  for (size_t at = 0; at <= patterns.size();) {
    const size_t end = std::min(patterns.find('|', at), patterns.size());
    std::string_view one = patterns.substr(at, end - at);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (MatchesOne(text, one)) return true;
    at = end + 1;
  }
  return false;
}

class Statement {
 public:
  Statement(const SqlStatement& statement, SessionState& state)
      : statement_(statement), state_(state) {}

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

  base::StatusOr<Relation> DropView() {
    const auto view = ViewOf(statement_.name);
    const bool dropped = view.has_value() && state_.views().Drop(view->name, view->global);
    if (!dropped && !statement_.if_exists) return NoView(statement_.name);
    return Answer({});
  }

  base::StatusOr<Relation> Describe() {
    SOTERIA_ASSIGN_OR_RETURN(const auto plan, Query());
    SOTERIA_ASSIGN_OR_RETURN(const auto schema, state_.session().SchemaOf(plan));
    Column names{"col_name"};
    Column types{"data_type"};
    Column comments{"comment", /*nullable=*/true};
    for (const auto& field : schema.value()->fields()) {
      names.texts.emplace_back(field->name());
      types.texts.emplace_back(table::TypeName(*field));
      comments.texts.emplace_back(std::nullopt);
    }
    return Answer({std::move(names), std::move(types), std::move(comments)});
  }

  base::StatusOr<Relation> ShowColumns() {
    SOTERIA_ASSIGN_OR_RETURN(const auto plan, Query());
    SOTERIA_ASSIGN_OR_RETURN(const auto schema, state_.session().SchemaOf(plan));
    Column names{"col_name"};
    for (const auto& field : schema.value()->fields()) names.texts.emplace_back(field->name());
    return Answer({std::move(names)});
  }

  /// Global views, when their database is asked for, and then those of the session.
  base::StatusOr<Relation> ShowTables() {
    Column spaces{"namespace"};
    Column names{statement_.views ? "viewName" : "tableName"};
    Column temporary{"isTemporary", false, {}, /*booleans=*/true};
    const bool ours =
        statement_.name.empty() ||
        (statement_.name.size() == 1 && base::EqualIgnoringCase(statement_.name[0], kGlobalViews));
    if (!ours &&
        !(statement_.name.size() == 1 && base::EqualIgnoringCase(statement_.name[0], "default"))) {
      return base::NotSupported("A database");
    }
    const auto add = [&](bool global) {
      for (const std::string& name : state_.views().Names(global)) {
        if (!Matches(name, statement_.pattern)) continue;
        spaces.texts.emplace_back(global ? std::string(kGlobalViews) : "");
        names.texts.emplace_back(name);
        temporary.texts.emplace_back("true");
      }
    };
    if (ours && !statement_.name.empty()) add(/*global=*/true);
    add(/*global=*/false);
    return Answer({std::move(spaces), std::move(names), std::move(temporary)});
  }

  base::StatusOr<Relation> Explain() {
    SOTERIA_ASSIGN_OR_RETURN(const auto plan, Query());
    return Answer({{"plan", false, {base::Cat("== Physical Plan ==\n", plan::Explain(*plan))}}});
  }

  base::StatusOr<Relation> Set() {
    Column keys{"key"};
    Column values{"value"};
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
      for (const bool global : {false, true}) {
        for (const std::string& name : state_.views().Names(global)) {
          if (const auto view = state_.views().Find(name, global)) {
            state_.session().Unpersist(*view);
          }
        }
      }
      return Answer({});
    }
    const auto view = ViewOf(statement_.name);
    if (statement_.query != nullptr) {
      if (!view.has_value() || view->global) return base::NotSupported("CACHE TABLE of this name");
      SOTERIA_ASSIGN_OR_RETURN(auto plan, Query());
      SOTERIA_RETURN_IF_ERROR(state_.views().Create(view->name, std::move(plan), false));
    }
    std::optional<plan::PlanPtr> plan;
    if (view.has_value()) plan = state_.views().Find(view->name, view->global);
    if (!plan.has_value()) {
      if (statement_.kind == Kind::kUncache && statement_.if_exists) return Answer({});
      return NoView(statement_.name);
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
    SOTERIA_ASSIGN_OR_RETURN(*result, Statement(statement, state).Run());
  }
  return operation.Send(std::move(response));
}

base::Status RunView(const spark::connect::CreateDataFrameViewCommand& view, SessionState& state) {
  if (view.name().empty()) return base::Fail(base::kAnalysis, "A view without a name");
  SOTERIA_ASSIGN_OR_RETURN(auto plan, RelationConverter(state).Convert(view.input()));
  return state.views().Create(view.name(), std::move(plan), view.replace(), view.is_global());
}

}  // namespace soteria::connect
