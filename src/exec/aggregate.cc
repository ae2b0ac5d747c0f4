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
#include "src/exec/aggregate_state.h"
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

/// The states of all calls for each group; without keys there is one, of the empty key.
using Groups = std::map<Key, std::vector<CallState>>;

base::Status TooManyGroups() {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("groupBy: more than ", kGroupsMax, " groups, or ", kGroupBytesMax,
                              " bytes of them; group by something coarser"));
}

std::vector<CallState> NewStates(const std::vector<AggregateCall>& calls) {
  std::vector<CallState> states;
  states.reserve(calls.size());
  for (const AggregateCall& call : calls) states.push_back(NewCallState(call));
  return states;
}

base::StatusOr<std::string> WriteGroups(const Groups& groups, bool keyed) {
  FieldWriter out;
  if (keyed) out.AddU64(groups.size());
  for (const auto& [key, states] : groups) {
    WriteKey(key, out);
    for (const CallState& state : states) WriteCallState(state, out);
    if (keyed && out.bytes().size() > kGroupBytesMax) return TooManyGroups();
  }
  return out.Take();
}

struct Reading {
  const std::vector<AggregateCall>& calls;
  const arrow::Schema& output;
  std::vector<TypePtr> key_types;
};

base::StatusOr<Groups> ReadGroups(const Reading& reading, std::string_view bytes) {
  FieldReader in(bytes);
  Groups groups;
  uint64_t count = 1;
  const size_t keys = reading.key_types.size();
  if (keys > 0) {
    SOTERIA_ASSIGN_OR_RETURN(count, in.NextU64());
    if (count > kGroupsMax) return TooManyGroups();
  }
  for (uint64_t g = 0; g < count; ++g) {
    SOTERIA_ASSIGN_OR_RETURN(Key key, ReadKey(reading.key_types, in));
    std::vector<CallState> states;
    for (size_t i = 0; i < reading.calls.size(); ++i) {
      const arrow::Field& field = *reading.output.field(static_cast<int>(keys + i));
      SOTERIA_ASSIGN_OR_RETURN(states.emplace_back(), ReadCallState(reading.calls[i], field, in));
    }
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

/// One call over all groups; `states[g]` is what group g's call sees.
base::Status UpdateCall(const BoundCall& call, const arrow::Table& table, uint64_t partition,
                        const Grouping& grouping, const std::vector<CallState*>& states) {
  ArrayPtr values, weights;
  if (call.arg != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(values, Evaluated(call.arg, call.seeds, table, partition));
    SOTERIA_ASSIGN_OR_RETURN(values, InGroups(grouping, std::move(values)));
  }
  if (call.weight != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(weights, Evaluated(call.weight, call.seeds, table, partition));
    SOTERIA_ASSIGN_OR_RETURN(weights, InGroups(grouping, std::move(weights)));
  }
  for (size_t g = 0; g < states.size(); ++g) {
    const int64_t begin = g == 0 ? 0 : grouping.ends[g - 1];
    const int64_t rows = grouping.ends[g] - begin;
    if (call.arg == nullptr) {
      states[g]->count = rows;
      continue;
    }
    const ArrayPtr slice = values->Slice(begin, rows);
    const ArrayPtr weight = weights == nullptr ? nullptr : weights->Slice(begin, rows);
    SOTERIA_RETURN_IF_ERROR(Update(*call.function, *slice, weight.get(), *states[g]));
    SOTERIA_RETURN_IF_ERROR(EndUpdates(*states[g]));
  }
  return base::OkStatus();
}

void WriteCall(const AggregateCall& call, FieldWriter& out) {
  out.Add(call.function).AddBool(call.arg != nullptr).AddBool(call.weight != nullptr);
  if (call.arg != nullptr) WriteExpr(*call.arg, out);
  if (call.weight != nullptr) WriteExpr(*call.weight, out);
  out.AddU64(call.metrics.size());
  for (const std::string& metric : call.metrics) out.Add(metric);
  out.AddU64(call.probabilities.size());
  for (const double probability : call.probabilities) out.AddDouble(probability);
  out.AddDouble(call.relative_error);
}

base::StatusOr<AggregateCall> ReadCall(FieldReader& in, ExprReader& exprs) {
  AggregateCall call;
  SOTERIA_ASSIGN_OR_RETURN(call.function, in.Next());
  if (FindAggregate(call.function) == nullptr) {
    return base::Fail(base::kProtocol, "Aggregate: unknown function");
  }
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
  return call;
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

Reading ReadingOf(const Aggregate& aggregate) {
  Reading reading{aggregate.calls(), *aggregate.output_schema(), {}};
  for (size_t k = 0; k < aggregate.keys().size(); ++k) {
    reading.key_types.push_back(aggregate.output_schema()->field(static_cast<int>(k))->type());
  }
  return reading;
}

}  // namespace

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
  for (const AggregateCall& call : calls) {
    if (call.metrics.size() + call.probabilities.size() > kCallNumbersMax) {
      return base::Fail(base::kUnsupported, "Aggregate: too many metrics or probabilities");
    }
    SOTERIA_ASSIGN_OR_RETURN(BoundCall bound, BindCall(call, input));
    fields.push_back(std::move(bound.output));
  }
  Aggregate aggregate;
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
  for (const AggregateCall& call : calls_) WriteCall(call, out);
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
    SOTERIA_ASSIGN_OR_RETURN(AggregateCall call, ReadCall(in, exprs));
    call.name = fields[keys + i]->name();
    aggregate.calls_.push_back(std::move(call));
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  aggregate.output_ = arrow::schema(std::move(fields));
  return aggregate;
}

base::StatusOr<std::string> Aggregate::Map(const arrow::Table& table, uint64_t partition) const {
  SOTERIA_ASSIGN_OR_RETURN(const Grouping grouping, GroupRows(keys_, table, partition));
  Groups groups;
  std::vector<std::vector<CallState>*> of_group;
  for (const Key& key : grouping.keys) {
    of_group.push_back(&groups.emplace(key, NewStates(calls_)).first->second);
  }
  std::vector<CallState*> states(of_group.size());
  for (size_t i = 0; i < calls_.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const BoundCall call, BindCall(calls_[i], *table.schema()));
    const auto& wanted = output_->field(static_cast<int>(keys_.size() + i))->type();
    if (!call.output->type()->Equals(*wanted)) {
      return base::Fail(base::kInternal, "Aggregate: input is not of the type it was made for");
    }
    for (size_t g = 0; g < states.size(); ++g) states[g] = &(*of_group[g])[i];
    SOTERIA_RETURN_IF_ERROR(UpdateCall(call, table, partition, grouping, states));
  }
  return WriteGroups(groups, !keys_.empty());
}

base::StatusOr<std::string> Aggregate::Merge(std::span<const std::string> partials) const {
  const Reading reading = ReadingOf(*this);
  Groups all;
  if (keys_.empty()) all.emplace(Key{}, NewStates(calls_));
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
        SOTERIA_RETURN_IF_ERROR(
            Combine(*FindAggregate(calls_[i].function), states[i], found->second[i]));
      }
    }
    if (all.size() > kGroupsMax) return TooManyGroups();
  }
  return WriteGroups(all, !keys_.empty());
}

base::StatusOr<std::vector<CallNumbers>> Aggregate::Numbers(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const Groups groups, ReadGroups(ReadingOf(*this), partial));
  if (!keys_.empty()) return base::Fail(base::kInternal, "Aggregate: numbers of groups");
  std::vector<CallNumbers> numbers;
  for (const CallState& state : groups.begin()->second) {
    CallNumbers& call = numbers.emplace_back();
    call.rows = state.vectors == nullptr ? state.count : state.vectors->count();
    call.sum = state.number;
    call.spread = state.squares;
    if (state.vectors != nullptr) call.elements = state.vectors->Elements();
  }
  return numbers;
}

base::StatusOr<std::shared_ptr<arrow::Table>> Aggregate::Finish(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const Groups groups, ReadGroups(ReadingOf(*this), partial));
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
      const size_t i = column - keys_.size();
      SOTERIA_ASSIGN_OR_RETURN(const auto value, Result(calls_[i], type, states[i]));
      // A builder of untyped nulls takes no scalar.
      SOTERIA_ARROW_RETURN(value->is_valid ? builder->AppendScalar(*value) : builder->AppendNull());
    }
    SOTERIA_ARROW_ASSIGN(columns.emplace_back(), builder->Finish());
  }
  return arrow::Table::Make(output_, std::move(columns), static_cast<int64_t>(groups.size()));
}

}  // namespace soteria::exec
