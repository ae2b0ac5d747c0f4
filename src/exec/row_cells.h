// What the columns of a statistic say about small groups of rows: before a sum over columns may
// leave, every group of rows that it tells from the others counts none or enough. Counted are, for
// each column, the rows without a value; for each two, the rows where the one has a value and the
// other doesn't, and those where they differ (their sums differ by these rows alone); of weights,
// those that are 0; and, of columns that the plan made, the rows of each combination of values.
//
// A sum over rows in three steps, as Aggregate: Map, Merge from the left, Finish. Counts stop at
// what is enough, so that columns that differ in every row cost next to nothing. Thread-safe once
// made.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::exec {

/// Columns, elements of vectors among them, that are held against each other at most.
inline constexpr size_t kCellColumnsMax = 512;
/// Combinations of values of made columns.
inline constexpr size_t kMadeCellsMax = 4096;

enum class CellRole : uint8_t {
  kStored = 0,  // as the owner put it: a number, or a vector, whose elements are columns
  kWeight = 1,  // the same, of rows that count nothing where it is 0
  kMade = 2     // a number that the plan made
};

struct CellColumn {
  ExprPtr expr;
  CellRole role = CellRole::kStored;
};

class RowCells {
 public:
  /// Groups of fewer than `enough` rows are too small; at least 1.
  RowCells(std::vector<CellColumn> columns, uint64_t enough);
  std::string Encode() const;
  static base::StatusOr<RowCells> Decode(std::string_view bytes);

  base::StatusOr<std::string> Map(const arrow::Table& table, uint64_t partition) const;
  base::StatusOr<std::string> Merge(std::span<const std::string> partials) const;
  /// Whether every group counts no row or enough. Also false where that can't be said: vectors of
  /// several sizes, columns of other types, more than the limits above.
  base::StatusOr<bool> Finish(std::string_view partial) const;

 private:
  std::vector<CellColumn> columns_;
  uint64_t enough_;
};

}  // namespace soteria::exec
