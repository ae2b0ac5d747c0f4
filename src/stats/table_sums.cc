#include "src/stats/table_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "src/stats/doubles.h"

namespace soteria::stats {
namespace {

using Values = std::vector<double>;

/// What leaves for a metric: `head` numbers once, then `width` for each column or element, whose
/// first is a number of rows.
struct Shape {
  std::string_view metric;
  size_t head;
  size_t width;
};
constexpr Shape kShapes[] = {{"mean", 0, 2},         {"stddev", 0, 2},         {"vectorMean", 1, 2},
                             {"vectorSum", 1, 2},    {"vectorVariance", 1, 3}, {"vectorStd", 1, 3},
                             {"vectorNormL1", 1, 2}, {"vectorNormL2", 1, 2}};

base::Status Bad() { return base::Fail(base::kProtocol, "statistic: sums of a bad form"); }
base::Status TooSmall() { return base::Fail(kStaysInside, "a cell counts too few rows"); }

bool IsCount(double value) { return value >= 0 && value <= 0x1p53 && std::trunc(value) == value; }

struct Sums {
  const Shape* shape;
  Values values;

  double rows() const { return values[0]; }  // of vectors
};

base::StatusOr<Sums> SumsOf(std::string_view metric, std::string_view bytes) {
  const auto* shape = std::find_if(std::begin(kShapes), std::end(kShapes),
                                   [&](const Shape& s) { return s.metric == metric; });
  if (shape == std::end(kShapes)) return Bad();
  Sums sums{shape, {}};
  SOTERIA_ASSIGN_OR_RETURN(sums.values, UnpackDoubles(bytes));
  const Values& v = sums.values;
  if (v.size() <= shape->head || (v.size() - shape->head) % shape->width != 0) return Bad();
  if (shape->head > 0 && (!IsCount(v[0]) || v[0] == 0)) return Bad();
  for (size_t i = shape->head; i < v.size(); i += shape->width) {
    if (!IsCount(v[i]) || (shape->head > 0 ? v[i] > v[0] : v[i] == 0)) return Bad();
  }
  return sums;
}

/// MLlib's, of rows that weigh 1: `mean` and `spread` are of the values that aren't zero.
double Variance(double rows, double nonzeros, double mean, double spread) {
  const double freedom = rows - rows / rows;
  if (!(freedom > 0)) return 0;
  const double found = (spread + mean * mean * nonzeros * (rows - nonzeros) / rows) / freedom;
  return found < 0 ? 0 : found;
}

double Finished(const Sums& sums, const double* x) {
  const std::string_view metric = sums.shape->metric;
  if (metric == "mean") return x[1] / x[0];
  if (metric == "stddev") {
    return x[0] == 1 ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(x[1] / (x[0] - 1));
  }
  if (metric == "vectorMean") return x[1] * (x[0] / sums.rows());
  if (metric == "vectorSum") return x[1] * x[0];
  if (metric == "vectorNormL1") return x[1];
  if (metric == "vectorNormL2") return std::sqrt(x[1]);
  const double variance = Variance(sums.rows(), x[0], x[1], x[2]);
  return metric == "vectorVariance" ? variance : std::sqrt(variance);
}

base::StatusOr<Values> CountsOf(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(Values counts, UnpackDoubles(bytes));
  if (counts.empty() || !std::all_of(counts.begin(), counts.end(), IsCount)) return Bad();
  return counts;
}

}  // namespace

base::StatusOr<Values> ComputeSummary(const Statistic& statistic, const Input& input) {
  if (input.form != InputForm::kSums) return Bad();
  SOTERIA_ASSIGN_OR_RETURN(const Sums sums, SumsOf(statistic.metric, input.bytes));
  Values found;
  for (size_t i = sums.shape->head; i < sums.values.size(); i += sums.shape->width) {
    found.push_back(Finished(sums, sums.values.data() + i));
  }
  return found;
}

base::StatusOr<Values> ComputeClasses(const Statistic& statistic, const Input& input) {
  if (input.form != InputForm::kSums || statistic.metric != "distribution") return Bad();
  SOTERIA_ASSIGN_OR_RETURN(Values found, CountsOf(input.bytes));
  const double all = std::accumulate(found.begin(), found.end(), 0.0);
  const size_t classes = found.size();
  for (size_t i = 0; i < classes; ++i) found.push_back(found[i] / all);
  return found;
}

base::StatusOr<Releasable> SummaryReleasable(const Statistic& statistic, std::string_view exact,
                                             uint64_t min_rows) {
  SOTERIA_ASSIGN_OR_RETURN(const Sums sums, SumsOf(statistic.metric, exact));
  const auto least = static_cast<double>(min_rows);
  const bool vectors = sums.shape->head > 0;
  double rows = vectors ? sums.rows() : 0;
  if (vectors && rows < least) return TooSmall();
  for (size_t i = sums.shape->head; i < sums.values.size(); i += sums.shape->width) {
    const double some = sums.values[i];
    const double others = vectors ? rows - some : 0;
    if ((some > 0 && some < least) || (others > 0 && others < least)) return TooSmall();
    rows = std::max(rows, some);
  }
  return Releasable{{InputForm::kSums, std::string(exact)},
                    static_cast<uint64_t>(rows),
                    static_cast<uint64_t>(sums.values.size())};
}

base::StatusOr<Releasable> ClassesReleasable(std::string_view exact, uint64_t min_rows) {
  SOTERIA_ASSIGN_OR_RETURN(const Values counts, CountsOf(exact));
  const auto least = static_cast<double>(min_rows);
  if (std::any_of(counts.begin(), counts.end(), [&](double n) { return n < least; })) {
    return TooSmall();
  }
  return Releasable{{InputForm::kSums, std::string(exact)},
                    static_cast<uint64_t>(std::accumulate(counts.begin(), counts.end(), 0.0)),
                    static_cast<uint64_t>(counts.size())};
}

}  // namespace soteria::stats
