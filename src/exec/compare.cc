// Comparisons, in, greatest, least.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/order.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

struct Equal {
  static bool Holds(int order) { return order == 0; }
};
struct NotEqual {
  static bool Holds(int order) { return order != 0; }
};
struct Less {
  static bool Holds(int order) { return order < 0; }
};
struct LessOrEqual {
  static bool Holds(int order) { return order <= 0; }
};
struct Greater {
  static bool Holds(int order) { return order > 0; }
};
struct GreaterOrEqual {
  static bool Holds(int order) { return order >= 0; }
};

bool IsFixedWidth(const arrow::DataType& type) {
  return IsNumber(type) || type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

template <class Op>
base::StatusOr<ArrayPtr> Compare(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  std::vector<int8_t> result(static_cast<size_t>(rows), -1);
  const arrow::Array& a = *args[0];
  const arrow::Array& b = *args[1];
  if (a.type_id() == Type::NA) return MakeBools(result);
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  if (IsFixedWidth(*a.type())) {
    WithNumber(*a.type(), [&](auto type) {
      using T = decltype(type);
      const T* x = Values<T>(a);
      const T* y = Values<T>(b);
      for (int64_t i = 0; i < rows; ++i) {
        result[static_cast<size_t>(i)] =
            validity.IsNull(i) ? int8_t{-1}
                               : static_cast<int8_t>(Op::Holds(CompareNumbers(x[i], y[i])));
      }
      return 0;
    });
    return MakeBools(result);
  }
  const CompareCells compare = OrderOf(*a.type());
  for (int64_t i = 0; i < rows; ++i) {
    if (validity.IsNull(i)) continue;
    result[static_cast<size_t>(i)] = static_cast<int8_t>(Op::Holds(compare(a, i, b, i)));
  }
  return MakeBools(result);
}

base::StatusOr<ArrayPtr> NullSafeEqual(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                       EvalState& /*state*/) {
  const CompareCells compare = OrderOf(*args[0]->type());
  std::vector<int8_t> result(static_cast<size_t>(rows), 0);
  for (int64_t i = 0; i < rows; ++i) {
    result[static_cast<size_t>(i)] = static_cast<int8_t>(compare(*args[0], i, *args[1], i) == 0);
  }
  return MakeBools(result);
}

base::StatusOr<ArrayPtr> In(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                            EvalState& /*state*/) {
  const CompareCells compare = OrderOf(*args[0]->type());
  std::vector<int8_t> result(static_cast<size_t>(rows), 0);
  for (int64_t i = 0; i < rows; ++i) {
    int8_t& found = result[static_cast<size_t>(i)];
    if (args.size() > 1 && args[0]->IsNull(i)) {
      found = -1;
      continue;
    }
    for (size_t k = 1; k < args.size() && found != 1; ++k) {
      if (args[k]->IsNull(i)) {
        found = -1;
      } else if (compare(*args[0], i, *args[k], i) == 0) {
        found = 1;
      }
    }
  }
  return MakeBools(result);
}

/// The greatest or least of the values that aren't null.
template <class Better>
base::StatusOr<ArrayPtr> Extreme(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  const TypePtr& type = node.field->type();
  if (type->id() == Type::NA) return MakeNulls(type, rows);
  const CompareCells compare = OrderOf(*type);
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
  std::vector<arrow::ArraySpan> spans;
  for (const ArrayPtr& arg : args) spans.emplace_back(*arg->data());
  for (int64_t i = 0; i < rows; ++i) {
    size_t best = args.size();
    for (size_t k = 0; k < args.size(); ++k) {
      if (args[k]->IsNull(i)) continue;
      if (best == args.size() || Better::Holds(compare(*args[k], i, *args[best], i))) best = k;
    }
    if (best == args.size()) {
      SOTERIA_ARROW_RETURN(builder->AppendNull());
    } else {
      SOTERIA_ARROW_RETURN(builder->AppendArraySlice(spans[best], i, 1));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

/// In of values that may fail: Spark makes them in turn, for rows whose value isn't null and
/// isn't found yet, so that no other row fails.
base::StatusOr<ArrayPtr> InTurn(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Run(*node.args[0], batch, state));
  const CompareCells compare = OrderOf(*value->type());
  std::vector<int8_t> result(static_cast<size_t>(batch.rows), 0);
  std::vector<int64_t> open;
  for (int64_t i = 0; i < batch.rows; ++i) {
    if (value->IsNull(i)) {
      result[static_cast<size_t>(i)] = -1;
    } else {
      open.push_back(i);
    }
  }
  for (size_t k = 1; k < node.args.size() && !open.empty(); ++k) {
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr listed, RunOver(*node.args[k], batch, open, state));
    std::vector<int64_t> rest;
    for (size_t i = 0; i < open.size(); ++i) {
      int8_t& found = result[static_cast<size_t>(open[i])];
      const auto at = static_cast<int64_t>(i);
      if (listed->IsNull(at)) {
        found = -1;
      } else if (compare(*value, open[i], *listed, at) == 0) {
        found = 1;
        continue;
      }
      rest.push_back(open[i]);
    }
    open = std::move(rest);
  }
  return MakeBools(result);
}

template <Kernel kKernel>
base::StatusOr<BoundPtr> BindComparison(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(CoercePair(e, args[0], args[1]));
  if (OrderOf(*args[0]->field->type()) == nullptr) {
    return InvalidOrdering(e, e.name == "==" ? "=" : std::string_view(e.name),
                           *args[0]->field->type());
  }
  const bool nullable =
      kKernel != NullSafeEqual && (args[0]->field->nullable() || args[1]->field->nullable());
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  node->kernel = kKernel;
  node->null_stops = kKernel != NullSafeEqual;
  return node;
}

std::vector<size_t> AllOf(const std::vector<BoundPtr>& args) {
  std::vector<size_t> which(args.size());
  for (size_t i = 0; i < which.size(); ++i) which[i] = i;
  return which;
}

base::StatusOr<BoundPtr> BindIn(const Expr& e, std::vector<BoundPtr> args,
                                BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr common, CoerceAll(e, "in", args, AllOf(args)));
  if (OrderOf(*common->type()) == nullptr) {
    return InvalidOrdering(e, "in", *common->type());
  }
  bool nullable = false;
  for (const BoundPtr& arg : args) nullable = nullable || arg->field->nullable();
  const bool careful =
      std::any_of(args.begin() + 1, args.end(), [](const BoundPtr& arg) { return arg->careful; });
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  if (careful) {
    node->lazy = InTurn;
  } else {
    node->kernel = In;
  }
  node->null_stops = false;
  return node;
}

template <Kernel kKernel>
base::StatusOr<BoundPtr> BindExtreme(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr common,
                           CoerceAll(e, e.name, args, AllOf(args), Texts::kNowhere));
  if (OrderOf(*common->type()) == nullptr) {
    return InvalidOrdering(e, e.name, *common->type());
  }
  bool nullable = true;
  for (const BoundPtr& arg : args) nullable = nullable && arg->field->nullable();
  auto node = MakeCall(PrettyName(e), common->type(), nullable, std::move(args));
  node->field = table::WithUdt(node->field, table::UdtOf(*common));
  node->kernel = kKernel;
  node->null_stops = false;
  return node;
}

constexpr Function kFunctions[] = {
    {"==", 2, 2, "=", Print::kInfix, BindComparison<Compare<Equal>>},
    {"=", 2, 2, "=", Print::kInfix, BindComparison<Compare<Equal>>},
    {"!=", 2, 2, "!=", Print::kInfix, BindComparison<Compare<NotEqual>>},
    {"<>", 2, 2, "!=", Print::kInfix, BindComparison<Compare<NotEqual>>},
    {"<", 2, 2, "<", Print::kInfix, BindComparison<Compare<Less>>},
    {"<=", 2, 2, "<=", Print::kInfix, BindComparison<Compare<LessOrEqual>>},
    {">", 2, 2, ">", Print::kInfix, BindComparison<Compare<Greater>>},
    {">=", 2, 2, ">=", Print::kInfix, BindComparison<Compare<GreaterOrEqual>>},
    {"<=>", 2, 2, "<=>", Print::kInfix, BindComparison<NullSafeEqual>},
    {"in", 1, -1, "in", Print::kSpecial, BindIn},
    {"greatest", 2, -1, "greatest", Print::kCall, BindExtreme<Extreme<Greater>>},
    {"least", 2, -1, "least", Print::kCall, BindExtreme<Extreme<Less>>},
};

}  // namespace

std::span<const Function> CompareFunctions() { return kFunctions; }

}  // namespace soteria::exec
