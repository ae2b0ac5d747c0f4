// Functions that draw: uuid, shuffle, randstr and uniform, from Spark's generators, whose seeds are
// the plan's and the partition's (I7).
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/format_arguments.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/decimal.h"
#include "src/table/mersenne_twister.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Seed = MadeOf<int64_t>;
using Twister = MadeOf<table::MersenneTwister>;

constexpr base::Condition kLongLiteral = {"INVALID_PARAMETER_VALUE.LONG",
                                          base::exception_class::kAnalysis, "22023",
                                          absl::StatusCode::kInvalidArgument};
constexpr base::Condition kOutOfRange = internal::Mismatch("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE");

base::Status WithoutSeed(std::string_view function) {
  return base::NotSupported(base::Cat("The function ", function, "() without a seed"));
}

/// The node's generator, which goes on from batch to batch.
table::MersenneTwister& TwisterOf(const Bound& node, EvalState& state) {
  std::unique_ptr<Made>& kept = state.kept[&node];
  if (kept == nullptr) {
    const int64_t seed = static_cast<const Seed&>(*node.made).value;
    kept = std::make_unique<Twister>(table::MersenneTwister(
        static_cast<int64_t>(static_cast<uint64_t>(seed) + state.partition)));
  }
  return static_cast<Twister&>(*kept).value;
}

/// A seed that is a literal of int or bigint.
base::StatusOr<int64_t> LongSeed(const Expr& e, const std::vector<BoundPtr>& args, size_t index,
                                 std::string_view printed) {
  const auto& literal = args[index]->literal;
  if (literal != nullptr && literal->is_valid) {
    if (literal->type->id() == Type::INT32) {
      return static_cast<const arrow::Int32Scalar&>(*literal).value;
    }
    if (literal->type->id() == Type::INT64) {
      return static_cast<const arrow::Int64Scalar&>(*literal).value;
    }
  }
  return base::Fail(kLongLiteral, base::Cat("The value of parameter(s) `seed` in `", printed,
                                            "` is invalid: expects a long literal, but got \"",
                                            PrettyName(*e.args[index]), "\"."));
}

// ---- uuid ---------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> Uuids(const Bound& node, const ArrayList& /*args*/, int64_t rows,
                               EvalState& state) {
  table::MersenneTwister& random = TwisterOf(node, state);
  return Each<arrow::StringBuilder>(node, {}, rows, [&](int64_t) {
    const auto first = static_cast<uint64_t>(random.NextLong());
    const auto second = static_cast<uint64_t>(random.NextLong());
    const uint64_t high = (first & 0xFFFFFFFFFFFF0FFFULL) | 0x4000ULL;
    const uint64_t low = (second | 0x8000000000000000ULL) & 0xBFFFFFFFFFFFFFFFULL;
    char text[37];
    std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx",
                  static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xFFFF),
                  static_cast<unsigned>(high & 0xFFFF), static_cast<unsigned>(low >> 48),
                  static_cast<unsigned long long>(low & 0xFFFFFFFFFFFFULL));  // NOLINT
    return std::string(text);
  });
}

base::StatusOr<BoundPtr> BindUuid(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  if (args.empty()) return WithoutSeed("uuid");
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, LongSeed(e, args, 0, "UUID"));
  auto node = MakeCall(PrettyName(e), arrow::utf8(), false, {});
  node->kernel = Uuids;
  node->careful = true;
  node->made = std::make_shared<Seed>(seed);
  return BoundPtr(std::move(node));
}

// ---- shuffle ------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> Shuffle(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& state) {
  if (args[0]->type_id() == Type::NA) return MakeNulls(node.field->type(), rows);
  table::MersenneTwister& random = TwisterOf(node, state);
  const auto& lists = static_cast<const arrow::ListArray&>(*args[0]);
  SOTERIA_ARROW_ASSIGN(const auto builder, arrow::MakeBuilder(node.field->type()));
  auto& out = static_cast<arrow::ListBuilder&>(*builder);
  const arrow::ArraySpan values(*lists.values()->data());
  std::vector<int64_t> order;
  for (int64_t i = 0; i < rows; ++i) {
    if (lists.IsNull(i)) {
      SOTERIA_ARROW_RETURN(out.AppendNull());
      continue;
    }
    order.assign(static_cast<size_t>(lists.value_length(i)), 0);
    for (size_t k = 0; k < order.size(); ++k) {
      const auto j = static_cast<size_t>(random.NextInt(static_cast<int32_t>(k) + 1));
      if (j != k) order[k] = order[j];
      order[j] = static_cast<int64_t>(k);
    }
    SOTERIA_ARROW_RETURN(out.Append());
    for (const int64_t from : order) {
      SOTERIA_ARROW_RETURN(
          out.value_builder()->AppendArraySlice(values, lists.value_offset(i) + from, 1));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr made, out.Finish());
  return made;
}

base::StatusOr<BoundPtr> BindShuffle(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  const arrow::Field& field = *args[0]->field;
  if (!IsPlainList(field) && field.type()->id() != Type::NA) {
    return UnexpectedType(e, 0, "\"ARRAY\"", *e.args[0], field);
  }
  if (args.size() < 2) return WithoutSeed("shuffle");
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, LongSeed(e, args, 1, "shuffle"));
  args.resize(1);
  TypePtr type = args[0]->field->type();
  if (type->id() == Type::NA) type = table::ListOf(arrow::null());
  const bool nullable = args[0]->field->nullable();
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = Shuffle;
  node->careful = true;
  node->made = std::make_shared<Seed>(seed);
  return BoundPtr(std::move(node));
}

// ---- randstr ------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> RandomTexts(const Bound& node, const ArrayList& /*args*/, int64_t rows,
                                     EvalState& state) {
  table::XorShiftRandom& random = state.randoms[static_cast<size_t>(node.number)];
  const auto length = static_cast<size_t>(static_cast<const Seed&>(*node.made).value);
  return Each<arrow::StringBuilder>(node, {}, rows, [&](int64_t) {
    constexpr std::string_view kCharacters =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string text(length, '\0');
    for (char& c : text) {
      const int32_t drawn = random.NextInt() % static_cast<int32_t>(kCharacters.size());
      c = kCharacters[static_cast<size_t>(std::abs(drawn))];
    }
    return text;
  });
}

/// A constant that there has to be; null for null.
base::StatusOr<ArrayPtr> Foldable(const Expr& e, const std::vector<BoundPtr>& args, size_t index,
                                  std::string_view name, std::string_view wanted) {
  SOTERIA_ASSIGN_OR_RETURN(ArrayPtr value, Constant(*args[index]));
  if (value != nullptr) return value;
  return base::Fail(
      kNonFoldableInput,
      base::Cat("Cannot resolve \"", PrettyName(e), "\" due to data type mismatch: the input `",
                name, "` should be a foldable ", wanted, " expression; however, got \"",
                PrettyName(*e.args[index]), "\"."));
}

/// A seed that may be any constant integer; null is 0.
base::StatusOr<int64_t> FoldedSeed(const Expr& e, std::vector<BoundPtr>& args, size_t index,
                                   std::string_view wanted) {
  SOTERIA_RETURN_IF_ERROR(Foldable(e, args, index, "seed", wanted).status());
  const arrow::DataType& type = *args[index]->field->type();
  if (type.id() != Type::NA && type.id() != Type::INT32 && type.id() != Type::INT64) {
    return UnexpectedType(e, index, "(\"INT\" or \"BIGINT\")", *e.args[index], *args[index]->field);
  }
  SOTERIA_ASSIGN_OR_RETURN(args[index], CastTo(std::move(args[index]), arrow::int64()));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(*args[index]));
  return value->IsNull(0) ? 0 : LongAt(*value, 0);
}

base::StatusOr<BoundPtr> BindRandomText(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& context) {
  if (args.size() < 2) return WithoutSeed("randstr");
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, arrow::int32(), "\"INT\""));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr length, Foldable(e, args, 0, "length", "integer"));
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, FoldedSeed(e, args, 1, "integer"));
  const int32_t count = length->IsNull(0) ? 0 : IntAt(*length, 0);
  if (count < 0) {
    return base::Fail(kOutOfRange,
                      base::Cat("Cannot resolve \"", PrettyName(e),
                                "\" due to data type mismatch: The `length` must be between [0, ",
                                INT32_MAX, "] (current value = ", count, ")."));
  }
  if (count > kMadeCellBytesMax) return TooLong("randstr");
  auto node = MakeCall(PrettyName(e), arrow::utf8(), false, {});
  node->kernel = RandomTexts;
  node->careful = true;
  node->number = static_cast<int>(context.seeds.size());
  node->made = std::make_shared<Seed>(count);
  context.seeds.push_back(seed);
  return BoundPtr(std::move(node));
}

// ---- uniform ------------------------------------------------------------------------------------

/// nullptr for none.
TypePtr UniformType(const arrow::DataType& a, const arrow::DataType& b) {
  if (IsIntegral(a) && IsIntegral(b)) return WiderNumber(a, b);
  for (const Type::type id : {Type::DOUBLE, Type::FLOAT}) {
    if (a.id() == id || b.id() == id)
      return id == Type::DOUBLE ? arrow::float64() : arrow::float32();
  }
  const bool first = table::IsDecimal(a);
  if (!first || !table::IsDecimal(b)) return table::DecimalType(table::ShapeOf(first ? a : b));
  const table::DecimalShape x = table::ShapeOf(a);
  const table::DecimalShape y = table::ShapeOf(b);
  return table::DecimalType(x.whole() >= y.whole() && x.scale >= y.scale ? x : y);
}

base::StatusOr<BoundPtr> BindUniform(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  constexpr std::string_view kWanted = "integer or floating-point";
  if (args.size() < 3) return WithoutSeed("uniform");
  bool null = false;
  for (size_t i = 0; i < 2; ++i) {
    SOTERIA_RETURN_IF_ERROR(Foldable(e, args, i, i == 0 ? "min" : "max", kWanted).status());
    null = null || args[i]->field->type()->id() == Type::NA;
    if (args[i]->field->type()->id() == Type::NA || IsNumeric(*args[i]->field)) continue;
    return UnexpectedType(e, i, "\"NUMERIC\"", *e.args[i], *args[i]->field);
  }
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, FoldedSeed(e, args, 2, kWanted));
  ExprPtr drawn;
  if (null) {
    drawn = Cast(Literal(std::make_shared<arrow::NullScalar>()), arrow::float64());
  } else {
    const ExprPtr low = Cast(e.args[0], arrow::float64());
    const ExprPtr high = Cast(e.args[1], arrow::float64());
    const ExprPtr random = Call("rand", {Literal(std::make_shared<arrow::Int64Scalar>(seed))});
    drawn = Cast(Call("+", {low, Call("*", {Call("-", {high, low}), random})}),
                 UniformType(*args[0]->field->type(), *args[1]->field->type()));
  }
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindExpr(*drawn, context, 1));
  auto node = std::make_shared<Bound>(*bound);
  node->field = arrow::field(PrettyName(e), bound->field->type(), false);
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"uuid", 0, 1, "uuid", Print::kSpecial, BindUuid, true},
    {"shuffle", 1, 2, "shuffle", Print::kSpecial, BindShuffle, true},
    {"randstr", 1, 2, "randstr", Print::kCall, BindRandomText, true},
    {"uniform", 2, 3, "uniform", Print::kCall, BindUniform, true},
};

}  // namespace

std::span<const Function> DrawnFunctions() { return kFunctions; }

}  // namespace soteria::exec
