// Kernels and steps of LDA's optimizer "em". Each token of a document has a distribution over
// topics; what is kept are its sums, of each document with the documents and of each term in the
// partial. MLlib keeps the same numbers at the vertices of a graph whose edges are the documents'
// terms, and both change once an iteration. Pure; any thread.
//
// Asuncion, Welling, Smyth, Teh, "On Smoothing and Inference for Topic Models", 2009, section 2.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// What all documents say of the topics, and the priors.
struct TopicCounts {
  size_t k = 0;
  double alpha = 0, eta = 0;
  std::vector<double> by_term;  // k numbers a term
  std::vector<double> totals;   // of each topic

  size_t terms() const { return by_term.size() / k; }
  /// Takes the sums of the next iteration.
  void Set(std::vector<double> sums);
  void Write(base::FieldWriter& w) const;
  /// Errors: kProtocol.
  static base::StatusOr<TopicCounts> Read(base::FieldReader& r);
};

/// The documents of features as a table: one row of lists, of the documents that have terms. Its
/// tokens' first distributions are MLlib's draws.
class EmStartStep : public Step {
 public:
  static constexpr std::string_view kKind = "ml.lda.em_documents";
  EmStartStep(size_t k, int64_t seed) : k_(k), seed_(seed) {}
  static base::StatusOr<StepPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Next(const Part& part) const override;

 private:
  size_t k_;
  int64_t seed_;
};

/// The sums of these draws over features: k numbers a term, packed.
class EmStartKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.lda.em_start";
  EmStartKernel(size_t k, size_t terms, int64_t seed) : k_(k), terms_(terms), seed_(seed) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  size_t k_, terms_;
  int64_t seed_;
};

/// Chances of topics, by counts: (count + eta - 1) / (total + terms * (eta - 1)). The lanes past k
/// are 0.
class TopicShares {
 public:
  explicit TopicShares(TopicCounts counts);
  const TopicCounts& counts() const { return counts_; }
  size_t stride() const { return stride_; }
  const double* row(size_t term) const { return shares_.data() + term * stride_; }

 private:
  TopicCounts counts_;
  size_t stride_;
  table::AlignedDoubles shares_;
};

/// What kernels and steps over topics' shares have alike. `Made` is the class itself.
template <class Made, class Base>
class OverTopicShares : public Base {
 public:
  explicit OverTopicShares(TopicCounts counts) : shares_(std::move(counts)) {}
  std::string_view kind() const final { return Made::kKind; }
  std::string Encode() const final {
    base::FieldWriter w;
    shares_.counts().Write(w);
    return w.Take();
  }
  /// Errors: kProtocol.
  static base::StatusOr<std::unique_ptr<const Base>> Decode(std::string_view bytes) {
    base::FieldReader r(bytes);
    SOTERIA_ASSIGN_OR_RETURN(TopicCounts counts, TopicCounts::Read(r));
    SOTERIA_RETURN_IF_ERROR(r.Finish());
    return std::make_unique<const Made>(std::move(counts));
  }

 protected:
  const TopicCounts& counts() const { return shares_.counts(); }
  const TopicShares& shares() const { return shares_; }

 private:
  TopicShares shares_;
};

/// One iteration over the documents of EmStartStep: the sums of each term.
class EmKernel : public OverTopicShares<EmKernel, Kernel> {
 public:
  static constexpr std::string_view kKind = "ml.lda.em";
  using OverTopicShares::OverTopicShares;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
};

/// The same iteration: the sums of each document.
class EmStep : public OverTopicShares<EmStep, Step> {
 public:
  static constexpr std::string_view kKind = "ml.lda.em_step";
  using OverTopicShares::OverTopicShares;
  base::StatusOr<std::shared_ptr<arrow::Table>> Next(const Part& part) const override;
};

/// How likely the tokens are, and the documents' distributions by their prior: two logarithms.
class EmLikelihoodKernel : public OverTopicShares<EmLikelihoodKernel, Kernel> {
 public:
  static constexpr std::string_view kKind = "ml.lda.em_likelihood";
  using OverTopicShares::OverTopicShares;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
};

}  // namespace soteria::ml
