#include "src/ml/tree/categories.h"

#include <arrow/type.h>

#include <algorithm>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/attributes.h"
#include "src/ml/tree/tree.h"

namespace soteria::ml::tree {
namespace {

using Type = ColumnAttribute::Type;

std::optional<int64_t> ValuesOf(const ColumnAttribute& attribute) {
  if (attribute.type == Type::kBinary) return 2;
  if (attribute.values) return static_cast<int64_t>(attribute.values->size());
  return attribute.num_values;
}

}  // namespace

base::StatusOr<std::vector<int32_t>> CategoriesOf(const arrow::Field& features) {
  const AttributeGroup group = GroupOf(features);
  if (group.categories_follow) {
    return base::Fail(base::kUnsupported,
                      base::Cat("Trees over categories that come after vectors whose length no"
                                " metadata say: assemble those vectors last (column ",
                                features.name(), ")"));
  }
  std::vector<int32_t> arity;
  if (!group.attributes) return arity;
  for (const ColumnAttribute& attribute : *group.attributes) {
    arity.push_back(0);
    if (attribute.type != Type::kBinary && attribute.type != Type::kNominal) continue;
    const std::optional<int64_t> values = ValuesOf(attribute);
    if (!values) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("Feature ", arity.size() - 1,
                                  " is marked as Nominal (categorical), but it does not have"
                                  " the number of values specified."));
    }
    arity.back() = static_cast<int32_t>(std::clamp<int64_t>(*values, 0, kCategoriesMax));
  }
  return arity;
}

std::optional<int64_t> ClassesOf(const arrow::Field& label) {
  const ColumnAttribute attribute = AttributeOf(label);
  if (attribute.type != Type::kBinary && attribute.type != Type::kNominal) return std::nullopt;
  return ValuesOf(attribute);
}

}  // namespace soteria::ml::tree
