// Kernels: the distributed half of an algorithm. A kernel maps one block (or one table) to a
// partial result and merges partial results; a driver reads the partial of the whole.
//
// Kernels are pure: single-threaded, no I/O, no clock, no randomness that their own fields don't
// fix. The same kernel over the same block gives the same bytes (I7). Merge folds its children
// ascending, from the left, so that a fixed reduce tree gives fixed bits. Const members may be
// called from any threads at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"

namespace soteria::table {
struct FeatureBlock;
}

namespace soteria::ml {

/// Work over feature blocks: what iterative algorithms do to their training data.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// Names the class of kernel, "ml.logreg.gradient".
  virtual std::string_view kind() const = 0;
  /// Canonical bytes of all parameters.
  virtual std::string Encode() const = 0;
  /// The partial of one block. A block of no rows has a partial too.
  virtual base::StatusOr<std::string> Map(const table::FeatureBlock& block) const = 0;
  /// Folds one or more partials, ascending; where they can be large, each goes once it is folded.
  /// Errors: kProtocol for bytes that are no partial of this kernel; what the data themselves make
  /// impossible has its own condition.
  virtual base::StatusOr<std::string> Merge(std::vector<std::string> children) const = 0;
};

/// Work over rows: evaluators, summaries of new data, algorithms that don't read feature vectors.
class RowKernel {
 public:
  virtual ~RowKernel() = default;
  virtual std::string_view kind() const = 0;
  virtual std::string Encode() const = 0;
  virtual base::StatusOr<std::string> Map(const arrow::Table& table) const = 0;
  virtual base::StatusOr<std::string> Merge(std::vector<std::string> children) const = 0;
};

using KernelPtr = std::unique_ptr<const Kernel>;
using RowKernelPtr = std::unique_ptr<const RowKernel>;

/// Whether `kind` names a kernel over feature blocks, or one over rows.
bool IsKernel(std::string_view kind);
bool IsRowKernel(std::string_view kind);

/// Errors: kProtocol for an unknown kind or bytes that its Encode doesn't make.
base::StatusOr<KernelPtr> DecodeKernel(std::string_view kind, std::string_view bytes);
base::StatusOr<RowKernelPtr> DecodeRowKernel(std::string_view kind, std::string_view bytes);

}  // namespace soteria::ml
