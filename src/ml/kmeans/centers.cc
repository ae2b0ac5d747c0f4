#include "src/ml/kmeans/centers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/lanes.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

constexpr size_t kGroup = 12;  // centers whose distances are summed at once: three registers
constexpr size_t kRowsAtOnce = 4;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// A squared distance this small beside the squared lengths has lost too many digits.
constexpr double kCancelled = 1e-4;

/// out[r][c]: of R rows to the centers of one group, of which `registers` * 4 count.
template <size_t R, size_t kRegisters, bool kCosine>
void GroupDistances(const double* x, size_t size, const double* group, double (*out)[kGroup]) {
  Lanes sums[R][kRegisters] = {};
  for (size_t j = 0; j < size; ++j) {
    Lanes center[kRegisters];
    for (size_t g = 0; g < kRegisters; ++g) {
      center[g] = Load(group + j * kGroup + g * kLanes);
    }
    for (size_t r = 0; r < R; ++r) {
      const double value = x[r * size + j];
      const Lanes all = All(value);
      for (size_t g = 0; g < kRegisters; ++g) {
        if constexpr (kCosine) {
          sums[r][g] += all * center[g];
        } else {
          const Lanes apart = all - center[g];
          sums[r][g] += apart * apart;
        }
      }
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t g = 0; g < kRegisters; ++g) {
      Store(out[r] + g * kLanes, sums[r][g]);
    }
  }
}

template <size_t R, bool kCosine>
void GroupDistances(const double* x, size_t size, const double* group, size_t centers,
                    double (*out)[kGroup]) {
  if (centers <= kLanes) return GroupDistances<R, 1, kCosine>(x, size, group, out);
  if (centers <= 2 * kLanes) return GroupDistances<R, 2, kCosine>(x, size, group, out);
  GroupDistances<R, 3, kCosine>(x, size, group, out);
}

double SquareOf(const double* x, size_t size) {
  double sum = 0;
  for (size_t j = 0; j < size; ++j) sum += x[j] * x[j];
  return sum;
}

}  // namespace

base::Status ZeroLength() {
  return base::Fail(base::kIllegalArgument,
                    "assertion failed: Cosine distance is not defined for zero-length vectors.");
}

Centers::Centers(DistanceMeasure measure, std::vector<double> rows, size_t count, size_t size)
    : measure_(measure), count_(count), size_(size), rows_(std::move(rows)) {
  squares_.resize(count_);
  for (size_t i = 0; i < count_; ++i) squares_[i] = SquareOf(row(i), size_);
  if (measure_ == DistanceMeasure::kCosine) {
    zero_length_ = std::find(squares_.begin(), squares_.end(), 0.0) != squares_.end();
  }
  const size_t groups = (count_ + kGroup - 1) / kGroup;
  groups_.assign(groups * kGroup * size_, 0.0);
  by_column_.resize(count_ * size_);
  for (size_t i = 0; i < count_; ++i) {
    // Dense products are taken with centers of length 1.
    const double scale =
        measure_ == DistanceMeasure::kCosine && !zero_length_ ? 1.0 / std::sqrt(squares_[i]) : 1.0;
    for (size_t j = 0; j < size_; ++j) {
      const double value = rows_[i * size_ + j];
      groups_[((i / kGroup) * size_ + j) * kGroup + i % kGroup] = value * scale;
      by_column_[j * count_ + i] = value * scale;
    }
  }
}

base::Status Centers::FindDense(const double* x, int64_t rows, Nearest& nearest) const {
  const auto n = static_cast<size_t>(rows);
  nearest.center.assign(n, 0);
  nearest.distance.assign(n, kInfinity);
  if (zero_length_ && n > 0) return ZeroLength();
  const bool cosine = measure_ == DistanceMeasure::kCosine;
  double distances[kRowsAtOnce][kGroup];
  double length[kRowsAtOnce];
  for (size_t i = 0; i < n;) {
    const size_t some = n - i >= kRowsAtOnce ? kRowsAtOnce : 1;
    const double* from = x + i * size_;
    if (cosine) {
      for (size_t r = 0; r < some; ++r) {
        length[r] = std::sqrt(SquareOf(from + r * size_, size_));
        if (length[r] == 0) return ZeroLength();
      }
    }
    for (size_t first = 0; first < count_; first += kGroup) {
      const size_t centers = std::min(kGroup, count_ - first);
      const double* group = groups_.data() + first * size_;
      if (some == 1) {
        cosine ? GroupDistances<1, true>(from, size_, group, centers, distances)
               : GroupDistances<1, false>(from, size_, group, centers, distances);
      } else {
        cosine ? GroupDistances<kRowsAtOnce, true>(from, size_, group, centers, distances)
               : GroupDistances<kRowsAtOnce, false>(from, size_, group, centers, distances);
      }
      for (size_t r = 0; r < some; ++r) {
        double best = nearest.distance[i + r];
        int32_t at = nearest.center[i + r];
        for (size_t c = 0; c < centers; ++c) {
          const double d = cosine ? 1 - distances[r][c] / length[r] : distances[r][c];
          if (d < best) {
            best = d;
            at = static_cast<int32_t>(first + c);
          }
        }
        nearest.distance[i + r] = best;
        nearest.center[i + r] = at;
      }
    }
    i += some;
  }
  return base::OkStatus();
}

double Centers::ExactDistance(const int32_t* col, const double* val, size_t stored,
                              size_t center) const {
  const double* c = row(center);
  double sum = 0;
  size_t k = 0;
  for (size_t j = 0; j < size_; ++j) {
    const bool here = k < stored && static_cast<size_t>(col[k]) == j;
    const double apart = (here ? val[k] : 0.0) - c[j];
    if (here) ++k;
    sum += apart * apart;
  }
  return sum;
}

base::Status Centers::FindSparse(const int32_t* col, const double* val, size_t stored,
                                 std::vector<double>& dots, int32_t* best, double* distance) const {
  *best = 0;
  *distance = kInfinity;
  if (zero_length_) return ZeroLength();
  dots.assign(count_, 0.0);
  double square = 0;
  for (size_t k = 0; k < stored; ++k) {
    const double value = val[k];
    const double* from = by_column_.data() + static_cast<size_t>(col[k]) * count_;
    for (size_t c = 0; c < count_; ++c) dots[c] += value * from[c];
    square += value * value;
  }
  const bool cosine = measure_ == DistanceMeasure::kCosine;
  const double length = std::sqrt(square);
  if (cosine && length == 0) return ZeroLength();
  for (size_t c = 0; c < count_; ++c) {
    double d = 0;
    if (cosine) {
      d = 1 - dots[c] / length;
    } else {
      const double both = square + squares_[c];
      d = both - 2 * dots[c];
      if (d < kCancelled * both) d = ExactDistance(col, val, stored, c);
    }
    if (d < *distance) {
      *distance = d;
      *best = static_cast<int32_t>(c);
    }
  }
  return base::OkStatus();
}

base::Status Centers::Find(const table::FeatureBlock& block, int64_t first, int64_t rows,
                           Nearest& nearest) const {
  if (!block.sparse) {
    return FindDense(block.dense.data() + first * block.cols, rows, nearest);
  }
  nearest.center.resize(static_cast<size_t>(rows));
  nearest.distance.resize(static_cast<size_t>(rows));
  std::vector<double> dots;
  for (size_t i = 0; i < static_cast<size_t>(rows); ++i) {
    const auto from = static_cast<size_t>(block.row_ptr[static_cast<size_t>(first) + i]);
    const auto to = static_cast<size_t>(block.row_ptr[static_cast<size_t>(first) + i + 1]);
    SOTERIA_RETURN_IF_ERROR(FindSparse(block.col.data() + from, block.val.data() + from, to - from,
                                       dots, &nearest.center[i], &nearest.distance[i]));
  }
  return base::OkStatus();
}

base::StatusOr<int32_t> Centers::FindOne(const table::VectorView& point, double* distance) const {
  if (point.dense) {
    Nearest nearest;
    SOTERIA_RETURN_IF_ERROR(FindDense(point.values.data(), 1, nearest));
    *distance = nearest.distance[0];
    return nearest.center[0];
  }
  std::vector<double> dots;
  int32_t best = 0;
  SOTERIA_RETURN_IF_ERROR(FindSparse(point.indices.data(), point.values.data(), point.values.size(),
                                     dots, &best, distance));
  return best;
}

base::StatusOr<double> Centers::Distance(size_t i, const double* other) const {
  double sum = 0;
  if (measure_ == DistanceMeasure::kEuclidean) {
    for (size_t j = 0; j < size_; ++j) sum += (row(i)[j] - other[j]) * (row(i)[j] - other[j]);
    return sum;
  }
  const double square = SquareOf(other, size_);
  if (square == 0 || squares_[i] == 0) return ZeroLength();
  for (size_t j = 0; j < size_; ++j) sum += row(i)[j] * other[j];
  return 1 - sum / std::sqrt(squares_[i]) / std::sqrt(square);
}

void Centers::Write(base::FieldWriter& w) const {
  w.AddBool(measure_ == DistanceMeasure::kCosine).AddU64(count_).AddU64(size_);
  w.Add(stats::PackDoubles(rows_));
}

base::StatusOr<Centers> Centers::Read(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const bool cosine, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> rows, stats::UnpackDoubles(packed));
  constexpr uint64_t kSizeMax = std::numeric_limits<int32_t>::max();
  if (count == 0 || count > kSizeMax || size > kSizeMax || rows.size() != count * size) {
    return base::Fail(base::kProtocol, "centers: bad length");
  }
  return Centers(cosine ? DistanceMeasure::kCosine : DistanceMeasure::kEuclidean, std::move(rows),
                 count, size);
}

}  // namespace soteria::ml
