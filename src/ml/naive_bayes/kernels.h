// What naive Bayes needs of all rows: for each label the weight of its rows, and the weighted sums
// of their features (for the Gaussian model of their squares too). Kernel "ml.bayes.sums". Pure;
// any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/naive_bayes/params.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// Labels times features at most: what one message between enclaves holds.
inline constexpr uint64_t kBayesCellsMax = uint64_t{30} << 20;

struct LabelSums {
  double weight = 0;
  std::vector<double> sums;     // one a feature
  std::vector<double> squares;  // the same, or none
};

struct BayesSums {
  uint64_t features = 0;  // 0 while there is no row
  bool squares = false;
  std::map<int32_t, LabelSums> labels;

  /// The sums of a label, made where there are none. Errors: kMemoryLimit.
  base::StatusOr<LabelSums*> Of(int32_t label);
  /// Adds a partial, which is of the same kind. Errors: kIllegalArgument when the features differ
  /// in number, kMemoryLimit, kProtocol.
  base::Status Merge(std::string_view bytes);
  /// The partial; label by label it takes the memory of these.
  std::string Encode() &&;
};

class BayesKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.bayes.sums";
  /// `classes`: labels have to be below it; 0: any that is a class.
  BayesKernel(BayesType type, uint64_t classes) : type_(type), classes_(classes) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  /// Errors: MLlib's refusals of labels that are no classes, and of values that the type of the
  /// model doesn't take.
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  base::StatusOr<int32_t> ClassOf(double label) const;
  base::Status CheckRow(const table::FeatureBlock& block, size_t row) const;

  BayesType type_;
  uint64_t classes_;
};

}  // namespace soteria::ml
