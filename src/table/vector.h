// ML vectors and matrices as values, and vector columns: built from rows, assembled from number
// columns, and read row by row from either physical form of types.h. A reader checks the whole
// column once when it is made; after that its views are valid vectors (indices strictly ascending
// and below the size, as many values as indices). Views borrow from the array, which the reader
// keeps alive. Builders and readers belong to one thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/base/status.h"

namespace soteria::table {

/// A vector as MLlib has it: dense (indices empty, values.size() == size) or sparse.
struct VectorValue {
  bool dense = true;
  int32_t size = 0;
  std::vector<int32_t> indices;
  std::vector<double> values;

  bool operator==(const VectorValue&) const = default;
};

/// A borrowed vector.
struct VectorView {
  bool dense = true;
  int32_t size = 0;
  std::span<const int32_t> indices;
  std::span<const double> values;
};

/// A matrix as MLlib has it: column-major unless `transposed`; sparse in CSC (CSR if transposed).
struct MatrixValue {
  bool dense = true;
  int32_t num_rows = 0;
  int32_t num_cols = 0;
  std::vector<int32_t> col_ptrs;
  std::vector<int32_t> row_indices;
  std::vector<double> values;
  bool transposed = false;

  bool operator==(const MatrixValue&) const = default;
};

VectorValue DenseVector(std::vector<double> values);
VectorValue SparseVector(int32_t size, std::vector<int32_t> indices, std::vector<double> values);
VectorView View(const VectorValue& v);
VectorValue ToValue(const VectorView& v);
/// Element `i` (0 where a sparse vector stores none); 0 <= i < size.
double At(const VectorView& v, int32_t i);
/// Number of stored values that are not zero.
int64_t CountNonzeros(const VectorView& v);
VectorValue ToDense(const VectorView& v);
VectorValue ToSparse(const VectorView& v);
/// MLlib's Vector.compressed: sparse when 1.5 * nnz + 2 < size, else dense.
VectorValue Compressed(const VectorView& v);
/// MLlib's toString: "[1.0,2.0]", "(3,[0],[1.0])".
std::string VectorText(const VectorView& v);
/// kInput unless the value is a well-formed vector.
base::Status CheckVector(const VectorView& v);

/// Element of a dense matrix or a stored or absent element of a sparse one.
double At(const MatrixValue& m, int32_t row, int32_t col);
/// kInput unless the shape and the index arrays agree.
base::Status CheckMatrix(const MatrixValue& m);

/// Builds a vector column in the struct form.
class VectorBuilder {
 public:
  VectorBuilder();
  ~VectorBuilder();
  VectorBuilder(VectorBuilder&&) noexcept;
  VectorBuilder& operator=(VectorBuilder&&) noexcept;

  base::Status Reserve(int64_t rows, int64_t values);
  base::Status Append(const VectorView& v);
  base::Status Append(const VectorValue& v);
  base::Status AppendDense(std::span<const double> values);
  base::Status AppendNull();
  /// The column so far; the builder is empty afterwards.
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A vector column in the dense form over `rows` * `size` doubles, row-major. `values` is not
/// copied; a multiple of 64 bytes is the alignment kernels like.
base::StatusOr<std::shared_ptr<arrow::Array>> DenseColumn(std::shared_ptr<arrow::Buffer> values,
                                                          int64_t rows, int32_t size);
base::StatusOr<std::shared_ptr<arrow::Array>> DenseColumn(std::span<const double> values,
                                                          int64_t rows, int32_t size);
/// One part of an assembled row: a number column (width 1) or `width` doubles a row, row-major.
struct AssemblePart {
  std::span<const double> values;
  int32_t width = 1;
};
/// Writes rows * (sum of widths) doubles, each row the concatenation of the parts' rows. Blocked,
/// so that many narrow parts stay in cache. Every part holds rows * width values.
void AssembleInto(std::span<const AssemblePart> parts, int64_t rows, double* out);
/// The same as a vector column in the dense form.
base::StatusOr<std::shared_ptr<arrow::Array>> AssembleDense(std::span<const AssemblePart> parts,
                                                            int64_t rows);

/// Rows of a vector column in either form.
class VectorReader {
 public:
  /// kDatatypeMismatch when `array` isn't a vector column's array; kInput (quoting no values) when
  /// a row is malformed.
  static base::StatusOr<VectorReader> Make(std::shared_ptr<arrow::Array> array);

  int64_t rows() const { return rows_; }
  bool IsNull(int64_t row) const;
  /// The vector of a row that is not null.
  VectorView Get(int64_t row) const;
  /// The size that all non-null rows share, if they do; nullopt also when there is none.
  std::optional<int32_t> common_size() const { return common_size_; }
  int64_t null_count() const { return null_count_; }
  /// All rows dense, the values of row 0 at [0, size): the dense form only.
  std::optional<std::span<const double>> row_major() const;

 private:
  VectorReader() = default;
  base::Status CheckRows();

  std::shared_ptr<arrow::Array> array_;
  int64_t rows_ = 0;
  int64_t null_count_ = 0;
  std::optional<int32_t> common_size_;
  int32_t dense_size_ = -1;  // of the dense form; -1: the struct form
  const double* values_ = nullptr;
  const int8_t* type_ = nullptr;
  const int32_t* size_ = nullptr;
  const int32_t* index_offsets_ = nullptr;
  const int32_t* value_offsets_ = nullptr;
  const int32_t* indices_ = nullptr;
};

/// All rows of a vector column, nullopt for null rows. Convenient, not fast.
base::StatusOr<std::vector<std::optional<VectorValue>>> ReadVectors(
    const arrow::ChunkedArray& column);

/// A MatrixUDT column, and one cell of it.
base::StatusOr<std::shared_ptr<arrow::Array>> MatrixColumn(std::span<const MatrixValue> rows);
base::StatusOr<MatrixValue> ReadMatrix(const arrow::Array& array, int64_t row);

/// A cell as a one-row scalar and back (literals, model data).
base::StatusOr<std::shared_ptr<arrow::Scalar>> VectorScalar(const VectorView& v);
base::StatusOr<VectorValue> VectorFromScalar(const arrow::Scalar& scalar);

}  // namespace soteria::table
