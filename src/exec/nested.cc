// Structs, arrays, and vectors as arrays.
#include "src/exec/nested.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/catalogue.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/map_calls.h"
#include "src/exec/order.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using arrow::Type;

/// Field node.number of a struct; null where the struct is.
base::StatusOr<ArrayPtr> GetField(const Bound& node, const ArrayList& args, int64_t /*rows*/,
                                  EvalState& /*state*/) {
  const auto& parent = static_cast<const arrow::StructArray&>(*args[0]);
  SOTERIA_ARROW_ASSIGN(ArrayPtr field, parent.GetFlattenedField(node.number));
  return field;
}

/// Field node.number of the structs in an array, as an array.
base::StatusOr<ArrayPtr> GetFields(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  const auto& lists = static_cast<const arrow::ListArray&>(*args[0]);
  const auto& structs = static_cast<const arrow::StructArray&>(*lists.values());
  SOTERIA_ARROW_ASSIGN(ArrayPtr values, structs.GetFlattenedField(node.number));
  const auto& data = *lists.data();
  return std::make_shared<arrow::ListArray>(node.field->type(), rows, data.buffers[1],
                                            std::move(values), data.buffers[0], lists.null_count(),
                                            lists.offset());
}

base::StatusOr<ArrayPtr> GetElement(const arrow::Array& array, const arrow::Array& index,
                                    int64_t rows, const TypePtr& type, bool strict, bool from_one) {
  const auto& list = static_cast<const arrow::ListArray&>(array);
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
  const arrow::ArraySpan values(*list.values()->data());
  for (int64_t i = 0; i < rows; ++i) {
    if (array.IsNull(i) || index.IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder->AppendNull());
      continue;
    }
    const int64_t length = list.value_length(i);
    const int64_t asked = Values<int64_t>(index)[i];
    if (from_one && asked == 0) {
      return base::Fail(kIndexOfZero,
                        "The index 0 is invalid. An index shall be either < 0 or > 0 (the first "
                        "element has index 1).");
    }
    int64_t at = asked;
    if (from_one) at = asked > 0 ? asked - 1 : asked < 0 ? length + asked : -1;
    if (at >= 0 && at < length) {
      SOTERIA_ARROW_RETURN(builder->AppendArraySlice(values, list.value_offset(i) + at, 1));
    } else if (strict) {
      return base::FailQuotingData(
          from_one ? kElementAtIndex : base::kArrayIndex,
          base::Cat("The index ", asked, " is out of bounds. The array has ", length,
                    " elements. Use the SQL function `get()` to tolerate accessing element at "
                    "invalid index and return NULL instead."));
    } else {
      SOTERIA_ARROW_RETURN(builder->AppendNull());
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

/// node.number: 1 counts from one and from the end; node.try_cast: null beyond the ends.
base::StatusOr<ArrayPtr> Element(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return GetElement(*args[0], *args[1], rows, node.field->type(), !node.try_cast, node.number == 1);
}

base::StatusOr<ArrayPtr> Size(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int32_t>::Make(rows));
  const auto& list = static_cast<const arrow::ListArray&>(*args[0]);  // a map is one, too
  for (int64_t i = 0; i < rows; ++i) {
    out.data()[i] = validity.IsNull(i) ? 0 : list.value_length(i);
  }
  return out.Finish(node.field->type(), std::move(validity));
}

base::StatusOr<ArrayPtr> MakeArrays(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  auto& list = static_cast<arrow::ListBuilder&>(*builder);
  std::vector<arrow::ArraySpan> spans;
  for (const ArrayPtr& arg : args) spans.emplace_back(*arg->data());
  for (int64_t i = 0; i < rows; ++i) {
    SOTERIA_ARROW_RETURN(list.Append());
    for (const arrow::ArraySpan& span : spans) {
      SOTERIA_ARROW_RETURN(list.value_builder()->AppendArraySlice(span, i, 1));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

base::StatusOr<ArrayPtr> MakeStructs(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  return std::make_shared<arrow::StructArray>(node.field->type(), rows, args);
}

base::StatusOr<ArrayPtr> ArrayContains(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                       EvalState& /*state*/) {
  const auto& list = static_cast<const arrow::ListArray&>(*args[0]);
  const CompareCells compare = OrderOf(*args[1]->type());
  std::vector<int8_t> result(static_cast<size_t>(rows), 0);
  for (int64_t i = 0; i < rows; ++i) {
    int8_t& found = result[static_cast<size_t>(i)];
    if (list.IsNull(i) || args[1]->IsNull(i)) {
      found = -1;
      continue;
    }
    for (int64_t k = 0; k < list.value_length(i) && found != 1; ++k) {
      const int64_t at = list.value_offset(i) + k;
      if (list.values()->IsNull(at)) {
        found = -1;
      } else if (compare(*list.values(), at, *args[1], i) == 0) {
        found = 1;
      }
    }
  }
  return MakeBools(result);
}

// ---- vectors ------------------------------------------------------------------------------------

template <class Builder>
base::StatusOr<ArrayPtr> ListsOf(const table::VectorReader& reader, const TypePtr& type) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
  auto& list = static_cast<arrow::ListBuilder&>(*builder);
  auto& values = static_cast<Builder&>(*list.value_builder());
  using T = typename Builder::value_type;
  std::vector<T> dense;
  for (int64_t i = 0; i < reader.rows(); ++i) {
    if (reader.IsNull(i)) return base::Fail(base::kUserRaised, "vector_to_array: null vector");
    const table::VectorView v = reader.Get(i);
    dense.assign(static_cast<size_t>(v.size), T{0});
    for (size_t k = 0; k < v.values.size(); ++k) {
      dense[v.dense ? k : static_cast<size_t>(v.indices[k])] = static_cast<T>(v.values[k]);
    }
    SOTERIA_ARROW_RETURN(list.Append());
    SOTERIA_ARROW_RETURN(values.AppendValues(dense));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

base::StatusOr<ArrayPtr> VectorToArray(const Bound& node, const ArrayList& args, int64_t /*rows*/,
                                       EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const auto reader, table::VectorReader::Make(args[0]));
  const TypePtr& type = node.field->type();
  return type->field(0)->type()->id() == Type::FLOAT ? ListsOf<arrow::FloatBuilder>(reader, type)
                                                     : ListsOf<arrow::DoubleBuilder>(reader, type);
}

base::StatusOr<ArrayPtr> ArrayToVector(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                       EvalState& /*state*/) {
  const auto& list = static_cast<const arrow::ListArray&>(*args[0]);
  const auto& values = static_cast<const arrow::DoubleArray&>(*list.values());
  table::VectorBuilder builder;
  std::vector<double> row;
  for (int64_t i = 0; i < rows; ++i) {
    if (list.IsNull(i)) {
      SOTERIA_RETURN_IF_ERROR(builder.AppendNull());
      continue;
    }
    row.clear();
    for (int64_t k = list.value_offset(i); k < list.value_offset(i) + list.value_length(i); ++k) {
      // Spark's UDF unboxes a null element to 0.
      row.push_back(values.IsNull(k) ? 0.0 : values.Value(k));
    }
    SOTERIA_RETURN_IF_ERROR(builder.AppendDense(row));
  }
  return builder.Finish();
}

// ---- binders ------------------------------------------------------------------------------------

base::Status NotComplex(const std::string& text, const arrow::Field& got) {
  return base::Fail(kExtractBase, base::Cat("Can't extract a value from \"", text,
                                            "\". Need a complex type [STRUCT, ARRAY, MAP] but got ",
                                            table::QuotedTypeName(got), "."));
}

/// May an element that an index picks be null? As Spark says it (computeNullabilityFromArray): of
/// an array made here a constant index says which element decides, of any other it may be out of
/// bounds. Where the index is null the element is too, though Spark says that it can't be.
bool IsNullableElement(const Bound& array, const Bound& index, bool strict, bool from_one) {
  if (array.field->nullable() || index.field->nullable()) return true;
  const bool any = !strict || array.field->type()->field(0)->nullable();
  if (index.literal == nullptr || !index.literal->is_valid) return any;
  if (array.kernel != MakeArrays) return true;
  const auto size = static_cast<int64_t>(array.args.size());
  int64_t at = static_cast<const arrow::Int64Scalar&>(*index.literal).value;
  if (from_one) at = at > 0 ? at - 1 : at < 0 ? size + at : -1;
  if (at < 0 || at >= size) return !strict;
  return array.args[static_cast<size_t>(at)]->field->nullable();
}

base::StatusOr<BoundPtr> BindElement(const Expr& e, std::vector<BoundPtr> args, bool strict,
                                     bool from_one) {
  const FieldPtr field = args[0]->field;
  if (field->type()->id() != Type::LIST || !table::UdtOf(*field).empty()) {
    return NotComplex(PrettyName(*e.args[0]), *field);
  }
  if (!IsIntegral(*args[1]->field->type())) {
    return UnexpectedType(e, 1, "\"INTEGRAL\"", *e.args[1], *args[1]->field);
  }
  SOTERIA_ASSIGN_OR_RETURN(args[1], CastTo(std::move(args[1]), arrow::int64()));
  const FieldPtr element = field->type()->field(0);
  args.resize(2);
  const bool nullable = IsNullableElement(*args[0], *args[1], strict, from_one);
  auto node = MakeCall(PrettyName(e), element->type(), nullable, std::move(args));
  node->field = table::WithUdt(node->field, table::UdtOf(*element));
  node->kernel = Element;
  node->number = from_one ? 1 : 0;
  node->try_cast = !strict;
  node->careful = node->careful || strict;
  return node;
}

/// extract(struct, 'field') and extract(array, index).
base::StatusOr<BoundPtr> BindExtract(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  if (args[0]->field->type()->id() == Type::NA) return args[0];
  if (args[0]->field->type()->id() == Type::MAP) {
    if (context.map_values != nullptr) context.map_values->push_back(&e);
    return BindMapValue(e, std::move(args));
  }
  const auto& key = args[1]->literal;
  const bool named = key != nullptr && key->is_valid && key->type->id() == Type::STRING;
  if (named) {
    const std::string name(static_cast<const arrow::StringScalar&>(*key).view());
    const FieldPtr field = args[0]->field;
    if (field->type()->id() == Type::LIST && table::UdtOf(*field).empty() &&
        field->type()->field(0)->type()->id() != Type::STRUCT) {
      return UnexpectedType(e, 1, "\"INTEGRAL\"", *e.args[1], *args[1]->field);
    }
    return BindField(std::move(args[0]), name, PrettyName(*e.args[0]));
  }
  return BindElement(e, std::move(args), true, false);
}

/// Is it an array? These two say so otherwise than an index in brackets.
base::Status RequireArray(const Expr& e, const std::vector<BoundPtr>& args) {
  const arrow::Field& field = *args[0]->field;
  if (field.type()->id() == Type::LIST && table::UdtOf(field).empty()) return base::OkStatus();
  return UnexpectedType(e, 0, "\"ARRAY\"", *e.args[0], field);
}

base::StatusOr<BoundPtr> BindGet(const Expr& e, std::vector<BoundPtr> args,
                                 BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args));
  if (!IsIntegral(*args[1]->field->type())) {
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 1, arrow::int32(), "\"INT\""));
  }
  return BindElement(e, std::move(args), false, false);
}

base::StatusOr<BoundPtr> BindElementAt(const Expr& e, std::vector<BoundPtr> args,
                                       BindContext& /*context*/) {
  if (args[0]->field->type()->id() == Type::MAP) return BindMapElement(e, std::move(args));
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args));
  if (args[1]->field->type()->id() == Type::INT64) {
    return UnexpectedType(e, 1, "\"INT\"", *e.args[1], *args[1]->field);
  }
  return BindElement(e, std::move(args), true, true);
}

base::StatusOr<BoundPtr> BindTryElementAt(const Expr& e, std::vector<BoundPtr> args,
                                          BindContext& /*context*/) {
  if (args[0]->field->type()->id() == Type::MAP) return BindMapElement(e, std::move(args));
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args));
  if (args[1]->field->type()->id() == Type::INT64) {
    return UnexpectedType(e, 1, "\"INT\"", *e.args[1], *args[1]->field);
  }
  return BindElement(e, std::move(args), false, true);
}

base::StatusOr<BoundPtr> BindSize(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  if (args[0]->field->type()->id() == Type::NA) {
    SOTERIA_ASSIGN_OR_RETURN(args[0], CastTo(std::move(args[0]), table::ListOf(arrow::null())));
  }
  const FieldPtr field = args[0]->field;
  const bool arrays = base::EqualIgnoringCase(e.name, "array_size");
  const bool map = field->type()->id() == Type::MAP && !arrays;
  if (!map && (field->type()->id() != Type::LIST || !table::UdtOf(*field).empty())) {
    return UnexpectedType(e, 0, arrays ? "\"ARRAY\"" : "(\"ARRAY\" or \"MAP\")", *e.args[0],
                          *field);
  }
  auto node = MakeCall(PrettyName(e), arrow::int32(), field->nullable(), std::move(args));
  node->kernel = Size;
  return node;
}

base::StatusOr<BoundPtr> BindArray(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  FieldPtr element = arrow::field("element", arrow::null());
  bool nullable = false;
  if (!args.empty()) {
    std::vector<size_t> which(args.size());
    for (size_t i = 0; i < which.size(); ++i) which[i] = i;
    SOTERIA_ASSIGN_OR_RETURN(element, CoerceAll(e, "array", args, which));
    for (const BoundPtr& arg : args) nullable = nullable || arg->field->nullable();
  }
  element = element->WithName("element")->WithNullable(nullable);
  auto node = MakeCall(PrettyName(e), arrow::list(std::move(element)), false, std::move(args));
  node->kernel = MakeArrays;
  node->null_stops = false;
  return node;
}

base::StatusOr<BoundPtr> BindStruct(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  std::vector<FieldPtr> fields;
  for (size_t i = 0; i < args.size(); ++i) {
    const bool column = e.args[i]->kind == Expr::Kind::kColumn;
    const std::string name = column ? args[i]->field->name() : base::Cat("col", i + 1);
    fields.push_back(args[i]->field->WithName(name));
  }
  auto node = MakeCall(PrettyName(e), arrow::struct_(std::move(fields)), false, std::move(args));
  node->kernel = MakeStructs;
  node->null_stops = false;
  return node;
}

/// named_struct('a', x, 'b', y)
base::StatusOr<BoundPtr> BindNamedStruct(const Expr& e, std::vector<BoundPtr> args,
                                         BindContext& /*context*/) {
  std::vector<FieldPtr> fields;
  std::vector<BoundPtr> values;
  for (size_t i = 0; i + 1 < args.size(); i += 2) {
    const auto& name = args[i]->literal;
    if (name == nullptr || !name->is_valid || name->type->id() != Type::STRING) {
      return base::Fail(kNonFoldableInput,
                        base::Cat("Cannot resolve \"", PrettyName(e),
                                  "\" due to data type mismatch: the name of a field should be a "
                                  "foldable \"STRING\" expression."));
    }
    const auto view = static_cast<const arrow::StringScalar&>(*name).view();
    fields.push_back(args[i + 1]->field->WithName(std::string(view)));
    values.push_back(std::move(args[i + 1]));
  }
  if (args.size() % 2 == 1) {
    return base::Fail(base::kWrongNumArgs, "The `named_struct` requires 2n (n > 0) parameters.");
  }
  auto node = MakeCall(PrettyName(e), arrow::struct_(std::move(fields)), false, std::move(values));
  node->kernel = MakeStructs;
  node->null_stops = false;
  return node;
}

/// The value as it is: its name is that of a struct's field.
base::StatusOr<BoundPtr> BindAlias(const Expr& /*e*/, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  return args[0];
}

base::StatusOr<BoundPtr> BindArrayContains(const Expr& e, std::vector<BoundPtr> args,
                                           BindContext& /*context*/) {
  const FieldPtr field = args[0]->field;
  const bool list = field->type()->id() == Type::LIST && table::UdtOf(*field).empty();
  const TypePtr value = args[1]->field->type();
  const TypePtr element = list ? field->type()->field(0)->type() : nullptr;
  const TypePtr common = list ? CommonType(*element, *value, Texts::kNowhere) : nullptr;
  if (value->id() == Type::NA || field->type()->id() == Type::NA) {
    return base::Fail(kNullType, base::Cat("Cannot resolve \"", PrettyName(e),
                                           "\" due to data type mismatch: Null typed values cannot "
                                           "be used as arguments of `array_contains`."));
  }
  if (common != nullptr && OrderOf(*common) == nullptr) {
    return InvalidOrdering(e, "array_contains", *common);
  }
  if (field->type()->id() == Type::MAP) {
    return UnexpectedType(e, 0, "\"ARRAY\"", *e.args[0], *field);
  }
  if (common == nullptr) {
    return base::Fail(
        kArrayFunctionDiffTypes,
        base::Cat("Cannot resolve \"", PrettyName(e),
                  "\" due to data type mismatch: Input to `array_contains` should have been "
                  "\"ARRAY\" followed by a value with same element type, but it's [",
                  table::QuotedTypeName(*field), ", ", table::QuotedTypeName(*args[1]->field),
                  "]."));
  }
  SOTERIA_ASSIGN_OR_RETURN(
      args[0], CastTo(std::move(args[0]),
                      table::ListOf(common, field->type()->field(0)->nullable()), e.zone));
  SOTERIA_ASSIGN_OR_RETURN(args[1], CastTo(std::move(args[1]), common, e.zone));
  const bool nullable = args[0]->field->nullable() || args[1]->field->nullable() ||
                        args[0]->field->type()->field(0)->nullable();
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  node->kernel = ArrayContains;
  return node;
}

base::StatusOr<BoundPtr> BindVectorToArray(const Expr& e, std::vector<BoundPtr> args,
                                           BindContext& /*context*/) {
  if (!table::IsVector(*args[0]->field)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("function vector_to_array requires a non-null input argument and "
                                "input type must be `org.apache.spark.ml.linalg.Vector` or "
                                "`org.apache.spark.mllib.linalg.Vector`, but got ",
                                table::TypeName(*args[0]->field), "."));
  }
  TypePtr element = arrow::float64();
  if (args.size() > 1) {
    const auto& dtype = args[1]->literal;
    const bool text = dtype != nullptr && dtype->is_valid && dtype->type->id() == Type::STRING;
    const std::string name =
        text ? std::string(static_cast<const arrow::StringScalar&>(*dtype).view()) : "";
    if (name == "float32") {
      element = arrow::float32();
    } else if (name != "float64") {
      return base::Fail(base::kIllegalArgument,
                        "Unsupported dtype in vector_to_array: float64 and float32 are supported");
    }
    args.resize(1);
  }
  auto node = MakeCall(PrettyName(e), table::ListOf(element, false), false, std::move(args));
  node->kernel = VectorToArray;
  node->careful = true;
  return node;
}

base::StatusOr<BoundPtr> BindArrayToVector(const Expr& e, std::vector<BoundPtr> args,
                                           BindContext& /*context*/) {
  const FieldPtr field = args[0]->field;
  if (field->type()->id() != Type::LIST || !IsNumeric(*field->type()->field(0)->type())) {
    return UnexpectedType(e, 0, "\"ARRAY<DOUBLE>\"", *e.args[0], *field);
  }
  SOTERIA_ASSIGN_OR_RETURN(args[0], CastTo(std::move(args[0]), table::ListOf(arrow::float64())));
  auto node = MakeCall(PrettyName(e), table::VectorStructType(), true, std::move(args));
  node->field = table::WithUdt(node->field, table::kVectorUdt);
  node->kernel = ArrayToVector;
  return node;
}

constexpr Function kFunctions[] = {
    {"extract", 2, 2, "extract", Print::kSpecial, BindExtract},
    {"get", 2, 2, "get", Print::kCall, BindGet},
    {"element_at", 2, 2, "element_at", Print::kCall, BindElementAt},
    {"size", 1, 1, "size", Print::kCall, BindSize},
    {"cardinality", 1, 1, "cardinality", Print::kCall, BindSize},
    {"try_element_at", 2, 2, "try_element_at", Print::kCall, BindTryElementAt},
    {"array_size", 1, 1, "array_size", Print::kCall, BindSize},
    {"array", 0, -1, "array", Print::kCall, BindArray},
    {"struct", 1, -1, "struct", Print::kCall, BindStruct},
    {"named_struct", 2, -1, "named_struct", Print::kCall, BindNamedStruct},
    {kStructOf.data(), 2, -1, "struct", Print::kSpecial, BindNamedStruct},
    {kAliasOf.data(), 2, 2, "alias", Print::kSpecial, BindAlias},
    {"array_contains", 2, 2, "array_contains", Print::kCall, BindArrayContains},
    {"vector_to_array", 1, 2, "vector_to_array", Print::kSpecial, BindVectorToArray},
    {"array_to_vector", 1, 1, "array_to_vector", Print::kSpecial, BindArrayToVector},
};

}  // namespace

base::StatusOr<BoundPtr> BindField(BoundPtr parent, const std::string& name,
                                   const std::string& text) {
  const FieldPtr field = parent->field;
  if (field->type()->id() == Type::MAP) return BindMapField(std::move(parent), name);
  // Of an array of structs it is one of their fields.
  const bool list = field->type()->id() == Type::LIST && table::UdtOf(*field).empty();
  const FieldPtr its = list ? field->type()->field(0) : field;
  if (its->type()->id() != Type::STRUCT || !table::UdtOf(*its).empty()) {
    return NotComplex(text, *field);
  }
  std::string names;
  for (int i = 0; i < its->type()->num_fields(); ++i) {
    const FieldPtr& child = its->type()->field(i);
    if (base::EqualIgnoringCase(child->name(), name)) {
      const bool nullable = its->nullable() || child->nullable();
      if (list && !table::UdtOf(*child).empty()) {
        return base::NotSupported("A field of an array of structs that is a vector or matrix");
      }
      auto node = MakeCall(child->name(), child->type(), nullable, {std::move(parent)});
      node->field = list ? arrow::field(child->name(), table::ListOf(child->type(), nullable),
                                        field->nullable())
                         : child->WithNullable(nullable);
      node->kernel = list ? GetFields : GetField;
      node->number = i;
      return node;
    }
    names += base::Cat(i > 0 ? ", `" : "`", child->name(), "`");
  }
  return base::Fail(base::kFieldNotFound,
                    base::Cat("No such struct field `", name, "` in ", names, "."));
}

std::span<const Function> NestedFunctions() { return kFunctions; }

}  // namespace soteria::exec
