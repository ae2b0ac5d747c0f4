// Files as Spark's readers have them, by the name of the format: "csv", "json", "libsvm" and
// "text", which are text, and "orc". Options are checked once, where a script's plan is analysed,
// and travel as bytes. A schema that the contents of text make is made in passes: in each, every
// file, or part of a large one, gives its share, shares are merged in order, and what they make
// says whether there is another pass. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/file_part.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

/// The kernel that merges shares of a schema; its bytes are EncodePass.
inline constexpr char kSchemaKernel[] = "formats.schema";

/// Whether it is one of the formats that are read here; Parquet is storage's.
bool IsReadable(std::string_view format);
/// Whether its files say their columns, and which rows there are: "orc" and "parquet".
bool SaysItsColumns(std::string_view format);

/// The options of a reader, checked. Errors: kIllegalArgument, kUnsupported.
base::StatusOr<std::string> EncodeReadOptions(std::string_view format, const OptionMap& options,
                                              const ReaderDefaults& defaults);

/// The schema that the format has whatever the files hold; nullptr where contents make it.
base::StatusOr<std::shared_ptr<arrow::Schema>> FixedSchema(std::string_view format,
                                                           std::string_view options);
/// Whether files of this name may be read in parts: a record is a line of them, and they aren't
/// packed.
base::StatusOr<bool> HasParts(std::string_view name, std::string_view format,
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
/// One file's share, or a part's.
base::StatusOr<std::string> ShareOf(FilePart part, const Pass& pass);
base::StatusOr<std::string> MergeShares(const Pass& pass, const std::vector<std::string>& shares);
/// What a pass over all files made: the next pass, or the schema.
struct AfterPass {
  std::optional<Pass> next;
  std::shared_ptr<arrow::Schema> schema;
};
base::StatusOr<AfterPass> Finish(const Pass& pass, std::string_view merged);

/// What ReadFile tells its room before it begins.
uint64_t RoomOf(FilePart part);
/// The rows of one file, or of a part of one that HasParts. `room`, if there is one, has been told
/// RoomOf(part), but for ORC; it is told again when the rows take more than that.
base::StatusOr<std::shared_ptr<arrow::Table>> ReadFile(FilePart part, std::string_view format,
                                                       std::string_view options,
                                                       const arrow::Schema& schema,
                                                       const Room& room = nullptr);

}  // namespace soteria::formats
