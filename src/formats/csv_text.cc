#include "src/formats/csv_text.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/conditions.h"
#include "src/formats/csv_cells.h"
#include "src/formats/csv_read.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::formats {
namespace {

/// A line end that no text has: Spark asks for one of a noncharacter.
constexpr char kNoLineEnd[] = "\xFF";

base::Status TooLarge(uint64_t bytes) {
  if (bytes <= kCsvTextsBytesMax) return base::OkStatus();
  return base::Fail(base::kMemoryLimit,
                    base::Cat("values of CSV texts take more than ", kCsvTextsBytesMax,
                              " bytes in one batch of them"));
}

base::Status Tangled() {
  return base::FailQuotingData(
      base::kUnsupported,
      "a CSV value with quotes and escapes nested as deep as this one is not supported");
}

/// Whether the text has no record: nothing, or a comment.
bool IsNothing(std::string_view text, const CsvReadOptions& options) {
  const char comment = options.dialect.comment;
  return text.empty() || (comment != '\0' && text.front() == comment);
}

base::Status CheckTypes(const CsvReadOptions& options, const arrow::DataType& type) {
  for (const auto& field : type.fields()) {
    const bool corrupt = field->name() == options.record.corrupt_column;
    if (corrupt && field->type()->id() != arrow::Type::STRING) {
      return CheckCsvSchema(options, arrow::Schema({field}));
    }
    if (IsCellType(*field)) continue;
    if (field->type()->id() == arrow::Type::TIMESTAMP) {
      return CheckCsvSchema(options, arrow::Schema({field}));
    }
    return base::Fail(kUnsupportedDatatype,
                      base::Cat("Unsupported data type ", table::QuotedTypeName(*field), "."));
  }
  return base::OkStatus();
}

}  // namespace

CsvTexts::CsvTexts(std::shared_ptr<arrow::DataType> type, const CsvReadOptions& options)
    : type_(std::move(type)),
      options_(options),
      tell_(TooLarge),
      room_(tell_, ValueBytes(*type_), 0),
      tokens_(options.dialect, CsvLineEnd::kGiven, kNoLineEnd) {}

CsvTexts::~CsvTexts() = default;

base::StatusOr<std::unique_ptr<CsvTexts>> CsvTexts::Make(
    const std::shared_ptr<arrow::DataType>& type, const CsvReadOptions& options) {
  SOTERIA_RETURN_IF_ERROR(CheckTypes(options, *type));
  std::unique_ptr<CsvTexts> texts(new CsvTexts(type, options));
  SOTERIA_RETURN_IF_ERROR(texts->Start());
  return texts;
}

base::Status CsvTexts::Start() {
  SOTERIA_ASSIGN_OR_RETURN(rules_, CsvRulesOf(options_));
  for (const auto& field : type_->fields()) {
    const bool corrupt = field->name() == options_.record.corrupt_column && corrupt_ == nullptr;
    SOTERIA_ASSIGN_OR_RETURN(auto column, MakeCellColumn(*field, rules_));
    (corrupt ? corrupt_ : columns_.emplace_back()) = column.get();
    all_.push_back(std::move(column));
  }
  arrow::util::InitializeUTF8();
  return base::OkStatus();
}

base::Status CsvTexts::Append(std::string_view text) {
  SOTERIA_RETURN_IF_ERROR(room_.Add(text.size()));
  std::string made;
  if (!arrow::util::ValidateUTF8(text)) {
    made = table::ValidText(text);
    text = made;
  }
  const bool fails = options_.record.mode == ParseMode::kFailFast;
  valid_.push_back(true);
  bool good = false;
  const bool nothing = IsNothing(text, options_);
  if (nothing) {
    for (CellColumn* const column : columns_) SOTERIA_RETURN_IF_ERROR(column->AppendNull());
  } else {
    size_t taken = 0;
    const auto outcome = tokens_.Take(text, true, options_.columns_max, &taken);
    if (outcome == CsvTokens::Outcome::kTangled) return Tangled();
    SOTERIA_ASSIGN_OR_RETURN(good, AppendCells(tokens_.cells(), options_, columns_));
    good = good && outcome != CsvTokens::Outcome::kTooMany;
  }
  if (!good && fails) {
    return base::FailQuotingData(
        kMalformedRecord,
        base::Cat("Malformed records are detected in record parsing: [",
                  text.substr(0, kShownBytesMax),
                  "].\nParse Mode: FAILFAST. To process malformed records as null result, try "
                  "setting the option 'mode' as 'PERMISSIVE'. "));
  }
  if (corrupt_ == nullptr) return base::OkStatus();
  if (good || nothing) return corrupt_->AppendNull();
  corrupt_->Append(text);
  return base::OkStatus();
}

base::Status CsvTexts::AppendNull() {
  valid_.push_back(false);
  for (const auto& column : all_) SOTERIA_RETURN_IF_ERROR(column->AppendNull());
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Array>> CsvTexts::Finish() {
  arrow::ArrayVector arrays;
  for (const auto& column : all_) {
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), column->Finish());
  }
  arrow::TypedBufferBuilder<bool> bits;
  for (const bool valid : valid_) SOTERIA_ARROW_RETURN(bits.Append(valid));
  const auto length = static_cast<int64_t>(valid_.size());
  valid_.clear();
  std::shared_ptr<arrow::Buffer> buffer;
  SOTERIA_ARROW_RETURN(bits.Finish(&buffer));
  return std::make_shared<arrow::StructArray>(type_, length, std::move(arrays), std::move(buffer));
}

base::StatusOr<std::shared_ptr<arrow::DataType>> CsvTypeOfText(std::string_view text,
                                                               const CsvReadOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(const CellRules rules, CsvRulesOf(options));
  if (IsNothing(text, options)) {
    return base::Fail(base::kInternal, "a CSV text without a record has no schema");
  }
  CsvTokens tokens(options.dialect, CsvLineEnd::kGiven, kNoLineEnd);
  size_t taken = 0;
  const auto outcome = tokens.Take(text, true, options.columns_max, &taken);
  if (outcome == CsvTokens::Outcome::kTangled) return Tangled();
  arrow::FieldVector fields;
  for (const CsvCell& cell : tokens.cells()) {
    const std::string_view token = TokenOf(cell, options);
    table::CsvType type;
    if (!token.empty() && token != options.null_value) {
      type = table::InferCsvField(type, token, rules.words);
    }
    fields.push_back(arrow::field(base::Cat("_c", fields.size()), ArrowTypeOf(type)));
  }
  return arrow::struct_(std::move(fields));
}

}  // namespace soteria::formats
