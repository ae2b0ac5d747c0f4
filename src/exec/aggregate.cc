#include "src/exec/aggregate.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <map>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/codec.h"
#include "src/exec/group_key.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;

constexpr size_t kGroupKeysMax = 100;
constexpr size_t kCallNumbersMax = 100'000;
constexpr size_t kCallArgumentsMax = 1000;

/// The states of all calls for each group; without keys there is one, of the empty key.
using States = std::vector<AccumulatorPtr>;
using Groups = std::map<Key, States>;

base::Status TooManyGroups() {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("groupBy: more than ", kGroupsMax, " groups, or ", kGroupBytesMax,
                              " bytes of them; group by something coarser"));
}

States NewStates(const States& empty) {
  States states;
  states.reserve(empty.size());
  for (const AccumulatorPtr& state : empty) states.push_back(state->New());
  return states;
}

base::StatusOr<std::string> WriteGroups(const Groups& groups, bool keyed) {
  FieldWriter out;
  if (keyed) out.AddU64(groups.size());
  for (const auto& [key, states] : groups) {
    WriteKey(key, out);
    for (const AccumulatorPtr& state : states) state->Write(out);
    if (out.bytes().size() > kGroupBytesMax) return TooManyGroups();
  }
  return out.Take();
}

struct Reading {
  States empty;  // one that has seen nothing of each call
  std::vector<TypePtr> key_types;
};

base::StatusOr<Groups> ReadGroups(const Reading& reading, std::string_view bytes) {
  FieldReader in(bytes);
  Groups groups;
  uint64_t count = 1;
  if (!reading.key_types.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(count, in.NextU64());
    if (count > kGroupsMax) return TooManyGroups();
  }
  for (uint64_t g = 0; g < count; ++g) {
    SOTERIA_ASSIGN_OR_RETURN(Key key, ReadKey(reading.key_types, in));
    States states = NewStates(reading.empty);
    for (const AccumulatorPtr& state : states) SOTERIA_RETURN_IF_ERROR(state->Read(in));
    if (!groups.empty() && !(groups.rbegin()->first < key)) {
      return base::Fail(base::kProtocol, "Aggregate: groups out of order");
    }
    groups.emplace_hint(groups.end(), std::move(key), std::move(states));
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return groups;
}

base::StatusOr<ArrayPtr> Evaluated(const BoundPtr& bound, const std::vector<int64_t>& seeds,
                                   const arrow::Table& table, uint64_t partition) {
  const Program program(bound, seeds);
  SOTERIA_ASSIGN_OR_RETURN(const auto values, program.Run(table, partition));
  if (values->num_chunks() == 1) return values->chunk(0);
  if (values->num_chunks() == 0) {
    SOTERIA_ARROW_ASSIGN(ArrayPtr empty, arrow::MakeArrayOfNull(values->type(), 0));
    return empty;
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr all, arrow::Concatenate(values->chunks()));
  return all;
}

base::StatusOr<BoundPtr> BindKey(const GroupKey& key, BindContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr bound, BindExpr(*key.expr, context, 1));
  if (IsAtom(*bound->field->type()) && table::UdtOf(*bound->field).empty()) return bound;
  return base::Fail(base::kUnsupported,
                    base::Cat("groupBy a column of type ", table::TypeName(*bound->field),
                              " is not supported in an enclave"));
}

/// Rows in the order of their groups, each group's in the order of the table.
struct Grouping {
  std::vector<Key> keys;
  std::vector<int64_t> ends;  // of each group among `rows`
  ArrayPtr rows;              // null: one group of all rows as they are
};

base::StatusOr<Grouping> GroupRows(const std::vector<GroupKey>& keys, const arrow::Table& table,
                                   uint64_t partition) {
  Grouping grouping;
  if (keys.empty()) return Grouping{{Key{}}, {table.num_rows()}, nullptr};
  std::vector<ArrayPtr> columns;
  for (const GroupKey& key : keys) {
    BindContext context{*table.schema(), {}};
    SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindKey(key, context));
    SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(),
                             Evaluated(bound, context.seeds, table, partition));
  }
  std::map<Key, std::vector<int64_t>> groups;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    Key key;
    for (const ArrayPtr& column : columns) key.push_back(ReadKeyCell(*column, row));
    groups[std::move(key)].push_back(row);
    if (groups.size() > kGroupsMax) return TooManyGroups();
  }
  arrow::Int64Builder rows;
  SOTERIA_ARROW_RETURN(rows.Reserve(table.num_rows()));
  for (auto& [key, members] : groups) {
    SOTERIA_ARROW_RETURN(rows.AppendValues(members));
    grouping.keys.push_back(key);
    grouping.ends.push_back(rows.length());
  }
  SOTERIA_ARROW_ASSIGN(grouping.rows, rows.Finish());
  return grouping;
}

base::StatusOr<ArrayPtr> InGroups(const Grouping& grouping, ArrayPtr values) {
  if (grouping.rows == nullptr) return values;
  SOTERIA_ARROW_ASSIGN(ArrayPtr taken, arrow::compute::Take(*values, *grouping.rows));
  return taken;
}

/// Rows [begin, end) of a group, those where the call's FILTER holds.
base::Status UpdateRows(const ArrayList& args, const arrow::Array* where, int64_t begin,
                        int64_t end, Accumulator& state) {
  if (where == nullptr) return state.Update(args, begin, end);
  const auto& holds = static_cast<const arrow::BooleanArray&>(*where);
  for (int64_t i = begin; i < end;) {
    int64_t to = i;
    while (to < end && holds.IsValid(to) && holds.Value(to)) ++to;
    if (to > i) SOTERIA_RETURN_IF_ERROR(state.Update(args, i, to));
    i = to + 1;
  }
  return base::OkStatus();
}

/// One call over all groups; `states[g]` is what group g's call sees.
base::Status UpdateCall(const BoundCall& call, const arrow::Table& table, uint64_t partition,
                        const Grouping& grouping, const std::vector<Accumulator*>& states) {
  ArrayList args;
  ArrayPtr where;
  for (const BoundPtr& arg : call.args) {
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr values, Evaluated(arg, call.seeds, table, partition));
    SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), InGroups(grouping, std::move(values)));
  }
  if (call.where != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(where, Evaluated(call.where, call.seeds, table, partition));
    SOTERIA_ASSIGN_OR_RETURN(where, InGroups(grouping, std::move(where)));
  }
  for (size_t g = 0; g < states.size(); ++g) {
    const int64_t begin = g == 0 ? 0 : grouping.ends[g - 1];
    SOTERIA_RETURN_IF_ERROR(UpdateRows(args, where.get(), begin, grouping.ends[g], *states[g]));
  }
  return base::OkStatus();
}

void WriteTypes(const CallTypes& types, FieldWriter& out) {
  out.AddU64(types.args.size());
  for (const TypePtr& type : types.args) WriteType(*type, out);
}

base::StatusOr<CallTypes> ReadTypes(const TypePtr& result, FieldReader& in) {
  CallTypes types{{}, result};
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kCallArgumentsMax) return base::Fail(base::kProtocol, "Aggregate: many arguments");
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(types.args.emplace_back(), ReadType(in));
  }
  return types;
}

void WriteField(const arrow::Field& field, FieldWriter& out) {
  out.Add(field.name()).Add(table::UdtOf(field));
  WriteType(*field.type(), out);
  out.AddBool(field.nullable());
}

base::StatusOr<FieldPtr> ReadField(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view udt, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(TypePtr type, ReadType(in));
  SOTERIA_ASSIGN_OR_RETURN(const bool nullable, in.NextBool());
  return table::WithUdt(arrow::field(std::string(name), std::move(type), nullable),
                        std::string(udt));
}

base::StatusOr<States> Empty(const Aggregate& aggregate) {
  States states;
  for (size_t i = 0; i < aggregate.calls().size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(states.emplace_back(),
                             MakeAccumulator(aggregate.calls()[i], aggregate.types()[i]));
  }
  return states;
}

base::StatusOr<Reading> ReadingOf(const Aggregate& aggregate) {
  Reading reading;
  SOTERIA_ASSIGN_OR_RETURN(reading.empty, Empty(aggregate));
  for (size_t k = 0; k < aggregate.keys().size(); ++k) {
    reading.key_types.push_back(aggregate.output_schema()->field(static_cast<int>(k))->type());
  }
  return reading;
}

}  // namespace

void WriteAggregateCall(const AggregateCall& call, FieldWriter& out) {
  out.Add(call.function).AddBool(call.arg != nullptr).AddBool(call.weight != nullptr);
  if (call.arg != nullptr) WriteExpr(*call.arg, out);
  if (call.weight != nullptr) WriteExpr(*call.weight, out);
  out.AddU64(call.metrics.size());
  for (const std::string& metric : call.metrics) out.Add(metric);
  out.AddU64(call.probabilities.size());
  for (const double probability : call.probabilities) out.AddDouble(probability);
  out.AddDouble(call.relative_error).AddU64(call.rest.size());
  for (const ExprPtr& expr : call.rest) WriteExpr(*expr, out);
  out.AddBool(call.distinct).AddBool(call.where != nullptr);
  if (call.where != nullptr) WriteExpr(*call.where, out);
}

base::StatusOr<AggregateCall> ReadAggregateCall(FieldReader& in, ExprReader& exprs) {
  AggregateCall call;
  SOTERIA_ASSIGN_OR_RETURN(call.function, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(const bool has_arg, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const bool has_weight, in.NextBool());
  if (has_arg) {
    SOTERIA_ASSIGN_OR_RETURN(call.arg, exprs.Read());
  }
  if (has_weight) {
    SOTERIA_ASSIGN_OR_RETURN(call.weight, exprs.Read());
  }
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t metrics, in.NextU64());
  for (uint64_t i = 0; i < metrics; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view metric, in.Next());
    call.metrics.emplace_back(metric);
  }
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t probabilities, in.NextU64());
  for (uint64_t i = 0; i < probabilities; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(call.probabilities.emplace_back(), in.NextDouble());
  }
  SOTERIA_ASSIGN_OR_RETURN(call.relative_error, in.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t rest, in.NextU64());
  if (rest > kCallArgumentsMax) return base::Fail(base::kProtocol, "Aggregate: many arguments");
  for (uint64_t i = 0; i < rest; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(call.rest.emplace_back(), exprs.Read());
  }
  SOTERIA_ASSIGN_OR_RETURN(call.distinct, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const bool has_where, in.NextBool());
  if (has_where) {
    SOTERIA_ASSIGN_OR_RETURN(call.where, exprs.Read());
  }
  return call;
}

base::StatusOr<Aggregate> Aggregate::Make(std::vector<AggregateCall> calls,
                                          const arrow::Schema& input, std::vector<GroupKey> keys) {
  if (calls.size() > kAggregateCallsMax || keys.size() > kGroupKeysMax) {
    return base::Fail(base::kUnsupported, "Aggregate: too many expressions");
  }
  std::vector<FieldPtr> fields;
  for (const GroupKey& key : keys) {
    BindContext context{input, {}};
    SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindKey(key, context));
    fields.push_back(arrow::field(key.name.empty() ? AutoName(*key.expr) : key.name,
                                  bound->field->type(), bound->field->nullable()));
  }
  Aggregate aggregate;
  for (const AggregateCall& call : calls) {
    if (call.metrics.size() + call.probabilities.size() > kCallNumbersMax ||
        call.rest.size() > kCallArgumentsMax) {
      return base::Fail(base::kUnsupported, "Aggregate: too many metrics or probabilities");
    }
    SOTERIA_ASSIGN_OR_RETURN(BoundCall bound, BindCall(call, input));
    aggregate.types_.push_back(bound.types());
    // What can't be made isn't worth a plan.
    SOTERIA_RETURN_IF_ERROR(MakeAccumulator(call, aggregate.types_.back()).status());
    fields.push_back(std::move(bound.output));
  }
  aggregate.keys_ = std::move(keys);
  aggregate.calls_ = std::move(calls);
  aggregate.output_ = arrow::schema(std::move(fields));
  return aggregate;
}

std::string Aggregate::Encode() const {
  FieldWriter out;
  out.AddU64(keys_.size()).AddU64(calls_.size());
  for (const FieldPtr& field : output_->fields()) WriteField(*field, out);
  for (const GroupKey& key : keys_) WriteExpr(*key.expr, out);
  for (size_t i = 0; i < calls_.size(); ++i) {
    WriteAggregateCall(calls_[i], out);
    WriteTypes(types_[i], out);
  }
  return out.Take();
}

base::StatusOr<Aggregate> Aggregate::Decode(std::string_view bytes) {
  FieldReader in(bytes);
  ExprReader exprs(in);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t keys, in.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t calls, in.NextU64());
  if (calls > kAggregateCallsMax || keys > kGroupKeysMax) {
    return base::Fail(base::kProtocol, "Aggregate: too many calls");
  }
  Aggregate aggregate;
  std::vector<FieldPtr> fields;
  for (uint64_t i = 0; i < keys + calls; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(fields.emplace_back(), ReadField(in));
  }
  for (uint64_t i = 0; i < keys; ++i) {
    if (!IsAtom(*fields[i]->type())) return base::Fail(base::kProtocol, "Aggregate: a bad key");
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr expr, exprs.Read());
    aggregate.keys_.push_back({std::move(expr), fields[i]->name()});
  }
  for (uint64_t i = 0; i < calls; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(AggregateCall call, ReadAggregateCall(in, exprs));
    if (FindAggregate(call.function) == nullptr) {
      return base::Fail(base::kProtocol, "Aggregate: unknown function");
    }
    call.name = fields[keys + i]->name();
    SOTERIA_ASSIGN_OR_RETURN(aggregate.types_.emplace_back(),
                             ReadTypes(fields[keys + i]->type(), in));
    aggregate.calls_.push_back(std::move(call));
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  aggregate.output_ = arrow::schema(std::move(fields));
  return aggregate;
}

base::StatusOr<std::string> Aggregate::Map(const arrow::Table& table, uint64_t partition) const {
  SOTERIA_ASSIGN_OR_RETURN(const Grouping grouping, GroupRows(keys_, table, partition));
  SOTERIA_ASSIGN_OR_RETURN(const States empty, Empty(*this));
  Groups groups;
  std::vector<States*> of_group;
  for (const Key& key : grouping.keys) {
    of_group.push_back(&groups.emplace(key, NewStates(empty)).first->second);
  }
  std::vector<Accumulator*> states(of_group.size());
  for (size_t i = 0; i < calls_.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const BoundCall call, BindCall(calls_[i], *table.schema()));
    const CallTypes types = call.types();
    bool same =
        types.result->Equals(*types_[i].result) && types.args.size() == types_[i].args.size();
    for (size_t k = 0; same && k < types.args.size(); ++k) {
      // Vectors have two forms, which their reader tells apart.
      const bool either = k == 0 && calls_[i].function == "aggregate_metrics";
      same = either || types.args[k]->Equals(*types_[i].args[k]);
    }
    if (!same) {
      return base::Fail(base::kInternal, "Aggregate: input is not of the type it was made for");
    }
    for (size_t g = 0; g < states.size(); ++g) states[g] = (*of_group[g])[i].get();
    SOTERIA_RETURN_IF_ERROR(UpdateCall(call, table, partition, grouping, states));
  }
  return WriteGroups(groups, !keys_.empty());
}

base::StatusOr<std::string> Aggregate::Merge(std::span<const std::string> partials) const {
  SOTERIA_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(*this));
  Groups all;
  if (keys_.empty()) all.emplace(Key{}, NewStates(reading.empty));
  bool first = true;
  for (const std::string& partial : partials) {
    SOTERIA_ASSIGN_OR_RETURN(Groups next, ReadGroups(reading, partial));
    if (std::exchange(first, false)) {
      all = std::move(next);
      continue;
    }
    for (auto& [key, states] : next) {
      const auto [found, added] = all.try_emplace(key);
      if (added) {
        found->second = std::move(states);
        continue;
      }
      for (size_t i = 0; i < states.size(); ++i) {
        SOTERIA_RETURN_IF_ERROR(found->second[i]->Merge(*states[i]));
      }
    }
    if (all.size() > kGroupsMax) return TooManyGroups();
  }
  return WriteGroups(all, !keys_.empty());
}

base::StatusOr<std::vector<CallNumbers>> Aggregate::Numbers(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(*this));
  SOTERIA_ASSIGN_OR_RETURN(const Groups groups, ReadGroups(reading, partial));
  if (!keys_.empty()) return base::Fail(base::kInternal, "Aggregate: numbers of groups");
  std::vector<CallNumbers> numbers;
  for (const AccumulatorPtr& state : groups.begin()->second) numbers.push_back(state->Numbers());
  return numbers;
}

base::StatusOr<std::shared_ptr<arrow::Table>> Aggregate::Finish(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(*this));
  SOTERIA_ASSIGN_OR_RETURN(const Groups groups, ReadGroups(reading, partial));
  arrow::ArrayVector columns;
  for (int c = 0; c < output_->num_fields(); ++c) {
    const TypePtr& type = output_->field(c)->type();
    const auto column = static_cast<size_t>(c);
    SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
    for (const auto& [key, states] : groups) {
      if (column < keys_.size()) {
        SOTERIA_RETURN_IF_ERROR(AppendKeyCell(key[column], *builder));
        continue;
      }
      SOTERIA_RETURN_IF_ERROR(states[column - keys_.size()]->Finish(*builder));
    }
    SOTERIA_ARROW_ASSIGN(columns.emplace_back(), builder->Finish());
  }
  return arrow::Table::Make(output_, std::move(columns), static_cast<int64_t>(groups.size()));
}

}  // namespace soteria::exec
