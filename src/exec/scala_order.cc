#include "src/exec/scala_order.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <bit>
#include <cmath>
#include <limits>

#include "src/exec/murmur3.h"
#include "src/table/decimal.h"

namespace soteria::exec {
namespace {

using arrow::Type;

int32_t HashLong(int64_t value) {
  const auto whole = static_cast<int32_t>(value);
  if (whole == value) return whole;
  const auto bits = static_cast<uint64_t>(value);
  return static_cast<int32_t>(static_cast<uint32_t>(bits ^ (bits >> 32)));
}

/// Java's (int) and (long) of a double: to the nearest there is; 0 for NaN.
template <class Whole>
Whole Nearest(double value) {
  if (std::isnan(value)) return 0;
  if (value >= static_cast<double>(std::numeric_limits<Whole>::max())) {
    return std::numeric_limits<Whole>::max();
  }
  if (value <= static_cast<double>(std::numeric_limits<Whole>::min())) {
    return std::numeric_limits<Whole>::min();
  }
  return static_cast<Whole>(value);
}

int32_t BitsOf(float value) {
  return std::bit_cast<int32_t>(std::isnan(value) ? std::numeric_limits<float>::quiet_NaN()
                                                  : value);
}

int32_t HashFloat(float value) {
  const auto whole = Nearest<int32_t>(value);
  if (static_cast<float>(whole) == value) return whole;
  const auto wide = Nearest<int64_t>(value);
  if (static_cast<float>(wide) == value) return HashLong(wide);
  return BitsOf(value);
}

int32_t HashDouble(double value) {
  const auto whole = Nearest<int32_t>(value);
  if (whole == value) return whole;
  const auto wide = Nearest<int64_t>(value);
  if (static_cast<double>(wide) == value) return HashLong(wide);
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  const auto narrow = static_cast<float>(value);
  if (narrow == value) return BitsOf(narrow);
  const auto bits = std::bit_cast<uint64_t>(value);
  return static_cast<int32_t>(static_cast<uint32_t>(bits ^ (bits >> 32)));
}

int32_t HashDecimal(table::Unscaled value, int scale) {
  constexpr int kDoubleDigits = 15;
  if (!table::FitsDigits(value, kDoubleDigits)) return 0;
  const table::Unscaled one = table::PowerOfTen(scale);
  if (value % one == 0) return HashLong(static_cast<int64_t>(value / one));
  return HashDouble(static_cast<double>(value) / static_cast<double>(one));
}

template <class ArrayType, class Hash>
void Fill(const arrow::Array& cells, Hash hash, std::vector<int32_t>& out) {
  for (int64_t i = 0; i < cells.length(); ++i) {
    if (cells.IsValid(i)) {
      out[static_cast<size_t>(i)] = hash(static_cast<const ArrayType&>(cells).Value(i));
    }
  }
}

}  // namespace

base::StatusOr<std::vector<int32_t>> ScalaHashes(const std::shared_ptr<arrow::Array>& cells) {
  const auto rows = static_cast<size_t>(cells->length());
  std::vector<int32_t> hashes(rows, 0);
  switch (cells->type_id()) {
    case Type::BOOL:
      Fill<arrow::BooleanArray>(
          *cells, [](bool v) { return v ? 1231 : 1237; }, hashes);
      break;
    case Type::INT8:
      Fill<arrow::Int8Array>(*cells, HashLong, hashes);
      break;
    case Type::INT16:
      Fill<arrow::Int16Array>(*cells, HashLong, hashes);
      break;
    case Type::INT32:
      Fill<arrow::Int32Array>(*cells, HashLong, hashes);
      break;
    case Type::DATE32:
      Fill<arrow::Date32Array>(*cells, HashLong, hashes);
      break;
    case Type::INT64:
      Fill<arrow::Int64Array>(*cells, HashLong, hashes);
      break;
    case Type::TIMESTAMP:
      Fill<arrow::TimestampArray>(*cells, HashLong, hashes);
      break;
    case Type::FLOAT:
      Fill<arrow::FloatArray>(*cells, HashFloat, hashes);
      break;
    case Type::DOUBLE:
      Fill<arrow::DoubleArray>(*cells, HashDouble, hashes);
      break;
    case Type::DECIMAL128: {
      const int scale = table::ShapeOf(*cells->type()).scale;
      for (size_t i = 0; i < rows; ++i) {
        const auto row = static_cast<int64_t>(i);
        if (cells->IsValid(row)) hashes[i] = HashDecimal(table::DecimalAt(*cells, row), scale);
      }
      break;
    }
    case Type::STRING: {
      SOTERIA_ASSIGN_OR_RETURN(const auto murmur, HashRows({cells}, cells->length()));
      for (size_t i = 0; i < rows; ++i) {
        if (cells->IsValid(static_cast<int64_t>(i))) hashes[i] = static_cast<int32_t>(murmur[i]);
      }
      break;
    }
    default:
      break;
  }
  for (int32_t& hash : hashes) {
    const auto bits = static_cast<uint32_t>(hash);
    hash = static_cast<int32_t>(bits ^ (bits >> 16));
  }
  return hashes;
}

size_t ScalaBucketsAfter(size_t buckets, size_t keys) {
  const size_t threshold = buckets / 4 * 3;
  return keys + 1 >= threshold ? buckets * 2 : buckets;
}

bool ScalaBefore(int32_t a, int32_t b, size_t buckets) {
  const auto bucket = [buckets](int32_t hash) {
    return static_cast<uint32_t>(hash) & (buckets - 1);
  };
  if (bucket(a) != bucket(b)) return bucket(a) < bucket(b);
  return a < b;
}

}  // namespace soteria::exec
