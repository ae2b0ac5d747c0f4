#include "src/ml/logistic_regression/scorer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/logistic.h"
#include "src/ml/linalg/rows.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

base::Status WrongSize(const LogisticScorer& scorer, int64_t got) {
  if (scorer.multinomial) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: The columns of A don't match the number of"
                                " elements of x. A: ",
                                scorer.features(), ", x: ", got));
  }
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("requirement failed: BLAS.dot(x: Vector, y:Vector) was given Vectors with"
                " non-matching sizes: x.size = ",
                got, ", y.size = ", scorer.features()));
}

double MarginOf(const LinearScore& score, const table::VectorView& features) {
  const std::vector<double>& w = score.coefficients;
  double margin = 0;
  if (features.dense) {
    RowDots(features.values.data(), 1, features.size, w.data(), score.intercept, &margin);
    return margin;
  }
  for (size_t k = 0; k < features.values.size(); ++k) {
    margin += features.values[k] * w[static_cast<size_t>(features.indices[k])];
  }
  return score.intercept + margin;
}

}  // namespace

void Softmax(const double* margin, size_t classes, double* probability) {
  const size_t largest = LargestOf(margin, classes);
  const double most = margin[largest];
  if (most == kInfinity) {
    std::fill(probability, probability + classes, 0.0);
    probability[largest] = 1.0;
    return;
  }
  double sum = 0;
  for (size_t k = 0; k < classes; ++k) {
    probability[k] = std::exp(margin[k] - most);
    sum += probability[k];
  }
  const double scale = 1.0 / sum;
  for (size_t k = 0; k < classes; ++k) probability[k] *= scale;
}

size_t LargestOf(const double* values, size_t count) {
  size_t largest = 0;
  for (size_t k = 1; k < count; ++k) {
    if (values[k] > values[largest]) largest = k;
  }
  return largest;
}

std::vector<double> LogisticScorer::RawOf(const std::vector<std::vector<double>>& margins) const {
  const size_t rows = margins[0].size();
  const size_t n = classes();
  std::vector<double> raw(rows * n);
  for (size_t i = 0; i < rows; ++i) {
    if (multinomial) {
      for (size_t k = 0; k < n; ++k) raw[i * n + k] = margins[k][i];
    } else {
      raw[2 * i] = -margins[0][i];
      raw[2 * i + 1] = margins[0][i];
    }
  }
  return raw;
}

base::StatusOr<std::vector<double>> LogisticScorer::Raw(const table::FeatureBlock& block) const {
  std::vector<std::vector<double>> margins;
  for (const LinearScore& score : sets) {
    SOTERIA_ASSIGN_OR_RETURN(margins.emplace_back(), MarginsOf(score, block));
  }
  return RawOf(margins);
}

base::StatusOr<std::vector<double>> LogisticScorer::Raw(const table::VectorView& vector) const {
  if (static_cast<size_t>(vector.size) != features()) return WrongSize(*this, vector.size);
  std::vector<std::vector<double>> margins;
  for (const LinearScore& score : sets) margins.push_back({MarginOf(score, vector)});
  return RawOf(margins);
}

base::StatusOr<std::vector<double>> LogisticScorer::Raw(const table::VectorReader& rows) const {
  if (rows.null_count() > 0) {
    return base::Fail(base::kIllegalArgument, "LogisticRegressionModel: a feature vector is null");
  }
  const auto count = static_cast<size_t>(rows.rows());
  const std::optional<std::span<const double>> dense = rows.row_major();
  const bool aligned = dense && count > 0 && dense->size() == count * features();
  for (size_t i = 0; !aligned && i < count; ++i) {
    const int32_t size = rows.Get(static_cast<int64_t>(i)).size;
    if (static_cast<size_t>(size) != features()) return WrongSize(*this, size);
  }
  std::vector<std::vector<double>> margins;
  for (const LinearScore& score : sets) {
    std::vector<double>& of_set = margins.emplace_back(count);
    if (aligned) {
      RowDots(dense->data(), rows.rows(), static_cast<int64_t>(features()),
              score.coefficients.data(), score.intercept, of_set.data());
      continue;
    }
    for (size_t i = 0; i < count; ++i) {
      of_set[i] = MarginOf(score, rows.Get(static_cast<int64_t>(i)));
    }
  }
  return RawOf(margins);
}

void LogisticScorer::Probabilities(const double* raw, double* probability) const {
  if (multinomial) return Softmax(raw, sets.size(), probability);
  probability[0] = Sigmoid(raw[0]);
  probability[1] = 1.0 - probability[0];
}

double LogisticScorer::Predict(const double* raw, const double* probability) const {
  if (!multinomial) return (by_raw ? raw[1] : probability[1]) > threshold ? 1.0 : 0.0;
  if (thresholds.empty()) {
    return static_cast<double>(LargestOf(by_raw ? raw : probability, sets.size()));
  }
  size_t best = 0;
  double most = -kInfinity;
  for (size_t k = 0; k < sets.size(); ++k) {
    const double scaled = probability[k] / thresholds[k];  // NaN, of 0 by 0, is never the answer
    if (!(scaled > most)) continue;
    most = scaled;
    best = k;
  }
  return static_cast<double>(best);
}

void LogisticScorer::Write(base::FieldWriter& w) const {
  w.AddBool(multinomial).AddBool(by_raw).AddDouble(threshold);
  w.Add(stats::PackDoubles(thresholds)).AddU64(sets.size());
  for (const LinearScore& score : sets) WriteScore(w, score);
}

base::StatusOr<LogisticScorer> LogisticScorer::Read(base::FieldReader& r) {
  LogisticScorer scorer;
  SOTERIA_ASSIGN_OR_RETURN(scorer.multinomial, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(scorer.by_raw, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(scorer.threshold, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view thresholds, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(scorer.thresholds, stats::UnpackDoubles(thresholds));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  for (uint64_t k = 0; k < count; ++k) {  // each takes at least eight bytes of the input
    SOTERIA_ASSIGN_OR_RETURN(scorer.sets.emplace_back(), ReadScore(r));
  }
  const bool well_formed =
      count > 0 && (scorer.multinomial || count == 1) &&
      (scorer.thresholds.empty() || scorer.thresholds.size() == scorer.classes()) &&
      std::all_of(scorer.sets.begin(), scorer.sets.end(), [&](const LinearScore& score) {
        return score.coefficients.size() == scorer.features();
      });
  if (!well_formed) return base::Fail(base::kProtocol, "logistic scores: malformed");
  return scorer;
}

}  // namespace soteria::ml
