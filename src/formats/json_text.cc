#include "src/formats/json_text.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/conditions.h"
#include "src/formats/json_column.h"
#include "src/formats/time_words.h"
#include "src/table/arrow_status.h"
#include "src/table/valid_text.h"

namespace soteria::formats {
namespace {

using Kind = JsonNode::Kind;
using TypePtr = std::shared_ptr<arrow::DataType>;

base::Status TooLarge(uint64_t bytes) {
  if (bytes <= kJsonTextsBytesMax) return base::OkStatus();
  return base::Fail(base::kMemoryLimit,
                    base::Cat("values of JSON texts take more than ", kJsonTextsBytesMax,
                              " bytes in one batch of them"));
}

base::Status ArrayAsStruct(std::string_view text) {
  return base::FailQuotingData(
      kArraysAsStructs,
      base::Cat(
          "Malformed records are detected in record parsing: ", text.substr(0, kShownBytesMax),
          ".\nParse Mode: FAILFAST. To process malformed records as null result, try setting "
          "the option 'mode' as 'PERMISSIVE'. Parsing JSON arrays as structs is "
          "forbidden."));
}

/// What both kinds of columns have.
class Texts : public JsonTexts {
 public:
  Texts(const TypePtr& type, const JsonReadOptions& options)
      : options_(options),
        tell_(TooLarge),
        room_(tell_, ValueBytes(*type), 0),
        parser_(options.syntax) {}

  base::Status Start() {
    SOTERIA_ASSIGN_OR_RETURN(rules_.words, WordsOf(options_.record));
    rules_.room = &room_;
    rules_.number_words = options_.syntax.words;
    rules_.copied_strings = true;
    return base::OkStatus();
  }

 protected:
  bool fails() const { return options_.record.mode == ParseMode::kFailFast; }
  static base::Status NotDone() {
    return base::Fail(base::kUnsupported,
                      "a time stamp without a day, which Spark takes for one of the day of "
                      "reading, or a date as days before 1582, is not supported: read it as a "
                      "string");
  }

  const JsonReadOptions& options_;
  const Room tell_;
  RowRoom room_;
  CellRules rules_;
  JsonParser parser_;
};

class Structs : public Texts {
 public:
  Structs(TypePtr type, const JsonReadOptions& options)
      : Texts(type, options), type_(std::move(type)), members_(Own()) {}

  base::Status Start() {
    SOTERIA_RETURN_IF_ERROR(Texts::Start());
    for (const auto& field : Own()) {
      SOTERIA_ASSIGN_OR_RETURN(columns_.emplace_back(), MakeJsonColumn(*field, rules_));
    }
    return base::OkStatus();
  }

  base::Status Append(std::string_view text) override {
    SOTERIA_RETURN_IF_ERROR(room_.Add(text.size()));
    const JsonParser::Outcome outcome = parser_.Parse(text);
    if (outcome == JsonParser::Outcome::kNothing) return AppendNull();
    SOTERIA_ARROW_RETURN(valid_.Append(true));
    if (outcome == JsonParser::Outcome::kMalformed ||
        parser_.nodes().front().kind != Kind::kObject) {
      const bool array =
          outcome == JsonParser::Outcome::kValue && parser_.nodes().front().kind == Kind::kArray;
      if (fails()) return array ? ArrayAsStruct(text) : MalformedText();
      for (const auto& column : columns_) SOTERIA_RETURN_IF_ERROR(column->AppendNull());
      return Corrupt(&text);
    }
    const JsonFit fit = members_.Append(parser_.nodes(), 0, columns_);
    if (fit == JsonFit::kNeedsToday) return NotDone();
    if (fit != JsonFit::kWhole && fails()) return MalformedText();
    return Corrupt(fit == JsonFit::kWhole ? nullptr : &text);
  }
  base::Status AppendNull() override {
    SOTERIA_ARROW_RETURN(valid_.Append(false));
    for (const auto& column : columns_) SOTERIA_RETURN_IF_ERROR(column->AppendNull());
    return Corrupt(nullptr);
  }
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish() override {
    arrow::ArrayVector arrays;
    size_t own = 0;
    const int corrupt = CorruptAt();
    for (int i = 0; i < type_->num_fields(); ++i) {
      std::shared_ptr<arrow::Array> array;
      if (i == corrupt) {
        SOTERIA_ARROW_RETURN(corrupt_.Finish(&array));
      } else {
        SOTERIA_ASSIGN_OR_RETURN(array, columns_[own++]->Finish());
      }
      arrays.push_back(std::move(array));
    }
    const int64_t length = valid_.length();
    std::shared_ptr<arrow::Buffer> bits;
    SOTERIA_ARROW_RETURN(valid_.Finish(&bits));
    return std::make_shared<arrow::StructArray>(type_, length, std::move(arrays), std::move(bits));
  }

 private:
  int CorruptAt() const {
    const auto& fields = type_->fields();
    const auto at = std::find_if(fields.begin(), fields.end(), [this](const auto& field) {
      return field->name() == options_.record.corrupt_column;
    });
    return at == fields.end() ? -1 : static_cast<int>(at - fields.begin());
  }
  arrow::FieldVector Own() const {
    arrow::FieldVector own = type_->fields();
    if (const int at = CorruptAt(); at >= 0) own.erase(own.begin() + at);
    return own;
  }
  base::Status Corrupt(const std::string_view* text) {
    if (CorruptAt() < 0) return base::OkStatus();
    if (text == nullptr) {
      SOTERIA_ARROW_RETURN(corrupt_.AppendNull());
    } else {
      SOTERIA_RETURN_IF_ERROR(room_.AddBytes(text->size()));
      SOTERIA_ARROW_RETURN(corrupt_.Append(table::ValidText(*text)));
    }
    return base::OkStatus();
  }

  const TypePtr type_;
  JsonMembers members_;
  std::vector<std::unique_ptr<JsonColumn>> columns_;
  arrow::StringBuilder corrupt_;
  arrow::TypedBufferBuilder<bool> valid_;
};

/// Arrays and maps, of which nothing stays that doesn't fit.
class Collections : public Texts {
 public:
  Collections(TypePtr type, const JsonReadOptions& options)
      : Texts(type, options), type_(std::move(type)) {}

  base::Status Start() {
    SOTERIA_RETURN_IF_ERROR(Texts::Start());
    SOTERIA_ASSIGN_OR_RETURN(column_, MakeJsonColumn(*arrow::field("", type_), rules_));
    return base::OkStatus();
  }
  base::Status Append(std::string_view text) override {
    SOTERIA_RETURN_IF_ERROR(room_.Add(text.size()));
    const JsonParser::Outcome outcome = parser_.Parse(text);
    if (outcome == JsonParser::Outcome::kNothing) return AppendNull();
    JsonFit fit = JsonFit::kNot;
    if (outcome == JsonParser::Outcome::kValue) {
      const JsonNodes& nodes = parser_.nodes();
      const bool one = nodes.front().kind == Kind::kObject && type_->id() == arrow::Type::LIST &&
                       type_->field(0)->type()->id() == arrow::Type::STRUCT;
      const bool null = nodes.front().kind == Kind::kNull;
      if (!null) fit = one ? column_->Append(AsArray(nodes), 0) : column_->Append(nodes, 0);
    }
    if (fit == JsonFit::kNeedsToday) return NotDone();
    if (fit != JsonFit::kWhole && fails()) return MalformedText();
    return fit == JsonFit::kNot ? AppendNull() : base::OkStatus();
  }
  base::Status AppendNull() override { return column_->AppendNull(); }
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish() override { return column_->Finish(); }

 private:
  /// An object stands for an array of it.
  const JsonNodes& AsArray(const JsonNodes& nodes) {
    array_.assign(1, JsonNode());
    array_.front().kind = Kind::kArray;
    array_.insert(array_.end(), nodes.begin(), nodes.end());
    for (size_t i = 1; i < array_.size(); ++i) ++array_[i].next;
    array_.front().next = static_cast<uint32_t>(array_.size());
    return array_;
  }

  const TypePtr type_;
  std::unique_ptr<JsonColumn> column_;
  JsonNodes array_;
};

template <class Column>
base::StatusOr<std::unique_ptr<JsonTexts>> Started(const TypePtr& type,
                                                   const JsonReadOptions& options) {
  auto column = std::make_unique<Column>(type, options);
  SOTERIA_RETURN_IF_ERROR(column->Start());
  return std::unique_ptr<JsonTexts>(std::move(column));
}

}  // namespace

base::Status MalformedText() {
  return base::Fail(kMalformedRecord,
                    "Malformed records are detected in record parsing: [null].\nParse Mode: "
                    "FAILFAST. To process malformed records as null result, try setting the option "
                    "'mode' as 'PERMISSIVE'. ");
}

base::StatusOr<std::unique_ptr<JsonTexts>> JsonTexts::Make(const TypePtr& type,
                                                           const JsonReadOptions& options) {
  const arrow::Schema schema(type->id() == arrow::Type::STRUCT
                                 ? type->fields()
                                 : arrow::FieldVector{arrow::field("value", type)});
  SOTERIA_RETURN_IF_ERROR(CheckJsonSchema(options, schema));
  if (type->id() == arrow::Type::STRUCT) return Started<Structs>(type, options);
  return Started<Collections>(type, options);
}

}  // namespace soteria::formats
