#include "src/formats/json_column.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>

#include "src/base/errors.h"
#include "src/formats/json_copy.h"
#include "src/formats/time_words.h"
#include "src/table/arrow_status.h"
#include "src/table/csv_value.h"
#include "src/table/decimal.h"
#include "src/table/text_value.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using arrow::Type;
using Kind = JsonNode::Kind;

template <class T>
bool ParseWhole(std::string_view text, T* value) {
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, *value);
  return read.ec == std::errc() && read.ptr == end;
}

/// A number as the nearest double or float.
template <class T>
T Nearest(std::string_view text) {
  double wide = 0;
  float narrow = 0;
  if constexpr (std::is_same_v<T, float>) {
    table::ParseFloat(text, &narrow);
    return narrow;
  } else {
    table::ParseDouble(text, &wide);
    return wide;
  }
}

/// A column without others in it. Convert gives a value of the builder's.
template <class Builder, class T>
class LeafColumn : public JsonColumn {
 public:
  explicit LeafColumn(const std::shared_ptr<arrow::DataType>& type)
      : builder_(type, arrow::default_memory_pool()) {}

  JsonFit Fits(const JsonNodes& nodes, size_t node) override {
    T value{};
    return nodes[node].kind == Kind::kNull ? JsonFit::kWhole : Convert(nodes[node], &value);
  }
  JsonFit Append(const JsonNodes& nodes, size_t node) override {
    if (nodes[node].kind == Kind::kNull) {
      Keep(builder_.AppendNull());
      return JsonFit::kWhole;
    }
    T value{};
    const JsonFit fit = Convert(nodes[node], &value);
    if (fit == JsonFit::kWhole) Keep(builder_.Append(value));
    return fit;
  }
  base::Status AppendNull() override {
    Keep(builder_.AppendNull());
    return status_;
  }
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish() override {
    SOTERIA_RETURN_IF_ERROR(status_);
    std::shared_ptr<arrow::Array> array;
    SOTERIA_ARROW_RETURN(builder_.Finish(&array));
    return array;
  }

 protected:
  virtual JsonFit Convert(const JsonNode& node, T* value) const = 0;

 private:
  void Keep(const arrow::Status& status) {
    if (!status.ok() && status_.ok()) status_ = table::FromArrow(status);
  }
  Builder builder_;
  base::Status status_;
};

template <class Builder, class T>
class IntegerLeaf : public LeafColumn<Builder, T> {
 public:
  using LeafColumn<Builder, T>::LeafColumn;
  JsonFit Convert(const JsonNode& node, T* value) const override {
    int64_t wide = 0;
    if (node.kind != Kind::kInteger || !ParseWhole(node.text, &wide)) return JsonFit::kNot;
    // Jackson takes what fits in 8 bits with a sign or without one.
    const bool byte = sizeof(T) == 1 && wide >= INT8_MIN && wide <= UINT8_MAX;
    if (!byte && wide != static_cast<T>(wide)) return JsonFit::kNot;
    *value = static_cast<T>(wide);
    return JsonFit::kWhole;
  }
};

template <class Builder, class T>
class FractionLeaf : public LeafColumn<Builder, T> {
 public:
  using LeafColumn<Builder, T>::LeafColumn;
  JsonFit Convert(const JsonNode& node, T* value) const override {
    int64_t whole = 0;
    switch (node.kind) {
      case Kind::kInteger:
        // -0 is the integer 0.
        *value = ParseWhole(node.text, &whole) ? static_cast<T>(whole) : Nearest<T>(node.text);
        return JsonFit::kWhole;
      case Kind::kFraction:
        if (!ParseWhole(node.text, value)) *value = Nearest<T>(node.text);
        return JsonFit::kWhole;
      case Kind::kWord:
      case Kind::kString:
        break;
      default:
        return JsonFit::kNot;
    }
    const std::string_view text = node.text;
    if (text == "NaN") {
      *value = std::numeric_limits<T>::quiet_NaN();
    } else if (text == "+INF" || text == "+Infinity" || text == "Infinity") {
      *value = std::numeric_limits<T>::infinity();
    } else if (text == "-INF" || text == "-Infinity") {
      *value = -std::numeric_limits<T>::infinity();
    } else {
      return JsonFit::kNot;
    }
    return node.kind == Kind::kWord || words_ ? JsonFit::kWhole : JsonFit::kNot;
  }
  void set_words(bool words) { words_ = words; }

 private:
  bool words_ = true;  // allowNonNumericNumbers
};

class DecimalLeaf : public LeafColumn<arrow::Decimal128Builder, arrow::Decimal128> {
 public:
  explicit DecimalLeaf(const std::shared_ptr<arrow::DataType>& type)
      : LeafColumn(type), shape_(table::ShapeOf(*type)) {}
  JsonFit Convert(const JsonNode& node, arrow::Decimal128* value) const override {
    const bool number = node.kind == Kind::kInteger || node.kind == Kind::kFraction;
    if (!number && (node.kind != Kind::kString || node.text.empty())) return JsonFit::kNot;
    const auto decimal = table::ParseFormattedDecimal(node.text, shape_);
    if (!decimal.has_value()) return JsonFit::kNot;
    *value = table::ToArrow(*decimal);
    return JsonFit::kWhole;
  }

 private:
  table::DecimalShape shape_;
};

class BooleanLeaf : public LeafColumn<arrow::BooleanBuilder, bool> {
 public:
  using LeafColumn::LeafColumn;
  JsonFit Convert(const JsonNode& node, bool* value) const override {
    if (node.kind != Kind::kTrue && node.kind != Kind::kFalse) return JsonFit::kNot;
    *value = node.kind == Kind::kTrue;
    return JsonFit::kWhole;
  }
};

/// Strings, and whatever else there is as it is written.
class StringLeaf : public LeafColumn<arrow::StringBuilder, std::string_view> {
 public:
  using LeafColumn::LeafColumn;
  JsonFit Convert(const JsonNode& node, std::string_view* value) const override {
    *value = node.kind == Kind::kString ? node.text : node.raw;
    return JsonFit::kWhole;
  }
};

/// Strings, and whatever else there is written anew.
class CopiedStrings : public JsonColumn {
 public:
  JsonFit Fits(const JsonNodes& /*nodes*/, size_t /*node*/) override { return JsonFit::kWhole; }
  JsonFit Append(const JsonNodes& nodes, size_t node) override {
    const JsonNode& value = nodes[node];
    if (value.kind == Kind::kNull) {
      Keep(builder_.AppendNull());
    } else if (value.kind == Kind::kString) {
      Keep(builder_.Append(value.text));
    } else {
      copy_.clear();
      AppendJsonCopy(nodes, node, &copy_);
      Keep(builder_.Append(copy_));
    }
    return JsonFit::kWhole;
  }
  base::Status AppendNull() override {
    Keep(builder_.AppendNull());
    return status_;
  }
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish() override {
    SOTERIA_RETURN_IF_ERROR(status_);
    std::shared_ptr<arrow::Array> array;
    SOTERIA_ARROW_RETURN(builder_.Finish(&array));
    return array;
  }

 private:
  void Keep(const arrow::Status& status) {
    if (!status.ok() && status_.ok()) status_ = table::FromArrow(status);
  }
  arrow::StringBuilder builder_;
  std::string copy_;
  base::Status status_;
};

class DateLeaf : public LeafColumn<arrow::Date32Builder, int32_t> {
 public:
  DateLeaf(const std::shared_ptr<arrow::DataType>& type, const table::CsvWords& words)
      : LeafColumn(type), words_(words) {}
  JsonFit Convert(const JsonNode& node, int32_t* value) const override {
    if (node.kind != Kind::kString || node.text.empty()) return JsonFit::kNot;
    if (DateOf(node.text, words_, value)) return JsonFit::kWhole;
    if (words_.date) return JsonFit::kNot;
    // Days since 1970 as text, of Spark 1.5; before 1582 those of another calendar.
    int64_t days = 0;
    constexpr int64_t kFirst = -141'427;
    if (!table::ParseJavaInteger(node.text, &days) || days != static_cast<int32_t>(days)) {
      return JsonFit::kNot;
    }
    *value = static_cast<int32_t>(days);
    return days >= kFirst ? JsonFit::kWhole : JsonFit::kNeedsToday;
  }

 private:
  const table::CsvWords& words_;
};

class TimestampLeaf : public LeafColumn<arrow::TimestampBuilder, int64_t> {
 public:
  TimestampLeaf(const std::shared_ptr<arrow::DataType>& type, const table::CsvWords& words)
      : LeafColumn(type), words_(words) {}
  JsonFit Convert(const JsonNode& node, int64_t* value) const override {
    if (node.kind == Kind::kInteger) {
      int64_t seconds = 0;
      if (!ParseWhole(node.text, &seconds)) return JsonFit::kNot;
      *value = static_cast<int64_t>(static_cast<uint64_t>(seconds) * 1'000'000U);
      return JsonFit::kWhole;
    }
    if (node.kind != Kind::kString || node.text.empty()) return JsonFit::kNot;
    const table::TimeText outcome = TimestampOf(node.text, words_, value);
    return outcome == table::TimeText::kValue        ? JsonFit::kWhole
           : outcome == table::TimeText::kNeedsToday ? JsonFit::kNeedsToday
                                                     : JsonFit::kNot;
  }

 private:
  const table::CsvWords& words_;
};

JsonFit Worse(JsonFit a, JsonFit b) {
  if (a == JsonFit::kNeedsToday || b == JsonFit::kNeedsToday) return JsonFit::kNeedsToday;
  return std::max(a, b);
}

class StructColumn : public JsonColumn {
 public:
  StructColumn(std::shared_ptr<arrow::DataType> type,
               std::vector<std::unique_ptr<JsonColumn>> columns)
      : type_(std::move(type)), members_(type_->fields()), columns_(std::move(columns)) {}

  JsonFit Fits(const JsonNodes& nodes, size_t node) override {
    if (nodes[node].kind == Kind::kNull) return JsonFit::kWhole;
    if (nodes[node].kind != Kind::kObject) return JsonFit::kNot;
    return members_.Fits(nodes, node, columns_);
  }
  JsonFit Append(const JsonNodes& nodes, size_t node) override {
    if (nodes[node].kind == Kind::kNull) {
      status_.Update(AppendNull());
      return JsonFit::kWhole;
    }
    if (nodes[node].kind != Kind::kObject) return JsonFit::kNot;
    valid_.push_back(true);
    return members_.Append(nodes, node, columns_);
  }
  base::Status AppendNull() override {
    valid_.push_back(false);
    for (const auto& column : columns_) SOTERIA_RETURN_IF_ERROR(column->AppendNull());
    return base::OkStatus();
  }
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish() override {
    SOTERIA_RETURN_IF_ERROR(status_);
    arrow::ArrayVector arrays;
    for (const auto& column : columns_) {
      SOTERIA_ASSIGN_OR_RETURN(auto array, column->Finish());
      arrays.push_back(std::move(array));
    }
    arrow::TypedBufferBuilder<bool> bits;
    for (const bool valid : valid_) SOTERIA_ARROW_RETURN(bits.Append(valid));
    const auto length = static_cast<int64_t>(valid_.size());
    valid_.clear();
    std::shared_ptr<arrow::Buffer> buffer;
    SOTERIA_ARROW_RETURN(bits.Finish(&buffer));
    return std::make_shared<arrow::StructArray>(type_, length, std::move(arrays),
                                                std::move(buffer));
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  JsonMembers members_;
  std::vector<std::unique_ptr<JsonColumn>> columns_;
  std::vector<bool> valid_;
  base::Status status_;
};

/// An array, or a map, whose keys are an object's names, be one there twice.
class ListColumn : public JsonColumn {
 public:
  ListColumn(std::shared_ptr<arrow::DataType> type, std::unique_ptr<JsonColumn> elements,
             RowRoom* room)
      : type_(std::move(type)),
        map_(type_->id() == Type::MAP),
        elements_(std::move(elements)),
        room_(room),
        element_bytes_(ValueBytes(*type_->field(0)->type())) {}

  JsonFit Fits(const JsonNodes& nodes, size_t node) override {
    if (nodes[node].kind == Kind::kNull) return JsonFit::kWhole;
    if (nodes[node].kind != (map_ ? Kind::kObject : Kind::kArray)) return JsonFit::kNot;
    JsonFit fit = JsonFit::kWhole;
    for (size_t element = node + 1; element < nodes[node].next; element = nodes[element].next) {
      fit = Worse(fit, elements_->Fits(nodes, element));
    }
    return fit;
  }
  JsonFit Append(const JsonNodes& nodes, size_t node) override {
    if (nodes[node].kind == Kind::kNull) {
      status_.Update(AppendNull());
      return JsonFit::kWhole;
    }
    // An element that doesn't fit takes the whole array with it.
    const JsonFit fit = Fits(nodes, node);
    if (fit == JsonFit::kNot || fit == JsonFit::kNeedsToday) return fit;
    if (!HasRoom(nodes, node)) return JsonFit::kNot;
    for (size_t element = node + 1; element < nodes[node].next; element = nodes[element].next) {
      elements_->Append(nodes, element);
      if (map_) status_.Update(Named(nodes[element].name));
      ++length_;
    }
    ends_.push_back(length_);
    valid_.push_back(true);
    return fit;
  }
  base::Status AppendNull() override {
    ends_.push_back(length_);
    valid_.push_back(false);
    return base::OkStatus();
  }
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish() override {
    SOTERIA_RETURN_IF_ERROR(status_);
    if (length_ > std::numeric_limits<int32_t>::max()) {
      return base::Fail(base::kMemoryLimit, "arrays of a JSON file have too many elements");
    }
    SOTERIA_ASSIGN_OR_RETURN(auto elements, elements_->Finish());
    arrow::TypedBufferBuilder<int32_t> offsets;
    arrow::TypedBufferBuilder<bool> bits;
    SOTERIA_ARROW_RETURN(offsets.Append(0));
    for (const int64_t end : ends_) {
      SOTERIA_ARROW_RETURN(offsets.Append(static_cast<int32_t>(end)));
    }
    for (const bool valid : valid_) SOTERIA_ARROW_RETURN(bits.Append(valid));
    const auto length = static_cast<int64_t>(valid_.size());
    ends_.clear();
    valid_.clear();
    length_ = 0;
    std::shared_ptr<arrow::Buffer> offset_buffer;
    std::shared_ptr<arrow::Buffer> bit_buffer;
    SOTERIA_ARROW_RETURN(offsets.Finish(&offset_buffer));
    SOTERIA_ARROW_RETURN(bits.Finish(&bit_buffer));
    if (map_) {
      SOTERIA_ARROW_ASSIGN(auto keys, keys_.Finish());
      return std::make_shared<arrow::MapArray>(type_, length, std::move(offset_buffer),
                                               std::move(keys), std::move(elements),
                                               std::move(bit_buffer));
    }
    return std::make_shared<arrow::ListArray>(type_, length, std::move(offset_buffer),
                                              std::move(elements), std::move(bit_buffer));
  }

 private:
  base::Status Named(std::string_view key) {
    SOTERIA_ARROW_RETURN(keys_.Append(key));
    return base::OkStatus();
  }

  const std::shared_ptr<arrow::DataType> type_;
  const bool map_;
  arrow::StringBuilder keys_;
  /// Elements of many columns take more than their text: the room is asked before they are made.
  bool HasRoom(const JsonNodes& nodes, size_t node) {
    if (room_ == nullptr) return true;
    uint64_t count = 0;
    for (size_t element = node + 1; element < nodes[node].next; element = nodes[element].next) {
      ++count;
    }
    status_.Update(room_->AddBytes(count * element_bytes_));
    return status_.ok();
  }

  const std::unique_ptr<JsonColumn> elements_;
  RowRoom* const room_;
  const uint64_t element_bytes_;
  int64_t length_ = 0;
  std::vector<int64_t> ends_;
  std::vector<bool> valid_;
  base::Status status_;
};

template <class Column, class... A>
std::unique_ptr<JsonColumn> Make(const arrow::Field& field, const A&... more) {
  return std::make_unique<Column>(field.type(), more...);
}

template <class Column>
std::unique_ptr<JsonColumn> MakeFraction(const arrow::Field& field, const CellRules& rules) {
  auto column = std::make_unique<Column>(field.type());
  column->set_words(rules.number_words);
  return column;
}

}  // namespace

bool IsJsonType(const arrow::Field& field) {
  if (!table::UdtOf(field).empty()) return false;
  switch (field.type()->id()) {
    case Type::STRUCT: {
      const auto& fields = field.type()->fields();
      return std::all_of(fields.begin(), fields.end(),
                         [](const auto& one) { return IsJsonType(*one); });
    }
    case Type::LIST:
      return IsJsonType(*field.type()->field(0));
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*field.type());
      return map.key_type()->id() == Type::STRING && IsJsonType(*map.item_field());
    }
    case Type::BINARY:
      return false;
    default:
      return IsCellType(field);
  }
}

base::StatusOr<std::unique_ptr<JsonColumn>> MakeJsonColumn(const arrow::Field& field,
                                                           const CellRules& rules) {
  switch (field.type()->id()) {
    case Type::STRING:
      if (rules.copied_strings) return std::make_unique<CopiedStrings>();
      return Make<StringLeaf>(field);
    case Type::INT8:
      return Make<IntegerLeaf<arrow::Int8Builder, int8_t>>(field);
    case Type::INT16:
      return Make<IntegerLeaf<arrow::Int16Builder, int16_t>>(field);
    case Type::INT32:
      return Make<IntegerLeaf<arrow::Int32Builder, int32_t>>(field);
    case Type::INT64:
      return Make<IntegerLeaf<arrow::Int64Builder, int64_t>>(field);
    case Type::FLOAT:
      return MakeFraction<FractionLeaf<arrow::FloatBuilder, float>>(field, rules);
    case Type::DOUBLE:
      return MakeFraction<FractionLeaf<arrow::DoubleBuilder, double>>(field, rules);
    case Type::BOOL:
      return Make<BooleanLeaf>(field);
    case Type::DATE32:
      return Make<DateLeaf>(field, rules.words);
    case Type::DECIMAL128:
      return Make<DecimalLeaf>(field);
    case Type::TIMESTAMP:
      return Make<TimestampLeaf>(field, rules.words);
    case Type::STRUCT: {
      std::vector<std::unique_ptr<JsonColumn>> columns;
      for (const auto& one : field.type()->fields()) {
        SOTERIA_ASSIGN_OR_RETURN(auto column, MakeJsonColumn(*one, rules));
        columns.push_back(std::move(column));
      }
      return std::unique_ptr<JsonColumn>(
          std::make_unique<StructColumn>(field.type(), std::move(columns)));
    }
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*field.type());
      if (map.key_type()->id() != Type::STRING) {
        return base::Fail(base::kProtocol, "a map whose keys are no names of JSON");
      }
      SOTERIA_ASSIGN_OR_RETURN(auto values, MakeJsonColumn(*map.item_field(), rules));
      return std::unique_ptr<JsonColumn>(
          std::make_unique<ListColumn>(field.type(), std::move(values), rules.room));
    }
    case Type::LIST: {
      SOTERIA_ASSIGN_OR_RETURN(auto elements, MakeJsonColumn(*field.type()->field(0), rules));
      return std::unique_ptr<JsonColumn>(
          std::make_unique<ListColumn>(field.type(), std::move(elements), rules.room));
    }
    default:
      return base::Fail(base::kProtocol, "a column of a type that isn't made of JSON");
  }
}

JsonMembers::JsonMembers(const arrow::FieldVector& fields) : chosen_(fields.size()) {
  for (const auto& field : fields) names_.push_back(field->name());
  for (size_t i = 0; i < names_.size(); ++i) sorted_.emplace_back(names_[i], i);
  std::stable_sort(sorted_.begin(), sorted_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

/// names_.size() for none.
size_t JsonMembers::IndexOf(std::string_view name, size_t expected) const {
  if (expected < names_.size() && names_[expected] == name) return expected;
  const auto found =
      std::lower_bound(sorted_.begin(), sorted_.end(), name,
                       [](const auto& one, std::string_view text) { return one.first < text; });
  return found != sorted_.end() && found->first == name ? found->second : names_.size();
}

JsonFit JsonMembers::Choose(const JsonNodes& nodes, size_t object,
                            std::vector<std::unique_ptr<JsonColumn>>& columns) {
  std::fill(chosen_.begin(), chosen_.end(), 0);
  JsonFit worst = JsonFit::kWhole;
  size_t expected = 0;
  for (size_t member = object + 1; member < nodes[object].next; member = nodes[member].next) {
    const size_t index = IndexOf(nodes[member].name, expected);
    if (index == names_.size()) continue;
    expected = index + 1;
    if (chosen_[index] == 0) {
      chosen_[index] = member;
      continue;
    }
    // A name twice: the last value that fits, and any that doesn't shows.
    for (const size_t one : {chosen_[index], member}) {
      const JsonFit fit = columns[index]->Fits(nodes, one);
      if (fit == JsonFit::kNeedsToday) return fit;
      if (fit == JsonFit::kNot) {
        worst = JsonFit::kPartly;
      } else {
        chosen_[index] = one;
      }
    }
  }
  return worst;
}

JsonFit JsonMembers::Append(const JsonNodes& nodes, size_t object,
                            std::vector<std::unique_ptr<JsonColumn>>& columns) {
  JsonFit worst = Choose(nodes, object, columns);
  for (size_t i = 0; i < columns.size(); ++i) {
    JsonFit fit = chosen_[i] == 0 ? JsonFit::kNot : columns[i]->Append(nodes, chosen_[i]);
    if (fit == JsonFit::kNot || fit == JsonFit::kNeedsToday) {
      if (!columns[i]->AppendNull().ok()) fit = JsonFit::kNot;  // Finish tells of it
    }
    if (chosen_[i] == 0) continue;
    worst = Worse(worst, fit == JsonFit::kNot ? JsonFit::kPartly : fit);
  }
  return worst;
}

JsonFit JsonMembers::Fits(const JsonNodes& nodes, size_t object,
                          std::vector<std::unique_ptr<JsonColumn>>& columns) {
  JsonFit worst = Choose(nodes, object, columns);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (chosen_[i] == 0) continue;
    const JsonFit fit = columns[i]->Fits(nodes, chosen_[i]);
    worst = Worse(worst, fit == JsonFit::kNot ? JsonFit::kPartly : fit);
  }
  return worst;
}

}  // namespace soteria::formats
