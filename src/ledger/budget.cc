#include "src/ledger/budget.h"

#include <algorithm>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ledger {

using base::Cat;
using base::StatusOr;

StatusOr<uint64_t> Debit(uint64_t spent, uint64_t budget, uint64_t numbers) {
  const uint64_t left = budget - std::min(spent, budget);
  if (numbers <= left) return spent + numbers;
  return base::Fail(base::kNotInManifest,
                    Cat("the release has ", numbers, " numbers, and of the data set's budget of ",
                        budget, " only ", left, " are left: raise budget in [statistics]"));
}

StatusOr<std::vector<Spending>> DebitAll(uint64_t budget, uint64_t numbers,
                                         std::vector<VersionRecord>* records) {
  std::vector<VersionRecord> after = *records;
  std::sort(after.begin(), after.end(),
            [](const VersionRecord& a, const VersionRecord& b) { return a.id < b.id; });
  std::vector<Spending> spendings;
  for (VersionRecord& record : after) {
    if (!spendings.empty() && spendings.back().id == record.id) {
      return base::Fail(base::kInternal, "budget: a data set twice in one release");
    }
    StatusOr<uint64_t> spent = Debit(record.spent, budget, numbers);
    if (!spent.ok()) return base::WithContext(spent.status(), base::Hex(record.id));
    record.spent = *spent;
    spendings.push_back(
        {.id = record.id, .spent = *spent, .left = budget - std::min(*spent, budget)});
  }
  *records = std::move(after);
  return spendings;
}

}  // namespace soteria::ledger
