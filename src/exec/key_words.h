// Cells of keys as one word each, for hashing and comparing them without looking at their type row
// by row. Internal to exec; pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <vector>

namespace soteria::exec {

/// Of each cell 64 bits that are equal where Spark's equality says so: numbers by their value, one
/// NaN, one zero; what a null has is nothing to go by. Empty for types that take more than a word.
std::vector<uint64_t> WordsOf(const arrow::Array& array);

/// How Spark hashes a type's words: as an int or as a long.
bool IsHashedAsInt(const arrow::DataType& type);

}  // namespace soteria::exec
