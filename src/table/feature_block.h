// What a training kernel reads: features as one dense row-major or CSR block, with label and
// weight. MakeFeatureBlock is where MLlib's checks on nulls, NaN and infinity are made, so kernels
// need not. A block is immutable once made and may be read by several threads.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"

namespace soteria::table {

/// Allocates on 64-byte boundaries and leaves doubles uninitialised on resize().
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlign{64};

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT: required by the standard
  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlign)); }
  void deallocate(T* p, size_t) { ::operator delete(p, kAlign); }
  template <class U>
  void construct(U* p) {
    ::new (static_cast<void*>(p)) U;
  }
  template <class U, class... A>
  void construct(U* p, A&&... args) {
    ::new (static_cast<void*>(p)) U(std::forward<A>(args)...);
  }
  bool operator==(const AlignedAllocator&) const { return true; }
};
using AlignedDoubles = std::vector<double, AlignedAllocator<double>>;

struct FeatureBlock {
  int64_t rows = 0;
  int64_t cols = 0;
  bool sparse = false;
  AlignedDoubles dense;          ///< row-major, rows * cols, when !sparse
  std::vector<int64_t> row_ptr;  ///< CSR, rows + 1 entries, when sparse
  std::vector<int32_t> col;
  std::vector<double> val;
  std::vector<double> label;   ///< rows entries, or empty when no label was asked for
  std::vector<double> weight;  ///< rows entries, or empty: all 1

  uint64_t bytes() const;
};

struct FeatureColumns {
  std::string features;
  std::optional<std::string> label;
  std::optional<std::string> weight;
  bool finite = true;  ///< whether NaN and infinities among the features are refused
};

/// Reads the named columns. Features: a vector column in either form. The block is dense when the
/// dense form takes less memory than CSR (12 bytes a stored value against 8 a cell), as MLlib's
/// Instance blocks choose; a table of no rows gives an empty dense block. Label and weight: any
/// number type. Refuses, with MLlib's texts, null features, by `finite` others than numbers, null
/// or NaN labels, null, NaN, infinite or negative weights, and rows of unequal size. A missing
/// column is kUnresolvedColumn.
base::StatusOr<FeatureBlock> MakeFeatureBlock(const arrow::Table& table,
                                              const FeatureColumns& columns);

/// The same from flat number columns: feature j of a row is features[j].
base::StatusOr<FeatureBlock> MakeFeatureBlock(const arrow::Table& table,
                                              const std::vector<std::string>& features,
                                              const std::optional<std::string>& label,
                                              const std::optional<std::string>& weight);

}  // namespace soteria::table
