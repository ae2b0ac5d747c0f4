#include "src/ml/pca/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/linalg/rows.h"
#include "src/ml/linalg/symmetric.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

/// A factor waits until it has so many times the triangle's entries.
constexpr uint64_t kWaiting = 4;

/// Rows that are centred and multiplied at a time.
int64_t RowsAtOnce(int64_t cols) {
  constexpr int64_t kBytes = int64_t{1} << 20;
  const int64_t row_bytes = std::max<int64_t>(1, cols) * int64_t{sizeof(double)};
  return std::clamp<int64_t>(kBytes / row_bytes, 32, 1024);
}

base::Status TooWide(int64_t cols) {
  return base::Fail(base::kMemoryLimit, base::Cat("the covariance of ", cols,
                                                  " columns is larger than an enclave's message"));
}

/// Rows first..first + rows of the block as dense ones, less `origin`.
void CentredRows(const table::FeatureBlock& block, int64_t first, int64_t rows,
                 const std::vector<double>& origin, double* out) {
  const auto cols = static_cast<size_t>(block.cols);
  for (size_t i = 0; i < static_cast<size_t>(rows); ++i) {
    double* to = out + i * cols;
    const size_t row = static_cast<size_t>(first) + i;
    if (!block.sparse) {
      const double* x = block.dense.data() + row * cols;
      for (size_t j = 0; j < cols; ++j) to[j] = x[j] - origin[j];
      continue;
    }
    for (size_t j = 0; j < cols; ++j) to[j] = -origin[j];
    for (auto p = static_cast<size_t>(block.row_ptr[row]);
         p < static_cast<size_t>(block.row_ptr[row + 1]); ++p) {
      to[static_cast<size_t>(block.col[p])] += block.val[p];
    }
  }
}

/// The mean, summed as distances from the first row, so that a constant column's is exact.
std::vector<double> MeanOf(const table::FeatureBlock& block) {
  const auto cols = static_cast<size_t>(block.cols);
  const int64_t step = RowsAtOnce(block.cols);
  std::vector<double> first(cols), sum(cols, 0.0), rows(static_cast<size_t>(step) * cols);
  CentredRows(block, 0, 1, std::vector<double>(cols, 0.0), first.data());
  const std::vector<double> ones(static_cast<size_t>(step), 1.0);
  for (int64_t at = 0; at < block.rows; at += step) {
    const int64_t some = std::min(step, block.rows - at);
    CentredRows(block, at, some, first, rows.data());
    AddWeightedRows(rows.data(), some, block.cols, ones.data(), sum.data());
  }
  for (size_t j = 0; j < cols; ++j) first[j] += sum[j] / static_cast<double>(block.rows);
  return first;
}

/// The triangle as its columns' bytes one after the other, and back.
std::string Packed(const std::vector<double>& upper, size_t size) {
  std::string packed;
  packed.reserve(PackedSize(size) * sizeof(double));
  for (size_t j = 0; j < size; ++j) {
    packed.append(reinterpret_cast<const char*>(upper.data() + j * size), (j + 1) * sizeof(double));
  }
  return packed;
}

std::vector<double> Unpacked(std::string_view packed, size_t size) {
  std::vector<double> upper(size * size, 0.0);
  for (size_t j = 0; j < size; ++j) {
    std::memcpy(upper.data() + j * size, packed.data() + PackedSize(j) * sizeof(double),
                (j + 1) * sizeof(double));
  }
  return upper;
}

/// From so many entries on a product is worth a second thread: it is the work of the tree's root
/// and of the driver, beside which little else runs.
constexpr size_t kSharedEntriesMin = size_t{1} << 20;

void AddProducts(const std::vector<double>& rows, size_t size, std::vector<double>& upper) {
  const auto count = static_cast<int64_t>(rows.size() / std::max<size_t>(1, size));
  if (std::min(rows.size(), upper.size()) < kSharedEntriesMin) {
    return AddOuterProducts(rows.data(), count, static_cast<int64_t>(size), upper.data());
  }
  Crew crew;
  AddOuterProducts(crew, rows.data(), count, static_cast<int64_t>(size), upper.data());
}

}  // namespace

bool Scatter::FactorIsSmaller(uint64_t rows) const {
  const auto size = static_cast<uint64_t>(mean_.size());
  return upper_.empty() && rows * size < PackedSize(size);
}

base::StatusOr<Scatter> Scatter::Of(const table::FeatureBlock& block) {
  Scatter scatter;
  if (block.rows == 0) return scatter;
  if (block.cols > kPcaColumnsMax) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("Argument with more than 65535 cols: ", block.cols));
  }
  const auto size = static_cast<size_t>(block.cols);
  scatter.rows_ = static_cast<double>(block.rows);
  scatter.mean_ = MeanOf(block);
  if (scatter.FactorIsSmaller(static_cast<uint64_t>(block.rows))) {
    scatter.factor_.resize(static_cast<size_t>(block.rows) * size);
    if (scatter.factor_.size() > kScatterEntriesMax) return TooWide(block.cols);
    CentredRows(block, 0, block.rows, scatter.mean_, scatter.factor_.data());
    return scatter;
  }
  if (PackedSize(size) > kScatterEntriesMax) return TooWide(block.cols);
  const int64_t step = RowsAtOnce(block.cols);
  std::vector<double> rows(static_cast<size_t>(step) * size);
  scatter.upper_.assign(size * size, 0.0);
  for (int64_t at = 0; at < block.rows; at += step) {
    const int64_t some = std::min(step, block.rows - at);
    CentredRows(block, at, some, scatter.mean_, rows.data());
    AddOuterProducts(rows.data(), some, block.cols, scatter.upper_.data());
  }
  return scatter;
}

base::Status Scatter::MultiplyOut() {
  if (PackedSize(mean_.size()) > kScatterEntriesMax) return TooWide(cols());
  if (upper_.empty()) upper_.assign(mean_.size() * mean_.size(), 0.0);
  AddProducts(std::exchange(factor_, {}), mean_.size(), upper_);
  return base::OkStatus();
}

base::Status Scatter::Merge(Scatter other) {
  if (other.rows_ == 0) return base::OkStatus();
  if (rows_ == 0) {
    *this = std::move(other);
    return base::OkStatus();
  }
  if (other.cols() != cols()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Dimensions mismatch when merging with another"
                                " summarizer. Expecting ",
                                cols(), " but got ", other.cols(), "."));
  }
  const double rows = rows_ + other.rows_;
  const double scale = std::sqrt(rows_ * (other.rows_ / rows));
  std::vector<double> apart(mean_.size());  // of the two means: one more row of a factor
  for (size_t j = 0; j < apart.size(); ++j) {
    const double distance = other.mean_[j] - mean_[j];
    mean_[j] += distance * (other.rows_ / rows);
    apart[j] = distance * scale;
  }
  rows_ = rows;
  factor_.insert(factor_.end(), apart.begin(), apart.end());
  factor_.insert(factor_.end(), other.factor_.begin(), other.factor_.end());
  if (upper_.empty()) {
    upper_ = std::move(other.upper_);
  } else if (!other.upper_.empty()) {
    for (size_t i = 0; i < upper_.size(); ++i) upper_[i] += other.upper_[i];
  }
  if (factor_.size() > kWaiting * PackedSize(mean_.size())) return MultiplyOut();
  return base::OkStatus();
}

base::StatusOr<std::string> Scatter::Encode() && {
  const bool is_factor = FactorIsSmaller(factor_.size() / std::max<size_t>(1, mean_.size()));
  if (!is_factor && !factor_.empty()) SOTERIA_RETURN_IF_ERROR(MultiplyOut());
  if (is_factor && factor_.size() > kScatterEntriesMax) return TooWide(cols());
  base::FieldWriter w;
  w.AddDouble(rows_).Add(stats::PackDoubles(mean_)).AddBool(is_factor);
  if (is_factor) {
    w.Add(stats::PackDoubles(std::exchange(factor_, {})));
  } else {
    w.Add(Packed(std::exchange(upper_, {}), mean_.size()));
  }
  return w.Take();
}

base::StatusOr<Scatter> Scatter::Decode(std::string bytes) {
  base::FieldReader r(bytes);
  Scatter scatter;
  SOTERIA_ASSIGN_OR_RETURN(scatter.rows_, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view mean, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const bool is_factor, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(scatter.mean_, stats::UnpackDoubles(mean));
  const size_t size = scatter.mean_.size(), values = packed.size() / sizeof(double);
  const bool rows_fit = scatter.rows_ >= 0 && (scatter.rows_ > 0 || values == 0) &&
                        std::trunc(scatter.rows_) == scatter.rows_ && scatter.rows_ < 0x1p53;
  const bool values_fit =
      is_factor ? (size == 0 ? values == 0 : values % size == 0) : values == PackedSize(size);
  if (!rows_fit || !values_fit || packed.size() % sizeof(double) != 0 ||
      size > static_cast<size_t>(kPcaColumnsMax) || (scatter.rows_ == 0 && size != 0)) {
    return base::Fail(base::kProtocol, "scatter: bad length");
  }
  if (is_factor) {
    SOTERIA_ASSIGN_OR_RETURN(scatter.factor_, stats::UnpackDoubles(packed));
  } else {
    scatter.upper_ = Unpacked(packed, size);
  }
  return scatter;
}

std::vector<double> Scatter::Covariance() && {
  const size_t size = mean_.size();
  std::vector<double> full = std::move(upper_);
  full.resize(size * size, 0.0);
  AddProducts(std::exchange(factor_, {}), size, full);
  const double freedom = rows_ - 1;
  for (size_t j = 0; j < size; ++j) {
    for (size_t i = 0; i <= j; ++i) {
      full[j * size + i] /= freedom;
      full[i * size + j] = full[j * size + i];
    }
  }
  return full;
}

base::StatusOr<KernelPtr> ScatterKernel::Decode(std::string_view bytes) {
  if (!bytes.empty()) return base::Fail(base::kProtocol, "scatter: it has no parameters");
  return std::make_unique<ScatterKernel>();
}

base::StatusOr<std::string> ScatterKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  SOTERIA_ASSIGN_OR_RETURN(Scatter scatter, Scatter::Of(*block));
  return std::move(scatter).Encode();
}

base::StatusOr<std::string> ScatterKernel::Merge(std::vector<std::string> children) const {
  Scatter all;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(Scatter child, Scatter::Decode(std::exchange(bytes, {})));
    SOTERIA_RETURN_IF_ERROR(all.Merge(std::move(child)));
  }
  return std::move(all).Encode();
}

}  // namespace soteria::ml
