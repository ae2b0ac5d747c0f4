// Compiled without contracted operations: every digit is the JVM's.
#include "src/exec/decimal_aggregates.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/arithmetic_errors.h"
#include "src/exec/decimal_arithmetic.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;
using table::DecimalShape;
using table::Unscaled;

constexpr int kSumDigits = 10;     // more than a value has
constexpr int kAverageDigits = 4;  // more than a value has, behind the point
constexpr int kDoubleDigits = 15;  // up to these Spark averages by doubles

base::Status SumOverflow() {
  return base::Fail(base::kOverflow, base::Cat("Overflow in sum of decimals.", kAnsiHint));
}

base::Status Append(std::optional<Unscaled> value, arrow::ArrayBuilder& out) {
  auto& builder = static_cast<arrow::Decimal128Builder&>(out);
  SOTERIA_ARROW_RETURN(value ? builder.Append(table::ToArrow(*value)) : builder.AppendNull());
  return base::OkStatus();
}

/// A sum of the digits that its type has; once beyond them it stays there, as in Spark.
class DecimalTotal {
 public:
  explicit DecimalTotal(DecimalShape shape) : shape_(shape) {}

  void Add(Unscaled value) {
    if (over_) return;
    over_ =
        __builtin_add_overflow(sum_, value, &sum_) || !table::FitsDigits(sum_, shape_.precision);
    if (over_) sum_ = 0;
  }
  void Add(const DecimalTotal& later) {
    over_ = over_ || later.over_;
    if (over_) sum_ = 0;
    Add(later.sum_);
  }
  void Write(FieldWriter& out) const {
    const arrow::Decimal128 sum = table::ToArrow(sum_);
    out.AddI64(sum.high_bits()).AddU64(sum.low_bits()).AddBool(over_);
  }
  base::Status Read(FieldReader& in) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t high, in.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t low, in.NextU64());
    SOTERIA_ASSIGN_OR_RETURN(over_, in.NextBool());
    sum_ = table::FromArrow(arrow::Decimal128(high, low));
    if (!table::FitsDigits(sum_, shape_.precision) || (over_ && sum_ != 0)) {
      return base::Fail(base::kProtocol, "Aggregate: a sum of too many digits");
    }
    return base::OkStatus();
  }
  DecimalShape shape() const { return shape_; }
  bool over() const { return over_; }
  Unscaled sum() const { return sum_; }

 private:
  DecimalShape shape_;
  Unscaled sum_ = 0;
  bool over_ = false;
};

/// A sum, or with a shape of its own an average.
class DecimalSum final : public AccumulatorOf<DecimalSum> {
 public:
  DecimalSum(DecimalShape sum, std::optional<DecimalShape> average, bool by_double, bool nulls)
      : total_(sum), average_(average), by_double_(by_double), nulls_(nulls) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    for (int64_t i = begin; i < end; ++i) {
      if (args[0]->IsNull(i)) continue;
      ++count_;
      total_.Add(table::DecimalAt(*args[0], i));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const DecimalSum& later) {
    if (__builtin_add_overflow(count_, later.count_, &count_)) return SumOverflow();
    total_.Add(later.total_);
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    out.AddI64(count_);
    total_.Write(out);
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(count_, in.NextI64());
    if (count_ < 0) return base::Fail(base::kProtocol, "Aggregate: negative count");
    return total_.Read(in);
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    if (count_ == 0) return Append(std::nullopt, out);
    if (total_.over()) return nulls_ ? Append(std::nullopt, out) : SumOverflow();
    if (!average_.has_value()) return Append(total_.sum(), out);
    const base::StatusOr<Unscaled> average = Average();
    if (!average.ok() && nulls_) return Append(std::nullopt, out);
    SOTERIA_RETURN_IF_ERROR(average.status());
    return Append(*average, out);
  }
  CallNumbers Numbers() const override {
    return {.rows = count_, .sum = table::DecimalToDouble(total_.sum(), total_.shape().scale)};
  }

 private:
  base::StatusOr<Unscaled> Average() const {
    const int scale = total_.shape().scale;
    if (!by_double_) return DivideDecimals(total_.sum(), scale, count_, 0, *average_);
    // Spark's optimiser averages few digits as doubles of their whole numbers.
    const double average = static_cast<double>(total_.sum()) / static_cast<double>(count_) /
                           static_cast<double>(table::PowerOfTen(scale));
    const auto digits = table::BigDecimalOf(average);
    const auto value = digits.has_value() ? table::ToDecimal(*digits, *average_) : std::nullopt;
    if (value.has_value()) return *value;
    return DecimalOutOfRange(digits.has_value() ? table::PlainText(*digits) : "NaN", *average_);
  }

  int64_t count_ = 0;
  DecimalTotal total_;
  std::optional<DecimalShape> average_;
  bool by_double_;
  bool nulls_;
};

DecimalShape SumShape(DecimalShape shape) {
  return table::Bounded(shape.precision + kSumDigits, shape.scale);
}

DecimalShape AverageShape(DecimalShape shape) {
  return table::Bounded(shape.precision + kAverageDigits, shape.scale + kAverageDigits);
}

}  // namespace

TypePtr DecimalSumType(const arrow::DataType& type) {
  return table::DecimalType(SumShape(table::ShapeOf(type)));
}

TypePtr DecimalAverageType(const arrow::DataType& type) {
  return table::DecimalType(AverageShape(table::ShapeOf(type)));
}

AccumulatorPtr MakeDecimalSum(const arrow::DataType& type, bool nulls) {
  return std::make_unique<DecimalSum>(SumShape(table::ShapeOf(type)), std::nullopt, false, nulls);
}

AccumulatorPtr MakeDecimalAverage(const arrow::DataType& type, bool nulls) {
  const DecimalShape shape = table::ShapeOf(type);
  return std::make_unique<DecimalSum>(SumShape(shape), AverageShape(shape),
                                      shape.precision + kAverageDigits <= kDoubleDigits, nulls);
}

}  // namespace soteria::exec
