#include "src/table/map_type.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

namespace soteria::table {

std::shared_ptr<arrow::DataType> MapOf(const std::shared_ptr<arrow::Field>& key,
                                       const std::shared_ptr<arrow::Field>& value) {
  return std::make_shared<arrow::MapType>(key->WithName("key")->WithNullable(false),
                                          value->WithName("value"));
}

std::shared_ptr<arrow::DataType> MapOf(std::shared_ptr<arrow::DataType> key,
                                       std::shared_ptr<arrow::DataType> value, bool contains_null) {
  return MapOf(arrow::field("key", std::move(key)),
               arrow::field("value", std::move(value), contains_null));
}

bool ContainsMap(const arrow::DataType& type) {
  return type.id() == arrow::Type::MAP ||
         std::any_of(type.fields().begin(), type.fields().end(),
                     [](const std::shared_ptr<arrow::Field>& field) {
                       return ContainsMap(*field->type());
                     });
}

}  // namespace soteria::table
