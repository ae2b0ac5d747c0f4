// Stable sorting of one partition by our own comparator (order.h), and what else goes by the order
// of sort keys. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/exec/operator.h"
#include "src/exec/order.h"

namespace soteria::exec {

struct SortColumn {
  std::shared_ptr<arrow::ChunkedArray> values;
  bool ascending = true;
  bool nulls_first = true;
};

/// A key's values in one array, comparable with those of another table.
struct OrderKey {
  std::shared_ptr<arrow::Array> values;
  CompareCells compare = nullptr;
  bool ascending = true;
  bool nulls_first = true;

  int Order(int64_t i, const OrderKey& other, int64_t j) const;
};
base::StatusOr<std::vector<OrderKey>> OrderKeysOf(const std::vector<SortColumn>& columns);
/// Row i of the one's against row j of the other's: < 0, 0, > 0.
int OrderRows(const std::vector<OrderKey>& a, int64_t i, const std::vector<OrderKey>& b, int64_t j);

/// What an expression gives over a table, vectors in Spark's form.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> KeyColumn(const Expr& e,
                                                               const arrow::Table& table,
                                                               uint64_t partition);
base::StatusOr<std::vector<SortColumn>> SortColumnsOf(const std::vector<SortKey>& keys,
                                                      const arrow::Table& table,
                                                      uint64_t partition);
void WriteSortKeys(const std::vector<SortKey>& keys, base::FieldWriter& out);
base::StatusOr<std::vector<SortKey>> ReadSortKeys(base::FieldReader& in);

base::StatusOr<std::shared_ptr<arrow::Table>> SortBy(const std::shared_ptr<arrow::Table>& table,
                                                     const std::vector<SortColumn>& columns);
/// What a sort of the table takes beside it.
uint64_t SortBytes(const arrow::Table& table);
/// By every column that has an order, ascending, nulls first.
base::StatusOr<std::shared_ptr<arrow::Table>> SortByAll(const std::shared_ptr<arrow::Table>& table);
/// The column as one array.
base::StatusOr<std::shared_ptr<arrow::Array>> OneChunk(const arrow::ChunkedArray& column);
/// INVALID_ORDERING_TYPE for a key of the input without an order.
base::Status CheckSortKey(const SortKey& key, const arrow::Schema& input);
/// UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE for a column whose values can't be told apart.
base::Status CheckSetColumn(const arrow::Field& field);
/// Rows of a table by number, in the order given; one chunk.
base::StatusOr<std::shared_ptr<arrow::Table>> TakeTableRows(
    const std::shared_ptr<arrow::Table>& table, const std::vector<int64_t>& rows);
base::StatusOr<std::shared_ptr<arrow::Table>> TakeTableRows(
    const std::shared_ptr<arrow::Table>& table, const std::vector<uint32_t>& rows);

}  // namespace soteria::exec
