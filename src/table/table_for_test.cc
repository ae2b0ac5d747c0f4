#include "src/table/table_for_test.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "src/base/check.h"
#include "src/table/decimal.h"

namespace soteria::table {
namespace {

using Json = nlohmann::ordered_json;
using arrow::Type;

Unscaled UnscaledOf(const arrow::ArrayBuilder& builder, const Json& json) {
  const auto& type = static_cast<const arrow::DecimalType&>(*builder.type());
  const auto digits = ParseBigDecimal(json.get<std::string>());
  CHECK(digits.has_value()) << "not a decimal";
  const auto value =
      ToDecimal(*digits, {std::min(type.precision(), kDecimalDigitsMax), type.scale()});
  CHECK(value.has_value()) << "a decimal of too many digits";
  return *value;
}

void Append(arrow::ArrayBuilder& builder, const Json& json) {
  if (json.is_null()) {
    CHECK(builder.AppendNull().ok());
    return;
  }
  // JSON has no NaN and infinity.
  const auto number = [&json] {
    if (json.is_string()) return std::strtod(json.get<std::string>().c_str(), nullptr);
    return json.get<double>();
  };
  switch (builder.type()->id()) {
    case Type::BOOL:
      CHECK(static_cast<arrow::BooleanBuilder&>(builder).Append(json.get<bool>()).ok());
      return;
    case Type::INT8:
      CHECK(static_cast<arrow::Int8Builder&>(builder).Append(json.get<int8_t>()).ok());
      return;
    case Type::INT16:
      CHECK(static_cast<arrow::Int16Builder&>(builder).Append(json.get<int16_t>()).ok());
      return;
    case Type::INT32:
      CHECK(static_cast<arrow::Int32Builder&>(builder).Append(json.get<int32_t>()).ok());
      return;
    case Type::DATE32:
      CHECK(static_cast<arrow::Date32Builder&>(builder).Append(json.get<int32_t>()).ok());
      return;
    case Type::INT64:
      CHECK(static_cast<arrow::Int64Builder&>(builder).Append(json.get<int64_t>()).ok());
      return;
    case Type::TIMESTAMP:
      CHECK(static_cast<arrow::TimestampBuilder&>(builder).Append(json.get<int64_t>()).ok());
      return;
    case Type::FLOAT:
      CHECK(static_cast<arrow::FloatBuilder&>(builder).Append(static_cast<float>(number())).ok());
      return;
    case Type::DOUBLE:
      CHECK(static_cast<arrow::DoubleBuilder&>(builder).Append(number()).ok());
      return;
    case Type::STRING:
      CHECK(static_cast<arrow::StringBuilder&>(builder).Append(json.get<std::string>()).ok());
      return;
    case Type::BINARY:
      CHECK(static_cast<arrow::BinaryBuilder&>(builder).Append(json.get<std::string>()).ok());
      return;
    case Type::DECIMAL32:
      CHECK(static_cast<arrow::Decimal32Builder&>(builder)
                .Append(arrow::Decimal32(static_cast<int32_t>(UnscaledOf(builder, json))))
                .ok());
      return;
    case Type::DECIMAL64:
      CHECK(static_cast<arrow::Decimal64Builder&>(builder)
                .Append(arrow::Decimal64(static_cast<int64_t>(UnscaledOf(builder, json))))
                .ok());
      return;
    case Type::DECIMAL128:
      CHECK(static_cast<arrow::Decimal128Builder&>(builder)
                .Append(ToArrow(UnscaledOf(builder, json)))
                .ok());
      return;
    case Type::DECIMAL256:
      CHECK(static_cast<arrow::Decimal256Builder&>(builder)
                .Append(arrow::Decimal256(ToArrow(UnscaledOf(builder, json))))
                .ok());
      return;
    case Type::LIST: {
      auto& list = static_cast<arrow::ListBuilder&>(builder);
      CHECK(list.Append().ok());
      for (const Json& item : json) Append(*list.value_builder(), item);
      return;
    }
    case Type::MAP: {
      auto& map = static_cast<arrow::MapBuilder&>(builder);
      CHECK(map.Append().ok());
      for (const Json& entry : json) {
        Append(*map.key_builder(), entry[0]);
        Append(*map.item_builder(), entry[1]);
      }
      return;
    }
    case Type::STRUCT: {
      auto& structs = static_cast<arrow::StructBuilder&>(builder);
      CHECK(structs.Append().ok());
      for (int i = 0; i < structs.num_fields(); ++i) {
        Append(*structs.field_builder(i), json[static_cast<size_t>(i)]);
      }
      return;
    }
    default:
      CHECK(false) << "type not supported in tests";
  }
}

}  // namespace

std::shared_ptr<arrow::Array> ArrayForTest(const std::shared_ptr<arrow::DataType>& type,
                                           const std::string& json) {
  const Json items = Json::parse(json, nullptr, false);
  CHECK(items.is_array()) << "not a JSON array";
  if (type->id() == Type::NA)
    return std::make_shared<arrow::NullArray>(static_cast<int64_t>(items.size()));
  auto builder = arrow::MakeBuilder(type);
  CHECK(builder.ok());
  for (const Json& item : items) Append(**builder, item);
  return (*builder)->Finish().ValueOrDie();
}

std::shared_ptr<arrow::Table> TableForTest(const std::shared_ptr<arrow::Schema>& schema,
                                           const std::vector<std::string>& columns) {
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < columns.size(); ++i) {
    arrays.push_back(ArrayForTest(schema->field(static_cast<int>(i))->type(), columns[i]));
  }
  return arrow::Table::Make(schema, arrays);
}

std::shared_ptr<arrow::Array> VectorsForTest(const std::vector<std::optional<VectorValue>>& rows) {
  VectorBuilder builder;
  for (const auto& row : rows) {
    CHECK((row.has_value() ? builder.Append(*row) : builder.AppendNull()).ok());
  }
  auto array = builder.Finish();
  CHECK(array.ok());
  return *array;
}

}  // namespace soteria::table
