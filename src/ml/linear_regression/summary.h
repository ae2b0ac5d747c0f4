// Metrics of a linear regression model: of its training, and of `evaluate` over a table. Iterations
// and the equations' inverse are known from the fit; the rest follows from the moments that one
// pass of the summary kernel gives (src/stats). All is answered inside. Immutable.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/linear_regression/kernels.h"

namespace soteria::ml {

class LinearSummary : public Summary {
 public:
  /// What is known before any pass.
  struct Facts {
    LinearScore estimates;
    /// Of the training only: the start's value and one for each iteration.
    std::optional<std::vector<double>> objective_history;
    /// Of (X'WX)^-1, the intercept's last; {0} where no solver gave it.
    std::vector<double> inverse_diagonal = {0.0};
  };
  /// The params name the columns of `predictions`; the kernel is over rows where it isn't of a
  /// training.
  static std::shared_ptr<const Summary> Make(const Params& params, Facts facts,
                                             std::shared_ptr<const LinearSummaryKernel> kernel);

  const Kernel& kernel() const override { return *kernel_; }
  bool over_rows() const override { return !facts_.objective_history; }
  bool complete() const override { return sums_ != nullptr; }
  bool Needs(std::string_view method) const override;
  base::StatusOr<std::shared_ptr<const Summary>> Complete(std::string_view partial) const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  std::optional<PredictionsColumn> OfPredictions(std::string_view method) const override;

  // What the attributes are made of, once complete.
  const Facts& facts() const { return facts_; }
  const LinearSummarySums& sums() const { return *sums_; }
  bool fit_intercept() const { return fit_intercept_; }
  double R2() const;
  double freedom() const;
  /// Errors: kUnsupported where the inverse isn't known, with MLlib's name of what was asked.
  base::StatusOr<std::vector<double>> StandardErrors(std::string_view what) const;
  base::StatusOr<std::vector<double>> TValues(std::string_view what) const;

 private:
  LinearSummary(const Params& params, Facts facts);

  std::map<std::string, std::string, std::less<>> columns_;  // attribute -> column name
  bool fit_intercept_;
  Facts facts_;
  std::shared_ptr<const Kernel> kernel_;
  std::shared_ptr<const LinearSummarySums> sums_;
};

}  // namespace soteria::ml
