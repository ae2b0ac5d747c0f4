#include "src/ml/lda/likelihood.h"

#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/lda/params.h"
#include "src/ml/lda/special.h"

namespace soteria::ml {
namespace {

/// E[log p(beta | eta) - log q(beta | lambda)]. `log_beta`: k numbers a term.
double BoundOfTopics(const LdaData& data, const std::vector<double>& log_beta) {
  const size_t k = data.k();
  const double of_eta = LogGamma(data.eta);
  const double of_sum = LogGamma(data.eta * static_cast<double>(data.terms));
  double bound = 0;
  for (size_t j = 0; j < k; ++j) {
    double sum = 0;
    for (size_t w = 0; w < data.terms; ++w) {
      const double lambda = data.topics[j * data.terms + w];
      bound += (data.eta - lambda) * log_beta[w * k + j] + LogGamma(lambda) - of_eta;
      sum += lambda;
    }
    bound += of_sum - LogGamma(sum);
  }
  return bound;
}

}  // namespace

LikelihoodSummary::LikelihoodSummary(const Params& model, std::shared_ptr<const LdaData> data,
                                     std::string_view method)
    : method_(method), features_column_(model.String("featuresCol")), data_(std::move(data)) {}

const Kernel& LikelihoodSummary::kernel() const {
  std::call_once(made_->once, [this] {
    std::vector<double> log_beta = ExpectedLogBeta(data_->topics, data_->k());
    const double of_topics = BoundOfTopics(*data_, log_beta);
    made_->kernel = std::make_unique<const BoundKernel>(features_column_, std::move(log_beta),
                                                        data_->alpha, LdaModelSeed(), of_topics);
  });
  return *made_->kernel;
}

base::StatusOr<std::shared_ptr<const Summary>> LikelihoodSummary::Complete(
    std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(stats::ExactSums sums, stats::ExactSums::Decode(partial));
  auto complete = std::make_shared<LikelihoodSummary>(*this);
  complete->sums_ = std::move(sums);
  return std::shared_ptr<const Summary>(std::move(complete));
}

base::StatusOr<Attribute> LikelihoodSummary::Get(std::string_view method,
                                                 const Arguments& args) const {
  const std::optional<SummaryStatistic> asked = AsStatistic(method, args);
  if (!asked) {
    return base::Fail(base::kMlAttribute, base::Cat(method, " is not allowed to be accessed."));
  }
  SOTERIA_ASSIGN_OR_RETURN(
      std::vector<double> numbers,
      stats::Compute(asked->statistic, {stats::InputForm::kSums, asked->exact.sums}));
  return asked->Value(std::move(numbers));
}

std::optional<SummaryStatistic> LikelihoodSummary::AsStatistic(std::string_view method,
                                                               const Arguments& args) const {
  if (!sums_ || method != method_ || !args.empty()) return std::nullopt;
  SummaryStatistic asked(std::nullopt);
  asked.statistic.kind = stats::StatisticKind::kClustering;
  asked.statistic.metric = method_;
  asked.exact = *sums_;
  asked.one_number = true;
  return asked;
}

}  // namespace soteria::ml
