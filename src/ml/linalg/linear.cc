#include "src/ml/linalg/linear.h"

#include <algorithm>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/rows.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

constexpr size_t kHeadDoubles = 4;
constexpr int64_t kSparseRowsAtOnce = 256;

double SparseDot(const table::FeatureBlock& block, size_t row, const std::vector<double>& w) {
  double dot = 0;
  const auto end = static_cast<size_t>(block.row_ptr[row + 1]);
  for (auto k = static_cast<size_t>(block.row_ptr[row]); k < end; ++k) {
    dot += block.val[k] * w[static_cast<size_t>(block.col[k])];
  }
  return dot;
}

void Add(const LossSums& from, LossSums& to) {
  to.loss += from.loss;
  to.weight += from.weight;
  to.multiplier += from.multiplier;
  to.scale += from.scale;
}

}  // namespace

void WriteScore(base::FieldWriter& w, const LinearScore& score) {
  w.Add(stats::PackDoubles(score.coefficients)).AddDouble(score.intercept);
}

base::StatusOr<LinearScore> ReadScore(base::FieldReader& r) {
  LinearScore score;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(score.coefficients, stats::UnpackDoubles(bytes));
  SOTERIA_ASSIGN_OR_RETURN(score.intercept, r.NextDouble());
  return score;
}

base::Status CheckFeatures(const table::FeatureBlock& block, size_t features) {
  if (block.rows == 0 || static_cast<size_t>(block.cols) == features) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Dimensions mismatch when adding new instance."
                              " Expecting ",
                              features, " but got ", block.cols, "."));
}

base::Status CheckLabels(const table::FeatureBlock& block) {
  if (block.label.size() == static_cast<size_t>(block.rows)) return base::OkStatus();
  return base::Fail(base::kInternal, "a fit over a block without labels");
}

const double* WeightsFrom(const table::FeatureBlock& block, int64_t row) {
  return block.weight.empty() ? nullptr : block.weight.data() + row;
}

base::StatusOr<std::vector<double>> MarginsOf(const LinearScore& score,
                                              const table::FeatureBlock& block) {
  SOTERIA_RETURN_IF_ERROR(CheckFeatures(block, score.coefficients.size()));
  std::vector<double> margins(static_cast<size_t>(block.rows));
  MarginsOf(score, block, 0, block.rows, margins.data());
  return margins;
}

void MarginsOf(const LinearScore& score, const table::FeatureBlock& block, int64_t first,
               int64_t rows, double* margins) {
  if (!block.sparse) {
    RowDots(block.dense.data() + first * block.cols, rows, block.cols, score.coefficients.data(),
            score.intercept, margins);
    return;
  }
  for (int64_t i = 0; i < rows; ++i) {
    margins[i] =
        score.intercept + SparseDot(block, static_cast<size_t>(first + i), score.coefficients);
  }
}

void AddWeightedRowsOf(const table::FeatureBlock& block, int64_t first, int64_t rows,
                       const double* factor, double* sum) {
  if (!block.sparse) {
    AddWeightedRows(block.dense.data() + first * block.cols, rows, block.cols, factor, sum);
    return;
  }
  for (int64_t i = 0; i < rows; ++i) {
    const auto row = static_cast<size_t>(first + i);
    const auto end = static_cast<size_t>(block.row_ptr[row + 1]);
    for (auto k = static_cast<size_t>(block.row_ptr[row]); k < end; ++k) {
      sum[block.col[k]] += factor[i] * block.val[k];
    }
  }
}

int64_t RowsAtOnce(const table::FeatureBlock& block) {
  return block.sparse ? kSparseRowsAtOnce : RowsInCache(block.cols);
}

void GradientSums::Merge(const GradientSums& other) {
  Add(other.sums, sums);
  for (size_t j = 0; j < gradient.size(); ++j) gradient[j] += other.gradient[j];
}

std::string GradientSums::Encode() const {
  std::vector<double> values = {sums.loss, sums.weight, sums.multiplier, sums.scale};
  values.insert(values.end(), gradient.begin(), gradient.end());
  return stats::PackDoubles(values);
}

base::StatusOr<GradientSums> GradientSums::Decode(std::string_view bytes, size_t cols) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(bytes));
  if (values.size() != kHeadDoubles + cols) {
    return base::Fail(base::kProtocol, "gradient: bad length");
  }
  GradientSums made;
  made.sums = {values[0], values[1], values[2], values[3]};
  made.gradient.assign(values.begin() + kHeadDoubles, values.end());
  return made;
}

base::StatusOr<GradientSums> SumGradient(const LinearScore& score, const table::FeatureBlock& block,
                                         const LossTerms& terms) {
  SOTERIA_RETURN_IF_ERROR(CheckFeatures(block, score.coefficients.size()));
  SOTERIA_RETURN_IF_ERROR(CheckLabels(block));
  GradientSums made;
  made.gradient.assign(score.coefficients.size(), 0.0);
  const int64_t step = RowsAtOnce(block);
  std::vector<double> margins(static_cast<size_t>(step));
  for (int64_t first = 0; first < block.rows; first += step) {
    const int64_t rows = std::min(step, block.rows - first);
    MarginsOf(score, block, first, rows, margins.data());
    Add(terms(block.label.data() + first, WeightsFrom(block, first), rows, margins.data()),
        made.sums);
    AddWeightedRowsOf(block, first, rows, margins.data(), made.gradient.data());
  }
  return made;
}

base::StatusOr<std::string> MergeGradients(const std::vector<std::string>& children, size_t cols) {
  GradientSums sum;
  sum.gradient.assign(cols, 0.0);
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const GradientSums child, GradientSums::Decode(bytes, cols));
    sum.Merge(child);
  }
  return sum.Encode();
}

}  // namespace soteria::ml
