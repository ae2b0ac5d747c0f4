#include "src/ml/idf/kernels.h"

#include <memory>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

namespace {
/// Counts go as doubles: exact up to here.
constexpr double kCountMax = 9007199254740992.0;
}  // namespace

std::string DocumentFrequencies::Encode() const {
  const std::vector<double> counts(frequencies.begin(), frequencies.end());
  base::FieldWriter w;
  w.AddI64(rows).Add(stats::PackDoubles(counts));
  return w.Take();
}

base::StatusOr<DocumentFrequencies> DocumentFrequencies::Decode(std::string_view bytes) {
  DocumentFrequencies found;
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(found.rows, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> counts, stats::UnpackDoubles(packed));
  if (found.rows < 0) return base::Fail(base::kProtocol, "idf: a count out of range");
  for (const double count : counts) {
    if (!(count >= 0 && count <= kCountMax)) {
      return base::Fail(base::kProtocol, "idf: a count out of range");
    }
    found.frequencies.push_back(static_cast<int64_t>(count));
  }
  return found;
}

base::StatusOr<KernelPtr> DocumentFrequenciesKernel::Decode(std::string_view bytes) {
  if (!bytes.empty()) return base::Fail(base::kProtocol, "idf: bytes that aren't its own");
  return KernelPtr(std::make_unique<DocumentFrequenciesKernel>());
}

base::StatusOr<std::string> DocumentFrequenciesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  DocumentFrequencies found;
  if (block->rows == 0) return found.Encode();
  const auto cols = static_cast<size_t>(block->cols);
  found.rows = block->rows;
  found.frequencies.assign(cols, 0);
  if (block->sparse) {
    for (size_t k = 0; k < block->val.size(); ++k) {
      found.frequencies[static_cast<size_t>(block->col[k])] += block->val[k] > 0 ? 1 : 0;
    }
    return found.Encode();
  }
  const double* row = block->dense.data();
  for (int64_t i = 0; i < block->rows; ++i, row += cols) {
    for (size_t j = 0; j < cols; ++j) found.frequencies[j] += row[j] > 0 ? 1 : 0;
  }
  return found.Encode();
}

base::StatusOr<std::string> DocumentFrequenciesKernel::Merge(
    std::vector<std::string> children) const {
  if (children.empty()) return base::Fail(base::kProtocol, "idf: nothing to merge");
  DocumentFrequencies all;
  for (const std::string& child : children) {
    SOTERIA_ASSIGN_OR_RETURN(DocumentFrequencies more, DocumentFrequencies::Decode(child));
    if (more.rows == 0) continue;
    if (all.rows == 0) {
      all = std::move(more);
      continue;
    }
    if (more.frequencies.size() != all.frequencies.size()) {
      return base::Fail(base::kIllegalArgument, "IDF: vectors differ in size");
    }
    all.rows += more.rows;
    for (size_t j = 0; j < all.frequencies.size(); ++j) {
      all.frequencies[j] += more.frequencies[j];
    }
  }
  return all.Encode();
}

}  // namespace soteria::ml
