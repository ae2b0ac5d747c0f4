// md5 and its like, and the hashes by which Spark spreads rows.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/digests.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/key_words.h"
#include "src/table/decimal.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Text = arrow::StringBuilder;

template <std::string (*kDigest)(std::string_view)>
base::StatusOr<ArrayPtr> Digest(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<Text>(node, args, rows,
                    [&](int64_t i) { return base::Hex(kDigest(TextAt(*args[0], i))); });
}

base::StatusOr<ArrayPtr> Sha2Kernel(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> std::optional<std::string> {
    int32_t bits = IntAt(*args[1], i);
    if (bits == 0) bits = 256;
    if (bits != 224 && bits != 256 && bits != 384 && bits != 512) return std::nullopt;
    return base::Hex(Sha2(TextAt(*args[0], i), bits));
  });
}

base::StatusOr<ArrayPtr> Crc(const Bound& node, const ArrayList& args, int64_t rows,
                             EvalState& /*state*/) {
  return Each<arrow::Int64Builder>(node, args, rows, [&](int64_t i) {
    return static_cast<int64_t>(Crc32(TextAt(*args[0], i)));
  });
}

struct Murmur {
  using Value = int32_t;
  static Value Int(int32_t value, Value seed) { return Murmur3Int(value, seed); }
  static Value Long(int64_t value, Value seed) { return Murmur3Long(value, seed); }
  static Value Bytes(std::string_view bytes, Value seed) { return Murmur3Bytes(bytes, seed); }
};
struct Xxh {
  using Value = int64_t;
  static Value Int(int32_t value, Value seed) { return Xxh64Int(value, seed); }
  static Value Long(int64_t value, Value seed) { return Xxh64Long(value, seed); }
  static Value Bytes(std::string_view bytes, Value seed) { return Xxh64Bytes(bytes, seed); }
};

/// The cell hashed with what came before as the seed; null leaves it.
template <class Hash>
typename Hash::Value HashCell(const arrow::Array& array, int64_t i, typename Hash::Value seed) {
  if (array.type_id() == Type::NA || array.IsNull(i)) return seed;
  switch (array.type_id()) {
    case Type::BOOL:
      return Hash::Int(BoolAt(array, i) ? 1 : 0, seed);
    case Type::INT8:
      return Hash::Int(Values<int8_t>(array)[i], seed);
    case Type::INT16:
      return Hash::Int(Values<int16_t>(array)[i], seed);
    case Type::INT32:
    case Type::DATE32:
    case Type::INTERVAL_MONTHS:
      return Hash::Int(IntAt(array, i), seed);
    case Type::INT64:
    case Type::TIMESTAMP:
    case Type::DURATION:
      return Hash::Long(LongAt(array, i), seed);
    case Type::FLOAT: {
      float value = Values<float>(array)[i];
      if (value == 0) value = 0;
      if (std::isnan(value)) value = std::numeric_limits<float>::quiet_NaN();
      return Hash::Int(std::bit_cast<int32_t>(value), seed);
    }
    case Type::DOUBLE: {
      double value = DoubleAt(array, i);
      if (value == 0) value = 0;
      if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
      return Hash::Long(std::bit_cast<int64_t>(value), seed);
    }
    case Type::DECIMAL128: {
      const table::Unscaled value = table::DecimalAt(array, i);
      if (table::ShapeOf(*array.type()).precision <= kLongDigits) {
        return Hash::Long(static_cast<int64_t>(value), seed);
      }
      return Hash::Bytes(table::BigIntegerBytes(value), seed);
    }
    case Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
        seed = HashCell<Hash>(*list.values(), k, seed);
      }
      return seed;
    }
    case Type::STRUCT: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      for (int f = 0; f < fields.num_fields(); ++f) {
        seed = HashCell<Hash>(*fields.field(f), i, seed);
      }
      return seed;
    }
    default:
      return Hash::Bytes(TextAt(array, i), seed);
  }
}

template <class Hash, class Builder>
base::StatusOr<ArrayPtr> HashRows(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<Builder>(node, {}, rows, [&](int64_t i) {
    typename Hash::Value hash = 42;
    for (const ArrayPtr& arg : args) hash = HashCell<Hash>(*arg, i, hash);
    return hash;
  });
}

template <class Hash, class Builder>
base::StatusOr<BoundPtr> BindHash(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  for (const BoundPtr& arg : args) {
    if (!table::ContainsMap(*arg->field->type())) continue;
    return base::Fail(
        internal::Mismatch("DATATYPE_MISMATCH.HASH_MAP_TYPE"),
        base::Cat("Cannot resolve \"", PrettyName(e),
                  "\" due to data type mismatch: Input to the function `", e.name,
                  "` cannot contain elements of the \"MAP\" type. In Spark, same maps may have "
                  "different hashcode, thus hash expressions are prohibited on \"MAP\" elements."));
  }
  const TypePtr type = sizeof(typename Hash::Value) == 4 ? arrow::int32() : arrow::int64();
  auto node = MakeCall(PrettyName(e), type, false, std::move(args));
  node->kernel = HashRows<Hash, Builder>;
  node->null_stops = false;
  return node;
}

constexpr Function kFunctions[] = {
    {"md5", 1, 1, "md5", Print::kCall, BindSimple<Digest<Md5>, "b", 's'>},
    {"sha", 1, 1, "sha", Print::kCall, BindSimple<Digest<Sha1>, "b", 's'>},
    {"sha1", 1, 1, "sha1", Print::kCall, BindSimple<Digest<Sha1>, "b", 's'>},
    {"sha2", 2, 2, "sha2", Print::kCall, BindSimple<Sha2Kernel, "bi", 's', kNullable>},
    {"crc32", 1, 1, "crc32", Print::kCall, BindSimple<Crc, "b", 'l'>},
    {"hash", 1, -1, "hash", Print::kCall, BindHash<Murmur, arrow::Int32Builder>},
    {"xxhash64", 1, -1, "xxhash64", Print::kCall, BindHash<Xxh, arrow::Int64Builder>},
};

}  // namespace

std::span<const Function> DigestFunctions() { return kFunctions; }

}  // namespace soteria::exec
