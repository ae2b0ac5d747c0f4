// Columns that a folder's name makes, such as year=2023: their types as Spark infers them from the
// values in all names of a table, and their rows. Decimals and time stamps aren't supported. Pure
// functions; any thread.
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

enum class FolderKey : uint8_t {
  kNull,
  kInt,
  kLong,
  kDecimal,
  kDouble,
  kDate,
  kTimestamp,
  kString
};

FolderKey InferFolderKey(std::string_view value);
/// The name of a folder as Spark writes it: characters that a path can't have are %XX; no value, or
/// one without characters, is null's.
std::string FolderKeyName(std::string_view column, std::optional<std::string_view> value);
/// What FolderKeyName made %XX of; as in Spark, XX is the number of a character below U+0100.
std::string UnescapedFolderKey(std::string_view text);
/// Numbers widen, but a bigint and a double are a string, since digits would be lost; what has no
/// wider type is a string.
FolderKey Widest(FolderKey a, FolderKey b);
/// Not for a decimal or a time stamp.
std::shared_ptr<arrow::DataType> TypeOfFolderKey(FolderKey key);

/// The value in every row; `text` is as in the folder's name, nullopt for null. kProtocol when the
/// text isn't of the type.
base::StatusOr<std::shared_ptr<arrow::Array>> FolderKeyColumn(
    const std::shared_ptr<arrow::DataType>& type, const std::optional<std::string>& text,
    int64_t rows);

}  // namespace soteria::table
