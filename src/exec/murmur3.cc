#include "src/exec/murmur3.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <bit>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/key_words.h"
#include "src/table/decimal.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Array;
using arrow::Type;

uint32_t MixKey(uint32_t key) {
  key *= 0xcc9e2d51U;
  key = std::rotl(key, 15);
  return key * 0x1b873593U;
}

uint32_t MixHash(uint32_t hash, uint32_t key) {
  return std::rotl(hash ^ MixKey(key), 13) * 5 + 0xe6546b64U;
}

uint32_t Finish(uint32_t hash, uint32_t length) {
  hash ^= length;
  hash ^= hash >> 16;
  hash *= 0x85ebca6bU;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35U;
  return hash ^ (hash >> 16);
}

uint32_t HashInt(int32_t value, uint32_t seed) {
  return Finish(MixHash(seed, static_cast<uint32_t>(value)), 4);
}

uint32_t HashLong(int64_t value, uint32_t seed) {
  const auto bits = static_cast<uint64_t>(value);
  const uint32_t low = MixHash(seed, static_cast<uint32_t>(bits));
  return Finish(MixHash(low, static_cast<uint32_t>(bits >> 32)), 8);
}

/// Spark's own form: the bytes behind the last whole word count as words each, with their sign.
uint32_t HashBytes(std::string_view bytes, uint32_t seed) {
  const size_t whole = bytes.size() & ~size_t{3};
  uint32_t hash = seed;
  for (size_t i = 0; i < whole; i += 4) hash = MixHash(hash, base::GetLe32(bytes.data() + i));
  for (size_t i = whole; i < bytes.size(); ++i) {
    hash = MixHash(hash, static_cast<uint32_t>(static_cast<int8_t>(bytes[i])));
  }
  return Finish(hash, static_cast<uint32_t>(bytes.size()));
}

uint32_t HashDouble(double value, uint32_t seed) { return HashLong(CanonicalBits(value), seed); }

template <class ArrayType>
int32_t Small(const Array& array, int64_t row) {
  return static_cast<int32_t>(static_cast<const ArrayType&>(array).Value(row));
}

uint32_t HashCell(const Array& array, int64_t row, uint32_t seed);

uint32_t HashElements(const Array& values, int64_t from, int64_t count, uint32_t seed) {
  for (int64_t i = from; i < from + count; ++i) seed = HashCell(values, i, seed);
  return seed;
}

/// As the struct of a dense vector: type 1, no size, no indices, the values.
uint32_t HashDense(const arrow::FixedSizeListArray& vectors, int64_t row, uint32_t seed) {
  const auto& values = static_cast<const arrow::DoubleArray&>(*vectors.values());
  seed = HashInt(1, seed);
  const int64_t from = vectors.value_offset(row);
  for (int64_t i = from; i < from + vectors.value_length(row); ++i) {
    seed = HashDouble(values.Value(i), seed);
  }
  return seed;
}

uint32_t HashCell(const Array& array, int64_t row, uint32_t seed) {
  if (array.type_id() == Type::NA || array.IsNull(row)) return seed;
  switch (array.type_id()) {
    case Type::BOOL:
      return HashInt(Small<arrow::BooleanArray>(array, row), seed);
    case Type::INT8:
      return HashInt(Small<arrow::Int8Array>(array, row), seed);
    case Type::INT16:
      return HashInt(Small<arrow::Int16Array>(array, row), seed);
    case Type::INT32:
      return HashInt(Small<arrow::Int32Array>(array, row), seed);
    case Type::DATE32:
      return HashInt(Small<arrow::Date32Array>(array, row), seed);
    case Type::INT64:
      return HashLong(static_cast<const arrow::Int64Array&>(array).Value(row), seed);
    case Type::TIMESTAMP:
      return HashLong(static_cast<const arrow::TimestampArray&>(array).Value(row), seed);
    case Type::DURATION:
      return HashLong(static_cast<const arrow::DurationArray&>(array).Value(row), seed);
    case Type::INTERVAL_MONTHS:
      return HashInt(Small<arrow::MonthIntervalArray>(array, row), seed);
    case Type::FLOAT:
      return HashInt(CanonicalBits(static_cast<const arrow::FloatArray&>(array).Value(row)), seed);
    case Type::DOUBLE:
      return HashDouble(static_cast<const arrow::DoubleArray&>(array).Value(row), seed);
    case Type::STRING:
    case Type::BINARY:
      return HashBytes(static_cast<const arrow::BinaryArray&>(array).GetView(row), seed);
    case Type::DECIMAL128: {
      const table::Unscaled value = table::DecimalAt(array, row);
      // Spark keeps up to 18 digits in a long.
      if (table::ShapeOf(*array.type()).precision <= kLongDigits) {
        return HashLong(static_cast<int64_t>(value), seed);
      }
      return HashBytes(table::BigIntegerBytes(value), seed);
    }
    case Type::LIST: {
      const auto& lists = static_cast<const arrow::ListArray&>(array);
      return HashElements(*lists.values(), lists.value_offset(row), lists.value_length(row), seed);
    }
    case Type::FIXED_SIZE_LIST:
      return HashDense(static_cast<const arrow::FixedSizeListArray&>(array), row, seed);
    default: {
      const auto& structs = static_cast<const arrow::StructArray&>(array);
      for (int k = 0; k < structs.num_fields(); ++k) {
        seed = HashCell(*structs.field(k), row, seed);
      }
      return seed;
    }
  }
}

void HashWords(const Array& column, const std::vector<uint64_t>& words,
               std::vector<uint32_t>& hashes) {
  const bool as_int = IsHashedAsInt(*column.type());
  const bool nulls = column.null_count() > 0;
  for (size_t i = 0; i < words.size(); ++i) {
    if (nulls && column.IsNull(static_cast<int64_t>(i))) continue;
    hashes[i] = as_int ? HashInt(static_cast<int32_t>(words[i]), hashes[i])
                       : HashLong(static_cast<int64_t>(words[i]), hashes[i]);
  }
}

}  // namespace

bool IsHashable(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::DATE32:
    case Type::INT64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::INTERVAL_MONTHS:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::BINARY:
    case Type::DECIMAL128:
      return true;
    case Type::LIST:
      return IsHashable(*type.field(0)->type());
    case Type::FIXED_SIZE_LIST:
      return type.field(0)->type()->id() == Type::DOUBLE;
    case Type::STRUCT:
      for (const auto& field : type.fields()) {
        if (!IsHashable(*field->type())) return false;
      }
      return true;
    default:
      return false;
  }
}

base::StatusOr<std::vector<uint32_t>> HashRows(const std::vector<std::shared_ptr<Array>>& columns,
                                               int64_t rows, uint32_t seed) {
  std::vector<uint32_t> hashes(static_cast<size_t>(rows), seed);
  for (const auto& column : columns) {
    if (!IsHashable(*column->type())) {
      return base::Fail(
          base::kUnsupported,
          base::Cat("Values of type ", table::TypeName(*column->type()), " can't be hashed"));
    }
    const std::vector<uint64_t> words = WordsOf(*column);
    if (!words.empty()) {
      HashWords(*column, words, hashes);
      continue;
    }
    for (int64_t i = 0; i < rows; ++i) {
      uint32_t& hash = hashes[static_cast<size_t>(i)];
      hash = HashCell(*column, i, hash);
    }
  }
  return hashes;
}

}  // namespace soteria::exec
