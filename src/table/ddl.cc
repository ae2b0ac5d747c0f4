// Spark's DDL text for types and schemas: a recursive-descent parser of bounded depth.
#include <arrow/type.h>

#include <charconv>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/map_type.h"
#include "src/table/type_conditions.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

using FieldPtr = std::shared_ptr<arrow::Field>;
using TypePtr = std::shared_ptr<arrow::DataType>;

bool IsWord(char c) { return base::IsAlphanumeric(c) || c == '_' || (c & 0x80) != 0; }

TypePtr Atom(const std::string& name) {
  if (name == "boolean") return arrow::boolean();
  if (name == "tinyint" || name == "byte") return arrow::int8();
  if (name == "smallint" || name == "short") return arrow::int16();
  if (name == "int" || name == "integer") return arrow::int32();
  if (name == "bigint" || name == "long") return arrow::int64();
  if (name == "float" || name == "real") return arrow::float32();
  if (name == "double") return arrow::float64();
  if (name == "string") return arrow::utf8();
  if (name == "binary") return arrow::binary();
  if (name == "date") return arrow::date32();
  if (name == "void" || name == "null") return arrow::null();
  if (name == "timestamp" || name == "timestamp_ltz") {
    return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  if (name == "timestamp_ntz") return arrow::timestamp(arrow::TimeUnit::MICRO);
  return nullptr;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  base::StatusOr<TypePtr> WholeType() {
    // A word that is no type, and more behind it: Spark misses the end before it looks at the word.
    const size_t from = at_;
    Word();
    const bool word = Peek() != 0 && Peek() != '(' && Peek() != '<';
    at_ = from;
    auto type = Type(1);
    if (type.ok()) SOTERIA_RETURN_IF_ERROR(AtEnd());
    if (word && base::Is(type.status(), kUnknownType)) return Error("unexpected text");
    return type;
  }

  base::StatusOr<TypePtr> Type(int depth) {
    if (depth > kTypeDepthMax) return Error("types are nested too deeply");
    const std::string name = base::Lower(Word());
    if (name == "array") return Array(depth);
    if (name == "struct") return Struct(depth);
    if (name == "map") return Map(depth);
    if (name == "decimal" || name == "dec" || name == "numeric") return Decimal();
    if (name == "interval") return Interval();
    if (name == "variant" || name == "char" || name == "varchar" || name == "time" ||
        name == "geometry" || name == "geography") {
      return base::NotSupported(base::Cat("The data type ", name));
    }
    if (name.empty()) return Error("expected a type");
    TypePtr type = Atom(name);
    if (type != nullptr && Peek() != '(') return type;
    return Unknown(name);
  }

  /// name [:] type [NOT NULL] [COMMENT 'text'], ... until `close` (0: the end).
  base::StatusOr<std::vector<FieldPtr>> Fields(char close, int depth) {
    std::vector<FieldPtr> fields;
    if (Peek() == close) return fields;
    do {
      if (++count_ > kFieldsMax) return Error("too many fields");
      SOTERIA_ASSIGN_OR_RETURN(std::string name, Name());
      Take(':');
      SOTERIA_ASSIGN_OR_RETURN(TypePtr type, Type(depth));
      bool nullable = true;
      if (TakeWord("not")) {
        if (!TakeWord("null")) return Error("expected NULL");
        nullable = false;
      }
      FieldPtr field = arrow::field(std::move(name), std::move(type), nullable);
      if (TakeWord("comment")) SOTERIA_RETURN_IF_ERROR(SkipString());
      fields.push_back(std::move(field));
    } while (Take(','));
    return fields;
  }

  base::Status AtEnd() { return Peek() == 0 ? base::OkStatus() : Error("unexpected text"); }
  base::Status Error(std::string_view what) const {
    return base::Fail(base::kParse,
                      base::Cat("Syntax error in data type at position ", at_, ": ", what));
  }

 private:
  base::StatusOr<TypePtr> Array(int depth) {
    if (!Take('<')) return Error("expected '<'");
    SOTERIA_ASSIGN_OR_RETURN(TypePtr element, Type(depth + 1));
    if (!Take('>')) return Error("expected '>'");
    return ListOf(std::move(element));
  }

  /// No type has that name, or none has it with what is in parentheses behind it.
  base::Status Unknown(std::string_view name) {
    std::string arguments;
    if (Take('(')) {
      do {
        SOTERIA_ASSIGN_OR_RETURN(const int64_t number, Digits());
        arguments += base::Cat(arguments.empty() ? "(" : ",", number);
      } while (Take(','));
      if (!Take(')')) return Error("expected ')'");
      arguments += ")";
    }
    return base::Fail(kUnknownType,
                      base::Cat("Unsupported data type \"", base::Upper(name), arguments, "\"."));
  }

  base::StatusOr<TypePtr> Map(int depth) {
    if (!Take('<')) return Error("expected '<'");
    SOTERIA_ASSIGN_OR_RETURN(TypePtr key, Type(depth + 1));
    if (!Take(',')) return Error("expected ','");
    SOTERIA_ASSIGN_OR_RETURN(TypePtr value, Type(depth + 1));
    if (!Take('>')) return Error("expected '>'");
    return MapOf(std::move(key), std::move(value));
  }

  /// decimal, decimal(p), decimal(p, s)
  base::StatusOr<TypePtr> Decimal() {
    const DecimalShape standard;
    if (!Take('(')) return DecimalType(standard);
    SOTERIA_ASSIGN_OR_RETURN(const int64_t precision, Digits());
    int64_t scale = 0;
    if (Take(',')) {
      SOTERIA_ASSIGN_OR_RETURN(scale, Digits());
    }
    if (!Take(')')) return Error("expected ')'");
    return CheckedDecimalType(precision, scale);
  }

  /// interval day, interval day to second
  base::StatusOr<TypePtr> Interval() {
    const size_t from = at_;
    std::string fields = base::Lower(Word());
    if (IntervalNamed(fields) == nullptr) {
      at_ = from;
      return base::NotSupported("The data type interval");
    }
    if (TakeWord("to")) fields += base::Cat(" to ", base::Lower(Word()));
    TypePtr type = IntervalNamed(fields);
    if (type == nullptr) return Error("no such interval");
    return type;
  }

  base::StatusOr<int64_t> Digits() {
    const std::string_view word = Word();
    int64_t value = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty() || read.ec != std::errc() || read.ptr != word.data() + word.size()) {
      return Error("expected a number");
    }
    return value;
  }

  base::StatusOr<TypePtr> Struct(int depth) {
    if (!Take('<')) return Error("expected '<'");
    SOTERIA_ASSIGN_OR_RETURN(std::vector<FieldPtr> fields, Fields('>', depth + 1));
    if (!Take('>')) return Error("expected '>'");
    return arrow::struct_(std::move(fields));
  }

  char Peek() {
    while (at_ < text_.size() && base::IsSpace(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  std::string_view Word() {
    Peek();
    const size_t from = at_;
    while (at_ < text_.size() && IsWord(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }
  bool TakeWord(std::string_view lower) {
    Peek();
    const size_t from = at_;
    if (base::Lower(Word()) == lower) return true;
    at_ = from;
    return false;
  }
  base::StatusOr<std::string> Name() {
    if (!Take('`')) {
      const std::string_view word = Word();
      if (word.empty()) return Error("expected a column name");
      return std::string(word);
    }
    std::string name;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != '`') {
        name += c;
      } else if (at_ < text_.size() && text_[at_] == '`') {
        name += text_[at_++];
      } else {
        return name;
      }
    }
    return Error("backtick is not closed");
  }
  base::Status SkipString() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return Error("expected a string");
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\\') {
        ++at_;
      } else if (c == quote) {
        return base::OkStatus();
      }
    }
    return Error("string is not closed");
  }

  std::string_view text_;
  size_t at_ = 0;
  int count_ = 0;
};

}  // namespace

base::StatusOr<TypePtr> TypeFromDdl(std::string_view ddl) {
  if (ddl.size() > kSchemaTextBytesMax) return base::Fail(base::kParse, "Type text is too long");
  Parser parser(ddl);
  return parser.WholeType();
}

base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaFromDdl(std::string_view ddl) {
  if (ddl.size() > kSchemaTextBytesMax) return base::Fail(base::kParse, "Schema text is too long");
  Parser parser(ddl);
  SOTERIA_ASSIGN_OR_RETURN(std::vector<FieldPtr> fields, parser.Fields('\0', 1));
  SOTERIA_RETURN_IF_ERROR(parser.AtEnd());
  return arrow::schema(std::move(fields));
}

}  // namespace soteria::table
