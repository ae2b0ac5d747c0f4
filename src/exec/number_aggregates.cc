// Aggregates whose state is a few numbers: counts, sums, moments, bits. Compiled without contracted
// operations: every digit is the JVM's.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <cmath>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/decimal_aggregates.h"
#include "src/exec/intervals.h"
#include "src/exec/kernels.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;

base::Status SumOverflow() {
  return base::Fail(base::kOverflow,
                    "overflow. Use 'try_add' to tolerate overflow and return NULL instead. If "
                    "necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.");
}

base::Status AppendDouble(std::optional<double> value, arrow::ArrayBuilder& out) {
  auto& builder = static_cast<arrow::DoubleBuilder&>(out);
  SOTERIA_ARROW_RETURN(value ? builder.Append(*value) : builder.AppendNull());
  return base::OkStatus();
}

base::Status AppendLong(std::optional<int64_t> value, arrow::ArrayBuilder& out) {
  auto& builder = static_cast<arrow::Int64Builder&>(out);
  SOTERIA_ARROW_RETURN(value ? builder.Append(*value) : builder.AppendNull());
  return base::OkStatus();
}

bool IsNull(const arrow::Array& array, int64_t i) {
  return array.type_id() == Type::NA || array.IsNull(i);
}

base::Status ReadCount(FieldReader& in, int64_t& count) {
  SOTERIA_ASSIGN_OR_RETURN(count, in.NextI64());
  if (count < 0) return base::Fail(base::kProtocol, "Aggregate: negative count");
  return base::OkStatus();
}

// ---- counts -------------------------------------------------------------------------------------

/// Rows where every argument has a value.
class Count final : public AccumulatorOf<Count> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    if (args.size() == 1 && args[0]->null_count() == 0) {
      count_ += end - begin;
      return base::OkStatus();
    }
    for (int64_t i = begin; i < end; ++i) {
      bool counts = true;
      for (const ArrayPtr& arg : args) counts = counts && !IsNull(*arg, i);
      count_ += counts ? 1 : 0;
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const Count& later) {
    if (__builtin_add_overflow(count_, later.count_, &count_)) return SumOverflow();
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override { out.AddI64(count_); }
  base::Status Read(FieldReader& in) override { return ReadCount(in, count_); }
  base::Status Finish(arrow::ArrayBuilder& out) const override { return AppendLong(count_, out); }
  CallNumbers Numbers() const override { return {.rows = count_}; }

 private:
  int64_t count_ = 0;
};

base::Status BindCount(const AggregateCall& /*call*/, Typing& typing) {
  typing.gives = arrow::field("", arrow::int64(), false);
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeCount(const AggregateCall& /*call*/,
                                         const CallTypes& /*types*/) {
  return std::make_unique<Count>();
}

/// Rows where the condition holds.
class CountIf final : public AccumulatorOf<CountIf> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    for (int64_t i = begin; i < end; ++i) count_ += !args[0]->IsNull(i) && BoolAt(*args[0], i);
    return base::OkStatus();
  }
  base::Status MergeLater(const CountIf& later) {
    if (__builtin_add_overflow(count_, later.count_, &count_)) return SumOverflow();
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override { out.AddI64(count_); }
  base::Status Read(FieldReader& in) override { return ReadCount(in, count_); }
  base::Status Finish(arrow::ArrayBuilder& out) const override { return AppendLong(count_, out); }

 private:
  int64_t count_ = 0;
};

base::Status BindCountIf(const AggregateCall& /*call*/, Typing& typing) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, 0, 'B'));
  typing.gives = arrow::field("", arrow::int64(), false);
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeCountIf(const AggregateCall& /*call*/,
                                           const CallTypes& /*types*/) {
  return std::make_unique<CountIf>();
}

// ---- sums ---------------------------------------------------------------------------------------

enum class Summed { kSum, kAverage, kProduct };

/// Of integers; kTry: null instead of an overflow.
template <bool kTry>
class WholeSum final : public AccumulatorOf<WholeSum<kTry>> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const auto& numbers = static_cast<const arrow::Int64Array&>(*args[0]);
    for (int64_t i = begin; i < end; ++i) {
      if (numbers.IsNull(i)) continue;
      ++count_;
      SOTERIA_RETURN_IF_ERROR(Add(numbers.Value(i)));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const WholeSum& later) {
    if (__builtin_add_overflow(count_, later.count_, &count_)) return SumOverflow();
    over_ = over_ || later.over_;
    return Add(later.sum_);
  }
  void Write(FieldWriter& out) const override { out.AddI64(count_).AddI64(sum_).AddBool(over_); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_RETURN_IF_ERROR(ReadCount(in, count_));
    SOTERIA_ASSIGN_OR_RETURN(sum_, in.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(over_, in.NextBool());
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    return AppendLong(count_ == 0 || over_ ? std::nullopt : std::optional(sum_), out);
  }
  CallNumbers Numbers() const override { return {.rows = count_}; }

 private:
  base::Status Add(int64_t value) {
    if (!__builtin_add_overflow(sum_, value, &sum_)) return base::OkStatus();
    if (!kTry) return SumOverflow();
    over_ = true;
    sum_ = 0;
    return base::OkStatus();
  }

  int64_t count_ = 0;
  int64_t sum_ = 0;
  bool over_ = false;
};

/// Of doubles: a sum, an average or a product.
template <Summed kWhat>
class RealSum final : public AccumulatorOf<RealSum<kWhat>> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*args[0]);
    for (int64_t i = begin; i < end; ++i) {
      if (numbers.IsNull(i)) continue;
      ++count_;
      Add(numbers.Value(i));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const RealSum& later) {
    if (__builtin_add_overflow(count_, later.count_, &count_)) return SumOverflow();
    Add(later.sum_);
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override { out.AddI64(count_).AddDouble(sum_); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_RETURN_IF_ERROR(ReadCount(in, count_));
    SOTERIA_ASSIGN_OR_RETURN(sum_, in.NextDouble());
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    if (count_ == 0) return AppendDouble(std::nullopt, out);
    return AppendDouble(kWhat == Summed::kAverage ? sum_ / static_cast<double>(count_) : sum_, out);
  }
  CallNumbers Numbers() const override { return {.rows = count_, .sum = sum_}; }

 private:
  void Add(double value) {
    if constexpr (kWhat == Summed::kProduct) {
      sum_ *= value;
    } else {
      sum_ += value;
    }
  }

  int64_t count_ = 0;
  double sum_ = kWhat == Summed::kProduct ? 1 : 0;
};

base::Status NotNumeric(const Typing& typing, const char* wanted) {
  return UnexpectedType(typing.text, 0, wanted, *typing.text.args[0], *typing.args[0]->field);
}

bool IsNumberLike(const arrow::Field& field) {
  const Type::type id = field.type()->id();
  return table::UdtOf(field).empty() &&
         (IsNumeric(*field.type()) || id == Type::STRING || id == Type::NA);
}

template <Summed kWhat>
base::Status BindSum(const AggregateCall& /*call*/, Typing& typing) {
  const arrow::Field& field = *typing.args[0]->field;
  if (kWhat != Summed::kProduct && table::IsInterval(*field.type())) {
    const bool days = table::IsDayTime(*field.type());
    const TypePtr widest = days ? table::DayTimeType() : table::YearMonthType();
    typing.gives = arrow::field("", kWhat == Summed::kSum ? field.type() : widest, true);
    return base::OkStatus();
  }
  if (!IsNumberLike(field)) {
    return NotNumeric(
        typing, kWhat == Summed::kProduct ? "\"DOUBLE\"" : "\"NUMERIC\" or \"ANSI INTERVAL\"");
  }
  if (kWhat != Summed::kProduct && table::IsDecimal(*field.type())) {
    typing.gives = arrow::field(
        "",
        kWhat == Summed::kSum ? DecimalSumType(*field.type()) : DecimalAverageType(*field.type()),
        true);
    return base::OkStatus();
  }
  const bool whole = kWhat == Summed::kSum && IsIntegral(*field.type());
  const TypePtr type = whole ? arrow::int64() : arrow::float64();
  SOTERIA_ASSIGN_OR_RETURN(typing.args[0], CastTo(typing.args[0], type));
  typing.gives = arrow::field("", type, true);
  return base::OkStatus();
}

template <Summed kWhat, bool kTry = false>
base::StatusOr<AccumulatorPtr> MakeSum(const AggregateCall& /*call*/, const CallTypes& types) {
  if (table::IsInterval(*types.args[0])) {
    return MakeIntervalSum(types.args[0], kWhat == Summed::kAverage, kTry);
  }
  if (table::IsDecimal(*types.args[0])) {
    return kWhat == Summed::kSum ? MakeDecimalSum(*types.args[0], kTry)
                                 : MakeDecimalAverage(*types.args[0], kTry);
  }
  if (types.args[0]->id() == Type::INT64) return std::make_unique<WholeSum<kTry>>();
  return std::make_unique<RealSum<kWhat>>();
}

// ---- moments ------------------------------------------------------------------------------------

enum class Moment { kVariance, kDeviation, kSkewness, kKurtosis };

/// Spark's CentralMomentAgg up to the moment of that order.
template <Moment kWhat, bool kSample>
class Moments final : public AccumulatorOf<Moments<kWhat, kSample>> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*args[0]);
    for (int64_t i = begin; i < end; ++i) {
      if (numbers.IsValid(i)) Add(numbers.Value(i));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const Moments& later) {
    const auto n1 = static_cast<double>(count_);
    const auto n2 = static_cast<double>(later.count_);
    const double n = n1 + n2;
    const double delta = later.mean_ - mean_;
    const double delta_n = n == 0 ? 0 : delta / n;
    if constexpr (kOrder >= 4) {
      m4_ = m4_ + later.m4_ +
            delta_n * delta_n * delta_n * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
            delta_n * delta_n * 6.0 * (n1 * n1 * later.m2_ + n2 * n2 * m2_) +
            4.0 * delta_n * (n1 * later.m3_ - n2 * m3_);
    }
    if constexpr (kOrder >= 3) {
      m3_ = m3_ + later.m3_ + delta_n * delta_n * delta * n1 * n2 * (n1 - n2) +
            3.0 * delta_n * (n1 * later.m2_ - n2 * m2_);
    }
    mean_ += delta_n * n2;
    m2_ += later.m2_ + delta * delta_n * n1 * n2;
    if (__builtin_add_overflow(count_, later.count_, &count_)) return SumOverflow();
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    out.AddI64(count_).AddDouble(mean_).AddDouble(m2_);
    if (kOrder >= 3) out.AddDouble(m3_);
    if (kOrder >= 4) out.AddDouble(m4_);
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_RETURN_IF_ERROR(ReadCount(in, count_));
    SOTERIA_ASSIGN_OR_RETURN(mean_, in.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(m2_, in.NextDouble());
    if (kOrder >= 3) {
      SOTERIA_ASSIGN_OR_RETURN(m3_, in.NextDouble());
    }
    if (kOrder >= 4) {
      SOTERIA_ASSIGN_OR_RETURN(m4_, in.NextDouble());
    }
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    return AppendDouble(Result(), out);
  }
  CallNumbers Numbers() const override {
    return {.rows = count_, .sum = mean_, .spread = kOrder == 2 ? m2_ : 0};
  }

 private:
  static constexpr int kOrder = kWhat == Moment::kKurtosis ? 4 : kWhat == Moment::kSkewness ? 3 : 2;

  void Add(double x) {
    count_ += 1;
    const double delta = x - mean_;
    const double delta_n = delta / static_cast<double>(count_);
    mean_ += delta_n;
    m2_ += delta * (delta - delta_n);
    if constexpr (kOrder >= 3) {
      const double delta2 = delta * delta;
      const double delta_n2 = delta_n * delta_n;
      m3_ = m3_ - 3.0 * delta_n * m2_ + delta * (delta2 - delta_n2);
      if constexpr (kOrder >= 4) {
        m4_ = m4_ - 4.0 * delta_n * m3_ - 6.0 * delta_n2 * m2_ +
              delta * (delta * delta2 - delta_n * delta_n2);
      }
    }
  }
  std::optional<double> Result() const {
    const auto n = static_cast<double>(count_);
    if (count_ == 0) return std::nullopt;
    if constexpr (kOrder == 2) {
      if (kSample && count_ == 1) return std::nullopt;
      const double variance = m2_ / (kSample ? n - 1 : n);
      return kWhat == Moment::kDeviation ? std::sqrt(variance) : variance;
    }
    if (m2_ == 0) return std::nullopt;
    if (kWhat == Moment::kSkewness) return std::sqrt(n) * m3_ / std::sqrt(m2_ * m2_ * m2_);
    return n * m4_ / (m2_ * m2_) - 3.0;
  }

  int64_t count_ = 0;
  double mean_ = 0;
  double m2_ = 0;  // sum of squared deviations
  double m3_ = 0;
  double m4_ = 0;
};

base::Status BindDoubles(const AggregateCall& /*call*/, Typing& typing) {
  for (size_t i = 0; i < typing.args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, i, 'd'));
  }
  typing.gives = arrow::field("", arrow::float64(), true);
  return base::OkStatus();
}

template <Moment kWhat, bool kSample>
base::StatusOr<AccumulatorPtr> MakeMoments(const AggregateCall& /*call*/,
                                           const CallTypes& /*types*/) {
  return std::make_unique<Moments<kWhat, kSample>>();
}

// ---- two columns --------------------------------------------------------------------------------

enum class Pair {
  kCovarPop,
  kCovarSamp,
  kCorr,
  kCount,
  kMeanX,
  kMeanY,
  kSxx,
  kSyy,
  kSxy,
  kSlope,
  kIntercept,
  kR2
};

/// Spark's Covariance and PearsonCorrelation, of rows where both have a value. The regressions take
/// (y, x).
template <Pair kWhat>
class PairMoments final : public AccumulatorOf<PairMoments<kWhat>> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const auto& xs = static_cast<const arrow::DoubleArray&>(*args[kRegression ? 1 : 0]);
    const auto& ys = static_cast<const arrow::DoubleArray&>(*args[kRegression ? 0 : 1]);
    for (int64_t i = begin; i < end; ++i) {
      if (xs.IsNull(i) || ys.IsNull(i)) continue;
      count_ += 1;
      const auto n = static_cast<double>(count_);
      const double dx = xs.Value(i) - x_;
      const double dy = ys.Value(i) - y_;
      x_ += dx / n;
      y_ += dy / n;
      xy_ += dx * (ys.Value(i) - y_);
      xx_ += dx * (xs.Value(i) - x_);
      yy_ += dy * (ys.Value(i) - y_);
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const PairMoments& later) {
    const auto n1 = static_cast<double>(count_);
    const auto n2 = static_cast<double>(later.count_);
    const double n = n1 + n2;
    const double dx = later.x_ - x_;
    const double dx_n = n == 0 ? 0 : dx / n;
    const double dy = later.y_ - y_;
    const double dy_n = n == 0 ? 0 : dy / n;
    x_ += dx_n * n2;
    y_ += dy_n * n2;
    xy_ = xy_ + later.xy_ + dx * dy_n * n1 * n2;
    xx_ = xx_ + later.xx_ + dx * dx_n * n1 * n2;
    yy_ = yy_ + later.yy_ + dy * dy_n * n1 * n2;
    if (__builtin_add_overflow(count_, later.count_, &count_)) return SumOverflow();
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    out.AddI64(count_).AddDouble(x_).AddDouble(y_).AddDouble(xy_).AddDouble(xx_).AddDouble(yy_);
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_RETURN_IF_ERROR(ReadCount(in, count_));
    for (double* number : {&x_, &y_, &xy_, &xx_, &yy_}) {
      SOTERIA_ASSIGN_OR_RETURN(*number, in.NextDouble());
    }
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    if constexpr (kWhat == Pair::kCount) return AppendLong(count_, out);
    return AppendDouble(Result(), out);
  }

 private:
  static constexpr bool kRegression =
      kWhat != Pair::kCovarPop && kWhat != Pair::kCovarSamp && kWhat != Pair::kCorr;

  std::optional<double> Result() const {
    const auto n = static_cast<double>(count_);
    if (count_ == 0) return std::nullopt;
    switch (kWhat) {
      case Pair::kCovarPop:
        return xy_ / n;
      case Pair::kCovarSamp:
        return count_ == 1 ? std::nullopt : std::optional(xy_ / (n - 1.0));
      case Pair::kCorr:
        // Of values that are all equal Spark divides by zero, which is null.
        return count_ == 1 || xx_ * yy_ == 0 ? std::nullopt
                                             : std::optional(xy_ / std::sqrt(xx_ * yy_));
      case Pair::kMeanX:
        return x_;
      case Pair::kMeanY:
        return y_;
      case Pair::kSxx:
        return xx_;
      case Pair::kSyy:
        return yy_;
      case Pair::kSxy:
        return xy_;
      case Pair::kSlope:
        return xx_ == 0 ? std::nullopt : std::optional(xy_ / xx_);
      case Pair::kIntercept:
        return xx_ == 0 ? std::nullopt : std::optional(y_ - xy_ / xx_ * x_);
      case Pair::kR2:
        if (xx_ == 0) return std::nullopt;
        return yy_ == 0 ? 1.0 : (xy_ / std::sqrt(xx_ * yy_)) * (xy_ / std::sqrt(xx_ * yy_));
      default:
        return std::nullopt;
    }
  }

  int64_t count_ = 0;
  double x_ = 0;  // means
  double y_ = 0;
  double xy_ = 0;  // sums of products of deviations
  double xx_ = 0;
  double yy_ = 0;
};

base::Status BindPairCount(const AggregateCall& call, Typing& typing) {
  SOTERIA_RETURN_IF_ERROR(BindDoubles(call, typing));
  typing.gives = arrow::field("", arrow::int64(), false);
  return base::OkStatus();
}

template <Pair kWhat>
base::StatusOr<AccumulatorPtr> MakePair(const AggregateCall& /*call*/, const CallTypes& /*types*/) {
  return std::make_unique<PairMoments<kWhat>>();
}

// ---- bits and truths ----------------------------------------------------------------------------

enum class Bits { kAnd, kOr, kXor };

/// Of integers as longs; of booleans as 0 and 1.
template <Bits kWhat>
class BitSum final : public AccumulatorOf<BitSum<kWhat>> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const arrow::Array& array = *args[0];
    if (array.type_id() == Type::BOOL) {
      for (int64_t i = begin; i < end; ++i) {
        if (array.IsValid(i)) Add(BoolAt(array, i) ? 1 : 0);
      }
      return base::OkStatus();
    }
    return WithNumber(*array.type(), [&](auto type) {
      using T = decltype(type);
      for (int64_t i = begin; i < end; ++i) {
        if (array.IsValid(i)) Add(static_cast<int64_t>(Values<T>(array)[i]));
      }
      return base::OkStatus();
    });
  }
  base::Status MergeLater(const BitSum& later) {
    if (later.any_) Add(later.bits_);
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override { out.AddBool(any_).AddI64(bits_); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(any_, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(bits_, in.NextI64());
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    if (!any_) {
      SOTERIA_ARROW_RETURN(out.AppendNull());
      return base::OkStatus();
    }
    switch (out.type()->id()) {
      case Type::BOOL:
        SOTERIA_ARROW_RETURN(static_cast<arrow::BooleanBuilder&>(out).Append(bits_ != 0));
        return base::OkStatus();
      case Type::INT8:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::Int8Builder&>(out).Append(static_cast<int8_t>(bits_)));
        return base::OkStatus();
      case Type::INT16:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::Int16Builder&>(out).Append(static_cast<int16_t>(bits_)));
        return base::OkStatus();
      case Type::INT32:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::Int32Builder&>(out).Append(static_cast<int32_t>(bits_)));
        return base::OkStatus();
      default:
        return AppendLong(bits_, out);
    }
  }

 private:
  void Add(int64_t bits) {
    if (!std::exchange(any_, true)) {
      bits_ = bits;
    } else if (kWhat == Bits::kAnd) {
      bits_ &= bits;
    } else if (kWhat == Bits::kOr) {
      bits_ |= bits;
    } else {
      bits_ ^= bits;
    }
  }

  bool any_ = false;
  int64_t bits_ = 0;
};

base::Status BindBits(const AggregateCall& /*call*/, Typing& typing) {
  const TypePtr type = typing.args[0]->field->type();
  if (!IsIntegral(*type)) {
    if (type->id() != Type::STRING && type->id() != Type::NA) {
      return UnexpectedType(typing.text, 0, "\"INTEGRAL\"", *typing.text.args[0],
                            *typing.args[0]->field);
    }
    const TypePtr as = type->id() == Type::NA ? arrow::int32() : arrow::int64();
    SOTERIA_ASSIGN_OR_RETURN(typing.args[0], CastTo(typing.args[0], as));
  }
  typing.gives = arrow::field("", typing.args[0]->field->type(), true);
  return base::OkStatus();
}

base::Status BindTruth(const AggregateCall& /*call*/, Typing& typing) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, 0, 'B'));
  typing.gives = arrow::field("", arrow::boolean(), true);
  return base::OkStatus();
}

template <Bits kWhat>
base::StatusOr<AccumulatorPtr> MakeBits(const AggregateCall& /*call*/, const CallTypes& /*types*/) {
  return std::make_unique<BitSum<kWhat>>();
}

constexpr AggregateFunction kFunctions[] = {
    {"count", "count", 1, -1, BindCount, MakeCount},
    {"count_if", "count_if", 1, 1, BindCountIf, MakeCountIf},
    {"sum", "sum", 1, 1, BindSum<Summed::kSum>, MakeSum<Summed::kSum>},
    {"try_sum", "try_sum", 1, 1, BindSum<Summed::kSum>, MakeSum<Summed::kSum, true>},
    {"avg", "avg", 1, 1, BindSum<Summed::kAverage>, MakeSum<Summed::kAverage>},
    {"mean", "mean", 1, 1, BindSum<Summed::kAverage>, MakeSum<Summed::kAverage>},
    {"try_avg", "try_avg", 1, 1, BindSum<Summed::kAverage>, MakeSum<Summed::kAverage, true>},
    {"product", "product", 1, 1, BindSum<Summed::kProduct>, MakeSum<Summed::kProduct>},
    {"stddev", "stddev", 1, 1, BindDoubles, MakeMoments<Moment::kDeviation, true>},
    {"std", "std", 1, 1, BindDoubles, MakeMoments<Moment::kDeviation, true>},
    {"stddev_samp", "stddev_samp", 1, 1, BindDoubles, MakeMoments<Moment::kDeviation, true>},
    {"stddev_pop", "stddev_pop", 1, 1, BindDoubles, MakeMoments<Moment::kDeviation, false>},
    {"variance", "variance", 1, 1, BindDoubles, MakeMoments<Moment::kVariance, true>},
    {"var_samp", "var_samp", 1, 1, BindDoubles, MakeMoments<Moment::kVariance, true>},
    {"var_pop", "var_pop", 1, 1, BindDoubles, MakeMoments<Moment::kVariance, false>},
    {"skewness", "skewness", 1, 1, BindDoubles, MakeMoments<Moment::kSkewness, false>},
    {"kurtosis", "kurtosis", 1, 1, BindDoubles, MakeMoments<Moment::kKurtosis, false>},
    {"covar_pop", "covar_pop", 2, 2, BindDoubles, MakePair<Pair::kCovarPop>},
    {"covar_samp", "covar_samp", 2, 2, BindDoubles, MakePair<Pair::kCovarSamp>},
    {"corr", "corr", 2, 2, BindDoubles, MakePair<Pair::kCorr>},
    {"regr_count", "regr_count", 2, 2, BindPairCount, MakePair<Pair::kCount>},
    {"regr_avgx", "regr_avgx", 2, 2, BindDoubles, MakePair<Pair::kMeanX>},
    {"regr_avgy", "regr_avgy", 2, 2, BindDoubles, MakePair<Pair::kMeanY>},
    {"regr_sxx", "regr_sxx", 2, 2, BindDoubles, MakePair<Pair::kSxx>},
    {"regr_syy", "regr_syy", 2, 2, BindDoubles, MakePair<Pair::kSyy>},
    {"regr_sxy", "regr_sxy", 2, 2, BindDoubles, MakePair<Pair::kSxy>},
    {"regr_slope", "regr_slope", 2, 2, BindDoubles, MakePair<Pair::kSlope>},
    {"regr_intercept", "regr_intercept", 2, 2, BindDoubles, MakePair<Pair::kIntercept>},
    {"regr_r2", "regr_r2", 2, 2, BindDoubles, MakePair<Pair::kR2>},
    {"bit_and", "bit_and", 1, 1, BindBits, MakeBits<Bits::kAnd>},
    {"bit_or", "bit_or", 1, 1, BindBits, MakeBits<Bits::kOr>},
    {"bit_xor", "bit_xor", 1, 1, BindBits, MakeBits<Bits::kXor>},
    {"bool_and", "bool_and", 1, 1, BindTruth, MakeBits<Bits::kAnd>},
    {"every", "every", 1, 1, BindTruth, MakeBits<Bits::kAnd>},
    {"bool_or", "bool_or", 1, 1, BindTruth, MakeBits<Bits::kOr>},
    {"some", "some", 1, 1, BindTruth, MakeBits<Bits::kOr>},
    {"any", "any", 1, 1, BindTruth, MakeBits<Bits::kOr>},
};

}  // namespace

std::span<const AggregateFunction> NumberAggregates() { return kFunctions; }

}  // namespace soteria::exec
