// Functions of lambdas. A lambda's body is bound over the columns of the batch and, behind them,
// its variables; it runs over a batch of all elements at once, for which the columns that it uses
// are repeated.
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/lambda_calls.h"
#include "src/exec/taken.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using List = arrow::ListArray;

base::Status WrongLambda(size_t got, size_t wanted) {
  return base::Fail({"INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
                     base::exception_class::kAnalysis, "42K0D", absl::StatusCode::kInvalidArgument},
                    base::Cat("Invalid lambda function call. A higher order function expects ", got,
                              " arguments, but got ", wanted, "."));
}

}  // namespace

base::Status TooManyElements() {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("A lambda over more than ", kLambdaElementsMax, " elements at once"));
}

base::StatusOr<Batch> ElementBatch(const Batch& batch, const std::vector<int>& uses,
                                   const std::vector<int64_t>& rows, int first,
                                   const ArrayList& variables) {
  Batch elements;
  elements.rows = static_cast<int64_t>(rows.size());
  elements.columns.resize(std::max(batch.columns.size(), static_cast<size_t>(first)));
  const arrow::Int64Array indices(elements.rows, arrow::Buffer::Wrap(rows));
  for (const int column : uses) {
    const auto at = static_cast<size_t>(column);
    if (column >= first) break;
    if (TakenLength(*batch.columns[at], rows) > static_cast<uint64_t>(kMadeColumnBytesMax)) {
      return base::Fail(base::kMemoryLimit,
                        base::Cat("A lambda over elements each of which has a column: more than ",
                                  kMadeColumnBytesMax, " bytes or elements of its values"));
    }
    SOTERIA_ARROW_ASSIGN(elements.columns[at],
                         arrow::compute::Take(*batch.columns[at], indices,
                                              arrow::compute::TakeOptions::NoBoundsCheck()));
  }
  elements.columns.resize(static_cast<size_t>(first));
  for (const ArrayPtr& variable : variables) elements.columns.push_back(variable);
  return elements;
}

base::StatusOr<BoundPtr> BindBody(const Expr& lambda, const std::vector<FieldPtr>& fields,
                                  size_t optional, BindContext& context) {
  if (lambda.kind != Expr::Kind::kLambda) {
    return base::Fail(base::kAnalysis, "A higher-order function takes a lambda");
  }
  const size_t variables = lambda.args.size() - 1;
  if (variables > fields.size() || variables + optional < fields.size()) {
    return WrongLambda(variables, fields.size());
  }
  const size_t outside = context.variables.size();
  for (size_t k = 0; k < fields.size(); ++k) {
    const std::string name = k < variables ? lambda.args[k + 1]->name : "";
    context.variables.push_back(fields[k]->WithName(name));
  }
  const size_t seeds = context.seeds.size();
  base::StatusOr<BoundPtr> body = BindExpr(*lambda.args[0], context, 1);
  context.variables.resize(outside);
  if (body.ok() && context.seeds.size() != seeds) {
    return base::NotSupported("A random number in a lambda");
  }
  return body;
}

base::StatusOr<BoundPtr> BindCondition(const Expr& e, BoundPtr body) {
  const Type::type id = body->field->type()->id();
  if (id == Type::BOOL) return body;
  if (id == Type::NA) return CastTo(std::move(body), arrow::boolean());
  return UnexpectedType(e, 1, "\"BOOLEAN\"", *e.args[1], *body->field);
}

base::StatusOr<BoundPtr> HigherOrder(const Expr& e, TypePtr type, bool nullable,
                                     std::vector<BoundPtr> args, std::vector<BoundPtr> bodies,
                                     LazyKernel lazy, const BindContext& context) {
  const int first = context.schema.num_fields() + static_cast<int>(context.variables.size());
  std::vector<BoundPtr> all = args;
  all.insert(all.end(), bodies.begin(), bodies.end());
  auto node = MakeCall(PrettyName(e), std::move(type), nullable, std::move(all));
  std::erase_if(node->uses, [&](int column) { return column >= first; });
  node->args = std::move(args);
  node->bodies = std::move(bodies);
  node->lazy = lazy;
  node->number = first;
  return BoundPtr(std::move(node));
}

namespace {

/// All elements of the lists that aren't null: the rows that they belong to, their places within,
/// and themselves.
struct Flat {
  std::vector<int64_t> rows;
  std::vector<int32_t> places;
  ArrayPtr values;
};

base::StatusOr<Flat> Flattened(const List& list) {
  Flat flat;
  std::vector<int64_t> at;
  for (int64_t i = 0; i < list.length(); ++i) {
    if (list.IsNull(i)) continue;
    for (int64_t k = 0; k < list.value_length(i); ++k) {
      flat.rows.push_back(i);
      flat.places.push_back(static_cast<int32_t>(k));
      at.push_back(list.value_offset(i) + k);
    }
    if (static_cast<int64_t>(at.size()) > kLambdaElementsMax) {
      return TooManyElements();
    }
  }
  const arrow::Int64Array indices(static_cast<int64_t>(at.size()), arrow::Buffer::Wrap(at));
  if (list.value_type()->id() == Type::NA) {
    SOTERIA_ASSIGN_OR_RETURN(flat.values,
                             MakeNulls(arrow::null(), static_cast<int64_t>(at.size())));
    return flat;
  }
  SOTERIA_ARROW_ASSIGN(flat.values, arrow::compute::Take(*list.values(), indices));
  return flat;
}

ArrayPtr PlacesOf(const Flat& flat) {
  auto buffer = arrow::Buffer::Wrap(flat.places);
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow::int32(), static_cast<int64_t>(flat.places.size()), {nullptr, std::move(buffer)}, 0));
}

/// The body's values for all elements; node.number is the place of the first variable.
base::StatusOr<ArrayPtr> RunBody(const Bound& node, const Batch& batch, const Flat& flat,
                                 EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const Batch elements,
                           ElementBatch(batch, node.bodies[0]->uses, flat.rows, node.number,
                                        {flat.values, PlacesOf(flat)}));
  return Run(*node.bodies[0], elements, state);
}

base::StatusOr<ArrayPtr> Transform(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr array, Run(*node.args[0], batch, state));
  const auto& list = static_cast<const List&>(*array);
  SOTERIA_ASSIGN_OR_RETURN(const Flat flat, Flattened(list));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr made, RunBody(node, batch, flat, state));
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  auto& out = static_cast<arrow::ListBuilder&>(*builder);
  const arrow::ArraySpan span(*made->data());
  int64_t at = 0;
  for (int64_t i = 0; i < list.length(); ++i) {
    if (list.IsNull(i)) {
      SOTERIA_ARROW_RETURN(out.AppendNull());
      continue;
    }
    SOTERIA_ARROW_RETURN(out.Append());
    SOTERIA_ARROW_RETURN(out.value_builder()->AppendArraySlice(span, at, list.value_length(i)));
    at += list.value_length(i);
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr result, builder->Finish());
  return result;
}

base::StatusOr<ArrayPtr> Filter(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr array, Run(*node.args[0], batch, state));
  const auto& list = static_cast<const List&>(*array);
  SOTERIA_ASSIGN_OR_RETURN(const Flat flat, Flattened(list));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr made, RunBody(node, batch, flat, state));
  const std::vector<int8_t> holds = ReadBools(*made);
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  auto& out = static_cast<arrow::ListBuilder&>(*builder);
  const arrow::ArraySpan span(*flat.values->data());
  size_t at = 0;
  for (int64_t i = 0; i < list.length(); ++i) {
    if (list.IsNull(i)) {
      SOTERIA_ARROW_RETURN(out.AppendNull());
      continue;
    }
    SOTERIA_ARROW_RETURN(out.Append());
    for (int64_t k = 0; k < list.value_length(i); ++k, ++at) {
      if (holds[at] != 1) continue;
      SOTERIA_ARROW_RETURN(
          out.value_builder()->AppendArraySlice(span, static_cast<int64_t>(at), 1));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr result, builder->Finish());
  return result;
}

/// exists: kStop is 1; forall: kStop is 0. The element that decides stops; null where one was null.
template <int8_t kStop>
base::StatusOr<ArrayPtr> Quantified(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr array, Run(*node.args[0], batch, state));
  const auto& list = static_cast<const List&>(*array);
  std::vector<int8_t> result(static_cast<size_t>(list.length()), -1);
  SOTERIA_ASSIGN_OR_RETURN(const Flat flat, Flattened(list));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr made, RunBody(node, batch, flat, state));
  const std::vector<int8_t> holds = ReadBools(*made);
  size_t at = 0;
  for (int64_t i = 0; i < list.length(); ++i) {
    if (list.IsNull(i)) continue;
    int8_t& value = result[static_cast<size_t>(i)];
    value = 1 - kStop;
    for (int64_t k = 0; k < list.value_length(i); ++k, ++at) {
      if (holds[at] == kStop) {
        value = kStop;
      } else if (holds[at] == -1 && value != kStop) {
        value = -1;
      }
    }
  }
  return MakeBools(result);
}

/// zip_with: the shorter array is longer by nulls.
base::StatusOr<ArrayPtr> ZipWith(const Bound& node, const Batch& batch, EvalState& state) {
  std::vector<ArrayPtr> arrays;
  for (const BoundPtr& arg : node.args) {
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), Run(*arg, batch, state));
  }
  const auto list = [&](size_t k) -> const List& { return static_cast<const List&>(*arrays[k]); };
  std::vector<int64_t> rows;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> sides(2);
  std::vector<int64_t> lengths(static_cast<size_t>(batch.rows), -1);
  for (size_t side = 0; side < 2; ++side) {
    SOTERIA_ARROW_ASSIGN(sides[side], arrow::MakeBuilder(list(side).value_type()));
  }
  for (int64_t i = 0; i < batch.rows; ++i) {
    if (arrays[0]->IsNull(i) || arrays[1]->IsNull(i)) continue;
    const int64_t most = std::max(list(0).value_length(i), list(1).value_length(i));
    lengths[static_cast<size_t>(i)] = most;
    rows.insert(rows.end(), static_cast<size_t>(most), i);
    if (static_cast<int64_t>(rows.size()) > kLambdaElementsMax) return TooLong("zip_with");
    for (size_t side = 0; side < 2; ++side) {
      const int64_t have = list(side).value_length(i);
      SOTERIA_ARROW_RETURN(sides[side]->AppendArraySlice(
          arrow::ArraySpan(*list(side).values()->data()), list(side).value_offset(i), have));
      SOTERIA_ARROW_RETURN(sides[side]->AppendNulls(most - have));
    }
  }
  ArrayList variables;
  for (const auto& side : sides) {
    SOTERIA_ARROW_ASSIGN(variables.emplace_back(), side->Finish());
  }
  SOTERIA_ASSIGN_OR_RETURN(const Batch elements,
                           ElementBatch(batch, node.bodies[0]->uses, rows, node.number, variables));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr made, Run(*node.bodies[0], elements, state));
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  auto& out = static_cast<arrow::ListBuilder&>(*builder);
  int64_t at = 0;
  for (const int64_t length : lengths) {
    if (length < 0) {
      SOTERIA_ARROW_RETURN(out.AppendNull());
      continue;
    }
    SOTERIA_ARROW_RETURN(out.Append());
    SOTERIA_ARROW_RETURN(
        out.value_builder()->AppendArraySlice(arrow::ArraySpan(*made->data()), at, length));
    at += length;
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr result, builder->Finish());
  return result;
}

/// Cells of `from` over those of `to` at `rows`.
base::StatusOr<ArrayPtr> Over(const ArrayPtr& to, const std::vector<int64_t>& rows,
                              const ArrayPtr& from) {
  if (to->type_id() == Type::NA) return to;
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(to->type()));
  SOTERIA_ARROW_RETURN(builder->Reserve(to->length()));
  const arrow::ArraySpan old(*to->data());
  const arrow::ArraySpan now(*from->data());
  size_t next = 0;
  for (int64_t i = 0; i < to->length(); ++i) {
    const bool taken = next < rows.size() && rows[next] == i;
    SOTERIA_ARROW_RETURN(taken ? builder->AppendArraySlice(now, static_cast<int64_t>(next++), 1)
                               : builder->AppendArraySlice(old, i, 1));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

/// aggregate(array, start, merge, [finish]): elements at one place at a time.
base::StatusOr<ArrayPtr> Fold(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr array, Run(*node.args[0], batch, state));
  SOTERIA_ASSIGN_OR_RETURN(ArrayPtr sum, Run(*node.args[1], batch, state));
  const auto& list = static_cast<const List&>(*array);
  int64_t most = 0;
  std::vector<int64_t> present;
  for (int64_t i = 0; i < list.length(); ++i) {
    if (list.IsNull(i)) continue;
    present.push_back(i);
    most = std::max<int64_t>(most, list.value_length(i));
  }
  for (int64_t k = 0; k < most; ++k) {
    std::vector<int64_t> rows;
    std::vector<int64_t> at;
    for (const int64_t i : present) {
      if (k >= list.value_length(i)) continue;
      rows.push_back(i);
      at.push_back(list.value_offset(i) + k);
    }
    const auto count = static_cast<int64_t>(rows.size());
    const arrow::Int64Array row_indices(count, arrow::Buffer::Wrap(rows));
    const arrow::Int64Array indices(count, arrow::Buffer::Wrap(at));
    SOTERIA_ARROW_ASSIGN(const ArrayPtr sums, arrow::compute::Take(*sum, row_indices));
    SOTERIA_ARROW_ASSIGN(const ArrayPtr values, arrow::compute::Take(*list.values(), indices));
    SOTERIA_ASSIGN_OR_RETURN(const Batch elements, ElementBatch(batch, node.bodies[0]->uses, rows,
                                                                node.number, {sums, values}));
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr merged, Run(*node.bodies[0], elements, state));
    SOTERIA_ASSIGN_OR_RETURN(sum, Over(sum, rows, merged));
  }
  ArrayPtr result = sum;
  if (node.bodies.size() > 1) {
    const arrow::Int64Array indices(static_cast<int64_t>(present.size()),
                                    arrow::Buffer::Wrap(present));
    SOTERIA_ARROW_ASSIGN(const ArrayPtr sums, arrow::compute::Take(*sum, indices));
    SOTERIA_ASSIGN_OR_RETURN(const Batch elements, ElementBatch(batch, node.bodies[1]->uses,
                                                                present, node.number, {sums}));
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr finished, Run(*node.bodies[1], elements, state));
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr nulls, MakeNulls(node.field->type(), batch.rows));
    return Over(nulls, present, finished);
  }
  SOTERIA_ARROW_ASSIGN(
      const ArrayPtr kept,
      arrow::compute::Take(*sum, arrow::Int64Array(static_cast<int64_t>(present.size()),
                                                   arrow::Buffer::Wrap(present))));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr nulls, MakeNulls(node.field->type(), batch.rows));
  return Over(nulls, present, kept);
}

// ---- binders ------------------------------------------------------------------------------------

base::Status RequireArray(const Expr& e, const std::vector<BoundPtr>& args, size_t index) {
  if (args[index] != nullptr && IsPlainList(*args[index]->field)) return base::OkStatus();
  if (args[index] == nullptr) return base::Fail(base::kAnalysis, "A lambda in place of an array");
  return UnexpectedType(e, index, "\"ARRAY\"", *e.args[index], *args[index]->field);
}

FieldPtr ElementOf(const Bound& array) { return array.field->type()->field(0); }
FieldPtr PlaceField() { return arrow::field("", arrow::int32(), false); }

base::StatusOr<BoundPtr> BindTransform(const Expr& e, std::vector<BoundPtr> args,
                                       BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr body,
                           BindBody(*e.args[1], {ElementOf(*args[0]), PlaceField()}, 1, context));
  const TypePtr type = table::ListOf(body->field->type(), body->field->nullable());
  const bool nullable = args[0]->field->nullable();
  args.resize(1);
  return HigherOrder(e, type, nullable, std::move(args), {std::move(body)}, Transform, context);
}

base::StatusOr<BoundPtr> BindFilter(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr body,
                           BindBody(*e.args[1], {ElementOf(*args[0]), PlaceField()}, 1, context));
  SOTERIA_ASSIGN_OR_RETURN(body, BindCondition(e, std::move(body)));
  const FieldPtr array = args[0]->field;
  args.resize(1);
  return HigherOrder(e, array->type(), array->nullable(), std::move(args), {std::move(body)},
                     Filter, context);
}

template <int8_t kStop>
base::StatusOr<BoundPtr> BindQuantified(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr body, BindBody(*e.args[1], {ElementOf(*args[0])}, 0, context));
  SOTERIA_ASSIGN_OR_RETURN(body, BindCondition(e, std::move(body)));
  const bool nullable = args[0]->field->nullable() || body->field->nullable();
  args.resize(1);
  return HigherOrder(e, arrow::boolean(), nullable, std::move(args), {std::move(body)},
                     Quantified<kStop>, context);
}

base::StatusOr<BoundPtr> BindZipWith(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  for (size_t i = 0; i < 2; ++i) SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, i));
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr body, BindBody(*e.args[2],
                                                   {ElementOf(*args[0])->WithNullable(true),
                                                    ElementOf(*args[1])->WithNullable(true)},
                                                   0, context));
  const TypePtr type = table::ListOf(body->field->type(), body->field->nullable());
  const bool nullable = args[0]->field->nullable() || args[1]->field->nullable();
  args.resize(2);
  return HigherOrder(e, type, nullable, std::move(args), {std::move(body)}, ZipWith, context);
}

base::StatusOr<BoundPtr> BindFold(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  if (args[1] == nullptr) return base::Fail(base::kAnalysis, "A lambda in place of a start");
  const FieldPtr sum = args[1]->field->WithNullable(true);
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr merge,
                           BindBody(*e.args[2], {sum, ElementOf(*args[0])}, 0, context));
  if (!merge->field->type()->Equals(*sum->type())) {
    return UnexpectedType(e, 2, table::QuotedTypeName(*sum), *e.args[2], *merge->field);
  }
  std::vector<BoundPtr> bodies = {std::move(merge)};
  TypePtr type = sum->type();
  if (e.args.size() > 3) {
    SOTERIA_ASSIGN_OR_RETURN(bodies.emplace_back(), BindBody(*e.args[3], {sum}, 0, context));
    type = bodies[1]->field->type();
  }
  // What is folded may be null to Spark, whatever it is; what is made of it may not.
  const bool nullable =
      args[0]->field->nullable() || e.args.size() <= 3 || bodies.back()->field->nullable();
  args.resize(2);
  return HigherOrder(e, type, nullable, std::move(args), std::move(bodies), Fold, context);
}

constexpr Function kFunctions[] = {
    {"transform", 2, 2, "transform", Print::kCall, BindTransform, false, true},
    {"filter", 2, 2, "filter", Print::kCall, BindFilter, false, true},
    {"exists", 2, 2, "exists", Print::kCall, BindQuantified<1>, false, true},
    {"forall", 2, 2, "forall", Print::kCall, BindQuantified<0>, false, true},
    {"zip_with", 3, 3, "zip_with", Print::kCall, BindZipWith, false, true},
    {"aggregate", 3, 4, "aggregate", Print::kSpecial, BindFold, false, true},
    {"reduce", 3, 4, "reduce", Print::kSpecial, BindFold, false, true},
};

}  // namespace

std::span<const Function> HigherOrderFunctions() { return kFunctions; }

}  // namespace soteria::exec
