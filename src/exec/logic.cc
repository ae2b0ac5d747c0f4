// and, or, not, null tests, and the conditionals, which evaluate a branch only where it is taken.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/catalogue.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

// ---- three-valued logic -------------------------------------------------------------------------

/// `kStop` is the value that decides: false for and, true for or.
template <int8_t kStop>
base::StatusOr<ArrayPtr> AndOr(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr left, Run(*node.args[0], batch, state));
  std::vector<int8_t> result = ReadBools(*left);
  std::vector<int64_t> open;
  for (size_t i = 0; i < result.size(); ++i) {
    if (result[i] != kStop) open.push_back(static_cast<int64_t>(i));
  }
  if (!node.args[1]->careful) {
    open.resize(result.size());
    std::iota(open.begin(), open.end(), 0);
  }
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr right, RunOver(*node.args[1], batch, open, state));
  const std::vector<int8_t> second = ReadBools(*right);
  for (size_t k = 0; k < open.size(); ++k) {
    int8_t& value = result[static_cast<size_t>(open[k])];
    if (value == kStop || second[k] == kStop) {
      value = kStop;
    } else if (value == -1 || second[k] == -1) {
      value = -1;
    }
  }
  return MakeBools(result);
}

base::StatusOr<ArrayPtr> Not(const Bound& /*node*/, const ArrayList& args, int64_t /*rows*/,
                             EvalState& /*state*/) {
  std::vector<int8_t> values = ReadBools(*args[0]);
  for (int8_t& v : values) {
    if (v >= 0) v = static_cast<int8_t>(1 - v);
  }
  return MakeBools(values);
}

template <bool kNull>
base::StatusOr<ArrayPtr> NullTest(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  std::vector<int8_t> values(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    values[static_cast<size_t>(i)] = static_cast<int8_t>(args[0]->IsNull(i) == kNull);
  }
  return MakeBools(values);
}

base::StatusOr<ArrayPtr> IsNan(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  std::vector<int8_t> values(static_cast<size_t>(rows), 0);
  WithNumber(*args[0]->type(), [&](auto type) {
    const auto* x = Values<decltype(type)>(*args[0]);
    for (int64_t i = 0; i < rows; ++i) {
      values[static_cast<size_t>(i)] =
          static_cast<int8_t>(args[0]->IsValid(i) && std::isnan(static_cast<double>(x[i])));
    }
    return 0;
  });
  return MakeBools(values);
}

// ---- choices ------------------------------------------------------------------------------------

/// Collects, row by row of the batch, cells of arrays that were evaluated over some of the rows.
class Scatter {
 public:
  explicit Scatter(int64_t rows) : from_(static_cast<size_t>(rows), {-1, 0}) {}

  /// Cell k of `values` is the result of row rows[k].
  void Put(ArrayPtr values, const std::vector<int64_t>& rows) {
    const auto source = static_cast<int>(arrays_.size());
    for (size_t k = 0; k < rows.size(); ++k) {
      from_[static_cast<size_t>(rows[k])] = {source, static_cast<int64_t>(k)};
    }
    arrays_.push_back(std::move(values));
  }

  base::StatusOr<ArrayPtr> Finish(const TypePtr& type) const {
    if (type->id() == Type::NA) return MakeNulls(type, static_cast<int64_t>(from_.size()));
    SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
    SOTERIA_ARROW_RETURN(builder->Reserve(static_cast<int64_t>(from_.size())));
    std::vector<arrow::ArraySpan> spans;
    for (const ArrayPtr& array : arrays_) spans.emplace_back(*array->data());
    for (size_t i = 0; i < from_.size();) {
      // A run of neighbouring cells at once.
      const auto [source, at] = from_[i];
      int64_t count = 1;
      while (i + static_cast<size_t>(count) < from_.size() &&
             from_[i + static_cast<size_t>(count)] ==
                 std::pair<int, int64_t>(source, source < 0 ? at : at + count)) {
        ++count;
      }
      if (source < 0) {
        SOTERIA_ARROW_RETURN(builder->AppendNulls(count));
      } else {
        SOTERIA_ARROW_RETURN(
            builder->AppendArraySlice(spans[static_cast<size_t>(source)], at, count));
      }
      i += static_cast<size_t>(count);
    }
    SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
    return out;
  }

 private:
  std::vector<std::pair<int, int64_t>> from_;
  ArrayList arrays_;
};

std::vector<int64_t> AllRows(int64_t rows) {
  std::vector<int64_t> all(static_cast<size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// when(c1, v1, c2, v2, ..., [otherwise]); if() is the same with three arguments.
base::StatusOr<ArrayPtr> When(const Bound& node, const Batch& batch, EvalState& state) {
  Scatter result(batch.rows);
  std::vector<int64_t> open = AllRows(batch.rows);
  size_t k = 0;
  for (; k + 1 < node.args.size(); k += 2) {
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr test, RunOver(*node.args[k], batch, open, state));
    const std::vector<int8_t> holds = ReadBools(*test);
    std::vector<int64_t> taken;
    std::vector<int64_t> rest;
    for (size_t i = 0; i < open.size(); ++i) (holds[i] == 1 ? taken : rest).push_back(open[i]);
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr values, RunOver(*node.args[k + 1], batch, taken, state));
    result.Put(std::move(values), taken);
    open = std::move(rest);
  }
  if (k < node.args.size()) {
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr values, RunOver(*node.args[k], batch, open, state));
    result.Put(std::move(values), open);
  }
  return result.Finish(node.field->type());
}

/// The first argument that isn't null.
base::StatusOr<ArrayPtr> Coalesce(const Bound& node, const Batch& batch, EvalState& state) {
  Scatter result(batch.rows);
  std::vector<int64_t> open = AllRows(batch.rows);
  for (const BoundPtr& arg : node.args) {
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr values, RunOver(*arg, batch, open, state));
    std::vector<int64_t> rest;
    for (size_t i = 0; i < open.size(); ++i) {
      if (values->IsNull(static_cast<int64_t>(i))) rest.push_back(open[i]);
    }
    result.Put(std::move(values), open);
    open = std::move(rest);
    if (open.empty()) break;
  }
  return result.Finish(node.field->type());
}

/// The first unless it is NaN, then the second.
base::StatusOr<ArrayPtr> NanVl(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(ArrayPtr first, Run(*node.args[0], batch, state));
  std::vector<int64_t> open;
  WithNumber(*first->type(), [&](auto type) {
    const auto* x = Values<decltype(type)>(*first);
    for (int64_t i = 0; i < batch.rows; ++i) {
      if (first->IsValid(i) && std::isnan(static_cast<double>(x[i]))) open.push_back(i);
    }
    return 0;
  });
  Scatter result(batch.rows);
  result.Put(std::move(first), AllRows(batch.rows));
  SOTERIA_ASSIGN_OR_RETURN(ArrayPtr second, RunOver(*node.args[1], batch, open, state));
  result.Put(std::move(second), open);
  return result.Finish(node.field->type());
}

// ---- binders ------------------------------------------------------------------------------------

bool AnyNullable(const std::vector<BoundPtr>& args) {
  for (const BoundPtr& arg : args) {
    if (arg->field->nullable()) return true;
  }
  return false;
}

template <int8_t kStop>
base::StatusOr<BoundPtr> BindAndOr(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(CoercePair(e, args[0], args[1]));
  const Type::type id = args[0]->field->type()->id();
  if (id == Type::NA) {
    for (BoundPtr& arg : args) {
      SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), arrow::boolean()));
    }
  } else if (id != Type::BOOL) {
    return WrongOperator(e, "\"BOOLEAN\"", *args[0]->field);
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  node->lazy = AndOr<kStop>;
  return node;
}

/// Booleans; null and texts count as such.
base::Status RequireBool(const Expr& e, std::vector<BoundPtr>& args, size_t index) {
  const Type::type id = args[index]->field->type()->id();
  if (id == Type::BOOL) return base::OkStatus();
  if (id != Type::NA && id != Type::STRING) {
    return UnexpectedType(e, index, "\"BOOLEAN\"", *e.args[index], *args[index]->field);
  }
  SOTERIA_ASSIGN_OR_RETURN(args[index], CastTo(std::move(args[index]), arrow::boolean()));
  return base::OkStatus();
}

base::StatusOr<BoundPtr> BindNot(const Expr& e, std::vector<BoundPtr> args,
                                 BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireBool(e, args, 0));
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  node->kernel = Not;
  return node;
}

template <bool kNull>
base::StatusOr<BoundPtr> BindNullTest(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  auto node = MakeCall(PrettyName(e), arrow::boolean(), false, std::move(args));
  node->kernel = NullTest<kNull>;
  return node;
}

/// Of a constant; a column may be of any type, since Spark forgets what was written.
template <bool kNull>
base::StatusOr<BoundPtr> BindUnknown(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireBool(e, args, 0));
  return BindNullTest<kNull>(e, std::move(args), context);
}

base::StatusOr<BoundPtr> BindIsNan(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  if (args[0]->field->type()->id() != Type::FLOAT) {
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, 0, arrow::float64(), "(\"DOUBLE\" or \"FLOAT\")"));
  }
  auto node = MakeCall(PrettyName(e), arrow::boolean(), false, std::move(args));
  node->kernel = IsNan;
  return node;
}

/// A call whose result is one of its arguments' values.
base::StatusOr<BoundPtr> ChoiceNode(const Expr& e, std::vector<BoundPtr> args, FieldPtr common,
                                    bool nullable, LazyKernel lazy) {
  auto node = MakeCall(PrettyName(e), common->type(), nullable, std::move(args));
  node->field = table::WithUdt(node->field, table::UdtOf(*common));
  node->lazy = lazy;
  return node;
}

bool IsTrue(const Bound& node) {
  return node.literal != nullptr && node.literal->is_valid &&
         node.literal->type->id() == Type::BOOL &&
         static_cast<const arrow::BooleanScalar&>(*node.literal).value;
}

base::StatusOr<BoundPtr> BindWhen(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  std::vector<size_t> values;
  for (size_t i = 0; i + 1 < args.size(); i += 2) {
    // A null of no type is a condition of if(), and none of CASE, as in Spark.
    const Type::type id = args[i]->field->type()->id();
    if (id != Type::BOOL && (id != Type::NA || e.name != "if")) {
      return UnexpectedType(e, i, "\"BOOLEAN\"", *e.args[i], *args[i]->field);
    }
    SOTERIA_ASSIGN_OR_RETURN(args[i], CastTo(std::move(args[i]), arrow::boolean()));
    values.push_back(i + 1);
  }
  const bool otherwise = args.size() % 2 == 1;
  if (otherwise) values.push_back(args.size() - 1);
  SOTERIA_ASSIGN_OR_RETURN(FieldPtr common, CoerceAll(e, "casewhen", args, values));
  bool nullable = !otherwise;
  for (const size_t i : values) {
    nullable = nullable || args[i]->field->nullable();
    // What comes after a branch that is always taken doesn't count.
    if (e.name == "when" && i % 2 == 1 && IsTrue(*args[i - 1])) {
      nullable = false;
      for (const size_t k : values) nullable = nullable || (k <= i && args[k]->field->nullable());
      break;
    }
  }
  return ChoiceNode(e, std::move(args), std::move(common), nullable, When);
}

base::StatusOr<BoundPtr> BindCoalesce(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  std::vector<size_t> which(args.size());
  std::iota(which.begin(), which.end(), size_t{0});
  SOTERIA_ASSIGN_OR_RETURN(FieldPtr common, CoerceAll(e, e.name, args, which));
  bool nullable = true;
  for (const BoundPtr& arg : args) nullable = nullable && arg->field->nullable();
  return ChoiceNode(e, std::move(args), std::move(common), nullable, Coalesce);
}

base::StatusOr<BoundPtr> BindNanVl(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  const bool floats =
      args[0]->field->type()->id() == Type::FLOAT && args[1]->field->type()->id() == Type::FLOAT;
  for (size_t i = 0; i < 2 && !floats; ++i) {
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, i, arrow::float64(), "(\"DOUBLE\" or \"FLOAT\")"));
  }
  FieldPtr common = arrow::field("", args[0]->field->type());
  const bool nullable = AnyNullable(args);
  return ChoiceNode(e, std::move(args), std::move(common), nullable, NanVl);
}

base::StatusOr<BoundPtr> BindNullIf(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  // nullif(a, b) is: null where a = b, else a.
  const Expr equal = *Call("==", {e.args[0], e.args[1]});
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr test, BindExpr(equal, context, 1));
  auto null = std::make_shared<Bound>();
  null->literal = arrow::MakeNullScalar(args[0]->field->type());
  null->field = args[0]->field->WithNullable(true);
  FieldPtr common = args[0]->field;
  std::vector<BoundPtr> parts = {std::move(test), std::move(null), args[0]};
  return ChoiceNode(e, std::move(parts), std::move(common), true, When);
}

/// between(a, low, high) is: a >= low and a <= high.
base::StatusOr<BoundPtr> BindBetween(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  if (IsNondeterministic(*e.args[0])) {
    return base::Fail(base::kUnsupported, "BETWEEN of a random number: give it a column first");
  }
  const auto part = [&](const char* op, size_t bound) {
    const ExprPtr call = InZone(Call(op, {e.args[0], e.args[bound]}), e.zone);
    return FindFunction(op)->bind(*call, {args[0], args[bound]}, context);
  };
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr above, part(">=", 1));
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr below, part("<=", 2));
  const bool nullable = above->field->nullable() || below->field->nullable();
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, {above, below});
  node->lazy = AndOr<0>;
  return node;
}

constexpr Function kFunctions[] = {
    {"and", 2, 2, "AND", Print::kInfix, BindAndOr<0>},
    {"or", 2, 2, "OR", Print::kInfix, BindAndOr<1>},
    {"between", 3, 3, "between", Print::kCall, BindBetween},
    {"not", 1, 1, "NOT", Print::kPrefix, BindNot},
    {"!", 1, 1, "NOT", Print::kPrefix, BindNot},
    {"isnull", 1, 1, "IS NULL", Print::kPostfix, BindNullTest<true>},
    {"isnotnull", 1, 1, "IS NOT NULL", Print::kPostfix, BindNullTest<false>},
    {kIsUnknown.data(), 1, 1, "IS UNKNOWN", Print::kSpecial, BindUnknown<true>},
    {kIsNotUnknown.data(), 1, 1, "IS NOT UNKNOWN", Print::kSpecial, BindUnknown<false>},
    {"isnan", 1, 1, "isnan", Print::kCall, BindIsNan},
    {"when", 2, -1, "when", Print::kSpecial, BindWhen},
    {"if", 3, 3, "if", Print::kSpecial, BindWhen},
    {"coalesce", 1, -1, "coalesce", Print::kCall, BindCoalesce},
    {"ifnull", 2, 2, "ifnull", Print::kCall, BindCoalesce},
    {"nvl", 2, 2, "nvl", Print::kCall, BindCoalesce},
    {"nanvl", 2, 2, "nanvl", Print::kCall, BindNanVl},
    {"nullif", 2, 2, "nullif", Print::kCall, BindNullIf},
};

}  // namespace

std::span<const Function> LogicFunctions() { return kFunctions; }

}  // namespace soteria::exec
