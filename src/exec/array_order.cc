// Functions of the order of an array's elements: sorted, the least and the greatest.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/array_calls.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/order.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using List = arrow::ListArray;

/// node.number: 1 puts nulls behind, as array_sort does; sort_array puts them before, or behind
/// where it sorts downwards.
base::StatusOr<ArrayPtr> Sorted(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  const CompareCells compare = OrderOf(*list.value_type());
  std::vector<int64_t> places;
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    const bool up = args.size() < 2 || BoolAt(*args[1], i);
    const bool nulls_last = node.number == 1 || !up;
    places.resize(static_cast<size_t>(list.value_length(i)));
    std::iota(places.begin(), places.end(), list.value_offset(i));
    const arrow::Array& values = *list.values();
    std::stable_sort(places.begin(), places.end(), [&](int64_t a, int64_t b) {
      const bool a_null = values.IsNull(a);
      const bool b_null = values.IsNull(b);
      if (a_null || b_null) return a_null != b_null && (nulls_last ? b_null : a_null);
      const int order = compare(values, a, values, b);
      return up ? order < 0 : order > 0;
    });
    for (const int64_t place : places) SOTERIA_RETURN_IF_ERROR(out.Add(values, place));
    return base::OkStatus();
  });
}

template <bool kLeast>
base::StatusOr<ArrayPtr> Extreme(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  const CompareCells compare = OrderOf(*list.value_type());
  const arrow::Array& values = *list.values();
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  const arrow::ArraySpan span(*values.data());
  for (int64_t i = 0; i < rows; ++i) {
    int64_t best = -1;
    for (int64_t k = list.value_offset(i); list.IsValid(i) && k < list.value_offset(i + 1); ++k) {
      if (values.IsNull(k)) continue;
      const int order = best < 0 ? 0 : compare(values, k, values, best);
      if (best < 0 || (kLeast ? order < 0 : order > 0)) best = k;
    }
    if (best < 0) {
      SOTERIA_ARROW_RETURN(builder->AppendNull());
    } else {
      SOTERIA_ARROW_RETURN(builder->AppendArraySlice(span, best, 1));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

base::Status Orderable(const Expr& e, const Bound& array) {
  const TypePtr type = ElementOf(array)->type();
  if (OrderOf(*type) != nullptr || type->id() == Type::NA) return base::OkStatus();
  return InvalidOrdering(e, e.name, *type);
}

/// sort_array(array, [ascending]), array_sort(array)
template <bool kNullsLast>
base::StatusOr<BoundPtr> BindSort(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  if (args.size() > 1 && args[1] == nullptr) {
    return base::NotSupported("array_sort() by a comparison of one's own");
  }
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  SOTERIA_RETURN_IF_ERROR(Orderable(e, *args[0]));
  if (args.size() > 1) {
    const auto& up = args[1]->literal;
    if (up == nullptr || up->type->id() != Type::BOOL) {
      return UnexpectedType(e, 1, "\"BOOLEAN\"", *e.args[1], *args[1]->field);
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindSame<Sorted>(e, std::move(args), context));
  auto node = std::make_shared<Bound>(*bound);
  node->number = kNullsLast ? 1 : 0;
  return BoundPtr(std::move(node));
}

template <bool kLeast>
base::StatusOr<BoundPtr> BindExtreme(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  SOTERIA_RETURN_IF_ERROR(Orderable(e, *args[0]));
  const TypePtr type = ElementOf(*args[0])->type();
  auto node = MakeCall(PrettyName(e), type, true, std::move(args));
  node->kernel = Extreme<kLeast>;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"sort_array", 1, 2, "sort_array", Print::kSpecial, BindSort<false>},
    {"array_sort", 1, 2, "array_sort", Print::kCall, BindSort<true>, false, true},
    {"array_max", 1, 1, "array_max", Print::kCall, BindExtreme<false>},
    {"array_min", 1, 1, "array_min", Print::kCall, BindExtreme<true>},
};

}  // namespace

std::span<const Function> ArrayOrderFunctions() { return kFunctions; }

}  // namespace soteria::exec
