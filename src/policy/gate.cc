#include "src/policy/gate.h"

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/nearest.h"
#include "src/policy/path.h"

namespace soteria::policy {
namespace {

/// Spark's default for spark.sql.warehouse.dir, in the folder that it runs in.
constexpr std::string_view kWarehouse = "spark-warehouse";

base::Status NotListed(std::string_view path, std::string_view table, const Manifest& manifest) {
  const std::string nearest = NearestPath(path, manifest);
  return base::Fail(
      base::kNotInManifest,
      base::Cat("\"", path, "\" is not in the Manifest: add [[", table, "]] path = \"", path,
                "\" and its id",
                nearest.empty() ? "" : base::Cat("; or did you mean \"", nearest, "\"?")));
}

std::string Below(std::string_view path, std::string_view root) {
  return std::string(path.substr(std::min(path.size(), root.size() + 1)));
}

void Name(const DataSetRule& rule, Readable* readable) { readable->data_set = &rule; }
void Name(const WritableRule& rule, Readable* readable) { readable->writable = &rule; }

template <class Rule>
Readable At(const std::string& normal, const Rule& rule) {
  Readable readable;
  readable.path = normal;
  readable.root = rule.path;
  readable.relative = Below(normal, rule.path);
  readable.id = rule.id;
  readable.min_version = rule.min_version;
  Name(rule, &readable);
  return readable;
}

}  // namespace

std::string_view OutputName(Output output) {
  switch (output) {
    case Output::kRows:
      return "rows";
    case Output::kMetrics:
      return "metrics";
    case Output::kModels:
      return "models";
  }
  return "rows";
}

base::StatusOr<std::string> Gate::Resolved(std::string_view path) const {
  std::string_view text = path;
  if (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  // Names don't contain each other (ParseManifest), so at most one matches.
  const auto below = [&](const auto& rule) {
    return !rule.alias.empty() && IsWithin(text, rule.alias);
  };
  const auto real = [&](const auto& rule) {
    return NormalisePath(base::Cat(rule.path, text.substr(rule.alias.size())));
  };
  for (const DataSetRule& rule : manifest_.read) {
    if (below(rule)) return real(rule);
  }
  for (const WritableRule& rule : manifest_.write) {
    if (below(rule)) return real(rule);
  }
  return NormalisePath(path);
}

base::StatusOr<Readable> Gate::MayRead(std::string_view path) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string normal, Resolved(path));
  // I3. Roots don't contain each other (ParseManifest), so at most one matches.
  for (const DataSetRule& rule : manifest_.read) {
    if (IsWithin(normal, rule.path)) return At(normal, rule);
  }
  for (const WritableRule& rule : manifest_.write) {
    if (IsWithin(normal, rule.path)) return At(normal, rule);
  }
  return NotListed(normal, "read", manifest_);
}

base::StatusOr<Readable> Gate::RootOf(std::string_view id) const {
  for (const DataSetRule& rule : manifest_.read) {
    if (rule.id == id) return At(rule.path, rule);
  }
  for (const WritableRule& rule : manifest_.write) {
    if (rule.id == id) return At(rule.path, rule);
  }
  return base::Fail(base::kNotInManifest, base::Cat("the root with the id ", id,
                                                    " is not in the Manifest: add [[read]] "
                                                    "with its path and id = \"",
                                                    id, "\""));
}

base::StatusOr<const WritableRule*> Gate::MayWrite(std::string_view path) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string normal, Resolved(path));
  for (const WritableRule& rule : manifest_.write) {  // I3
    if (IsWithin(normal, rule.path)) return &rule;
  }
  return NotListed(normal, "write", manifest_);
}

std::optional<std::string> Gate::Warehouse() const {
  const auto is = [](const auto& rule) {
    return rule.alias == kWarehouse || rule.path.ends_with(base::Cat("/", kWarehouse));
  };
  for (const WritableRule& rule : manifest_.write) {
    if (is(rule)) return rule.path;
  }
  for (const DataSetRule& rule : manifest_.read) {
    if (is(rule)) return rule.path;
  }
  if (manifest_.write.empty()) return std::nullopt;
  return manifest_.write.front().path;
}

base::Status Gate::MayUse(std::string_view class_name) const {
  const bool listed =
      std::any_of(manifest_.classes.begin(), manifest_.classes.end(),
                  [&](const std::string& glob) { return MatchesGlob(glob, class_name); });
  if (listed) return base::OkStatus();  // I3
  return base::Fail(base::kNotInManifest,
                    base::Cat("class ", class_name.substr(0, kClassGlobBytesMax),
                              " is not in the Manifest: add \"",
                              class_name.substr(0, kClassGlobBytesMax), "\" to [ml] classes"));
}

base::Status Gate::MayOutput(Output output) const {
  bool allowed = false;
  switch (output) {
    case Output::kRows:
      allowed = manifest_.rows;
      break;
    case Output::kMetrics:
      allowed = manifest_.metrics;
      break;
    case Output::kModels:
      allowed = manifest_.models;
      break;
  }
  if (allowed) return base::OkStatus();  // I3
  const std::string_view name = OutputName(output);
  return base::Fail(base::kNotInManifest, base::Cat("the Manifest allows no output of ", name,
                                                    ": add ", name, " = true to [outputs]"));
}

base::Status Gate::MayRelease(std::string_view kind) const {
  const std::string shown = base::Cat("\"", kind.substr(0, kClassGlobBytesMax), "\"");
  const auto refuse = [&shown](std::string_view remedy) {
    return base::Fail(base::kNotInManifest,
                      base::Cat("the Manifest lets no ", shown, " statistics leave: ", remedy));
  };
  const auto contains = [kind](const std::vector<std::string>& kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  const StatisticsRule* rule = statistics();  // I3, I6
  if (rule == nullptr) {
    return refuse(
        base::Cat("write scheme = \"partitioned\" and kinds = [", shown, "] in [statistics]"));
  }
  if (contains(rule->kinds)) return base::OkStatus();
  if (contains(rule->inside)) {
    return refuse(base::Cat("[statistics] inside keeps them; move ", shown,
                            " to [statistics] kinds to release them"));
  }
  return refuse(base::Cat("add ", shown, " to [statistics] kinds"));
}

bool MatchesGlob(std::string_view glob, std::string_view text) {
  size_t g = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t retry = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      retry = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace soteria::policy
