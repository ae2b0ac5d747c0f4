#include "src/formats/file_write.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/cell_text.h"
#include "src/formats/conditions.h"
#include "src/formats/csv_write.h"
#include "src/formats/json_write.h"
#include "src/formats/orc_write.h"
#include "src/formats/packed.h"
#include "src/formats/write_options.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

/// Of a number with its separator, and of an escaped character; generous.
constexpr uint64_t kCellBytes = 28;
constexpr uint64_t kTextCopies = 2;

base::Status TooLong() {
  return base::Fail(base::kMemoryLimit, base::Cat("a file of more than ", kWrittenBytesMax,
                                                  " bytes: more partitions make smaller files"));
}

/// Calls `row(columns, i)` for each row, its columns in one piece.
template <class Row>
base::Status ForEach(const arrow::Table& table, Row row) {
  arrow::TableBatchReader reader(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (;;) {
    SOTERIA_ARROW_RETURN(reader.ReadNext(&batch));
    if (batch == nullptr) return base::OkStatus();
    const arrow::ArrayVector columns = batch->columns();
    for (int64_t i = 0; i < batch->num_rows(); ++i) SOTERIA_RETURN_IF_ERROR(row(columns, i));
  }
}

base::StatusOr<std::string> CsvBytes(const arrow::Table& table, const WriteOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(const CellTexts texts, CellTexts::Make(options, "CSV"));
  CsvLine line(options);
  std::string out;
  if (options.header) {
    for (const auto& field : table.schema()->fields()) line.Add(field->name());
    line.End(&out);
  }
  std::string value;
  SOTERIA_RETURN_IF_ERROR(
      ForEach(table, [&](const arrow::ArrayVector& columns, int64_t row) -> base::Status {
        for (const auto& column : columns) {
          if (column->IsNull(row)) {
            line.Add(std::nullopt);
            continue;
          }
          value.clear();
          SOTERIA_RETURN_IF_ERROR(texts.Append(*column, row, &value));
          line.Add(value);
        }
        line.End(&out);
        return out.size() > kWrittenBytesMax ? TooLong() : base::OkStatus();
      }));
  return out;
}

base::StatusOr<std::string> JsonBytes(const arrow::Table& table, const WriteOptions& options) {
  // Vectors as the structs that they are to Spark.
  SOTERIA_ASSIGN_OR_RETURN(
      const std::shared_ptr<arrow::Table> plain,
      table::ToSparkForm(arrow::Table::Make(table.schema(), table.columns(), table.num_rows())));
  SOTERIA_ASSIGN_OR_RETURN(const JsonObjects objects, JsonObjects::Make(options));
  const arrow::Schema& schema = *plain->schema();
  std::string out;
  SOTERIA_RETURN_IF_ERROR(
      ForEach(*plain, [&](const arrow::ArrayVector& columns, int64_t row) -> base::Status {
        SOTERIA_RETURN_IF_ERROR(objects.Append(schema, columns, row, &out));
        out += options.line_end;
        return out.size() > kWrittenBytesMax ? TooLong() : base::OkStatus();
      }));
  return out;
}

base::StatusOr<std::string> TextBytes(const arrow::Table& table, const WriteOptions& options) {
  std::string out;
  for (const auto& chunk : table.column(0)->chunks()) {
    const auto& lines = static_cast<const arrow::StringArray&>(*chunk);
    for (int64_t i = 0; i < lines.length(); ++i) {
      if (lines.IsValid(i)) out += lines.GetView(i);
      out += options.line_end;
      if (out.size() > kWrittenBytesMax) return TooLong();
    }
  }
  return out;
}

base::Status CheckText(const arrow::Schema& schema) {
  if (schema.num_fields() != 1) {
    return base::Fail(base::kAnalysis,
                      base::Cat("Text data source supports only a single column, and you have ",
                                schema.num_fields(), " columns."));
  }
  if (schema.field(0)->type()->id() == arrow::Type::STRING) return base::OkStatus();
  return base::Fail(kTypeForSource, base::Cat("The Text datasource doesn't support the column `",
                                              schema.field(0)->name(), "` of the type ",
                                              table::QuotedTypeName(*schema.field(0)), "."));
}

}  // namespace

base::Status CheckWriteSchema(std::string_view format, const arrow::Schema& schema) {
  if (format == "parquet") return base::OkStatus();
  if (format == "text") return CheckText(schema);
  if (format == "orc") return CheckOrcSchema(schema);
  for (const auto& field : schema.fields()) {
    const bool udt = !table::UdtOf(*field).empty();
    if (format == "json") {
      if (udt ? table::IsVector(*field) : IsJsonWritable(*field->type())) continue;
      return base::NotSupported(
          base::Cat("Writing the JSON column `", field->name(), "` as ", table::TypeName(*field)));
    }
    if (!udt && CellTexts::Has(*field->type())) continue;
    return base::Fail(kTypeForSource,
                      base::Cat("The CSV datasource doesn't support the column `", field->name(),
                                "` of the type ", table::QuotedTypeName(*field), "."));
  }
  return base::OkStatus();
}

base::StatusOr<std::string> WriteSuffix(std::string_view format, std::string_view options) {
  if (format == "parquet" || format == "orc") return base::Cat(".", format);
  SOTERIA_ASSIGN_OR_RETURN(const WriteOptions write, WriteOptions::Decode(options));
  return base::Cat(format == "text" ? ".txt" : base::Cat(".", format),
                   write.compression == "gzip" ? ".gz" : "");
}

base::StatusOr<uint64_t> WrittenBytesGuess(const arrow::Table& table, std::string_view options) {
  SOTERIA_ASSIGN_OR_RETURN(const WriteOptions write, WriteOptions::Decode(options));
  const auto rows = static_cast<uint64_t>(table.num_rows());
  const auto columns = static_cast<uint64_t>(table.num_columns()) + 1;
  const uint64_t text = kTextCopies * static_cast<uint64_t>(arrow::util::TotalBufferSize(table)) +
                        rows * columns * kCellBytes;
  // Packed text may be as long, and is there beside it.
  return write.compression == "gzip" ? 2 * text : text;
}

base::StatusOr<std::string> FileBytes(const arrow::Table& table, std::string_view format,
                                      std::string_view options) {
  SOTERIA_RETURN_IF_ERROR(CheckWriteSchema(format, *table.schema()));
  SOTERIA_ASSIGN_OR_RETURN(const WriteOptions write, WriteOptions::Decode(options));
  if (format == "orc") return WriteOrc(table, write.compression);
  std::string bytes;
  if (format == "csv") {
    SOTERIA_ASSIGN_OR_RETURN(bytes, CsvBytes(table, write));
  } else if (format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(bytes, JsonBytes(table, write));
  } else if (format == "text") {
    SOTERIA_ASSIGN_OR_RETURN(bytes, TextBytes(table, write));
  } else {
    return base::Fail(base::kProtocol, "unknown format of a write");
  }
  return write.compression == "gzip" ? Gzip(bytes) : std::move(bytes);
}

}  // namespace soteria::formats
