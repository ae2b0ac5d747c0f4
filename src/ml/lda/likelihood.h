// How likely a model's topics make the documents of a table: a lower bound of the log likelihood of
// all of them, or the upper bound of the log perplexity of a token that follows from it. A summary
// of one attribute (Model::Over). Immutable.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "src/ml/estimator.h"
#include "src/ml/lda/kernels.h"
#include "src/ml/lda/model.h"

namespace soteria::ml {

class LikelihoodSummary : public Summary {
 public:
  static constexpr std::string_view kLikelihood = "logLikelihood";
  static constexpr std::string_view kPerplexity = "logPerplexity";
  /// `method` is one of these.
  LikelihoodSummary(const Params& model, std::shared_ptr<const LdaData> data,
                    std::string_view method);

  /// Made when it is first asked for: its logarithms take time by the size of the model.
  const Kernel& kernel() const override;
  bool over_rows() const override { return true; }
  bool complete() const override { return sums_.has_value(); }
  bool Needs(std::string_view method) const override { return method == method_; }
  base::StatusOr<std::shared_ptr<const Summary>> Complete(std::string_view partial) const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  std::optional<SummaryStatistic> AsStatistic(std::string_view method,
                                              const Arguments& args) const override;

 private:
  struct Made {
    std::once_flag once;
    std::unique_ptr<const BoundKernel> kernel;
  };

  std::string method_;
  std::string features_column_;
  std::shared_ptr<const LdaData> data_;
  std::shared_ptr<Made> made_ = std::make_shared<Made>();
  std::optional<stats::ExactSums> sums_;
};

}  // namespace soteria::ml
