#include "src/formats/csv_put.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/cell_column.h"
#include "src/formats/csv_read.h"
#include "src/formats/csv_records.h"
#include "src/table/arrow_status.h"
#include "src/table/csv_value.h"
#include "src/table/text_value.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using arrow::Type;
using table::CsvKind;
using table::CsvType;
using table::InferCsvField;
using table::TypeName;

constexpr size_t kShownBytesMax = 100;  // of a cell, in an error

base::Status Error(int64_t line, size_t column, std::string_view what) {
  return base::Fail(base::kInput, base::Cat("CSV line ", line, ", column ", column, ": ", what));
}

/// What is between quotes or between separators; quotes make no difference, as in Spark.
std::string_view TextOf(const CsvCell& cell) {
  return cell.kind == CsvCell::Kind::kText ? cell.text : std::string_view();
}

bool IsNullText(std::string_view text, const PutCsvOptions& options) {
  return text.empty() || std::find(options.null_values.begin(), options.null_values.end(), text) !=
                             options.null_values.end();
}

base::Status CheckOptions(const PutCsvOptions& options) {
  if (options.delimiter == options.quote || options.delimiter == '\n' || options.quote == '\n' ||
      options.delimiter == '\r' || options.quote == '\r' || options.batch_rows < 1) {
    return base::Fail(base::kIllegalArgument, "CSV: delimiter, quote or batch size is not usable");
  }
  return base::OkStatus();
}

/// Names that clash even so are refused, as in Spark.
base::StatusOr<std::vector<std::string>> HeaderNames(const std::vector<CsvCell>& cells) {
  std::vector<std::string> header;
  for (const CsvCell& cell : cells) header.emplace_back(TextOf(cell));
  std::vector<std::string> names = CsvColumnNames(header, "");
  std::set<std::string> made;
  for (size_t i = 0; i < names.size(); ++i) {
    if (made.insert(base::Lower(names[i])).second) continue;
    return Error(1, i + 1,
                 base::Cat("the header makes two columns of the name '", names[i],
                           "' (case doesn't count): rename one"));
  }
  return names;
}

CsvCut CutOf(const PutCsvOptions& options) {
  CsvCut cut;
  cut.dialect.separator = std::string(1, options.delimiter);
  cut.dialect.quote = options.quote;
  cut.dialect.escape = options.quote;
  cut.dialect.escape_escape = '\0';
  cut.multi_line = true;
  cut.any_line_end = true;
  cut.columns_max = static_cast<size_t>(options.columns_max);
  cut.record_bytes_max = options.record_bytes_max;
  return cut;
}

/// Records of the body, all of the same number of fields, with the names of the columns.
class Body {
 public:
  Body(base::ReadableFile& file, const PutCsvOptions& options)
      : file_(file), columns_max_(options.columns_max), records_(file, CutOf(options)) {}

  base::Status Start(bool header) {
    char mark[2] = {};
    SOTERIA_ASSIGN_OR_RETURN(const size_t head, file_.ReadAt(0, mark));
    const std::string_view start(mark, head);
    if (start == "\xFF\xFE" || start == "\xFE\xFF") {
      return Error(1, 1, "the file is UTF-16, not UTF-8");
    }
    SOTERIA_ASSIGN_OR_RETURN(const bool any, NextRecord());
    if (!any) return base::Fail(base::kInput, "CSV line 1, column 1: the file is empty");
    if (header) {
      SOTERIA_ASSIGN_OR_RETURN(names_, HeaderNames(cells()));
    } else {
      for (size_t i = 0; i < cells().size(); ++i) names_.push_back(base::Cat("_c", i));
      pending_ = true;
    }
    return base::OkStatus();
  }

  base::StatusOr<bool> Next() {
    if (pending_) {
      pending_ = false;
      return true;
    }
    SOTERIA_ASSIGN_OR_RETURN(const bool any, NextRecord());
    if (any && cells().size() != names_.size()) {
      return Error(
          line(), std::min(cells().size(), names_.size()) + 1,
          base::Cat("the record has ", cells().size(), " fields, expected ", names_.size()));
    }
    return any;
  }

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<CsvCell>& cells() const { return records_.cells(); }
  int64_t line() const { return records_.line(); }

 private:
  base::StatusOr<bool> NextRecord() {
    for (;;) {
      const base::StatusOr<bool> any = records_.Next();
      if (base::Is(any.status(), base::kMemoryLimit)) return Error(line(), 1, "record is too long");
      if (!any.ok() || !*any) return any;
      const bool blank =
          cells().size() == 1 && !cells()[0].quoted && table::Trim(TextOf(cells()[0])).empty();
      if (!blank) break;
    }
    SOTERIA_RETURN_IF_ERROR(Check());
    return true;
  }

  base::Status Check() const {
    if (records_.too_many()) {
      return Error(line(), static_cast<size_t>(columns_max_) + 1, "too many columns");
    }
    if (records_.text_after_quote() > 0) {
      return Error(line(), records_.text_after_quote(), "text after a closing quote");
    }
    if (records_.unclosed()) return Error(line(), cells().size(), "quote is not closed");
    if (records_.is_text()) return base::OkStatus();
    size_t column = 0;  // the first with a character that stands for what isn't one
    while (column + 1 < cells().size() &&
           cells()[column].text.find("\xEF\xBF\xBD") == std::string_view::npos &&
           cells()[column].text.find('\0') == std::string_view::npos) {
      ++column;
    }
    return Error(line(), column + 1, "not valid UTF-8 text");
  }

  base::ReadableFile& file_;
  const int32_t columns_max_;
  CsvRecords records_;
  std::vector<std::string> names_;
  bool pending_ = false;
};

/// False when the text isn't a value of the column's type. A given schema may be of values that
/// Spark's reader takes for malformed and a cast reads: white space around them, "nan".
bool AppendText(CellColumn& column, const arrow::Field& field, std::string_view text) {
  int32_t days = 0;
  // As a date, the reader would leave out whatever follows one.
  if (field.type()->id() == Type::DATE32 && !table::ParseCsvDate(table::Trim(text), &days)) {
    return false;
  }
  if (column.Append(text) == CellOutcome::kValue) return true;
  if (column.Append(table::Trim(text)) == CellOutcome::kValue) return true;
  const Type::type type = field.type()->id();
  double value = 0;
  if ((type != Type::DOUBLE && type != Type::FLOAT) || !table::ParseDouble(text, &value)) {
    return false;
  }
  const char* const word = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  return column.Append(word) == CellOutcome::kValue;
}

base::Status NotThatType(int64_t line, size_t number, std::string_view text,
                         const arrow::Field& column) {
  int64_t ignored = 0;
  std::string_view why;
  if (column.type()->id() == Type::TIMESTAMP &&
      table::ParseTimestampIn(text, table::TimeZone(), &ignored) == table::TimeText::kNeedsToday) {
    why =
        ": it has no date, and Spark would take the day on which the file is read; give the "
        "columns' types with --schema, this one as STRING";
  }
  return base::FailQuotingData(
      base::kInput,
      base::Cat("CSV line ", line, ", column ", number, ": '", text.substr(0, kShownBytesMax),
                "' is not a ", TypeName(column), " (column '", column.name(), "')", why));
}

/// A given schema against the file's columns; the header's names must be the schema's.
base::Status CheckSchema(const arrow::Schema& schema, const std::vector<std::string>& names,
                         bool header) {
  if (static_cast<size_t>(schema.num_fields()) != names.size()) {
    return Error(
        1, std::min(static_cast<size_t>(schema.num_fields()), names.size()) + 1,
        base::Cat("the file has ", names.size(), " columns, the schema ", schema.num_fields()));
  }
  for (int i = 0; i < schema.num_fields(); ++i) {
    const arrow::Field& field = *schema.field(i);
    if (!IsCellType(field)) {
      return base::Fail(base::kUnsupported, base::Cat("CSV: column '", field.name(), "' of type ",
                                                      TypeName(field), " can't be read"));
    }
    if (header && base::Lower(field.name()) != base::Lower(names[static_cast<size_t>(i)])) {
      return Error(1, static_cast<size_t>(i) + 1,
                   base::Cat("the header says '", names[static_cast<size_t>(i)], "', the schema '",
                             field.name(), "'"));
    }
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Schema>> InferPutCsvSchema(base::ReadableFile& file,
                                                                 const PutCsvOptions& options) {
  SOTERIA_RETURN_IF_ERROR(CheckOptions(options));
  Body body(file, options);
  SOTERIA_RETURN_IF_ERROR(body.Start(options.header));
  std::vector<CsvType> types(body.names().size());
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, body.Next());
    if (!any) break;
    for (size_t i = 0; i < types.size(); ++i) {
      const std::string_view text = TextOf(body.cells()[i]);
      if (!IsNullText(text, options)) types[i] = InferCsvField(types[i], text);
    }
  }
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < types.size(); ++i) {
    fields.push_back(arrow::field(body.names()[i], ArrowTypeOf(types[i])));
  }
  return arrow::schema(std::move(fields));
}

struct PutCsvReader::Impl {
  Impl(base::ReadableFile& file, const PutCsvOptions& given)
      : options(given), body(file, options) {}

  base::Status AppendRecord() {
    for (size_t i = 0; i < builders.size(); ++i) {
      const std::string_view text = TextOf(body.cells()[i]);
      const arrow::Field& column = *schema->field(static_cast<int>(i));
      if (IsNullText(text, options)) {
        if (!column.nullable()) {
          return Error(body.line(), i + 1, base::Cat("'", column.name(), "' may not be missing"));
        }
        SOTERIA_RETURN_IF_ERROR(builders[i]->AppendNull());
      } else if (!AppendText(*builders[i], column, text)) {
        return NotThatType(body.line(), i + 1, text, column);
      }
    }
    return base::OkStatus();
  }

  PutCsvOptions options;
  Body body;
  std::shared_ptr<arrow::Schema> schema;
  CellRules rules;
  std::vector<std::unique_ptr<CellColumn>> builders;
  bool done = false;
};

PutCsvReader::PutCsvReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PutCsvReader::~PutCsvReader() = default;
const std::shared_ptr<arrow::Schema>& PutCsvReader::schema() const { return impl_->schema; }

base::StatusOr<std::unique_ptr<PutCsvReader>> PutCsvReader::Open(base::ReadableFile& file,
                                                                 const PutCsvOptions& options) {
  SOTERIA_RETURN_IF_ERROR(CheckOptions(options));
  auto impl = std::make_unique<Impl>(file, options);
  impl->schema = options.schema;
  if (impl->schema == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(impl->schema, InferPutCsvSchema(file, options));
  }
  SOTERIA_RETURN_IF_ERROR(impl->body.Start(options.header));
  SOTERIA_RETURN_IF_ERROR(CheckSchema(*impl->schema, impl->body.names(), options.header));
  for (const auto& field : impl->schema->fields()) {
    SOTERIA_ASSIGN_OR_RETURN(auto builder, MakeCellColumn(*field, impl->rules));
    impl->builders.push_back(std::move(builder));
  }
  return std::unique_ptr<PutCsvReader>(new PutCsvReader(std::move(impl)));
}

base::StatusOr<std::shared_ptr<arrow::RecordBatch>> PutCsvReader::Next() {
  int64_t rows = 0;
  while (!impl_->done && rows < impl_->options.batch_rows) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, impl_->body.Next());
    if (!any) {
      impl_->done = true;
      break;
    }
    SOTERIA_RETURN_IF_ERROR(impl_->AppendRecord());
    ++rows;
  }
  if (rows == 0) return std::shared_ptr<arrow::RecordBatch>();
  arrow::ArrayVector columns;
  for (const auto& builder : impl_->builders) {
    SOTERIA_ASSIGN_OR_RETURN(auto column, builder->Finish());
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(impl_->schema, rows, std::move(columns));
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadPutCsv(base::ReadableFile& file,
                                                         const PutCsvOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<PutCsvReader> reader,
                           PutCsvReader::Open(file, options));
  arrow::RecordBatchVector batches;
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(auto batch, reader->Next());
    if (batch == nullptr) break;
    batches.push_back(std::move(batch));
  }
  SOTERIA_ARROW_ASSIGN(auto table,
                       arrow::Table::FromRecordBatches(reader->schema(), std::move(batches)));
  return table;
}

}  // namespace soteria::formats
