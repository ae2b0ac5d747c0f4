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
#include "src/master/data_behind.h"
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

class Statistics {
 public:
  /// `permutation_root` is the session's.
  Statistics(const ReleaseGate& gate, StatisticsProcess& process, crypto::Secret permutation_root)
      : gate_(gate), process_(process), permutation_root_(std::move(permutation_root)) {}

  /// The rule by which a statistic of this kind about these rows may leave; nullptr if it can't.
  const policy::StatisticsRule* RuleFor(stats::StatisticKind kind, const DataBehind& data) const;

  /// Of an exact sum. What is about no data set (rows that the script brought) stays inside, there
  /// being no budget for it, and so do rows that can't be counted as somebody's. `enough`: the
  /// caller has found no small group of rows in the columns that are summed (summed_columns.h).
  base::StatusOr<StatisticValue> OfSums(const stats::Statistic& asked, stats::ExactSums exact,
                                        const std::string& what, const DataBehind& data,
                                        bool enough) const;

  /// Whether the rows' answers leave for this kind, so that OfAnswers is the way.
  bool ByAnswers(stats::StatisticKind kind, const DataBehind& data) const;
  /// Of rows (stats::InputForm::kRows), which leave permuted. `work` names what made them (recipe
  /// and kernel): the same work leaves the same bytes, however often it is done in a session.
  base::StatusOr<StatisticValue> OfAnswers(const stats::Statistic& asked, std::string answers,
                                           std::string_view work, const std::string& what,
                                           const DataBehind& data) const;

 private:
  base::StatusOr<StatisticValue> Outside(const ReleaseGate::Leaving& leaving,
                                         const std::vector<double>* own) const;

  const ReleaseGate& gate_;
  StatisticsProcess& process_;
  const crypto::Secret permutation_root_;
};

}  // namespace soteria::master
