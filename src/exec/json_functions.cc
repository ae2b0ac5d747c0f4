// from_json, to_json and schema_of_json: the readers' and writers' JSON, a text at a time.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/format_arguments.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/formats/json_read.h"
#include "src/formats/json_text.h"
#include "src/formats/json_write.h"
#include "src/formats/write_options.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using ReadMade = MadeOf<formats::JsonReadOptions>;
using WriteMade = MadeOf<formats::WriteOptions>;

constexpr base::Condition kInvalidSchema =
    internal::Mismatch("DATATYPE_MISMATCH.INVALID_JSON_SCHEMA");
constexpr base::Condition kInvalidMapKey =
    internal::Mismatch("DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE");

base::Status CannotResolve(const base::Condition& condition, const Expr& e, std::string_view why) {
  return base::Fail(condition, base::Cat("Cannot resolve \"", PrettyName(e),
                                         "\" due to data type mismatch: ", why));
}

bool IsNested(const arrow::DataType& type) {
  return type.id() == Type::STRUCT || type.id() == Type::LIST || type.id() == Type::MAP;
}

bool HasOtherKeys(const arrow::DataType& type) {
  const bool other = type.id() == Type::MAP &&
                     static_cast<const arrow::MapType&>(type).key_type()->id() != Type::STRING;
  return other || std::any_of(type.fields().begin(), type.fields().end(),
                              [](const FieldPtr& field) { return HasOtherKeys(*field->type()); });
}

base::Status CheckNested(const Expr& e, const arrow::DataType& type) {
  if (IsNested(type)) return base::OkStatus();
  return CannotResolve(kInvalidSchema, e,
                       base::Cat("Input schema \"", table::SqlTypeName(type),
                                 "\" must be a struct, an array, a map or a variant."));
}

// ---- from_json ----------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> FromJson(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const auto& options = static_cast<const ReadMade&>(*node.made).value;
  SOTERIA_ASSIGN_OR_RETURN(const auto texts, formats::JsonTexts::Make(node.field->type(), options));
  for (int64_t i = 0; i < rows; ++i) {
    SOTERIA_RETURN_IF_ERROR(args[0]->IsNull(i) ? texts->AppendNull()
                                               : texts->Append(TextAt(*args[0], i)));
  }
  return texts->Finish();
}

base::StatusOr<BoundPtr> BindFromJson(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const TypePtr type, SchemaOf(*e.args[1], *args[1]));
  SOTERIA_ASSIGN_OR_RETURN(const formats::OptionMap options, OptionsAt(e, args, 2));
  SOTERIA_ASSIGN_OR_RETURN(auto read, formats::ParseJsonReadOptions(options, {.zone = e.zone}));
  SOTERIA_RETURN_IF_ERROR(CheckNested(e, *type));
  if (HasOtherKeys(*type)) {
    return CannotResolve(kInvalidMapKey, e,
                         base::Cat("Input schema \"", table::SqlTypeName(*type),
                                   "\" can only contain STRING as a key type for a MAP."));
  }
  SOTERIA_RETURN_IF_ERROR(TakeText(e, args, 0));
  if (read.record.mode == formats::ParseMode::kDropMalformed) {
    return base::Fail(kParseModeUnsupported,
                      "The function `from_json` doesn't support the DROPMALFORMED mode. Acceptable "
                      "modes are PERMISSIVE and FAILFAST.");
  }
  // What the type can't be shows before any row is there.
  SOTERIA_RETURN_IF_ERROR(formats::JsonTexts::Make(type, read).status());
  const bool fails = read.record.mode == formats::ParseMode::kFailFast;
  args.resize(1);
  auto node = MakeCall(PrettyName(e), type, true, std::move(args));
  node->kernel = FromJson;
  node->careful = node->careful || fails;
  node->made = std::make_shared<ReadMade>(std::move(read));
  return BoundPtr(std::move(node));
}

// ---- to_json ------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> ToJson(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const auto& options = static_cast<const WriteMade&>(*node.made).value;
  SOTERIA_ASSIGN_OR_RETURN(const auto objects, formats::JsonObjects::Make(options));
  std::string text;
  return Each<arrow::StringBuilder>(
      node, args, rows, [&](int64_t i) -> base::StatusOr<std::string_view> {
        text.clear();
        SOTERIA_RETURN_IF_ERROR(objects.AppendCell(*args[0], i, &text));
        if (static_cast<int64_t>(text.size()) > kMadeCellBytesMax) return TooLong("to_json");
        return std::string_view(text);
      });
}

base::StatusOr<BoundPtr> BindToJson(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const formats::OptionMap options, OptionsAt(e, args, 1));
  SOTERIA_ASSIGN_OR_RETURN(auto write,
                           formats::ParseWriteOptions("json", options, {.zone = e.zone}));
  const arrow::DataType& type = *args[0]->field->type();
  if (type.id() != Type::NA) SOTERIA_RETURN_IF_ERROR(CheckNested(e, type));
  if (!formats::IsJsonWritable(type)) {
    return base::NotSupported(
        base::Cat("The function to_json() of ", table::TypeName(*args[0]->field)));
  }
  args.resize(1);
  auto node = MakeCall(PrettyName(e), arrow::utf8(), true, std::move(args));
  node->kernel = ToJson;
  node->careful = true;
  node->made = std::make_shared<WriteMade>(std::move(write));
  return BoundPtr(std::move(node));
}

// ---- schema_of_json -----------------------------------------------------------------------------

base::StatusOr<BoundPtr> BindSchemaOfJson(const Expr& e, std::vector<BoundPtr> args,
                                          BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const formats::OptionMap options, OptionsAt(e, args, 1));
  SOTERIA_ASSIGN_OR_RETURN(const auto read,
                           formats::ParseJsonReadOptions(options, {.zone = e.zone}));
  SOTERIA_ASSIGN_OR_RETURN(const std::string text, ConstantText(e, args, "json"));
  SOTERIA_ASSIGN_OR_RETURN(const TypePtr type, formats::JsonTypeOfText(text, read));
  return ConstantNode(PrettyName(e), table::SqlTypeName(*type));
}

constexpr Function kFunctions[] = {
    {"from_json", 2, 3, "from_json", Print::kSpecial, BindFromJson},
    {"to_json", 1, 2, "to_json", Print::kSpecial, BindToJson},
    {"schema_of_json", 1, 2, "schema_of_json", Print::kSpecial, BindSchemaOfJson},
};

}  // namespace

std::span<const Function> JsonFunctions() { return kFunctions; }

}  // namespace soteria::exec
