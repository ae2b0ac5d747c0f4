// Functions of maps: making them, taking them apart, and looking keys up.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/array_calls.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/map_calls.h"
#include "src/exec/order.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

// ---- making -------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> Create(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return MakeMaps(node, {}, rows, [&](int64_t i, MapMaker& out) -> base::Status {
    for (size_t k = 0; k + 1 < args.size(); k += 2) {
      SOTERIA_RETURN_IF_ERROR(out.Add(*args[k], i, *args[k + 1], i));
    }
    return base::OkStatus();
  });
}

base::StatusOr<ArrayPtr> FromArrays(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  const auto& keys = AsList(args[0]);
  const auto& values = AsList(args[1]);
  return MakeMaps(node, args, rows, [&](int64_t i, MapMaker& out) -> base::Status {
    if (keys.value_length(i) != values.value_length(i)) {
      return base::Fail({"_LEGACY_ERROR_TEMP_2128", base::exception_class::kSparkRuntime, "",
                         absl::StatusCode::kInvalidArgument},
                        "The key array and value array of MapData must have the same length.");
    }
    for (int64_t k = 0; k < keys.value_length(i); ++k) {
      SOTERIA_RETURN_IF_ERROR(out.Add(*keys.values(), keys.value_offset(i) + k, *values.values(),
                                      values.value_offset(i) + k));
    }
    return base::OkStatus();
  });
}

/// Null where an entry is.
base::StatusOr<ArrayPtr> FromEntries(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  const auto& lists = AsList(args[0]);
  const auto& entries = static_cast<const arrow::StructArray&>(*lists.values());
  const ArrayPtr keys = entries.field(0);
  const ArrayPtr values = entries.field(1);
  SOTERIA_ASSIGN_OR_RETURN(MapMaker out, MapMaker::Make(node.field->type(), node.field->name()));
  for (int64_t i = 0; i < rows; ++i) {
    bool null = lists.IsNull(i);
    for (int64_t k = lists.value_offset(i); !null && k < lists.value_offset(i + 1); ++k) {
      null = entries.IsNull(k);
    }
    if (null) {
      SOTERIA_RETURN_IF_ERROR(out.Null());
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(out.Begin());
    for (int64_t k = lists.value_offset(i); k < lists.value_offset(i + 1); ++k) {
      SOTERIA_RETURN_IF_ERROR(out.Add(*keys, k, *values, k));
    }
  }
  return out.Finish();
}

base::StatusOr<ArrayPtr> Concatenated(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  std::vector<MapCells> maps;
  for (const ArrayPtr& arg : args) maps.emplace_back(arg);
  return MakeMaps(node, args, rows, [&](int64_t i, MapMaker& out) -> base::Status {
    for (const MapCells& map : maps) {
      for (int64_t k = map.begin(i); k < map.end(i); ++k) {
        SOTERIA_RETURN_IF_ERROR(out.Add(map.keys(), k, map.values(), k));
      }
    }
    return base::OkStatus();
  });
}

// ---- taking apart -------------------------------------------------------------------------------

enum class Side { kKeys, kValues };

template <Side kSide>
base::StatusOr<ArrayPtr> SideOf(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const MapCells map(args[0]);
  return Lists(node, args, rows, [&](int64_t i, Elements& out) {
    return out.Add(kSide == Side::kKeys ? map.keys() : map.values(), map.begin(i), map.size(i));
  });
}

base::StatusOr<ArrayPtr> Entries(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  const auto& map = static_cast<const arrow::MapArray&>(*args[0]);
  return Lists(node, args, rows, [&](int64_t i, Elements& out) {
    return out.Add(*map.values(), map.value_offset(i), map.value_length(i));
  });
}

/// The place of the first entry of row i with the key at `at`; -1: none.
int64_t FindKey(const MapCells& map, int64_t i, const arrow::Array& key, CompareCells compare) {
  for (int64_t k = map.begin(i); k < map.end(i); ++k) {
    if (compare(map.keys(), k, key, i) == 0) return k;
  }
  return -1;
}

base::StatusOr<ArrayPtr> HasKey(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const MapCells map(args[0]);
  const CompareCells compare = OrderOf(*args[1]->type());
  return Each<arrow::BooleanBuilder>(
      node, args, rows, [&](int64_t i) { return FindKey(map, i, *args[1], compare) >= 0; });
}

base::StatusOr<ArrayPtr> ValueAt(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  const MapCells map(args[0]);
  const CompareCells compare = OrderOf(*args[1]->type());
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  const arrow::ArraySpan values(*map.values().data());
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t at = validity.IsNull(i) ? -1 : FindKey(map, i, *args[1], compare);
    SOTERIA_ARROW_RETURN(at < 0 ? builder->AppendNull() : builder->AppendArraySlice(values, at, 1));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

// ---- binders ------------------------------------------------------------------------------------

std::shared_ptr<Bound> MapCall(const Expr& e, TypePtr type, bool nullable,
                               std::vector<BoundPtr> args, Kernel kernel) {
  auto node = MakeCall(PrettyName(e), std::move(type), nullable, std::move(args));
  node->kernel = kernel;
  node->careful = true;  // a key may be there already
  return node;
}

/// CREATE_MAP_KEY_DIFF_TYPES or CREATE_MAP_VALUE_DIFF_TYPES.
base::Status DiffTypes(const Expr& e, const std::vector<BoundPtr>& args, bool keys) {
  std::string types;
  for (size_t i = keys ? 0 : 1; i < args.size(); i += 2) {
    types += base::Cat(types.empty() ? "" : ", ", table::QuotedTypeName(*args[i]->field));
  }
  const char* const name = keys ? "DATATYPE_MISMATCH.CREATE_MAP_KEY_DIFF_TYPES"
                                : "DATATYPE_MISMATCH.CREATE_MAP_VALUE_DIFF_TYPES";
  return base::Fail(
      internal::Mismatch(name),
      base::Cat("Cannot resolve \"", PrettyName(e), "\" due to data type mismatch: The given ",
                keys ? "keys" : "values", " of function `map` should all be the same type, but ",
                "they are [", types, "]."));
}

base::StatusOr<BoundPtr> BindCreate(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  if (args.size() % 2 == 1) {
    return base::Fail(
        base::kWrongNumArgs,
        base::Cat("The `map` requires 2n (n > 0) parameters but the actual number is ", args.size(),
                  ". Please, refer to "
                  "'https://spark.apache.org/docs/latest/sql-ref-functions.html' for "
                  "a fix."));
  }
  FieldPtr fields[] = {arrow::field("key", arrow::null()),
                       arrow::field("value", arrow::null(), false)};
  bool nulls = false;
  for (size_t side = 0; side < 2 && !args.empty(); ++side) {
    std::vector<size_t> which;
    for (size_t i = side; i < args.size(); i += 2) which.push_back(i);
    auto common = CoerceAll(e, "map", args, which);
    if (!common.ok()) {
      return base::Is(common.status(), kDataDiffTypes) ? DiffTypes(e, args, side == 0)
                                                       : common.status();
    }
    fields[side] = *common;
    for (const size_t i : which) nulls = nulls || (side == 1 && args[i]->field->nullable());
  }
  SOTERIA_RETURN_IF_ERROR(CheckMapKey(e, *fields[0]->type()));
  auto node = MapCall(e, table::MapOf(fields[0], fields[1]->WithNullable(nulls)), false,
                      std::move(args), Create);
  node->null_stops = false;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindFromArrays(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& /*context*/) {
  for (size_t i = 0; i < 2; ++i) SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, i));
  const FieldPtr key = ElementOf(*args[0]);
  SOTERIA_RETURN_IF_ERROR(CheckMapKey(e, *key->type()));
  const TypePtr type = table::MapOf(key, ElementOf(*args[1]));
  const bool nullable = AnyNullable(args);
  return BoundPtr(MapCall(e, type, nullable, std::move(args), FromArrays));
}

base::StatusOr<BoundPtr> BindFromEntries(const Expr& e, std::vector<BoundPtr> args,
                                         BindContext& /*context*/) {
  const arrow::Field& field = *args[0]->field;
  const bool pairs = IsPlainList(field) && ElementOf(*args[0])->type()->id() == Type::STRUCT &&
                     ElementOf(*args[0])->type()->num_fields() == 2 &&
                     table::UdtOf(*ElementOf(*args[0])).empty();
  if (!pairs) {
    return UnexpectedType(e, 0, "\"ARRAY\" of pair \"STRUCT\"", *e.args[0], field);
  }
  const FieldPtr pair = ElementOf(*args[0]);
  SOTERIA_RETURN_IF_ERROR(CheckMapKey(e, *pair->type()->field(0)->type()));
  const TypePtr type = table::MapOf(pair->type()->field(0), pair->type()->field(1));
  const bool nullable = field.nullable() || pair->nullable();
  return BoundPtr(MapCall(e, type, nullable, std::move(args), FromEntries));
}

base::StatusOr<BoundPtr> BindConcat(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  std::string types;
  bool maps = true;
  for (const BoundPtr& arg : args) {
    types += base::Cat(types.empty() ? "" : ", ", table::QuotedTypeName(*arg->field));
    maps = maps && arg->field->type()->id() == Type::MAP;
  }
  if (!maps) {
    return base::Fail(
        internal::Mismatch("DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES"),
        base::Cat("Cannot resolve \"", PrettyName(e),
                  "\" due to data type mismatch: The `map_concat` should all be of type map, but "
                  "it's [",
                  types, "]."));
  }
  TypePtr type = table::MapOf(arrow::utf8(), arrow::utf8());
  if (!args.empty()) {
    std::vector<size_t> which(args.size());
    for (size_t i = 0; i < which.size(); ++i) which[i] = i;
    SOTERIA_ASSIGN_OR_RETURN(const FieldPtr common, CoerceAll(e, "map_concat", args, which));
    type = common->type();
  }
  const bool nullable = AnyNullable(args);
  return BoundPtr(MapCall(e, type, nullable, std::move(args), Concatenated));
}

/// Spark says of keys and of values that any may be null.
template <Side kSide>
base::StatusOr<BoundPtr> BindSide(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireMap(e, args, 0));
  const FieldPtr its = kSide == Side::kKeys ? KeyOf(*args[0]) : ValueOf(*args[0]);
  const bool nullable = args[0]->field->nullable();
  const TypePtr type = arrow::list(its->WithName("element")->WithNullable(true));
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = SideOf<kSide>;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindEntries(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireMap(e, args, 0));
  const TypePtr entry = arrow::struct_({KeyOf(*args[0]), ValueOf(*args[0])});
  const bool nullable = args[0]->field->nullable();
  return ListCall(e, std::move(args), entry, false, nullable, Entries);
}

base::Status MapFunctionDiffTypes(const Expr& e, const std::string& function,
                                  const std::vector<BoundPtr>& args) {
  return base::Fail(kMapFunctionDiffTypes,
                    base::Cat("Cannot resolve \"", PrettyName(e),
                              "\" due to data type mismatch: Input to `", function,
                              "` should have been \"MAP\" followed by a value with same key type, "
                              "but it's [",
                              table::QuotedTypeName(*args[0]->field), ", ",
                              table::QuotedTypeName(*args[1]->field), "]."));
}

/// Map and key get a type that both keys become without a loss; maps and texts don't.
base::Status CoerceKeys(const Expr& e, const std::string& function, std::vector<BoundPtr>& args) {
  const FieldPtr key = KeyOf(*args[0]);
  const FieldPtr value = ValueOf(*args[0]);
  const TypePtr common = CommonType(*key->type(), *args[1]->field->type(), Texts::kNowhere);
  if (common == nullptr || OrderOf(*common) == nullptr) {
    return MapFunctionDiffTypes(e, function, args);
  }
  SOTERIA_ASSIGN_OR_RETURN(
      args[0], CastTo(std::move(args[0]), table::MapOf(key->WithType(common), value), e.zone));
  SOTERIA_ASSIGN_OR_RETURN(args[1], CastTo(std::move(args[1]), common, e.zone));
  return base::OkStatus();
}

base::StatusOr<BoundPtr> BindHasKey(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  if (args[0]->field->type()->id() != Type::MAP) {
    return MapFunctionDiffTypes(e, "map_contains_key", args);
  }
  if (args[1]->field->type()->id() == Type::NA) {
    return base::Fail(kNullType, base::Cat("Cannot resolve \"", PrettyName(e),
                                           "\" due to data type mismatch: Null typed values cannot "
                                           "be used as arguments of `map_contains_key`."));
  }
  SOTERIA_RETURN_IF_ERROR(CoerceKeys(e, "map_contains_key", args));
  auto node = MakeCall(PrettyName(e), arrow::boolean(), true, std::move(args));
  node->kernel = HasKey;
  return BoundPtr(std::move(node));
}

BoundPtr ValueCall(std::string name, std::vector<BoundPtr> args) {
  const FieldPtr value = ValueOf(*args[0]);
  auto node = MakeCall(std::move(name), value->type(), true, std::move(args));
  node->field = table::WithUdt(node->field, table::UdtOf(*value));
  node->kernel = ValueAt;
  return node;
}

/// map['key'], as the converter writes it where it knows that it is a map.
base::StatusOr<BoundPtr> BindBrackets(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireMap(e, args, 0));
  return BindMapValue(e, std::move(args));
}

constexpr Function kFunctions[] = {
    {"map", 0, -1, "map", Print::kCall, BindCreate},
    {"map_from_arrays", 2, 2, "map_from_arrays", Print::kCall, BindFromArrays},
    {"map_from_entries", 1, 1, "map_from_entries", Print::kCall, BindFromEntries},
    {"map_concat", 0, -1, "map_concat", Print::kCall, BindConcat},
    {"map_keys", 1, 1, "map_keys", Print::kCall, BindSide<Side::kKeys>},
    {"map_values", 1, 1, "map_values", Print::kCall, BindSide<Side::kValues>},
    {"map_entries", 1, 1, "map_entries", Print::kCall, BindEntries},
    {"map_contains_key", 2, 2, "map_contains_key", Print::kCall, BindHasKey},
    {"[]", 2, 2, "[]", Print::kSpecial, BindBrackets},
};

}  // namespace

base::StatusOr<BoundPtr> BindMapValue(const Expr& e, std::vector<BoundPtr> args) {
  const TypePtr key = KeyOf(*args[0])->type();
  const arrow::DataType& given = *args[1]->field->type();
  const TypePtr common = CommonType(*key, given, Texts::kNowhere);
  if (given.num_fields() > 0 && common != nullptr && common->Equals(*key)) {
    SOTERIA_ASSIGN_OR_RETURN(args[1], CastTo(std::move(args[1]), key, e.zone));
  } else {
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, 1, key, base::Cat("\"", table::SqlTypeName(*key), "\"")));
  }
  if (OrderOf(*key) == nullptr) return InvalidOrdering(e, "[]", *key);
  return ValueCall(PrettyName(e), std::move(args));
}

base::StatusOr<BoundPtr> BindMapField(BoundPtr map, const std::string& name) {
  auto literal = std::make_shared<Bound>();
  literal->literal = std::make_shared<arrow::StringScalar>(name);
  literal->field = arrow::field(name, arrow::utf8(), false);
  const TypePtr type = KeyOf(*map)->type();
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr key, CastTo(std::move(literal), type));
  return ValueCall(name, {std::move(map), std::move(key)});
}

base::StatusOr<BoundPtr> BindMapElement(const Expr& e, std::vector<BoundPtr> args) {
  SOTERIA_RETURN_IF_ERROR(CoerceKeys(e, "element_at", args));
  return ValueCall(PrettyName(e), std::move(args));
}

std::span<const Function> MapFunctions() { return kFunctions; }

}  // namespace soteria::exec
