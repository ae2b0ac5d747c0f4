#include "src/master/release_gate.h"

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::master {

const policy::StatisticsRule* ReleaseGate::RuleFor(stats::StatisticKind kind) const {
  return gate_.MayRelease(stats::KindName(kind)).ok() ? gate_.statistics() : nullptr;
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
  std::vector<ledger::VersionRecord> records = roots_.Records(leaving.data);
  if (leaving.data.empty() || records.size() != leaving.data.size()) {
    return base::Fail(base::kInternal, "a release of no data set, or of one that isn't open");
  }
  SOTERIA_RETURN_IF_ERROR(
      ledger_.AppendRelease(std::move(entry), rule.budget, std::move(records), clock_.NowMs()));
  return Released<std::string>(std::move(bytes));
}

}  // namespace soteria::master
