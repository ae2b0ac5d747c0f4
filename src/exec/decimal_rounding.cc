#include "src/exec/decimal_rounding.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/decimal_arithmetic.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using table::DecimalShape;
using table::Rounding;
using table::Unscaled;

constexpr int kPlacesMax = 400;  // beyond any number's digits

/// Rounded at -places digits before the point.
std::optional<Unscaled> RoundBefore(Unscaled value, DecimalShape from, int digits, DecimalShape to,
                                    Rounding rounding) {
  const int dropped = from.scale + digits;
  if (dropped <= table::kDecimalDigitsMax) {
    const Unscaled rounded = table::DivideRounded(value, table::PowerOfTen(dropped), rounding);
    if (rounded == 0) return rounded;
    return digits <= table::kDecimalDigitsMax ? table::Rescale(rounded, 0, {to.precision, digits})
                                              : std::nullopt;
  }
  const bool away =
      (rounding == Rounding::kFloor && value < 0) || (rounding == Rounding::kCeiling && value > 0);
  if (!away) return Unscaled{0};
  if (digits >= to.precision) return std::nullopt;
  return value < 0 ? -table::PowerOfTen(digits) : table::PowerOfTen(digits);
}

/// node.number: places.
template <Rounding kRounding>
base::StatusOr<ArrayPtr> Round(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({args[0]}, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<Unscaled>::Make(rows));
  const DecimalShape from = table::ShapeOf(*args[0]->type());
  const DecimalShape to = table::ShapeOf(*node.field->type());
  for (int64_t i = 0; i < rows; ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    const Unscaled value = table::DecimalAt(*args[0], i);
    const auto rounded = node.number < 0 ? RoundBefore(value, from, -node.number, to, kRounding)
                                         : table::Rescale(value, from.scale, to, kRounding);
    if (!rounded.has_value()) {
      return DecimalOutOfRange(table::DecimalText(value, from.scale), to);
    }
    out.data()[i] = *rounded;
  }
  return out.Finish(node.field->type(), std::move(validity));
}

Kernel KernelOf(Rounding rounding) {
  switch (rounding) {
    case Rounding::kHalfEven:
      return Round<Rounding::kHalfEven>;
    case Rounding::kFloor:
      return Round<Rounding::kFloor>;
    case Rounding::kCeiling:
      return Round<Rounding::kCeiling>;
    default:
      return Round<Rounding::kHalfUp>;
  }
}

BoundPtr Node(const Expr& e, std::vector<BoundPtr> args, int places, DecimalShape to, bool nullable,
              Rounding rounding) {
  args.resize(1);
  auto node = MakeCall(PrettyName(e), table::DecimalType(to), nullable, std::move(args));
  node->kernel = KernelOf(rounding);
  node->number = places;
  node->careful = true;
  return node;
}

}  // namespace

BoundPtr BindDecimalRound(const Expr& e, std::vector<BoundPtr> args, int places,
                          Rounding rounding) {
  const DecimalShape from = table::ShapeOf(*args[0]->field->type());
  const int whole = from.whole() + 1;
  DecimalShape to = table::Bounded(std::max(whole, 1 - places), 0);
  if (places >= 0) {
    const int scale = std::min(from.scale, places);
    to = table::Bounded(whole + scale, scale);
  }
  return Node(e, std::move(args), places, to, true, rounding);
}

BoundPtr BindDecimalWhole(const Expr& e, std::vector<BoundPtr> args, Rounding rounding) {
  const DecimalShape from = table::ShapeOf(*args[0]->field->type());
  const DecimalShape to = from.scale == 0 ? from : table::Bounded(from.whole() + 1, 0);
  return Node(e, std::move(args), 0, to, true, rounding);
}

base::StatusOr<BoundPtr> BindPlaces(const Expr& e, std::vector<BoundPtr> args, Rounding rounding) {
  SOTERIA_ASSIGN_OR_RETURN(const int places, PlacesOf(e, args));
  const arrow::DataType& type = *args[0]->field->type();
  if (!table::IsDecimal(type)) {
    // Spark's DecimalType.forType.
    constexpr DecimalShape kOfDouble = {30, 15};
    constexpr DecimalShape kOfFloat = {14, 7};
    constexpr DecimalShape kOfText = {38, 18};
    DecimalShape shape = type.id() == Type::FLOAT ? kOfFloat : kOfDouble;
    if (const auto whole = table::ShapeOfInteger(type)) shape = *whole;
    if (type.id() == Type::STRING) shape = kOfText;
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, table::DecimalType(shape), "\"DECIMAL\""));
  }
  return BindDecimalRound(e, std::move(args), places, rounding);
}

base::StatusOr<int> PlacesOf(const Expr& e, std::vector<BoundPtr>& args) {
  if (args.size() < 2) return 0;
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 1, arrow::int32(), "\"INT\""));
  const auto& literal = args[1]->literal;
  if (literal == nullptr || !literal->is_valid) {
    return base::Fail(kNonFoldableInput,
                      base::Cat("Cannot resolve \"", PrettyName(e),
                                "\" due to data type mismatch: the input `scale` should be a "
                                "foldable \"INT\" expression; however, got \"",
                                PrettyName(*e.args[1]), "\"."));
  }
  return std::clamp(static_cast<const arrow::Int32Scalar&>(*literal).value, -kPlacesMax,
                    kPlacesMax);
}

}  // namespace soteria::exec
