#include "src/exec/aggregate.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/codec.h"
#include "src/exec/partition.h"
#include "src/exec/sort.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;

constexpr size_t kGroupKeysMax = 100;
constexpr size_t kCallNumbersMax = 100'000;
constexpr size_t kCallArgumentsMax = 1000;

using States = std::vector<AccumulatorPtr>;

base::StatusOr<ArrayPtr> Evaluated(const BoundPtr& bound, const std::vector<int64_t>& seeds,
                                   const arrow::Table& table, uint64_t partition) {
  const Program program(bound, seeds);
  SOTERIA_ASSIGN_OR_RETURN(const auto values, program.Run(table, partition));
  return OneChunk(*values);
}

base::StatusOr<BoundPtr> BindKey(const GroupKey& key, BindContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr bound, BindExpr(*key.expr, context, 1));
  if (table::UdtOf(*bound->field).empty() && CheckKey(*bound->field).ok()) return bound;
  return base::Fail(base::kUnsupported,
                    base::Cat("groupBy a column of type ", table::TypeName(*bound->field),
                              " is not supported in an enclave"));
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

base::Status CheckUnkeyed(const Aggregate& aggregate) {
  if (aggregate.keys().empty()) return base::OkStatus();
  return base::Fail(base::kProtocol, "Aggregate: one with keys is no kernel");
}

base::StatusOr<States> ReadStates(const Aggregate& aggregate, std::string_view partial) {
  SOTERIA_RETURN_IF_ERROR(CheckUnkeyed(aggregate));
  SOTERIA_ASSIGN_OR_RETURN(States states, Empty(aggregate));
  FieldReader in(partial);
  for (const AccumulatorPtr& state : states) SOTERIA_RETURN_IF_ERROR(state->Read(in));
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return states;
}

std::string WriteStates(const States& states) {
  FieldWriter out;
  for (const AccumulatorPtr& state : states) state->Write(out);
  return out.Take();
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
    fields.push_back(arrow::field(key.name.has_value() ? *key.name : AutoName(*key.expr),
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
    if (!CheckKey(*fields[i]).ok()) return base::Fail(base::kProtocol, "Aggregate: a bad key");
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

base::StatusOr<CallRows> RowsOf(const Aggregate& aggregate, size_t i, const arrow::Table& table,
                                uint64_t partition) {
  const AggregateCall& text = aggregate.calls()[i];
  SOTERIA_ASSIGN_OR_RETURN(const BoundCall call, BindCall(text, *table.schema()));
  const CallTypes types = call.types();
  const CallTypes& wanted = aggregate.types()[i];
  bool same = types.result->Equals(*wanted.result) && types.args.size() == wanted.args.size();
  for (size_t k = 0; same && k < types.args.size(); ++k) {
    // Vectors have two forms, which their reader tells apart.
    const bool either = k == 0 && text.function == "aggregate_metrics";
    same = either || types.args[k]->Equals(*wanted.args[k]);
  }
  if (!same) {
    return base::Fail(base::kInternal, "Aggregate: input is not of the type it was made for");
  }
  CallRows rows;
  for (const BoundPtr& arg : call.args) {
    SOTERIA_ASSIGN_OR_RETURN(rows.args.emplace_back(),
                             Evaluated(arg, call.seeds, table, partition));
  }
  if (call.where != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr where,
                             Evaluated(call.where, call.seeds, table, partition));
    rows.where = std::static_pointer_cast<arrow::BooleanArray>(where);
  }
  return rows;
}

base::StatusOr<std::string> Aggregate::Map(const arrow::Table& table, uint64_t partition) const {
  SOTERIA_RETURN_IF_ERROR(CheckUnkeyed(*this));
  SOTERIA_ASSIGN_OR_RETURN(const States states, Empty(*this));
  for (size_t i = 0; i < calls_.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const CallRows rows, RowsOf(*this, i, table, partition));
    SOTERIA_RETURN_IF_ERROR(
        UpdateWhere(rows.args, rows.where.get(), 0, table.num_rows(), *states[i]));
  }
  return WriteStates(states);
}

base::StatusOr<std::string> Aggregate::Merge(std::span<const std::string> partials) const {
  SOTERIA_RETURN_IF_ERROR(CheckUnkeyed(*this));
  if (partials.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const States none, Empty(*this));
    return WriteStates(none);
  }
  SOTERIA_ASSIGN_OR_RETURN(const States all, ReadStates(*this, partials[0]));
  for (const std::string& partial : partials.subspan(1)) {
    SOTERIA_ASSIGN_OR_RETURN(const States later, ReadStates(*this, partial));
    for (size_t i = 0; i < all.size(); ++i) SOTERIA_RETURN_IF_ERROR(all[i]->Merge(*later[i]));
  }
  return WriteStates(all);
}

base::StatusOr<std::vector<CallNumbers>> Aggregate::Numbers(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const States states, ReadStates(*this, partial));
  std::vector<CallNumbers> numbers;
  for (const AccumulatorPtr& state : states) numbers.push_back(state->Numbers());
  return numbers;
}

base::StatusOr<std::shared_ptr<arrow::Table>> Aggregate::Finish(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const States states, ReadStates(*this, partial));
  arrow::ArrayVector columns;
  for (size_t i = 0; i < states.size(); ++i) {
    SOTERIA_ARROW_ASSIGN(auto builder,
                         arrow::MakeBuilder(output_->field(static_cast<int>(i))->type()));
    SOTERIA_RETURN_IF_ERROR(states[i]->Finish(*builder));
    SOTERIA_ARROW_ASSIGN(columns.emplace_back(), builder->Finish());
  }
  return arrow::Table::Make(output_, std::move(columns), 1);
}

}  // namespace soteria::exec
