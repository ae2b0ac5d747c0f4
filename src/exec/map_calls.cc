#include "src/exec/map_calls.h"

#include <limits>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/cell_text.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

template <class ArrayType, class Builder>
base::Status AppendReal(const arrow::Array& keys, int64_t at, arrow::ArrayBuilder& out) {
  using Real = typename Builder::value_type;
  const Real key = static_cast<const ArrayType&>(keys).Value(at);
  // No zero has a sign.
  SOTERIA_ARROW_RETURN(static_cast<Builder&>(out).Append(key == 0 ? Real{0} : key));
  return base::OkStatus();
}

}  // namespace

base::Status NullMapKey() { return base::Fail(kNullMapKey, "Cannot use null as map key."); }

base::Status DuplicatedMapKey(const arrow::Field& field, const arrow::Array& keys, int64_t at) {
  return base::FailQuotingData(
      kDuplicatedMapKey,
      base::Cat("Duplicate map key ", CastText(field, keys, at),
                " was found, please check the input data. If you want to remove the duplicated "
                "keys, you can set \"spark.sql.mapKeyDedupPolicy\" to \"LAST_WIN\" so that the key "
                "inserted at last takes precedence."));
}

base::StatusOr<MapMaker> MapMaker::Make(const TypePtr& type, std::string function) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
  return MapMaker(std::move(builder), static_cast<const arrow::MapType&>(*type).key_field(),
                  std::move(function));
}

base::Status MapMaker::Null() {
  SOTERIA_ARROW_RETURN(map().AppendNull());
  return base::OkStatus();
}

base::Status MapMaker::Begin() {
  seen_.clear();
  count_ = 0;
  SOTERIA_ARROW_RETURN(map().Append());
  return base::OkStatus();
}

base::Status MapMaker::Count(int64_t entries) {
  count_ += entries;
  all_ += entries;
  return count_ > kMadeCellElementsMax || all_ > kMadeColumnBytesMax / 8 ? TooLong(function_)
                                                                         : base::OkStatus();
}

base::Status MapMaker::AppendKey(const arrow::Array& keys, int64_t key) {
  arrow::ArrayBuilder& out = *map().key_builder();
  if (keys.type_id() == Type::FLOAT) {
    return AppendReal<arrow::FloatArray, arrow::FloatBuilder>(keys, key, out);
  }
  if (keys.type_id() == Type::DOUBLE) {
    return AppendReal<arrow::DoubleArray, arrow::DoubleBuilder>(keys, key, out);
  }
  SOTERIA_ARROW_RETURN(out.AppendArraySlice(arrow::ArraySpan(*keys.data()), key, 1));
  return base::OkStatus();
}

base::Status MapMaker::Add(const arrow::Array& keys, int64_t key, const arrow::Array& values,
                           int64_t value) {
  SOTERIA_RETURN_IF_ERROR(Count(1));
  if (keys.type_id() == Type::NA || keys.IsNull(key)) return NullMapKey();
  cell_.clear();
  WriteCell(keys, key, Floats::kNormalised, cell_);
  if (!seen_.insert(cell_).second) return DuplicatedMapKey(*key_, keys, key);
  SOTERIA_RETURN_IF_ERROR(AppendKey(keys, key));
  SOTERIA_ARROW_RETURN(
      map().item_builder()->AppendArraySlice(arrow::ArraySpan(*values.data()), value, 1));
  return base::OkStatus();
}

base::Status MapMaker::Copy(const arrow::Array& keys, int64_t key, const arrow::Array& values,
                            int64_t value, int64_t count) {
  SOTERIA_RETURN_IF_ERROR(Count(count));
  SOTERIA_ARROW_RETURN(
      map().key_builder()->AppendArraySlice(arrow::ArraySpan(*keys.data()), key, count));
  SOTERIA_ARROW_RETURN(
      map().item_builder()->AppendArraySlice(arrow::ArraySpan(*values.data()), value, count));
  return base::OkStatus();
}

base::StatusOr<ArrayPtr> MapMaker::Finish() {
  SOTERIA_ARROW_ASSIGN(ArrayPtr made, builder_->Finish());
  return made;
}

base::Status RequireMap(const Expr& e, std::vector<BoundPtr>& args, size_t index) {
  if (args[index] == nullptr) return base::Fail(base::kAnalysis, "A lambda in place of a map");
  const arrow::Field& field = *args[index]->field;
  if (field.type()->id() == Type::NA) {
    SOTERIA_ASSIGN_OR_RETURN(
        args[index], CastTo(std::move(args[index]), table::MapOf(arrow::null(), arrow::null())));
    return base::OkStatus();
  }
  if (field.type()->id() == Type::MAP) return base::OkStatus();
  return UnexpectedType(e, index, "\"MAP\"", *e.args[index], field);
}

base::Status CheckMapKey(const Expr& e, const arrow::DataType& key) {
  if (!table::ContainsMap(key)) return base::OkStatus();
  return base::Fail(internal::Mismatch("DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE"),
                    base::Cat("Cannot resolve \"", PrettyName(e),
                              "\" due to data type mismatch: The key of map cannot be/contain \"",
                              table::SqlTypeName(key), "\"."));
}

}  // namespace soteria::exec
