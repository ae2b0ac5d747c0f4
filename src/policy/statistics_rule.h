// [statistics] of the Manifest: which statistics about the job may be computed outside the
// enclaves, and how much may leave for it (I6).
//
// Must hold: a Manifest without a rule releases nothing (scheme "baseline"). A rule names at least
// one kind, each of kStatisticKinds and once; what stays inside isn't in the list of what may
// leave. Pure functions of the file's bytes, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::policy {

class TomlTable;

/// The kinds of statistics that there are, by the names that stats gives them.
inline constexpr std::array<std::string_view, 5> kStatisticKinds = {
    "binary", "multiclass", "regression", "summary", "classes"};

inline constexpr uint64_t kMinRowsMost = 1'000'000'000;
inline constexpr uint64_t kBinsLeast = 2;
inline constexpr uint64_t kBinsMost = 1'000'000;
inline constexpr uint64_t kBudgetMost = uint64_t{1} << 48;

enum class ReleaseLevel {
  kAggregate,  // sums over all rows, never a row
  kScores,     // (score or probabilities, label, weight) of rows
};
/// "aggregate" or "scores".
std::string_view ReleaseLevelName(ReleaseLevel level);
/// kInput for another name.
base::StatusOr<ReleaseLevel> ParseReleaseLevel(std::string_view name);

/// scheme = "partitioned".
struct StatisticsRule {
  ReleaseLevel release = ReleaseLevel::kAggregate;
  std::vector<std::string> kinds;   // may leave
  std::vector<std::string> inside;  // stay exact inside, by the owner's word
  uint64_t min_rows = 10;           // that each cell of an aggregate counts, or none
  uint64_t bins = 1000;             // of an aggregate's score histogram
  uint64_t budget = 100'000;        // numbers that may ever leave of one data set
  bool unverified = false;          // a value may reach the owner without an enclave's own
  bool operator==(const StatisticsRule&) const = default;
};

/// The table [statistics]; `*rule` stays empty for scheme "baseline".
base::Status ReadStatistics(TomlTable& table, std::optional<StatisticsRule>* rule);

/// The table as `soteria manifest new` writes it.
std::string StatisticsSection(const std::optional<StatisticsRule>& rule);

/// What the owner should know of a rule that parses, one sentence each.
std::vector<std::string> StatisticsWarnings(const StatisticsRule& rule, bool metrics_fetched);

}  // namespace soteria::policy
