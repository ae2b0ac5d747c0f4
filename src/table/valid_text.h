// Strings whose bytes aren't UTF-8. Like Spark's, ours may be any bytes, which pass through
// filters, groups and files as they are; where somebody reads characters, each ill-formed sequence
// stands for U+FFFD, as Java decodes it. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::table {

/// The bytes of the character that begins with this byte, as Spark counts them; ill-formed text
/// included.
size_t CharacterBytes(char first);

/// Ill-formed sequences replaced as Java replaces them.
std::string ValidText(std::string_view bytes);

/// The same array or table when all its strings are UTF-8.
base::StatusOr<std::shared_ptr<arrow::Array>> WithValidText(
    const std::shared_ptr<arrow::Array>& array);
base::StatusOr<std::shared_ptr<arrow::Table>> WithValidText(std::shared_ptr<arrow::Table> table);

}  // namespace soteria::table
