// A vector column made of another, row by row. Private to ml. Pure functions; any thread.
#pragma once

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/table/types.h"

namespace soteria::ml {

/// The field of a vector column that a stage makes, in the struct form.
inline std::shared_ptr<arrow::Field> MadeVectorField(const std::string& name,
                                                     const std::string& metadata) {
  return table::WithSparkMetadata(table::VectorField(name, true, std::nullopt), metadata);
}

/// Values of a block that sparse rows hold only once they are dense: a script's "numFeatures" alone
/// would take all memory.
inline constexpr uint64_t kFilledValuesMax = uint64_t{1} << 27;

struct VectorMap {
  /// Rows of the dense form: `n` doubles from `in` to `out`.
  std::function<base::Status(const double* in, double* out, size_t n)> dense;
  std::function<base::StatusOr<table::VectorValue>(const table::VectorView& row)> any;
  /// Whether each row is then dense or sparse, whichever is smaller.
  bool compresses = false;
  uint64_t filled_max = kFilledValuesMax;
  /// What MLlib says of a null.
  std::string null_text;
};

/// Whether MLlib's compressed keeps a row of `n` values dense.
inline bool StaysDense(const double* row, size_t n) {
  size_t nonzeros = 0;
  for (size_t j = 0; j < n; ++j) nonzeros += row[j] != 0 ? 1 : 0;
  return !(1.5 * static_cast<double>(nonzeros) + 2.0 < static_cast<double>(n));
}

inline base::StatusOr<std::shared_ptr<arrow::Array>> MapDense(const table::VectorReader& rows,
                                                              const VectorMap& map) {
  const size_t n = static_cast<size_t>(rows.common_size().value_or(0));
  const std::span<const double> in = *rows.row_major();
  std::vector<double> out(in.size());
  bool dense = true;
  for (size_t at = 0; n > 0 && at < in.size(); at += n) {
    SOTERIA_RETURN_IF_ERROR(map.dense(in.data() + at, out.data() + at, n));
    dense = dense && (!map.compresses || StaysDense(out.data() + at, n));
  }
  if (dense) return DenseArray(std::move(out), rows.rows(), static_cast<int32_t>(n));
  table::VectorBuilder builder;
  for (size_t at = 0; at < out.size(); at += n) {
    table::VectorView view;
    view.size = static_cast<int32_t>(n);
    view.values = std::span<const double>(out.data() + at, n);
    SOTERIA_RETURN_IF_ERROR(builder.Append(table::Compressed(view)));
  }
  return builder.Finish();
}

inline base::StatusOr<std::shared_ptr<arrow::Array>> MapAny(const table::VectorReader& rows,
                                                            const VectorMap& map) {
  table::VectorBuilder builder;
  uint64_t stored = 0;
  uint64_t made = 0;
  for (int64_t i = 0; i < rows.rows(); ++i) {
    const table::VectorView row = rows.Get(i);
    SOTERIA_ASSIGN_OR_RETURN(table::VectorValue value, map.any(row));
    if (map.compresses) value = table::Compressed(table::View(value));
    stored += row.values.size();
    made += value.values.size();
    if (made > stored + map.filled_max) {
      return base::Fail(base::kMemoryLimit,
                        base::Cat("Sparse vectors become dense ones, of more than ", map.filled_max,
                                  " values together"));
    }
    SOTERIA_RETURN_IF_ERROR(builder.Append(value));
  }
  return builder.Finish();
}

/// The table with the new column: in the dense form where the old one is and every row stays dense.
inline base::StatusOr<std::shared_ptr<arrow::Table>> MapVectors(
    const std::shared_ptr<arrow::Table>& table, const std::string& input, const std::string& output,
    const std::string& metadata, const VectorMap& map) {
  SOTERIA_ASSIGN_OR_RETURN(const auto readers, ReadVectorColumn(*table, input));
  arrow::ArrayVector arrays;
  bool dense = !readers.empty();
  for (const table::VectorReader& rows : readers) {
    if (rows.null_count() > 0) return UdfFailure(map.null_text);
    dense = dense && rows.row_major().has_value() && rows.common_size().has_value();
  }
  for (const table::VectorReader& rows : readers) {
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array,
                             dense ? MapDense(rows, map) : MapAny(rows, map));
    arrays.push_back(std::move(array));
  }
  for (size_t i = 1; i < arrays.size(); ++i) {
    if (arrays[i]->type()->Equals(*arrays[0]->type())) continue;
    arrays.clear();  // one chunk stays dense and another doesn't
    for (const table::VectorReader& rows : readers) {
      SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), MapAny(rows, map));
    }
  }
  std::optional<int32_t> size;
  if (!arrays.empty() && arrays[0]->type_id() == arrow::Type::FIXED_SIZE_LIST) {
    size = static_cast<const arrow::FixedSizeListType&>(*arrays[0]->type()).list_size();
  }
  const auto field = table::WithSparkMetadata(table::VectorField(output, true, size), metadata);
  return WithColumn(table, field,
                    std::make_shared<arrow::ChunkedArray>(std::move(arrays), field->type()));
}

}  // namespace soteria::ml
