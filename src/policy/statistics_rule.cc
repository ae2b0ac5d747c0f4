#include "src/policy/statistics_rule.h"

#include <algorithm>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/toml_table.h"

namespace soteria::policy {
namespace {

constexpr std::string_view kBaseline = "baseline";
constexpr std::string_view kPartitioned = "partitioned";
constexpr size_t kNameBytesShownMax = 32;

std::string Quoted(std::string_view text) {
  return base::Cat("\"", text.substr(0, kNameBytesShownMax), "\"");
}

// A TOML list, the kinds being plain words.
std::string List(const std::vector<std::string>& kinds) {
  std::string out = "[";
  for (const std::string& kind : kinds) out += base::Cat(out.size() > 1 ? ", " : "", Quoted(kind));
  return out + "]";
}

std::string KnownKinds() { return List({kStatisticKinds.begin(), kStatisticKinds.end()}); }

bool Contains(const std::vector<std::string>& kinds, std::string_view kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

base::Status ReadStatisticKinds(TomlTable& table, std::string_view key,
                                std::vector<std::string>* out) {
  std::vector<TomlTable::Item> items;
  SOTERIA_RETURN_IF_ERROR(table.Texts(key, &items));
  for (const auto& item : items) {
    if (std::find(kStatisticKinds.begin(), kStatisticKinds.end(), item.text) ==
        kStatisticKinds.end()) {
      return ManifestError(
          item.place,
          base::Cat(Quoted(item.text), " is no kind of statistic; known: ", KnownKinds()));
    }
    if (Contains(*out, item.text)) {
      return ManifestError(item.place, base::Cat(Quoted(item.text), " is there twice"));
    }
    out->push_back(item.text);
  }
  return base::OkStatus();
}

// Whether the scheme is "partitioned".
base::StatusOr<bool> ReadScheme(TomlTable& table) {
  std::string scheme(kBaseline);
  SOTERIA_RETURN_IF_ERROR(table.Text("scheme", &scheme));
  if (scheme != kBaseline && scheme != kPartitioned) {
    return ManifestError(table.PlaceOf("scheme"),
                         base::Cat(Quoted(scheme), " is no scheme; write ", Quoted(kBaseline),
                                   " or ", Quoted(kPartitioned)));
  }
  return scheme == kPartitioned;
}

base::Status ReadRelease(TomlTable& table, ReleaseLevel* release) {
  std::string name(ReleaseLevelName(*release));
  SOTERIA_RETURN_IF_ERROR(table.Text("release", &name));
  const base::StatusOr<ReleaseLevel> level = ParseReleaseLevel(name);
  if (!level.ok()) return ManifestError(table.PlaceOf("release"), base::Message(level.status()));
  *release = *level;
  return base::OkStatus();
}

base::Status ReadRule(TomlTable& table, StatisticsRule* rule) {
  SOTERIA_RETURN_IF_ERROR(ReadRelease(table, &rule->release));
  SOTERIA_RETURN_IF_ERROR(ReadStatisticKinds(table, "kinds", &rule->kinds));
  SOTERIA_RETURN_IF_ERROR(ReadStatisticKinds(table, "inside", &rule->inside));
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("min_rows", 1, kMinRowsMost, &rule->min_rows));
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("bins", kBinsLeast, kBinsMost, &rule->bins));
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("budget", 1, kBudgetMost, &rule->budget));
  return table.Bool("unverified", &rule->unverified);
}

base::Status CheckRule(const TomlTable& table, const StatisticsRule& rule) {
  const std::string example = base::Cat("kinds = ", KnownKinds());
  if (!table.Has("kinds")) return table.Missing("kinds", example);
  if (rule.kinds.empty()) {
    return ManifestError(table.PlaceOf("kinds"),
                         base::Cat("is empty, so nothing could leave; write ", example,
                                   ", or scheme = ", Quoted(kBaseline)));
  }
  for (const std::string& kind : rule.inside) {
    if (!Contains(rule.kinds, kind)) continue;
    return ManifestError(table.PlaceOf("inside"),
                         base::Cat(Quoted(kind),
                                   " is in kinds too; what stays inside can't leave: write it in "
                                   "one of the two"));
  }
  const bool scores = rule.release == ReleaseLevel::kScores;
  for (const std::string_view key : {"min_rows", "bins"}) {
    if (!scores || !table.Has(key)) continue;
    return ManifestError(table.PlaceOf(key),
                         "has no meaning with release = \"scores\", which releases rows and no "
                         "cells; leave it out");
  }
  if (rule.unverified && !scores) {
    return ManifestError(table.PlaceOf("unverified"),
                         "is for release = \"scores\" only: of an aggregate the enclave always "
                         "computes the value itself and compares; leave it out");
  }
  return base::OkStatus();
}

}  // namespace

std::string_view ReleaseLevelName(ReleaseLevel level) {
  return level == ReleaseLevel::kScores ? "scores" : "aggregate";
}

base::StatusOr<ReleaseLevel> ParseReleaseLevel(std::string_view name) {
  for (const ReleaseLevel level : {ReleaseLevel::kAggregate, ReleaseLevel::kScores}) {
    if (name == ReleaseLevelName(level)) return level;
  }
  return base::Fail(base::kInput,
                    base::Cat(Quoted(name), " is no level; write \"aggregate\" or \"scores\""));
}

base::Status ReadStatistics(TomlTable& table, std::optional<StatisticsRule>* rule) {
  SOTERIA_ASSIGN_OR_RETURN(const bool partitioned, ReadScheme(table));
  StatisticsRule read;
  SOTERIA_RETURN_IF_ERROR(ReadRule(table, &read));
  if (partitioned) {
    SOTERIA_RETURN_IF_ERROR(CheckRule(table, read));
    *rule = std::move(read);
    return base::OkStatus();
  }
  for (const std::string_view key :
       {"release", "kinds", "inside", "min_rows", "bins", "budget", "unverified"}) {
    if (!table.Has(key)) continue;
    return ManifestError(table.PlaceOf(key),
                         base::Cat("has no meaning with scheme = ", Quoted(kBaseline),
                                   ", which releases nothing; write scheme = ",
                                   Quoted(kPartitioned), ", or leave it out"));
  }
  return base::OkStatus();
}

std::string StatisticsSection(const std::optional<StatisticsRule>& rule) {
  std::string out =
      "\n# Where statistics about the job are computed: \"baseline\", inside the enclaves, or\n"
      "# \"partitioned\", where an untrusted process finishes what is listed from numbers that "
      "are\n"
      "# released to it, on record in the ledger.\n[statistics]\n";
  if (!rule.has_value()) return base::Cat(out, "scheme = ", Quoted(kBaseline), "\n");
  const bool scores = rule->release == ReleaseLevel::kScores;
  out += base::Cat("scheme = ", Quoted(kPartitioned), "\n");
  if (scores) {
    out +=
        "# \"scores\" shows the host the model's answers on these rows. \"aggregate\" doesn't.\n";
  }
  out += base::Cat("release = ", Quoted(ReleaseLevelName(rule->release)),
                   "\nkinds = ", List(rule->kinds), "  # may leave\ninside = ", List(rule->inside),
                   "  # stay inside, exact\n");
  if (!scores) {
    out +=
        base::Cat("min_rows = ", rule->min_rows, "  # that every released cell counts, or none\n",
                  "bins = ", rule->bins, "  # of a score histogram\n");
  }
  out += base::Cat("budget = ", rule->budget, "  # numbers that may ever leave of one data set\n");
  if (scores) {
    out += base::Cat("unverified = ", rule->unverified,
                     "  # true: values are taken as the process gives them\n");
  }
  return out;
}

std::vector<std::string> StatisticsWarnings(const StatisticsRule& rule, bool metrics_fetched) {
  std::vector<std::string> found;
  if (rule.release == ReleaseLevel::kScores) {
    found.emplace_back(
        "[statistics] release = \"scores\" shows the host the model's answers on these rows: the "
        "score or class probabilities, label and weight of each row that is evaluated");
  }
  if (rule.unverified) {
    found.emplace_back(
        "[statistics] unverified = true: the script gets values as the untrusted process gives "
        "them, which could steer what the script does next, such as CrossValidator's choice");
  }
  if (rule.min_rows == 1) {
    found.emplace_back("[statistics] min_rows = 1: a released cell may speak of a single row");
  }
  // Tables and counts are rows, not metrics.
  const bool metrics = std::any_of(rule.kinds.begin(), rule.kinds.end(), [](const auto& kind) {
    return kind != "summary" && kind != "classes";
  });
  if (metrics && !metrics_fetched) {
    found.emplace_back(
        "[statistics] kinds may leave the enclaves, but [outputs] metrics = false keeps their "
        "values from the script; add metrics = true, or write scheme = \"baseline\"");
  }
  return found;
}

}  // namespace soteria::policy
