// Sorting by words: of a key's cells the first eight bytes as unsigned numbers in the key's order,
// so that most rows are put in order without looking at their cells again. Internal to exec; pure
// functions.
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/exec/sort.h"

namespace soteria::exec {

/// What OrderedRows takes beside its keys, in bytes a row.
inline constexpr uint64_t kOrderedRowBytes = 32;
/// Rows that one call orders at most.
inline constexpr int64_t kOrderedRowsMax = UINT32_MAX;

/// A key's cells as words: a row of a lower one comes first.
struct OrderWords {
  std::vector<uint64_t> words;  ///< none where the type has none
  bool exact = false;           ///< rows of one word are equal in the key
};
OrderWords OrderWordsOf(const OrderKey& key);

/// The numbers of `rows` rows by these keys; rows that are equal stay in order.
/// @returns kUnsupported beyond kOrderedRowsMax
base::StatusOr<std::vector<uint32_t>> OrderedRows(const std::vector<OrderKey>& keys, int64_t rows);

}  // namespace soteria::exec
