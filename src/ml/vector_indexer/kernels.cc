#include "src/ml/vector_indexer/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <unordered_set>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"
#include "src/table/feature_block.h"

namespace soteria::ml {
namespace {

/// -0.0 comes before 0.0.
bool Before(double a, double b) { return a < b || (a == b && std::signbit(a) && !std::signbit(b)); }

std::optional<std::vector<double>> Union(const std::vector<double>& a,
                                         const std::vector<double>& b) {
  std::vector<double> all;
  all.reserve(std::max(a.size(), b.size()));
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all), Before);
  return all;
}

base::Status CheckKept(size_t kept) {
  if (kept <= kCategoriesMax) return base::OkStatus();
  return base::Fail(base::kMemoryLimit, base::Cat("VectorIndexer would keep more than ",
                                                  kCategoriesMax, " values: lower maxCategories"));
}

}  // namespace

base::StatusOr<KernelPtr> CategoriesKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t max, r.NextU64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (max < 1 || max > std::numeric_limits<int32_t>::max()) {
    return base::Fail(base::kProtocol, "vector indexer: a parameter out of range");
  }
  return KernelPtr(std::make_unique<CategoriesKernel>(max));
}

std::string CategoriesKernel::Encode() const {
  base::FieldWriter w;
  w.AddU64(max_);
  return w.Take();
}

/// The values of each feature while rows are read: few of them in order, more in a set.
class CategoriesKernel::Collector {
 public:
  Collector(uint64_t max, size_t features) : max_(max), features_(features) {}

  /// Errors: kMemoryLimit.
  base::Status Add(double value, size_t feature) {
    Values& to = features_[feature];
    if (to.over) return base::OkStatus();
    if (std::isnan(value)) {
      if (to.nan) return base::OkStatus();
      to.nan = true;
    } else {
      if (!Insert(value, to)) return base::OkStatus();
      ++kept_;
    }
    if (to.size() + (to.nan ? 1 : 0) > max_) {
      kept_ -= to.size();
      to.few = {};
      to.many.reset();
      to.over = true;
    }
    return CheckKept(kept_);
  }

  FeatureValues Take(uint64_t rows) {
    FeatureValues found;
    found.rows = rows;
    found.values.reserve(features_.size());
    for (Values& each : features_) {
      found.nan.push_back(each.nan);
      auto& values = found.values.emplace_back();
      if (each.over) continue;
      values = std::move(each.few);
      if (!each.many) continue;
      for (const uint64_t bits : *each.many) values->push_back(std::bit_cast<double>(bits));
      std::sort(values->begin(), values->end(), Before);
      each.many.reset();
    }
    return found;
  }

 private:
  static constexpr size_t kFew = 128;

  struct Values {
    std::vector<double> few;
    std::unique_ptr<std::unordered_set<uint64_t>> many;
    bool nan = false;
    bool over = false;
    size_t size() const { return many ? many->size() : few.size(); }
  };

  static bool Insert(double value, Values& to) {
    if (to.many) return to.many->insert(std::bit_cast<uint64_t>(value)).second;
    const auto at = std::lower_bound(to.few.begin(), to.few.end(), value, Before);
    if (at != to.few.end() && !Before(value, *at)) return false;
    to.few.insert(at, value);
    if (to.few.size() <= kFew) return true;
    to.many = std::make_unique<std::unordered_set<uint64_t>>();
    for (const double each : to.few) to.many->insert(std::bit_cast<uint64_t>(each));
    to.few = {};
    return true;
  }

  uint64_t max_;
  std::vector<Values> features_;
  size_t kept_ = 0;
};

base::StatusOr<std::string> CategoriesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  if (block->rows == 0) return Write(FeatureValues());
  const auto cols = static_cast<size_t>(block->cols);
  const auto rows = static_cast<uint64_t>(block->rows);
  Collector found(max_, cols);
  if (!block->sparse) {
    const double* row = block->dense.data();
    for (int64_t i = 0; i < block->rows; ++i, row += cols) {
      for (size_t j = 0; j < cols; ++j) SOTERIA_RETURN_IF_ERROR(found.Add(row[j], j));
    }
    return Write(found.Take(rows));
  }
  std::vector<int64_t> stored(cols, 0);
  for (size_t k = 0; k < block->val.size(); ++k) {
    const auto j = static_cast<size_t>(block->col[k]);
    ++stored[j];
    SOTERIA_RETURN_IF_ERROR(found.Add(block->val[k], j));
  }
  for (size_t j = 0; j < cols; ++j) {
    if (stored[j] < block->rows) SOTERIA_RETURN_IF_ERROR(found.Add(0.0, j));
  }
  return Write(found.Take(rows));
}

std::string CategoriesKernel::Write(const FeatureValues& values) {
  base::FieldWriter w;
  w.AddU64(values.rows);
  for (size_t j = 0; j < values.values.size(); ++j) {
    w.AddBool(values.values[j].has_value()).AddBool(values.nan[j]);
    w.Add(values.values[j] ? stats::PackDoubles(*values.values[j]) : std::string());
  }
  return w.Take();
}

base::StatusOr<FeatureValues> CategoriesKernel::Read(std::string_view partial) const {
  FeatureValues found;
  base::FieldReader r(partial);
  SOTERIA_ASSIGN_OR_RETURN(found.rows, r.NextU64());
  while (!r.AtEnd()) {
    SOTERIA_ASSIGN_OR_RETURN(const bool few, r.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(const bool nan, r.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, stats::UnpackDoubles(packed));
    const bool ascends = std::adjacent_find(values.begin(), values.end(), [](double a, double b) {
                           return !Before(a, b);
                         }) == values.end();
    const bool is_nan = values.size() == 1 && std::isnan(values[0]);
    if (!ascends || is_nan || (few ? values.size() > max_ : !values.empty())) {
      return base::Fail(base::kProtocol, "vector indexer: values out of order");
    }
    found.nan.push_back(nan);
    found.values.push_back(few ? std::optional(std::move(values)) : std::nullopt);
  }
  return found;
}

base::StatusOr<std::string> CategoriesKernel::Merge(std::vector<std::string> children) const {
  if (children.empty()) return base::Fail(base::kProtocol, "vector indexer: nothing to merge");
  FeatureValues all;
  size_t kept = 0;
  for (const std::string& child : children) {
    SOTERIA_ASSIGN_OR_RETURN(FeatureValues more, Read(child));
    if (more.rows == 0) continue;
    if (all.rows == 0) {
      all = std::move(more);
      for (const auto& values : all.values) kept += values ? values->size() : 0;
      continue;
    }
    if (more.values.size() != all.values.size()) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("requirement failed: VectorIndexer expected ", all.values.size(),
                                  " features but found vector of size ", more.values.size(), "."));
    }
    all.rows += more.rows;
    for (size_t j = 0; j < all.values.size(); ++j) {
      all.nan[j] = all.nan[j] || more.nan[j];
      auto& values = all.values[j];
      if (!values) continue;
      kept -= values->size();
      values = more.values[j] ? Union(*values, *more.values[j]) : std::nullopt;
      if (values && values->size() + (all.nan[j] ? 1 : 0) > max_) values.reset();
      kept += values ? values->size() : 0;
      SOTERIA_RETURN_IF_ERROR(CheckKept(kept));
    }
  }
  return Write(all);
}

}  // namespace soteria::ml
