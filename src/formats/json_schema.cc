// The schema that JSON records make, as Spark infers it.
#include <arrow/type.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/formats/conditions.h"
#include "src/formats/json_column.h"
#include "src/formats/json_read.h"
#include "src/formats/json_records.h"
#include "src/formats/json_text.h"
#include "src/formats/time_words.h"
#include "src/table/conditions.h"
#include "src/table/decimal.h"
#include "src/table/text_value.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using table::kDecimalDigitsMax;
constexpr int kLongDigits = 20;
constexpr size_t kNameBytesMax = size_t{1} << 20;

struct JsonType {
  enum class Kind : uint8_t {
    kNull,
    kBoolean,
    kLong,
    kDecimal,
    kDouble,
    kTimestamp,
    kString,
    kStruct,
    kArray
  };
  Kind kind = Kind::kNull;
  int precision = 0;                                          // of a decimal without a scale
  std::vector<std::pair<std::string, JsonType>> fields = {};  // of a struct, by name
  std::vector<JsonType> element = {};                         // of an array: one
};
using Kind = JsonType::Kind;

/// Java's order of strings, which is that of their UTF-16.
bool Before(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const auto x = static_cast<unsigned char>(a[i]);
    const auto y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    const bool pair_x = x >= 0xF0;
    const bool pair_y = y >= 0xF0;
    if (pair_x != pair_y && std::min(x, y) >= 0xEE) return pair_x;
    return x < y;
  }
  return a.size() < b.size();
}

/// What keeps a schema small, whatever the files hold.
class Budget {
 public:
  base::Status Take(size_t fields) {
    fields_ += fields;
    if (fields_ <= static_cast<size_t>(table::kFieldsMax)) return base::OkStatus();
    return base::Fail(base::kUnsupported,
                      base::Cat("JSON of more than ", table::kFieldsMax, " fields needs a schema"));
  }

 private:
  size_t fields_ = 0;
};

base::Status TooDeep() {
  return base::Fail(base::kUnsupported, base::Cat("JSON nested deeper than ", table::kTypeDepthMax,
                                                  " is read with a schema only"));
}

JsonType Compatible(JsonType a, JsonType b);

JsonType MergedStructs(JsonType a, JsonType b) {
  JsonType merged;
  merged.kind = Kind::kStruct;
  size_t i = 0;
  size_t j = 0;
  while (i < a.fields.size() && j < b.fields.size()) {
    auto& x = a.fields[i];
    auto& y = b.fields[j];
    if (x.first == y.first) {
      merged.fields.emplace_back(x.first, Compatible(std::move(x.second), std::move(y.second)));
      ++i;
      ++j;
    } else if (Before(x.first, y.first)) {
      merged.fields.push_back(std::move(x));
      ++i;
    } else {
      merged.fields.push_back(std::move(y));
      ++j;
    }
  }
  for (; i < a.fields.size(); ++i) merged.fields.push_back(std::move(a.fields[i]));
  for (; j < b.fields.size(); ++j) merged.fields.push_back(std::move(b.fields[j]));
  return merged;
}

JsonType Compatible(JsonType a, JsonType b) {
  if (a.kind == Kind::kNull) return b;
  if (b.kind == Kind::kNull) return a;
  if (a.kind > b.kind) std::swap(a, b);
  if (a.kind == b.kind) {
    switch (a.kind) {
      case Kind::kStruct:
        return MergedStructs(std::move(a), std::move(b));
      case Kind::kArray:
        a.element[0] = Compatible(std::move(a.element[0]), std::move(b.element[0]));
        return a;
      case Kind::kDecimal:
        a.precision = std::max(a.precision, b.precision);
        return a;
      default:
        return a;
    }
  }
  if (a.kind >= Kind::kLong && b.kind <= Kind::kDouble) {
    if (b.kind == Kind::kDecimal) b.precision = std::max(b.precision, kLongDigits);
    return b;
  }
  return {Kind::kString};
}

JsonType WithCorrupt(JsonType type, const RecordOptions& options) {
  if (options.mode != ParseMode::kPermissive) return type;
  const auto has = [&](const auto& field) { return field.first == options.corrupt_column; };
  if (std::any_of(type.fields.begin(), type.fields.end(), has)) return type;
  const auto at = std::find_if(type.fields.begin(), type.fields.end(), [&](const auto& field) {
    return Before(options.corrupt_column, field.first);
  });
  type.fields.insert(at, {options.corrupt_column, JsonType{Kind::kString}});
  return type;
}

base::Status FailFast() {
  return base::FailQuotingData(
      table::kFailedReadFile,
      "Malformed records are detected in schema inference. Parse Mode: FAILFAST. Reasons: Failed "
      "to infer a common schema.");
}

/// Of two records. Arrays of records stand for their records.
base::StatusOr<JsonType> CompatibleRoots(JsonType a, JsonType b, const RecordOptions& options) {
  while (a.kind == Kind::kArray) {
    JsonType element = std::move(a.element[0]);
    a = std::move(element);
  }
  while (b.kind == Kind::kArray) {
    JsonType element = std::move(b.element[0]);
    b = std::move(element);
  }
  const bool one = a.kind == Kind::kStruct;
  const bool other = b.kind == Kind::kStruct;
  if (one != other) {
    if ((one ? b : a).kind == Kind::kNull) return one ? a : b;
    if (options.mode == ParseMode::kFailFast) return FailFast();
    return WithCorrupt(one ? std::move(a) : std::move(b), options);
  }
  return Compatible(std::move(a), std::move(b));
}

class Inference {
 public:
  Inference(const JsonReadOptions& options, const table::CsvWords& words)
      : options_(options), words_(words) {}

  base::StatusOr<JsonType> TypeOf(const JsonNodes& nodes, size_t node, int depth) {
    if (depth > table::kTypeDepthMax) return TooDeep();
    const JsonNode& value = nodes[node];
    switch (value.kind) {
      case JsonNode::Kind::kNull:
        return JsonType{};
      case JsonNode::Kind::kTrue:
      case JsonNode::Kind::kFalse:
        return JsonType{options_.primitives_as_string ? Kind::kString : Kind::kBoolean};
      case JsonNode::Kind::kString:
        return OfString(value.text);
      case JsonNode::Kind::kInteger:
        return OfInteger(value.text);
      case JsonNode::Kind::kFraction:
      case JsonNode::Kind::kWord:
        return JsonType{options_.primitives_as_string ? Kind::kString : Kind::kDouble};
      case JsonNode::Kind::kObject:
        return OfObject(nodes, node, depth);
      case JsonNode::Kind::kArray:
        break;
    }
    JsonType type{Kind::kArray};
    type.element.emplace_back();
    for (size_t child = node + 1; child < value.next; child = nodes[child].next) {
      SOTERIA_ASSIGN_OR_RETURN(JsonType element, TypeOf(nodes, child, depth + 1));
      type.element[0] = Compatible(std::move(type.element[0]), std::move(element));
    }
    return type;
  }

 private:
  /// As Spark infers it, which is without what TimestampOf lets pass besides.
  bool IsTimestamp(std::string_view text) const {
    int64_t micros = 0;
    return words_.timestamp
               ? words_.timestamp->Parse(text, words_.zone).has_value()
               : table::ParseTimestampIn(text, words_.zone, &micros) != table::TimeText::kMalformed;
  }

  JsonType OfString(std::string_view text) const {
    if (text.empty()) return {};
    const bool time = options_.infer_timestamp && IsTimestamp(text);
    return {time ? Kind::kTimestamp : Kind::kString};
  }

  JsonType OfInteger(std::string_view text) const {
    if (options_.primitives_as_string) return {Kind::kString};
    int64_t ignored = 0;
    if (table::ParseInteger(text, &ignored)) return {Kind::kLong};
    if (text.starts_with('-')) text.remove_prefix(1);
    const size_t zeros = std::min(text.find_first_not_of('0'), text.size() - 1);
    const size_t digits = text.size() - zeros;
    if (digits > kDecimalDigitsMax) return {Kind::kDouble};
    return {Kind::kDecimal, static_cast<int>(digits)};
  }

  base::StatusOr<JsonType> OfObject(const JsonNodes& nodes, size_t node, int depth) {
    JsonType type{Kind::kStruct};
    for (size_t child = node + 1; child < nodes[node].next; child = nodes[child].next) {
      if (nodes[child].name.size() > kNameBytesMax) {
        return base::Fail(base::kUnsupported, "a name in JSON is too long");
      }
      SOTERIA_ASSIGN_OR_RETURN(JsonType member, TypeOf(nodes, child, depth + 1));
      type.fields.emplace_back(nodes[child].name, std::move(member));
    }
    const auto before = [](const auto& a, const auto& b) { return Before(a.first, b.first); };
    if (!std::is_sorted(type.fields.begin(), type.fields.end(), before)) {
      std::stable_sort(type.fields.begin(), type.fields.end(), before);
    }
    return type;
  }

  const JsonReadOptions& options_;
  const table::CsvWords& words_;
};

// ---- bytes
// -----------------------------------------------------------------------------------------

void Write(const JsonType& type, base::FieldWriter& out) {
  out.AddU64(static_cast<uint64_t>(type.kind)).AddU64(static_cast<uint64_t>(type.precision));
  out.AddU64(type.fields.size());
  for (const auto& [name, field] : type.fields) {
    out.Add(name);
    Write(field, out);
  }
  for (const JsonType& element : type.element) Write(element, out);
}

base::Status CountFields(const JsonType& type, Budget& budget) {
  SOTERIA_RETURN_IF_ERROR(budget.Take(1 + type.fields.size()));
  for (const auto& [name, field] : type.fields) SOTERIA_RETURN_IF_ERROR(CountFields(field, budget));
  for (const JsonType& one : type.element) SOTERIA_RETURN_IF_ERROR(CountFields(one, budget));
  return base::OkStatus();
}

base::StatusOr<std::string> Bytes(const JsonType& type) {
  Budget budget;
  SOTERIA_RETURN_IF_ERROR(CountFields(type, budget));
  base::FieldWriter out;
  Write(type, out);
  if (out.bytes().size() > table::kSchemaTextBytesMax) {
    return base::Fail(base::kUnsupported, "JSON with names of so many bytes needs a schema");
  }
  return out.Take();
}

base::StatusOr<JsonType> ReadType(base::FieldReader& in, Budget& budget, int depth) {
  if (depth > table::kTypeDepthMax + 1) return TooDeep();
  SOTERIA_RETURN_IF_ERROR(budget.Take(1));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, in.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t precision, in.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t fields, in.NextU64());
  if (kind > static_cast<uint64_t>(Kind::kArray) || precision > kDecimalDigitsMax ||
      (fields > 0 && kind != static_cast<uint64_t>(Kind::kStruct))) {
    return base::Fail(base::kProtocol, "a part of a JSON schema isn't one");
  }
  JsonType type{static_cast<Kind>(kind), static_cast<int>(precision)};
  for (uint64_t i = 0; i < fields; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in.Next());
    SOTERIA_ASSIGN_OR_RETURN(JsonType field, ReadType(in, budget, depth + 1));
    type.fields.emplace_back(name, std::move(field));
  }
  if (type.kind == Kind::kArray) {
    SOTERIA_ASSIGN_OR_RETURN(JsonType element, ReadType(in, budget, depth + 1));
    type.element.push_back(std::move(element));
  }
  return type;
}

base::StatusOr<JsonType> TypeFrom(std::string_view bytes) {
  base::FieldReader in(bytes);
  Budget budget;
  SOTERIA_ASSIGN_OR_RETURN(JsonType type, ReadType(in, budget, 1));
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return type;
}

// ---- the schema
// ------------------------------------------------------------------------------------

/// nullopt: nothing is left of it.
base::StatusOr<std::optional<arrow::FieldVector>> FieldsOf(const JsonType& type,
                                                           const JsonReadOptions& options);

base::StatusOr<std::shared_ptr<arrow::DataType>> ArrowTypeOf(const JsonType& type,
                                                             const JsonReadOptions& options) {
  switch (type.kind) {
    case Kind::kNull:
      return options.drop_all_null ? nullptr : arrow::utf8();
    case Kind::kBoolean:
      return arrow::boolean();
    case Kind::kLong:
      return arrow::int64();
    case Kind::kDouble:
      return arrow::float64();
    case Kind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Kind::kString:
      return arrow::utf8();
    case Kind::kDecimal:
      return table::DecimalType({type.precision, 0});
    case Kind::kArray: {
      SOTERIA_ASSIGN_OR_RETURN(auto element, ArrowTypeOf(type.element[0], options));
      return element == nullptr ? nullptr : table::ListOf(std::move(element));
    }
    case Kind::kStruct:
      break;
  }
  SOTERIA_ASSIGN_OR_RETURN(auto fields, FieldsOf(type, options));
  return fields.has_value() ? arrow::struct_(*std::move(fields)) : nullptr;
}

base::StatusOr<std::optional<arrow::FieldVector>> FieldsOf(const JsonType& type,
                                                           const JsonReadOptions& options) {
  arrow::FieldVector fields;
  std::set<std::string> made;
  for (const auto& [name, field] : type.fields) {
    if (name.empty()) continue;
    SOTERIA_ASSIGN_OR_RETURN(auto one, ArrowTypeOf(field, options));
    if (one == nullptr) continue;
    if (!made.insert(base::Lower(name)).second) {
      return base::FailQuotingData(
          table::kColumnExists,
          base::Cat("The column `", base::Lower(name),
                    "` already exists. Choose another name or rename the existing column."));
    }
    fields.push_back(arrow::field(name, std::move(one)));
  }
  if (fields.empty()) return std::optional<arrow::FieldVector>();
  return std::optional<arrow::FieldVector>(std::move(fields));
}

}  // namespace

base::StatusOr<std::string> JsonTypesOf(FilePart part, const JsonReadOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(const table::CsvWords words, WordsOf(options.record));
  JsonRecords records(part, options.record);
  JsonParser parser(options.syntax);
  Inference inference(options, words);
  std::optional<JsonType> all;
  std::string_view record;
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, records.Next(&record));
    if (!any) break;
    JsonType type;
    const JsonParser::Outcome outcome = parser.Parse(record);
    if (outcome == JsonParser::Outcome::kMalformed) {
      if (options.record.mode == ParseMode::kFailFast) return FailFast();
      if (options.record.mode == ParseMode::kDropMalformed) continue;
      type = WithCorrupt(JsonType{Kind::kStruct}, options.record);
    } else if (outcome == JsonParser::Outcome::kValue) {
      SOTERIA_ASSIGN_OR_RETURN(type, inference.TypeOf(parser.nodes(), 0, 1));
    }
    if (!all.has_value()) {
      all = std::move(type);
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(all,
                             CompatibleRoots(*std::move(all), std::move(type), options.record));
  }
  JsonType root{Kind::kStruct};
  if (all.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(root,
                             CompatibleRoots(std::move(root), *std::move(all), options.record));
  }
  return Bytes(root);
}

base::StatusOr<std::shared_ptr<arrow::DataType>> JsonTypeOfText(std::string_view text,
                                                                const JsonReadOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(const table::CsvWords words, WordsOf(options.record));
  JsonParser parser(options.syntax);
  JsonType type;
  const JsonParser::Outcome outcome = parser.Parse(text);
  if (outcome == JsonParser::Outcome::kMalformed) {
    return base::FailQuotingData(kMalformedJson, "The text isn't JSON");
  }
  if (outcome == JsonParser::Outcome::kValue) {
    SOTERIA_ASSIGN_OR_RETURN(type, Inference(options, words).TypeOf(parser.nodes(), 0, 1));
  }
  Budget budget;
  SOTERIA_RETURN_IF_ERROR(CountFields(type, budget));
  SOTERIA_ASSIGN_OR_RETURN(auto made, ArrowTypeOf(type, options));
  if (made != nullptr) return made;
  const auto none = arrow::struct_(arrow::FieldVector());
  if (type.kind == Kind::kStruct) return none;
  const bool structs = type.kind == Kind::kArray && type.element[0].kind == Kind::kStruct;
  return structs ? table::ListOf(none) : arrow::utf8();
}

base::StatusOr<std::string> MergeJsonTypes(const JsonReadOptions& options, std::string_view a,
                                           std::string_view b) {
  SOTERIA_ASSIGN_OR_RETURN(JsonType one, TypeFrom(a));
  SOTERIA_ASSIGN_OR_RETURN(JsonType other, TypeFrom(b));
  SOTERIA_ASSIGN_OR_RETURN(const JsonType merged,
                           CompatibleRoots(std::move(one), std::move(other), options.record));
  return Bytes(merged);
}

base::StatusOr<std::shared_ptr<arrow::Schema>> JsonSchema(const JsonReadOptions& options,
                                                          std::string_view types) {
  SOTERIA_ASSIGN_OR_RETURN(const JsonType root, TypeFrom(types));
  SOTERIA_ASSIGN_OR_RETURN(auto fields, FieldsOf(root, options));
  return arrow::schema(fields.has_value() ? *std::move(fields) : arrow::FieldVector());
}

}  // namespace soteria::formats
