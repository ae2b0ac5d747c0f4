#include "src/exec/accumulator.h"

#include <arrow/type.h>

#include <unordered_map>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/conditions.h"
#include "src/exec/distinct.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using Catalogue = std::unordered_map<std::string_view, const AggregateFunction*>;

const Catalogue& TheCatalogue() {
  static const Catalogue& catalogue = *[] {
    auto* all = new Catalogue;
    for (const auto& table : {NumberAggregates(), ValueAggregates(), QuantileAggregates(),
                              VectorAggregates(), SketchAggregates(), BitmapAggregates()}) {
      for (const AggregateFunction& function : table) all->emplace(function.name, &function);
    }
    return all;
  }();
  return catalogue;
}

/// The arguments as a script wrote them.
std::vector<ExprPtr> Arguments(const AggregateCall& call) {
  std::vector<ExprPtr> args;
  if (call.arg != nullptr) args.push_back(call.arg);
  if (call.weight != nullptr) args.push_back(call.weight);
  args.insert(args.end(), call.rest.begin(), call.rest.end());
  return args;
}

base::Status CheckCount(const AggregateFunction& function, const AggregateCall& call, int count) {
  if (count >= function.args_min && (function.args_max < 0 || count <= function.args_max)) {
    return base::OkStatus();
  }
  return WrongNumberOfArguments(call.function, function.args_min, function.args_max, count);
}

/// The argument where the condition holds, null elsewhere: nothing is computed there.
base::StatusOr<BoundPtr> Where(const ExprPtr& condition, const BoundPtr& where, const ExprPtr& arg,
                               BoundPtr bound, BindContext& context) {
  return FindFunction("when")->bind(*Call("when", {condition, arg}), {where, std::move(bound)},
                                    context);
}

}  // namespace

std::vector<const AggregateFunction*> AllAggregates() {
  std::vector<const AggregateFunction*> all;
  for (const auto& [name, function] : TheCatalogue()) all.push_back(function);
  return all;
}

const AggregateFunction* FindAggregate(std::string_view name) {
  const auto at = TheCatalogue().find(base::Lower(name));
  return at == TheCatalogue().end() ? nullptr : at->second;
}

CallTypes BoundCall::types() const {
  CallTypes types;
  for (const BoundPtr& arg : args) types.args.push_back(arg->field->type());
  types.result = output->type();
  return types;
}

base::StatusOr<BoundCall> BindCall(const AggregateCall& call, const arrow::Schema& input) {
  const AggregateFunction* function = FindAggregate(call.function);
  if (function == nullptr) {
    return base::Fail(base::kUnresolvedRoutine,
                      base::Cat("Cannot resolve routine `", call.function, "`."));
  }
  const std::vector<ExprPtr> exprs = Arguments(call);
  Expr text = *Call(function->printed, exprs);
  text.distinct = call.distinct;
  std::string name = call.name.has_value() ? *call.name : PrettyName(text);
  if (exprs.empty() && call.function == "count") {
    if (!call.name.has_value()) name = "count(1)";
  } else {
    SOTERIA_RETURN_IF_ERROR(CheckCount(*function, call, static_cast<int>(exprs.size())));
  }
  BindContext context{input, {}};
  Typing typing{text, {}, {}};
  for (const ExprPtr& expr : exprs) {
    SOTERIA_ASSIGN_OR_RETURN(typing.args.emplace_back(), BindExpr(*expr, context, 1));
  }
  SOTERIA_RETURN_IF_ERROR(function->bind(call, typing));
  BoundCall bound;
  if (call.where != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(bound.where, BindExpr(*call.where, context, 1));
    if (bound.where->field->type()->id() != arrow::Type::BOOL) {
      return base::Fail(AggregateFilter("INVALID_AGGREGATE_FILTER.NOT_BOOLEAN"),
                        base::Cat("The FILTER expression \"", PrettyName(*call.where),
                                  "\" in an aggregate function is invalid. Expected a FILTER "
                                  "expression of the BOOLEAN type."));
    }
    for (size_t i = 0; i < typing.args.size(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(typing.args[i], Where(call.where, bound.where, exprs[i],
                                                     std::move(typing.args[i]), context));
    }
  }
  bound.args = std::move(typing.args);
  bound.seeds = std::move(context.seeds);
  bound.output = typing.gives->WithName(name);
  return bound;
}

base::StatusOr<AccumulatorPtr> MakeAccumulator(const AggregateCall& call, const CallTypes& types) {
  const AggregateFunction* function = FindAggregate(call.function);
  if (function == nullptr) return base::Fail(base::kProtocol, "Aggregate: unknown function");
  SOTERIA_ASSIGN_OR_RETURN(AccumulatorPtr made, function->make(call, types));
  if (!call.distinct) return made;
  return Distinct(call.function, std::move(made), types.args);
}

base::Status TooMuchState(std::string_view function) {
  return base::Fail(base::kMemoryLimit,
                    base::Cat(function, "(): more than ", kAccumulatorBytesMax,
                              " bytes of values in one group; group by something finer"));
}

}  // namespace soteria::exec
