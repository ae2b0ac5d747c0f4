// Casts with ANSI semantics: what doesn't fit or doesn't parse is an error (or null for try_cast).
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/bound.h"
#include "src/exec/cast_errors.h"
#include "src/exec/catalogue.h"
#include "src/exec/cell_text.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/decimal_cast.h"
#include "src/exec/functions.h"
#include "src/exec/intervals.h"
#include "src/exec/map_calls.h"
#include "src/exec/special_time.h"
#include "src/table/calendar.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/java_text.h"
#include "src/table/text_value.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using arrow::Type;

constexpr int64_t kMicrosOfSecond = 1'000'000;
constexpr int64_t kMicrosOfDay = 86'400 * kMicrosOfSecond;

/// Spark's TIMESTAMP_NTZ: what a clock shows, wherever it is.
bool IsLocal(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP &&
         static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

// ---- may it be cast at all ----------------------------------------------------------------------

int Rank(const arrow::DataType& type) {
  static constexpr Type::type kOrder[] = {Type::INT8,  Type::INT16, Type::INT32,
                                          Type::INT64, Type::FLOAT, Type::DOUBLE};
  return static_cast<int>(std::find(std::begin(kOrder), std::end(kOrder), type.id()) -
                          std::begin(kOrder));
}

bool IsNullableCast(const arrow::DataType& from, const arrow::DataType& to);

bool CanCast(const arrow::DataType& from, const arrow::DataType& to, bool try_cast) {
  if (from.Equals(to) || from.id() == Type::NA) return true;
  if (table::IsInterval(to) || (table::IsInterval(from) && to.id() != Type::STRING)) {
    return CanCastInterval(from, to);
  }
  const bool number_from = IsNumeric(from);
  const bool number_to = IsNumeric(to);
  switch (to.id()) {
    case Type::STRING:
      return true;
    case Type::BINARY:
      return from.id() == Type::STRING;
    case Type::BOOL:
      return number_from || from.id() == Type::STRING;
    case Type::DATE32:
      return from.id() == Type::STRING || from.id() == Type::TIMESTAMP;
    case Type::TIMESTAMP:
      return from.id() == Type::STRING || from.id() == Type::DATE32 ||
             (number_from && !IsLocal(to)) || from.id() == Type::TIMESTAMP;
    case Type::LIST:
      return from.id() == Type::LIST &&
             CanCast(*from.field(0)->type(), *to.field(0)->type(), try_cast);
    case Type::MAP: {
      if (from.id() != Type::MAP) return false;
      const auto& one = static_cast<const arrow::MapType&>(from);
      const auto& two = static_cast<const arrow::MapType&>(to);
      // A key that can't be cast would be null.
      if (try_cast && IsNullableCast(*one.key_type(), *two.key_type())) return false;
      return CanCast(*one.key_type(), *two.key_type(), try_cast) &&
             CanCast(*one.item_type(), *two.item_type(), try_cast);
    }
    case Type::STRUCT: {
      if (from.id() != Type::STRUCT || from.num_fields() != to.num_fields()) return false;
      for (int i = 0; i < from.num_fields(); ++i) {
        if (!CanCast(*from.field(i)->type(), *to.field(i)->type(), try_cast)) return false;
      }
      return true;
    }
    default:
      return number_to && (number_from || from.id() == Type::STRING || from.id() == Type::BOOL ||
                           (from.id() == Type::TIMESTAMP && !IsLocal(from)));
  }
}

/// Spark's canUpCast: no value of `from` is lost, and none fails.
bool IsLossless(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == Type::NA || from.Equals(to)) return true;
  if (from.id() == Type::LIST && to.id() == Type::LIST) {
    return (!from.field(0)->nullable() || to.field(0)->nullable()) &&
           IsLossless(*from.field(0)->type(), *to.field(0)->type());
  }
  if (from.id() == Type::MAP && to.id() == Type::MAP) {
    const auto& one = static_cast<const arrow::MapType&>(from);
    const auto& two = static_cast<const arrow::MapType&>(to);
    return (!one.item_field()->nullable() || two.item_field()->nullable()) &&
           IsLossless(*one.key_type(), *two.key_type()) &&
           IsLossless(*one.item_type(), *two.item_type());
  }
  if (from.num_fields() > 0) return false;
  if (to.id() == Type::STRING) return true;
  if (table::IsInterval(from)) return from.id() == to.id();
  const bool time = to.id() == Type::TIMESTAMP;
  if (time)
    return from.id() == Type::DATE32 || from.id() == Type::TIMESTAMP || from.id() == Type::INT64;
  if (from.id() == Type::TIMESTAMP) return to.id() == Type::INT64 && !IsLocal(from);
  if (table::IsDecimal(from) || table::IsDecimal(to)) return IsLosslessDecimalCast(from, to);
  if (!IsNumber(from) || !IsNumber(to)) return false;
  // Spark counts a long among what a float holds.
  return !(IsFractional(from) && IsIntegral(to)) && Rank(from) <= Rank(to);
}

/// Spark's list of casts whose result it takes for nullable whatever the argument is.
bool IsNullableCast(const arrow::DataType& from, const arrow::DataType& to) {
  const bool to_time = to.id() == Type::TIMESTAMP;
  if (from.id() == Type::STRING) return to.id() != Type::BINARY;
  if (to.id() == Type::STRING) return false;
  if (table::IsDecimal(to)) return IsNullableDecimalCast(from, to);
  if (table::IsDecimal(from)) return IsIntegral(to);
  if (from.id() == Type::TIMESTAMP) return IsIntegral(to) && to.id() != Type::INT64;
  if (from.id() == Type::DATE32) return to_time && IsLocal(to);
  return IsFractional(from) && (to_time || IsIntegral(to));
}

/// Spark's error for a cast that isn't allowed tells of a function that is, or of legacy casts.
const base::Condition& RefusedCast(const arrow::DataType& from, const arrow::DataType& to,
                                   bool try_cast) {
  const bool from_date = from.id() == Type::DATE32;
  if ((from_date && IsNumeric(to)) || (IsNumeric(from) && to.id() == Type::DATE32)) {
    return kCastWithFunction;
  }
  const bool legacy = (to.id() == Type::BINARY && IsIntegral(from)) ||
                      (to.id() == Type::TIMESTAMP && !IsLocal(to) && from.id() == Type::BOOL) ||
                      (to.id() == Type::BOOL && (from_date || from.id() == Type::TIMESTAMP));
  return legacy && !try_cast ? kCastWithConf : kCastWithoutSuggestion;
}

// ---- errors -------------------------------------------------------------------------------------

/// A number as Spark writes it as a literal: 5L, 1.0E20D.
template <class T>
std::string SqlNumber(T value) {
  if constexpr (std::is_same_v<T, double>) {
    return std::isfinite(value) ? table::JavaDouble(value) + "D" : table::JavaDouble(value);
  } else if constexpr (std::is_same_v<T, float>) {
    return table::JavaFloat(value);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return std::to_string(value) + "L";
  } else if constexpr (std::is_same_v<T, int16_t>) {
    return std::to_string(value) + "S";
  } else {
    return std::to_string(value);
  }
}

// ---- numbers ------------------------------------------------------------------------------------

/// Spark's rule for fractions to integers: floor and ceiling must lie within the target's range,
/// compared as doubles; then truncated.
template <class To, class From>
bool FitsInteger(From value, To* out) {
  if constexpr (std::is_floating_point_v<From>) {
    constexpr auto kMax = static_cast<double>(std::numeric_limits<To>::max());
    constexpr auto kMin = static_cast<double>(std::numeric_limits<To>::min());
    const auto wide = static_cast<double>(value);
    if (!(std::floor(wide) <= kMax && std::ceil(wide) >= kMin)) return false;
    *out = wide >= kMax ? std::numeric_limits<To>::max() : static_cast<To>(wide);
    return true;
  } else {
    *out = static_cast<To>(value);
    return static_cast<int64_t>(*out) == static_cast<int64_t>(value);
  }
}

/// `valid` is empty where trying failed nowhere.
template <class Maker>
base::StatusOr<ArrayPtr> FinishTried(Maker& out, const Bound& node, Validity validity,
                                     std::vector<uint8_t> valid) {
  if (!valid.empty()) {
    for (size_t i = 0; i < valid.size(); ++i) {
      if (validity.IsNull(static_cast<int64_t>(i))) valid[i] = 0;
    }
    SOTERIA_ASSIGN_OR_RETURN(validity, ValidityFrom(valid));
  }
  return out.Finish(node.field->type(), std::move(validity));
}

template <class To, class From>
base::StatusOr<ArrayPtr> NumberToNumber(const Bound& node, const arrow::Array& array) {
  const int64_t rows = array.length();
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<To>::Make(rows));
  const From* from = Values<From>(array);
  To* to = out.data();
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({array.Slice(0)}, rows));
  if constexpr (std::is_floating_point_v<To>) {
    for (int64_t i = 0; i < rows; ++i) to[i] = static_cast<To>(from[i]);
    return out.Finish(node.field->type(), std::move(validity));
  } else {
    std::vector<uint8_t> valid;
    for (int64_t i = 0; i < rows; ++i) {
      to[i] = 0;
      if (validity.IsNull(i) || FitsInteger(from[i], &to[i])) continue;
      if (!node.try_cast) {
        return CastOverflow(SqlNumber(from[i]), *array.type(), *node.field->type());
      }
      if (valid.empty()) valid.assign(static_cast<size_t>(rows), 1);
      valid[static_cast<size_t>(i)] = 0;
    }
    return FinishTried(out, node, std::move(validity), std::move(valid));
  }
}

base::StatusOr<ArrayPtr> Numbers(const Bound& node, const arrow::Array& array) {
  return WithNumber(*array.type(), [&](auto from) {
    return WithNumber(*node.field->type(), [&](auto to) {
      return NumberToNumber<decltype(to), decltype(from)>(node, array);
    });
  });
}

base::StatusOr<ArrayPtr> BoolToNumber(const Bound& node, const arrow::Array& array) {
  const std::vector<int8_t> bools = ReadBools(array);
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({array.Slice(0)}, array.length()));
  return WithNumber(*node.field->type(), [&](auto to) -> base::StatusOr<ArrayPtr> {
    using To = decltype(to);
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<To>::Make(array.length()));
    for (size_t i = 0; i < bools.size(); ++i) out.data()[i] = static_cast<To>(bools[i] == 1);
    return out.Finish(node.field->type(), std::move(validity));
  });
}

base::StatusOr<ArrayPtr> NumberToBool(const arrow::Array& array) {
  std::vector<int8_t> bools(static_cast<size_t>(array.length()), -1);
  WithNumber(*array.type(), [&](auto from) {
    const auto* values = Values<decltype(from)>(array);
    for (int64_t i = 0; i < array.length(); ++i) {
      if (array.IsValid(i)) bools[static_cast<size_t>(i)] = values[i] != 0 ? 1 : 0;
    }
    return 0;
  });
  return MakeBools(bools);
}

// ---- strings ------------------------------------------------------------------------------------

bool ParseBool(std::string_view text, bool* value) {
  const std::string lower = base::Lower(table::Trim(text));
  for (const char* yes : {"t", "true", "y", "yes", "1"}) {
    if (lower == yes) return *value = true;
  }
  for (const char* no : {"f", "false", "n", "no", "0"}) {
    if (lower == no) {
      *value = false;
      return true;
    }
  }
  return false;
}

template <class Builder, class F>
base::StatusOr<ArrayPtr> ParseEach(const Bound& node, const arrow::Array& array, F parse) {
  const auto& texts = static_cast<const arrow::StringArray&>(array);
  Builder builder(node.field->type(), arrow::default_memory_pool());
  SOTERIA_ARROW_RETURN(builder.Reserve(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    typename Builder::value_type value{};
    if (texts.IsNull(i)) {
      builder.UnsafeAppendNull();
    } else if (parse(texts.GetView(i), &value)) {
      builder.UnsafeAppend(value);
    } else if (node.try_cast) {
      builder.UnsafeAppendNull();
    } else {
      return CastInvalid(base::Cat("'", texts.GetView(i), "'"), *array.type(), *node.field->type());
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

template <class T>
bool ParseNarrow(std::string_view text, T* value) {
  int64_t wide = 0;
  if (!table::ParseInteger(text, &wide)) return false;
  *value = static_cast<T>(wide);
  return wide == *value;
}

base::StatusOr<ArrayPtr> ToTimestamps(const Bound& node, const arrow::Array& array) {
  if (IsLocal(*node.field->type())) {
    return ParseEach<arrow::TimestampBuilder>(node, array, table::ParseLocalTimestamp);
  }
  bool today = false;
  auto parsed =
      ParseEach<arrow::TimestampBuilder>(node, array, [&](std::string_view text, int64_t* micros) {
        const table::TimeText outcome = table::ParseTimestampIn(text, node.zone, micros);
        today = today || outcome == table::TimeText::kNeedsToday;
        return outcome == table::TimeText::kValue;
      });
  if (today) {
    return base::Fail(base::kUnsupported,
                      "A time of day without a date is a time stamp of today in Spark. There is no "
                      "trusted clock in an enclave: write the date");
  }
  return parsed;
}

base::StatusOr<ArrayPtr> FromString(const Bound& node, const arrow::Array& array) {
  switch (node.field->type()->id()) {
    case Type::INT8:
      return ParseEach<arrow::Int8Builder>(node, array, ParseNarrow<int8_t>);
    case Type::INT16:
      return ParseEach<arrow::Int16Builder>(node, array, ParseNarrow<int16_t>);
    case Type::INT32:
      return ParseEach<arrow::Int32Builder>(node, array, ParseNarrow<int32_t>);
    case Type::INT64:
      return ParseEach<arrow::Int64Builder>(node, array, table::ParseInteger);
    case Type::DOUBLE:
      return ParseEach<arrow::DoubleBuilder>(node, array, table::ParseDouble);
    case Type::FLOAT:
      return ParseEach<arrow::FloatBuilder>(node, array, table::ParseFloat);
    case Type::BOOL:
      return ParseEach<arrow::BooleanBuilder>(node, array, ParseBool);
    case Type::DATE32:
      return ParseEach<arrow::Date32Builder>(node, array, table::ParseDate);
    case Type::TIMESTAMP:
      return ToTimestamps(node, array);
    default:
      return base::Fail(base::kInternal, "cast from string to an unexpected type");
  }
}

base::StatusOr<ArrayPtr> ToStrings(const Bound& node, const arrow::Array& array) {
  const arrow::Field& field = *node.args[0]->field;
  if (array.type_id() == Type::BINARY) {
    auto data = array.data()->Copy();
    data->type = arrow::utf8();
    return arrow::MakeArray(std::move(data));
  }
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder.AppendNull());
    } else {
      SOTERIA_ARROW_RETURN(builder.Append(CastText(field, array, i, node.zone)));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

ArrayPtr ToBinary(const arrow::Array& array) {
  auto data = array.data()->Copy();
  data->type = arrow::binary();
  return arrow::MakeArray(std::move(data));
}

// ---- dates and times ----------------------------------------------------------------------------

base::StatusOr<ArrayPtr> DatesToTimes(const Bound& node, const arrow::Array& array,
                                      Validity validity) {
  const table::TimeZone zone = IsLocal(*node.field->type()) ? table::TimeZone() : node.zone;
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(array.length()));
  std::vector<uint8_t> valid;
  for (int64_t i = 0; i < array.length(); ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    int64_t local = 0;
    const bool fits =
        !__builtin_mul_overflow(int64_t{Values<int32_t>(array)[i]}, kMicrosOfDay, &local);
    const auto instant = fits ? zone.ToInstant(local) : std::nullopt;
    if (instant.has_value()) {
      out.data()[i] = *instant;
      continue;
    }
    // Spark says that trying this gives no nulls, and gives them.
    if (!node.try_cast || !node.field->nullable()) return LongOverflow();
    if (valid.empty()) valid.assign(static_cast<size_t>(array.length()), 1);
    valid[static_cast<size_t>(i)] = 0;
  }
  return FinishTried(out, node, std::move(validity), std::move(valid));
}

base::StatusOr<ArrayPtr> TimesToTimes(const Bound& node, const arrow::Array& array,
                                      Validity validity) {
  const bool to_local = IsLocal(*node.field->type());
  const bool same = to_local == IsLocal(*array.type());
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    const int64_t from = Values<int64_t>(array)[i];
    const auto to = same       ? std::optional(from)
                    : to_local ? node.zone.ToLocal(from)
                               : node.zone.ToInstant(from);
    if (!to.has_value()) return LongOverflow();
    out.data()[i] = *to;
  }
  return out.Finish(node.field->type(), std::move(validity));
}

base::StatusOr<ArrayPtr> DateTimes(const Bound& node, const arrow::Array& array) {
  const TypePtr& to = node.field->type();
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({array.Slice(0)}, array.length()));
  if (array.type_id() == Type::TIMESTAMP && to->id() == Type::TIMESTAMP) {
    return TimesToTimes(node, array, std::move(validity));
  }
  if (array.type_id() == Type::DATE32) return DatesToTimes(node, array, std::move(validity));
  if (to->id() == Type::DATE32) {
    const table::TimeZone zone = IsLocal(*array.type()) ? table::TimeZone() : node.zone;
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int32_t>::Make(array.length()));
    for (int64_t i = 0; i < array.length(); ++i) {
      // In seconds the clock's reading fits at both ends of the range too.
      const int64_t second = table::FloorDivide(Values<int64_t>(array)[i], kMicrosOfSecond);
      const int64_t local = second + zone.OffsetAt(second);
      out.data()[i] =
          static_cast<int32_t>(table::FloorDivide(local, kMicrosOfDay / kMicrosOfSecond));
    }
    return out.Finish(to, std::move(validity));
  }
  if (IsFractional(*to)) {
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<double>::Make(array.length()));
    for (int64_t i = 0; i < array.length(); ++i) {
      out.data()[i] = static_cast<double>(Values<int64_t>(array)[i]) / 1e6;
    }
    return out.Finish(arrow::float64(), std::move(validity));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    out.data()[i] = table::FloorDivide(Values<int64_t>(array)[i], kMicrosOfSecond);
  }
  return out.Finish(arrow::int64(), std::move(validity));
}

base::StatusOr<ArrayPtr> NumberToTime(const Bound& node, const arrow::Array& array) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({array.Slice(0)}, array.length()));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(array.length()));
  std::vector<uint8_t> valid(static_cast<size_t>(array.length()), 1);
  base::Status status = WithNumber(*array.type(), [&](auto from) -> base::Status {
    using From = decltype(from);
    for (int64_t i = 0; i < array.length(); ++i) {
      int64_t* to = out.data() + i;
      *to = 0;
      if (validity.IsNull(i)) {
        valid[static_cast<size_t>(i)] = 0;
        continue;
      }
      const From value = Values<From>(array)[i];
      // Java's TimeUnit stops at the ends of the range; a double beyond them overflows.
      if constexpr (std::is_floating_point_v<From>) {
        const double second = static_cast<double>(value);
        const double micros = second * 1e6;
        if (!(std::abs(micros) <= 0x1p63)) {
          if (!node.try_cast) {
            return std::isfinite(second)
                       ? CastOverflow(SqlNumber(micros), *arrow::float64(), *arrow::int64())
                       : CastInvalid(SqlNumber(second), *arrow::float64(), *node.field->type());
          }
          valid[static_cast<size_t>(i)] = 0;
          continue;
        }
        *to = micros == 0x1p63 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(micros);
      } else if (__builtin_mul_overflow(static_cast<int64_t>(value), kMicrosOfSecond, to)) {
        *to = value < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
      }
    }
    return base::OkStatus();
  });
  SOTERIA_RETURN_IF_ERROR(status);
  SOTERIA_ASSIGN_OR_RETURN(validity, ValidityFrom(valid));
  return out.Finish(node.field->type(), std::move(validity));
}

// ---- nested -------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> CastArray(const Bound& node, const ArrayPtr& array);

/// The cast of a child, under the same rules as its parent's.
base::StatusOr<ArrayPtr> CastChild(const Bound& node, const ArrayPtr& child, const FieldPtr& from,
                                   const FieldPtr& to) {
  if (from->type()->Equals(to->type())) return child;
  auto arg = std::make_shared<Bound>();
  arg->field = from;
  Bound cast;
  cast.field = to;
  cast.try_cast = node.try_cast;
  cast.zone = node.zone;
  cast.args.push_back(std::move(arg));
  return CastArray(cast, child);
}

base::StatusOr<ArrayPtr> CastList(const Bound& node, const arrow::Array& array) {
  const auto& list = static_cast<const arrow::ListArray&>(array);
  const TypePtr& type = node.field->type();
  SOTERIA_ASSIGN_OR_RETURN(ArrayPtr values,
                           CastChild(node, list.values(), array.type()->field(0), type->field(0)));
  auto data = array.data()->Copy();
  data->type = type;
  data->child_data = {values->data()};
  return arrow::MakeArray(std::move(data));
}

base::StatusOr<ArrayPtr> CastStruct(const Bound& node, const arrow::Array& array) {
  const auto& column = static_cast<const arrow::StructArray&>(array);
  const TypePtr& type = node.field->type();
  arrow::ArrayVector children;
  for (int i = 0; i < column.num_fields(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(
        ArrayPtr child, CastChild(node, column.field(i), array.type()->field(i), type->field(i)));
    children.push_back(std::move(child));
  }
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({array.Slice(0)}, array.length()));
  return std::make_shared<arrow::StructArray>(type, array.length(), std::move(children),
                                              std::move(validity.bits), validity.nulls);
}

base::StatusOr<ArrayPtr> CastMap(const Bound& node, const arrow::Array& array) {
  const auto& entries =
      static_cast<const arrow::StructArray&>(*static_cast<const arrow::MapArray&>(array).values());
  const TypePtr& from = array.type()->field(0)->type();
  const TypePtr& pair = node.field->type()->field(0)->type();
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (int i = 0; i < 2; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr child,
                             CastChild(node, entries.field(i), from->field(i), pair->field(i)));
    children.push_back(child->data());
  }
  // Arrow's maps have no null keys.
  if (entries.length() > 0 && children[0]->GetNullCount() > 0) return NullMapKey();
  auto data = array.data()->Copy();
  data->type = node.field->type();
  data->child_data = {
      arrow::ArrayData::Make(pair, entries.length(), {nullptr}, std::move(children), 0)};
  return arrow::MakeArray(std::move(data));
}

base::StatusOr<ArrayPtr> CastArray(const Bound& node, const ArrayPtr& array) {
  const arrow::DataType& to = *node.field->type();
  const arrow::DataType& from = *array->type();
  if (from.Equals(to)) return array;
  if (from.id() == Type::NA) return MakeNulls(node.field->type(), array->length());
  if (to.id() == Type::STRING) return ToStrings(node, *array);
  if (table::IsInterval(from) || table::IsInterval(to)) return CastInterval(node, *array);
  if (to.id() == Type::BINARY) return ToBinary(*array);
  if (from.id() == Type::FIXED_SIZE_LIST) {
    // The dense form of a vector to the struct form.
    SOTERIA_ASSIGN_OR_RETURN(const auto reader, table::VectorReader::Make(array));
    table::VectorBuilder builder;
    for (int64_t i = 0; i < reader.rows(); ++i) {
      SOTERIA_RETURN_IF_ERROR(reader.IsNull(i) ? builder.AppendNull()
                                               : builder.Append(reader.Get(i)));
    }
    return builder.Finish();
  }
  if (from.id() == Type::LIST) return CastList(node, *array);
  if (from.id() == Type::STRUCT) return CastStruct(node, *array);
  if (from.id() == Type::MAP) return CastMap(node, *array);
  if (table::IsDecimal(to)) return CastToDecimals(node, *array);
  if (table::IsDecimal(from)) return CastDecimals(node, *array);
  if (from.id() == Type::STRING) return FromString(node, *array);
  const bool number_from = IsNumber(from);
  if (to.id() == Type::BOOL) return NumberToBool(*array);
  if (from.id() == Type::BOOL) return BoolToNumber(node, *array);
  if (number_from && IsNumber(to)) return Numbers(node, *array);
  if (number_from && to.id() == Type::TIMESTAMP) return NumberToTime(node, *array);
  SOTERIA_ASSIGN_OR_RETURN(ArrayPtr wide, DateTimes(node, *array));
  if (wide->type()->Equals(to)) return wide;
  return Numbers(node, *wide);
}

base::StatusOr<ArrayPtr> CastKernel(const Bound& node, const ArrayList& args, int64_t /*rows*/,
                                    EvalState& /*state*/) {
  return CastArray(node, args[0]);
}

/// A literal's cast is done once; one that fails stays, to fail where it is evaluated.
BoundPtr Fold(std::shared_ptr<Bound> node) {
  if (node->args[0]->literal == nullptr) return node;
  EvalState state;
  const auto array = Run(*node, Batch{{}, 1}, state);
  if (!array.ok()) return node;
  auto scalar = (*array)->GetScalar(0);
  if (!scalar.ok()) return node;
  node->literal = *scalar;
  node->args.clear();
  node->careful = false;
  return node;
}

/// 'epoch' and its like where they are constant; null for everything else.
base::StatusOr<BoundPtr> BindSpecialTime(const Bound& arg, const TypePtr& type) {
  const bool time = type->id() == Type::DATE32 || type->id() == Type::TIMESTAMP;
  const bool text =
      arg.literal != nullptr && arg.literal->is_valid && arg.literal->type->id() == Type::STRING;
  if (!time || !text) return nullptr;
  SOTERIA_ASSIGN_OR_RETURN(const bool epoch,
                           IsEpoch(static_cast<const arrow::StringScalar&>(*arg.literal).view()));
  if (!epoch) return nullptr;
  auto node = std::make_shared<Bound>();
  if (type->id() == Type::DATE32) {
    node->literal = std::make_shared<arrow::Date32Scalar>(0);
  } else {
    node->literal = std::make_shared<arrow::TimestampScalar>(0, type);
  }
  node->field = arrow::field("epoch", type, true);  // as of any other text
  return node;
}

}  // namespace

base::StatusOr<BoundPtr> BindCast(BoundPtr arg, const TypePtr& type, bool try_cast,
                                  const std::string& text, const std::string& zone) {
  const arrow::DataType& from = *arg->field->type();
  const std::string udt = table::UdtOf(*arg->field);
  const bool allowed = udt.empty() ? CanCast(from, *type, try_cast)
                                   : from.Equals(*type) || type->id() == Type::STRING;
  if (!allowed) {
    // As PrettyName has it: a cast to a nested type is forgotten.
    const std::string written = type->num_fields() > 0
                                    ? text
                                    : base::Cat(try_cast ? "TRY_CAST(" : "CAST(", text, " AS ",
                                                table::SqlTypeName(*type), ")");
    return base::Fail(
        RefusedCast(from, *type, try_cast),
        base::Cat("Cannot resolve \"", written, "\" due to data type mismatch: cannot cast ",
                  table::QuotedTypeName(*arg->field), " to ", QuotedType(*type), "."));
  }
  if (from.Equals(*type)) return arg;
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr special, BindSpecialTime(*arg, type));
  if (special != nullptr) return special;
  const bool lossless = IsLossless(from, *type);
  const bool nullable =
      arg->field->nullable() || (try_cast && !lossless) || IsNullableCast(from, *type);
  const std::string name = base::Cat("CAST(", text, " AS ", table::SqlTypeName(*type), ")");
  const std::string kept = type->id() == Type::STRING ? "" : udt;
  std::shared_ptr<Bound> node = MakeCall(name, type, nullable, {std::move(arg)});
  node->field = table::WithUdt(node->field, kept);
  node->kernel = CastKernel;
  node->try_cast = try_cast;
  node->zone = table::TimeZone::Find(zone).value_or(table::TimeZone());
  node->careful = node->careful || (!lossless && !try_cast) || type->id() == Type::TIMESTAMP ||
                  from.num_fields() > 0;
  return Fold(std::move(node));
}

base::StatusOr<BoundPtr> CastTo(BoundPtr arg, const TypePtr& type, const std::string& zone) {
  if (arg->field->type()->Equals(type)) return arg;
  const std::string name = arg->field->name();
  // Vectors change only their physical form.
  if (arg->field->type()->id() == Type::FIXED_SIZE_LIST) {
    std::shared_ptr<Bound> node = MakeCall(name, type, arg->field->nullable(), {arg});
    node->field = arg->field->WithType(type);  // and its metadata
    node->kernel = CastKernel;
    return node;
  }
  return BindCast(std::move(arg), type, false, name, zone);
}

namespace {

/// int(x), string(x) ...: a cast that is written like a function.
base::StatusOr<BoundPtr> BindCastCall(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const TypePtr type, table::TypeFromDdl(base::Lower(e.name)));
  return BindCast(std::move(args[0]), type, false, PrettyName(*e.args[0]), e.zone);
}

/// A value on its way into a table's column, whose own words say that it doesn't fit.
base::StatusOr<ArrayPtr> RunStored(const Bound& node, const Batch& batch, EvalState& state) {
  base::StatusOr<ArrayPtr> values = Run(*node.args[0], batch, state);
  if (values.ok() || !base::Is(values.status(), base::kCastOverflow)) return values;
  const auto& says = static_cast<const arrow::StringScalar&>(*node.args[1]->literal);
  return base::Fail(kStoredOverflow, std::string(says.view()));
}

base::StatusOr<BoundPtr> BindStored(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  if (args[1]->literal == nullptr || args[1]->literal->type->id() != arrow::Type::STRING) {
    return base::Fail(base::kAnalysis, "What is said of a value that doesn't fit is no text");
  }
  const FieldPtr field = args[0]->field;
  auto node = MakeCall(PrettyName(e), field->type(), field->nullable(), std::move(args));
  node->lazy = RunStored;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {kStored.data(), 2, 2, "stored as", Print::kCall, BindStored},
    {"boolean", 1, 1, "boolean", Print::kSpecial, BindCastCall},
    {"tinyint", 1, 1, "tinyint", Print::kSpecial, BindCastCall},
    {"smallint", 1, 1, "smallint", Print::kSpecial, BindCastCall},
    {"int", 1, 1, "int", Print::kSpecial, BindCastCall},
    {"bigint", 1, 1, "bigint", Print::kSpecial, BindCastCall},
    {"float", 1, 1, "float", Print::kSpecial, BindCastCall},
    {"double", 1, 1, "double", Print::kSpecial, BindCastCall},
    {"decimal", 1, 1, "decimal", Print::kSpecial, BindCastCall},
    {"string", 1, 1, "string", Print::kSpecial, BindCastCall},
    {"binary", 1, 1, "binary", Print::kSpecial, BindCastCall},
    {"date", 1, 1, "date", Print::kSpecial, BindCastCall},
    {"timestamp", 1, 1, "timestamp", Print::kSpecial, BindCastCall},
};

}  // namespace

std::span<const Function> CastFunctions() { return kFunctions; }

bool IsCastFunction(const Function& function) { return function.bind == BindCastCall; }

}  // namespace soteria::exec
