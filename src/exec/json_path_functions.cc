// Functions that look into a JSON text without a schema: get_json_object, json_array_length,
// json_object_keys, and what json_tuple makes rows of.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/catalogue.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/json_path.h"
#include "src/exec/kernels.h"
#include "src/formats/json_copy.h"
#include "src/formats/json_value.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using formats::JsonNode;
using formats::JsonParser;

/// As Hive reads it.
JsonParser Parser() { return JsonParser({.words = false, .control_characters = true}); }

base::StatusOr<ArrayPtr> GetJsonObject(const Bound& node, const ArrayList& args, int64_t rows,
                                       EvalState& /*state*/) {
  JsonParser parser = Parser();
  std::string last;
  std::optional<std::vector<JsonStep>> path = ParseJsonPath(last);
  return Each<arrow::StringBuilder>(node, args, rows, [&](int64_t i) -> std::optional<std::string> {
    if (const std::string_view text = TextAt(*args[1], i); text != last) {
      last = text;
      path = ParseJsonPath(last);
    }
    if (!path || parser.Parse(TextAt(*args[0], i)) != JsonParser::Outcome::kValue) {
      return std::nullopt;
    }
    return JsonAt(parser.nodes(), *path);
  });
}

base::StatusOr<ArrayPtr> ArrayLength(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  JsonParser parser = Parser();
  return Each<arrow::Int32Builder>(node, args, rows, [&](int64_t i) -> std::optional<int32_t> {
    if (parser.Parse(TextAt(*args[0], i)) != JsonParser::Outcome::kValue) return std::nullopt;
    const auto& nodes = parser.nodes();
    if (nodes.front().kind != JsonNode::Kind::kArray) return std::nullopt;
    int32_t count = 0;
    for (size_t child = 1; child < nodes.size(); child = nodes[child].next) ++count;
    return count;
  });
}

base::StatusOr<ArrayPtr> ObjectKeys(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  JsonParser parser = Parser();
  SOTERIA_ARROW_ASSIGN(const auto builder, arrow::MakeBuilder(node.field->type()));
  auto& lists = static_cast<arrow::ListBuilder&>(*builder);
  auto& keys = static_cast<arrow::StringBuilder&>(*lists.value_builder());
  for (int64_t i = 0; i < rows; ++i) {
    if (args[0]->IsNull(i) || parser.Parse(TextAt(*args[0], i)) != JsonParser::Outcome::kValue ||
        parser.nodes().front().kind != JsonNode::Kind::kObject) {
      SOTERIA_ARROW_RETURN(lists.AppendNull());
      continue;
    }
    SOTERIA_ARROW_RETURN(lists.Append());
    const auto& nodes = parser.nodes();
    for (size_t child = 1; child < nodes.size(); child = nodes[child].next) {
      SOTERIA_ARROW_RETURN(keys.Append(nodes[child].name));
    }
    if (keys.value_data_length() > kMadeColumnBytesMax) return TooLong("json_object_keys");
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, lists.Finish());
  return out;
}

// ---- json_tuple ---------------------------------------------------------------------------------

/// The member's value for each name, the last one that isn't null; nullopt for none.
using Members = std::vector<std::optional<std::string>>;

void FindMembers(const std::vector<JsonNode>& nodes,
                 const std::vector<std::optional<std::string_view>>& names, Members* members) {
  for (size_t child = 1; child < nodes.size(); child = nodes[child].next) {
    const JsonNode& value = nodes[child];
    if (value.kind == JsonNode::Kind::kNull) continue;
    std::optional<std::string> text;
    for (size_t k = 0; k < names.size(); ++k) {
      if (names[k] != value.name) continue;
      if (!text) {
        text.emplace();
        if (value.kind == JsonNode::Kind::kString) {
          *text = value.text;
        } else {
          formats::AppendJsonCopy(nodes, child, &*text);
        }
      }
      (*members)[k] = text;
    }
  }
}

base::StatusOr<ArrayPtr> Tuples(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  JsonParser parser = Parser();
  SOTERIA_ARROW_ASSIGN(const auto builder, arrow::MakeBuilder(node.field->type()));
  auto& lists = static_cast<arrow::ListBuilder&>(*builder);
  auto& structs = static_cast<arrow::StructBuilder&>(*lists.value_builder());
  const size_t width = args.size() - 1;
  std::vector<std::optional<std::string_view>> names(width);
  Members members(width);
  int64_t bytes = 0;
  for (int64_t i = 0; i < rows; ++i) {
    std::fill(members.begin(), members.end(), std::nullopt);
    for (size_t k = 0; k < width; ++k) {
      const arrow::Array& its = *args[k + 1];
      names[k] = its.IsNull(i) ? std::nullopt : std::optional(TextAt(its, i));
    }
    if (args[0]->IsValid(i) && parser.Parse(TextAt(*args[0], i)) == JsonParser::Outcome::kValue &&
        parser.nodes().front().kind == JsonNode::Kind::kObject) {
      FindMembers(parser.nodes(), names, &members);
    }
    SOTERIA_ARROW_RETURN(lists.Append());
    SOTERIA_ARROW_RETURN(structs.Append());
    for (size_t k = 0; k < width; ++k) {
      auto& column =
          static_cast<arrow::StringBuilder&>(*structs.field_builder(static_cast<int>(k)));
      SOTERIA_RETURN_IF_ERROR(internal::AppendValue(column, members[k]));
      if (members[k]) bytes += static_cast<int64_t>(members[k]->size());
    }
    if (bytes > kMadeColumnBytesMax) return TooLong("json_tuple");
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, lists.Finish());
  return out;
}

/// An array of one struct of c0, c1 ...
base::StatusOr<BoundPtr> BindTuple(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  arrow::FieldVector fields;
  for (size_t k = 0; k < args.size(); ++k) {
    if (args[k]->field->type()->id() != Type::STRING) {
      return base::Fail(kNonStringType,
                        base::Cat("Cannot resolve \"", PrettyName(e),
                                  "\" due to data type mismatch: all arguments of the function "
                                  "`json_tuple` must be strings."));
    }
    if (k > 0) fields.push_back(arrow::field(base::Cat("c", k - 1), arrow::utf8()));
  }
  const TypePtr type = table::ListOf(arrow::struct_(std::move(fields)), false);
  auto node = MakeCall(PrettyName(e), type, false, std::move(args));
  node->kernel = Tuples;
  node->null_stops = false;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindKeys(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TakeText(e, args, 0));
  auto node = MakeCall(PrettyName(e), table::ListOf(arrow::utf8()), true, std::move(args));
  node->kernel = ObjectKeys;
  return BoundPtr(std::move(node));
}

template <Kernel kKernel, char kGives>
base::StatusOr<BoundPtr> BindTexts(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  for (size_t i = 0; i < args.size(); ++i) SOTERIA_RETURN_IF_ERROR(TakeText(e, args, i));
  auto node = MakeCall(PrettyName(e), TypeOfLetter(kGives), true, std::move(args));
  node->kernel = kKernel;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"get_json_object", 2, 2, "get_json_object", Print::kCall, BindTexts<GetJsonObject, 's'>},
    {"json_array_length", 1, 1, "json_array_length", Print::kCall, BindTexts<ArrayLength, 'i'>},
    {"json_object_keys", 1, 1, "json_object_keys", Print::kCall, BindKeys},
    {kTupleOf.data(), 2, -1, "json_tuple", Print::kCall, BindTuple},
};

}  // namespace

std::span<const Function> JsonPathFunctions() { return kFunctions; }

}  // namespace soteria::exec
