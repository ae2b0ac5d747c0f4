#include "src/table/csv.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <set>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/csv_scan.h"
#include "src/table/csv_value.h"
#include "src/table/text_value.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

using arrow::Type;

constexpr size_t kShownBytesMax = 100;  // of a cell, in an error

base::Status Error(int64_t line, size_t column, std::string_view what) {
  return base::Fail(base::kInput, base::Cat("CSV line ", line, ", column ", column, ": ", what));
}

/// Quotes make no difference, as in Spark.
bool IsNullText(const CsvField& field, const CsvOptions& options) {
  return field.text.empty() || std::find(options.null_values.begin(), options.null_values.end(),
                                         field.text) != options.null_values.end();
}

base::Status CheckOptions(const CsvOptions& options) {
  if (options.delimiter == options.quote || options.delimiter == '\n' || options.quote == '\n' ||
      options.delimiter == '\r' || options.quote == '\r' || options.batch_rows < 1) {
    return base::Fail(base::kIllegalArgument, "CSV: delimiter, quote or batch size is not usable");
  }
  return base::OkStatus();
}

/// Column names from the header: an empty one is _c<i>, a repeated one gets its position, as Spark
/// makes them; names that clash even so are refused, as there.
base::StatusOr<std::vector<std::string>> HeaderNames(const std::vector<CsvField>& fields) {
  std::multiset<std::string> seen;
  for (const CsvField& field : fields) seen.insert(base::Lower(field.text));
  std::vector<std::string> names;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].text.empty()) {
      names.push_back(base::Cat("_c", i));
    } else if (seen.count(base::Lower(fields[i].text)) > 1) {
      names.push_back(base::Cat(fields[i].text, i));
    } else {
      names.emplace_back(fields[i].text);
    }
  }
  std::set<std::string> made;
  for (size_t i = 0; i < names.size(); ++i) {
    if (made.insert(base::Lower(names[i])).second) continue;
    return Error(1, i + 1,
                 base::Cat("the header makes two columns of the name '", names[i],
                           "' (case doesn't count): rename one"));
  }
  return names;
}

/// Records of the body, all of the same number of fields, with the names of the columns.
class Body {
 public:
  Body(base::ReadableFile& file, const CsvOptions& options)
      : scanner_(file, options.delimiter, options.quote, options.record_bytes_max,
                 options.columns_max) {}

  base::Status Start(bool header) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, scanner_.Next());
    if (!any) return base::Fail(base::kInput, "CSV line 1, column 1: the file is empty");
    if (header) {
      SOTERIA_ASSIGN_OR_RETURN(names_, HeaderNames(scanner_.fields()));
    } else {
      for (size_t i = 0; i < scanner_.fields().size(); ++i) names_.push_back(base::Cat("_c", i));
      pending_ = true;
    }
    return base::OkStatus();
  }

  base::StatusOr<bool> Next() {
    if (pending_) {
      pending_ = false;
      return true;
    }
    SOTERIA_ASSIGN_OR_RETURN(const bool any, scanner_.Next());
    if (any && fields().size() != names_.size()) {
      return Error(
          line(), std::min(fields().size(), names_.size()) + 1,
          base::Cat("the record has ", fields().size(), " fields, expected ", names_.size()));
    }
    return any;
  }

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<CsvField>& fields() const { return scanner_.fields(); }
  int64_t line() const { return scanner_.line(); }

 private:
  CsvScanner scanner_;
  std::vector<std::string> names_;
  bool pending_ = false;
};

std::shared_ptr<arrow::DataType> ArrowTypeOf(CsvKind kind) {
  switch (kind) {
    case CsvKind::kInt:
      return arrow::int32();
    case CsvKind::kLong:
      return arrow::int64();
    case CsvKind::kDouble:
      return arrow::float64();
    case CsvKind::kDate:
      return arrow::date32();
    case CsvKind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case CsvKind::kBoolean:
      return arrow::boolean();
    case CsvKind::kNull:
    case CsvKind::kDecimal:
    case CsvKind::kString:
      return arrow::utf8();
  }
  return arrow::utf8();
}

/// The type of a column so far, and where it became a decimal.
struct Guess {
  CsvType type;
  int64_t decimal_line = 0;
  std::string decimal_text;

  void Add(std::string_view text, int64_t line) {
    const CsvKind before = type.kind;
    type = InferCsvField(type, text);
    if (type.kind == CsvKind::kDecimal && before != CsvKind::kDecimal) {
      decimal_line = line;
      decimal_text = text.substr(0, kShownBytesMax);
    }
  }
};

/// Spark makes a decimal of such a column; as a double its last digits would be lost unseen.
base::Status NoDecimals(const Guess& guess, size_t column, const std::string& name) {
  return base::FailQuotingData(
      base::kInput,
      base::Cat("CSV line ", guess.decimal_line, ", column ", column, ": '", guess.decimal_text,
                "' makes column '", name, "' a decimal(", guess.type.precision,
                ",0), which is not supported: give the columns' types with --schema, this one as "
                "STRING (identifiers), or as DOUBLE where its last digits don't matter"));
}

template <class Builder, class T>
bool AppendParsed(arrow::ArrayBuilder& builder, bool parsed, T value) {
  return parsed && static_cast<Builder&>(builder).Append(value).ok();
}

template <class Builder, class T>
bool AppendInteger(arrow::ArrayBuilder& builder, std::string_view text) {
  int64_t value = 0;
  const bool parsed = ParseInteger(text, &value) && value == static_cast<T>(value);
  return AppendParsed<Builder>(builder, parsed, static_cast<T>(value));
}

/// False when the text isn't a value of the builder's type.
bool AppendText(arrow::ArrayBuilder& builder, std::string_view text) {
  switch (builder.type()->id()) {
    case Type::STRING:
      return static_cast<arrow::StringBuilder&>(builder).Append(text).ok();
    case Type::INT8:
      return AppendInteger<arrow::Int8Builder, int8_t>(builder, text);
    case Type::INT16:
      return AppendInteger<arrow::Int16Builder, int16_t>(builder, text);
    case Type::INT32:
      return AppendInteger<arrow::Int32Builder, int32_t>(builder, text);
    case Type::INT64:
      return AppendInteger<arrow::Int64Builder, int64_t>(builder, text);
    case Type::DOUBLE: {
      double value = 0;
      const bool parsed = ParseCsvDouble(text, &value) || ParseDouble(text, &value);
      return AppendParsed<arrow::DoubleBuilder>(builder, parsed, value);
    }
    case Type::FLOAT: {
      double value = 0;
      const bool parsed = ParseCsvDouble(text, &value) || ParseDouble(text, &value);
      return AppendParsed<arrow::FloatBuilder>(builder, parsed, static_cast<float>(value));
    }
    case Type::BOOL: {
      const std::string lower = base::Lower(Trim(text));
      const bool parsed = lower == "true" || lower == "false";
      return AppendParsed<arrow::BooleanBuilder>(builder, parsed, lower == "true");
    }
    case Type::DATE32: {
      int32_t days = 0;
      const bool parsed = ParseCsvDate(Trim(text), &days);
      return AppendParsed<arrow::Date32Builder>(builder, parsed, days);
    }
    case Type::TIMESTAMP: {
      int64_t micros = 0;
      const bool parsed = ParseCsvTime(text, &micros) == CsvTime::kInstant;
      return AppendParsed<arrow::TimestampBuilder>(builder, parsed, micros);
    }
    default:
      return false;
  }
}

base::Status NotThatType(int64_t line, size_t number, std::string_view text,
                         const arrow::Field& column) {
  int64_t ignored = 0;
  std::string_view why;
  if (column.type()->id() == Type::TIMESTAMP) {
    const CsvTime time = ParseCsvTime(text, &ignored);
    if (time == CsvTime::kTimeOfDay) {
      why =
          ": it has no date, and Spark would take the day on which the file is read; give the "
          "columns' types with --schema, this one as STRING";
    } else if (time == CsvTime::kNamedZone) {
      why =
          ": time zones by name are not supported; write an offset such as +01:00, or give the "
          "columns' types with --schema, this one as STRING";
    }
  }
  return base::FailQuotingData(
      base::kInput,
      base::Cat("CSV line ", line, ", column ", number, ": '", text.substr(0, kShownBytesMax),
                "' is not a ", TypeName(column), " (column '", column.name(), "')", why));
}

bool IsReadable(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::STRING:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::BOOL:
    case Type::DATE32:
      return true;
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::MICRO;
    default:
      return false;
  }
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
    if (!IsReadable(*field.type()) || !UdtOf(field).empty()) {
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

base::StatusOr<std::shared_ptr<arrow::Schema>> InferCsvSchema(base::ReadableFile& file,
                                                              const CsvOptions& options) {
  SOTERIA_RETURN_IF_ERROR(CheckOptions(options));
  Body body(file, options);
  SOTERIA_RETURN_IF_ERROR(body.Start(options.header));
  std::vector<Guess> guesses(body.names().size());
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, body.Next());
    if (!any) break;
    for (size_t i = 0; i < guesses.size(); ++i) {
      const CsvField& field = body.fields()[i];
      if (!IsNullText(field, options)) guesses[i].Add(field.text, body.line());
    }
  }
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < guesses.size(); ++i) {
    const CsvKind kind = guesses[i].type.kind;
    if (kind == CsvKind::kDecimal) return NoDecimals(guesses[i], i + 1, body.names()[i]);
    fields.push_back(arrow::field(body.names()[i], ArrowTypeOf(kind)));
  }
  return arrow::schema(std::move(fields));
}

struct CsvReader::Impl {
  Impl(base::ReadableFile& file, const CsvOptions& given) : options(given), body(file, options) {}

  base::Status AppendRecord() {
    for (size_t i = 0; i < builders.size(); ++i) {
      const CsvField& field = body.fields()[i];
      const arrow::Field& column = *schema->field(static_cast<int>(i));
      if (IsNullText(field, options)) {
        if (!column.nullable()) {
          return Error(body.line(), i + 1, base::Cat("'", column.name(), "' may not be missing"));
        }
        SOTERIA_ARROW_RETURN(builders[i]->AppendNull());
      } else if (!AppendText(*builders[i], field.text)) {
        return NotThatType(body.line(), i + 1, field.text, column);
      }
    }
    return base::OkStatus();
  }

  CsvOptions options;
  Body body;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders;
  bool done = false;
};

CsvReader::CsvReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CsvReader::~CsvReader() = default;
const std::shared_ptr<arrow::Schema>& CsvReader::schema() const { return impl_->schema; }

base::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(base::ReadableFile& file,
                                                           const CsvOptions& options) {
  SOTERIA_RETURN_IF_ERROR(CheckOptions(options));
  auto impl = std::make_unique<Impl>(file, options);
  impl->schema = options.schema;
  if (impl->schema == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(impl->schema, InferCsvSchema(file, options));
  }
  SOTERIA_RETURN_IF_ERROR(impl->body.Start(options.header));
  SOTERIA_RETURN_IF_ERROR(CheckSchema(*impl->schema, impl->body.names(), options.header));
  for (const auto& field : impl->schema->fields()) {
    SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(field->type()));
    impl->builders.push_back(std::move(builder));
  }
  return std::unique_ptr<CsvReader>(new CsvReader(std::move(impl)));
}

base::StatusOr<std::shared_ptr<arrow::RecordBatch>> CsvReader::Next() {
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
    SOTERIA_ARROW_ASSIGN(auto column, builder->Finish());
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(impl_->schema, rows, std::move(columns));
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadCsv(base::ReadableFile& file,
                                                      const CsvOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<CsvReader> reader, CsvReader::Open(file, options));
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

}  // namespace soteria::table
