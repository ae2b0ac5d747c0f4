// Files of text as Spark's readers have them, by the name of the format: "csv", "json", "libsvm",
// "text". Options are checked once, where a script's plan is analysed, and travel as bytes. A
// schema that the files' contents make is made in passes: in each, every file gives its part, parts
// are merged in the order of the files, and what they make says whether there is another pass. Pure
// functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

/// The kernel that merges parts of a schema; its bytes are EncodePass.
inline constexpr char kSchemaKernel[] = "formats.schema";

/// Whether it is one of the formats that are read here; Parquet is storage's.
bool IsReadable(std::string_view format);

/// The options of a reader, checked. Errors: kIllegalArgument, kUnsupported.
base::StatusOr<std::string> EncodeReadOptions(std::string_view format, const OptionMap& options,
                                              const ReaderDefaults& defaults);

/// The schema that the format has whatever the files hold; nullptr where contents make it.
base::StatusOr<std::shared_ptr<arrow::Schema>> FixedSchema(std::string_view format,
                                                           std::string_view options);
/// Whether the format can be read as these columns.
base::Status CheckSchema(std::string_view format, std::string_view options,
                         const arrow::Schema& schema);

/// A pass over the files, and its format and options.
struct Pass {
  std::string format;
  std::string options;
  std::string bytes;
};
std::string EncodePass(const Pass& pass);
base::StatusOr<Pass> DecodePass(std::string_view bytes);

base::StatusOr<Pass> FirstPass(std::string_view format, std::string_view options);
/// One file's part.
base::StatusOr<std::string> PartOf(base::ReadableFile& file, const Pass& pass);
base::StatusOr<std::string> MergeParts(const Pass& pass, const std::vector<std::string>& parts);
/// What a pass over all files made: the next pass, or the schema.
struct AfterPass {
  std::optional<Pass> next;
  std::shared_ptr<arrow::Schema> schema;
};
base::StatusOr<AfterPass> Finish(const Pass& pass, std::string_view merged);

/// What ReadFile tells its room before it begins.
uint64_t RoomOf(const base::ReadableFile& file);
/// The rows of one file. `room`, if there is one, has been told RoomOf(file); it is told again when
/// the rows take more than that.
base::StatusOr<std::shared_ptr<arrow::Table>> ReadFile(base::ReadableFile& file,
                                                       std::string_view format,
                                                       std::string_view options,
                                                       const arrow::Schema& schema,
                                                       const Room& room = nullptr);

}  // namespace soteria::formats
