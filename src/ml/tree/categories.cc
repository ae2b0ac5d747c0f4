#include "src/ml/tree/categories.h"

#include <arrow/type.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/tree/tree.h"
#include "src/table/types.h"

namespace soteria::ml::tree {
namespace {

using Json = nlohmann::json;

constexpr int64_t kBinaryValues = 2;

/// The ml_attr object of a field; null where there is none.
Json AttributesOf(const arrow::Field& field) {
  const Json json = Json::parse(table::SparkMetadata(field), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return nullptr;
  const auto at = json.find("ml_attr");
  if (at == json.end() || !at->is_object()) return nullptr;
  return *at;
}

std::optional<int64_t> ValuesOf(const Json& attribute) {
  if (const auto at = attribute.find("vals"); at != attribute.end() && at->is_array()) {
    return static_cast<int64_t>(at->size());
  }
  if (const auto at = attribute.find("num_vals");
      at != attribute.end() && at->is_number_integer()) {
    return at->get<int64_t>();
  }
  return std::nullopt;
}

/// Calls `visit(index, attribute)` for the attributes of one kind.
template <class Visit>
base::Status ForEach(const Json& attributes, const char* kind, const Visit& visit) {
  const auto list = attributes.find(kind);
  if (list == attributes.end() || !list->is_array()) return base::OkStatus();
  for (const Json& attribute : *list) {
    if (!attribute.is_object()) continue;
    const auto index = attribute.find("idx");
    if (index == attribute.end() || !index->is_number_integer()) continue;
    const auto at = index->get<int64_t>();
    if (at < 0 || at >= kFeaturesMax) continue;
    SOTERIA_RETURN_IF_ERROR(visit(static_cast<size_t>(at), attribute));
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::vector<int32_t>> CategoriesOf(const arrow::Field& features) {
  std::vector<int32_t> arity;
  const Json ml = AttributesOf(features);
  if (!ml.is_object()) return arity;
  const auto attributes = ml.find("attrs");
  if (attributes == ml.end() || !attributes->is_object()) return arity;
  const auto put = [&arity](size_t feature, int64_t values) {
    if (arity.size() <= feature) arity.resize(feature + 1, 0);
    arity[feature] = static_cast<int32_t>(std::clamp<int64_t>(values, 0, kCategoriesMax));
  };
  SOTERIA_RETURN_IF_ERROR(
      ForEach(*attributes, "binary", [&](size_t feature, const Json&) -> base::Status {
        put(feature, kBinaryValues);
        return base::OkStatus();
      }));
  SOTERIA_RETURN_IF_ERROR(
      ForEach(*attributes, "nominal", [&](size_t feature, const Json& attribute) -> base::Status {
        const std::optional<int64_t> values = ValuesOf(attribute);
        if (!values) {
          return base::Fail(base::kIllegalArgument,
                            base::Cat("Feature ", feature,
                                      " is marked as Nominal (categorical), but it does not have"
                                      " the number of values specified."));
        }
        put(feature, *values);
        return base::OkStatus();
      }));
  return arity;
}

std::optional<int64_t> ClassesOf(const arrow::Field& label) {
  const Json ml = AttributesOf(label);
  if (!ml.is_object()) return std::nullopt;
  const auto type = ml.find("type");
  if (type == ml.end() || !type->is_string()) return std::nullopt;
  if (*type == "binary") return kBinaryValues;
  if (*type == "nominal") return ValuesOf(ml);
  return std::nullopt;
}

}  // namespace soteria::ml::tree
