// bitmap_bit_position, bitmap_bucket_number and bitmap_count: numbers as bits of bitmaps of
// kBitmapBits each.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <bit>
#include <string>
#include <utility>

#include "src/exec/bitmaps.h"
#include "src/exec/coercion.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

base::StatusOr<ArrayPtr> Position(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<arrow::Int64Builder>(node, args, rows, [&](int64_t i) {
    const int64_t value = LongAt(*args[0], i);
    // As Java, where the least number is its own negative.
    const auto negative = static_cast<int64_t>(uint64_t{0} - static_cast<uint64_t>(value));
    return value > 0 ? (value - 1) % kBitmapBits : negative % kBitmapBits;
  });
}

base::StatusOr<ArrayPtr> Bucket(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<arrow::Int64Builder>(node, args, rows, [&](int64_t i) {
    const int64_t value = LongAt(*args[0], i);
    return value > 0 ? 1 + (value - 1) / kBitmapBits : value / kBitmapBits;
  });
}

base::StatusOr<ArrayPtr> Count(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<arrow::Int64Builder>(node, args, rows, [&](int64_t i) {
    int64_t count = 0;
    for (const char c : TextAt(*args[0], i)) count += std::popcount(static_cast<unsigned char>(c));
    return count;
  });
}

/// Of bytes as they are: nothing is cast.
base::StatusOr<BoundPtr> BindCount(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  if (args[0]->field->type()->id() != Type::BINARY) {
    return UnexpectedType(e, 0, "\"BINARY\"", *e.args[0], *args[0]->field);
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::int64(), nullable, std::move(args));
  node->kernel = Count;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"bitmap_bit_position", 1, 1, "bitmap_bit_position", Print::kCall,
     BindSimple<Position, "l", 'l'>},
    {"bitmap_bucket_number", 1, 1, "bitmap_bucket_number", Print::kCall,
     BindSimple<Bucket, "l", 'l'>},
    {"bitmap_count", 1, 1, "bitmap_count", Print::kCall, BindCount},
};

}  // namespace

std::span<const Function> BitmapFunctions() { return kFunctions; }

}  // namespace soteria::exec
