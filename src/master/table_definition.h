// What a stored table is besides its files: its columns, their format, which of them name folders.
// The definition lies beside the files, as one that only an enclave makes, so that a table is there
// for the next job as this one left it. Pure functions; any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"

namespace soteria::master {

/// In the table's folder; no reader takes a file of such a name for rows.
inline constexpr char kDefinitionFile[] = "_soteria_table";
inline constexpr uint64_t kDefinitionBytesMax = uint64_t{1} << 20;

struct TableDefinition {
  std::string format;                               // "parquet", or one of formats/formats.h
  std::shared_ptr<arrow::Schema> schema = {};       // the keys last; all may be null, no metadata
  std::vector<std::string> keys = {};               // of folders
  std::map<std::string, std::string> options = {};  // of readers and writers, names in lower case
  std::optional<std::string> comment = {};
  std::map<std::string, std::string> comments = {};  // of columns
};

/// kUnsupported for a schema without a text, kIllegalArgument for one that is too long.
base::StatusOr<std::string> EncodeDefinition(const TableDefinition& definition);
/// kProtocol.
base::StatusOr<TableDefinition> DecodeDefinition(std::string_view bytes);

}  // namespace soteria::master
