// Metrics of a classifier: of its training, and of `evaluate` over a table.
// Iterations are known from the fit; the rest are statistics (src/stats) of the sums that one pass
// of the summary kernel gives. Immutable.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/classification_summary/sums.h"
#include "src/ml/estimator.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

class ClassificationSummary : public Summary {
 public:
  /// Of the training: `objective_history` has the start's value and one for each iteration. The
  /// params name the columns of `predictions`. `binary`: of two classes at most, so that there are
  /// curves.
  static std::shared_ptr<const Summary> OfTraining(const Params& params,
                                                   std::vector<double> objective_history,
                                                   bool binary,
                                                   std::shared_ptr<const Kernel> kernel);
  /// The columns that a model's `evaluate` reads of new rows. Errors: kUnresolvedColumn of the
  /// label.
  static base::StatusOr<table::FeatureColumns> Evaluated(const Params& params,
                                                         const arrow::Schema& input);
  /// Of new rows, of which the kernel reads `columns`.
  static std::shared_ptr<const Summary> OfEvaluation(const Params& params,
                                                     const table::FeatureColumns& columns,
                                                     bool binary,
                                                     std::shared_ptr<const Kernel> kernel);

  const Kernel& kernel() const override { return *kernel_; }
  bool over_rows() const override { return !objective_history_; }
  bool complete() const override { return sums_ != nullptr; }
  bool Needs(std::string_view method) const override;
  base::StatusOr<std::shared_ptr<const Summary>> Complete(std::string_view partial) const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  std::optional<SummaryStatistic> AsStatistic(std::string_view method,
                                              const Arguments& args) const override;
  std::optional<CurveColumns> Curve(std::string_view method) const override;

 private:
  ClassificationSummary(const Params& params, bool binary);

  std::string of_;  // what MLlib's classes of this summary begin with
  bool binary_;     // of two classes at most: there are curves
  std::map<std::string, std::string, std::less<>> columns_;  // attribute -> column name
  std::optional<std::vector<double>> objective_history_;     // of the training only
  std::optional<std::string> weight_;                        // the column that rows are counted by
  std::shared_ptr<const Kernel> kernel_;
  std::shared_ptr<const ClassificationSums> sums_;
};

}  // namespace soteria::ml
