#include "src/formats/csv_read.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/cell_column.h"
#include "src/formats/conditions.h"
#include "src/formats/csv_cells.h"
#include "src/formats/csv_records.h"
#include "src/formats/reader_rows.h"
#include "src/formats/time_words.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using table::CsvKind;
using table::CsvType;

constexpr size_t kNamesBytesMax = size_t{16} << 20;

CsvCut CutOf(const CsvReadOptions& options) {
  CsvCut cut;
  cut.dialect = options.dialect;
  cut.multi_line = options.record.multi_line;
  cut.line_end = options.record.line_end;
  cut.columns_max = options.columns_max;
  return cut;
}

/// Of rows, or of a schema.
base::Status TooManyColumns(const CsvReadOptions& options, bool rows) {
  return base::FailQuotingData(
      rows ? table::kFailedReadFile : kMalformedCsv,
      base::Cat("a record of a CSV file has more than ", options.columns_max,
                " values: raise the option maxColumns"));
}

class Rows {
 public:
  Rows(const CsvReadOptions& options, const arrow::Schema& schema, const Room& room,
       uint64_t text_bytes)
      : options_(options), schema_(schema), room_(room, RowBytes(schema), TextRoom(text_bytes)) {}

  base::Status Start() {
    SOTERIA_ASSIGN_OR_RETURN(rules_, CsvRulesOf(options_));
    for (const auto& field : schema_.fields()) {
      const bool corrupt = field->name() == options_.record.corrupt_column && corrupt_ == nullptr;
      SOTERIA_ASSIGN_OR_RETURN(auto column, MakeCellColumn(*field, rules_));
      (corrupt ? corrupt_ : columns_.emplace_back()) = column.get();
      all_.push_back(std::move(column));
    }
    parts_.resize(all_.size());
    return base::OkStatus();
  }

  base::Status Add(const CsvRecords& records) {
    const std::vector<CsvCell>& cells = records.cells();
    bool bad = cells.size() != columns_.size();
    if (bad && options_.record.mode == ParseMode::kDropMalformed) return base::OkStatus();
    SOTERIA_RETURN_IF_ERROR(room_.Add(records.raw().size()));
    SOTERIA_ASSIGN_OR_RETURN(const bool good, AppendCells(cells, options_, columns_));
    bad = !good;
    if (bad && options_.record.mode == ParseMode::kFailFast) return FailFast(records.raw());
    if (corrupt_ != nullptr) {
      if (bad) {
        corrupt_->Append(records.raw());
      } else {
        SOTERIA_RETURN_IF_ERROR(corrupt_->AppendNull());
      }
    }
    if (bad && options_.record.mode == ParseMode::kDropMalformed) dropped_.push_back(rows_);
    ++rows_;
    bytes_ += records.raw().size();
    return rows_ < kChunkRows && bytes_ < kChunkBytes ? base::OkStatus() : Cut();
  }

  base::StatusOr<std::shared_ptr<arrow::Table>> Finish() {
    SOTERIA_RETURN_IF_ERROR(Cut());
    for (size_t i = 0; i < all_.size(); ++i) {  // at least one chunk, be it empty
      if (!parts_[i].empty()) continue;
      SOTERIA_ASSIGN_OR_RETURN(const auto empty, all_[i]->Finish());
      parts_[i].push_back(empty);
    }
    arrow::ChunkedArrayVector columns;
    for (size_t i = 0; i < all_.size(); ++i) {
      columns.push_back(std::make_shared<arrow::ChunkedArray>(
          std::move(parts_[i]), schema_.field(static_cast<int>(i))->type()));
    }
    return arrow::Table::Make(arrow::schema(schema_.fields()), std::move(columns), total_);
  }

 private:
  /// Ends a chunk: what is there without the rows that are dropped.
  base::Status Cut() {
    if (rows_ == 0) return base::OkStatus();
    for (size_t i = 0; i < all_.size(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const auto array, all_[i]->Finish());
      int64_t from = 0;
      for (const int64_t dropped : dropped_) {
        if (dropped > from) parts_[i].push_back(array->Slice(from, dropped - from));
        from = dropped + 1;
      }
      if (from < rows_) parts_[i].push_back(array->Slice(from, rows_ - from));
    }
    total_ += rows_ - static_cast<int64_t>(dropped_.size());
    rows_ = 0;
    bytes_ = 0;
    dropped_.clear();
    return base::OkStatus();
  }

  const CsvReadOptions& options_;
  const arrow::Schema& schema_;
  RowRoom room_;
  CellRules rules_;
  std::vector<std::unique_ptr<CellColumn>> all_;  // in the schema's order
  std::vector<CellColumn*> columns_;              // those of the file
  CellColumn* corrupt_ = nullptr;
  std::vector<arrow::ArrayVector> parts_;
  std::vector<int64_t> dropped_;
  int64_t rows_ = 0;  // since the last cut
  uint64_t bytes_ = 0;
  int64_t total_ = 0;
};

/// With enforceSchema = false a header has the schema's names.
base::Status CheckHeader(const CsvReadOptions& options, const CsvRecords& records,
                         const arrow::Schema& schema) {
  if (options.enforce_schema) return base::OkStatus();
  const base::Status differs =
      base::FailQuotingData(table::kFailedReadFile, "CSV header does not conform to the schema.");
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) {
    if (field->name() != options.record.corrupt_column) names.push_back(field->name());
  }
  if (records.cells().size() != names.size()) return differs;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!base::EqualIgnoringCase(TokenOf(records.cells()[i], options), names[i])) return differs;
  }
  return base::OkStatus();
}

}  // namespace

base::Status CheckCsvSchema(const CsvReadOptions& options, const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (field->name() == options.record.corrupt_column &&
        field->type()->id() != arrow::Type::STRING) {
      return base::Fail(kCorruptRecordType,
                        base::Cat("The column `", field->name(),
                                  "` for corrupt records must have the nullable STRING type, but "
                                  "got ",
                                  table::QuotedTypeName(*field), "."));
    }
    if (IsCellType(*field)) continue;
    if (field->type()->id() == arrow::Type::TIMESTAMP) {
      return base::NotSupported(
          base::Cat("Reading the CSV column `", field->name(), "` as ", table::TypeName(*field)));
    }
    return base::Fail(kTypeForSource,
                      base::Cat("The CSV datasource doesn't support the column `", field->name(),
                                "` of the type ", table::QuotedTypeName(*field), "."));
  }
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadCsv(FilePart part, const CsvReadOptions& options,
                                                      const arrow::Schema& schema,
                                                      const Room& room) {
  CsvRecords records(part, CutOf(options));
  Rows rows(options, schema, room, part.bytes());
  SOTERIA_RETURN_IF_ERROR(rows.Start());
  bool header = options.header && part.begin == 0;
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, records.Next());
    if (!any) break;
    if (records.too_many()) return TooManyColumns(options, true);
    if (header) {
      SOTERIA_RETURN_IF_ERROR(CheckHeader(options, records, schema));
      header = false;
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(rows.Add(records));
  }
  return rows.Finish();
}

std::string CsvHead::Encode() const {
  base::FieldWriter out;
  out.AddBool(any).Add(line).AddU64(names.size());
  for (const std::string& name : names) out.Add(name);
  return out.Take();
}

base::StatusOr<CsvHead> CsvHead::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  CsvHead head;
  SOTERIA_ASSIGN_OR_RETURN(head.any, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(head.line, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t names, in.NextU64());
  for (uint64_t i = 0; i < names; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in.Next());
    head.names.emplace_back(name);
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return head;
}

base::StatusOr<CsvHead> ReadCsvHead(FilePart part, const CsvReadOptions& options) {
  CsvRecords records(part, CutOf(options));
  CsvHead head;
  SOTERIA_ASSIGN_OR_RETURN(head.any, records.Next());
  if (!head.any) return head;
  if (records.too_many()) return TooManyColumns(options, false);
  if (records.raw().size() > kNamesBytesMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("the first record of a CSV file has more than ",
                                                    kNamesBytesMax, " bytes"));
  }
  head.line = records.raw();
  for (const CsvCell& cell : records.cells()) {
    head.names.emplace_back(options.header ? TokenOf(cell, options) : std::string_view());
  }
  return head;
}

base::StatusOr<std::string> CsvTypesOf(FilePart part, const CsvReadOptions& options,
                                       const CsvHead& head) {
  SOTERIA_ASSIGN_OR_RETURN(const CellRules rules, CsvRulesOf(options));
  std::vector<CsvType> types(head.names.size());
  CsvRecords records(part, CutOf(options));
  // Of a file that is read line by line, Spark leaves out each line that is the header's; of
  // another one its first record.
  bool first = options.header && options.record.multi_line;
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, records.Next());
    if (!any) break;
    if (records.too_many()) return TooManyColumns(options, false);
    if (std::exchange(first, false)) continue;
    if (options.header && !options.record.multi_line && records.raw() == head.line) continue;
    const size_t columns = std::min(types.size(), records.cells().size());
    for (size_t i = 0; i < columns; ++i) {
      const std::string_view token = TokenOf(records.cells()[i], options);
      if (token.empty() || token == options.null_value) continue;
      types[i] = table::InferCsvField(types[i], token, rules.words);
    }
  }
  base::FieldWriter out;
  for (const CsvType& type : types) {
    out.AddU64(static_cast<uint64_t>(type.kind)).AddU64(static_cast<uint64_t>(type.precision));
  }
  return out.Take();
}

namespace {

base::StatusOr<std::vector<CsvType>> TypesFrom(std::string_view bytes) {
  std::vector<CsvType> types;
  base::FieldReader in(bytes);
  while (!in.AtEnd()) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, in.NextU64());
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t precision, in.NextU64());
    if (kind > static_cast<uint64_t>(CsvKind::kString) || precision > 38) {
      return base::Fail(base::kProtocol, "an unknown type of a CSV column");
    }
    types.push_back({static_cast<CsvKind>(kind), static_cast<int>(precision)});
  }
  return types;
}

}  // namespace

base::StatusOr<std::string> MergeCsvTypes(const CsvReadOptions& options, std::string_view a,
                                          std::string_view b) {
  SOTERIA_ASSIGN_OR_RETURN(const table::CsvWords words, WordsOf(options.record));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<CsvType> types, TypesFrom(a));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<CsvType> others, TypesFrom(b));
  if (types.size() != others.size()) {
    return base::Fail(base::kProtocol, "parts of a CSV schema differ in columns");
  }
  base::FieldWriter out;
  for (size_t i = 0; i < types.size(); ++i) {
    const CsvType type = table::JoinCsvTypes(types[i], others[i], words.dates_are_timestamps);
    out.AddU64(static_cast<uint64_t>(type.kind)).AddU64(static_cast<uint64_t>(type.precision));
  }
  return out.Take();
}

std::vector<std::string> CsvColumnNames(const std::vector<std::string>& header,
                                        const std::string& null_value) {
  std::map<std::string, int> seen;
  for (const std::string& name : header) ++seen[base::Lower(name)];
  std::vector<std::string> names;
  for (size_t i = 0; i < header.size(); ++i) {
    if (header[i].empty() || header[i] == null_value) {
      names.push_back(base::Cat("_c", i));
    } else if (seen[base::Lower(header[i])] > 1) {
      names.push_back(base::Cat(header[i], i));
    } else {
      names.push_back(header[i]);
    }
  }
  return names;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> CsvSchema(const CsvReadOptions& options,
                                                         const CsvHead& head,
                                                         std::string_view types) {
  std::vector<CsvType> found(head.names.size(), CsvType{CsvKind::kString});
  if (!types.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(found, TypesFrom(types));
  }
  if (found.size() != head.names.size()) {
    return base::Fail(base::kProtocol, "the types of a CSV schema aren't those of its columns");
  }
  const std::vector<std::string> names = CsvColumnNames(head.names, options.null_value);
  arrow::FieldVector fields;
  std::set<std::string> made;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!made.insert(base::Lower(names[i])).second) {
      return base::FailQuotingData(
          table::kColumnExists,
          base::Cat("The column `", base::Lower(names[i]),
                    "` already exists. Choose another name or rename the existing column."));
    }
    fields.push_back(arrow::field(names[i], ArrowTypeOf(found[i])));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace soteria::formats
