// The passes of ALS over grouped ratings: the first factors of a block's ids, and those that solve
// their least squares against the other side's factors. Both give the factors of the block; merged,
// those of all blocks in the order of the blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/als/factors.h"
#include "src/ml/kernel.h"

namespace soteria::ml {

/// Factors of one side, ids ascending within each block, and for implicit preferences the sum of
/// their outer products (packed rows of the lower triangle), else nothing.
struct FactorsPartial {
  Factors factors;
  std::vector<double> gram;

  std::string Encode() const;
  static base::StatusOr<FactorsPartial> Decode(std::string_view bytes);
};

/// Unit vectors of MLlib's generator, seeded by block.
class StartKernel : public Kernel {
 public:
  StartKernel(int32_t rank, int64_t seed, bool gram) : rank_(rank), seed_(seed), gram_(gram) {}
  static constexpr std::string_view kKind = "ml.als.start";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  const int32_t rank_;
  const int64_t seed_;
  const bool gram_;
};

struct AlsProblem {
  double reg_param = 0;
  bool implicit = false;
  double alpha = 1;
  bool nonnegative = false;
};

class SolveKernel : public Kernel {
 public:
  /// `others`: ids ascending; `gram`: theirs, for implicit preferences.
  SolveKernel(AlsProblem problem, Factors others, std::vector<double> gram)
      : problem_(problem), others_(std::move(others)), gram_(std::move(gram)) {}
  static constexpr std::string_view kKind = "ml.als.solve";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  /// Errors: MLlib's for an equation without a solution.
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  const AlsProblem problem_;
  const Factors others_;
  const std::vector<double> gram_;
};

}  // namespace soteria::ml
