// Nodes of several inputs, and those that compare whole rows.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/partition.h"
#include "src/exec/sort.h"
#include "src/exec/widened_field.h"
#include "src/plan/logical.h"
#include "src/plan/node.h"
#include "src/plan/scope.h"
#include "src/table/types.h"

namespace soteria::plan {
namespace {

constexpr base::Condition kColumnsMismatch = {"NUM_COLUMNS_MISMATCH",
                                              base::exception_class::kAnalysis, "42826",
                                              absl::StatusCode::kInvalidArgument};
constexpr base::Condition kIncompatibleColumn = {"INCOMPATIBLE_COLUMN_TYPE",
                                                 base::exception_class::kAnalysis, "42825",
                                                 absl::StatusCode::kInvalidArgument};

/// Rows of one partition of a range, where the script doesn't say how many partitions.
constexpr uint64_t kRangePartitionRows = 250'000;
constexpr uint64_t kRangePartitionsMax = 64;

std::string Ordinal(size_t index) {
  static constexpr const char* kNames[] = {"first", "second",  "third",  "fourth", "fifth",
                                           "sixth", "seventh", "eighth", "ninth",  "tenth"};
  return index < std::size(kNames) ? kNames[index] : base::Cat(index + 1, "th");
}

base::Status CheckSize(const std::vector<PlanPtr>& inputs) {
  uint64_t size = 1;
  for (const PlanPtr& input : inputs) size += input->size;
  if (size <= kPlanSizeMax) return base::OkStatus();
  return base::NotSupported(base::Cat("A plan of more than ", kPlanSizeMax, " relations"),
                            "a checkpoint of what is in between");
}

/// The plan with its columns of these ids under others, as far down as they are known.
PlanPtr Renamed(const PlanPtr& plan, const std::map<ColumnId, ColumnId>& ids) {
  auto copy = std::make_shared<Plan>(*plan);
  for (Column& column : copy->columns) {
    const auto other = ids.find(column.id);
    if (other != ids.end()) column.id = other->second;
  }
  for (PlanPtr& input : copy->inputs) input = Renamed(input, ids);
  return copy;
}

/// The input's columns as these fields have them.
base::StatusOr<PlanPtr> AsFields(Builder& builder, PlanPtr input,
                                 const arrow::FieldVector& fields) {
  std::vector<exec::NamedExpr> columns;
  bool changed = false;
  for (int i = 0; i < input->schema->num_fields(); ++i) {
    const arrow::Field& wanted = *fields[static_cast<size_t>(i)];
    exec::ExprPtr column = ColumnAt(*input, i);
    if (input->schema->field(i)->type()->Equals(*wanted.type())) {
      columns.push_back({std::nullopt, std::move(column)});
      continue;
    }
    changed = true;
    columns.push_back({wanted.name(), exec::Cast(std::move(column), wanted.type())});
  }
  if (!changed) return input;
  return builder.Project(std::move(input), std::move(columns));
}

}  // namespace

base::StatusOr<std::vector<PlanPtr>> Builder::Widened(std::vector<PlanPtr> inputs,
                                                      const std::string& what) {
  SOTERIA_RETURN_IF_ERROR(CheckSize(inputs));
  arrow::FieldVector fields = inputs[0]->schema->fields();
  for (size_t k = 1; k < inputs.size(); ++k) {
    const arrow::Schema& schema = *inputs[k]->schema;
    if (schema.num_fields() != inputs[0]->schema->num_fields()) {
      return base::Fail(
          kColumnsMismatch,
          base::Cat(what,
                    " can only be performed on inputs with the same number of columns, but "
                    "the first input has ",
                    inputs[0]->schema->num_fields(), " columns and the ", Ordinal(k), " input has ",
                    schema.num_fields(), " columns."));
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      const arrow::Field& other = *schema.field(static_cast<int>(i));
      const auto common = exec::WidenedField(fields[i], other);
      if (common == nullptr) {
        return base::Fail(
            kIncompatibleColumn,
            base::Cat(what, " can only be performed on tables with compatible column types. The ",
                      Ordinal(i), " column of the ", Ordinal(k), " table is ",
                      table::QuotedTypeName(other), " type which is not compatible with ",
                      table::QuotedTypeName(*inputs[0]->schema->field(static_cast<int>(i))),
                      " at the same column of the first table.."));
      }
      fields[i] = common;
    }
  }
  for (PlanPtr& input : inputs) {
    SOTERIA_ASSIGN_OR_RETURN(input, AsFields(*this, std::move(input), fields));
  }
  return inputs;
}

base::StatusOr<PlanPtr> Builder::Union(std::vector<PlanPtr> inputs) {
  SOTERIA_ASSIGN_OR_RETURN(inputs, Widened(std::move(inputs), "UNION"));
  arrow::FieldVector fields = inputs[0]->schema->fields();
  for (size_t k = 1; k < inputs.size(); ++k) {
    for (size_t i = 0; i < fields.size(); ++i) {
      fields[i] = exec::WidenedField(fields[i], *inputs[k]->schema->field(static_cast<int>(i)));
    }
  }
  auto schema = arrow::schema(std::move(fields));
  auto columns = NewColumns(*schema);
  return MakeNode(UnionNode{}, std::move(schema), std::move(columns), std::move(inputs));
}

base::StatusOr<PlanPtr> Builder::Distinct(PlanPtr input, std::vector<int> columns) {
  for (const int column : columns) {
    SOTERIA_RETURN_IF_ERROR(exec::CheckSetColumn(*input->schema->field(column)));
    SOTERIA_RETURN_IF_ERROR(exec::CheckKey(*input->schema->field(column)));
  }
  return MakeOver(DistinctNode{std::move(columns), targets_max_}, std::move(input));
}

base::StatusOr<PlanPtr> Builder::ChosenRows(PlanPtr left, PlanPtr right, exec::JoinKind kind,
                                            const std::string& what) {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<PlanPtr> inputs,
                           Widened({std::move(left), std::move(right)}, what));
  for (const auto& field : inputs[0]->schema->fields()) {
    SOTERIA_RETURN_IF_ERROR(exec::CheckSetColumn(*field));
    SOTERIA_RETURN_IF_ERROR(exec::CheckKey(*field));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto join,
                           exec::Join::OfWholeRows(kind, *inputs[0]->schema, *inputs[1]->schema));
  auto schema = inputs[0]->schema;
  auto columns = inputs[0]->columns;
  return MakeNode(JoinNode{std::make_shared<const exec::Join>(std::move(join)), targets_max_},
                  std::move(schema), std::move(columns), std::move(inputs));
}

base::StatusOr<PlanPtr> Builder::Intersect(PlanPtr left, PlanPtr right, bool all) {
  if (all) {
    return ChosenRows(std::move(left), std::move(right), exec::JoinKind::kIntersectAll,
                      "INTERSECTALL");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto rows, ChosenRows(std::move(left), std::move(right),
                                                 exec::JoinKind::kLeftSemi, "INTERSECT"));
  std::vector<int> columns;
  for (int i = 0; i < rows->schema->num_fields(); ++i) columns.push_back(i);
  return Distinct(std::move(rows), std::move(columns));
}

base::StatusOr<PlanPtr> Builder::Except(PlanPtr left, PlanPtr right, bool all) {
  if (all) {
    return ChosenRows(std::move(left), std::move(right), exec::JoinKind::kExceptAll, "EXCEPTALL");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto rows, ChosenRows(std::move(left), std::move(right),
                                                 exec::JoinKind::kLeftAnti, "EXCEPT"));
  std::vector<int> columns;
  for (int i = 0; i < rows->schema->num_fields(); ++i) columns.push_back(i);
  return Distinct(std::move(rows), std::move(columns));
}

base::StatusOr<PlanPtr> Builder::Cross(PlanPtr left, PlanPtr right) {
  SOTERIA_RETURN_IF_ERROR(CheckSize({left, right}));
  std::set<ColumnId> taken;
  for (const Column& column : left->columns) taken.insert(column.id);
  std::map<ColumnId, ColumnId> others;
  for (const Column& column : right->columns) {
    if (taken.contains(column.id) && !others.contains(column.id)) {
      others.emplace(column.id, next_id_++);
    }
  }
  if (!others.empty()) right = Renamed(right, others);
  SOTERIA_ASSIGN_OR_RETURN(
      auto join, exec::Join::Make(exec::JoinKind::kInner, nullptr, *left->schema, *right->schema));
  auto schema = join.OutputSchema(*left->schema, *right->schema);
  std::vector<Column> columns = left->columns;
  columns.insert(columns.end(), right->columns.begin(), right->columns.end());
  return MakeNode(JoinNode{std::make_shared<const exec::Join>(std::move(join)), targets_max_},
                  std::move(schema), std::move(columns), {std::move(left), std::move(right)});
}

base::StatusOr<PlanPtr> Builder::Join(const PlanPtr& cross, exec::JoinKind kind,
                                      const exec::ExprPtr& condition) {
  const arrow::Schema& left = *cross->inputs[0]->schema;
  const arrow::Schema& right = *cross->inputs[1]->schema;
  SOTERIA_ASSIGN_OR_RETURN(auto join, exec::Join::Make(kind, condition, left, right));
  auto schema = join.OutputSchema(left, right);
  std::vector<Column> columns = cross->columns;
  columns.resize(static_cast<size_t>(schema->num_fields()));
  if (kind == exec::JoinKind::kExistence) columns.back() = {next_id_++};
  return MakeNode(JoinNode{std::make_shared<const exec::Join>(std::move(join)), targets_max_},
                  std::move(schema), std::move(columns), cross->inputs);
}

base::StatusOr<PlanPtr> Builder::Range(int64_t start, int64_t end, int64_t step,
                                       int64_t partitions) {
  if (step == 0) return base::Fail(base::kIllegalArgument, "requirement failed: step cannot be 0");
  if (partitions < 0 || partitions > static_cast<int64_t>(dataflow::kPartitionsMax)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("Invalid number of partitions (", partitions, ")"));
  }
  const uint64_t rows = exec::RangeRows(start, end, step);
  const uint64_t wanted =
      partitions > 0 ? static_cast<uint64_t>(partitions)
                     : std::clamp<uint64_t>(rows / kRangePartitionRows, 1, kRangePartitionsMax);
  auto schema = arrow::schema({arrow::field("id", arrow::int64(), false)});
  auto columns = NewColumns(*schema);
  return MakeNode(RangeNode{start, end, step, wanted}, std::move(schema), std::move(columns), {});
}

}  // namespace soteria::plan
