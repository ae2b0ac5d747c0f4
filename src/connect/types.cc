#include "src/connect/types.h"

#include <arrow/type.h>

#include <string_view>
#include <vector>

#include "spark/connect/types.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::DataType;

constexpr char kUtc[] = "UTC";

base::Status NoSparkType(const arrow::DataType& type) {
  return base::Fail(base::kUnsupported, base::Cat("No Spark type for ", type.ToString()));
}

void FillUdt(std::string_view udt, DataType* out) {
  auto* message = out->mutable_udt();
  message->set_type("udt");
  const bool vector = udt == table::kVectorUdt;
  message->set_jvm_class(vector ? kVectorClass : kMatrixClass);
  message->set_python_class(vector ? "pyspark.ml.linalg.VectorUDT" : "pyspark.ml.linalg.MatrixUDT");
}

base::Status FillStructField(const arrow::Field& field, DataType::StructField* out) {
  out->set_name(field.name());
  out->set_nullable(field.nullable());
  // What data made leaves by the session's gate, which takes the mark away.
  const std::string metadata = table::MetadataAreData(field) ? "{}" : table::SparkMetadata(field);
  if (metadata != "{}") out->set_metadata(metadata);
  return FillDataType(field, out->mutable_data_type());
}

base::Status FillNested(const arrow::DataType& type, DataType* out) {
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& element = *type.field(0);
      out->mutable_array()->set_contains_null(element.nullable());
      return FillDataType(element, out->mutable_array()->mutable_element_type());
    }
    case arrow::Type::STRUCT: {
      out->mutable_struct_();
      for (const auto& child : type.fields()) {
        SOTERIA_RETURN_IF_ERROR(FillStructField(*child, out->mutable_struct_()->add_fields()));
      }
      return base::OkStatus();
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      out->mutable_map()->set_value_contains_null(map.item_field()->nullable());
      SOTERIA_RETURN_IF_ERROR(
          FillDataType(*map.key_field(), out->mutable_map()->mutable_key_type()));
      return FillDataType(*map.item_field(), out->mutable_map()->mutable_value_type());
    }
    default:
      return NoSparkType(type);
  }
}

base::StatusOr<std::shared_ptr<arrow::Field>> Plain(const std::string& name, bool nullable,
                                                    std::shared_ptr<arrow::DataType> type) {
  return arrow::field(name, std::move(type), nullable);
}

base::StatusOr<std::shared_ptr<arrow::Field>> IntervalField(const std::string& name, bool nullable,
                                                            bool day_time,
                                                            table::IntervalFields fields) {
  const int last = day_time ? table::kDayToSecond.end : table::kYearToMonth.end;
  if (fields.start < 0 || fields.start > fields.end || fields.end > last) {
    return base::Fail(base::kIllegalArgument, "An interval type of fields that there aren't");
  }
  return Plain(name, nullable,
               day_time ? table::DayTimeType(fields) : table::YearMonthType(fields));
}

base::StatusOr<std::shared_ptr<arrow::Field>> NestedField(const std::string& name, bool nullable,
                                                          const DataType& type, int depth);

base::StatusOr<std::shared_ptr<arrow::Field>> FieldAtDepth(const std::string& name, bool nullable,
                                                           const DataType& type, int depth) {
  switch (type.kind_case()) {
    case DataType::kNull:
      return Plain(name, nullable, arrow::null());
    case DataType::kBinary:
      return Plain(name, nullable, arrow::binary());
    case DataType::kBoolean:
      return Plain(name, nullable, arrow::boolean());
    case DataType::kByte:
      return Plain(name, nullable, arrow::int8());
    case DataType::kShort:
      return Plain(name, nullable, arrow::int16());
    case DataType::kInteger:
      return Plain(name, nullable, arrow::int32());
    case DataType::kLong:
      return Plain(name, nullable, arrow::int64());
    case DataType::kFloat:
      return Plain(name, nullable, arrow::float32());
    case DataType::kDouble:
      return Plain(name, nullable, arrow::float64());
    case DataType::kString:
      return Plain(name, nullable, arrow::utf8());
    case DataType::kDate:
      return Plain(name, nullable, arrow::date32());
    case DataType::kTimestamp:
      return Plain(name, nullable, arrow::timestamp(arrow::TimeUnit::MICRO, kUtc));
    case DataType::kTimestampNtz:
      return Plain(name, nullable, arrow::timestamp(arrow::TimeUnit::MICRO));
    case DataType::kDayTimeInterval: {
      const auto& its = type.day_time_interval();
      return IntervalField(name, nullable, true,
                           {its.has_start_field() ? its.start_field() : 0,
                            its.has_end_field() ? its.end_field() : 3});
    }
    case DataType::kYearMonthInterval: {
      const auto& its = type.year_month_interval();
      return IntervalField(name, nullable, false,
                           {its.has_start_field() ? its.start_field() : 0,
                            its.has_end_field() ? its.end_field() : 1});
    }
    case DataType::kDecimal: {
      // Spark's DecimalType.USER_DEFAULT where nothing is said.
      const auto& decimal = type.decimal();
      const table::DecimalShape standard;
      SOTERIA_ASSIGN_OR_RETURN(
          auto made, table::CheckedDecimalType(
                         decimal.has_precision() ? decimal.precision() : standard.precision,
                         decimal.has_scale() ? decimal.scale() : standard.scale));
      return Plain(name, nullable, std::move(made));
    }
    default:
      return NestedField(name, nullable, type, depth);
  }
}

base::StatusOr<std::shared_ptr<arrow::Field>> UdtField(const std::string& name, bool nullable,
                                                       const DataType::UDT& type) {
  const std::string& jvm = type.jvm_class();
  const std::string& python = type.python_class();
  if (jvm == kVectorClass || (jvm.empty() && python == "pyspark.ml.linalg.VectorUDT")) {
    return table::VectorField(name, nullable, std::nullopt);
  }
  if (jvm == kMatrixClass || (jvm.empty() && python == "pyspark.ml.linalg.MatrixUDT")) {
    return table::MatrixField(name, nullable);
  }
  return base::Fail(base::kUnsupported,
                    "User-defined types other than VectorUDT and MatrixUDT can't be used in an "
                    "enclave");
}

base::StatusOr<std::shared_ptr<arrow::Field>> NestedField(const std::string& name, bool nullable,
                                                          const DataType& type, int depth) {
  if (depth >= table::kTypeDepthMax) {
    return base::Fail(base::kIllegalArgument, "A data type that is nested too deeply");
  }
  switch (type.kind_case()) {
    case DataType::kUdt:
      return UdtField(name, nullable, type.udt());
    case DataType::kUnparsed: {
      SOTERIA_ASSIGN_OR_RETURN(auto parsed, table::TypeFromDdl(type.unparsed().data_type_string()));
      return Plain(name, nullable, std::move(parsed));
    }
    case DataType::kArray: {
      SOTERIA_ASSIGN_OR_RETURN(auto element, FieldAtDepth("element", type.array().contains_null(),
                                                          type.array().element_type(), depth + 1));
      return Plain(name, nullable, arrow::list(std::move(element)));
    }
    case DataType::kMap: {
      SOTERIA_ASSIGN_OR_RETURN(const auto key,
                               FieldAtDepth("key", false, type.map().key_type(), depth + 1));
      SOTERIA_ASSIGN_OR_RETURN(const auto value,
                               FieldAtDepth("value", type.map().value_contains_null(),
                                            type.map().value_type(), depth + 1));
      return Plain(name, nullable, table::MapOf(key, value));
    }
    case DataType::kStruct: {
      if (type.struct_().fields_size() > table::kFieldsMax) {
        return base::Fail(base::kIllegalArgument, "A struct type with too many fields");
      }
      arrow::FieldVector fields;
      for (const auto& child : type.struct_().fields()) {
        SOTERIA_ASSIGN_OR_RETURN(
            auto field, FieldAtDepth(child.name(), child.nullable(), child.data_type(), depth + 1));
        if (!child.metadata().empty()) {
          SOTERIA_RETURN_IF_ERROR(table::CheckMetadata(child.metadata()));
          field = table::WithSparkMetadata(field, child.metadata());
        }
        fields.push_back(std::move(field));
      }
      return Plain(name, nullable, arrow::struct_(std::move(fields)));
    }
    default: {
      const auto* descriptor = DataType::descriptor()->FindFieldByNumber(type.kind_case());
      return base::NotSupported(
          base::Cat("The data type ", descriptor ? descriptor->name() : "(none)"));
    }
  }
}

/// Spark's typeName: the long names that printSchema uses.
std::string TreeTypeName(const arrow::Field& field) {
  if (!table::UdtOf(field).empty()) return table::UdtOf(field);
  switch (field.type()->id()) {
    case arrow::Type::INT8:
      return "byte";
    case arrow::Type::INT16:
      return "short";
    case arrow::Type::INT32:
      return "integer";
    case arrow::Type::INT64:
      return "long";
    case arrow::Type::LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return "array";
    case arrow::Type::STRUCT:
      return "struct";
    case arrow::Type::MAP:
      return "map";
    case arrow::Type::NA:
      return "void";
    default:
      return table::TypeName(*field.type());
  }
}

/// Of a map's key nobody says whether it may be null: `null_word` is empty.
void AppendTree(const arrow::Field& field, std::string_view name, std::string_view null_word,
                const std::string& prefix, int levels_left, std::string* out) {
  if (levels_left <= 0) return;
  *out += base::Cat(prefix, "-- ", name, ": ", TreeTypeName(field));
  if (!null_word.empty()) *out += base::Cat(" (", null_word, " = ", field.nullable(), ")");
  *out += "\n";
  if (!table::UdtOf(field).empty()) return;
  const std::string deeper = base::Cat(prefix, "    |");
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      AppendTree(*type.field(0), "element", "containsNull", deeper, levels_left - 1, out);
      break;
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      AppendTree(*map.key_field(), "key", "", deeper, levels_left - 1, out);
      AppendTree(*map.item_field(), "value", "valueContainsNull", deeper, levels_left - 1, out);
      break;
    }
    case arrow::Type::STRUCT:
      for (const auto& child : type.fields()) {
        AppendTree(*child, child->name(), "nullable", deeper, levels_left - 1, out);
      }
      break;
    default:
      break;
  }
}

}  // namespace

base::Status FillDataType(const arrow::Field& field, DataType* out) {
  if (const std::string udt = table::UdtOf(field); !udt.empty()) {
    FillUdt(udt, out);
    return base::OkStatus();
  }
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case arrow::Type::NA:
      out->mutable_null();
      break;
    case arrow::Type::BOOL:
      out->mutable_boolean();
      break;
    case arrow::Type::INT8:
      out->mutable_byte();
      break;
    case arrow::Type::INT16:
      out->mutable_short_();
      break;
    case arrow::Type::INT32:
      out->mutable_integer();
      break;
    case arrow::Type::INT64:
      out->mutable_long_();
      break;
    case arrow::Type::FLOAT:
      out->mutable_float_();
      break;
    case arrow::Type::DOUBLE:
      out->mutable_double_();
      break;
    case arrow::Type::STRING:
      out->mutable_string()->set_collation("UTF8_BINARY");
      break;
    case arrow::Type::BINARY:
      out->mutable_binary();
      break;
    case arrow::Type::DATE32:
      out->mutable_date();
      break;
    case arrow::Type::TIMESTAMP:
      if (static_cast<const arrow::TimestampType&>(type).timezone().empty()) {
        out->mutable_timestamp_ntz();
      } else {
        out->mutable_timestamp();
      }
      break;
    case arrow::Type::DURATION: {
      auto* its = out->mutable_day_time_interval();
      its->set_start_field(table::FieldsOf(type).start);
      its->set_end_field(table::FieldsOf(type).end);
      break;
    }
    case arrow::Type::INTERVAL_MONTHS: {
      auto* its = out->mutable_year_month_interval();
      its->set_start_field(table::FieldsOf(type).start);
      its->set_end_field(table::FieldsOf(type).end);
      break;
    }
    case arrow::Type::DECIMAL128:
      out->mutable_decimal()->set_precision(table::ShapeOf(type).precision);
      out->mutable_decimal()->set_scale(table::ShapeOf(type).scale);
      break;
    default:
      return FillNested(type, out);
  }
  return base::OkStatus();
}

base::Status FillSchema(const arrow::Schema& schema, DataType* out) {
  out->mutable_struct_();
  for (const auto& field : schema.fields()) {
    SOTERIA_RETURN_IF_ERROR(FillStructField(*field, out->mutable_struct_()->add_fields()));
  }
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Field>> FieldOf(const std::string& name, bool nullable,
                                                      const DataType& type) {
  return FieldAtDepth(name, nullable, type, 0);
}

base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOf(const DataType& type) {
  if (type.kind_case() == DataType::kUnparsed) {
    return table::SchemaFromDdl(type.unparsed().data_type_string());
  }
  if (type.kind_case() != DataType::kStruct) {
    return base::Fail(base::kIllegalArgument, "A schema must be a struct type");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto field, FieldOf("", false, type));
  return arrow::schema(field->type()->fields());
}

std::string ScalaTypeText(const arrow::Field& field) {
  if (table::UdtOf(field) == table::kVectorUdt) return base::Cat(kVectorClass, "@3bfc3ba7");
  if (!table::UdtOf(field).empty()) return kMatrixClass;
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case arrow::Type::NA:
      return "NullType";
    case arrow::Type::BOOL:
      return "BooleanType";
    case arrow::Type::INT8:
      return "ByteType";
    case arrow::Type::INT16:
      return "ShortType";
    case arrow::Type::INT32:
      return "IntegerType";
    case arrow::Type::INT64:
      return "LongType";
    case arrow::Type::FLOAT:
      return "FloatType";
    case arrow::Type::DOUBLE:
      return "DoubleType";
    case arrow::Type::BINARY:
      return "BinaryType";
    case arrow::Type::DATE32:
      return "DateType";
    case arrow::Type::TIMESTAMP: {
      const bool local = static_cast<const arrow::TimestampType&>(type).timezone().empty();
      return local ? "TimestampNTZType" : "TimestampType";
    }
    case arrow::Type::DURATION:
    case arrow::Type::INTERVAL_MONTHS:
      return base::Cat(table::IsDayTime(type) ? "DayTimeIntervalType(" : "YearMonthIntervalType(",
                       table::FieldsOf(type).start, ",", table::FieldsOf(type).end, ")");
    case arrow::Type::DECIMAL128: {
      const table::DecimalShape shape = table::ShapeOf(type);
      return base::Cat("DecimalType(", shape.precision, ",", shape.scale, ")");
    }
    case arrow::Type::LIST:
      return base::Cat("ArrayType(", ScalaTypeText(*type.field(0)), ",",
                       type.field(0)->nullable() ? "true" : "false", ")");
    case arrow::Type::STRUCT: {
      std::string fields;
      for (const auto& part : type.fields()) {
        fields += base::Cat(fields.empty() ? "" : ",", "StructField(", part->name(), ",",
                            ScalaTypeText(*part), ",", part->nullable() ? "true" : "false", ")");
      }
      return base::Cat("StructType(", fields, ")");
    }
    default:
      return "StringType";
  }
}

std::string TreeString(const arrow::Schema& schema, int level) {
  std::string out = "root\n";
  const int levels = level > 0 ? level : table::kTypeDepthMax;
  for (const auto& field : schema.fields()) {
    AppendTree(*field, field->name(), "nullable", " |", levels, &out);
  }
  return out;
}

}  // namespace soteria::connect
