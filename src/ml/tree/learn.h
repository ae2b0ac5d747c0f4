// Growing trees as MLlib's RandomForest does: which nodes are split together, on which features, in
// which order. One pass over the rows for each group of nodes. One thread, sees nothing but Work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/ml/tree/choose.h"
#include "src/ml/tree/group.h"
#include "src/ml/tree/rows.h"
#include "src/ml/tree/survey.h"
#include "src/ml/tree/tree.h"
#include "src/ml/work.h"

namespace soteria::ml::tree {

/// What a user asked for.
struct Strategy {
  Impurity impurity = Impurity::kVariance;
  int32_t num_classes = 0;
  int32_t max_depth = 5;
  int32_t max_bins = 32;
  int64_t min_instances = 1;
  double min_weight_fraction = 0;
  double min_gain = 0;
  int64_t max_memory_mb = 256;
  std::string feature_subset = "all";
  int32_t num_trees = 1;
  bool prune = true;
  int64_t seed = 0;
  /// Categories of each feature that has them, else 0; may be shorter than the features.
  std::vector<int32_t> arity;
};

/// MLlib's DecisionTreeMetadata and splits.
struct Plan {
  Strategy strategy;
  int64_t rows = 0;
  Rules rules;
  Cuts cuts;
  /// As MLlib reckons memory by them: splits of unordered features, else the bins.
  std::vector<int64_t> reckoned_bins;
  int32_t features_per_node = 0;

  size_t features() const { return rules.features(); }
};

/// Cuts the features. Errors: MLlib's refusals of no rows, no features, too many categories.
base::StatusOr<Plan> MakePlan(const Strategy& strategy, const std::optional<Source>& source,
                              const Survey& survey, Work& work);

/// The rows of `work` binned and drawn, kept by the workers. Where there are so few rows that
/// histograms would outweigh them, every partition gets all of them and looks at a share of the
/// features.
class BinnedWork {
 public:
  /// `copies`: of such few rows; 0: as many as the work is worth.
  static base::StatusOr<BinnedWork> Make(Work& work, const std::optional<Source>& source,
                                         const Plan& plan, const Bagging& bagging, bool signs,
                                         uint64_t copies = 0);
  Work& work() { return gathered_ ? *gathered_ : *work_; }
  /// Whether every partition has all rows.
  bool whole() const { return gathered_ != nullptr || work_->partitions() == 1; }

 private:
  Work* work_ = nullptr;
  std::unique_ptr<Work> gathered_;
};

/// A tree, and how rows reach its leaves by bins: the slots of the ends are the leaves' indices.
struct Grown {
  Tree tree;
  RouteTree routes;
  std::vector<double> leaves;
};

/// `seed`: of the choice of features.
base::StatusOr<std::vector<Grown>> GrowTrees(const Plan& plan, int64_t seed, BinnedWork& binned);

}  // namespace soteria::ml::tree
