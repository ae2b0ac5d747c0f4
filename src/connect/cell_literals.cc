// Cells as literals.
#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/types.pb.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/literals.h"
#include "src/connect/types.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using Literal = spark::connect::Expression_Literal;

template <class Scalar>
auto ValueOf(const arrow::Scalar& cell) {
  return static_cast<const Scalar&>(cell).value;
}

/// Each of the values, behind `add`.
template <class Add>
base::Status FillAll(const arrow::Array& values, const arrow::Field& field, Add add) {
  for (int64_t i = 0; i < values.length(); ++i) {
    SOTERIA_ARROW_ASSIGN(const auto cell, values.GetScalar(i));
    SOTERIA_RETURN_IF_ERROR(FillLiteral(*cell, field, add()));
  }
  return base::OkStatus();
}

base::Status FillNested(const arrow::Scalar& cell, const arrow::Field& field, Literal* out) {
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case arrow::Type::LIST: {
      auto* list = out->mutable_array();
      SOTERIA_RETURN_IF_ERROR(FillDataType(*type.field(0), list->mutable_element_type()));
      return FillAll(*ValueOf<arrow::ListScalar>(cell), *type.field(0),
                     [&] { return list->add_elements(); });
    }
    case arrow::Type::STRUCT: {
      auto* parts = out->mutable_struct_();
      SOTERIA_RETURN_IF_ERROR(FillDataType(field, parts->mutable_struct_type()));
      const auto& values = static_cast<const arrow::StructScalar&>(cell).value;
      for (int i = 0; i < type.num_fields(); ++i) {
        SOTERIA_RETURN_IF_ERROR(
            FillLiteral(*values[static_cast<size_t>(i)], *type.field(i), parts->add_elements()));
      }
      return base::OkStatus();
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      const auto& entries =
          static_cast<const arrow::StructArray&>(*ValueOf<arrow::MapScalar>(cell));
      auto* pairs = out->mutable_map();
      SOTERIA_RETURN_IF_ERROR(FillDataType(*map.key_field(), pairs->mutable_key_type()));
      SOTERIA_RETURN_IF_ERROR(FillDataType(*map.item_field(), pairs->mutable_value_type()));
      SOTERIA_RETURN_IF_ERROR(
          FillAll(*entries.field(0), *map.key_field(), [&] { return pairs->add_keys(); }));
      return FillAll(*entries.field(1), *map.item_field(), [&] { return pairs->add_values(); });
    }
    default:
      return base::NotSupported(base::Cat("A literal of the type ", table::TypeName(field)));
  }
}

void FillDecimal(const arrow::Scalar& cell, Literal* out) {
  const auto& type = static_cast<const arrow::Decimal128Type&>(*cell.type);
  auto* decimal = out->mutable_decimal();
  decimal->set_value(ValueOf<arrow::Decimal128Scalar>(cell).ToString(type.scale()));
  decimal->set_precision(type.precision());
  decimal->set_scale(type.scale());
}

}  // namespace

base::Status FillLiteral(const arrow::Scalar& cell, const arrow::Field& field, Literal* out) {
  if (!table::UdtOf(field).empty()) {
    return base::NotSupported(base::Cat("A literal of the type ", table::TypeName(field)));
  }
  if (!cell.is_valid) return FillDataType(field, out->mutable_null());
  switch (cell.type->id()) {
    case arrow::Type::BOOL:
      out->set_boolean(ValueOf<arrow::BooleanScalar>(cell));
      break;
    case arrow::Type::INT8:
      out->set_byte(ValueOf<arrow::Int8Scalar>(cell));
      break;
    case arrow::Type::INT16:
      out->set_short_(ValueOf<arrow::Int16Scalar>(cell));
      break;
    case arrow::Type::INT32:
      out->set_integer(ValueOf<arrow::Int32Scalar>(cell));
      break;
    case arrow::Type::INT64:
      out->set_long_(ValueOf<arrow::Int64Scalar>(cell));
      break;
    case arrow::Type::FLOAT:
      out->set_float_(ValueOf<arrow::FloatScalar>(cell));
      break;
    case arrow::Type::DOUBLE:
      out->set_double_(ValueOf<arrow::DoubleScalar>(cell));
      break;
    case arrow::Type::DECIMAL128:
      FillDecimal(cell, out);
      break;
    case arrow::Type::STRING:
      out->set_string(static_cast<const arrow::StringScalar&>(cell).ToString());
      break;
    case arrow::Type::BINARY:
      out->set_binary(ValueOf<arrow::BinaryScalar>(cell)->ToString());
      break;
    case arrow::Type::DATE32:
      out->set_date(ValueOf<arrow::Date32Scalar>(cell));
      break;
    case arrow::Type::TIMESTAMP:
      if (static_cast<const arrow::TimestampType&>(*cell.type).timezone().empty()) {
        out->set_timestamp_ntz(ValueOf<arrow::TimestampScalar>(cell));
      } else {
        out->set_timestamp(ValueOf<arrow::TimestampScalar>(cell));
      }
      break;
    case arrow::Type::DURATION:
      out->set_day_time_interval(ValueOf<arrow::DurationScalar>(cell));
      break;
    case arrow::Type::INTERVAL_MONTHS:
      out->set_year_month_interval(ValueOf<arrow::MonthIntervalScalar>(cell));
      break;
    default:
      return FillNested(cell, field, out);
  }
  return base::OkStatus();
}

}  // namespace soteria::connect
