#include "src/exec/row_cells.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/exec/bound.h"
#include "src/exec/codec.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/number_column.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;

constexpr size_t kColumnsMax = 100'000;
constexpr int64_t kRowsAtOnce = 4096;  // of vectors taken apart

base::Status Bad() { return base::Fail(base::kProtocol, "row cells: not a partial"); }

/// One number column of some rows: values by their bits, equal numbers by equal bits.
struct Values {
  std::vector<uint64_t> bits;
  std::vector<uint8_t> missing;  // 1 where there is no value
  bool any_missing = false;
};

uint64_t BitsOf(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
}

/// What was counted so far. `width` columns, of which made ones and weights are among the first.
struct Counts {
  uint64_t rows = 0;
  bool unknown = false;                  // that can't be said
  std::vector<uint64_t> nulls, zeros;    // of each column
  std::vector<uint64_t> lacking;         // [i * width + j]: no value in i, one in j
  std::vector<uint64_t> apart;           // the same place, i < j: other values
  std::map<std::string, uint64_t> made;  // rows of each combination

  size_t width() const { return nulls.size(); }
  void Resize(size_t width) {
    for (auto* each : {&nulls, &zeros}) each->assign(width, uint64_t{0});
    for (auto* pair : {&lacking, &apart}) pair->assign(width * width, uint64_t{0});
  }
};

bool Same(const Values& a, const Values& b, size_t row) {
  return a.missing[row] == b.missing[row] && (a.missing[row] == 1 || a.bits[row] == b.bits[row]);
}

void CountPair(const Values& a, const Values& b, uint64_t enough, uint64_t* a_lacks,
               uint64_t* b_lacks, uint64_t* apart) {
  const size_t rows = a.bits.size();
  for (size_t r = 0; r < rows && *apart < enough; ++r) {
    if (!Same(a, b, r)) ++*apart;
  }
  if (!a.any_missing && !b.any_missing) return;
  for (size_t r = 0; r < rows && (*a_lacks < enough || *b_lacks < enough); ++r) {
    if (a.missing[r] > b.missing[r]) ++*a_lacks;
    if (b.missing[r] > a.missing[r]) ++*b_lacks;
  }
}

void CountColumns(const std::vector<Values>& columns, uint64_t enough, Counts* counts) {
  const size_t width = columns.size();
  for (size_t i = 0; i < width; ++i) {
    const Values& column = columns[i];
    for (size_t r = 0; r < column.bits.size(); ++r) {
      counts->nulls[i] += column.missing[r];
      if (column.missing[r] == 0 && column.bits[r] == 0) ++counts->zeros[i];
    }
    for (size_t j = i + 1; j < width; ++j) {
      CountPair(column, columns[j], enough, &counts->lacking[i * width + j],
                &counts->lacking[j * width + i], &counts->apart[i * width + j]);
    }
  }
}

/// A column of the table: numbers, or vectors to be taken apart.
struct Input {
  CellRole role = CellRole::kStored;
  Values numbers = {};
  std::unique_ptr<const table::VectorReader> vectors = nullptr;  // none: numbers
};

base::StatusOr<ArrayPtr> OneChunk(const arrow::ChunkedArray& column) {
  if (column.num_chunks() == 1) return column.chunk(0);
  if (column.num_chunks() == 0) {
    SOTERIA_ARROW_ASSIGN(ArrayPtr empty, arrow::MakeEmptyArray(column.type()));
    return empty;
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr all, arrow::Concatenate(column.chunks()));
  return all;
}

/// False: a type that nothing can be said of.
base::StatusOr<bool> ReadInput(const CellColumn& column, const arrow::Table& table,
                               uint64_t partition, Input* input) {
  input->role = column.role;
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr field, TypeOf(*column.expr, *table.schema()));
  SOTERIA_ASSIGN_OR_RETURN(const auto values, Evaluate(*column.expr, table, partition));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr array, OneChunk(*values));
  if (table::IsVector(*field)) {
    SOTERIA_ASSIGN_OR_RETURN(table::VectorReader vectors, table::VectorReader::Make(array));
    input->vectors = std::make_unique<const table::VectorReader>(std::move(vectors));
    return column.role == CellRole::kStored;
  }
  // A decimal has more digits than a double tells apart, and its sums have them all.
  if (table::IsDecimal(*field->type())) return false;
  if (!table::IsNumeric(*field->type()) && field->type()->id() != arrow::Type::BOOL) return false;
  const arrow::ChunkedArray chunks(array);
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> numbers,
                           table::ReadNumbers(chunks, field->name(), 0));
  for (size_t r = 0; r < numbers.size(); ++r) {
    const bool missing = array->IsNull(static_cast<int64_t>(r));
    input->numbers.bits.push_back(missing ? uint64_t{0} : BitsOf(numbers[r]));
    input->numbers.missing.push_back(missing ? uint8_t{1} : uint8_t{0});
    input->numbers.any_missing = input->numbers.any_missing || missing;
  }
  return true;
}

Values Part(const Values& all, size_t first, size_t rows) {
  const auto from = static_cast<std::ptrdiff_t>(first);
  const auto end = static_cast<std::ptrdiff_t>(first + rows);
  Values part;
  part.bits.assign(all.bits.begin() + from, all.bits.begin() + end);
  part.missing.assign(all.missing.begin() + from, all.missing.begin() + end);
  part.any_missing = all.any_missing;
  return part;
}

/// Elements of the rows' vectors as columns; false when they are of several sizes.
bool TakeApart(const table::VectorReader& vectors, int64_t first, int64_t rows, size_t size,
               std::vector<Values>* columns) {
  const size_t begin = columns->size();
  const auto count = static_cast<size_t>(rows);
  for (size_t j = 0; j < size; ++j) {
    Values& column = columns->emplace_back();
    column.bits.assign(count, uint64_t{0});
    column.missing.assign(count, uint8_t{0});
  }
  for (int64_t r = 0; r < rows; ++r) {
    const auto at = static_cast<size_t>(r);
    if (vectors.IsNull(first + r)) {
      for (size_t j = 0; j < size; ++j) {
        (*columns)[begin + j].missing[at] = 1;
        (*columns)[begin + j].any_missing = true;
      }
      continue;
    }
    const table::VectorView vector = vectors.Get(first + r);
    if (static_cast<size_t>(vector.size) != size) return false;
    for (size_t k = 0; k < vector.values.size(); ++k) {
      const size_t j = vector.dense ? k : static_cast<size_t>(vector.indices[k]);
      (*columns)[begin + j].bits[at] = BitsOf(vector.values[k]);
    }
  }
  return true;
}

/// How many columns each input is; empty when the vectors of one are of several sizes.
std::vector<size_t> Widths(const std::vector<Input>& inputs) {
  std::vector<size_t> widths;
  for (const Input& input : inputs) {
    if (input.vectors == nullptr) {
      widths.push_back(1);
      continue;
    }
    const std::optional<int32_t> size = input.vectors->common_size();
    if (!size.has_value()) return {};
    widths.push_back(static_cast<size_t>(*size));
  }
  return widths;
}

/// The rows' combinations of made values.
void CountMade(const std::vector<Input>& inputs, size_t rows, Counts* counts) {
  if (std::none_of(inputs.begin(), inputs.end(),
                   [](const Input& input) { return input.role == CellRole::kMade; })) {
    return;
  }
  for (size_t r = 0; r < rows; ++r) {
    std::string key;
    for (const Input& input : inputs) {
      if (input.role != CellRole::kMade) continue;
      char value[8];
      base::PutLe64(input.numbers.bits[r], value);
      key.append(value, sizeof(value));
      key.push_back(static_cast<char>(input.numbers.missing[r]));
    }
    ++counts->made[std::move(key)];
    if (counts->made.size() > kMadeCellsMax) {
      counts->unknown = true;
      return;
    }
  }
}

base::StatusOr<Counts> CountRows(const std::vector<CellColumn>& columns, uint64_t enough,
                                 const arrow::Table& table, uint64_t partition) {
  Counts counts;
  counts.rows = static_cast<uint64_t>(table.num_rows());
  if (counts.rows == 0) return counts;
  std::vector<Input> inputs(columns.size());
  for (size_t i = 0; i < columns.size() && !counts.unknown; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const bool known, ReadInput(columns[i], table, partition, &inputs[i]));
    counts.unknown = !known;
  }
  if (counts.unknown) return counts;
  const std::vector<size_t> widths = Widths(inputs);
  size_t width = 0;
  for (const size_t one : widths) width += one;
  if (width == 0 || width > kCellColumnsMax) {
    counts.unknown = true;
    return counts;
  }
  counts.Resize(width);
  for (int64_t first = 0; first < table.num_rows(); first += kRowsAtOnce) {
    const int64_t rows = std::min(kRowsAtOnce, table.num_rows() - first);
    std::vector<Values> some;
    for (size_t i = 0; i < inputs.size() && !counts.unknown; ++i) {
      if (inputs[i].vectors != nullptr) {
        counts.unknown = !TakeApart(*inputs[i].vectors, first, rows, widths[i], &some);
      } else {
        some.push_back(
            Part(inputs[i].numbers, static_cast<size_t>(first), static_cast<size_t>(rows)));
      }
    }
    if (counts.unknown) return counts;
    CountColumns(some, enough, &counts);
  }
  CountMade(inputs, static_cast<size_t>(counts.rows), &counts);
  return counts;
}

void WriteNumbers(const std::vector<uint64_t>& numbers, FieldWriter* out) {
  std::string bytes(numbers.size() * 8, '\0');
  for (size_t i = 0; i < numbers.size(); ++i) base::PutLe64(numbers[i], bytes.data() + 8 * i);
  out->Add(bytes);
}

base::StatusOr<std::vector<uint64_t>> ReadCounts(size_t count, FieldReader* in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in->Next());
  if (bytes.size() != count * 8) return Bad();
  std::vector<uint64_t> numbers(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = base::GetLe64(bytes.data() + 8 * i);
  return numbers;
}

std::string WriteCounts(const Counts& counts) {
  FieldWriter out;
  out.AddU64(counts.rows).AddBool(counts.unknown);
  if (counts.unknown) return out.Take();
  out.AddU64(counts.width());
  for (const auto* numbers : {&counts.nulls, &counts.zeros, &counts.lacking, &counts.apart}) {
    WriteNumbers(*numbers, &out);
  }
  out.AddU64(counts.made.size());
  for (const auto& [values, rows] : counts.made) out.Add(values).AddU64(rows);
  return out.Take();
}

base::StatusOr<Counts> ReadCounts(std::string_view bytes) {
  FieldReader in(bytes);
  Counts counts;
  SOTERIA_ASSIGN_OR_RETURN(counts.rows, in.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(counts.unknown, in.NextBool());
  if (!counts.unknown) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t width, in.NextU64());
    if (width > kCellColumnsMax) return Bad();
    SOTERIA_ASSIGN_OR_RETURN(counts.nulls, ReadCounts(width, &in));
    SOTERIA_ASSIGN_OR_RETURN(counts.zeros, ReadCounts(width, &in));
    SOTERIA_ASSIGN_OR_RETURN(counts.lacking, ReadCounts(width * width, &in));
    SOTERIA_ASSIGN_OR_RETURN(counts.apart, ReadCounts(width * width, &in));
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t cells, in.NextU64());
    if (cells > kMadeCellsMax) return Bad();
    for (uint64_t i = 0; i < cells; ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view values, in.Next());
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t rows, in.NextU64());
      if (!counts.made.emplace(values, rows).second) return Bad();
    }
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return counts;
}

void Add(const Counts& from, Counts* to) {
  if (from.rows == 0) return;
  if (to->rows == 0) {
    *to = from;
    return;
  }
  to->rows += from.rows;
  to->unknown = to->unknown || from.unknown || from.width() != to->width();
  if (to->unknown) return;
  const auto add = [](const std::vector<uint64_t>& a, std::vector<uint64_t>& b) {
    for (size_t i = 0; i < a.size(); ++i) b[i] += a[i];
  };
  add(from.nulls, to->nulls);
  add(from.zeros, to->zeros);
  add(from.lacking, to->lacking);
  add(from.apart, to->apart);
  for (const auto& [values, rows] : from.made) to->made[values] += rows;
  to->unknown = to->made.size() > kMadeCellsMax;
}

}  // namespace

RowCells::RowCells(std::vector<CellColumn> columns, uint64_t enough)
    : columns_(std::move(columns)), enough_(enough) {
  // A vector is many columns and never a weight: what Finish asks of weights is asked by place.
  std::stable_partition(columns_.begin(), columns_.end(),
                        [](const CellColumn& c) { return c.role == CellRole::kWeight; });
}

std::string RowCells::Encode() const {
  FieldWriter out;
  out.AddU64(enough_).AddU64(columns_.size());
  for (const CellColumn& column : columns_) {
    out.AddU64(static_cast<uint64_t>(column.role));
    WriteExpr(*column.expr, out);
  }
  return out.Take();
}

base::StatusOr<RowCells> RowCells::Decode(std::string_view bytes) {
  FieldReader in(bytes);
  ExprReader exprs(in);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t enough, in.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (enough == 0 || count > kColumnsMax) return base::Fail(base::kProtocol, "row cells: bad form");
  std::vector<CellColumn> columns;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t role, in.NextU64());
    if (role > static_cast<uint64_t>(CellRole::kMade)) {
      return base::Fail(base::kProtocol, "row cells: bad role");
    }
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr expr, exprs.Read());
    columns.push_back({std::move(expr), static_cast<CellRole>(role)});
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return RowCells(std::move(columns), enough);
}

base::StatusOr<std::string> RowCells::Map(const arrow::Table& table, uint64_t partition) const {
  SOTERIA_ASSIGN_OR_RETURN(const Counts counts, CountRows(columns_, enough_, table, partition));
  return WriteCounts(counts);
}

base::StatusOr<std::string> RowCells::Merge(std::span<const std::string> partials) const {
  Counts total;
  for (const std::string& partial : partials) {
    SOTERIA_ASSIGN_OR_RETURN(const Counts counts, ReadCounts(partial));
    Add(counts, &total);
  }
  return WriteCounts(total);
}

base::StatusOr<bool> RowCells::Finish(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const Counts counts, ReadCounts(partial));
  const auto small = [this](uint64_t rows) { return rows > 0 && rows < enough_; };
  if (counts.unknown || counts.rows < enough_) return false;
  for (const auto* cells : {&counts.nulls, &counts.lacking, &counts.apart}) {
    if (std::any_of(cells->begin(), cells->end(), small)) return false;
  }
  for (size_t i = 0; i < columns_.size() && columns_[i].role == CellRole::kWeight; ++i) {
    if (small(counts.zeros[i])) return false;
  }
  return std::all_of(counts.made.begin(), counts.made.end(),
                     [&](const auto& cell) { return !small(cell.second); });
}

}  // namespace soteria::exec
