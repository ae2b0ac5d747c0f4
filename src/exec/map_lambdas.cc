// Functions of lambdas over a map's entries: a body runs over a batch of all entries at once.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/type.h>

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/lambda_calls.h"
#include "src/exec/map_calls.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

/// Cells of `values` at places, of which -1 is null.
base::StatusOr<ArrayPtr> CellsAt(const arrow::Array& values, const std::vector<int64_t>& at) {
  if (values.type_id() == Type::NA)
    return MakeNulls(values.type(), static_cast<int64_t>(at.size()));
  arrow::Int64Builder places;
  SOTERIA_ARROW_RETURN(places.Reserve(static_cast<int64_t>(at.size())));
  for (const int64_t place : at) {
    if (place < 0) {
      places.UnsafeAppendNull();
    } else {
      places.UnsafeAppend(place);
    }
  }
  SOTERIA_ARROW_ASSIGN(const ArrayPtr indices, places.Finish());
  SOTERIA_ARROW_ASSIGN(ArrayPtr taken, arrow::compute::Take(values, *indices));
  return taken;
}

/// All entries of the maps that aren't null: the rows that they belong to, and themselves.
struct Flat {
  std::vector<int64_t> rows;
  ArrayPtr keys;
  ArrayPtr values;
};

base::StatusOr<Flat> Flattened(const MapCells& map, int64_t rows) {
  Flat flat;
  std::vector<int64_t> at;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = map.begin(i); !map.IsNull(i) && k < map.end(i); ++k) {
      flat.rows.push_back(i);
      at.push_back(k);
    }
    if (static_cast<int64_t>(at.size()) > kLambdaElementsMax) return TooManyElements();
  }
  SOTERIA_ASSIGN_OR_RETURN(flat.keys, CellsAt(map.keys(), at));
  SOTERIA_ASSIGN_OR_RETURN(flat.values, CellsAt(map.values(), at));
  return flat;
}

/// f(place among all entries, number of the row's, maker) for the rows with a map.
template <class F>
base::StatusOr<ArrayPtr> EachMap(const Bound& node, const Batch& batch, EvalState& state, F f) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr array, Run(*node.args[0], batch, state));
  const MapCells map(array);
  SOTERIA_ASSIGN_OR_RETURN(const Flat flat, Flattened(map, batch.rows));
  SOTERIA_ASSIGN_OR_RETURN(
      const Batch elements,
      ElementBatch(batch, node.bodies[0]->uses, flat.rows, node.number, {flat.keys, flat.values}));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr made, Run(*node.bodies[0], elements, state));
  SOTERIA_ASSIGN_OR_RETURN(MapMaker out, MapMaker::Make(node.field->type(), node.field->name()));
  int64_t at = 0;
  for (int64_t i = 0; i < batch.rows; ++i) {
    if (map.IsNull(i)) {
      SOTERIA_RETURN_IF_ERROR(out.Null());
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(out.Begin());
    SOTERIA_RETURN_IF_ERROR(f(flat, *made, at, map.size(i), out));
    at += map.size(i);
  }
  return out.Finish();
}

base::StatusOr<ArrayPtr> Filter(const Bound& node, const Batch& batch, EvalState& state) {
  std::vector<int8_t> holds;
  return EachMap(node, batch, state,
                 [&](const Flat& flat, const arrow::Array& made, int64_t at, int64_t count,
                     MapMaker& out) -> base::Status {
                   if (holds.empty()) holds = ReadBools(made);
                   for (int64_t k = at; k < at + count; ++k) {
                     if (holds[static_cast<size_t>(k)] != 1) continue;
                     SOTERIA_RETURN_IF_ERROR(out.Copy(*flat.keys, k, *flat.values, k, 1));
                   }
                   return base::OkStatus();
                 });
}

base::StatusOr<ArrayPtr> OtherKeys(const Bound& node, const Batch& batch, EvalState& state) {
  return EachMap(node, batch, state,
                 [](const Flat& flat, const arrow::Array& made, int64_t at, int64_t count,
                    MapMaker& out) -> base::Status {
                   for (int64_t k = at; k < at + count; ++k) {
                     SOTERIA_RETURN_IF_ERROR(out.Add(made, k, *flat.values, k));
                   }
                   return base::OkStatus();
                 });
}

base::StatusOr<ArrayPtr> OtherValues(const Bound& node, const Batch& batch, EvalState& state) {
  return EachMap(node, batch, state,
                 [](const Flat& flat, const arrow::Array& made, int64_t at, int64_t count,
                    MapMaker& out) { return out.Copy(*flat.keys, at, made, at, count); });
}

/// The keys of two maps, the first one's first, each with its place in either; -1: not there.
struct Zipped {
  std::vector<int64_t> rows;
  std::vector<int64_t> lengths;  // of each row; -1: null
  std::vector<int64_t> places[2];
};

base::StatusOr<Zipped> Zip(const MapCells (&maps)[2], int64_t rows) {
  Zipped zipped;
  std::string cell;
  for (int64_t i = 0; i < rows; ++i) {
    if (maps[0].IsNull(i) || maps[1].IsNull(i)) {
      zipped.lengths.push_back(-1);
      continue;
    }
    const size_t before = zipped.rows.size();
    std::unordered_map<std::string, size_t> places;
    for (size_t side = 0; side < 2; ++side) {
      for (int64_t k = maps[side].begin(i); k < maps[side].end(i); ++k) {
        cell.clear();
        WriteCell(maps[side].keys(), k, Floats::kNormalised, cell);
        const auto [place, fresh] = places.emplace(cell, zipped.rows.size());
        if (fresh) {
          zipped.rows.push_back(i);
          for (auto& at : zipped.places) at.push_back(-1);
        }
        int64_t& at = zipped.places[side][place->second];
        if (at < 0) at = k;
      }
    }
    zipped.lengths.push_back(static_cast<int64_t>(zipped.rows.size() - before));
    if (static_cast<int64_t>(zipped.rows.size()) > kLambdaElementsMax) return TooManyElements();
  }
  return zipped;
}

base::StatusOr<ArrayPtr> ZipWith(const Bound& node, const Batch& batch, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr one, Run(*node.args[0], batch, state));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr two, Run(*node.args[1], batch, state));
  const MapCells maps[2] = {MapCells(one), MapCells(two)};
  SOTERIA_ASSIGN_OR_RETURN(const Zipped zipped, Zip(maps, batch.rows));
  SOTERIA_ARROW_ASSIGN(auto keys, arrow::MakeBuilder(maps[0].keys().type()));
  for (size_t k = 0; k < zipped.rows.size(); ++k) {
    const size_t side = zipped.places[0][k] >= 0 ? 0 : 1;
    SOTERIA_ARROW_RETURN(keys->AppendArraySlice(arrow::ArraySpan(*maps[side].keys().data()),
                                                zipped.places[side][k], 1));
  }
  ArrayList variables(3);
  SOTERIA_ARROW_ASSIGN(variables[0], keys->Finish());
  for (size_t side = 0; side < 2; ++side) {
    SOTERIA_ASSIGN_OR_RETURN(variables[side + 1],
                             CellsAt(maps[side].values(), zipped.places[side]));
  }
  SOTERIA_ASSIGN_OR_RETURN(const Batch elements, ElementBatch(batch, node.bodies[0]->uses,
                                                              zipped.rows, node.number, variables));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr made, Run(*node.bodies[0], elements, state));
  SOTERIA_ASSIGN_OR_RETURN(MapMaker out, MapMaker::Make(node.field->type(), node.field->name()));
  int64_t at = 0;
  for (const int64_t length : zipped.lengths) {
    if (length < 0) {
      SOTERIA_RETURN_IF_ERROR(out.Null());
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(out.Begin());
    SOTERIA_RETURN_IF_ERROR(out.Copy(*variables[0], at, *made, at, length));
    at += length;
  }
  return out.Finish();
}

// ---- binders ------------------------------------------------------------------------------------

base::StatusOr<BoundPtr> BindFilter(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireMap(e, args, 0));
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr body,
                           BindBody(*e.args[1], {KeyOf(*args[0]), ValueOf(*args[0])}, 0, context));
  SOTERIA_ASSIGN_OR_RETURN(body, BindCondition(e, std::move(body)));
  const FieldPtr map = args[0]->field;
  args.resize(1);
  return HigherOrder(e, map->type(), map->nullable(), std::move(args), {std::move(body)}, Filter,
                     context);
}

template <bool kKeys>
base::StatusOr<BoundPtr> BindOther(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(RequireMap(e, args, 0));
  const FieldPtr key = KeyOf(*args[0]);
  const FieldPtr value = ValueOf(*args[0]);
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr body, BindBody(*e.args[1], {key, value}, 0, context));
  const bool nullable = args[0]->field->nullable();
  args.resize(1);
  if (!kKeys) {
    const TypePtr type = table::MapOf(key, body->field);
    return HigherOrder(e, type, nullable, std::move(args), {std::move(body)}, OtherValues, context);
  }
  SOTERIA_RETURN_IF_ERROR(CheckMapKey(e, *body->field->type()));
  const TypePtr type = table::MapOf(body->field, value);
  SOTERIA_ASSIGN_OR_RETURN(
      const BoundPtr bound,
      HigherOrder(e, type, nullable, std::move(args), {std::move(body)}, OtherKeys, context));
  auto node = std::make_shared<Bound>(*bound);
  node->careful = true;  // a key may be null, or there already
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindZipWith(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  for (size_t i = 0; i < 2; ++i) {
    if (args[i] != nullptr && args[i]->field->type()->id() == Type::NA) {
      return UnexpectedType(e, i, "\"MAP\"", *e.args[i], *args[i]->field);
    }
    SOTERIA_RETURN_IF_ERROR(RequireMap(e, args, i));
  }
  const FieldPtr keys[2] = {KeyOf(*args[0]), KeyOf(*args[1])};
  const TypePtr common = CommonType(*keys[0]->type(), *keys[1]->type(), Texts::kNowhere);
  if (common == nullptr) {
    return base::Fail(
        internal::Mismatch("DATATYPE_MISMATCH.MAP_ZIP_WITH_DIFF_TYPES"),
        base::Cat("Cannot resolve \"", PrettyName(e),
                  "\" due to data type mismatch: Input to the `map_zip_with` should have been two "
                  "maps with compatible key types, but it's [",
                  table::QuotedTypeName(*keys[0]), ", ", table::QuotedTypeName(*keys[1]), "]."));
  }
  std::vector<FieldPtr> variables = {keys[0]->WithType(common)};
  for (size_t i = 0; i < 2; ++i) {
    const FieldPtr value = ValueOf(*args[i]);
    SOTERIA_ASSIGN_OR_RETURN(
        args[i],
        CastTo(std::move(args[i]), table::MapOf(keys[i]->WithType(common), value), e.zone));
    variables.push_back(value->WithNullable(true));
  }
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr body, BindBody(*e.args[2], variables, 0, context));
  const TypePtr type = table::MapOf(variables[0], body->field);
  const bool nullable = args[0]->field->nullable() || args[1]->field->nullable();
  args.resize(2);
  return HigherOrder(e, type, nullable, std::move(args), {std::move(body)}, ZipWith, context);
}

constexpr Function kFunctions[] = {
    {"map_filter", 2, 2, "map_filter", Print::kCall, BindFilter, false, true},
    {"transform_keys", 2, 2, "transform_keys", Print::kCall, BindOther<true>, false, true},
    {"transform_values", 2, 2, "transform_values", Print::kCall, BindOther<false>, false, true},
    {"map_zip_with", 3, 3, "map_zip_with", Print::kCall, BindZipWith, false, true},
};

}  // namespace

std::span<const Function> MapLambdaFunctions() { return kFunctions; }

}  // namespace soteria::exec
