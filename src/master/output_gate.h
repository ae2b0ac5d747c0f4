// The way out to the owner: each value is checked against the Manifest's outputs, recorded in the
// owner's ledger, and only then becomes a Permitted (I3). Error texts go the same way: one that
// quotes data is replaced by its class when the Manifest lacks `rows`.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/status.h"
#include "src/ledger/ledger.h"
#include "src/master/permitted.h"
#include "src/master/provisioned.h"
#include "src/master/statistics.h"
#include "src/policy/gate.h"

namespace soteria::master {

class OutputGate {
 public:
  OutputGate(const policy::Gate& gate, ledger::LedgerWriter& ledger, const EnclaveClock& clock)
      : gate_(gate), ledger_(ledger), clock_(clock) {}

  /// Whether that kind may leave at all: asked before work begins, so that nothing runs in vain.
  base::Status MayLeave(policy::Output kind) const { return gate_.MayOutput(kind); }

  /// Lets `value` out. `content` are its bytes for the record, `what` names it.
  template <class T>
  base::StatusOr<Permitted<T>> Permit(policy::Output kind, T value, std::string_view content,
                                      const std::string& what, uint64_t rows,
                                      Provenance from = {}) const {
    SOTERIA_RETURN_IF_ERROR(gate_.MayOutput(kind));
    SOTERIA_RETURN_IF_ERROR(Record(LedgerKind(kind), RuleOf(kind), content, what, rows, from));
    return Permitted<T>(std::move(value));
  }

  /// Lets out what a client must know of a fitted model to hold it at all (how many classes and
  /// features, whether there is a summary): allowed with the class itself, recorded like the rest.
  template <class T>
  base::StatusOr<Permitted<T>> PermitShape(T value, std::string_view content,
                                           const std::string& what) const {
    SOTERIA_RETURN_IF_ERROR(
        Record(ledger::Output::Kind::kModels, "[ml] classes", content, what, 0));
    return Permitted<T>(std::move(value));
  }

  /// The status as the owner may see it. A text that quotes data is recorded like other rows.
  base::Status Permit(const base::Status& status) const;

 private:
  static ledger::Output::Kind LedgerKind(policy::Output kind);
  static std::string RuleOf(policy::Output kind);
  base::Status Record(ledger::Output::Kind kind, std::string rule, std::string_view content,
                      const std::string& what, uint64_t rows, Provenance from = {}) const;

  const policy::Gate& gate_;
  ledger::LedgerWriter& ledger_;
  const EnclaveClock& clock_;
};

}  // namespace soteria::master
