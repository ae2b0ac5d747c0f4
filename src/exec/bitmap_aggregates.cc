// bitmap_construct_agg, bitmap_or_agg and bitmap_and_agg.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/bitmaps.h"
#include "src/exec/coercion.h"
#include "src/exec/kernels.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;

constexpr base::Condition kPosition = {"INVALID_BITMAP_POSITION",
                                       base::exception_class::kArrayIndex, "22003",
                                       absl::StatusCode::kOutOfRange};

enum class From : uint8_t { kOfPositions, kAny, kAll };

template <From kFrom>
class Bitmap final : public AccumulatorOf<Bitmap<kFrom>> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    for (int64_t i = begin; i < end; ++i) {
      if (args[0]->type_id() == Type::NA || args[0]->IsNull(i)) continue;
      if constexpr (kFrom == From::kOfPositions) {
        SOTERIA_RETURN_IF_ERROR(Set(LongAt(*args[0], i)));
      } else {
        Combine(TextAt(*args[0], i));
      }
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const Bitmap& later) {
    Combine(later.bits_);
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override { out.Add(bits_); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(bits_, in.Next());
    if (bits_.size() == kBitmapBytes) return base::OkStatus();
    return base::Fail(base::kProtocol, "Aggregate: not a bitmap");
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    SOTERIA_ARROW_RETURN(static_cast<arrow::BinaryBuilder&>(out).Append(bits_));
    return base::OkStatus();
  }

 private:
  base::Status Set(int64_t position) {
    if (position < 0 || position >= kBitmapBits) {
      return base::FailQuotingData(
          kPosition, base::Cat("The 0-indexed bitmap position ", position,
                               " is out of bounds. The bitmap has ", kBitmapBits, " bits (",
                               kBitmapBytes, " bytes)."));
    }
    char& byte = bits_[static_cast<size_t>(position / 8)];
    byte = static_cast<char>(byte | 1 << position % 8);
    return base::OkStatus();
  }
  /// Bytes that one hasn't are zero.
  void Combine(std::string_view other) {
    for (size_t i = 0; i < kBitmapBytes; ++i) {
      const int its = i < other.size() ? other[i] : 0;
      bits_[i] = static_cast<char>(kFrom == From::kAll ? bits_[i] & its : bits_[i] | its);
    }
  }

  std::string bits_ = std::string(kBitmapBytes, kFrom == From::kAll ? '\xFF' : '\0');
};

template <From kFrom>
base::Status Bind(const AggregateCall& /*call*/, Typing& typing) {
  const arrow::Field& field = *typing.args[0]->field;
  if (kFrom == From::kOfPositions) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, 0, 'l'));
  } else if (field.type()->id() != Type::BINARY) {
    return UnexpectedType(typing.text, 0, "\"BINARY\"", *typing.text.args[0], field);
  }
  typing.gives = arrow::field("", arrow::binary(), false);
  return base::OkStatus();
}

template <From kFrom>
base::StatusOr<AccumulatorPtr> Make(const AggregateCall& /*call*/, const CallTypes& /*types*/) {
  return std::make_unique<Bitmap<kFrom>>();
}

constexpr AggregateFunction kFunctions[] = {
    {"bitmap_construct_agg", "bitmap_construct_agg", 1, 1, Bind<From::kOfPositions>,
     Make<From::kOfPositions>},
    {"bitmap_or_agg", "bitmap_or_agg", 1, 1, Bind<From::kAny>, Make<From::kAny>},
    {"bitmap_and_agg", "bitmap_and_agg", 1, 1, Bind<From::kAll>, Make<From::kAll>},
};

}  // namespace

std::span<const AggregateFunction> BitmapAggregates() { return kFunctions; }

}  // namespace soteria::exec
