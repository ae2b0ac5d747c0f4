#include "src/master/output_gate.h"

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::master {

ledger::Output::Kind OutputGate::LedgerKind(policy::Output kind) {
  switch (kind) {
    case policy::Output::kRows:
      return ledger::Output::Kind::kRows;
    case policy::Output::kMetrics:
      return ledger::Output::Kind::kMetrics;
    case policy::Output::kModels:
      return ledger::Output::Kind::kModels;
  }
  return ledger::Output::Kind::kRows;
}

std::string OutputGate::RuleOf(policy::Output kind) {
  return base::Cat("[outputs] ", policy::OutputName(kind), " = true");
}

base::Status OutputGate::Record(ledger::Output::Kind kind, std::string rule,
                                std::string_view content, const std::string& what, uint64_t rows,
                                Provenance from) const {
  ledger::Output output;
  output.kind = kind;
  output.rule = std::move(rule);
  output.what = what.substr(0, ledger::kTextBytesMax);
  output.rows = rows;
  output.outside = from.placement == Placement::kOutside;
  output.unverified = from.unverified;
  output.content = ledger_.Conceal(content);
  return ledger_.Append(output, clock_.NowMs());
}

base::Status OutputGate::Permit(const base::Status& status) const {
  if (status.ok() || !base::QuotesData(status)) return status;
  const std::string name = base::ConditionName(status);
  if (gate_.MayOutput(policy::Output::kRows).ok()) {
    SOTERIA_RETURN_IF_ERROR(Record(ledger::Output::Kind::kRows, RuleOf(policy::Output::kRows),
                                   base::Message(status), name, 0));
    return status;
  }
  const std::string exception = base::ExceptionName(status);
  const std::string sql_state = base::SqlState(status);
  const base::Condition condition{name.c_str(), exception.c_str(), sql_state.c_str(),
                                  status.code()};
  return base::Fail(condition,
                    "the text quotes data, which the Manifest doesn't let out: add `rows = true` "
                    "to [outputs] to see it");
}

}  // namespace soteria::master
