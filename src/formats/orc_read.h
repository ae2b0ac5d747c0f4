// ORC files as rows, as Spark's native reader has them: a file says its columns itself. Decoded by
// our own code (docs/decisions: ORC), a column of a stripe after another, only those that are asked
// for, and within the room that is told before it is taken. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

struct OrcReadOptions {
  bool by_place = false;  // orc.force.positional.evolution

  std::string Encode() const;
  static base::StatusOr<OrcReadOptions> Decode(std::string_view bytes);
};

base::StatusOr<OrcReadOptions> ParseOrcReadOptions(const OptionMap& options);

/// The file's columns as Spark's; nullptr for a file without any, as a file that got no row may be.
/// Errors: kFailedReadFile, kUnsupported.
base::StatusOr<std::shared_ptr<arrow::Schema>> OrcSchema(base::ReadableFile& file);

/// The rows under the schema (table/conform.h); columns of a file that names none (_col0) are
/// theirs by place. Errors: kFailedReadFile, kMemoryLimit, kUnsupported.
base::StatusOr<std::shared_ptr<arrow::Table>> ReadOrc(base::ReadableFile& file,
                                                      const OrcReadOptions& options,
                                                      const arrow::Schema& schema,
                                                      const Room& room = nullptr);

}  // namespace soteria::formats
