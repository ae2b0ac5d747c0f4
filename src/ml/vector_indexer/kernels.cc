#include "src/ml/vector_indexer/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

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

base::Status CategoriesKernel::Add(double value, size_t feature, FeatureValues& to,
                                   size_t& kept) const {
  auto& known = to.values[feature];
  if (!known) return base::OkStatus();
  if (std::isnan(value)) {
    to.nan[feature] = true;
  } else {
    const auto at = std::lower_bound(known->begin(), known->end(), value);
    if (at != known->end() && *at == value) return base::OkStatus();
    known->insert(at, value + 0.0);  // -0.0 is 0.0
    ++kept;
  }
  if (known->size() + (to.nan[feature] ? 1 : 0) > max_) {
    kept -= known->size();
    known.reset();
  }
  if (kept <= kCategoriesMax) return base::OkStatus();
  return base::Fail(base::kMemoryLimit, base::Cat("VectorIndexer would keep more than ",
                                                  kCategoriesMax, " values: lower maxCategories"));
}

base::StatusOr<std::string> CategoriesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  FeatureValues found;
  if (block->rows == 0) return Write(found);
  const auto cols = static_cast<size_t>(block->cols);
  found.rows = static_cast<uint64_t>(block->rows);
  found.values.assign(cols, std::vector<double>());
  found.nan.assign(cols, false);
  size_t kept = 0;
  if (!block->sparse) {
    const double* row = block->dense.data();
    for (int64_t i = 0; i < block->rows; ++i, row += cols) {
      for (size_t j = 0; j < cols; ++j) SOTERIA_RETURN_IF_ERROR(Add(row[j], j, found, kept));
    }
    return Write(found);
  }
  std::vector<int64_t> stored(cols, 0);
  for (size_t k = 0; k < block->val.size(); ++k) {
    const auto j = static_cast<size_t>(block->col[k]);
    ++stored[j];
    SOTERIA_RETURN_IF_ERROR(Add(block->val[k], j, found, kept));
  }
  for (size_t j = 0; j < cols; ++j) {
    if (stored[j] < block->rows) SOTERIA_RETURN_IF_ERROR(Add(0.0, j, found, kept));
  }
  return Write(found);
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
                           return !(a < b);
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
      if (more.nan[j]) {
        SOTERIA_RETURN_IF_ERROR(Add(std::numeric_limits<double>::quiet_NaN(), j, all, kept));
      }
      if (!more.values[j]) {
        kept -= all.values[j] ? all.values[j]->size() : 0;
        all.values[j].reset();
        continue;
      }
      for (const double value : *more.values[j]) {
        SOTERIA_RETURN_IF_ERROR(Add(value, j, all, kept));
      }
    }
  }
  return Write(all);
}

}  // namespace soteria::ml
