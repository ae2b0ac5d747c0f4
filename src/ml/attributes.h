// MLlib's attributes of columns (ml_attr), as Spark's field metadata holds them: what StringIndexer
// and its like say of the column that they make, and what later stages read of it. Pure functions;
// any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"

namespace soteria::ml {

/// Elements of a vector column whose attributes are held and named one by one. Of wider columns,
/// where Spark names as many as there are, metadata tell their number, or what the first are.
inline constexpr int64_t kNamedAttributesMax = int64_t{1} << 18;

/// Of a number column, or of one element of a vector column.
struct ColumnAttribute {
  enum class Type { kUnresolved, kNumeric, kNominal, kBinary };
  Type type = Type::kNumeric;
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> values;
  std::optional<int64_t> num_values;
  std::optional<bool> ordinal;
  /// A numeric one's own fields (min, max, std, sparsity) as JSON text, kept as they came.
  std::string more;

  /// The names of its values: as they are, or numbers; none where it has none.
  std::optional<std::vector<std::string>> Categories() const;
  /// How many it has, which may be too many to name; none where Categories has none.
  std::optional<int64_t> CategoryCount() const;
};

/// What the field's metadata say; kUnresolved where they say nothing.
ColumnAttribute AttributeOf(const arrow::Field& field);
/// Metadata that say so.
std::string AttributeMetadata(const ColumnAttribute& attribute);

/// Of a vector column.
struct AttributeGroup {
  std::optional<std::vector<ColumnAttribute>> attributes;
  std::optional<int64_t> num_attributes;  // where there are no attributes
  /// The attributes are of the first elements only: how many follow is known by the rows alone.
  /// Spark looks at the first one; here rows say nothing in a schema.
  bool open = false;
  /// Some that follow have categories.
  bool categories_follow = false;

  /// -1 where it isn't known.
  int64_t size() const;
};

/// Attributes of at most kNamedAttributesMax elements: the group of a wider column is its number
/// alone where no element has one, and else open.
AttributeGroup GroupOf(const arrow::Field& field);
std::string GroupMetadata(const AttributeGroup& group);

}  // namespace soteria::ml
