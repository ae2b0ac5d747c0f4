#include "src/ml/lda/online.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/lda/kernels.h"
#include "src/ml/lda/params.h"
#include "src/ml/lda/special.h"
#include "src/ml/random/mersenne_twister.h"
#include "src/table/spark_random.h"

namespace soteria::ml {
namespace {

/// One step of Newton's method towards the alpha that the batch's documents make likely. `logs`:
/// their mean E[log theta].
///
/// Huang, "Maximum Likelihood Estimation of Dirichlet Distribution Parameters", 3.3.
void UpdateAlpha(std::vector<double> logs, double documents, double weight,
                 std::vector<double>& alpha) {
  const size_t k = alpha.size();
  std::vector<double> expected(k), gradient(k), q(k);
  ExpectedLogs(alpha.data(), k, expected.data());
  const double c = documents * Trigamma(std::accumulate(alpha.begin(), alpha.end(), 0.0));
  double gradient_by_q = 0, one_by_q = 0;
  for (size_t j = 0; j < k; ++j) {
    gradient[j] = documents * (-expected[j] + logs[j]);
    q[j] = -documents * Trigamma(alpha[j]);
    gradient_by_q += gradient[j] / q[j];
    one_by_q += 1.0 / q[j];
  }
  const double b = gradient_by_q / (1.0 / c + one_by_q);
  std::vector<double> next(k);
  for (size_t j = 0; j < k; ++j) next[j] = weight * (-(gradient[j] - b) / q[j]) + alpha[j];
  if (std::all_of(next.begin(), next.end(), [](double a) { return a > 0; })) {
    alpha = std::move(next);
  }
}

}  // namespace

base::StatusOr<LdaData> FitOnline(const Params& params, size_t documents, size_t terms,
                                  Work& work) {
  LdaData data;
  data.terms = terms;
  data.alpha = DocConcentrationOf(params);
  data.eta = TopicConcentrationOf(params);
  const size_t k = data.k();
  table::JavaRandom random(params.Int("seed"));
  GammaSampler start(kGammaShape, 1.0 / kGammaShape, random.NextLong());
  data.topics.resize(k * terms);
  for (double& value : data.topics) value = start.Next();

  const double fraction = params.Double("subsamplingRate");
  const auto corpus = static_cast<double>(documents);
  const double scale = corpus / std::min(std::ceil(fraction * corpus), 2147483647.0);
  const int64_t iterations = params.Int("maxIter");
  int64_t batches = 0;  // that weren't empty
  for (int64_t iteration = 1; iteration <= iterations; ++iteration) {
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
    Batch batch;
    batch.fraction = fraction;
    batch.sample_seed = random.NextLong();
    table::JavaRandom drawn_from = random;
    batch.gamma_seed = drawn_from.NextLong();
    batch.logs = params.Bool("optimizeDocConcentration");
    batch.alpha = data.alpha;
    batch.by_term = ExpectedLogBeta(data.topics, k);
    for (double& value : batch.by_term) value = std::exp(value);
    const std::vector<double> by_term = batch.by_term;
    const BatchKernel kernel(std::move(batch));
    SOTERIA_ASSIGN_OR_RETURN(std::string partial, work.Reduce(kernel));
    SOTERIA_ASSIGN_OR_RETURN(BatchSums sums, kernel.Result(partial));
    work.Progress(static_cast<uint64_t>(iteration), static_cast<uint64_t>(iterations));
    if (sums.drawn == 0) continue;  // the next iteration draws on
    random = drawn_from;
    ++batches;
    if (sums.nonempty == 0) continue;
    const double weight = std::pow(params.Double("learningOffset") + static_cast<double>(batches),
                                   -params.Double("learningDecay"));
    for (size_t w = 0; w < terms; ++w) {
      for (size_t j = 0; j < k; ++j) {
        double& topic = data.topics[j * terms + w];
        const double said = sums.topics[w * k + j] * by_term[w * k + j];
        topic = (1 - weight) * topic + weight * (said * scale + data.eta);
      }
    }
    if (sums.logs.empty()) continue;
    const auto nonempty = static_cast<double>(sums.nonempty);
    for (double& log : sums.logs) log /= nonempty;
    UpdateAlpha(std::move(sums.logs), nonempty, weight, data.alpha);
  }
  return data;
}

}  // namespace soteria::ml
