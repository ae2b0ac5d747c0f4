// Functions of arrays: as sets and as lists.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/array_calls.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/intervals.h"
#include "src/exec/kernels.h"
#include "src/exec/order.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Text = arrow::StringBuilder;
using List = arrow::ListArray;

std::string CellOf(const arrow::Array& values, int64_t at) {
  std::string cell;
  WriteCell(values, at, Floats::kNormalised, cell);
  return cell;
}

// ---- as sets ------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> Distinct(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  std::unordered_set<std::string> seen;
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    seen.clear();
    for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
      if (!seen.insert(CellOf(*list.values(), k)).second) continue;
      SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), k));
    }
    return base::OkStatus();
  });
}

enum class SetOf { kUnion, kIntersect, kExcept };

template <SetOf kWhat>
base::StatusOr<ArrayPtr> Combined(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const List& one = AsList(args[0]);
  const List& two = AsList(args[1]);
  std::unordered_set<std::string> other;
  std::unordered_set<std::string> seen;
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    seen.clear();
    other.clear();
    for (int64_t k = two.value_offset(i); k < two.value_offset(i + 1); ++k) {
      if (kWhat != SetOf::kUnion) other.insert(CellOf(*two.values(), k));
    }
    for (int64_t k = one.value_offset(i); k < one.value_offset(i + 1); ++k) {
      std::string cell = CellOf(*one.values(), k);
      if (kWhat != SetOf::kUnion && other.contains(cell) != (kWhat == SetOf::kIntersect)) continue;
      if (seen.insert(std::move(cell)).second) {
        SOTERIA_RETURN_IF_ERROR(out.Add(*one.values(), k));
      }
    }
    for (int64_t k = two.value_offset(i); kWhat == SetOf::kUnion && k < two.value_offset(i + 1);
         ++k) {
      if (!seen.insert(CellOf(*two.values(), k)).second) continue;
      SOTERIA_RETURN_IF_ERROR(out.Add(*two.values(), k));
    }
    return base::OkStatus();
  });
}

/// Null where no element is common and one of the arrays, neither empty, has a null.
base::StatusOr<ArrayPtr> Overlap(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  const List& one = AsList(args[0]);
  const List& two = AsList(args[1]);
  return Each<arrow::BooleanBuilder>(node, args, rows, [&](int64_t i) -> std::optional<bool> {
    std::unordered_set<std::string> seen;
    bool null = false;
    for (int64_t k = one.value_offset(i); k < one.value_offset(i + 1); ++k) {
      if (one.values()->IsNull(k)) {
        null = true;
      } else {
        seen.insert(CellOf(*one.values(), k));
      }
    }
    for (int64_t k = two.value_offset(i); k < two.value_offset(i + 1); ++k) {
      if (two.values()->IsNull(k)) {
        null = true;
      } else if (seen.contains(CellOf(*two.values(), k))) {
        return true;
      }
    }
    const bool empty = one.value_length(i) == 0 || two.value_length(i) == 0;
    return null && !empty ? std::nullopt : std::optional(false);
  });
}

// ---- searching and changing ---------------------------------------------------------------------

base::StatusOr<ArrayPtr> Position(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  const CompareCells compare = OrderOf(*args[1]->type());
  return Each<arrow::Int64Builder>(node, args, rows, [&](int64_t i) -> int64_t {
    for (int64_t k = 0; k < list.value_length(i); ++k) {
      const int64_t at = list.value_offset(i) + k;
      if (list.values()->IsValid(at) && compare(*list.values(), at, *args[1], i) == 0) return k + 1;
    }
    return 0;
  });
}

base::StatusOr<ArrayPtr> Remove(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  const CompareCells compare = OrderOf(*args[1]->type());
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
      if (list.values()->IsValid(k) && compare(*list.values(), k, *args[1], i) == 0) continue;
      SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), k));
    }
    return base::OkStatus();
  });
}

base::StatusOr<ArrayPtr> Compact(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
      if (list.values()->IsValid(k)) SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), k));
    }
    return base::OkStatus();
  });
}

template <bool kFront>
base::StatusOr<ArrayPtr> Extended(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  return Lists(node, {args[0]}, rows, [&](int64_t i, Elements& out) -> base::Status {
    if (kFront) SOTERIA_RETURN_IF_ERROR(out.Add(*args[1], i));
    SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), list.value_offset(i), list.value_length(i)));
    return kFront ? base::OkStatus() : out.Add(*args[1], i);
  });
}

/// array_insert(array, position from 1 or from the end, value)
base::StatusOr<ArrayPtr> Insert(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  return Lists(node, {args[0], args[1]}, rows, [&](int64_t i, Elements& out) -> base::Status {
    const int64_t asked = IntAt(*args[1], i);
    const int64_t size = list.value_length(i);
    const int64_t first = list.value_offset(i);
    if (asked == 0) {
      return base::Fail(kIndexOfZero,
                        "The index 0 is invalid. An index shall be either < 0 or > 0 (the first "
                        "element has index 1).");
    }
    if (std::abs(asked) > kMadeCellElementsMax) return TooLong("array_insert");
    if (asked > 0) {
      const int64_t before = std::min(asked - 1, size);
      SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), first, before));
      for (int64_t k = size; k < asked - 1; ++k) SOTERIA_RETURN_IF_ERROR(out.AddNull());
      SOTERIA_RETURN_IF_ERROR(out.Add(*args[2], i));
      return out.Add(*list.values(), first + before, size - before);
    }
    // -1 is behind the last element.
    const int64_t after = -asked - 1;
    if (after <= size) {
      SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), first, size - after));
      SOTERIA_RETURN_IF_ERROR(out.Add(*args[2], i));
      return out.Add(*list.values(), first + size - after, after);
    }
    SOTERIA_RETURN_IF_ERROR(out.Add(*args[2], i));
    for (int64_t k = size; k < after; ++k) SOTERIA_RETURN_IF_ERROR(out.AddNull());
    return out.Add(*list.values(), first, size);
  });
}

base::StatusOr<ArrayPtr> Repeat(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Lists(node, {args[1]}, rows, [&](int64_t i, Elements& out) -> base::Status {
    const int32_t times = IntAt(*args[1], i);
    if (times > kMadeCellElementsMax) return TooLong("array_repeat");
    for (int32_t k = 0; k < times; ++k) SOTERIA_RETURN_IF_ERROR(out.Add(*args[0], i));
    return base::OkStatus();
  });
}

base::StatusOr<ArrayPtr> Slice(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    const int64_t start = IntAt(*args[1], i);
    const int64_t length = IntAt(*args[2], i);
    if (start == 0) {
      return base::Fail({"INVALID_PARAMETER_VALUE.START", base::exception_class::kSparkRuntime,
                         "22023", absl::StatusCode::kInvalidArgument},
                        "The value of parameter(s) `start` in `slice` is invalid: Expects a "
                        "positive or a negative value for `start`, but got 0.");
    }
    if (length < 0) {
      return base::FailQuotingData(
          {"INVALID_PARAMETER_VALUE.LENGTH", base::exception_class::kSparkRuntime, "22023",
           absl::StatusCode::kInvalidArgument},
          base::Cat("The value of parameter(s) `length` in `slice` is invalid: Expects `length` "
                    "greater than or equal to 0, but got ",
                    length, "."));
    }
    const int64_t size = list.value_length(i);
    const int64_t from = start > 0 ? start - 1 : size + start;
    if (from < 0 || from >= size) return base::OkStatus();
    return out.Add(*list.values(), list.value_offset(i) + from, std::min(length, size - from));
  });
}

/// Null where an array within is.
base::StatusOr<ArrayPtr> Flatten(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  const auto& inner = static_cast<const List&>(*list.values());
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  auto& out = static_cast<arrow::ListBuilder&>(*builder);
  Elements elements(out, "flatten");
  for (int64_t i = 0; i < rows; ++i) {
    bool null = list.IsNull(i);
    for (int64_t k = list.value_offset(i); !null && k < list.value_offset(i + 1); ++k) {
      null = inner.IsNull(k);
    }
    if (null) {
      SOTERIA_ARROW_RETURN(out.AppendNull());
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(elements.Begin());
    for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
      SOTERIA_RETURN_IF_ERROR(
          elements.Add(*inner.values(), inner.value_offset(k), inner.value_length(k)));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr made, builder->Finish());
  return made;
}

base::StatusOr<ArrayPtr> Reversed(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    for (int64_t k = list.value_offset(i + 1); k-- > list.value_offset(i);) {
      SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), k));
    }
    return base::OkStatus();
  });
}

base::StatusOr<ArrayPtr> Concatenated(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    for (const ArrayPtr& arg : args) {
      const List& list = AsList(arg);
      SOTERIA_RETURN_IF_ERROR(out.Add(*list.values(), list.value_offset(i), list.value_length(i)));
    }
    return base::OkStatus();
  });
}

// ---- making -------------------------------------------------------------------------------------

base::Status BadBoundaries(int64_t start, int64_t stop, int64_t step) {
  return base::FailQuotingData({"_LEGACY_ERROR_TEMP", base::exception_class::kIllegalArgument, "",
                                absl::StatusCode::kInvalidArgument},
                               base::Cat("requirement failed: Illegal sequence boundaries: ", start,
                                         " to ", stop, " by ", step));
}

template <class Number, class Builder>
base::Status AddSequence(int64_t start, int64_t stop, int64_t step, Elements& out) {
  const bool good =
      (step > 0 && start <= stop) || (step < 0 && start >= stop) || (step == 0 && start == stop);
  if (!good) return BadBoundaries(start, stop, step);
  const __int128 span = static_cast<__int128>(stop) - start;
  const __int128 count = step == 0 ? 1 : span / step + 1;
  if (count > kMadeCellElementsMax) return TooLong("sequence");
  SOTERIA_RETURN_IF_ERROR(out.Count(static_cast<int64_t>(count)));
  auto& builder = static_cast<Builder&>(out.values());
  for (int64_t k = 0; k < static_cast<int64_t>(count); ++k) {
    SOTERIA_ARROW_RETURN(builder.Append(static_cast<Number>(start + k * step)));
  }
  return base::OkStatus();
}

base::StatusOr<ArrayPtr> Sequence(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const auto at = [&](size_t arg, int64_t i) {
    return WithNumber(*args[arg]->type(), [&](auto type) {
      return static_cast<int64_t>(Values<decltype(type)>(*args[arg])[i]);
    });
  };
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    const int64_t start = at(0, i);
    const int64_t stop = at(1, i);
    const int64_t step = args.size() > 2 ? at(2, i) : start <= stop ? 1 : -1;
    switch (args[0]->type_id()) {
      case Type::INT8:
        return AddSequence<int8_t, arrow::Int8Builder>(start, stop, step, out);
      case Type::INT16:
        return AddSequence<int16_t, arrow::Int16Builder>(start, stop, step, out);
      case Type::INT32:
        return AddSequence<int32_t, arrow::Int32Builder>(start, stop, step, out);
      default:
        return AddSequence<int64_t, arrow::Int64Builder>(start, stop, step, out);
    }
  });
}

base::StatusOr<ArrayPtr> Zip(const Bound& node, const ArrayList& args, int64_t rows,
                             EvalState& /*state*/) {
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    int64_t most = 0;
    for (const ArrayPtr& arg : args) {
      most = std::max<int64_t>(most, AsList(arg).value_length(i));
    }
    auto& fields = static_cast<arrow::StructBuilder&>(out.values());
    SOTERIA_RETURN_IF_ERROR(out.Count(most));
    for (int64_t k = 0; k < most; ++k) {
      SOTERIA_ARROW_RETURN(fields.Append());
      for (size_t a = 0; a < args.size(); ++a) {
        const List& list = AsList(args[a]);
        arrow::ArrayBuilder& field = *fields.field_builder(static_cast<int>(a));
        if (k >= list.value_length(i)) {
          SOTERIA_ARROW_RETURN(field.AppendNull());
        } else {
          SOTERIA_ARROW_RETURN(field.AppendArraySlice(arrow::ArraySpan(*list.values()->data()),
                                                      list.value_offset(i) + k, 1));
        }
      }
    }
    return base::OkStatus();
  });
}

base::StatusOr<ArrayPtr> Join(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  const List& list = AsList(args[0]);
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    std::string out;
    bool first = true;
    for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
      const bool null = list.values()->IsNull(k);
      if (null && args.size() < 3) continue;
      if (!std::exchange(first, false)) out += TextAt(*args[1], i);
      out += null ? TextAt(*args[2], i) : TextAt(*list.values(), k);
      if (static_cast<int64_t>(out.size()) > kMadeCellBytesMax) return TooLong("array_join");
    }
    return out;
  });
}

// ---- binders ------------------------------------------------------------------------------------

base::Status DiffTypes(const Expr& e, const std::vector<BoundPtr>& args) {
  return base::Fail(
      internal::Mismatch("DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES"),
      base::Cat("Cannot resolve \"", PrettyName(e),
                "\" due to data type mismatch: Input to "
                "function `",
                e.name, "` should have been two \"ARRAY\" with same element type, but it's [",
                table::QuotedTypeName(*args[0]->field), ", ",
                table::QuotedTypeName(*args[1]->field), "]."));
}

/// Two arrays of one type of elements.
base::Status TwoArrays(const Expr& e, std::vector<BoundPtr>& args) {
  for (size_t i = 0; i < 2; ++i) {
    if (!IsPlainList(*args[i]->field) && args[i]->field->type()->id() != Type::NA) {
      return DiffTypes(e, args);
    }
    SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, i));
  }
  const TypePtr common =
      CommonType(*ElementOf(*args[0])->type(), *ElementOf(*args[1])->type(), Texts::kNowhere);
  if (common == nullptr) return DiffTypes(e, args);
  if (OrderOf(*common) == nullptr) return InvalidOrdering(e, e.name, *common);
  for (BoundPtr& arg : args) {
    const bool nulls = ElementOf(*arg)->nullable();
    SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), table::ListOf(common, nulls), e.zone));
  }
  return base::OkStatus();
}

template <SetOf kWhat>
base::StatusOr<BoundPtr> BindSet(const Expr& e, std::vector<BoundPtr> args,
                                 BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TwoArrays(e, args));
  const bool one = ElementOf(*args[0])->nullable();
  const bool two = ElementOf(*args[1])->nullable();
  const bool nulls = kWhat == SetOf::kUnion       ? one || two
                     : kWhat == SetOf::kIntersect ? one && two
                                                  : one;
  const bool nullable = AnyNullable(args);
  const TypePtr element = ElementOf(*args[0])->type();
  return ListCall(e, std::move(args), element, nulls, nullable, Combined<kWhat>);
}

base::StatusOr<BoundPtr> BindOverlap(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TwoArrays(e, args));
  const bool nullable =
      AnyNullable(args) || ElementOf(*args[0])->nullable() || ElementOf(*args[1])->nullable();
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  node->kernel = Overlap;
  return BoundPtr(std::move(node));
}

base::Status ElementMismatch(const Expr& e, const std::vector<BoundPtr>& args, size_t value) {
  return base::Fail(
      kArrayFunctionDiffTypes,
      base::Cat("Cannot resolve \"", PrettyName(e), "\" due to data type mismatch: Input to `",
                e.name,
                "` should have been \"ARRAY\" followed by a value with same element type, "
                "but it's [",
                table::QuotedTypeName(*args[0]->field), ", ",
                table::QuotedTypeName(*args[value]->field), "]."));
}

/// An array, and a value of its elements' type.
base::Status ArrayAndValue(const Expr& e, std::vector<BoundPtr>& args, size_t value) {
  if (!IsPlainList(*args[0]->field)) {
    if (args[0]->field->type()->id() == Type::NA) {
      return base::Fail(kNullType,
                        base::Cat("Cannot resolve \"", PrettyName(e),
                                  "\" due to data type mismatch: Null typed values cannot be used "
                                  "as arguments of `",
                                  e.name, "`."));
    }
    return UnexpectedType(e, 0, "\"ARRAY\"", *e.args[0], *args[0]->field);
  }
  const TypePtr common =
      CommonType(*ElementOf(*args[0])->type(), *args[value]->field->type(), Texts::kNowhere);
  if (common == nullptr || !table::UdtOf(*args[value]->field).empty()) {
    return ElementMismatch(e, args, value);
  }
  const bool nulls = ElementOf(*args[0])->nullable();
  SOTERIA_ASSIGN_OR_RETURN(args[0],
                           CastTo(std::move(args[0]), table::ListOf(common, nulls), e.zone));
  SOTERIA_ASSIGN_OR_RETURN(args[value], CastTo(std::move(args[value]), common, e.zone));
  return base::OkStatus();
}

base::StatusOr<BoundPtr> BindPosition(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  if (args[1]->field->type()->id() == Type::NA) {
    return base::Fail(kNullType, base::Cat("Cannot resolve \"", PrettyName(e),
                                           "\" due to data type mismatch: Null typed values cannot "
                                           "be used as arguments of `array_position`."));
  }
  SOTERIA_RETURN_IF_ERROR(ArrayAndValue(e, args, 1));
  if (OrderOf(*args[1]->field->type()) == nullptr) {
    return InvalidOrdering(e, e.name, *args[1]->field->type());
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::int64(), nullable, std::move(args));
  node->kernel = Position;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindRemove(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  if (args[1]->field->type()->id() == Type::NA) {
    return base::Fail(kNullType, base::Cat("Cannot resolve \"", PrettyName(e),
                                           "\" due to data type mismatch: Null typed values cannot "
                                           "be used as arguments of `array_remove`."));
  }
  SOTERIA_RETURN_IF_ERROR(ArrayAndValue(e, args, 1));
  if (OrderOf(*args[1]->field->type()) == nullptr) {
    return InvalidOrdering(e, e.name, *args[1]->field->type());
  }
  const FieldPtr element = ElementOf(*args[0]);
  const bool nullable = AnyNullable(args);
  return ListCall(e, std::move(args), element->type(), element->nullable(), nullable, Remove);
}

template <bool kFront>
base::StatusOr<BoundPtr> BindExtended(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(ArrayAndValue(e, args, 1));
  const FieldPtr element = ElementOf(*args[0]);
  const bool nulls = element->nullable() || args[1]->field->nullable();
  const bool nullable = args[0]->field->nullable();
  return ListCall(e, std::move(args), element->type(), nulls, nullable, Extended<kFront>);
}

base::StatusOr<BoundPtr> BindInsert(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(ArrayAndValue(e, args, 2));
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 'i'));
  const TypePtr element = ElementOf(*args[0])->type();
  const bool nullable = args[0]->field->nullable() || args[1]->field->nullable();
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound,
                           ListCall(e, std::move(args), element, true, nullable, Insert));
  auto node = std::make_shared<Bound>(*bound);
  node->careful = true;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindRepeat(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  if (!table::UdtOf(*args[0]->field).empty()) {
    return base::NotSupported("The function array_repeat() of vectors");
  }
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 'i'));
  const FieldPtr value = args[0]->field;
  const bool nullable = args[1]->field->nullable();
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, ListCall(e, std::move(args), value->type(),
                                                          value->nullable(), nullable, Repeat));
  auto node = std::make_shared<Bound>(*bound);
  node->null_stops = false;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindSlice(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  for (size_t i = 1; i < 3; ++i) SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 'i'));
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindSame<Slice>(e, std::move(args), context));
  auto node = std::make_shared<Bound>(*bound);
  node->careful = true;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindFlatten(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  const bool nested = IsPlainList(*args[0]->field) && IsPlainList(*ElementOf(*args[0]));
  if (!nested) {
    return UnexpectedType(e, 0, "\"ARRAY\" of \"ARRAY\"", *e.args[0], *args[0]->field);
  }
  const FieldPtr inner = ElementOf(*args[0]);
  const FieldPtr element = inner->type()->field(0);
  const bool nullable = args[0]->field->nullable() || inner->nullable();
  return ListCall(e, std::move(args), element->type(), element->nullable(), nullable, Flatten);
}

base::StatusOr<BoundPtr> BindSequence(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr times, BindTimeSequence(e, args));
  if (times != nullptr) return times;
  TypePtr type = args[0]->field->type();
  for (const BoundPtr& arg : args) {
    const TypePtr common = CommonType(*type, *arg->field->type(), Texts::kNowhere);
    if (common == nullptr || !IsIntegral(*common)) {
      return base::Fail(
          internal::Mismatch("DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES"),
          base::Cat("Cannot resolve \"", PrettyName(e),
                    "\" due to data type mismatch: `sequence` uses the wrong parameter type. The "
                    "parameter type must conform to:\n1. The start and stop expressions must "
                    "resolve to the same type.\n2. If start and stop expressions resolve to the "
                    "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"DATE\") type, then the step "
                    "expression must resolve to the (\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or "
                    "\"INTERVAL DAY TO SECOND\") type.\n3. Otherwise, if start and stop "
                    "expressions resolve to the \"INTEGRAL\" type, then the step expression must "
                    "resolve to the same type."));
    }
    type = common;
  }
  for (BoundPtr& arg : args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), type));
  }
  const bool nullable = AnyNullable(args);
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound,
                           ListCall(e, std::move(args), type, false, nullable, Sequence));
  auto node = std::make_shared<Bound>(*bound);
  node->careful = true;
  return BoundPtr(std::move(node));
}

/// The struct's fields are named as the columns are, or by number.
base::StatusOr<BoundPtr> BindZip(const Expr& e, std::vector<BoundPtr> args,
                                 BindContext& /*context*/) {
  std::vector<FieldPtr> fields;
  for (size_t i = 0; i < args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, i));
    const Expr& arg = *e.args[i];
    const bool named = arg.kind == Expr::Kind::kColumn;
    fields.push_back(ElementOf(*args[i])
                         ->WithName(named ? args[i]->field->name() : std::to_string(i))
                         ->WithNullable(true));
  }
  const bool nullable = AnyNullable(args);
  return ListCall(e, std::move(args), arrow::struct_(std::move(fields)), false, nullable, Zip);
}

base::StatusOr<BoundPtr> BindJoin(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0, "\"ARRAY<STRING>\""));
  const Type::type element = ElementOf(*args[0])->type()->id();
  if (element == Type::LIST || element == Type::STRUCT || element == Type::MAP) {
    return UnexpectedType(e, 0, "\"ARRAY<STRING>\"", *e.args[0], *args[0]->field);
  }
  const bool nulls = ElementOf(*args[0])->nullable();
  SOTERIA_ASSIGN_OR_RETURN(args[0],
                           CastTo(std::move(args[0]), table::ListOf(arrow::utf8(), nulls), e.zone));
  for (size_t i = 1; i < args.size(); ++i) SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 's'));
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = Join;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindReverse(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  if (IsPlainList(*args[0]->field)) return BindSame<Reversed>(e, std::move(args), context);
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, arrow::utf8(), "(\"STRING\" or \"ARRAY\")"));
  return BindReverseText(e, std::move(args), context);
}

base::StatusOr<BoundPtr> BindDistinct(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  const TypePtr type = ElementOf(*args[0])->type();
  if (OrderOf(*type) == nullptr) return InvalidOrdering(e, e.name, *type);
  return BindSame<Distinct>(e, std::move(args), context);
}

constexpr Function kFunctions[] = {
    {"array_distinct", 1, 1, "array_distinct", Print::kCall, BindDistinct},
    {"array_union", 2, 2, "array_union", Print::kCall, BindSet<SetOf::kUnion>},
    {"array_intersect", 2, 2, "array_intersect", Print::kCall, BindSet<SetOf::kIntersect>},
    {"array_except", 2, 2, "array_except", Print::kCall, BindSet<SetOf::kExcept>},
    {"arrays_overlap", 2, 2, "arrays_overlap", Print::kCall, BindOverlap},
    {"array_position", 2, 2, "array_position", Print::kCall, BindPosition},
    {"array_remove", 2, 2, "array_remove", Print::kCall, BindRemove},
    {"array_compact", 1, 1, "array_compact", Print::kCall, BindSame<Compact, false>},
    {"array_append", 2, 2, "array_append", Print::kCall, BindExtended<false>},
    {"array_prepend", 2, 2, "array_prepend", Print::kCall, BindExtended<true>},
    {"array_insert", 3, 3, "array_insert", Print::kCall, BindInsert},
    {"array_repeat", 2, 2, "array_repeat", Print::kCall, BindRepeat},
    {"slice", 3, 3, "slice", Print::kCall, BindSlice},
    {"flatten", 1, 1, "flatten", Print::kCall, BindFlatten},
    {"sequence", 2, 3, "sequence", Print::kCall, BindSequence},
    {"arrays_zip", 1, -1, "arrays_zip", Print::kCall, BindZip},
    {"array_join", 2, 3, "array_join", Print::kCall, BindJoin},
    {"reverse", 1, 1, "reverse", Print::kCall, BindReverse},
};

}  // namespace

std::span<const Function> ArrayFunctions() { return kFunctions; }

base::StatusOr<BoundPtr> BindConcatArrays(const Expr& e, std::vector<BoundPtr> args) {
  std::vector<size_t> which(args.size());
  std::iota(which.begin(), which.end(), size_t{0});
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr common, CoerceAll(e, "concat", args, which));
  const bool nullable = AnyNullable(args);
  const FieldPtr element = common->type()->field(0);
  return ListCall(e, std::move(args), element->type(), element->nullable(), nullable, Concatenated);
}

}  // namespace soteria::exec
