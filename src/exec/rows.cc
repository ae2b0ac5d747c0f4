// Functions of the row's place: random numbers, row ids; and raise_error.
#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"

namespace soteria::exec {
namespace {

using arrow::Type;

/// node.number: which generator. One draw a row, in row order.
template <bool kGaussian>
base::StatusOr<ArrayPtr> Draw(const Bound& node, const ArrayList& /*args*/, int64_t rows,
                              EvalState& state) {
  table::XorShiftRandom& random = state.randoms[static_cast<size_t>(node.number)];
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<double>::Make(rows));
  for (int64_t i = 0; i < rows; ++i) {
    out.data()[i] = kGaussian ? random.NextGaussian() : random.NextDouble();
  }
  return out.Finish(node.field->type(), {});
}

/// Partition in the upper 31 bits, row below.
base::StatusOr<ArrayPtr> RowIds(const Bound& node, const ArrayList& /*args*/, int64_t rows,
                                EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(rows));
  const auto high = static_cast<int64_t>(state.partition << 33);
  for (int64_t i = 0; i < rows; ++i) out.data()[i] = high + state.rows_before + i;
  return out.Finish(node.field->type(), {});
}

base::StatusOr<ArrayPtr> PartitionIds(const Bound& node, const ArrayList& /*args*/, int64_t rows,
                                      EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int32_t>::Make(rows));
  std::fill_n(out.data(), rows, static_cast<int32_t>(state.partition));
  return out.Finish(node.field->type(), {});
}

/// The script's own text, which may be made from data.
base::StatusOr<ArrayPtr> RaiseError(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  if (rows == 0) return MakeNulls(node.field->type(), 0);
  const std::string text =
      args[0]->IsNull(0) ? "null" : static_cast<const arrow::StringArray&>(*args[0]).GetString(0);
  return node.args[0]->uses.empty() ? base::Fail(base::kUserRaised, text)
                                    : base::FailQuotingData(base::kUserRaised, text);
}

base::StatusOr<ArrayPtr> AssertTrue(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  for (const int8_t holds : ReadBools(*args[0])) {
    if (holds != 1) {
      return base::Fail(base::kUserRaised,
                        base::Cat("'", node.args[0]->field->name(), "' is not true!"));
    }
  }
  return MakeNulls(node.field->type(), rows);
}

template <bool kGaussian>
base::StatusOr<BoundPtr> BindDraw(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  // Without a seed the result would not repeat (I7); clients always send one.
  if (args.empty()) {
    return base::NotSupported(base::Cat("The function ", e.name, "() without a seed"));
  }
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, arrow::int64(), "(\"INT\" or \"BIGINT\")"));
  if (args[0]->literal == nullptr) {
    return base::Fail(kNonFoldableInput,
                      base::Cat("Cannot resolve \"", PrettyName(e),
                                "\" due to data type mismatch: the input `seed` should be a "
                                "foldable (\"INT\" or \"BIGINT\") expression; however, got \"",
                                PrettyName(*e.args[0]), "\"."));
  }
  const bool valid = args[0]->literal->is_valid;
  const int64_t seed = valid ? static_cast<const arrow::Int64Scalar&>(*args[0]->literal).value : 0;
  auto node = MakeCall(PrettyName(e), arrow::float64(), false, {});
  node->kernel = Draw<kGaussian>;
  node->number = static_cast<int>(context.seeds.size());
  node->careful = true;
  context.seeds.push_back(seed);
  return node;
}

template <Kernel kKernel, Type::type kType>
base::StatusOr<BoundPtr> BindPlace(const Expr& e, std::vector<BoundPtr> /*args*/,
                                   BindContext& /*context*/) {
  auto node =
      MakeCall(PrettyName(e), kType == Type::INT64 ? arrow::int64() : arrow::int32(), false, {});
  node->kernel = kKernel;
  node->careful = true;
  return node;
}

base::StatusOr<BoundPtr> BindRaiseError(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, arrow::utf8(), "\"STRING\""));
  auto node = MakeCall(PrettyName(e), arrow::null(), true, std::move(args));
  node->kernel = RaiseError;
  node->careful = true;
  return node;
}

base::StatusOr<BoundPtr> BindAssertTrue(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, arrow::boolean(), "\"BOOLEAN\""));
  auto node = MakeCall(PrettyName(e), arrow::null(), true, std::move(args));
  node->kernel = AssertTrue;
  node->careful = true;
  return node;
}

constexpr Function kFunctions[] = {
    {"rand", 0, 1, "rand", Print::kCall, BindDraw<false>, true},
    {"random", 0, 1, "rand", Print::kCall, BindDraw<false>, true},
    {"randn", 0, 1, "randn", Print::kCall, BindDraw<true>, true},
    {"monotonically_increasing_id", 0, 0, "monotonically_increasing_id", Print::kCall,
     BindPlace<RowIds, Type::INT64>, true},
    {"spark_partition_id", 0, 0, "SPARK_PARTITION_ID", Print::kCall,
     BindPlace<PartitionIds, Type::INT32>, true},
    {"raise_error", 1, 1, "raise_error", Print::kSpecial, BindRaiseError},
    {"assert_true", 1, 1, "assert_true", Print::kSpecial, BindAssertTrue},
};

}  // namespace

std::span<const Function> RowFunctions() { return kFunctions; }

}  // namespace soteria::exec
