#include "src/ml/summarizer/moments.h"

#include <algorithm>
#include <cmath>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/rows.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

constexpr size_t kHeadDoubles = 3;

double WeightOf(const table::FeatureBlock& block, size_t row) {
  return block.weight.empty() ? 1.0 : block.weight[row];
}

}  // namespace

Moments Moments::Of(const table::FeatureBlock& block) {
  Moments all;
  if (block.rows == 0) return all;
  if (block.sparse) {
    all.AddSparse(block);
  } else {
    const int64_t step = RowsInCache(block.cols);
    for (int64_t first = 0; first < block.rows; first += step) {
      Moments some;
      some.AddDense(block, first, std::min(step, block.rows - first));
      all.MergeSameSize(some);
    }
  }
  if (all.weight_ == 0) return Moments();
  for (size_t j = 0; j < all.cols(); ++j) {
    const double square = all.mean_[j] * all.mean_[j];
    if (!std::isfinite(square) || !std::isfinite(all.spread_[j])) all.RedoColumn(block, j);
  }
  return all;
}

// West's update over the values that aren't zero, as MLlib's SummarizerBuffer has it.
void Moments::RedoColumn(const table::FeatureBlock& block, size_t column) {
  double weight = 0;
  double mean = 0;
  double spread = 0;
  const auto add = [&](double value, double w) {
    if (value == 0 || w == 0) return;
    const double apart = value - mean;
    mean += w * apart / (weight + w);
    spread += w * (value - mean) * apart;
    weight += w;
  };
  for (size_t i = 0; i < static_cast<size_t>(block.rows); ++i) {
    const double w = WeightOf(block, i);
    if (!block.sparse) {
      add(block.dense[i * static_cast<size_t>(block.cols) + column], w);
      continue;
    }
    for (auto k = static_cast<size_t>(block.row_ptr[i]);
         k < static_cast<size_t>(block.row_ptr[i + 1]); ++k) {
      if (static_cast<size_t>(block.col[k]) == column) add(block.val[k], w);
    }
  }
  mean_[column] = mean * (weight / weight_);
  spread_[column] = spread + mean * mean * weight * (weight_ - weight) / weight_;
}

void Moments::AddDense(const table::FeatureBlock& block, int64_t first, int64_t rows) {
  for (int64_t i = first; i < first + rows; ++i) {
    const double w = WeightOf(block, static_cast<size_t>(i));
    if (w == 0) continue;
    rows_ += 1;
    weight_ += w;
    weight_squares_ += w * w;
  }
  if (weight_ == 0) return;
  const auto cols = static_cast<size_t>(block.cols);
  const double* x = block.dense.data() + first * block.cols;
  const double* w = block.weight.empty() ? nullptr : block.weight.data() + first;
  // Distances from the first row: 0 in a constant column, so that its mean is exact.
  std::vector<double> sum(cols, 0.0);
  AddDeviations(x, rows, block.cols, w, x, sum.data());
  mean_.resize(cols);
  for (size_t j = 0; j < cols; ++j) mean_[j] = x[j] + sum[j] / weight_;
  spread_.assign(cols, 0.0);
  AddSquaredDeviations(x, rows, block.cols, w, mean_.data(), spread_.data());
}

void Moments::AddSparse(const table::FeatureBlock& block) {
  const auto cols = static_cast<size_t>(block.cols);
  std::vector<double> column_weight(cols, 0.0);  // of the rows that store a value
  std::vector<double> origin(cols, 0.0);         // the first value of the column
  std::vector<double> sum(cols, 0.0);
  const auto for_each = [&block](auto&& body) {
    for (size_t i = 0; i < static_cast<size_t>(block.rows); ++i) {
      const double w = WeightOf(block, i);
      if (w == 0) continue;
      for (auto k = static_cast<size_t>(block.row_ptr[i]);
           k < static_cast<size_t>(block.row_ptr[i + 1]); ++k) {
        body(static_cast<size_t>(block.col[k]), block.val[k], w);
      }
    }
  };
  for (size_t i = 0; i < static_cast<size_t>(block.rows); ++i) {
    const double w = WeightOf(block, i);
    if (w == 0) continue;
    rows_ += 1;
    weight_ += w;
    weight_squares_ += w * w;
  }
  for_each([&](size_t j, double value, double w) {
    if (column_weight[j] == 0) origin[j] = value;
    column_weight[j] += w;
    sum[j] += w * (value - origin[j]);
  });
  mean_.assign(cols, 0.0);
  spread_.assign(cols, 0.0);
  for (size_t j = 0; j < cols; ++j) {
    if (column_weight[j] > 0) mean_[j] = origin[j] + sum[j] / column_weight[j];
  }
  for_each([&](size_t j, double value, double w) {
    spread_[j] += w * (value - mean_[j]) * (value - mean_[j]);
  });
  for (size_t j = 0; j < cols; ++j) {  // the rows that store nothing are zeros
    const double zeros = weight_ - column_weight[j];
    if (zeros <= 0) continue;
    spread_[j] += mean_[j] * mean_[j] * column_weight[j] * zeros / weight_;
    mean_[j] *= column_weight[j] / weight_;
  }
}

void Moments::MergeSameSize(const Moments& other) {
  if (other.weight_ == 0) return;
  if (weight_ == 0) {
    *this = other;
    return;
  }
  CHECK(other.cols() == cols());
  const double weight = weight_ + other.weight_;
  for (size_t j = 0; j < mean_.size(); ++j) {  // in MLlib's order: near 1e308 it matters
    const double apart = other.mean_[j] - mean_[j];
    mean_[j] += apart * other.weight_ / weight;
    spread_[j] += other.spread_[j] + apart * apart * weight_ * other.weight_ / weight;
  }
  rows_ += other.rows_;
  weight_ = weight;
  weight_squares_ += other.weight_squares_;
}

base::Status Moments::Merge(const Moments& other) {
  if (weight_ != 0 && other.weight_ != 0 && other.cols() != cols()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Dimensions mismatch when merging with another"
                                " summarizer. Expecting ",
                                cols(), " but got ", other.cols(), "."));
  }
  MergeSameSize(other);
  return base::OkStatus();
}

std::string Moments::Encode() const {
  std::vector<double> values = {rows_, weight_, weight_squares_};
  values.insert(values.end(), mean_.begin(), mean_.end());
  values.insert(values.end(), spread_.begin(), spread_.end());
  return stats::PackDoubles(values);
}

base::StatusOr<Moments> Moments::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(bytes));
  if (values.size() < kHeadDoubles || (values.size() - kHeadDoubles) % 2 != 0) {
    return base::Fail(base::kProtocol, "moments: bad length");
  }
  const auto cols = static_cast<std::ptrdiff_t>((values.size() - kHeadDoubles) / 2);
  const auto columns = values.begin() + kHeadDoubles;
  Moments moments;
  moments.rows_ = values[0];
  moments.weight_ = values[1];
  moments.weight_squares_ = values[2];
  moments.mean_.assign(columns, columns + cols);
  moments.spread_.assign(columns + cols, values.end());
  return moments;
}

std::vector<double> Moments::StandardDeviation() const {
  std::vector<double> std(cols(), 0.0);
  const double freedom = weight_ - weight_squares_ / weight_;
  if (!(freedom > 0)) return std;
  for (size_t j = 0; j < cols(); ++j) std[j] = std::sqrt(std::max(spread_[j] / freedom, 0.0));
  return std;
}

base::Status Moments::CheckNotEmpty() const {
  if (weight_ > 0) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    "requirement failed: Nothing has been added to this summarizer.");
}

}  // namespace soteria::ml
