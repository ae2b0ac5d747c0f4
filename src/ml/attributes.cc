#include "src/ml/attributes.h"

#include <arrow/type.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/base/text.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

using Json = nlohmann::json;
using Type = ColumnAttribute::Type;

/// Categories that a column's metadata may count without naming them.
constexpr int64_t kNumValuesMax = 10'000'000;

/// Of open groups, which Spark doesn't have.
constexpr char kKnown[] = "num_known_attrs", kCategoriesFollow[] = "categories_follow";

Json MlAttr(const arrow::Field& field) {
  const Json all = Json::parse(table::SparkMetadata(field), nullptr, /*allow_exceptions=*/false);
  if (!all.is_object()) return {};
  const auto at = all.find("ml_attr");
  return at != all.end() && at->is_object() ? *at : Json();
}

std::string Wrapped(const Json& ml_attr) {
  return Json{{"ml_attr", ml_attr}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<int64_t> Count(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_number_integer()) return std::nullopt;
  return at->get<int64_t>();
}

Type TypeOf(const Json& json) {
  const auto type = json.find("type");
  if (type == json.end() || *type == "numeric") return Type::kNumeric;
  if (*type == "nominal") return Type::kNominal;
  return *type == "binary" ? Type::kBinary : Type::kUnresolved;
}

ColumnAttribute FromJson(const Json& json, Type type) {
  ColumnAttribute attribute;
  attribute.type = type;
  if (const auto at = json.find("name"); at != json.end() && at->is_string()) {
    attribute.name = at->get<std::string>();
  }
  if (const auto at = json.find("vals"); at != json.end() && at->is_array()) {
    attribute.values.emplace();
    for (const Json& value : *at) {
      if (value.is_string()) attribute.values->push_back(value.get<std::string>());
    }
  }
  attribute.num_values = Count(json, "num_vals");
  if (const auto at = json.find("ord"); at != json.end() && at->is_boolean()) {
    attribute.ordinal = at->get<bool>();
  }
  if (type != Type::kNumeric) return attribute;
  Json more = Json::object();
  for (const char* field : {"min", "max", "std", "sparsity"}) {
    if (const auto at = json.find(field); at != json.end()) more[field] = *at;
  }
  if (!more.empty()) attribute.more = more.dump();
  return attribute;
}

Json ToJson(const ColumnAttribute& attribute) {
  Json json = Json::object();
  if (!attribute.more.empty()) json = Json::parse(attribute.more, nullptr, false);
  if (attribute.name) json["name"] = *attribute.name;
  if (attribute.values) json["vals"] = *attribute.values;
  if (attribute.num_values) json["num_vals"] = *attribute.num_values;
  if (attribute.ordinal) json["ord"] = *attribute.ordinal;
  return json;
}

constexpr std::pair<const char*, Type> kTypes[] = {
    {"numeric", Type::kNumeric}, {"nominal", Type::kNominal}, {"binary", Type::kBinary}};

/// Puts the attributes that lists of each type give their places into a group of `count` elements;
/// a place that none has is numeric.
void Place(const Json& lists, int64_t count, AttributeGroup& group) {
  const int64_t held = std::min(count, kNamedAttributesMax);
  std::vector<ColumnAttribute> attributes(static_cast<size_t>(held));
  for (const auto& [name, type] : kTypes) {
    const auto list = lists.find(name);
    if (list == lists.end() || !list->is_array()) continue;
    for (const Json& each : *list) {
      if (!each.is_object()) continue;
      const auto index = Count(each, "idx");
      if (!index || *index < 0 || *index >= count) continue;
      if (*index < held) {
        attributes[static_cast<size_t>(*index)] = FromJson(each, type);
      } else if (type != Type::kNumeric) {
        group.categories_follow = true;
      }
    }
  }
  group.attributes = std::move(attributes);
  group.open = group.open || held < count;
}

bool HasItems(const Json& lists) {
  return std::any_of(lists.begin(), lists.end(), [](const Json& list) { return !list.empty(); });
}

}  // namespace

std::optional<int64_t> ColumnAttribute::CategoryCount() const {
  if (values) return static_cast<int64_t>(values->size());
  const std::optional<int64_t> count = type == Type::kBinary ? 2 : num_values;
  if (!count || *count < 0 || *count > kNumValuesMax) return std::nullopt;
  return count;
}

std::optional<std::vector<std::string>> ColumnAttribute::Categories() const {
  if (values) return values;
  const std::optional<int64_t> count = CategoryCount();
  if (!count) return std::nullopt;
  std::vector<std::string> names;
  for (int64_t i = 0; i < *count; ++i) names.push_back(base::Cat(i));
  return names;
}

ColumnAttribute AttributeOf(const arrow::Field& field) {
  const Json json = MlAttr(field);
  if (json.is_object()) return FromJson(json, TypeOf(json));
  ColumnAttribute none;
  none.type = Type::kUnresolved;
  return none;
}

std::string AttributeMetadata(const ColumnAttribute& attribute) {
  Json json = ToJson(attribute);
  for (const auto& [name, type] : kTypes) {
    if (type == attribute.type) json["type"] = name;
  }
  return Wrapped(json);
}

int64_t AttributeGroup::size() const {
  if (open) return -1;
  if (attributes) return static_cast<int64_t>(attributes->size());
  return num_attributes.value_or(-1);
}

AttributeGroup GroupOf(const arrow::Field& field) {
  AttributeGroup group;
  const Json json = MlAttr(field);
  if (!json.is_object()) return group;
  group.num_attributes = Count(json, "num_attrs");
  const auto lists = json.find("attrs");
  if (lists == json.end() || !lists->is_object()) return group;
  if (const std::optional<int64_t> known = Count(json, kKnown)) {
    group.open = true;
    group.categories_follow = json.contains(kCategoriesFollow);
    group.num_attributes = known;
  }
  if (!group.num_attributes) return group;
  const int64_t count = *group.num_attributes;
  if (count < 0 || count > INT32_MAX) return {};
  if (count > kNamedAttributesMax && !group.open && !HasItems(*lists)) return group;
  group.num_attributes.reset();
  Place(*lists, count, group);
  return group;
}

std::string GroupMetadata(const AttributeGroup& group) {
  Json json = Json::object();
  if (group.open && group.attributes) {
    json[kKnown] = group.attributes->size();
    if (group.categories_follow) json[kCategoriesFollow] = true;
  } else if (group.size() >= 0) {
    json["num_attrs"] = group.size();
  } else {
    return "{}";
  }
  if (!group.attributes) return Wrapped(json);
  Json lists = Json::object();
  for (const auto& [name, type] : kTypes) {
    Json list = Json::array();
    for (size_t i = 0; i < group.attributes->size(); ++i) {
      const ColumnAttribute& attribute = (*group.attributes)[i];
      if (attribute.type != type) continue;
      Json one = ToJson(attribute);
      if (type == Type::kNumeric && one.empty()) continue;  // what a place is by default
      one["idx"] = i;
      list.push_back(std::move(one));
    }
    if (!list.empty()) lists[name] = std::move(list);
  }
  json["attrs"] = std::move(lists);
  return Wrapped(json);
}

}  // namespace soteria::ml
