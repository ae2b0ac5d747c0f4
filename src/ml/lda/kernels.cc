#include "src/ml/lda/kernels.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/lda/special.h"
#include "src/ml/random/replacement_sample.h"
#include "src/ml/random/row_sample.h"
#include "src/stats/clustering_metrics.h"
#include "src/stats/doubles.h"
#include "src/stats/exact_sums.h"
#include "src/table/feature_block.h"

namespace soteria::ml {
namespace {

constexpr double kProductMin = 1e-200;  // below it a product may have lost digits

base::Status SizesDiffer(uint64_t expected, uint64_t got) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Dimensions mismatch when adding new instance."
                              " Expecting ",
                              expected, " but got ", got, "."));
}

base::StatusOr<std::vector<double>> ReadDoubles(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  return stats::UnpackDoubles(bytes);
}

/// k numbers a term.
base::StatusOr<std::vector<double>> ReadByTerm(base::FieldReader& r, size_t k) {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> by_term, ReadDoubles(r));
  if (k == 0 || by_term.size() > kTopicEntriesMax || by_term.size() % k != 0) {
    return base::Fail(base::kProtocol, "LDA: entries of another size");
  }
  return by_term;
}

int64_t Plus(int64_t seed, uint64_t number) {
  return static_cast<int64_t>(static_cast<uint64_t>(seed) + number);
}

/// monotonically_increasing_id().
uint64_t RowId(uint64_t partition, size_t row) { return (partition << 33) + row; }

}  // namespace

base::StatusOr<KernelPtr> CorpusKernel::Decode(std::string_view bytes) {
  if (!bytes.empty()) return base::Fail(base::kProtocol, "a kernel has no parameters");
  return std::make_unique<CorpusKernel>();
}

base::StatusOr<Corpus> CorpusKernel::Result(std::string_view partial) {
  base::FieldReader r(partial);
  Corpus corpus;
  SOTERIA_ASSIGN_OR_RETURN(corpus.documents, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(corpus.terms, r.NextU64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (corpus.documents > (uint64_t{1} << 62) || corpus.terms > INT32_MAX) {
    return base::Fail(base::kProtocol, "LDA: no such corpus");
  }
  return corpus;
}

base::StatusOr<std::string> CorpusKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  base::FieldWriter w;
  w.AddU64(static_cast<uint64_t>(block->rows));
  w.AddU64(block->rows > 0 ? static_cast<uint64_t>(block->cols) : 0);
  return w.Take();
}

base::StatusOr<std::string> CorpusKernel::Merge(std::vector<std::string> children) const {
  Corpus all;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const Corpus one, Result(bytes));
    if (one.documents == 0) continue;
    if (all.documents > 0 && all.terms != one.terms) return SizesDiffer(all.terms, one.terms);
    all.documents += one.documents;
    all.terms = one.terms;
  }
  base::FieldWriter w;
  w.AddU64(all.documents).AddU64(all.terms);
  return w.Take();
}

std::string BatchKernel::Encode() const {
  base::FieldWriter w;
  w.AddDouble(batch_.fraction).AddI64(batch_.sample_seed).AddI64(batch_.gamma_seed);
  w.AddBool(batch_.logs);
  w.Add(stats::PackDoubles(batch_.alpha)).Add(stats::PackDoubles(batch_.by_term));
  return w.Take();
}

base::StatusOr<KernelPtr> BatchKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  Batch batch;
  SOTERIA_ASSIGN_OR_RETURN(batch.fraction, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(batch.sample_seed, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(batch.gamma_seed, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(batch.logs, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(batch.alpha, ReadDoubles(r));
  SOTERIA_ASSIGN_OR_RETURN(batch.by_term, ReadByTerm(r, batch.alpha.size()));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (!(batch.fraction > 0 && batch.fraction <= 1)) {
    return base::Fail(base::kProtocol, "LDA: not a fraction");
  }
  return std::make_unique<BatchKernel>(std::move(batch));
}

BatchSums BatchKernel::None() const {
  BatchSums sums;
  sums.topics.assign(batch_.by_term.size(), 0.0);
  if (batch_.logs) sums.logs.assign(batch_.alpha.size(), 0.0);
  return sums;
}

std::string BatchKernel::Write(const BatchSums& sums) const {
  base::FieldWriter w;
  w.AddU64(sums.drawn).AddU64(sums.nonempty);
  w.Add(stats::PackDoubles(sums.logs)).Add(stats::PackDoubles(sums.topics));
  return w.Take();
}

base::StatusOr<BatchSums> BatchKernel::Result(std::string_view partial) const {
  base::FieldReader r(partial);
  BatchSums sums;
  SOTERIA_ASSIGN_OR_RETURN(sums.drawn, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(sums.nonempty, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(sums.logs, ReadEntries(r, batch_.logs ? batch_.alpha.size() : 0));
  SOTERIA_ASSIGN_OR_RETURN(sums.topics, ReadEntries(r, batch_.by_term.size()));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (sums.nonempty > sums.drawn) return base::Fail(base::kProtocol, "LDA: no such batch");
  return sums;
}

base::StatusOr<std::string> BatchKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  const Topics topics(batch_.by_term, batch_.alpha);
  const InferenceStart start(topics.k(), Plus(batch_.gamma_seed, part.partition));
  BatchSums sums = None();
  Topics::Document document;
  std::vector<double> logs(topics.k());
  ReplacementSampler sampler(batch_.fraction, PartitionSeed(batch_.sample_seed, part.partition));
  for (size_t i = 0; i < static_cast<size_t>(block->rows); ++i) {
    const int64_t times = sampler.Next();
    if (times == 0) continue;
    sums.drawn += static_cast<uint64_t>(times);
    document.Take(*block, i);
    if (document.ids.empty()) continue;
    sums.nonempty += static_cast<uint64_t>(times);
    SOTERIA_RETURN_IF_ERROR(topics.Infer(start, document));
    const auto factor = static_cast<double>(times);
    topics.AddStatistics(document, factor, sums.topics);
    if (!batch_.logs) continue;
    ExpectedLogs(document.gamma.data(), topics.k(), logs.data());
    for (size_t j = 0; j < logs.size(); ++j) sums.logs[j] += factor * logs[j];
  }
  return Write(sums);
}

base::StatusOr<std::string> BatchKernel::Merge(std::vector<std::string> children) const {
  BatchSums all = None();
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const BatchSums one, Result(std::exchange(bytes, {})));
    all.drawn += one.drawn;
    all.nonempty += one.nonempty;
    for (size_t i = 0; i < all.topics.size(); ++i) all.topics[i] += one.topics[i];
    for (size_t i = 0; i < all.logs.size(); ++i) all.logs[i] += one.logs[i];
  }
  return Write(all);
}

BoundKernel::BoundKernel(std::string features, std::vector<double> log_beta,
                         std::vector<double> alpha, int64_t gamma_seed, double of_topics)
    : features_(std::move(features)),
      log_beta_(std::move(log_beta)),
      alpha_(std::move(alpha)),
      gamma_seed_(gamma_seed),
      of_topics_(of_topics) {}

std::string BoundKernel::Encode() const {
  base::FieldWriter w;
  w.Add(features_).AddI64(gamma_seed_).AddDouble(of_topics_);
  w.Add(stats::PackDoubles(alpha_)).Add(stats::PackDoubles(log_beta_));
  return w.Take();
}

base::StatusOr<KernelPtr> BoundKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view features, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t gamma_seed, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const double of_topics, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> alpha, ReadDoubles(r));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> log_beta, ReadByTerm(r, alpha.size()));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<BoundKernel>(std::string(features), std::move(log_beta), std::move(alpha),
                                       gamma_seed, of_topics);
}

double BoundKernel::BoundOf(const Topics& topics, const Topics::Document& document) const {
  const size_t k = topics.k();
  std::vector<double> log_theta(k);
  ExpectedLogs(document.gamma.data(), k, log_theta.data());
  double bound = 0;
  for (size_t i = 0; i < document.ids.size(); ++i) {
    double log_sum = 0;
    if (document.norms[i] > kProductMin) {
      log_sum = std::log(document.norms[i]);
    } else {
      const double* log_beta = log_beta_.data() + static_cast<size_t>(document.ids[i]) * k;
      double most = log_theta[0] + log_beta[0], sum = 0;
      for (size_t j = 1; j < k; ++j) most = std::max(most, log_theta[j] + log_beta[j]);
      for (size_t j = 0; j < k; ++j) sum += std::exp(log_theta[j] + log_beta[j] - most);
      log_sum = most + std::log(sum);
    }
    bound += document.counts[i] * log_sum;
  }
  double of_gamma = 0, of_alpha = 0;
  for (size_t j = 0; j < k; ++j) {
    const double gamma = document.gamma[j], alpha = alpha_[j];
    bound += (alpha - gamma) * log_theta[j] + LogGamma(gamma) - LogGamma(alpha);
    of_gamma += gamma;
    of_alpha += alpha;
  }
  return bound + LogGamma(of_alpha) - LogGamma(of_gamma);
}

base::StatusOr<std::string> BoundKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  table::FeatureColumns columns;
  columns.features = features_;
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock block,
                           table::MakeFeatureBlock(*table, columns));
  std::vector<double> by_term(log_beta_.size());
  std::transform(log_beta_.begin(), log_beta_.end(), by_term.begin(),
                 [](double log) { return std::exp(log); });
  const Topics topics(std::move(by_term), alpha_);
  stats::TopicSums sums;
  sums.of_topics = of_topics_;
  Topics::Document document;
  for (size_t i = 0; i < static_cast<size_t>(block.rows); ++i) {
    document.Take(block, i);
    if (document.ids.empty()) continue;
    for (const double count : document.counts) sums.tokens += count;
    const InferenceStart start(topics.k(), Plus(gamma_seed_, RowId(part.partition, i)));
    SOTERIA_RETURN_IF_ERROR(topics.Infer(start, document));
    sums.bound += BoundOf(topics, document);
  }
  return stats::ExactSums{sums.Encode(), std::nullopt}.Encode();
}

base::StatusOr<std::string> BoundKernel::Merge(std::vector<std::string> children) const {
  stats::TopicSums all;
  all.of_topics = of_topics_;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const stats::ExactSums exact, stats::ExactSums::Decode(bytes));
    SOTERIA_ASSIGN_OR_RETURN(const auto one, stats::TopicSums::Decode(exact.sums));
    all.bound += one.bound;
    all.tokens += one.tokens;
  }
  return stats::ExactSums{all.Encode(), std::nullopt}.Encode();
}

}  // namespace soteria::ml
