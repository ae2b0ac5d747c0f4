// Kernels: the distributed half of an algorithm. A kernel maps one partition's block to a partial
// result and merges partial results; a driver reads the partial of the whole. A step makes the next
// block out of a block, which later passes read in its place; a route says where the rows of a
// block go in an exchange.
//
// All are pure: single-threaded, no I/O, no clock, no randomness that their own fields and the
// partition's number don't fix. The same kernel over the same block gives the same bytes (I7).
// Merge folds its children ascending, from the left, so that a fixed reduce tree gives fixed bits.
// Const members may be called from any threads at once.
#pragma once

#include <cstdint>
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

/// The block of one partition: rows, or the features that table.features made of them.
struct Part {
  const arrow::Table* table = nullptr;
  const table::FeatureBlock* features = nullptr;
  uint64_t partition = 0;
  uint64_t partitions = 1;
};

/// Features that a kernel looks at. Each of them holds some numbers for each feature, and how many
/// features sparse rows have is what a script says ("numFeatures"), whatever their values take.
inline constexpr int64_t kStageFeaturesMax = int64_t{1} << 25;

/// Errors: kProtocol for a block of the other kind.
base::StatusOr<const arrow::Table*> RowsOf(const Part& part);
/// Errors: also kMemoryLimit beyond kStageFeaturesMax.
base::StatusOr<const table::FeatureBlock*> FeaturesOf(const Part& part);

class Kernel {
 public:
  virtual ~Kernel() = default;
  /// Names the class of kernel, "ml.logreg.gradient".
  virtual std::string_view kind() const = 0;
  /// Canonical bytes of all parameters.
  virtual std::string Encode() const = 0;
  /// The partial of one block. A block of no rows has a partial too.
  virtual base::StatusOr<std::string> Map(const Part& part) const = 0;
  /// Folds one or more partials, ascending; where they can be large, each goes once it is folded.
  /// Errors: kProtocol for bytes that are no partial of this kernel; what the data themselves make
  /// impossible has its own condition.
  virtual base::StatusOr<std::string> Merge(std::vector<std::string> children) const = 0;
};

/// What makes the next block: columns of state beside, or in place of, what was there. A link of a
/// recipe's chain ("ml.step"), so that its blocks have a name, are kept, spilled and made again as
/// all blocks are.
class Step {
 public:
  virtual ~Step() = default;
  virtual std::string_view kind() const = 0;
  virtual std::string Encode() const = 0;
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Next(const Part& part) const = 0;
};

/// Which row of a block goes to which partition of an exchange. A shuffle's partitioner
/// ("ml.route").
class Route {
 public:
  virtual ~Route() = default;
  virtual std::string_view kind() const = 0;
  virtual std::string Encode() const = 0;
  /// `targets` tables of one schema, maybe empty ones.
  virtual base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> Split(
      const Part& part, uint64_t targets) const = 0;
};

using KernelPtr = std::unique_ptr<const Kernel>;
using StepPtr = std::unique_ptr<const Step>;
using RoutePtr = std::unique_ptr<const Route>;

/// Whether `kind` names a kernel.
bool IsKernel(std::string_view kind);

/// Errors: kProtocol for an unknown kind or bytes that its Encode doesn't make.
base::StatusOr<KernelPtr> DecodeKernel(std::string_view kind, std::string_view bytes);

/// Kind and bytes of a step or route as one string: what "ml.step" and "ml.route" carry.
std::string EncodeStep(const Step& step);
std::string EncodeRoute(const Route& route);
/// Errors: kProtocol for an unknown kind or other bytes than the above make.
base::StatusOr<StepPtr> DecodeStep(std::string_view bytes);
base::StatusOr<RoutePtr> DecodeRoute(std::string_view bytes);

}  // namespace soteria::ml
