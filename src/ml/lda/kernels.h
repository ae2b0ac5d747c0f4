// Kernels of LDA's online optimizer: what the corpus is like, and what a mini-batch of it says of
// the topics; and the bound of a corpus's likelihood under a model. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/lda/inference.h"

namespace soteria::ml {

/// How many documents there are, and how many terms the vocabulary has.
struct Corpus {
  uint64_t documents = 0;
  uint64_t terms = 0;  // 0 while there is no document
};

class CorpusKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.lda.corpus";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::string> Map(const Part& part) const override;
  /// Errors: kIllegalArgument when documents of two partitions differ in size.
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

  static base::StatusOr<Corpus> Result(std::string_view partial);
};

/// What a mini-batch says.
struct BatchSums {
  uint64_t drawn = 0;          // documents, each as often as it was drawn
  uint64_t nonempty = 0;       // of these
  std::vector<double> topics;  // k numbers a term
  std::vector<double> logs;    // sums of E[log theta], k of them; none where nobody asked
};

struct Batch {
  double fraction = 1;
  int64_t sample_seed = 0;
  int64_t gamma_seed = 0;  // to which a partition's number is added
  bool logs = false;
  std::vector<double> alpha;
  std::vector<double> by_term;  // exp(E[log beta]), k numbers a term
};

/// Documents drawn with replacement, and what inference makes of them.
class BatchKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.lda.batch";
  explicit BatchKernel(Batch batch) : batch_(std::move(batch)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

  base::StatusOr<BatchSums> Result(std::string_view partial) const;

 private:
  std::string Write(const BatchSums& sums) const;
  BatchSums None() const;

  Batch batch_;
};

/// The bound of log p(documents) over a table's rows: stats::TopicSums as the sum of an exact
/// statistic.
class BoundKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.lda.bound";
  /// `log_beta`: E[log beta], k numbers a term; `of_topics` is the topics' own part of the bound.
  /// A row's id is added to `gamma_seed`.
  BoundKernel(std::string features, std::vector<double> log_beta, std::vector<double> alpha,
              int64_t gamma_seed, double of_topics);
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  double BoundOf(const Topics& topics, const Topics::Document& document) const;

  std::string features_;
  std::vector<double> log_beta_, alpha_;
  int64_t gamma_seed_;
  double of_topics_;
};

}  // namespace soteria::ml
