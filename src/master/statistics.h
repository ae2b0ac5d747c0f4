// How a statistic gets its value: inside, or outside by the Manifest's rule. A value that an
// untrusted process computed is compared bit for bit with the enclave's own, whose only effects are
// go on or fail (I6); without that, where the owner wants it so, it is marked.
//
// Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/dataflow/recipe.h"
#include "src/master/release_gate.h"
#include "src/master/statistics_process.h"
#include "src/stats/statistic.h"

namespace soteria::master {

/// Where the stage runs that finishes a statistic: all others are the enclaves'. An outside stage
/// runs on a statistics process of the host's choice, which nobody trusts, and gets what the gate
/// has released.
enum class Placement { kEnclave, kOutside };

/// Where a value comes from.
struct Provenance {
  Placement placement = Placement::kEnclave;
  bool unverified = false;  // outside, and no enclave computed the same
};

struct StatisticValue {
  std::vector<double> numbers;
  Provenance from;
};

/// Ids of the data sets and trees that a recipe reads, each once.
std::vector<std::string> DataOf(const dataflow::Recipe& recipe);

class Statistics {
 public:
  /// `permutation_root` is the session's.
  Statistics(const ReleaseGate& gate, StatisticsProcess& process, crypto::Secret permutation_root)
      : gate_(gate), process_(process), permutation_root_(std::move(permutation_root)) {}

  /// Of an exact sum. What is about no data set (rows that the script brought) stays inside: there
  /// is no budget for it.
  base::StatusOr<StatisticValue> OfSums(const stats::Statistic& asked, stats::ExactSums exact,
                                        const std::string& what,
                                        const std::vector<std::string>& data) const;

  /// Whether the rows' answers leave for this kind, so that OfAnswers is the way.
  bool ByAnswers(stats::StatisticKind kind, const std::vector<std::string>& data) const;
  /// Of rows (stats::InputForm::kRows), which leave permuted. `work` names what made them (recipe
  /// and kernel): the same work leaves the same bytes, however often it is done in a session.
  base::StatusOr<StatisticValue> OfAnswers(const stats::Statistic& asked, std::string answers,
                                           std::string_view work, const std::string& what,
                                           const std::vector<std::string>& data) const;

 private:
  base::StatusOr<StatisticValue> Outside(const ReleaseGate::Leaving& leaving,
                                         const std::vector<double>* own) const;

  const ReleaseGate& gate_;
  StatisticsProcess& process_;
  const crypto::Secret permutation_root_;
};

}  // namespace soteria::master
