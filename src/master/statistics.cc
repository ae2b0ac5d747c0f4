#include "src/master/statistics.h"

#include <cstring>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/master/permute.h"

namespace soteria::master {
namespace {

constexpr size_t kSeedBytes = 32;
constexpr size_t kRowBytes = stats::kNumbersOfRow * sizeof(double);

bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

}  // namespace

const policy::StatisticsRule* Statistics::RuleFor(stats::StatisticKind kind,
                                                  const DataBehind& data) const {
  return data.MayBeCounted() ? gate_.RuleFor(kind) : nullptr;
}

base::StatusOr<StatisticValue> Statistics::OfSums(const stats::Statistic& asked,
                                                  stats::ExactSums exact, const std::string& what,
                                                  const DataBehind& data, bool enough) const {
  const auto inside = [&]() -> base::StatusOr<StatisticValue> {
    SOTERIA_ASSIGN_OR_RETURN(
        std::vector<double> numbers,
        stats::Compute(asked, {stats::InputForm::kSums, std::move(exact.sums)}));
    return StatisticValue{std::move(numbers), {}};
  };
  const policy::StatisticsRule* rule = RuleFor(asked.kind, data);
  if (rule == nullptr || !enough) return inside();
  auto made = stats::MakeReleasable(asked, exact, rule->min_rows, rule->bins);
  if (base::Is(made.status(), stats::kStaysInside)) return inside();
  SOTERIA_RETURN_IF_ERROR(made.status());
  // What has no answer inside isn't asked outside.
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> own, stats::Compute(asked, made->input));
  ReleaseGate::Leaving leaving;
  leaving.question = {asked, std::move(made->input)};
  leaving.what = what;
  leaving.rows = made->rows;
  leaving.numbers = made->numbers;
  leaving.data = data.Pays();
  return Outside(leaving, &own);
}

bool Statistics::ByAnswers(stats::StatisticKind kind, const DataBehind& data) const {
  const policy::StatisticsRule* rule = RuleFor(kind, data);
  return rule != nullptr && rule->release == policy::ReleaseLevel::kScores;
}

base::StatusOr<StatisticValue> Statistics::OfAnswers(const stats::Statistic& asked,
                                                     std::string answers, std::string_view work,
                                                     const std::string& what,
                                                     const DataBehind& data) const {
  const policy::StatisticsRule* rule = RuleFor(asked.kind, data);
  if (rule == nullptr || answers.size() % kRowBytes != 0) {
    return base::Fail(base::kInternal, "answers that may not leave, or aren't rows");
  }
  if (answers.empty()) {  // nothing to release, nor to pay for
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> own,
                             stats::Compute(asked, {stats::InputForm::kRows, ""}));
    return StatisticValue{std::move(own), {}};
  }
  ReleaseGate::Leaving leaving;
  leaving.question.statistic = asked;
  const crypto::Secret seed =
      crypto::Hkdf(permutation_root_, "soteria/1 permute", work, kSeedBytes);
  leaving.question.input = {stats::InputForm::kRows, Permuted(std::move(answers), kRowBytes, seed)};
  leaving.what = what;
  leaving.rows = leaving.question.input.bytes.size() / kRowBytes;
  leaving.numbers = leaving.rows * stats::kNumbersOfRow;
  leaving.data = data.Pays();
  leaving.unverified = rule->unverified;
  if (rule->unverified) return Outside(leaving, nullptr);
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> own,
                           stats::Compute(asked, leaving.question.input));
  return Outside(leaving, &own);
}

base::StatusOr<StatisticValue> Statistics::Outside(const ReleaseGate::Leaving& leaving,
                                                   const std::vector<double>* own) const {
  SOTERIA_ASSIGN_OR_RETURN(const Released<std::string> released, gate_.Release(leaving));
  SOTERIA_ASSIGN_OR_RETURN(auto numbers, process_.Ask(released));
  if (own == nullptr) {
    if (numbers.has_value())
      return StatisticValue{*std::move(numbers), {Placement::kOutside, true}};
    return base::Fail(kStatistics, "the cluster's statistics process has no value for this");
  }
  if (!numbers.has_value() || !SameBits(*numbers, *own)) {
    return base::Fail(kStatistics,
                      "the cluster's statistics process gave another value than the enclave's own");
  }
  return StatisticValue{*own, {Placement::kOutside, false}};
}

}  // namespace soteria::master
