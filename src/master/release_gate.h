// The way out to the untrusted side: a statistic's input is checked against the Manifest's
// [statistics], debited from the budget of every data set behind it, recorded in the owner's
// ledger, and only then becomes a Released (I3). A release is made after the complete reduce, by
// the master alone.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/ledger/ledger.h"
#include "src/master/provisioned.h"
#include "src/master/released.h"
#include "src/master/roots.h"
#include "src/policy/gate.h"
#include "src/stats/statistic.h"

namespace soteria::master {

class ReleaseGate {
 public:
  ReleaseGate(const policy::Gate& gate, Roots& roots, ledger::LedgerWriter& ledger,
              const EnclaveClock& clock)
      : gate_(gate), roots_(roots), ledger_(ledger), clock_(clock) {}

  /// The owner's rule if statistics of this kind are computed outside, else nullptr.
  const policy::StatisticsRule* RuleFor(stats::StatisticKind kind) const;

  /// What leaves, and whose it is.
  struct Leaving {
    stats::Question question;
    std::string what;               // class and metric, for the ledger
    uint64_t rows = 0;              // that the numbers are about
    uint64_t numbers = 0;           // the debit
    std::vector<std::string> data;  // ids of the data sets and trees that pay (DataBehind)
    bool unverified = false;
  };
  /// The question as it goes out. kNotInManifest: the kind isn't listed, or a budget is spent, or
  /// is of a root that isn't listed.
  base::StatusOr<Released<std::string>> Release(const Leaving& leaving) const;

 private:
  base::StatusOr<std::vector<ledger::VersionRecord>> Paying(
      const std::vector<std::string>& data) const;

  const policy::Gate& gate_;
  Roots& roots_;
  ledger::LedgerWriter& ledger_;
  const EnclaveClock& clock_;
};

}  // namespace soteria::master
