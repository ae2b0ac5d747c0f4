#include "src/table/feature_block.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/column_path.h"
#include "src/table/java_text.h"
#include "src/table/number_column.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::table {
namespace {

using Lanes = int64_t __attribute__((vector_size(32), aligned(8)));

/// Copies and tells whether all values are finite: one pass over memory, the check in registers.
bool CopyFinite(const double* from, size_t count, double* to) {
  constexpr int64_t kExponent = 0x7ff0000000000000;
  const Lanes mask = {kExponent, kExponent, kExponent, kExponent};
  Lanes bad = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    Lanes v;
    std::memcpy(&v, from + i, sizeof v);
    bad |= (v & mask) == mask;
    std::memcpy(to + i, &v, sizeof v);
  }
  bool finite = (bad[0] | bad[1] | bad[2] | bad[3]) == 0;
  for (; i < count; ++i) {
    finite = finite && std::isfinite(from[i]);
    to[i] = from[i];
  }
  return finite;
}

bool AllFinite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
}

base::Status NullVector() { return base::Fail(base::kUserRaised, "Vectors MUST NOT be Null"); }

base::Status NotFinite(const VectorView& v) {
  return base::FailQuotingData(
      base::kUserRaised,
      base::Cat("Vector values MUST NOT be NaN or Infinity, but got ", VectorText(v)));
}

base::Status WrongSize(int64_t expected, int64_t got) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Dimensions mismatch when adding new sample. "
                              "Expecting ",
                              expected, " but got ", got, "."));
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Find(const arrow::Table& table,
                                                          const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const ColumnPath path, PathOf(*table.schema(), name));
  return ColumnAt(table, path);
}

base::Status CheckLabels(std::span<const double> label) {
  for (const double x : label) {
    if (std::isnan(x)) return base::Fail(base::kUserRaised, "Labels MUST NOT be Null or NaN");
  }
  return base::OkStatus();
}

base::Status CheckWeights(std::span<const double> weight) {
  for (const double x : weight) {
    if (std::isnan(x)) return base::Fail(base::kUserRaised, "Weights MUST NOT be Null or NaN");
    if (x < 0 || std::isinf(x)) {
      return base::FailQuotingData(
          base::kUserRaised,
          base::Cat("Weights MUST NOT be Negative or Infinity, but got ", JavaDouble(x)));
    }
  }
  return base::OkStatus();
}

base::Status ReadSides(const arrow::Table& table, const std::optional<std::string>& label,
                       const std::optional<std::string>& weight, FeatureBlock* block) {
  // Nulls become NaN, which the checks refuse with the text for both.
  constexpr double kNull = std::numeric_limits<double>::quiet_NaN();
  if (label.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto column, Find(table, *label));
    SOTERIA_ASSIGN_OR_RETURN(block->label, ReadNumbers(*column, *label, kNull));
    SOTERIA_RETURN_IF_ERROR(CheckLabels(block->label));
  }
  if (weight.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto column, Find(table, *weight));
    SOTERIA_ASSIGN_OR_RETURN(block->weight, ReadNumbers(*column, *weight, kNull));
    SOTERIA_RETURN_IF_ERROR(CheckWeights(block->weight));
  }
  return base::OkStatus();
}

/// Checks one row, and that its size is the block's.
base::Status CheckRow(const VectorReader& reader, int64_t row, int64_t cols, bool finite) {
  if (reader.IsNull(row)) return NullVector();
  const VectorView v = reader.Get(row);
  if (finite && !AllFinite(v.values)) return NotFinite(v);
  if (v.size != cols) return WrongSize(cols, v.size);
  return base::OkStatus();
}

base::Status FillDense(const std::vector<VectorReader>& readers, bool finite, FeatureBlock* block) {
  block->dense.resize(static_cast<size_t>(block->rows * block->cols));
  double* out = block->dense.data();
  const auto cols = static_cast<size_t>(block->cols);
  for (const VectorReader& reader : readers) {
    const auto whole = reader.row_major();
    if (whole.has_value() && reader.null_count() == 0) {
      if (!CopyFinite(whole->data(), whole->size(), out) && finite) {
        for (int64_t row = 0; row < reader.rows(); ++row) {
          SOTERIA_RETURN_IF_ERROR(CheckRow(reader, row, block->cols, finite));
        }
      }
      out += whole->size();
      continue;
    }
    for (int64_t row = 0; row < reader.rows(); ++row, out += cols) {
      const VectorView v = reader.Get(row);
      if (v.dense) {
        if (!CopyFinite(v.values.data(), cols, out) && finite) return NotFinite(v);
        continue;
      }
      if (finite && !AllFinite(v.values)) return NotFinite(v);
      std::fill(out, out + cols, 0.0);
      for (size_t k = 0; k < v.indices.size(); ++k) out[v.indices[k]] = v.values[k];
    }
  }
  return base::OkStatus();
}

base::Status FillSparse(const std::vector<VectorReader>& readers, int64_t stored, bool finite,
                        FeatureBlock* block) {
  block->row_ptr.reserve(static_cast<size_t>(block->rows) + 1);
  block->row_ptr.push_back(0);
  block->col.reserve(static_cast<size_t>(stored));
  block->val.reserve(static_cast<size_t>(stored));
  for (const VectorReader& reader : readers) {
    for (int64_t row = 0; row < reader.rows(); ++row) {
      const VectorView v = reader.Get(row);
      if (finite && !AllFinite(v.values)) return NotFinite(v);
      for (size_t k = 0; k < v.values.size(); ++k) {
        if (v.values[k] == 0) continue;
        block->col.push_back(v.dense ? static_cast<int32_t>(k) : v.indices[k]);
        block->val.push_back(v.values[k]);
      }
      block->row_ptr.push_back(static_cast<int64_t>(block->val.size()));
    }
  }
  return base::OkStatus();
}

/// Null rows and unequal sizes, before anything is allocated by their size.
base::Status CheckShape(const std::vector<VectorReader>& readers, bool finite,
                        FeatureBlock* block) {
  std::optional<int64_t> cols;
  for (const VectorReader& reader : readers) {
    if (reader.rows() == 0) continue;
    const bool uniform = reader.null_count() == 0 && reader.common_size().has_value();
    if (uniform && (!cols.has_value() || *cols == *reader.common_size())) {
      cols = *reader.common_size();
      continue;
    }
    for (int64_t row = 0; row < reader.rows(); ++row) {
      if (reader.IsNull(row)) return NullVector();
      if (!cols.has_value()) cols = reader.Get(row).size;
      SOTERIA_RETURN_IF_ERROR(CheckRow(reader, row, *cols, finite));
    }
  }
  block->cols = cols.value_or(0);
  return base::OkStatus();
}

/// Values that CSR would store; -1 when all rows are dense in memory already.
int64_t StoredValues(const std::vector<VectorReader>& readers) {
  int64_t stored = 0;
  bool any_sparse = false;
  for (const VectorReader& reader : readers) {
    if (reader.row_major().has_value()) {
      stored += static_cast<int64_t>(reader.row_major()->size());
      continue;
    }
    for (int64_t row = 0; row < reader.rows(); ++row) {
      const VectorView v = reader.Get(row);
      any_sparse = any_sparse || !v.dense;
      stored += static_cast<int64_t>(v.values.size());
    }
  }
  return any_sparse ? stored : -1;
}

}  // namespace

uint64_t FeatureBlock::bytes() const {
  return sizeof(FeatureBlock) + dense.capacity() * sizeof(double) +
         row_ptr.capacity() * sizeof(int64_t) + col.capacity() * sizeof(int32_t) +
         (val.capacity() + label.capacity() + weight.capacity()) * sizeof(double);
}

base::StatusOr<FeatureBlock> MakeFeatureBlock(const arrow::Table& table,
                                              const FeatureColumns& columns) {
  FeatureBlock block;
  block.rows = table.num_rows();
  SOTERIA_RETURN_IF_ERROR(ReadSides(table, columns.label, columns.weight, &block));
  SOTERIA_ASSIGN_OR_RETURN(const auto features, Find(table, columns.features));
  std::vector<VectorReader> readers;
  for (const auto& chunk : features->chunks()) {
    SOTERIA_ASSIGN_OR_RETURN(VectorReader reader, VectorReader::Make(chunk));
    readers.push_back(std::move(reader));
  }
  SOTERIA_RETURN_IF_ERROR(CheckShape(readers, columns.finite, &block));
  const int64_t stored = StoredValues(readers);
  block.sparse = stored >= 0 && 12 * stored + 8 * (block.rows + 1) < 8 * block.rows * block.cols;
  SOTERIA_RETURN_IF_ERROR(block.sparse ? FillSparse(readers, stored, columns.finite, &block)
                                       : FillDense(readers, columns.finite, &block));
  return block;
}

base::StatusOr<FeatureBlock> MakeFeatureBlock(const arrow::Table& table,
                                              const std::vector<std::string>& features,
                                              const std::optional<std::string>& label,
                                              const std::optional<std::string>& weight) {
  FeatureBlock block;
  block.rows = table.num_rows();
  block.cols = static_cast<int64_t>(features.size());
  SOTERIA_RETURN_IF_ERROR(ReadSides(table, label, weight, &block));
  std::vector<std::vector<double>> columns;
  std::vector<AssemblePart> parts;
  for (const std::string& name : features) {
    SOTERIA_ASSIGN_OR_RETURN(const auto column, Find(table, name));
    if (column->null_count() != 0) return NullVector();
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, ReadNumbers(*column, name, 0));
    if (!AllFinite(values)) {
      const auto bad =
          std::find_if(values.begin(), values.end(), [](double x) { return !std::isfinite(x); });
      return base::FailQuotingData(
          base::kUserRaised,
          base::Cat("Vector values MUST NOT be NaN or Infinity, but got ", JavaDouble(*bad)));
    }
    columns.push_back(std::move(values));
  }
  for (const auto& column : columns) parts.push_back({column, 1});
  block.dense.resize(static_cast<size_t>(block.rows * block.cols));
  AssembleInto(parts, block.rows, block.dense.data());
  return block;
}

}  // namespace soteria::table
