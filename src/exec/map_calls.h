// How functions that take and make maps are written: a map column's entries, a map under way, and
// binders that know what a map is of. Internal to exec; .cc files only.
#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/exec/bound.h"
#include "src/exec/columns.h"
#include "src/exec/kernels.h"
#include "src/table/arrow_status.h"

namespace soteria::exec {

inline const arrow::MapType& MapTypeOf(const Bound& map) {
  return static_cast<const arrow::MapType&>(*map.field->type());
}
inline FieldPtr KeyOf(const Bound& map) { return MapTypeOf(map).key_field(); }
inline FieldPtr ValueOf(const Bound& map) { return MapTypeOf(map).item_field(); }

/// A map column's entries as two columns; those of row i are from begin(i) to end(i).
class MapCells {
 public:
  explicit MapCells(const ArrayPtr& array)
      : map_(std::static_pointer_cast<arrow::MapArray>(array)),
        keys_(static_cast<const arrow::StructArray&>(*map_->values()).field(0)),
        values_(static_cast<const arrow::StructArray&>(*map_->values()).field(1)) {}
  const arrow::Array& keys() const { return *keys_; }
  const arrow::Array& values() const { return *values_; }
  bool IsNull(int64_t i) const { return map_->IsNull(i); }
  int64_t begin(int64_t i) const { return map_->value_offset(i); }
  int64_t end(int64_t i) const { return map_->value_offset(i + 1); }
  int64_t size(int64_t i) const { return map_->value_length(i); }

 private:
  std::shared_ptr<arrow::MapArray> map_;
  ArrayPtr keys_;
  ArrayPtr values_;
};

base::Status NullMapKey();
/// Quotes the key.
base::Status DuplicatedMapKey(const arrow::Field& field, const arrow::Array& keys, int64_t at);

/// A column of maps under way.
class MapMaker {
 public:
  static base::StatusOr<MapMaker> Make(const TypePtr& type, std::string function);

  base::Status Null();
  /// The next map begins.
  base::Status Begin();
  /// NULL_MAP_KEY, or DUPLICATED_MAP_KEY for a key that the map has; zeros are one key, as NaNs
  /// are.
  base::Status Add(const arrow::Array& keys, int64_t key, const arrow::Array& values,
                   int64_t value);
  /// Entries of a map as they are, whose keys are told apart already.
  base::Status Copy(const arrow::Array& keys, int64_t key, const arrow::Array& values,
                    int64_t value, int64_t count);
  base::StatusOr<ArrayPtr> Finish();

 private:
  MapMaker(std::unique_ptr<arrow::ArrayBuilder> builder, FieldPtr key, std::string function)
      : builder_(std::move(builder)), key_(std::move(key)), function_(std::move(function)) {}
  arrow::MapBuilder& map() { return static_cast<arrow::MapBuilder&>(*builder_); }
  base::Status Count(int64_t entries);
  base::Status AppendKey(const arrow::Array& keys, int64_t key);

  std::unique_ptr<arrow::ArrayBuilder> builder_;
  FieldPtr key_;
  std::string function_;
  std::unordered_set<std::string> seen_;
  std::string cell_;
  int64_t count_ = 0;
  int64_t all_ = 0;
};

/// f(i, maker) for the rows where every argument has a value; null elsewhere.
template <class F>
base::StatusOr<ArrayPtr> MakeMaps(const Bound& node, const ArrayList& args, int64_t rows, F f) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(MapMaker maker, MapMaker::Make(node.field->type(), node.field->name()));
  for (int64_t i = 0; i < rows; ++i) {
    if (validity.IsNull(i)) {
      SOTERIA_RETURN_IF_ERROR(maker.Null());
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(maker.Begin());
    SOTERIA_RETURN_IF_ERROR(f(i, maker));
  }
  return maker.Finish();
}

/// The argument as a map; of no type at all counts as one of nulls.
base::Status RequireMap(const Expr& e, std::vector<BoundPtr>& args, size_t index);
/// INVALID_MAP_KEY_TYPE: a key is no map, nor has one in it.
base::Status CheckMapKey(const Expr& e, const arrow::DataType& key);

/// map[key]: the key becomes one of the map's. Null for a key that it hasn't.
base::StatusOr<BoundPtr> BindMapValue(const Expr& e, std::vector<BoundPtr> args);
/// The value of a text as a key, for a name behind a dot.
base::StatusOr<BoundPtr> BindMapField(BoundPtr map, const std::string& name);
/// element_at(map, key): both become what either can.
base::StatusOr<BoundPtr> BindMapElement(const Expr& e, std::vector<BoundPtr> args);

}  // namespace soteria::exec
