#include "src/formats/json_read.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/conditions.h"
#include "src/formats/json_column.h"
#include "src/formats/json_records.h"
#include "src/formats/reader_rows.h"
#include "src/formats/time_words.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::formats {
namespace {

base::Status NotDone() {
  return base::FailQuotingData(
      base::kUnsupported,
      "a time stamp without a day, which Spark takes for one of the day of reading, or a date as "
      "days before 1582, is not supported: read the column as a string");
}

/// Whether there is a map anywhere whose keys are no texts.
bool HasOtherKeys(const arrow::DataType& type) {
  const bool other =
      type.id() == arrow::Type::MAP &&
      static_cast<const arrow::MapType&>(type).key_type()->id() != arrow::Type::STRING;
  return other || std::any_of(type.fields().begin(), type.fields().end(),
                              [](const auto& field) { return HasOtherKeys(*field->type()); });
}

class Rows {
 public:
  Rows(const JsonReadOptions& options, const arrow::Schema& schema, const Room& room,
       uint64_t text_bytes)
      : options_(options),
        schema_(schema),
        room_(room, RowBytes(schema), TextRoom(text_bytes)),
        members_(OwnFields(options, schema)) {}

  base::Status Start() {
    SOTERIA_ASSIGN_OR_RETURN(rules_.words, WordsOf(options_.record));
    rules_.room = &room_;
    rules_.number_words = options_.syntax.words;
    for (int i = 0; i < schema_.num_fields(); ++i) {
      if (schema_.field(i)->name() == options_.record.corrupt_column && corrupt_at_ < 0) {
        corrupt_at_ = i;
        continue;
      }
      SOTERIA_ASSIGN_OR_RETURN(auto column, MakeJsonColumn(*schema_.field(i), rules_));
      columns_.push_back(std::move(column));
    }
    parts_.resize(static_cast<size_t>(schema_.num_fields()));
    return base::OkStatus();
  }

  /// The rows of one record: an object, or the elements of an array.
  base::Status Add(JsonParser& parser, std::string_view record) {
    size_t end = 0;
    if (options_.record.multi_line) {
      const JsonParser::Outcome outcome = parser.Check(record, &end);
      if (outcome == JsonParser::Outcome::kNothing) return base::OkStatus();
      if (outcome == JsonParser::Outcome::kMalformed) return Malformed(record);
      const size_t first = WithoutByteOrderMark(record).find_first_not_of(" \t\r\n");
      if (WithoutByteOrderMark(record)[first] == '[') return Elements(parser, record);
    }
    const JsonParser::Outcome outcome = parser.Parse(record);
    if (outcome == JsonParser::Outcome::kNothing) return base::OkStatus();
    if (outcome == JsonParser::Outcome::kMalformed) return Malformed(record);
    const JsonNode& root = parser.nodes().front();
    if (root.kind == JsonNode::Kind::kArray) return Elements(parser, record);
    if (root.kind != JsonNode::Kind::kObject) return Malformed(record);
    return One(parser.nodes(), 0, record);
  }

  base::StatusOr<std::shared_ptr<arrow::Table>> Finish() {
    if (rows_ > 0 || total_ == 0) SOTERIA_RETURN_IF_ERROR(Cut());
    arrow::ChunkedArrayVector columns;
    for (size_t i = 0; i < parts_.size(); ++i) {
      columns.push_back(std::make_shared<arrow::ChunkedArray>(
          std::move(parts_[i]), schema_.field(static_cast<int>(i))->type()));
    }
    return arrow::Table::Make(arrow::schema(schema_.fields()), std::move(columns), total_);
  }

 private:
  static arrow::FieldVector OwnFields(const JsonReadOptions& options, const arrow::Schema& schema) {
    arrow::FieldVector own;
    bool corrupt = false;
    for (const auto& field : schema.fields()) {
      if (field->name() == options.record.corrupt_column && !std::exchange(corrupt, true)) continue;
      own.push_back(field);
    }
    return own;
  }

  /// Whether the rows of a malformed record stay. kPermissive only.
  base::StatusOr<bool> Stays(std::string_view record) const {
    if (options_.record.mode == ParseMode::kFailFast) return FailFast(record);
    return options_.record.mode == ParseMode::kPermissive;
  }

  base::Status Malformed(std::string_view record) {
    SOTERIA_ASSIGN_OR_RETURN(const bool stays, Stays(record));
    if (!stays) return base::OkStatus();
    SOTERIA_RETURN_IF_ERROR(room_.Add(record.size()));
    for (const auto& column : columns_) SOTERIA_RETURN_IF_ERROR(column->AppendNull());
    return EndRow(&record, record.size());
  }

  base::Status One(const JsonNodes& nodes, size_t object, std::string_view record) {
    if (options_.record.mode != ParseMode::kPermissive) {
      const JsonFit fit = members_.Fits(nodes, object, columns_);
      if (fit == JsonFit::kNeedsToday) return NotDone();
      if (fit != JsonFit::kWhole) return Stays(record).status();
    }
    SOTERIA_RETURN_IF_ERROR(room_.Add(nodes[object].raw.size()));
    const JsonFit fit = members_.Append(nodes, object, columns_);
    if (fit == JsonFit::kNeedsToday) return NotDone();
    return EndRow(fit == JsonFit::kWhole ? nullptr : &record, nodes[object].raw.size());
  }

  /// All of them or, where one is no object, none; one that fits partly spoils the record.
  base::Status Elements(JsonParser& parser, std::string_view record) {
    bool partly = false;
    for (const bool append : {false, true}) {
      parser.StartArray(record);
      for (;;) {
        const JsonParser::Outcome outcome = parser.NextElement();
        if (outcome == JsonParser::Outcome::kNothing) break;
        if (outcome == JsonParser::Outcome::kMalformed) return Malformed(record);
        const JsonNodes& nodes = parser.nodes();
        if (nodes.front().kind != JsonNode::Kind::kObject) return Malformed(record);
        if (!append) {
          const JsonFit fit = members_.Fits(nodes, 0, columns_);
          if (fit == JsonFit::kNeedsToday) return NotDone();
          partly = partly || fit != JsonFit::kWhole;
          continue;
        }
        SOTERIA_RETURN_IF_ERROR(room_.Add(nodes.front().raw.size()));
        members_.Append(nodes, 0, columns_);
        SOTERIA_RETURN_IF_ERROR(EndRow(partly ? &record : nullptr, nodes.front().raw.size()));
      }
      if (!append && partly) {
        SOTERIA_ASSIGN_OR_RETURN(const bool stays, Stays(record));
        if (!stays) return base::OkStatus();
      }
    }
    return base::OkStatus();
  }

  base::Status EndRow(const std::string_view* corrupt, uint64_t bytes) {
    if (corrupt_at_ >= 0) {
      if (corrupt != nullptr) {
        SOTERIA_RETURN_IF_ERROR(room_.AddBytes(corrupt->size()));
        SOTERIA_ARROW_RETURN(corrupt_.Append(table::ValidText(*corrupt)));
        bytes += corrupt->size();
      } else {
        SOTERIA_ARROW_RETURN(corrupt_.AppendNull());
      }
    }
    ++rows_;
    bytes_ += bytes;
    return rows_ < kChunkRows && bytes_ < kChunkBytes ? base::OkStatus() : Cut();
  }

  base::Status Cut() {
    size_t own = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (static_cast<int>(i) == corrupt_at_) {
        std::shared_ptr<arrow::Array> array;
        SOTERIA_ARROW_RETURN(corrupt_.Finish(&array));
        parts_[i].push_back(std::move(array));
        continue;
      }
      SOTERIA_ASSIGN_OR_RETURN(auto array, columns_[own++]->Finish());
      parts_[i].push_back(std::move(array));
    }
    total_ += rows_;
    rows_ = 0;
    bytes_ = 0;
    return base::OkStatus();
  }

  const JsonReadOptions& options_;
  const arrow::Schema& schema_;
  RowRoom room_;
  CellRules rules_;
  JsonMembers members_;
  std::vector<std::unique_ptr<JsonColumn>> columns_;
  int corrupt_at_ = -1;
  arrow::StringBuilder corrupt_;
  std::vector<arrow::ArrayVector> parts_;
  int64_t rows_ = 0;
  uint64_t bytes_ = 0;
  int64_t total_ = 0;
};

}  // namespace

base::Status CheckJsonSchema(const JsonReadOptions& options, const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (field->name() == options.record.corrupt_column &&
        field->type()->id() != arrow::Type::STRING) {
      return base::Fail(kCorruptRecordType,
                        base::Cat("The column `", field->name(),
                                  "` for corrupt records must have the nullable STRING type, but "
                                  "got ",
                                  table::QuotedTypeName(*field), "."));
    }
    if (HasOtherKeys(*field->type())) {
      return base::Fail(
          kJsonMapKey,
          base::Cat("Input schema \"", table::SqlTypeName(*arrow::struct_(schema.fields())),
                    "\" can only contain STRING as a key type for a MAP."));
    }
    if (!IsJsonType(*field)) {
      return base::NotSupported(
          base::Cat("Reading the JSON column `", field->name(), "` as ", table::TypeName(*field)));
    }
  }
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadJson(FilePart part,
                                                       const JsonReadOptions& options,
                                                       const arrow::Schema& schema,
                                                       const Room& room) {
  JsonRecords records(part, options.record);
  JsonParser parser(options.syntax);
  Rows rows(options, schema, room, part.bytes());
  SOTERIA_RETURN_IF_ERROR(rows.Start());
  std::string_view record;
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, records.Next(&record));
    if (!any) return rows.Finish();
    SOTERIA_RETURN_IF_ERROR(rows.Add(parser, record));
  }
}

}  // namespace soteria::formats
