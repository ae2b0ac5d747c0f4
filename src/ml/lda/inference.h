// A document's topics by variational inference, as MLlib's online LDA does it: the parameters gamma
// of its distribution over topics, and what each of its terms adds to the topics.
//
// Hoffman, Blei, Bach, "Online Learning for Latent Dirichlet Allocation", 2010.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/table/feature_block.h"
#include "src/table/vector.h"

namespace soteria::ml {

/// Numbers of all topics and terms at most: 256 MiB a table of them.
inline constexpr size_t kTopicEntriesMax = size_t{1} << 25;
/// MLlib's gammaShape.
inline constexpr double kGammaShape = 100;

/// Rounds of inference of one document at most; MLlib's go on until it converges.
inline constexpr int kRoundsMax = 100'000;

/// Where inference starts, as MLlib draws it for a seed.
struct InferenceStart {
  InferenceStart(size_t k, int64_t seed);

  std::vector<double> gamma;
  std::vector<double> theta;  // exp(E[log theta]) of it
};

/// Which topics there are, for one document after the other. Immutable; any thread.
class Topics {
 public:
  /// `by_term`: exp(E[log beta]), `alpha.size()` numbers a term.
  Topics(std::vector<double> by_term, std::vector<double> alpha);

  size_t k() const { return alpha_.size(); }
  size_t terms() const { return terms_; }
  const std::vector<double>& alpha() const { return alpha_; }

  /// What inference makes of one document, and the room that it takes. One thread.
  struct Document {
    std::vector<int32_t> ids;     // of the terms that it has
    std::vector<double> counts;   // of each
    std::vector<double> gamma;    // k numbers
    std::vector<double> theta;    // exp(E[log theta])
    table::AlignedDoubles norms;  // of each term: theta * by_term + 1e-100
    table::AlignedDoubles lanes;  // theta and sums by topic, counts and by_term by block

    /// The terms of a block's row or of a vector that aren't 0.
    void Take(const table::FeatureBlock& block, size_t row);
    void Take(const table::VectorView& vector);
  };

  /// Of the terms that Take put there. Errors: kIllegalArgument for terms that the topics haven't,
  /// or where it doesn't converge.
  base::Status Infer(const InferenceStart& start, Document& document) const;
  /// Adds what the document says of the topics, `times` times: k numbers a term.
  void AddStatistics(const Document& document, double times, std::vector<double>& by_term) const;

 private:
  void Gather(Document& document) const;

  size_t terms_;
  std::vector<double> alpha_, by_term_;
};

/// E[log beta] of topics: `topics` has `terms` numbers a topic, the result k numbers a term.
std::vector<double> ExpectedLogBeta(const std::vector<double>& topics, size_t k);

/// Packed doubles as a field. Errors: kProtocol where they aren't `size`, or too many.
base::StatusOr<std::vector<double>> ReadEntries(base::FieldReader& r, size_t size);

}  // namespace soteria::ml
