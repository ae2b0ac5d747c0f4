#include "src/ml/linear_regression/kernels.h"

#include <arrow/table.h>
#include <arrow/type.h>
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/summarizer/kernels.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

constexpr size_t kHeadDoubles = 3;

size_t TriangleOf(size_t features) { return features * (features + 1) / 2; }

base::Status OtherSize(uint64_t expected, uint64_t got) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("assertion failed: Dimension mismatch. Expect vectors of size ",
                              expected, " but got ", got, "."));
}

double WeightOf(const table::FeatureBlock& block, int64_t row) {
  return block.weight.empty() ? 1.0 : block.weight[static_cast<size_t>(row)];
}

void AddLabels(const table::FeatureBlock& block, NormalSums& sums) {
  const int64_t step = RowsAtOnce(block);
  std::vector<double> weight(static_cast<size_t>(step)), weighted(static_cast<size_t>(step));
  for (int64_t first = 0; first < block.rows; first += step) {
    const int64_t rows = std::min(step, block.rows - first);
    for (int64_t i = 0; i < rows; ++i) {
      const double w = WeightOf(block, first + i);
      const double y = block.label[static_cast<size_t>(first + i)];
      weight[static_cast<size_t>(i)] = w;
      weighted[static_cast<size_t>(i)] = w * y;
      sums.weight += w;
      sums.label += w * y;
      sums.label_squares += w * y * y;
    }
    AddWeightedRowsOf(block, first, rows, weight.data(), sums.x.data());
    AddWeightedRowsOf(block, first, rows, weighted.data(), sums.xy.data());
  }
}

/// The upper triangle of X'WX in a square matrix, row by row. Rows get the roots of their weights
/// and go to BLAS, which is pinned to one thread and one level of kernels where bits matter.
std::vector<double> DenseProduct(const table::FeatureBlock& block) {
  const auto cols = static_cast<size_t>(block.cols);
  std::vector<double> product(cols * cols, 0.0);
  const int n = static_cast<int>(cols);
  const auto add = [&](const double* rows, int64_t count) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, n, static_cast<int>(count), 1.0, rows, n,
                1.0, product.data(), n);
  };
  constexpr int64_t kRowsAtOnce = 1024;
  table::AlignedDoubles scaled;
  for (int64_t first = 0; first < block.rows; first += kRowsAtOnce) {
    const int64_t rows = std::min(kRowsAtOnce, block.rows - first);
    const double* x = block.dense.data() + first * block.cols;
    if (block.weight.empty()) {
      add(x, rows);
      continue;
    }
    scaled.resize(static_cast<size_t>(rows) * cols);
    for (int64_t i = 0; i < rows; ++i) {
      const double root = std::sqrt(WeightOf(block, first + i));
      const double* row = x + i * block.cols;
      std::transform(row, row + cols, scaled.begin() + i * block.cols,
                     [root](double value) { return root * value; });
    }
    add(scaled.data(), rows);
  }
  return product;
}

std::vector<double> SparseProduct(const table::FeatureBlock& block) {
  const auto cols = static_cast<size_t>(block.cols);
  std::vector<double> product(cols * cols, 0.0);
  for (int64_t i = 0; i < block.rows; ++i) {
    const double weight = WeightOf(block, i);
    const auto first = static_cast<size_t>(block.row_ptr[static_cast<size_t>(i)]);
    const auto end = static_cast<size_t>(block.row_ptr[static_cast<size_t>(i) + 1]);
    for (size_t a = first; a < end; ++a) {
      double* row = product.data() + static_cast<size_t>(block.col[a]) * cols;
      const double factor = weight * block.val[a];
      for (size_t b = a; b < end; ++b) row[block.col[b]] += factor * block.val[b];
    }
  }
  return product;
}

void WriteColumns(base::FieldWriter& w, const std::optional<table::FeatureColumns>& columns) {
  w.AddBool(columns.has_value());
  if (!columns) return;
  w.Add(columns->features).Add(columns->label.value_or("")).Add(columns->weight.value_or(""));
}

base::StatusOr<std::optional<table::FeatureColumns>> ReadColumns(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const bool has_columns, r.NextBool());
  if (!has_columns) return std::optional<table::FeatureColumns>();
  table::FeatureColumns columns;
  SOTERIA_ASSIGN_OR_RETURN(columns.features, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  columns.label = std::string(label);
  if (!weight.empty()) columns.weight = std::string(weight);
  return std::optional<table::FeatureColumns>(std::move(columns));
}

}  // namespace

base::Status NormalSums::Merge(const NormalSums& other) {
  if (other.features == 0) return base::OkStatus();
  if (features == 0) {
    *this = other;
    return base::OkStatus();
  }
  if (features != other.features) return OtherSize(features, other.features);
  weight += other.weight;
  label += other.label;
  label_squares += other.label_squares;
  for (size_t j = 0; j < x.size(); ++j) {
    x[j] += other.x[j];
    xy[j] += other.xy[j];
  }
  for (size_t p = 0; p < xx.size(); ++p) xx[p] += other.xx[p];
  return base::OkStatus();
}

std::string NormalSums::Encode() const {
  std::vector<double> values;
  values.reserve(kHeadDoubles + 2 * x.size() + xx.size());
  values.insert(values.end(), {weight, label, label_squares});
  values.insert(values.end(), x.begin(), x.end());
  values.insert(values.end(), xy.begin(), xy.end());
  values.insert(values.end(), xx.begin(), xx.end());
  base::FieldWriter w;
  w.AddU64(features).Add(stats::PackDoubles(values));
  return w.Take();
}

base::StatusOr<NormalSums> NormalSums::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  NormalSums sums;
  SOTERIA_ASSIGN_OR_RETURN(sums.features, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  const size_t k = sums.wide() ? 0 : static_cast<size_t>(sums.features);
  if (packed.size() != (kHeadDoubles + 2 * k + TriangleOf(k)) * sizeof(double)) {
    return base::Fail(base::kProtocol, "normal equations: bad length");
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(packed));
  sums.weight = values[0];
  sums.label = values[1];
  sums.label_squares = values[2];
  const double* next = values.data() + kHeadDoubles;
  sums.x.assign(next, next + k);
  sums.xy.assign(next + k, next + 2 * k);
  sums.xx.assign(next + 2 * k, next + 2 * k + TriangleOf(k));
  return sums;
}

base::StatusOr<KernelPtr> NormalKernel::Decode(std::string_view bytes) {
  if (!bytes.empty()) return base::Fail(base::kProtocol, "normal equations: no parameters");
  return std::make_unique<NormalKernel>();
}

base::StatusOr<std::string> NormalKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  SOTERIA_RETURN_IF_ERROR(CheckLabels(*block));
  SOTERIA_RETURN_IF_ERROR(CheckFiniteLabels(block->label));
  NormalSums sums;
  if (block->rows == 0) return sums.Encode();
  sums.features = static_cast<uint64_t>(block->cols);
  if (sums.wide()) return sums.Encode();
  const auto k = static_cast<size_t>(block->cols);
  sums.x.assign(k, 0.0);
  sums.xy.assign(k, 0.0);
  AddLabels(*block, sums);
  const std::vector<double> product = block->sparse ? SparseProduct(*block) : DenseProduct(*block);
  sums.xx.reserve(TriangleOf(k));
  for (size_t j = 0; j < k; ++j) {
    for (size_t i = 0; i <= j; ++i) sums.xx.push_back(product[i * k + j]);
  }
  return sums.Encode();
}

base::StatusOr<std::string> NormalKernel::Merge(std::vector<std::string> children) const {
  NormalSums sum;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const NormalSums child, NormalSums::Decode(std::exchange(bytes, {})));
    SOTERIA_RETURN_IF_ERROR(sum.Merge(child));
  }
  return sum.Encode();
}

LossSums RegressionLoss::Terms(const double* label, const double* weight, int64_t rows,
                               double* margin) const {
  LossSums sums;
  for (int64_t i = 0; i < rows; ++i) {
    const double w = weight == nullptr ? 1.0 : weight[i];
    sums.weight += w;
    if (!huber) {
      const double off = margin[i] - label[i] * label_scale;
      sums.loss += w * off * off / 2;
      margin[i] = w * off;
      sums.multiplier += margin[i];
      continue;
    }
    if (!(w > 0)) {
      margin[i] = 0;
      continue;
    }
    const double off = label[i] - margin[i];
    if (std::abs(off) <= sigma * epsilon) {
      const double scaled = off / sigma;
      sums.loss += 0.5 * w * (sigma + off * off / sigma);
      sums.scale += 0.5 * w * (1.0 - scaled * scaled);
      margin[i] = -w * scaled;
    } else {
      sums.loss += 0.5 * w * (sigma + 2.0 * epsilon * std::abs(off) - sigma * epsilon * epsilon);
      sums.scale += 0.5 * w * (1.0 - epsilon * epsilon);
      margin[i] = off >= 0 ? -w * epsilon : w * epsilon;
    }
    sums.multiplier += margin[i];
  }
  return sums;
}

base::StatusOr<KernelPtr> LinearGradientKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  RegressionLoss loss;
  SOTERIA_ASSIGN_OR_RETURN(LinearScore score, ReadScore(r));
  SOTERIA_ASSIGN_OR_RETURN(loss.huber, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(loss.label_scale, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(loss.epsilon, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(loss.sigma, r.NextDouble());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<LinearGradientKernel>(std::move(score), loss);
}

std::string LinearGradientKernel::Encode() const {
  base::FieldWriter w;
  WriteScore(w, score_);
  w.AddBool(loss_.huber).AddDouble(loss_.label_scale).AddDouble(loss_.epsilon);
  w.AddDouble(loss_.sigma);
  return w.Take();
}

base::StatusOr<std::string> LinearGradientKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  SOTERIA_ASSIGN_OR_RETURN(
      const GradientSums sums,
      SumGradient(score_, *block,
                  [this](const double* label, const double* weight, int64_t rows, double* margin) {
                    return loss_.Terms(label, weight, rows, margin);
                  }));
  return sums.Encode();
}

base::StatusOr<std::string> LinearGradientKernel::Merge(std::vector<std::string> children) const {
  return MergeGradients(children, score_.coefficients.size());
}

void LinearSummarySums::AddResidual(double residual) {
  const auto less = [](double a, double b) {  // as SQL orders them
    return std::isnan(b) ? !std::isnan(a) : a < b;
  };
  if (!least || less(residual, *least)) least = residual;
  if (!largest || less(*largest, residual)) largest = residual;
}

void LinearSummarySums::Add(const std::vector<double>& predictions,
                            const table::FeatureBlock& block) {
  const bool weighted = !block.weight.empty();
  if (weighted) moments.rows.emplace();
  for (size_t i = 0; i < predictions.size(); ++i) {
    const double weight = weighted ? block.weight[i] : 1.0;
    const double label = block.label[i];
    moments.sums.Add(predictions[i], label, weight);
    if (weighted) moments.rows->Add(predictions[i], label, stats::CountedRow(weight));
    AddResidual((label - predictions[i]) * std::sqrt(weight));
  }
}

base::Status LinearSummarySums::Merge(const LinearSummarySums& other) {
  if (other.least) AddResidual(*other.least);
  if (other.largest) AddResidual(*other.largest);
  return moments.Merge(other.moments);
}

std::string LinearSummarySums::Encode() const {
  base::FieldWriter w;
  w.Add(moments.Encode()).AddBool(least.has_value());
  if (least) w.AddDouble(*least).AddDouble(*largest);
  return w.Take();
}

base::StatusOr<LinearSummarySums> LinearSummarySums::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  LinearSummarySums sums;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view moments, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(sums.moments, stats::Counted<stats::RegressionSums>::Decode(moments));
  SOTERIA_ASSIGN_OR_RETURN(const bool any, r.NextBool());
  if (any) {
    SOTERIA_ASSIGN_OR_RETURN(sums.least, r.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(sums.largest, r.NextDouble());
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return sums;
}

base::StatusOr<KernelPtr> LinearSummaryKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(LinearScore score, ReadScore(r));
  SOTERIA_ASSIGN_OR_RETURN(std::optional<table::FeatureColumns> columns, ReadColumns(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<LinearSummaryKernel>(std::move(score), std::move(columns));
}

std::string LinearSummaryKernel::Encode() const {
  base::FieldWriter w;
  WriteScore(w, score_);
  WriteColumns(w, columns_);
  return w.Take();
}

base::StatusOr<std::string> LinearSummaryKernel::Map(const Part& part) const {
  table::FeatureBlock made;
  const table::FeatureBlock* block = &made;
  if (columns_) {
    SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
    SOTERIA_ASSIGN_OR_RETURN(made, table::MakeFeatureBlock(*table, *columns_));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(block, FeaturesOf(part));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> predictions, MarginsOf(score_, *block));
  SOTERIA_RETURN_IF_ERROR(CheckLabels(*block));
  LinearSummarySums sums;
  sums.Add(predictions, *block);
  return sums.Encode();
}

base::StatusOr<std::string> LinearSummaryKernel::Merge(std::vector<std::string> children) const {
  LinearSummarySums sums;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const LinearSummarySums child, LinearSummarySums::Decode(bytes));
    SOTERIA_RETURN_IF_ERROR(sums.Merge(child));
  }
  return sums.Encode();
}

}  // namespace soteria::ml
