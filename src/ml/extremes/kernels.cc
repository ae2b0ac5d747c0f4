#include "src/ml/extremes/kernels.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"
#include "src/table/feature_block.h"

namespace soteria::ml {
namespace {

constexpr double kGreatest = std::numeric_limits<double>::max();

void Take(double value, double& least, double& greatest) {
  if (least > value) least = value;
  if (greatest < value) greatest = value;
}

void TakeSparse(const table::FeatureBlock& block, Extremes& extremes) {
  std::vector<int64_t> stored(static_cast<size_t>(block.cols), 0);
  for (size_t k = 0; k < block.val.size(); ++k) {
    const auto j = static_cast<size_t>(block.col[k]);
    ++stored[j];
    Take(block.val[k], extremes.least[j], extremes.greatest[j]);
  }
  for (size_t j = 0; j < stored.size(); ++j) {
    if (stored[j] < block.rows) Take(0.0, extremes.least[j], extremes.greatest[j]);
  }
}

}  // namespace

std::string Extremes::Encode() const {
  base::FieldWriter w;
  w.AddU64(rows).Add(stats::PackDoubles(least)).Add(stats::PackDoubles(greatest));
  return w.Take();
}

base::StatusOr<Extremes> Extremes::Decode(std::string_view bytes) {
  Extremes extremes;
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(extremes.rows, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view least, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view greatest, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(extremes.least, stats::UnpackDoubles(least));
  SOTERIA_ASSIGN_OR_RETURN(extremes.greatest, stats::UnpackDoubles(greatest));
  if (extremes.least.size() == extremes.greatest.size()) return extremes;
  return base::Fail(base::kProtocol, "extremes: bad length");
}

base::Status Extremes::CheckNotEmpty() const {
  if (rows > 0) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    "requirement failed: Nothing has been added to this summarizer.");
}

base::StatusOr<KernelPtr> ExtremesKernel::Decode(std::string_view bytes) {
  if (!bytes.empty()) return base::Fail(base::kProtocol, "extremes: bytes that aren't its own");
  return KernelPtr(std::make_unique<ExtremesKernel>());
}

base::StatusOr<std::string> ExtremesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  Extremes extremes;
  if (block->rows == 0) return extremes.Encode();
  const auto cols = static_cast<size_t>(block->cols);
  extremes.rows = static_cast<uint64_t>(block->rows);
  extremes.least.assign(cols, kGreatest);
  extremes.greatest.assign(cols, -kGreatest);
  if (block->sparse) {
    TakeSparse(*block, extremes);
  } else {
    const double* row = block->dense.data();
    for (int64_t i = 0; i < block->rows; ++i, row += cols) {
      for (size_t j = 0; j < cols; ++j) Take(row[j], extremes.least[j], extremes.greatest[j]);
    }
  }
  for (size_t j = 0; j < cols; ++j) {  // -0.0 is 0.0
    extremes.least[j] += 0.0;
    extremes.greatest[j] += 0.0;
  }
  return extremes.Encode();
}

base::StatusOr<std::string> ExtremesKernel::Merge(std::vector<std::string> children) const {
  if (children.empty()) return base::Fail(base::kProtocol, "extremes: nothing to merge");
  Extremes all;
  for (const std::string& child : children) {
    SOTERIA_ASSIGN_OR_RETURN(Extremes more, Extremes::Decode(child));
    if (more.rows == 0) continue;
    if (all.rows == 0) {
      all = std::move(more);
      continue;
    }
    if (more.least.size() != all.least.size()) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("requirement failed: Dimensions mismatch when merging with"
                                  " another summarizer. Expecting ",
                                  all.least.size(), " but got ", more.least.size(), "."));
    }
    all.rows += more.rows;
    for (size_t j = 0; j < all.least.size(); ++j) {
      all.least[j] = std::min(all.least[j], more.least[j]);
      all.greatest[j] = std::max(all.greatest[j], more.greatest[j]);
    }
  }
  return all.Encode();
}

}  // namespace soteria::ml
