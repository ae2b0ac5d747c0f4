#include "src/exec/decimal_cast.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cast_errors.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/decimal_arithmetic.h"
#include "src/table/decimal.h"
#include "src/table/text_value.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using table::DecimalShape;
using table::Unscaled;

/// Beyond these digits Spark keeps a BigDecimal, whose casts to small integers go by a double.
constexpr int kCompactDigits = 18;

bool IsWider(DecimalShape wide, DecimalShape narrow) {
  return wide.whole() >= narrow.whole() && wide.scale >= narrow.scale;
}

std::optional<DecimalShape> ShapeOfExact(const arrow::DataType& type) {
  return table::IsDecimal(type) ? table::ShapeOf(type) : table::ShapeOfInteger(type);
}

/// A column of decimals, cell by cell: a value, null, or an error that a try_cast takes for null.
class Decimals {
 public:
  static base::StatusOr<Decimals> Make(const Bound& node, const arrow::Array& from) {
    Decimals made(node);
    SOTERIA_ASSIGN_OR_RETURN(made.out_, NumberMaker<Unscaled>::Make(from.length()));
    made.valid_.assign(static_cast<size_t>(from.length()), 0);
    return made;
  }
  DecimalShape shape() const { return shape_; }

  void Put(int64_t row, Unscaled value) {
    out_.data()[row] = value;
    valid_[static_cast<size_t>(row)] = 1;
  }
  void PutNull(int64_t row) { out_.data()[row] = 0; }
  base::Status PutOr(int64_t row, std::optional<Unscaled> value, const std::string& plain) {
    if (value.has_value()) {
      Put(row, *value);
      return base::OkStatus();
    }
    return PutError(row, DecimalOutOfRange(plain, shape_));
  }
  base::Status PutError(int64_t row, base::Status error) {
    if (!node_.try_cast) return error;
    PutNull(row);
    return base::OkStatus();
  }
  base::StatusOr<ArrayPtr> Finish() {
    SOTERIA_ASSIGN_OR_RETURN(Validity validity, ValidityFrom(valid_));
    return out_.Finish(node_.field->type(), std::move(validity));
  }

 private:
  explicit Decimals(const Bound& node) : node_(node), shape_(table::ShapeOf(*node.field->type())) {}

  const Bound& node_;
  DecimalShape shape_;
  NumberMaker<Unscaled> out_;
  std::vector<uint8_t> valid_;
};

base::Status PutWhole(Decimals& out, int64_t row, int64_t value) {
  if (const auto made = table::Rescale(value, 0, out.shape()); made.has_value()) {
    out.Put(row, *made);
    return base::OkStatus();
  }
  return out.PutOr(row, std::nullopt, std::to_string(value));
}

/// By the double's own digits; what is no number is null, here and in Spark.
base::Status PutReal(Decimals& out, int64_t row, double value) {
  const auto digits = table::BigDecimalOf(value);
  if (!digits.has_value()) {
    out.PutNull(row);
    return base::OkStatus();
  }
  if (const auto made = table::ToDecimal(*digits, out.shape()); made.has_value()) {
    out.Put(row, *made);
    return base::OkStatus();
  }
  return out.PutOr(row, std::nullopt, table::PlainText(*digits));
}

base::Status PutText(Decimals& out, int64_t row, std::string_view text, const arrow::DataType& from,
                     const arrow::DataType& to) {
  const auto digits = table::ParseBigDecimal(table::Trim(text));
  if (!digits.has_value()) {
    return out.PutError(row, CastInvalid(base::Cat("'", text, "'"), from, to));
  }
  if (digits->whole_digits() > table::kDecimalDigitsMax) {
    return out.PutError(
        row, base::FailQuotingData(kNumericBeyondSupport,
                                   base::Cat("The value ", text,
                                             " cannot be interpreted as a numeric since it has "
                                             "more than 38 digits.")));
  }
  if (const auto made = table::ToDecimal(*digits, out.shape()); made.has_value()) {
    out.Put(row, *made);
    return base::OkStatus();
  }
  return out.PutOr(row, std::nullopt, table::PlainText(*digits));
}

base::Status PutCell(Decimals& out, const arrow::Array& array, int64_t row,
                     const arrow::DataType& to) {
  switch (array.type_id()) {
    case Type::BOOL:
      return PutWhole(out, row, static_cast<const arrow::BooleanArray&>(array).Value(row) ? 1 : 0);
    case Type::INT8:
      return PutWhole(out, row, Values<int8_t>(array)[row]);
    case Type::INT16:
      return PutWhole(out, row, Values<int16_t>(array)[row]);
    case Type::INT32:
      return PutWhole(out, row, Values<int32_t>(array)[row]);
    case Type::INT64:
      return PutWhole(out, row, Values<int64_t>(array)[row]);
    case Type::FLOAT:
      return PutReal(out, row, static_cast<double>(Values<float>(array)[row]));
    case Type::DOUBLE:
      return PutReal(out, row, Values<double>(array)[row]);
    case Type::TIMESTAMP:
      return PutReal(out, row, static_cast<double>(Values<int64_t>(array)[row]) / 1e6);
    case Type::STRING:
      return PutText(out, row, static_cast<const arrow::StringArray&>(array).GetView(row),
                     *array.type(), to);
    case Type::DECIMAL128: {
      const Unscaled value = table::DecimalAt(array, row);
      const int scale = table::ShapeOf(*array.type()).scale;
      const auto made = table::Rescale(value, scale, out.shape());
      if (made.has_value()) {
        out.Put(row, *made);
        return base::OkStatus();
      }
      return out.PutOr(row, std::nullopt, table::DecimalText(value, scale));
    }
    default:
      return base::Fail(base::kInternal, "cast to a decimal from an unexpected type");
  }
}

/// Spark's roundToByte, roundToInt, roundToLong: without what is behind the point.
template <class To>
bool ToInteger(Unscaled value, DecimalShape shape, To* out) {
  if (shape.precision > kCompactDigits && sizeof(To) < sizeof(int64_t)) {
    const double real = table::DecimalToDouble(value, shape.scale);
    if (!(std::floor(real) <= static_cast<double>(std::numeric_limits<To>::max()) &&
          std::ceil(real) >= static_cast<double>(std::numeric_limits<To>::min()))) {
      return false;
    }
    const auto wide = static_cast<int64_t>(real);
    *out = static_cast<To>(wide);
    return true;
  }
  const Unscaled whole = value / table::PowerOfTen(shape.scale);
  *out = static_cast<To>(whole);
  return whole == *out;
}

template <class To>
base::StatusOr<ArrayPtr> ToNumbers(const Bound& node, const arrow::Array& array) {
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<To>::Make(array.length()));
  const DecimalShape shape = table::ShapeOf(*array.type());
  std::vector<uint8_t> valid(static_cast<size_t>(array.length()), 0);
  for (int64_t i = 0; i < array.length(); ++i) {
    To& to = out.data()[i];
    to = 0;
    if (array.IsNull(i)) continue;
    const Unscaled value = table::DecimalAt(array, i);
    if constexpr (std::is_same_v<To, double>) {
      to = table::DecimalToDouble(value, shape.scale);
    } else if constexpr (std::is_same_v<To, float>) {
      to = table::DecimalToFloat(value, shape.scale);
    } else if (!ToInteger(value, shape, &to)) {
      if (!node.try_cast) {
        return CastOverflow(base::Cat(table::JavaDecimal(value, shape.scale), "BD"), *array.type(),
                            *node.field->type());
      }
      to = 0;
      continue;
    }
    valid[static_cast<size_t>(i)] = 1;
  }
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, ValidityFrom(valid));
  return out.Finish(node.field->type(), std::move(validity));
}

base::StatusOr<ArrayPtr> ToBooleans(const arrow::Array& array) {
  std::vector<int8_t> bools(static_cast<size_t>(array.length()), -1);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i)) bools[static_cast<size_t>(i)] = table::DecimalAt(array, i) != 0 ? 1 : 0;
  }
  return MakeBools(bools);
}

/// Seconds; of microseconds beyond the range Java keeps the low bits.
base::StatusOr<ArrayPtr> ToTimes(const Bound& node, const arrow::Array& array) {
  constexpr int kMicroDigits = 6;
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({array.Slice(0)}, array.length()));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(array.length()));
  const int scale = table::ShapeOf(*array.type()).scale;
  for (int64_t i = 0; i < array.length(); ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    const Unscaled value = table::DecimalAt(array, i);
    auto micros = static_cast<unsigned __int128>(value);
    if (scale >= kMicroDigits) {
      micros = static_cast<unsigned __int128>(value / table::PowerOfTen(scale - kMicroDigits));
    } else {
      micros *= static_cast<unsigned __int128>(table::PowerOfTen(kMicroDigits - scale));
    }
    out.data()[i] = static_cast<int64_t>(static_cast<uint64_t>(micros));
  }
  return out.Finish(node.field->type(), std::move(validity));
}

}  // namespace

bool IsLosslessDecimalCast(const arrow::DataType& from, const arrow::DataType& to) {
  const auto narrow = ShapeOfExact(from);
  const auto wide = ShapeOfExact(to);
  return narrow.has_value() && wide.has_value() && IsWider(*wide, *narrow);
}

bool IsNullableDecimalCast(const arrow::DataType& from, const arrow::DataType& to) {
  const DecimalShape shape = table::ShapeOf(to);
  if (from.id() == Type::BOOL) return !IsWider(shape, {1, 0});
  const auto exact = ShapeOfExact(from);
  if (!exact.has_value()) return true;
  if (IsWider(shape, *exact)) return false;
  return !table::IsDecimal(from) || shape.whole() <= exact->whole();
}

base::StatusOr<ArrayPtr> CastToDecimals(const Bound& node, const arrow::Array& array) {
  SOTERIA_ASSIGN_OR_RETURN(Decimals out, Decimals::Make(node, array));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      out.PutNull(i);
    } else {
      SOTERIA_RETURN_IF_ERROR(PutCell(out, array, i, *node.field->type()));
    }
  }
  return out.Finish();
}

base::StatusOr<ArrayPtr> CastDecimals(const Bound& node, const arrow::Array& array) {
  switch (node.field->type()->id()) {
    case Type::BOOL:
      return ToBooleans(array);
    case Type::TIMESTAMP:
      return ToTimes(node, array);
    default:
      return WithNumber(*node.field->type(),
                        [&](auto to) { return ToNumbers<decltype(to)>(node, array); });
  }
}

}  // namespace soteria::exec
