// Columns that a folder's name makes, such as year=2023: their types as Spark infers them from the
// values in all names of a table, and their rows. Decimals aren't supported. Pure functions; any
// thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::table {

/// What Spark writes for null.
inline constexpr std::string_view kNullFolderKey = "__HIVE_DEFAULT_PARTITION__";

enum class FolderKey : uint8_t { kNull, kInt, kLong, kDecimal, kDouble, kDate, kString };

FolderKey InferFolderKey(std::string_view value);
/// Numbers widen, but a bigint and a double are a string, since digits would be lost; what has no
/// wider type is a string.
FolderKey Widest(FolderKey a, FolderKey b);
/// Not for a decimal.
std::shared_ptr<arrow::DataType> TypeOfFolderKey(FolderKey key);

/// The value in every row; `text` is as in the folder's name, nullopt for null. kProtocol when the
/// text isn't of the type.
base::StatusOr<std::shared_ptr<arrow::Array>> FolderKeyColumn(
    const std::shared_ptr<arrow::DataType>& type, const std::optional<std::string>& text,
    int64_t rows);

}  // namespace soteria::table
