#include "src/exec/groups.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <numeric>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/group_index.h"
#include "src/exec/partition.h"
#include "src/exec/row_keys.h"
#include "src/exec/sort.h"
#include "src/exec/taken.h"
#include "src/table/arrow_status.h"
#include "src/table/held_bytes.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using AggregatePtr = std::shared_ptr<const Aggregate>;
using SchemaPtr = std::shared_ptr<arrow::Schema>;
using TablePtr = std::shared_ptr<arrow::Table>;
using States = std::vector<std::unique_ptr<GroupStates>>;

constexpr std::string_view kPartialKind = "exec.partial_groups";
constexpr std::string_view kFinishKind = "exec.finish_groups";
/// What a row takes while groups are looked for: hash, number, slots.
constexpr uint64_t kIndexBytes = 24;

std::string KeyName(size_t k) { return base::Cat("k", k); }

size_t KeysOf(const Aggregate& aggregate) { return aggregate.keys().size(); }

/// The keys of partial rows.
std::vector<ExprPtr> PartialKeys(const Aggregate& aggregate) {
  std::vector<ExprPtr> keys;
  for (size_t k = 0; k < KeysOf(aggregate); ++k) {
    keys.push_back(Input(static_cast<int>(k), {KeyName(k)}));
  }
  return keys;
}

SchemaPtr PartialSchema(const Aggregate& aggregate) {
  arrow::FieldVector fields;
  for (size_t k = 0; k < KeysOf(aggregate); ++k) {
    const auto& key = aggregate.output_schema()->field(static_cast<int>(k));
    fields.push_back(arrow::field(KeyName(k), key->type(), key->nullable()));
  }
  for (size_t i = 0; i < aggregate.calls().size(); ++i) {
    fields.push_back(arrow::field(base::Cat("s", i), arrow::binary(), false));
  }
  return arrow::schema(std::move(fields));
}

base::StatusOr<std::unique_ptr<GroupStates>> StatesOfCall(const Aggregate& aggregate, size_t i,
                                                          size_t groups) {
  SOTERIA_ASSIGN_OR_RETURN(const AccumulatorPtr empty,
                           MakeAccumulator(aggregate.calls()[i], aggregate.types()[i]));
  return empty->OfGroups(groups);
}

/// Arrays and structs with one NaN and one zero at any depth.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Normalised(const arrow::ChunkedArray& values) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(values.type()));
  std::string cell;
  for (const auto& chunk : values.chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) {
      cell.clear();
      WriteCell(*chunk, i, Floats::kNormalised, cell);
      std::string_view bytes = cell;
      SOTERIA_RETURN_IF_ERROR(ReadCell(bytes, *builder));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr made, builder->Finish());
  return std::make_shared<arrow::ChunkedArray>(std::move(made));
}

/// The keys of these rows, as Spark shows them: one NaN, one zero.
base::StatusOr<arrow::ChunkedArrayVector> KeyColumns(const RowKeys& keys,
                                                     const std::vector<int64_t>& rows) {
  arrow::FieldVector fields;
  std::vector<int> all;
  for (const ArrayPtr& column : keys.columns()) {
    all.push_back(static_cast<int>(fields.size()));
    fields.push_back(arrow::field(KeyName(fields.size()), column->type()));
  }
  const auto whole = arrow::Table::Make(arrow::schema(fields), keys.columns(), keys.rows());
  arrow::ChunkedArrayVector columns;
  SOTERIA_RETURN_IF_ERROR(AppendTaken(*whole, rows, columns));
  SOTERIA_ASSIGN_OR_RETURN(
      const TablePtr taken,
      WithOneZero(arrow::Table::Make(whole->schema(), columns, static_cast<int64_t>(rows.size())),
                  all));
  columns = taken->columns();
  for (auto& column : columns) {
    if (column->type()->num_fields() == 0) continue;
    SOTERIA_ASSIGN_OR_RETURN(column, Normalised(*column));
  }
  return columns;
}

base::Status AskForRows(const arrow::Table& table, const Operator::Admit& admit) {
  return admit(static_cast<uint64_t>(table.num_rows()) * kIndexBytes + table::HeldBytes(table));
}

class GroupsOperator : public AskingOperator {
 public:
  explicit GroupsOperator(AggregatePtr aggregate) : aggregate_(std::move(aggregate)) {}
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    SOTERIA_ASSIGN_OR_RETURN(const SchemaPtr output, OutputSchema(input));
    return std::vector<int>(static_cast<size_t>(output->num_fields()), -1);
  }

 protected:
  const Aggregate& aggregate() const { return *aggregate_; }

 private:
  AggregatePtr aggregate_;
};

class PartialOperator final : public GroupsOperator {
 public:
  using GroupsOperator::GroupsOperator;
  std::string_view kind() const override { return kPartialKind; }
  std::string Encode() const override {
    return base::FieldWriter().Add(aggregate().Encode()).Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& /*input*/) const override {
    return PartialSchema(aggregate());
  }
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t partition,
                                       const Admit& admit) const override {
    SOTERIA_RETURN_IF_ERROR(AskForRows(*table, admit));
    std::vector<ExprPtr> exprs;
    for (const GroupKey& key : aggregate().keys()) exprs.push_back(key.expr);
    SOTERIA_ASSIGN_OR_RETURN(const RowKeys keys, RowKeys::Of(exprs, *table, partition));
    const SchemaPtr schema = PartialSchema(aggregate());
    for (size_t k = 0; k < exprs.size(); ++k) {
      if (!keys.columns()[k]->type()->Equals(*schema->field(static_cast<int>(k))->type())) {
        return base::Fail(base::kProtocol, "Groups: a key is not of the type it was made for");
      }
    }
    SOTERIA_ASSIGN_OR_RETURN(const GroupIndex index, IndexGroups(keys));
    SOTERIA_ASSIGN_OR_RETURN(arrow::ChunkedArrayVector columns, KeyColumns(keys, index.firsts));
    for (size_t i = 0; i < aggregate().calls().size(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const CallRows rows, RowsOf(aggregate(), i, *table, partition));
      SOTERIA_ASSIGN_OR_RETURN(const auto states,
                               StatesOfCall(aggregate(), i, index.firsts.size()));
      SOTERIA_RETURN_IF_ERROR(states->Update(rows.args, rows.where.get(), index.groups));
      SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), states->Partials());
    }
    return arrow::Table::Make(schema, std::move(columns),
                              static_cast<int64_t>(index.firsts.size()));
  }
};

class FinishOperator final : public GroupsOperator {
 public:
  FinishOperator(AggregatePtr aggregate, uint64_t places)
      : GroupsOperator(std::move(aggregate)), places_(places) {}
  std::string_view kind() const override { return kFinishKind; }
  std::string Encode() const override {
    return base::FieldWriter().Add(aggregate().Encode()).AddU64(places_).Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& /*input*/) const override {
    return aggregate().output_schema();
  }
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t partition,
                                       const Admit& admit) const override {
    const SchemaPtr wanted = PartialSchema(aggregate());
    bool same = table->num_columns() == wanted->num_fields();
    for (int c = 0; same && c < wanted->num_fields(); ++c) {
      same = table->column(c)->type()->Equals(*wanted->field(c)->type());
    }
    if (!same) return base::Fail(base::kProtocol, "Groups: rows that are no partial ones");
    SOTERIA_RETURN_IF_ERROR(AskForRows(*table, admit));
    SOTERIA_ASSIGN_OR_RETURN(const RowKeys keys,
                             RowKeys::Of(PartialKeys(aggregate()), *table, partition));
    SOTERIA_ASSIGN_OR_RETURN(const GroupIndex index, IndexGroups(keys));
    const std::vector<uint32_t> order = InOrder(keys, index);
    std::vector<int64_t> rows;
    rows.reserve(order.size());
    for (const uint32_t group : order) rows.push_back(index.firsts[group]);
    SOTERIA_ASSIGN_OR_RETURN(arrow::ChunkedArrayVector columns, KeyColumns(keys, rows));
    for (size_t i = 0; i < aggregate().calls().size(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const auto states,
                               StatesOfCall(aggregate(), i, index.firsts.size()));
      const auto column = static_cast<int>(KeysOf(aggregate()) + i);
      SOTERIA_RETURN_IF_ERROR(states->Merge(*table->column(column), index.groups));
      const auto& type = aggregate().output_schema()->field(column)->type();
      SOTERIA_ASSIGN_OR_RETURN(ArrayPtr values, states->Finish(order, type));
      columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(values)));
    }
    return arrow::Table::Make(aggregate().output_schema(), std::move(columns),
                              static_cast<int64_t>(order.size()));
  }

 private:
  /// By place, then as they first came.
  std::vector<uint32_t> InOrder(const RowKeys& keys, const GroupIndex& index) const {
    const auto place = [&](uint32_t group) {
      return PlaceOf(keys.hash(index.firsts[group]), places_);
    };
    std::vector<size_t> begins(places_ + 1);
    const auto groups = static_cast<uint32_t>(index.firsts.size());
    for (uint32_t group = 0; group < groups; ++group) ++begins[place(group) + 1];
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    std::vector<uint32_t> order(groups);
    for (uint32_t group = 0; group < groups; ++group) order[begins[place(group)]++] = group;
    return order;
  }

  uint64_t places_;
};

}  // namespace

OperatorPtr PartialGroups(AggregatePtr aggregate) {
  return std::make_shared<PartialOperator>(std::move(aggregate));
}

OperatorPtr FinishGroups(AggregatePtr aggregate, uint64_t places) {
  return std::make_shared<FinishOperator>(std::move(aggregate), places);
}

std::string EncodeGroupPartitioner(const Aggregate& aggregate, uint64_t places) {
  return EncodeHashPartitioner(PartialKeys(aggregate), places);
}

bool MakesGroups(std::string_view kind) { return kind == kPartialKind || kind == kFinishKind; }

base::StatusOr<OperatorPtr> ReadGroups(std::string_view kind, base::FieldReader& in) {
  if (!MakesGroups(kind)) return base::Fail(base::kProtocol, "Operator: unknown kind");
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(Aggregate aggregate, Aggregate::Decode(bytes));
  if (aggregate.keys().empty()) return base::Fail(base::kProtocol, "Groups: no keys");
  auto shared = std::make_shared<const Aggregate>(std::move(aggregate));
  if (kind == kPartialKind) return PartialGroups(std::move(shared));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t places, in.NextU64());
  if (places == 0 || places > kTargetsMax) return base::Fail(base::kProtocol, "Groups: places");
  return FinishGroups(std::move(shared), places);
}

}  // namespace soteria::exec
