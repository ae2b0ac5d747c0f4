#include "src/exec/format_arguments.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/constant.h"
#include "src/exec/kernels.h"
#include "src/exec/map_calls.h"
#include "src/table/conform.h"
#include "src/table/map_type.h"
#include "src/table/type_conditions.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

constexpr base::Condition kOptionsNoMap = {"INVALID_OPTIONS.NON_MAP_FUNCTION",
                                           base::exception_class::kAnalysis, "42K06",
                                           absl::StatusCode::kInvalidArgument};
constexpr base::Condition kOptionsNoTexts = {"INVALID_OPTIONS.NON_STRING_TYPE",
                                             base::exception_class::kAnalysis, "42K06",
                                             absl::StatusCode::kInvalidArgument};
constexpr base::Condition kSchemaNoText = {"INVALID_SCHEMA.NON_STRING_LITERAL",
                                           base::exception_class::kAnalysis, "42K07",
                                           absl::StatusCode::kInvalidArgument};
constexpr base::Condition kUnexpectedNull = internal::Mismatch("DATATYPE_MISMATCH.UNEXPECTED_NULL");

/// The text of a schema is no text of SQL, so that what is wrong with it is no ParseException.
constexpr base::Condition kNoSuchType = {table::kUnknownType.name, base::exception_class::kAnalysis,
                                         table::kUnknownType.sql_state, table::kUnknownType.code};
constexpr base::Condition kSchemaSyntax = {base::kParse.name, base::exception_class::kAnalysis,
                                           base::kParse.sql_state, base::kParse.code};

base::StatusOr<TypePtr> TypeOfText(const std::string& text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from != std::string::npos && (text[from] == '{' || text[from] == '"')) {
    SOTERIA_ASSIGN_OR_RETURN(const auto schema,
                             table::SchemaFromSparkJson(base::Cat(
                                 R"({"type":"struct","fields":[{"name":"value","nullable":true,)",
                                 R"("metadata":{},"type":)", text, "}]}")));
    return table::AllNullable(schema->field(0)->type());
  }
  auto type = table::TypeFromDdl(text);
  if (!type.ok()) {
    const auto schema = table::SchemaFromDdl(text);
    // Of a text that is neither, the type's fault is said.
    if (base::Is(type.status(), table::kUnknownType) && !schema.ok()) {
      return base::Fail(kNoSuchType, base::Message(type.status()));
    }
    if (base::Is(schema.status(), base::kParse) || base::Is(schema.status(), table::kUnknownType)) {
      return base::Fail(kSchemaSyntax, base::Message(schema.status()));
    }
    SOTERIA_RETURN_IF_ERROR(schema.status());
    return table::AllNullable(arrow::struct_((*schema)->fields()));
  }
  return table::AllNullable(*type);
}

}  // namespace

base::StatusOr<formats::OptionMap> OptionsOf(const Expr& arg, const Bound& bound) {
  if (arg.kind != Expr::Kind::kCall || !base::EqualIgnoringCase(arg.name, "map")) {
    return base::Fail(kOptionsNoMap, "Invalid options: Must use the `map()` function for options.");
  }
  const auto& map = static_cast<const arrow::MapType&>(*bound.field->type());
  if (map.key_type()->id() != Type::STRING || map.item_type()->id() != Type::STRING) {
    return base::Fail(kOptionsNoTexts,
                      base::Cat("Invalid options: A type of keys and values in `map()` must be "
                                "string, but got ",
                                table::QuotedTypeName(*bound.field), "."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(bound));
  if (value == nullptr) {
    return base::Fail(kOptionsNoMap, "Invalid options: Must use the `map()` function for options.");
  }
  formats::OptionMap options;
  const MapCells cells(value);
  for (int64_t i = cells.begin(0); i < cells.end(0); ++i) {
    if (cells.values().IsNull(i)) continue;
    options[base::Lower(TextAt(cells.keys(), i))] = TextAt(cells.values(), i);
  }
  return options;
}

base::StatusOr<formats::OptionMap> OptionsAt(const Expr& e, const std::vector<BoundPtr>& args,
                                             size_t index) {
  if (args.size() <= index) return formats::OptionMap();
  return OptionsOf(*e.args[index], *args[index]);
}

base::StatusOr<TypePtr> SchemaOf(const Expr& arg, const Bound& bound) {
  ArrayPtr value;
  if (bound.field->type()->id() == Type::STRING) {
    SOTERIA_ASSIGN_OR_RETURN(value, Constant(bound));
  }
  if (value == nullptr || value->IsNull(0)) {
    return base::Fail(kSchemaNoText,
                      base::Cat("The input schema \"", PrettyName(arg),
                                "\" is not a valid schema string. The input expression must be "
                                "string literal and not null."));
  }
  return TypeOfText(std::string(TextAt(*value, 0)));
}

bool SaysMap(const Expr& schema) {
  const auto value = ConstantValue(schema);
  if (!value.ok() || (*value)->type_id() != Type::STRING || (*value)->IsNull(0)) return false;
  const auto type = TypeOfText(std::string(TextAt(**value, 0)));
  return type.ok() && (*type)->id() == Type::MAP;
}

base::StatusOr<std::string> ConstantText(const Expr& e, const std::vector<BoundPtr>& args,
                                         std::string_view name) {
  const Bound& arg = *args[0];
  const std::string cannot =
      base::Cat("Cannot resolve \"", PrettyName(e), "\" due to data type mismatch: ");
  if (arg.field->type()->id() != Type::STRING && arg.field->type()->id() != Type::NA) {
    return UnexpectedType(e, 0, "\"STRING\"", *e.args[0], *arg.field);
  }
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(arg));
  if (value == nullptr) {
    return base::Fail(kNonFoldableInput,
                      base::Cat(cannot, "the input `", name,
                                "` should be a foldable \"STRING\" expression; however, got \"",
                                PrettyName(*e.args[0]), "\"."));
  }
  if (value->type_id() == Type::NA || value->IsNull(0)) {
    return base::Fail(kUnexpectedNull, base::Cat(cannot, "The ", name, " must not be null."));
  }
  return std::string(TextAt(*value, 0));
}

BoundPtr ConstantNode(std::string name, std::string value) {
  auto node = std::make_shared<Bound>();
  node->literal = std::make_shared<arrow::StringScalar>(std::move(value));
  node->field = arrow::field(std::move(name), arrow::utf8(), false);
  return node;
}

}  // namespace soteria::exec
