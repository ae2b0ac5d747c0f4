// What functions that read and write texts of a format take beside the text: a schema and options,
// both constants of the script. Internal to exec; .cc files only. Pure functions.
#pragma once

#include <string>
#include <utility>

#include "src/base/status.h"
#include "src/exec/bound.h"
#include "src/exec/expression.h"
#include "src/formats/csv_options.h"

namespace soteria::exec {

/// Options of a reader or writer, or a type, that a binder made for its kernel.
template <class T>
struct MadeOf : Made {
  explicit MadeOf(T its) : value(std::move(its)) {}
  T value;
};

/// map('name', 'value', ...), names in lower case. Errors: INVALID_OPTIONS and its kinds.
base::StatusOr<formats::OptionMap> OptionsOf(const Expr& arg, const Bound& bound);
/// The options that are argument `index`, if it is there.
base::StatusOr<formats::OptionMap> OptionsAt(const Expr& e, const std::vector<BoundPtr>& args,
                                             size_t index);
/// A type of a constant text, DDL or Spark's JSON, everything within it nullable. Errors:
/// INVALID_SCHEMA.NON_STRING_LITERAL, and the parsers'.
base::StatusOr<TypePtr> SchemaOf(const Expr& arg, const Bound& bound);
/// Whether a text as a schema says a map, as far as that can be told.
bool SaysMap(const Expr& schema);
/// The constant text of a function that tells a schema. Errors: UNEXPECTED_INPUT_TYPE,
/// NON_FOLDABLE_INPUT, UNEXPECTED_NULL; `name` is Spark's of the argument.
base::StatusOr<std::string> ConstantText(const Expr& e, const std::vector<BoundPtr>& args,
                                         std::string_view name);
/// Of to_char(bytes, format): base64, hex or decode. Errors: NON_FOLDABLE_ARGUMENT,
/// INVALID_PARAMETER_VALUE.BINARY_FORMAT and .NULL.
base::StatusOr<std::string> BytesToText(const Expr& e, const Bound& format);
/// The value, as a node.
BoundPtr ConstantNode(std::string name, std::string value);

}  // namespace soteria::exec
