#include "src/table/types.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/column_path.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"

namespace soteria::table {
namespace {

using arrow::Type;

std::shared_ptr<arrow::Field> WithEntry(const std::shared_ptr<arrow::Field>& field,
                                        const std::string& key, const std::string& value) {
  std::shared_ptr<arrow::KeyValueMetadata> metadata =
      field->metadata() ? field->metadata()->Copy() : std::make_shared<arrow::KeyValueMetadata>();
  if (value.empty()) {
    const int at = metadata->FindKey(key);
    if (at < 0) return field;
    if (!metadata->Delete(at).ok()) return field;
  } else if (!metadata->Set(key, value).ok()) {
    return field;
  }
  if (metadata->size() == 0) return field->RemoveMetadata();
  return field->WithMetadata(std::move(metadata));
}

std::string Entry(const arrow::Field& field, const std::string& key) {
  if (!field.metadata()) return "";
  const int at = field.metadata()->FindKey(key);
  return at < 0 ? "" : field.metadata()->value(at);
}

using FieldPtr = std::shared_ptr<arrow::Field>;
using EachField = std::function<FieldPtr(const FieldPtr&)>;

/// The type with `each` done to the fields that it is made of, innermost first.
std::shared_ptr<arrow::DataType> WithEachChild(const std::shared_ptr<arrow::DataType>& type,
                                               const EachField& each);

FieldPtr WithEachField(const FieldPtr& field, const EachField& each) {
  return each(field->WithType(WithEachChild(field->type(), each)));
}

std::shared_ptr<arrow::Schema> WithEachField(const arrow::Schema& schema, const EachField& each) {
  arrow::FieldVector fields;
  for (const FieldPtr& field : schema.fields()) fields.push_back(WithEachField(field, each));
  return arrow::schema(std::move(fields), schema.metadata());
}

std::shared_ptr<arrow::DataType> WithEachChild(const std::shared_ptr<arrow::DataType>& type,
                                               const EachField& each) {
  switch (type->id()) {
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (const FieldPtr& child : type->fields()) fields.push_back(WithEachField(child, each));
      return arrow::struct_(std::move(fields));
    }
    case Type::LIST:
      return arrow::list(WithEachField(type->field(0), each));
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(WithEachField(map.key_field(), each),
                                              WithEachField(map.item_field(), each),
                                              map.keys_sorted());
    }
    default:
      return type;
  }
}

FieldPtr Marked(const FieldPtr& field) {
  return Entry(*field, kMetadataKey).empty() ? field : WithEntry(field, kOfDataKey, "1");
}

bool AnyMarked(const arrow::FieldVector& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const FieldPtr& field) {
    return MetadataAreData(*field) || AnyMarked(field->type()->fields());
  });
}

/// Spark's simpleString, or its sql form when `sql`.
std::string Name(const arrow::DataType& type, bool sql) {
  switch (type.id()) {
    case Type::BOOL:
      return sql ? "BOOLEAN" : "boolean";
    case Type::INT8:
      return sql ? "TINYINT" : "tinyint";
    case Type::INT16:
      return sql ? "SMALLINT" : "smallint";
    case Type::INT32:
      return sql ? "INT" : "int";
    case Type::INT64:
      return sql ? "BIGINT" : "bigint";
    case Type::FLOAT:
      return sql ? "FLOAT" : "float";
    case Type::DOUBLE:
      return sql ? "DOUBLE" : "double";
    case Type::STRING:
      return sql ? "STRING" : "string";
    case Type::BINARY:
      return sql ? "BINARY" : "binary";
    case Type::DATE32:
      return sql ? "DATE" : "date";
    case Type::NA:
      return sql ? "VOID" : "void";
    case Type::TIMESTAMP: {
      const bool local = static_cast<const arrow::TimestampType&>(type).timezone().empty();
      if (sql) return local ? "TIMESTAMP_NTZ" : "TIMESTAMP";
      return local ? "timestamp_ntz" : "timestamp";
    }
    case Type::DURATION:
    case Type::INTERVAL_MONTHS: {
      const std::string name = IntervalName(type);
      return sql ? base::Upper(name) : name;
    }
    case Type::DECIMAL128: {
      const DecimalShape shape = ShapeOf(type);
      return base::Cat(sql ? "DECIMAL(" : "decimal(", shape.precision, ",", shape.scale, ")");
    }
    case Type::LIST:
    case Type::FIXED_SIZE_LIST: {
      const arrow::Field& element = *type.field(0);
      return sql ? base::Cat("ARRAY<", SqlTypeName(element), ">")
                 : base::Cat("array<", TypeName(element), ">");
    }
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      return sql ? base::Cat("MAP<", SqlTypeName(*map.key_field()), ", ",
                             SqlTypeName(*map.item_field()), ">")
                 : base::Cat("map<", TypeName(*map.key_field()), ",", TypeName(*map.item_field()),
                             ">");
    }
    case Type::STRUCT: {
      std::string text = sql ? "STRUCT<" : "struct<";
      for (int i = 0; i < type.num_fields(); ++i) {
        const arrow::Field& field = *type.field(i);
        if (i > 0) text += sql ? ", " : ",";
        text += sql ? QuotedIfNeeded(field.name()) : field.name();
        text += sql ? ": " : ":";
        text += sql ? SqlTypeName(field) : TypeName(field);
        if (sql && !field.nullable()) text += " NOT NULL";
      }
      return text + ">";
    }
    default:
      return type.ToString();
  }
}

}  // namespace

std::shared_ptr<arrow::DataType> ListOf(std::shared_ptr<arrow::DataType> element,
                                        bool contains_null) {
  return arrow::list(arrow::field("element", std::move(element), contains_null));
}

const std::shared_ptr<arrow::DataType>& VectorStructType() {
  static const auto& type = *new std::shared_ptr<arrow::DataType>(arrow::struct_({
      arrow::field("type", arrow::int8(), false),
      arrow::field("size", arrow::int32(), true),
      arrow::field("indices", ListOf(arrow::int32(), false), true),
      arrow::field("values", ListOf(arrow::float64(), false), true),
  }));
  return type;
}

const std::shared_ptr<arrow::DataType>& MatrixStructType() {
  static const auto& type = *new std::shared_ptr<arrow::DataType>(arrow::struct_({
      arrow::field("type", arrow::int8(), false),
      arrow::field("numRows", arrow::int32(), false),
      arrow::field("numCols", arrow::int32(), false),
      arrow::field("colPtrs", ListOf(arrow::int32(), false), true),
      arrow::field("rowIndices", ListOf(arrow::int32(), false), true),
      arrow::field("values", ListOf(arrow::float64(), false), true),
      arrow::field("isTransposed", arrow::boolean(), false),
  }));
  return type;
}

std::shared_ptr<arrow::Field> VectorField(const std::string& name, bool nullable,
                                          std::optional<int32_t> dense_size) {
  std::shared_ptr<arrow::DataType> type = VectorStructType();
  if (dense_size.has_value()) {
    type = arrow::fixed_size_list(arrow::field("element", arrow::float64(), false), *dense_size);
  }
  return WithUdt(arrow::field(name, std::move(type), nullable), kVectorUdt);
}

std::shared_ptr<arrow::Field> MatrixField(const std::string& name, bool nullable) {
  return WithUdt(arrow::field(name, MatrixStructType(), nullable), kMatrixUdt);
}

std::string UdtOf(const arrow::Field& field) { return Entry(field, kUdtKey); }
bool IsVector(const arrow::Field& field) { return UdtOf(field) == kVectorUdt; }
bool IsMatrix(const arrow::Field& field) { return UdtOf(field) == kMatrixUdt; }

std::shared_ptr<arrow::Field> WithUdt(const std::shared_ptr<arrow::Field>& field,
                                      const std::string& udt) {
  return WithEntry(field, kUdtKey, udt);
}

std::string SparkMetadata(const arrow::Field& field) {
  std::string json = Entry(field, kMetadataKey);
  return json.empty() ? "{}" : json;
}

std::shared_ptr<arrow::Field> WithSparkMetadata(const std::shared_ptr<arrow::Field>& field,
                                                const std::string& json) {
  return WithEntry(WithEntry(field, kOfDataKey, ""), kMetadataKey, json == "{}" ? "" : json);
}

bool MetadataAreData(const arrow::Field& field) { return !Entry(field, kOfDataKey).empty(); }

std::shared_ptr<arrow::Field> MarkedMetadata(const std::shared_ptr<arrow::Field>& field) {
  return WithEachField(field, Marked);
}

std::shared_ptr<arrow::Schema> MarkedMetadata(const arrow::Schema& schema) {
  return WithEachField(schema, Marked);
}

bool HasMarkedMetadata(const arrow::Schema& schema) { return AnyMarked(schema.fields()); }

std::string MarkedMetadataText(const arrow::Schema& schema) {
  std::string text;
  WithEachField(schema, [&](const FieldPtr& field) {
    if (MetadataAreData(*field))
      text += base::Cat(field->name(), ": ", SparkMetadata(*field), "\n");
    return field;
  });
  return text;
}

std::shared_ptr<arrow::Schema> WithoutMarkedMetadata(const arrow::Schema& schema) {
  return WithEachField(schema, [](const FieldPtr& field) {
    return MetadataAreData(*field) ? WithSparkMetadata(field, "{}") : field;
  });
}

std::shared_ptr<arrow::Schema> UnmarkedMetadata(const arrow::Schema& schema) {
  return WithEachField(schema,
                       [](const FieldPtr& field) { return WithEntry(field, kOfDataKey, ""); });
}

std::string TypeName(const arrow::Field& field) {
  const std::string udt = UdtOf(field);
  return udt.empty() ? Name(*field.type(), false) : udt;
}

std::string TypeName(const arrow::DataType& type) { return Name(type, false); }

std::string SqlTypeName(const arrow::Field& field) {
  // Spark prints a UDT as its storage type.
  if (IsVector(field)) return Name(*VectorStructType(), true);
  return Name(*field.type(), true);
}

std::string SqlTypeName(const arrow::DataType& type) { return Name(type, true); }

std::string QuotedTypeName(const arrow::Field& field) {
  const std::string name = base::Cat("\"", SqlTypeName(field), "\"");
  return UdtOf(field).empty() ? name : base::Cat("UDT(", name, ")");
}

}  // namespace soteria::table
