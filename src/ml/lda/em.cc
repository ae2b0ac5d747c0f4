#include "src/ml/lda/em.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/lda/em_kernels.h"
#include "src/ml/lda/params.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

/// Of the counts that all links of a chain carry together.
constexpr uint64_t kChainBytesMax = uint64_t{512} << 20;

/// log P(topics | eta), of the terms that some document has.
double TopicPrior(const TopicCounts& counts) {
  const TopicShares shares(counts);
  double prior = 0;
  for (size_t w = 0; w < counts.terms(); ++w) {
    double logs = 0;
    bool any = false;
    for (size_t j = 0; j < counts.k; ++j) {
      any |= counts.by_term[w * counts.k + j] != 0;
      logs += std::log(shares.row(w)[j]);
    }
    if (any) prior += (counts.eta - 1.0) * logs;
  }
  return prior;
}

base::Status Take(base::StatusOr<std::string> partial, TopicCounts& counts) {
  SOTERIA_RETURN_IF_ERROR(partial.status());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> sums, stats::UnpackDoubles(*partial));
  counts.Set(std::move(sums));
  return base::OkStatus();
}

}  // namespace

base::StatusOr<LdaData> FitEm(const Params& params, size_t terms, Work& work) {
  LdaData data;
  data.terms = terms;
  data.alpha = DocConcentrationOf(params);
  data.eta = TopicConcentrationOf(params);
  const size_t k = data.k();
  const int64_t iterations = params.Int("maxIter");
  if (k * terms * sizeof(double) * static_cast<uint64_t>(iterations) > kChainBytesMax) {
    return base::Fail(
        base::kMemoryLimit,
        base::Cat("LDA by the optimizer \"em\" takes at most ", kChainBytesMax / sizeof(double),
                  " numbers of k topics by as many terms and maxIter here"));
  }
  TopicCounts counts;
  counts.k = k;
  counts.alpha = data.alpha[0];
  counts.eta = data.eta;
  const int64_t seed = params.Int("seed");
  SOTERIA_RETURN_IF_ERROR(Take(work.Reduce(EmStartKernel(k, terms, seed)), counts));
  SOTERIA_RETURN_IF_ERROR(work.Advance(EmStartStep(k, seed)));
  for (int64_t iteration = 1; iteration <= iterations; ++iteration) {
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
    auto sums = work.Reduce(EmKernel(counts));
    SOTERIA_RETURN_IF_ERROR(sums.status());
    SOTERIA_RETURN_IF_ERROR(work.Advance(EmStep(counts)));
    SOTERIA_RETURN_IF_ERROR(Take(std::move(sums), counts));
    work.Progress(static_cast<uint64_t>(iteration), static_cast<uint64_t>(iterations));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(EmLikelihoodKernel(counts)));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> logs, stats::UnpackDoubles(partial));
  if (logs.size() != 2) return base::Fail(base::kInternal, "LDA: a likelihood that is none");
  data.training = {logs[0], logs[1] + TopicPrior(counts)};
  data.topics.resize(k * terms);
  for (size_t w = 0; w < terms; ++w) {
    for (size_t j = 0; j < k; ++j) data.topics[j * terms + w] = counts.by_term[w * k + j];
  }
  return data;
}

}  // namespace soteria::ml
