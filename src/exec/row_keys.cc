#include "src/exec/row_keys.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/key_words.h"
#include "src/exec/murmur3.h"
#include "src/exec/sort.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

/// Twice as many slots as rows; a power of two.
uint64_t SlotsFor(int64_t rows) {
  return std::bit_ceil(std::max<uint64_t>(2, 2 * static_cast<uint64_t>(rows)));
}

}  // namespace

base::StatusOr<RowKeys> RowKeys::Of(const std::vector<ExprPtr>& keys, const arrow::Table& table,
                                    uint64_t partition) {
  RowKeys made;
  made.rows_ = table.num_rows();
  for (const ExprPtr& key : keys) {
    SOTERIA_ASSIGN_OR_RETURN(const auto values, KeyColumn(*key, table, partition));
    const CompareCells compare = OrderOf(*values->type());
    if (compare == nullptr) {
      return base::Fail(
          base::kUnsupported,
          base::Cat("Values of type ", table::TypeName(*values->type()), " can't be compared"));
    }
    SOTERIA_ASSIGN_OR_RETURN(auto whole, OneChunk(*values));
    made.words_.push_back(WordsOf(*whole));
    made.nulls_.push_back(whole->type_id() == arrow::Type::NA || whole->null_count() > 0);
    made.columns_.push_back(std::move(whole));
    made.compare_.push_back(compare);
  }
  SOTERIA_ASSIGN_OR_RETURN(made.hashes_, HashRows(made.columns_, made.rows_));
  return made;
}

bool RowKeys::IsNull(size_t key, int64_t row) const {
  if (!nulls_[key]) return false;
  const arrow::Array& column = *columns_[key];
  return column.type_id() == arrow::Type::NA || column.IsNull(row);
}

bool RowKeys::Equal(int64_t row, const RowKeys& other, int64_t other_row) const {
  for (size_t k = 0; k < columns_.size(); ++k) {
    const bool null = IsNull(k, row);
    if (null != other.IsNull(k, other_row)) return false;
    if (null) continue;
    if (!words_[k].empty() && !other.words_[k].empty()) {
      const uint64_t word = words_[k][static_cast<size_t>(row)];
      if (word != other.words_[k][static_cast<size_t>(other_row)]) return false;
      continue;
    }
    if (compare_[k](*columns_[k], row, *other.columns_[k], other_row) != 0) return false;
  }
  return true;
}

base::StatusOr<std::shared_ptr<arrow::Table>> WithOneZero(
    const std::shared_ptr<arrow::Table>& table, const std::vector<int>& columns) {
  std::shared_ptr<arrow::Table> result = table;
  for (const int i : columns) {
    const auto type = table->field(i)->type();
    if (type->id() != arrow::Type::FLOAT && type->id() != arrow::Type::DOUBLE) continue;
    const ExprPtr zero = type->id() == arrow::Type::FLOAT ? Cast(Literal(0.0), type) : Literal(0.0);
    const ExprPtr sum = Call("+", {Input(i, {table->field(i)->name()}), zero});
    SOTERIA_ASSIGN_OR_RETURN(auto values, Evaluate(*sum, *table));
    SOTERIA_ARROW_ASSIGN(result, result->SetColumn(i, table->field(i), std::move(values)));
  }
  return result;
}

RowIndex::RowIndex(int64_t rows)
    : heads_(SlotsFor(rows), -1),
      rows_(static_cast<size_t>(rows)),
      shift_(64 - std::countr_zero(SlotsFor(rows))) {}

uint64_t RowIndex::Bytes(int64_t rows) {
  return SlotsFor(rows) * sizeof(int32_t) + static_cast<uint64_t>(rows) * sizeof(Row);
}

void RowIndex::Add(uint32_t hash, int64_t row) {
  int32_t& head = heads_[SlotOf(hash)];
  rows_[static_cast<size_t>(row)] = {hash, head};
  head = static_cast<int32_t>(row);
}

void RowIndex::Remove(uint32_t hash, int64_t row, int64_t before) {
  int32_t& link = before < 0 ? heads_[SlotOf(hash)] : rows_[static_cast<size_t>(before)].next;
  link = rows_[static_cast<size_t>(row)].next;
}

}  // namespace soteria::exec
