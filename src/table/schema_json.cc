// Spark's schema JSON <-> Arrow schema.
#include <arrow/type.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

using arrow::Type;
using Json = nlohmann::ordered_json;
using FieldPtr = std::shared_ptr<arrow::Field>;
using TypePtr = std::shared_ptr<arrow::DataType>;

base::Status Bad(std::string_view what) {
  return base::Fail(base::kInput, base::Cat("Schema JSON: ", what));
}

constexpr int kJsonDepthMax = 4 * kTypeDepthMax;

/// Depth of brackets outside strings: checked before the parser sees the text.
bool DepthIsBounded(std::string_view text, int most) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most) return false;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return true;
}

Json FieldJson(const arrow::Field& field, base::Status* status);

Json TypeJson(const arrow::DataType& type, base::Status* status) {
  switch (type.id()) {
    case Type::BOOL:
      return "boolean";
    case Type::INT8:
      return "byte";
    case Type::INT16:
      return "short";
    case Type::INT32:
      return "integer";
    case Type::INT64:
      return "long";
    case Type::NA:
      return "void";
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::BINARY:
    case Type::DATE32:
    case Type::TIMESTAMP:
    case Type::DECIMAL128:
    case Type::DURATION:
    case Type::INTERVAL_MONTHS:
      return TypeName(type);
    case Type::STRUCT: {
      Json fields = Json::array();
      for (const FieldPtr& field : type.fields()) fields.push_back(FieldJson(*field, status));
      return Json{{"type", "struct"}, {"fields", std::move(fields)}};
    }
    default:
      *status = base::Fail(base::kUnsupported, base::Cat("No Spark type for ", type.ToString()));
      return nullptr;
  }
}

Json UdtJson(const std::string& udt, base::Status* status) {
  const bool vector = udt == kVectorUdt;
  const char* name = vector ? "VectorUDT" : "MatrixUDT";
  return Json{{"type", "udt"},
              {"class", base::Cat("org.apache.spark.ml.linalg.", name)},
              {"pyClass", base::Cat("pyspark.ml.linalg.", name)},
              {"sqlType", TypeJson(vector ? *VectorStructType() : *MatrixStructType(), status)}};
}

Json ColumnTypeJson(const arrow::Field& field, base::Status* status) {
  const std::string udt = UdtOf(field);
  if (udt == kVectorUdt || udt == kMatrixUdt) return UdtJson(udt, status);
  const Type::type id = field.type()->id();
  if (id == Type::LIST || id == Type::FIXED_SIZE_LIST) {
    const arrow::Field& element = *field.type()->field(0);
    return Json{{"type", "array"},
                {"elementType", ColumnTypeJson(element, status)},
                {"containsNull", element.nullable()}};
  }
  if (id == Type::MAP) {
    const auto& map = static_cast<const arrow::MapType&>(*field.type());
    return Json{{"type", "map"},
                {"keyType", ColumnTypeJson(*map.key_field(), status)},
                {"valueType", ColumnTypeJson(*map.item_field(), status)},
                {"valueContainsNull", map.item_field()->nullable()}};
  }
  return TypeJson(*field.type(), status);
}

Json FieldJson(const arrow::Field& field, base::Status* status) {
  Json metadata = Json::parse(SparkMetadata(field), nullptr, false);
  if (!metadata.is_object()) metadata = Json::object();
  return Json{{"name", field.name()},
              {"type", ColumnTypeJson(field, status)},
              {"nullable", field.nullable()},
              {"metadata", std::move(metadata)}};
}

/// Reads types; counts fields and depth against the limits.
class Reader {
 public:
  base::StatusOr<FieldPtr> Column(const std::string& name, const Json& type, bool nullable,
                                  int depth) {
    if (depth > kTypeDepthMax) return Bad("types are nested too deeply");
    if (++fields_ > kFieldsMax) return Bad("too many fields");
    if (type.is_string()) {
      SOTERIA_ASSIGN_OR_RETURN(TypePtr atom, TypeFromDdl(type.get_ref<const std::string&>()));
      return arrow::field(name, std::move(atom), nullable);
    }
    if (!type.is_object() || !type.contains("type") || !type["type"].is_string()) {
      return Bad(base::Cat("field '", name, "' has no type"));
    }
    const std::string& kind = type["type"].get_ref<const std::string&>();
    if (kind == "udt") return Udt(name, type, nullable);
    if (kind == "array") {
      if (!type.contains("elementType")) return Bad("array without elementType");
      const bool contains_null = !type.contains("containsNull") || type["containsNull"] != false;
      SOTERIA_ASSIGN_OR_RETURN(FieldPtr element,
                               Column("element", type["elementType"], contains_null, depth + 1));
      return arrow::field(name, arrow::list(std::move(element)), nullable);
    }
    if (kind == "map") {
      if (!type.contains("keyType") || !type.contains("valueType")) {
        return Bad("map without keyType or valueType");
      }
      const bool contains_null =
          !type.contains("valueContainsNull") || type["valueContainsNull"] != false;
      SOTERIA_ASSIGN_OR_RETURN(const FieldPtr key,
                               Column("key", type["keyType"], false, depth + 1));
      SOTERIA_ASSIGN_OR_RETURN(const FieldPtr value,
                               Column("value", type["valueType"], contains_null, depth + 1));
      return arrow::field(name, MapOf(key, value), nullable);
    }
    if (kind == "struct") {
      SOTERIA_ASSIGN_OR_RETURN(std::vector<FieldPtr> fields, Fields(type, depth + 1));
      return arrow::field(name, arrow::struct_(std::move(fields)), nullable);
    }
    return base::NotSupported(base::Cat("The data type ", kind));
  }

  base::StatusOr<std::vector<FieldPtr>> Fields(const Json& type, int depth) {
    if (!type.contains("fields") || !type["fields"].is_array()) return Bad("struct without fields");
    std::vector<FieldPtr> fields;
    for (const Json& json : type["fields"]) {
      if (!json.is_object() || !json.contains("name") || !json["name"].is_string() ||
          !json.contains("type")) {
        return Bad("a field needs a name and a type");
      }
      const bool nullable = !json.contains("nullable") || json["nullable"] != false;
      SOTERIA_ASSIGN_OR_RETURN(FieldPtr field, Column(json["name"].get_ref<const std::string&>(),
                                                      json["type"], nullable, depth));
      if (json.contains("metadata") && json["metadata"].is_object()) {
        field = WithSparkMetadata(
            field, json["metadata"].dump(-1, ' ', false, Json::error_handler_t::replace));
      }
      fields.push_back(std::move(field));
    }
    return fields;
  }

 private:
  base::StatusOr<FieldPtr> Udt(const std::string& name, const Json& type, bool nullable) {
    for (const char* key : {"class", "pyClass"}) {
      if (!type.contains(key) || !type[key].is_string()) continue;
      const std::string& class_name = type[key].get_ref<const std::string&>();
      if (class_name.ends_with(".VectorUDT")) return VectorField(name, nullable, std::nullopt);
      if (class_name.ends_with(".MatrixUDT")) return MatrixField(name, nullable);
    }
    return base::Fail(base::kUnsupported,
                      base::Cat("Field '", name, "' has a user-defined type other than vectors"));
  }

  int fields_ = 0;
};

}  // namespace

base::Status CheckMetadata(std::string_view text) {
  if (text.size() > kMetadataBytesMax || !DepthIsBounded(text, kTypeDepthMax)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("The metadata of a column take more than ", kMetadataBytesMax >> 20,
                                " MiB, or are nested more than ", kTypeDepthMax, " times"));
  }
  if (Json::parse(text, nullptr, /*allow_exceptions=*/false).is_object()) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, "The metadata of a column are no JSON object");
}

base::StatusOr<std::string> SparkSchemaJson(const arrow::Schema& schema) {
  base::Status status = base::OkStatus();
  Json fields = Json::array();
  for (const FieldPtr& field : schema.fields()) fields.push_back(FieldJson(*field, &status));
  SOTERIA_RETURN_IF_ERROR(status);
  const Json json{{"type", "struct"}, {"fields", std::move(fields)}};
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  // What can't be read again would be read as something else: vectors as structs.
  if (text.size() > kSchemaTextBytesMax || !DepthIsBounded(text, kJsonDepthMax)) {
    return base::Fail(base::kUnsupported,
                      base::Cat("The names, types and metadata of the columns take more than ",
                                kSchemaTextBytesMax >> 20, " MiB, or are nested too deeply"));
  }
  return text;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaFromSparkJson(std::string_view text) {
  if (text.size() > kSchemaTextBytesMax) return Bad("text is too long");
  if (!DepthIsBounded(text, kJsonDepthMax)) return Bad("text is nested too deeply");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("type") || json["type"] != "struct") {
    return Bad("not a struct");
  }
  Reader reader;
  SOTERIA_ASSIGN_OR_RETURN(std::vector<FieldPtr> fields, reader.Fields(json, 1));
  return arrow::schema(std::move(fields));
}

}  // namespace soteria::table
