#include "src/exec/key_words.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <cstring>
#include <type_traits>

#include "src/table/decimal.h"

namespace soteria::exec {
namespace {

using arrow::Type;

template <class T>
uint64_t Word(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<uint64_t>(CanonicalBits(value));
  } else {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }
}

template <class ArrayType>
std::vector<uint64_t> Numbers(const arrow::Array& array) {
  const auto* values = static_cast<const ArrayType&>(array).raw_values();
  std::vector<uint64_t> words(static_cast<size_t>(array.length()));
  for (size_t i = 0; i < words.size(); ++i) words[i] = Word(values[i]);
  return words;
}

std::vector<uint64_t> Booleans(const arrow::Array& array) {
  const auto& values = static_cast<const arrow::BooleanArray&>(array);
  std::vector<uint64_t> words(static_cast<size_t>(array.length()));
  for (size_t i = 0; i < words.size(); ++i) words[i] = values.Value(static_cast<int64_t>(i));
  return words;
}

std::vector<uint64_t> Decimals(const arrow::Array& array) {
  if (table::ShapeOf(*array.type()).precision > kLongDigits) return {};
  const uint8_t* values = static_cast<const arrow::Decimal128Array&>(array).raw_values();
  std::vector<uint64_t> words(static_cast<size_t>(array.length()));
  // The lower half comes first.
  for (size_t i = 0; i < words.size(); ++i) std::memcpy(&words[i], values + 16 * i, 8);
  return words;
}

}  // namespace

std::vector<uint64_t> WordsOf(const arrow::Array& array) {
  switch (array.type_id()) {
    case Type::BOOL:
      return Booleans(array);
    case Type::INT8:
      return Numbers<arrow::Int8Array>(array);
    case Type::INT16:
      return Numbers<arrow::Int16Array>(array);
    case Type::INT32:
      return Numbers<arrow::Int32Array>(array);
    case Type::INT64:
      return Numbers<arrow::Int64Array>(array);
    case Type::DATE32:
      return Numbers<arrow::Date32Array>(array);
    case Type::TIMESTAMP:
      return Numbers<arrow::TimestampArray>(array);
    case Type::DURATION:
      return Numbers<arrow::DurationArray>(array);
    case Type::INTERVAL_MONTHS:
      return Numbers<arrow::MonthIntervalArray>(array);
    case Type::FLOAT:
      return Numbers<arrow::FloatArray>(array);
    case Type::DOUBLE:
      return Numbers<arrow::DoubleArray>(array);
    case Type::DECIMAL128:
      return Decimals(array);
    default:
      return {};
  }
}

bool IsHashedAsInt(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::INT64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::DOUBLE:
    case Type::DECIMAL128:
      return false;
    default:
      return true;
  }
}

}  // namespace soteria::exec
