#include "src/dataflow/feature_columns.h"

#include <optional>

#include "src/base/fields.h"

namespace soteria::dataflow {
namespace {

void AddOptional(const std::optional<std::string>& value, base::FieldWriter& fields) {
  fields.AddBool(value.has_value()).Add(value.value_or(""));
}

StatusOr<std::optional<std::string>> NextOptional(base::FieldReader& fields) {
  SOTERIA_ASSIGN_OR_RETURN(const bool present, fields.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view value, fields.Next());
  if (!present) return std::optional<std::string>();
  return std::optional<std::string>(value);
}

}  // namespace

OperatorBytes FeaturesOperator(const table::FeatureColumns& columns) {
  base::FieldWriter fields;
  fields.Add(columns.features);
  AddOptional(columns.label, fields);
  AddOptional(columns.weight, fields);
  fields.AddBool(columns.finite);
  return {kFeaturesOperator, fields.Take()};
}

StatusOr<table::FeatureColumns> DecodeFeatureColumns(std::string_view bytes) {
  base::FieldReader fields(bytes);
  table::FeatureColumns columns;
  SOTERIA_ASSIGN_OR_RETURN(columns.features, fields.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.label, NextOptional(fields));
  SOTERIA_ASSIGN_OR_RETURN(columns.weight, NextOptional(fields));
  SOTERIA_ASSIGN_OR_RETURN(columns.finite, fields.NextBool());
  SOTERIA_RETURN_IF_ERROR(fields.Finish());
  return columns;
}

}  // namespace soteria::dataflow
