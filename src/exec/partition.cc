#include "src/exec/partition.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/padding.h"
#include "src/base/text.h"
#include "src/exec/codec.h"
#include "src/exec/murmur3.h"
#include "src/exec/order_words.h"
#include "src/exec/row_keys.h"
#include "src/exec/sort.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"
#include "src/table/spark_random.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using TablePtr = std::shared_ptr<arrow::Table>;

constexpr uint64_t kPartsMax = 1'000'000;

base::Status CheckTargets(uint64_t targets) {
  if (targets >= 1 && targets <= kTargetsMax) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, "Number of partitions must be positive");
}

/// The rows of each target, in their order; row i goes to `target[i]`.
base::StatusOr<Parts> TakeAll(const TablePtr& table, const std::vector<uint32_t>& target,
                              uint64_t targets) {
  std::vector<size_t> ends(targets + 1);
  for (const uint32_t t : target) ++ends[t + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<size_t> next(ends.begin(), ends.end() - 1);
  std::vector<uint32_t> rows(target.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[next[target[i]]++] = static_cast<uint32_t>(i);
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr all, TakeTableRows(table, rows));
  Parts parts;
  for (uint64_t t = 0; t < targets; ++t) {
    parts.push_back(
        all->Slice(static_cast<int64_t>(ends[t]), static_cast<int64_t>(ends[t + 1] - ends[t])));
  }
  return parts;
}

base::StatusOr<std::vector<uint32_t>> TargetsOf(const arrow::Table& table) {
  if (table.num_rows() > kOrderedRowsMax) {
    return base::Fail(base::kUnsupported, base::Cat("A partition of ", table.num_rows(),
                                                    " rows can't be exchanged: ", kOrderedRowsMax,
                                                    " can; use more partitions (files)"));
  }
  return std::vector<uint32_t>(static_cast<size_t>(table.num_rows()));
}

std::string KeyName(size_t k) { return base::Cat("k", k); }

/// The keys alone, as a table of their own.
base::StatusOr<TablePtr> KeyTable(const std::vector<SortKey>& keys, const arrow::Table& table,
                                  uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, SortColumnsOf(keys, table, partition));
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector values;
  for (const SortColumn& column : columns) {
    fields.push_back(arrow::field(KeyName(fields.size()), column.values->type()));
    values.push_back(column.values);
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(values), table.num_rows());
}

base::StatusOr<std::vector<OrderKey>> OrderOfKeyTable(const std::vector<SortKey>& keys,
                                                      const arrow::Table& table) {
  if (table.num_columns() != static_cast<int>(keys.size())) {
    return base::Fail(base::kProtocol, "Sort: keys and their values differ in number");
  }
  std::vector<SortColumn> columns;
  for (size_t k = 0; k < keys.size(); ++k) {
    columns.push_back({table.column(static_cast<int>(k)), keys[k].ascending, keys[k].nulls_first});
  }
  return OrderKeysOf(columns);
}

/// `count` of the rows, each as likely, in ascending order: a function of the partition.
std::vector<int64_t> Drawn(int64_t rows, int64_t count, uint64_t partition) {
  std::vector<int64_t> drawn(static_cast<size_t>(std::min(rows, count)));
  std::iota(drawn.begin(), drawn.end(), 0);
  table::XorShiftRandom random(static_cast<int64_t>(partition));
  for (int64_t i = count; i < rows; ++i) {
    const auto place = static_cast<int64_t>(random.NextDouble() * static_cast<double>(i + 1));
    if (place < count) drawn[static_cast<size_t>(place)] = i;
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

}  // namespace

base::Status CheckKey(const arrow::Field& field) {
  if (IsHashable(*field.type())) return base::OkStatus();
  return base::Fail(base::kUnsupported,
                    base::Cat("Values of type ", table::TypeName(field), " can't be keys"));
}

base::StatusOr<Parts> RoundRobin(const TablePtr& table, uint64_t partition, uint64_t targets) {
  SOTERIA_RETURN_IF_ERROR(CheckTargets(targets));
  const auto count = static_cast<int64_t>(targets);
  table::XorShiftRandom random(static_cast<int64_t>(partition));
  const int64_t start = random.NextInt(static_cast<int32_t>(targets)) + 1;
  SOTERIA_ASSIGN_OR_RETURN(std::vector<uint32_t> target, TargetsOf(*table));
  for (size_t i = 0; i < target.size(); ++i) {
    target[i] = static_cast<uint32_t>((start + static_cast<int64_t>(i)) % count);
  }
  return TakeAll(table, target, targets);
}

uint64_t PlaceOf(uint32_t hash, uint64_t places) {
  const auto modulus = static_cast<int64_t>(places);
  const int64_t rest = static_cast<int32_t>(hash) % modulus;
  return static_cast<uint64_t>(rest < 0 ? rest + modulus : rest);
}

std::string EncodeHashPartitioner(const std::vector<ExprPtr>& keys, uint64_t places) {
  base::FieldWriter out;
  out.AddU64(places).AddU64(keys.size());
  for (const ExprPtr& key : keys) WriteExpr(*key, out);
  return out.Take();
}

base::StatusOr<Parts> HashPartition(std::string_view partitioner, const TablePtr& table,
                                    uint64_t partition, uint64_t targets) {
  SOTERIA_RETURN_IF_ERROR(CheckTargets(targets));
  base::FieldReader in(partitioner);
  SOTERIA_ASSIGN_OR_RETURN(uint64_t places, in.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kOperatorColumnsMax) return base::Fail(base::kProtocol, "Hash: too many keys");
  if (places > kTargetsMax) return base::Fail(base::kProtocol, "Hash: too many places");
  if (places == 0) places = targets;
  ExprReader exprs(in);
  std::vector<ExprPtr> keys;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(keys.emplace_back(), exprs.Read());
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  SOTERIA_ASSIGN_OR_RETURN(const RowKeys values, RowKeys::Of(keys, *table, partition));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<uint32_t> target, TargetsOf(*table));
  for (size_t i = 0; i < target.size(); ++i) {
    const uint64_t place = PlaceOf(values.hash(static_cast<int64_t>(i)), places);
    target[i] = static_cast<uint32_t>(place * targets / places);
  }
  return TakeAll(table, target, targets);
}

base::StatusOr<Parts> RangePartition(std::string_view partitioner, const TablePtr& table,
                                     uint64_t partition, uint64_t targets) {
  SOTERIA_RETURN_IF_ERROR(CheckTargets(targets));
  base::FieldReader in(partitioner);
  SOTERIA_ASSIGN_OR_RETURN(const auto keys, ReadSortKeys(in));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view ipc, in.Next());
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr bounds_table, table::FromIpcStream(ipc));
  SOTERIA_ASSIGN_OR_RETURN(const auto bounds, OrderOfKeyTable(keys, *bounds_table));
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr values_table, KeyTable(keys, *table, partition));
  SOTERIA_ASSIGN_OR_RETURN(const auto values, OrderOfKeyTable(keys, *values_table));
  if (keys.empty()) return base::Fail(base::kProtocol, "Sort: no keys");
  const int64_t count = bounds_table->num_rows();
  if (count >= static_cast<int64_t>(targets)) {
    return base::Fail(base::kProtocol, "Sort: more bounds than targets");
  }
  for (size_t k = 0; k < keys.size(); ++k) {
    if (!values[k].values->type()->Equals(*bounds[k].values->type())) {
      return base::Fail(base::kProtocol, "Sort: bounds of another type");
    }
  }
  const OrderWords bound_words = OrderWordsOf(bounds.front());
  const OrderWords words = OrderWordsOf(values.front());
  const auto below = [&](int64_t bound, int64_t row) {
    if (!words.words.empty()) {
      const uint64_t a = bound_words.words[static_cast<size_t>(bound)];
      const uint64_t b = words.words[static_cast<size_t>(row)];
      if (a != b) return a < b;
    }
    return OrderRows(bounds, bound, values, row) < 0;
  };
  SOTERIA_ASSIGN_OR_RETURN(std::vector<uint32_t> target, TargetsOf(*table));
  for (int64_t i = 0; i < table->num_rows(); ++i) {
    int64_t low = 0;  // of the bounds, the first that isn't below the row
    for (int64_t high = count; low < high;) {
      const int64_t middle = low + (high - low) / 2;
      if (below(middle, i)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    target[static_cast<size_t>(i)] = static_cast<uint32_t>(low);
  }
  return TakeAll(table, target, targets);
}

std::string KeySample::Encode() const {
  base::FieldWriter out;
  out.AddU64(rows_of_each_);
  WriteSortKeys(keys_, out);
  return out.Take();
}

base::StatusOr<KeySample> KeySample::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t rows, in.NextU64());
  if (rows == 0 || rows > kSampledRowsMax) return base::Fail(base::kProtocol, "Sort: sample size");
  SOTERIA_ASSIGN_OR_RETURN(auto keys, ReadSortKeys(in));
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return KeySample(std::move(keys), rows);
}

// A partial: for each partition its number of rows and the keys of those that were drawn.
base::StatusOr<std::string> KeySample::Map(const arrow::Table& table, uint64_t partition) const {
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr keys, KeyTable(keys_, table, partition));
  const auto rows = Drawn(table.num_rows(), static_cast<int64_t>(rows_of_each_), partition);
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr drawn, TakeTableRows(keys, rows));
  SOTERIA_ASSIGN_OR_RETURN(std::string ipc, table::ToIpcStream(*drawn));
  ipc.resize(base::PaddedSize(ipc.size()));  // how long the drawn keys are is of rows
  return base::FieldWriter().AddU64(static_cast<uint64_t>(table.num_rows())).Add(ipc).Take();
}

base::StatusOr<std::string> KeySample::Merge(const std::vector<std::string>& partials) const {
  std::string all;
  for (const std::string& partial : partials) all += partial;
  return all;
}

base::StatusOr<std::string> KeySample::Finish(std::string_view partial, uint64_t targets) const {
  base::FieldReader in(partial);
  std::vector<TablePtr> tables;
  std::vector<double> weights;  // of each drawn row: how many it stands for
  while (!in.AtEnd()) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t rows, in.NextU64());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view ipc, in.Next());
    SOTERIA_ASSIGN_OR_RETURN(tables.emplace_back(), table::FromIpcStream(ipc));
    const int64_t drawn = tables.back()->num_rows();
    weights.insert(weights.end(), static_cast<size_t>(drawn),
                   static_cast<double>(rows) / static_cast<double>(std::max<int64_t>(1, drawn)));
    if (tables.size() > kPartsMax) return base::Fail(base::kProtocol, "Sort: too many parts");
  }
  if (tables.empty()) return base::Fail(base::kProtocol, "Sort: no sample");
  SOTERIA_ARROW_ASSIGN(const TablePtr all, arrow::ConcatenateTables(tables));
  SOTERIA_ASSIGN_OR_RETURN(const auto keys, OrderOfKeyTable(keys_, *all));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<uint32_t> rows, OrderedRows(keys, all->num_rows()));
  // As RangePartitioner.determineBounds does.
  const double step =
      std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(targets);
  std::vector<int64_t> bounds;
  double reached = 0;
  double target = step;
  for (const uint32_t row : rows) {
    if (bounds.size() + 1 >= targets) break;
    reached += weights[row];
    if (reached < target) continue;
    if (!bounds.empty() && OrderRows(keys, row, keys, bounds.back()) <= 0) continue;
    bounds.push_back(row);
    target += step;
  }
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr taken, TakeTableRows(all, bounds));
  SOTERIA_ASSIGN_OR_RETURN(std::string ipc, table::ToIpcStream(*taken));
  ipc.resize(base::PaddedSize(ipc.size()));
  base::FieldWriter out;
  WriteSortKeys(keys_, out);
  out.Add(ipc);
  return out.Take();
}

}  // namespace soteria::exec
