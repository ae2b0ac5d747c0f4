#include "src/formats/text_read.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/formats/lines.h"
#include "src/formats/option_reader.h"
#include "src/formats/reader_rows.h"
#include "src/formats/window.h"
#include "src/table/arrow_status.h"

namespace soteria::formats {
namespace {

/// A string of a column has 31 bits for its bytes.
constexpr uint64_t kWholeBytesMax = uint64_t{1} << 30;

}  // namespace

base::StatusOr<TextReadOptions> ParseTextReadOptions(const OptionMap& options) {
  OptionReader reader(options, "text");
  TextReadOptions read;
  SOTERIA_RETURN_IF_ERROR(reader.Flag("wholetext", &read.whole));
  SOTERIA_RETURN_IF_ERROR(reader.Encoding());
  if (const std::string* own = reader.Find("linesep"); own != nullptr) {
    if (own->empty() || own->size() > 128) {
      return base::Fail(base::kIllegalArgument,
                        "The text option `lineSep` must have 1 to 128 characters");
    }
    read.line_end = *own;
  }
  reader.NoEffect("compression");
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return read;
}

std::string TextReadOptions::Encode() const {
  base::FieldWriter out;
  out.AddBool(whole).Add(line_end);
  return out.Take();
}

base::StatusOr<TextReadOptions> TextReadOptions::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  TextReadOptions options;
  SOTERIA_ASSIGN_OR_RETURN(options.whole, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(options.line_end, in.Next());
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return options;
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadText(FilePart part,
                                                       const TextReadOptions& options,
                                                       const arrow::Schema& schema,
                                                       const Room& room) {
  RowRoom rows_room(room, RowBytes(schema), TextRoom(part.bytes()));
  arrow::StringBuilder rows;
  arrow::ArrayVector chunks;
  std::shared_ptr<arrow::Array> chunk;
  if (options.whole) {
    if (part.bytes() > kWholeBytesMax) {
      return base::Fail(base::kMemoryLimit,
                        base::Cat("a file that is read as one text has ", part.bytes(), " bytes"));
    }
    SOTERIA_ASSIGN_OR_RETURN(const std::string text, ReadWhole(part.file));
    SOTERIA_ARROW_RETURN(rows.Append(text));
  } else {
    Lines lines(part, options.line_end);
    std::string_view line;
    for (;;) {
      SOTERIA_ASSIGN_OR_RETURN(const bool any, lines.Next(&line));
      if (!any) break;
      SOTERIA_RETURN_IF_ERROR(rows_room.Add(line.size()));
      SOTERIA_ARROW_RETURN(rows.Append(line));
      if (static_cast<uint64_t>(rows.value_data_length()) < kChunkBytes) continue;
      SOTERIA_ARROW_RETURN(rows.Finish(&chunk));
      chunks.push_back(std::move(chunk));
    }
  }
  SOTERIA_ARROW_RETURN(rows.Finish(&chunk));
  chunks.push_back(std::move(chunk));
  return arrow::Table::Make(arrow::schema(schema.fields()),
                            {std::make_shared<arrow::ChunkedArray>(std::move(chunks))});
}

}  // namespace soteria::formats
