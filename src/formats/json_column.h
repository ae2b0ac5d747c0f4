// Columns that are made of JSON values, nested ones included, as Spark's parser converts them: what
// doesn't fit is null, and the values around it stay. Internal to formats. One thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "src/base/status.h"
#include "src/formats/cell_column.h"
#include "src/formats/json_value.h"

namespace soteria::formats {

using JsonNodes = std::vector<JsonNode>;

enum class JsonFit : uint8_t {
  kWhole,
  kPartly,      ///< something within it is null that didn't fit
  kNot,         ///< nothing is appended
  kNeedsToday,  ///< CellOutcome::kNeedsToday
};

class JsonColumn {
 public:
  virtual ~JsonColumn() = default;
  /// How the value of a node would fit.
  virtual JsonFit Fits(const JsonNodes& nodes, size_t node) = 0;
  virtual JsonFit Append(const JsonNodes& nodes, size_t node) = 0;
  virtual base::Status AppendNull() = 0;
  virtual base::StatusOr<std::shared_ptr<arrow::Array>> Finish() = 0;
};

/// Whether there are such columns; the names of what there is none of are for errors.
bool IsJsonType(const arrow::Field& field);
/// `rules` outlive the column.
base::StatusOr<std::unique_ptr<JsonColumn>> MakeJsonColumn(const arrow::Field& field,
                                                           const CellRules& rules);

/// An object's members to the columns of a struct, one row.
class JsonMembers {
 public:
  explicit JsonMembers(const arrow::FieldVector& fields);
  /// Appends one value to each column; kWhole or kPartly, or kNeedsToday.
  JsonFit Append(const JsonNodes& nodes, size_t object,
                 std::vector<std::unique_ptr<JsonColumn>>& columns);
  JsonFit Fits(const JsonNodes& nodes, size_t object,
               std::vector<std::unique_ptr<JsonColumn>>& columns);

 private:
  size_t IndexOf(std::string_view name, size_t expected) const;
  /// For each column the node that it takes, 0 for none; false when a value didn't fit.
  JsonFit Choose(const JsonNodes& nodes, size_t object,
                 std::vector<std::unique_ptr<JsonColumn>>& columns);

  std::vector<std::string> names_;
  std::vector<std::pair<std::string_view, size_t>> sorted_;
  std::vector<size_t> chosen_;
};

}  // namespace soteria::formats
