#include "src/master/release_gate.h"

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::master {

const policy::StatisticsRule* ReleaseGate::RuleFor(stats::StatisticKind kind) const {
  return gate_.MayRelease(stats::KindName(kind)).ok() ? gate_.statistics() : nullptr;
}

base::StatusOr<std::vector<ledger::VersionRecord>> ReleaseGate::Paying(
    const std::vector<std::string>& data) const {
  if (data.empty()) return base::Fail(base::kInternal, "a release of no data set");
  for (const std::string& id : data) {
    // The origin of rows that a job wrote need not be among what this one reads.
    const base::StatusOr<policy::Readable> root = gate_.RootOf(base::Hex(id));
    if (!root.ok()) {
      return base::WithContext(root.status(),
                               "rows that were written by a job are released about, which their "
                               "origin's budget has to pay for");
    }
    if (!roots_.Records({id}).empty()) continue;
    SOTERIA_RETURN_IF_ERROR(roots_.Open(*root).status());
  }
  std::vector<ledger::VersionRecord> records = roots_.Records(data);
  if (records.size() == data.size()) return records;
  return base::Fail(base::kInternal, "a release of a data set without a record");
}

base::StatusOr<Released<std::string>> ReleaseGate::Release(const Leaving& leaving) const {
  const std::string_view kind = stats::KindName(leaving.question.statistic.kind);
  SOTERIA_RETURN_IF_ERROR(gate_.MayRelease(kind));
  const policy::StatisticsRule& rule = *gate_.statistics();
  std::string bytes = stats::EncodeQuestion(leaving.question);
  ledger::Release entry;
  entry.level = leaving.question.input.form == stats::InputForm::kRows
                    ? ledger::Release::Level::kScores
                    : ledger::Release::Level::kAggregate;
  if (entry.level == ledger::Release::Level::kScores &&
      rule.release != policy::ReleaseLevel::kScores) {
    return base::Fail(base::kNotInManifest,
                      "rows' scores would leave: the Manifest's [statistics] needs release = "
                      "\"scores\"");
  }
  entry.rule = base::Cat("[statistics] release = \"", policy::ReleaseLevelName(rule.release),
                         "\", kinds = \"", kind, "\"");
  entry.kind = std::string(kind);
  entry.statistic = leaving.what;
  entry.rows = leaving.rows;
  entry.budget_spent = leaving.numbers;
  entry.bytes = bytes.size();
  entry.outside = true;
  entry.unverified = leaving.unverified;
  entry.content = crypto::Sha256(bytes);
  SOTERIA_ASSIGN_OR_RETURN(std::vector<ledger::VersionRecord> records, Paying(leaving.data));
  SOTERIA_RETURN_IF_ERROR(
      ledger_.AppendRelease(std::move(entry), rule.budget, std::move(records), clock_.NowMs()));
  return Released<std::string>(std::move(bytes));
}

}  // namespace soteria::master
