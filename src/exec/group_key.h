// The key of a group: its cells as values with an order, from columns and back to columns. Equal
// keys have equal cells: NaN is one value, and so is zero. The order is Spark's ascending one,
// nulls first. Internal to exec; pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"

namespace soteria::exec {

/// Null, a number or a text. Floating numbers are the integers that have their order.
using KeyCell = std::variant<std::monostate, int64_t, std::string>;
using Key = std::vector<KeyCell>;

/// Of an atom's type (IsAtom).
KeyCell ReadKeyCell(const arrow::Array& array, int64_t row);
base::Status AppendKeyCell(const KeyCell& cell, arrow::ArrayBuilder& builder);

void WriteKey(const Key& key, base::FieldWriter& out);
/// kProtocol unless each cell has its column's type or is null.
base::StatusOr<Key> ReadKey(const std::vector<std::shared_ptr<arrow::DataType>>& types,
                            base::FieldReader& in);

}  // namespace soteria::exec
