#include "src/table/vector.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::table {

VectorValue DenseVector(std::vector<double> values) {
  VectorValue v;
  v.size = static_cast<int32_t>(values.size());
  v.values = std::move(values);
  return v;
}

VectorValue SparseVector(int32_t size, std::vector<int32_t> indices, std::vector<double> values) {
  return {.dense = false, .size = size, .indices = std::move(indices), .values = std::move(values)};
}

VectorView View(const VectorValue& v) { return {v.dense, v.size, v.indices, v.values}; }

VectorValue ToValue(const VectorView& v) {
  return {
      v.dense, v.size, {v.indices.begin(), v.indices.end()}, {v.values.begin(), v.values.end()}};
}

double At(const VectorView& v, int32_t i) {
  if (v.dense) return v.values[static_cast<size_t>(i)];
  const auto at = std::lower_bound(v.indices.begin(), v.indices.end(), i);
  if (at == v.indices.end() || *at != i) return 0;
  return v.values[static_cast<size_t>(at - v.indices.begin())];
}

int64_t CountNonzeros(const VectorView& v) {
  return std::count_if(v.values.begin(), v.values.end(), [](double x) { return x != 0; });
}

VectorValue ToDense(const VectorView& v) {
  if (v.dense) return ToValue(v);
  std::vector<double> values(static_cast<size_t>(v.size));
  for (size_t k = 0; k < v.indices.size(); ++k) {
    values[static_cast<size_t>(v.indices[k])] = v.values[k];
  }
  return DenseVector(std::move(values));
}

VectorValue ToSparse(const VectorView& v) {
  VectorValue sparse{.dense = false, .size = v.size, .indices = {}, .values = {}};
  for (size_t k = 0; k < v.values.size(); ++k) {
    if (v.values[k] == 0) continue;
    sparse.indices.push_back(v.dense ? static_cast<int32_t>(k) : v.indices[k]);
    sparse.values.push_back(v.values[k]);
  }
  return sparse;
}

VectorValue Compressed(const VectorView& v) {
  const auto nnz = static_cast<double>(CountNonzeros(v));
  return 1.5 * nnz + 2.0 < static_cast<double>(v.size) ? ToSparse(v) : ToDense(v);
}

std::string VectorText(const VectorView& v) {
  std::string text;
  if (!v.dense) {
    text = base::Cat("(", v.size, ",[");
    for (size_t k = 0; k < v.indices.size(); ++k) {
      if (k > 0) text += ',';
      text += std::to_string(v.indices[k]);
    }
    text += "],";
  }
  text += '[';
  for (size_t k = 0; k < v.values.size(); ++k) {
    if (k > 0) text += ',';
    text += JavaDouble(v.values[k]);
  }
  text += ']';
  if (!v.dense) text += ')';
  return text;
}

base::Status CheckVector(const VectorView& v) {
  if (v.size < 0) return base::Fail(base::kInput, "Vector: negative size");
  if (v.dense) {
    if (!v.indices.empty() || v.values.size() != static_cast<size_t>(v.size)) {
      return base::Fail(base::kInput, "Vector: a dense vector has as many values as its size");
    }
    return base::OkStatus();
  }
  if (v.indices.size() != v.values.size()) {
    return base::Fail(base::kInput, "Vector: as many indices as values are needed");
  }
  int32_t last = -1;
  for (const int32_t index : v.indices) {
    if (index <= last || index >= v.size) {
      return base::Fail(base::kInput,
                        "Vector: indices must be strictly ascending and below the size");
    }
    last = index;
  }
  return base::OkStatus();
}

struct VectorBuilder::Impl {
  arrow::Int8Builder type;
  arrow::Int32Builder size;
  std::shared_ptr<arrow::Int32Builder> index_values = std::make_shared<arrow::Int32Builder>();
  std::shared_ptr<arrow::DoubleBuilder> number_values = std::make_shared<arrow::DoubleBuilder>();
  arrow::ListBuilder indices{arrow::default_memory_pool(), index_values,
                             ListOf(arrow::int32(), false)};
  arrow::ListBuilder values{arrow::default_memory_pool(), number_values,
                            ListOf(arrow::float64(), false)};
  arrow::TypedBufferBuilder<bool> valid;

  arrow::Status Append(const VectorView& v) {
    ARROW_RETURN_NOT_OK(valid.Append(true));
    ARROW_RETURN_NOT_OK(type.Append(v.dense ? 1 : 0));
    ARROW_RETURN_NOT_OK(v.dense ? size.AppendNull() : size.Append(v.size));
    ARROW_RETURN_NOT_OK(v.dense ? indices.AppendNull() : indices.Append());
    if (!v.dense) {
      ARROW_RETURN_NOT_OK(
          index_values->AppendValues(v.indices.data(), static_cast<int64_t>(v.indices.size())));
    }
    ARROW_RETURN_NOT_OK(values.Append());
    return number_values->AppendValues(v.values.data(), static_cast<int64_t>(v.values.size()));
  }

  arrow::Status AppendNull() {
    ARROW_RETURN_NOT_OK(valid.Append(false));
    ARROW_RETURN_NOT_OK(type.Append(0));
    ARROW_RETURN_NOT_OK(size.AppendNull());
    ARROW_RETURN_NOT_OK(indices.AppendNull());
    return values.AppendNull();
  }

  arrow::Result<std::shared_ptr<arrow::Array>> Finish() {
    const int64_t rows = valid.length();
    const int64_t nulls = valid.false_count();
    ARROW_ASSIGN_OR_RAISE(auto bitmap, valid.Finish());
    ARROW_ASSIGN_OR_RAISE(auto type_array, type.Finish());
    ARROW_ASSIGN_OR_RAISE(auto size_array, size.Finish());
    ARROW_ASSIGN_OR_RAISE(auto index_array, indices.Finish());
    ARROW_ASSIGN_OR_RAISE(auto value_array, values.Finish());
    return std::make_shared<arrow::StructArray>(
        VectorStructType(), rows,
        arrow::ArrayVector{type_array, size_array, index_array, value_array},
        nulls == 0 ? nullptr : bitmap, nulls);
  }
};

VectorBuilder::VectorBuilder() : impl_(std::make_unique<Impl>()) {}
VectorBuilder::~VectorBuilder() = default;
VectorBuilder::VectorBuilder(VectorBuilder&&) noexcept = default;
VectorBuilder& VectorBuilder::operator=(VectorBuilder&&) noexcept = default;

base::Status VectorBuilder::Reserve(int64_t rows, int64_t values) {
  SOTERIA_ARROW_RETURN(impl_->type.Reserve(rows));
  SOTERIA_ARROW_RETURN(impl_->size.Reserve(rows));
  SOTERIA_ARROW_RETURN(impl_->indices.Reserve(rows));
  SOTERIA_ARROW_RETURN(impl_->values.Reserve(rows));
  SOTERIA_ARROW_RETURN(impl_->valid.Reserve(rows));
  return FromArrow(impl_->number_values->Reserve(values));
}

base::Status VectorBuilder::Append(const VectorView& v) { return FromArrow(impl_->Append(v)); }
base::Status VectorBuilder::Append(const VectorValue& v) { return Append(View(v)); }
base::Status VectorBuilder::AppendDense(std::span<const double> values) {
  return Append(VectorView{true, static_cast<int32_t>(values.size()), {}, values});
}
base::Status VectorBuilder::AppendNull() { return FromArrow(impl_->AppendNull()); }
base::StatusOr<std::shared_ptr<arrow::Array>> VectorBuilder::Finish() {
  SOTERIA_ARROW_ASSIGN(auto array, impl_->Finish());
  return array;
}

base::StatusOr<std::shared_ptr<arrow::Array>> DenseColumn(std::shared_ptr<arrow::Buffer> values,
                                                          int64_t rows, int32_t size) {
  CHECK(rows >= 0 && size >= 0) << "dense column of negative shape";
  CHECK(values->size() / 8 >= rows * size) << "dense column: too few values";
  auto numbers = std::make_shared<arrow::DoubleArray>(rows * size, std::move(values));
  return std::make_shared<arrow::FixedSizeListArray>(VectorField("", true, size)->type(), rows,
                                                     std::move(numbers));
}

base::StatusOr<std::shared_ptr<arrow::Array>> DenseColumn(std::span<const double> values,
                                                          int64_t rows, int32_t size) {
  CHECK(static_cast<int64_t>(values.size()) == rows * size) << "dense column: wrong length";
  SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Buffer> buffer,
                       arrow::AllocateBuffer(static_cast<int64_t>(values.size_bytes())));
  if (!values.empty()) std::memcpy(buffer->mutable_data(), values.data(), values.size_bytes());
  return DenseColumn(std::move(buffer), rows, size);
}

namespace {

constexpr size_t kLanes = 8;  // columns written together: one cache line of doubles

/// out[r * stride + k] = columns[k][r] for `lanes` number columns and rows [from, to).
void Interleave(const double* const* columns, size_t lanes, int64_t from, int64_t to,
                int64_t stride, double* out) {
  if (lanes == kLanes) {
    for (int64_t r = from; r < to; ++r) {
      double* row = out + r * stride;
      for (size_t k = 0; k < kLanes; ++k) row[k] = columns[k][r];
    }
    return;
  }
  for (int64_t r = from; r < to; ++r) {
    double* row = out + r * stride;
    for (size_t k = 0; k < lanes; ++k) row[k] = columns[k][r];
  }
}

/// Rows [from, to) of all parts.
void AssembleRows(std::span<const AssemblePart> parts, int64_t from, int64_t to, int64_t stride,
                  double* out) {
  int64_t at = 0;
  for (size_t p = 0; p < parts.size();) {
    if (parts[p].width != 1) {
      const auto width = static_cast<int64_t>(parts[p].width);
      const double* source = parts[p].values.data();
      for (int64_t r = from; r < to && width > 0; ++r) {
        std::memcpy(out + r * stride + at, source + r * width, static_cast<size_t>(width) * 8);
      }
      at += width;
      ++p;
      continue;
    }
    const double* columns[kLanes];
    size_t lanes = 0;
    while (lanes < kLanes && p < parts.size() && parts[p].width == 1) {
      columns[lanes++] = parts[p++].values.data();
    }
    Interleave(columns, lanes, from, to, stride, out + at);
    at += static_cast<int64_t>(lanes);
  }
}

}  // namespace

void AssembleInto(std::span<const AssemblePart> parts, int64_t rows, double* out) {
  int64_t width = 0;
  for (const AssemblePart& part : parts) {
    CHECK(static_cast<int64_t>(part.values.size()) == rows * part.width) << "assemble: length";
    width += part.width;
  }
  // Output of one block stays in the second-level cache.
  constexpr int64_t kBlockBytes = 256 << 10;
  const int64_t block = std::clamp<int64_t>(kBlockBytes / std::max<int64_t>(1, width * 8), 8, 4096);
  for (int64_t from = 0; from < rows; from += block) {
    AssembleRows(parts, from, std::min(rows, from + block), width, out);
  }
}

base::StatusOr<std::shared_ptr<arrow::Array>> AssembleDense(std::span<const AssemblePart> parts,
                                                            int64_t rows) {
  int64_t width = 0;
  for (const AssemblePart& part : parts) width += part.width;
  if (width > INT32_MAX) return base::Fail(base::kMemoryLimit, "Assembled vectors are too wide");
  SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Buffer> buffer,
                       arrow::AllocateBuffer(rows * width * 8));
  AssembleInto(parts, rows, reinterpret_cast<double*>(buffer->mutable_data()));
  return DenseColumn(std::move(buffer), rows, static_cast<int32_t>(width));
}

base::StatusOr<VectorReader> VectorReader::Make(std::shared_ptr<arrow::Array> array) {
  VectorReader reader;
  reader.rows_ = array->length();
  reader.null_count_ = array->null_count();
  if (array->type_id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListArray&>(*array);
    if (list.values()->type_id() != arrow::Type::DOUBLE) {
      return base::Fail(base::kDatatypeMismatch, "Not a vector column: list of other numbers");
    }
    if (list.values()->null_count() != 0) {
      return base::Fail(base::kInput, "Vector column: null inside a vector");
    }
    reader.dense_size_ = list.list_type()->list_size();
    reader.values_ =
        static_cast<const arrow::DoubleArray&>(*list.values()).raw_values() + list.value_offset(0);
    if (reader.null_count_ < reader.rows_) reader.common_size_ = reader.dense_size_;
    reader.array_ = std::move(array);
    return reader;
  }
  if (array->type_id() != arrow::Type::STRUCT || !array->type()->Equals(*VectorStructType())) {
    return base::Fail(base::kDatatypeMismatch,
                      base::Cat("Not a vector column: ", TypeName(*array->type())));
  }
  reader.array_ = std::move(array);
  SOTERIA_RETURN_IF_ERROR(reader.CheckRows());
  return reader;
}

base::Status VectorReader::CheckRows() {
  const auto& column = static_cast<const arrow::StructArray&>(*array_);
  const auto type = std::static_pointer_cast<arrow::Int8Array>(column.field(0));
  const auto size = std::static_pointer_cast<arrow::Int32Array>(column.field(1));
  const auto indices = std::static_pointer_cast<arrow::ListArray>(column.field(2));
  const auto values = std::static_pointer_cast<arrow::ListArray>(column.field(3));
  const auto& index_values = static_cast<const arrow::Int32Array&>(*indices->values());
  const auto& number_values = static_cast<const arrow::DoubleArray&>(*values->values());
  if (index_values.null_count() != 0 || number_values.null_count() != 0) {
    return base::Fail(base::kInput, "Vector column: null inside a vector");
  }
  type_ = type->raw_values();
  size_ = size->raw_values();
  index_offsets_ = indices->raw_value_offsets();
  value_offsets_ = values->raw_value_offsets();
  indices_ = index_values.raw_values();
  values_ = number_values.raw_values();
  bool same = true;
  for (int64_t row = 0; row < rows_; ++row) {
    if (IsNull(row)) continue;
    const bool dense = type_[row] == 1;
    if (type->IsNull(row) || values->IsNull(row) || (type_[row] != 0 && !dense) ||
        (!dense && (size->IsNull(row) || indices->IsNull(row)))) {
      return base::Fail(base::kInput, base::Cat("Vector column: row ", row, " is malformed"));
    }
    const VectorView v = Get(row);
    SOTERIA_RETURN_IF_ERROR(CheckVector(v));
    if (!common_size_.has_value()) common_size_ = v.size;
    same = same && *common_size_ == v.size;
  }
  if (!same) common_size_.reset();
  return base::OkStatus();
}

bool VectorReader::IsNull(int64_t row) const { return null_count_ != 0 && array_->IsNull(row); }

VectorView VectorReader::Get(int64_t row) const {
  if (dense_size_ >= 0) {
    return {true, dense_size_, {}, {values_ + row * dense_size_, static_cast<size_t>(dense_size_)}};
  }
  const int32_t from = value_offsets_[row];
  const auto count = static_cast<size_t>(value_offsets_[row + 1] - from);
  if (type_[row] == 1) return {true, static_cast<int32_t>(count), {}, {values_ + from, count}};
  const int32_t index_from = index_offsets_[row];
  const auto index_count = static_cast<size_t>(index_offsets_[row + 1] - index_from);
  return {false, size_[row], {indices_ + index_from, index_count}, {values_ + from, count}};
}

std::optional<std::span<const double>> VectorReader::row_major() const {
  if (dense_size_ < 0) return std::nullopt;
  return std::span<const double>(values_, static_cast<size_t>(rows_ * dense_size_));
}

base::StatusOr<std::vector<std::optional<VectorValue>>> ReadVectors(
    const arrow::ChunkedArray& column) {
  std::vector<std::optional<VectorValue>> rows;
  rows.reserve(static_cast<size_t>(column.length()));
  for (const auto& chunk : column.chunks()) {
    SOTERIA_ASSIGN_OR_RETURN(const VectorReader reader, VectorReader::Make(chunk));
    for (int64_t row = 0; row < reader.rows(); ++row) {
      if (reader.IsNull(row)) {
        rows.emplace_back(std::nullopt);
      } else {
        rows.emplace_back(ToValue(reader.Get(row)));
      }
    }
  }
  return rows;
}

base::StatusOr<std::shared_ptr<arrow::Scalar>> VectorScalar(const VectorView& v) {
  SOTERIA_RETURN_IF_ERROR(CheckVector(v));
  VectorBuilder builder;
  SOTERIA_RETURN_IF_ERROR(builder.Append(v));
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> array, builder.Finish());
  SOTERIA_ARROW_ASSIGN(auto scalar, array->GetScalar(0));
  return scalar;
}

base::StatusOr<VectorValue> VectorFromScalar(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return base::Fail(base::kInput, "Vector: null");
  SOTERIA_ARROW_ASSIGN(auto array, arrow::MakeArrayFromScalar(scalar, 1));
  SOTERIA_ASSIGN_OR_RETURN(const VectorReader reader, VectorReader::Make(array));
  return ToValue(reader.Get(0));
}

}  // namespace soteria::table
