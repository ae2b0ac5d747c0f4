// Rows by the values of some of their columns, as Spark's equality has them: NaN equals NaN, -0.0
// equals 0.0, and null equals null here; whoever wants otherwise asks AnyNull. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/order.h"

namespace soteria::exec {

class RowKeys {
 public:
  /// Of expressions over a table's rows; vectors in Spark's form. kUnsupported for a type without
  /// a hash or an order.
  static base::StatusOr<RowKeys> Of(const std::vector<ExprPtr>& keys, const arrow::Table& table,
                                    uint64_t partition);

  int64_t rows() const { return rows_; }
  uint32_t hash(int64_t row) const { return hashes_[static_cast<size_t>(row)]; }
  bool IsNull(size_t key, int64_t row) const;
  /// Both of the same expressions' types.
  bool Equal(int64_t row, const RowKeys& other, int64_t other_row) const;
  const std::vector<std::shared_ptr<arrow::Array>>& columns() const { return columns_; }

 private:
  std::vector<std::shared_ptr<arrow::Array>> columns_;
  std::vector<CompareCells> compare_;
  std::vector<std::vector<uint64_t>> words_;  // of each column; empty: compared as cells
  std::vector<bool> nulls_;                   // whether the column has any
  std::vector<uint32_t> hashes_;
  int64_t rows_ = 0;
};

/// A hash with its bits spread upwards: those of one target of an exchange agree in their
/// remainder, and so in low bits.
inline uint64_t SpreadHash(uint32_t hash) { return uint64_t{hash} * 0x9e3779b97f4a7c15U; }

/// Rows found by their keys. Rows of equal keys come in the order that they were added in reverse.
class RowIndex {
 public:
  static constexpr int64_t kRowsMax = (int64_t{1} << 31) - 1;
  /// Room for so many rows, at most kRowsMax.
  explicit RowIndex(int64_t rows);
  void Add(uint32_t hash, int64_t row);
  /// The row that was added last of those of this hash's slot, and the one before it; -1: none.
  int64_t First(uint32_t hash) const { return heads_[SlotOf(hash)]; }
  int64_t Next(int64_t row) const { return rows_[static_cast<size_t>(row)].next; }
  /// Of a row that was added.
  uint32_t hash(int64_t row) const { return rows_[static_cast<size_t>(row)].hash; }
  /// Takes `row` out, whose predecessor in the slot is `before` (-1: it is the first).
  void Remove(uint32_t hash, int64_t row, int64_t before);
  /// What an index of so many rows takes.
  static uint64_t Bytes(int64_t rows);

 private:
  // Side by side: who looks at the one looks at the other.
  struct Row {
    uint32_t hash = 0;
    int32_t next = -1;
  };

  size_t SlotOf(uint32_t hash) const { return static_cast<size_t>(SpreadHash(hash) >> shift_); }

  std::vector<int32_t> heads_;
  std::vector<Row> rows_;
  int shift_ = 0;
};

/// The table with -0.0 as 0.0 in these columns, as Spark has the keys of groups and of distinct
/// rows.
base::StatusOr<std::shared_ptr<arrow::Table>> WithOneZero(
    const std::shared_ptr<arrow::Table>& table, const std::vector<int>& columns);

}  // namespace soteria::exec
