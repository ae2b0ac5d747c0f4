// Columns by a name with parts: `a`, `a.b` (field b of struct a), "`a.b`" (one column). Case
// doesn't matter. This is how Spark resolves the names of an ML class's params. Pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::table {

/// The parts of a name: dots outside backticks separate. kParse for what is no name.
base::StatusOr<std::vector<std::string>> NameParts(std::string_view name);
/// As Spark quotes it in error texts: "`a`.`b`". A name that has no parts is one.
std::string QuotedName(std::string_view name);

struct ColumnPath {
  std::vector<int> at;                  // the column, then fields within it
  std::shared_ptr<arrow::Field> field;  // of the last
};

/// None for a name that isn't there; AMBIGUOUS_COLUMN_OR_FIELD for one that several have.
base::StatusOr<std::optional<ColumnPath>> FindPath(const arrow::Schema& schema,
                                                   std::string_view name);
/// The same, but kUnresolvedColumn for a name that isn't there.
base::StatusOr<ColumnPath> PathOf(const arrow::Schema& schema, std::string_view name);
/// Its values: null where a struct above them is.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> ColumnAt(const arrow::Table& table,
                                                              const ColumnPath& path);

/// A name as SQL has it: between backticks where it isn't letters, digits and underscores.
std::string QuotedIfNeeded(std::string_view name);

}  // namespace soteria::table
