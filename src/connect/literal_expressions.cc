#include <arrow/array.h>
#include <arrow/array/builder_base.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/literals.h"
#include "src/connect/types.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/map_type.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::connect {
namespace {

using Literal = spark::connect::Expression_Literal;

struct Typed {
  std::shared_ptr<arrow::Scalar> scalar;
  std::string udt;
};

base::StatusOr<Typed> Scalar(const Literal& literal, int depth);

Typed Plain(std::shared_ptr<arrow::Scalar> scalar) { return {std::move(scalar), ""}; }

base::StatusOr<std::shared_ptr<arrow::Scalar>> CastScalar(
    const std::shared_ptr<arrow::Scalar>& scalar, const std::shared_ptr<arrow::DataType>& type) {
  if (scalar->type->Equals(*type)) return scalar;
  if (!scalar->is_valid) return arrow::MakeNullScalar(type);
  auto cast = scalar->CastTo(type);
  if (!cast.ok()) {
    return base::Fail(base::kDatatypeMismatch, "An array literal with elements of several types");
  }
  return *std::move(cast);
}

base::StatusOr<Typed> List(const std::shared_ptr<arrow::DataType>& element,
                           const std::vector<std::shared_ptr<arrow::Scalar>>& values) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(element));
  for (const auto& value : values) {
    SOTERIA_ASSIGN_OR_RETURN(auto same, CastScalar(value, element));
    // A builder of untyped nulls takes no scalar.
    SOTERIA_ARROW_RETURN(same->is_valid ? builder->AppendScalar(*same) : builder->AppendNull());
  }
  SOTERIA_ARROW_ASSIGN(auto array, builder->Finish());
  return Plain(std::make_shared<arrow::ListScalar>(std::move(array), table::ListOf(element)));
}

base::StatusOr<Typed> Array(const Literal::Array& literal, int depth) {
  if (literal.elements_size() > kLiteralElementsMax) {
    return base::Fail(base::kIllegalArgument, "An array literal with too many elements");
  }
  std::vector<std::shared_ptr<arrow::Scalar>> values;
  for (const auto& element : literal.elements()) {
    SOTERIA_ASSIGN_OR_RETURN(Typed value, Scalar(element, depth + 1));
    if (!value.udt.empty()) {
      return base::Fail(base::kUnsupported, "Array literals of ML vectors");
    }
    values.push_back(std::move(value.scalar));
  }
  std::shared_ptr<arrow::DataType> element = arrow::null();
  if (literal.has_element_type()) {
    SOTERIA_ASSIGN_OR_RETURN(auto field, FieldOf("element", true, literal.element_type()));
    element = field->type();
  } else if (!values.empty()) {
    element = values.front()->type;
  }
  return List(element, values);
}

template <class Values, class ScalarType>
base::StatusOr<Typed> Specialized(const Values& values,
                                  const std::shared_ptr<arrow::DataType>& type) {
  std::vector<std::shared_ptr<arrow::Scalar>> scalars;
  for (const auto& value : values) scalars.push_back(std::make_shared<ScalarType>(value));
  return List(type, scalars);
}

base::StatusOr<Typed> SpecializedArray(const Literal::SpecializedArray& literal) {
  switch (literal.value_type_case()) {
    case Literal::SpecializedArray::kBools:
      return Specialized<decltype(literal.bools().values()), arrow::BooleanScalar>(
          literal.bools().values(), arrow::boolean());
    case Literal::SpecializedArray::kInts:
      return Specialized<decltype(literal.ints().values()), arrow::Int32Scalar>(
          literal.ints().values(), arrow::int32());
    case Literal::SpecializedArray::kLongs:
      return Specialized<decltype(literal.longs().values()), arrow::Int64Scalar>(
          literal.longs().values(), arrow::int64());
    case Literal::SpecializedArray::kFloats:
      return Specialized<decltype(literal.floats().values()), arrow::FloatScalar>(
          literal.floats().values(), arrow::float32());
    case Literal::SpecializedArray::kDoubles:
      return Specialized<decltype(literal.doubles().values()), arrow::DoubleScalar>(
          literal.doubles().values(), arrow::float64());
    case Literal::SpecializedArray::kStrings:
      return Specialized<decltype(literal.strings().values()), arrow::StringScalar>(
          literal.strings().values(), arrow::utf8());
    default:
      return base::Fail(base::kIllegalArgument, "An array literal without a type");
  }
}

/// The literals as one array of their common type.
base::StatusOr<std::shared_ptr<arrow::Array>> Elements(
    const google::protobuf::RepeatedPtrField<Literal>& literals,
    std::shared_ptr<arrow::DataType> type, int depth) {
  std::vector<std::shared_ptr<arrow::Scalar>> values;
  for (const Literal& literal : literals) {
    SOTERIA_ASSIGN_OR_RETURN(Typed value, Scalar(literal, depth + 1));
    if (!value.udt.empty()) return base::Fail(base::kUnsupported, "Map literals of ML vectors");
    if (type == nullptr) type = value.scalar->type;
    values.push_back(std::move(value.scalar));
  }
  SOTERIA_ASSIGN_OR_RETURN(const Typed list, List(type == nullptr ? arrow::null() : type, values));
  return static_cast<const arrow::ListScalar&>(*list.scalar).value;
}

base::StatusOr<Typed> Map(const Literal& whole, int depth) {
  const Literal::Map& literal = whole.map();
  if (literal.keys_size() > kLiteralElementsMax || literal.keys_size() != literal.values_size()) {
    return base::Fail(base::kIllegalArgument,
                      "A map literal with too many keys, or without a value for each");
  }
  std::shared_ptr<arrow::DataType> types[2];
  bool nulls = true;
  if (literal.has_key_type()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto key, FieldOf("key", false, literal.key_type()));
    types[0] = key->type();
  }
  if (literal.has_value_type()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto value, FieldOf("value", true, literal.value_type()));
    types[1] = value->type();
  }
  if (whole.has_data_type() && whole.data_type().has_map()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto map, FieldOf("", true, whole.data_type()));
    const auto& its = static_cast<const arrow::MapType&>(*map->type());
    types[0] = its.key_type();
    types[1] = its.item_type();
    nulls = its.item_field()->nullable();
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto keys, Elements(literal.keys(), types[0], depth));
  SOTERIA_ASSIGN_OR_RETURN(const auto values, Elements(literal.values(), types[1], depth));
  const auto type = table::MapOf(keys->type(), values->type(), nulls || values->null_count() > 0);
  if (keys->length() > 0 && keys->null_count() > 0) {
    return base::Fail(base::kIllegalArgument, "A map literal with a null key");
  }
  auto entries = std::make_shared<arrow::StructArray>(type->field(0)->type(), keys->length(),
                                                      arrow::ArrayVector{keys, values});
  return Plain(std::make_shared<arrow::MapScalar>(std::move(entries), type));
}

base::StatusOr<Typed> Vector(const Literal& literal) {
  SOTERIA_ASSIGN_OR_RETURN(const ml::ParamValue value, ToParamValue(literal));
  const auto* vector = std::get_if<table::VectorValue>(&value);
  if (vector == nullptr) return base::Fail(base::kUnsupported, "Matrix literals in expressions");
  SOTERIA_ASSIGN_OR_RETURN(auto scalar, table::VectorScalar(table::View(*vector)));
  return Typed{std::move(scalar), table::kVectorUdt};
}

base::StatusOr<Typed> Null(const spark::connect::DataType& type) {
  SOTERIA_ASSIGN_OR_RETURN(auto field, FieldOf("", true, type));
  return Typed{arrow::MakeNullScalar(field->type()), table::UdtOf(*field)};
}

/// With the digits that the value has, and no fewer than the literal says.
base::StatusOr<Typed> Decimal(const Literal::Decimal& literal) {
  const auto value = table::ParseBigDecimal(literal.value());
  if (!value.has_value()) {
    return base::Fail(base::kIllegalArgument, "A decimal literal that is no number");
  }
  int64_t scale = std::max<int64_t>(0, value->scale);
  int64_t precision = std::max(scale, value->whole_digits() + scale);
  if (literal.has_precision()) precision = std::max<int64_t>(precision, literal.precision());
  if (literal.has_scale()) scale = std::max<int64_t>(scale, literal.scale());
  SOTERIA_ASSIGN_OR_RETURN(auto type, table::CheckedDecimalType(std::max(precision, scale), scale));
  const auto unscaled = table::ToDecimal(*value, table::ShapeOf(*type));
  if (!unscaled.has_value()) {
    return base::Fail(base::kIllegalArgument, "A decimal literal with too many digits");
  }
  return Plain(
      std::make_shared<arrow::Decimal128Scalar>(table::ToArrow(*unscaled), std::move(type)));
}

base::StatusOr<Typed> Interval(const Literal& literal) {
  const bool day_time = literal.has_day_time_interval();
  std::shared_ptr<arrow::DataType> type = day_time ? table::DayTimeType() : table::YearMonthType();
  if (literal.has_data_type()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto field, FieldOf("", true, literal.data_type()));
    if (field->type()->id() != type->id()) {
      return base::Fail(base::kIllegalArgument, "An interval literal of another type");
    }
    type = field->type();
  }
  if (day_time) {
    return Plain(std::make_shared<arrow::DurationScalar>(literal.day_time_interval(), type));
  }
  return Plain(std::make_shared<arrow::MonthIntervalScalar>(literal.year_month_interval(), type));
}

base::StatusOr<Typed> Scalar(const Literal& literal, int depth) {
  if (depth > kLiteralDepthMax) {
    return base::Fail(base::kIllegalArgument, "A literal that is nested too deeply");
  }
  using std::make_shared;
  switch (literal.literal_type_case()) {
    case Literal::kNull:
      return Null(literal.null());
    case Literal::kBoolean:
      return Plain(make_shared<arrow::BooleanScalar>(literal.boolean()));
    case Literal::kByte:
      return Plain(make_shared<arrow::Int8Scalar>(static_cast<int8_t>(literal.byte())));
    case Literal::kShort:
      return Plain(make_shared<arrow::Int16Scalar>(static_cast<int16_t>(literal.short_())));
    case Literal::kInteger:
      return Plain(make_shared<arrow::Int32Scalar>(literal.integer()));
    case Literal::kLong:
      return Plain(make_shared<arrow::Int64Scalar>(literal.long_()));
    case Literal::kFloat:
      return Plain(make_shared<arrow::FloatScalar>(literal.float_()));
    case Literal::kDouble:
      return Plain(make_shared<arrow::DoubleScalar>(literal.double_()));
    case Literal::kDecimal:
      return Decimal(literal.decimal());
    case Literal::kString:
      return Plain(make_shared<arrow::StringScalar>(literal.string()));
    case Literal::kBinary:
      return Plain(make_shared<arrow::BinaryScalar>(literal.binary()));
    case Literal::kDate:
      return Plain(make_shared<arrow::Date32Scalar>(literal.date()));
    case Literal::kTimestamp:
      return Plain(make_shared<arrow::TimestampScalar>(
          literal.timestamp(), arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")));
    case Literal::kTimestampNtz:
      return Plain(make_shared<arrow::TimestampScalar>(literal.timestamp_ntz(),
                                                       arrow::timestamp(arrow::TimeUnit::MICRO)));
    case Literal::kDayTimeInterval:
    case Literal::kYearMonthInterval:
      return Interval(literal);
    case Literal::kArray:
      return Array(literal.array(), depth);
    case Literal::kSpecializedArray:
      return SpecializedArray(literal.specialized_array());
    case Literal::kMap:
      return Map(literal, depth);
    case Literal::kStruct:
      return Vector(literal);
    default: {
      const auto* field = Literal::descriptor()->FindFieldByNumber(literal.literal_type_case());
      return base::NotSupported(base::Cat("A literal of type ", field ? field->name() : "(none)"));
    }
  }
}

}  // namespace

base::StatusOr<exec::ExprPtr> ToLiteralExpr(const Literal& literal) {
  SOTERIA_ASSIGN_OR_RETURN(Typed typed, Scalar(literal, 0));
  return exec::Literal(std::move(typed.scalar), std::move(typed.udt));
}

}  // namespace soteria::connect
