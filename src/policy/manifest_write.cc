#include "src/base/bytes.h"
#include "src/base/text.h"
#include "src/policy/manifest.h"
#include "src/policy/path.h"

namespace soteria::policy {
namespace {

// A TOML basic string.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += base::Cat("\\u00", base::Hex({&c, 1}));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// `key = [..]`, one entry a line when there are several.
template <class Entries, class Name>
std::string List(std::string_view key, const Entries& entries, Name name) {
  std::string out = base::Cat(key, " = [");
  const bool lines = entries.size() > 1;
  for (const auto& entry : entries) {
    out += base::Cat(lines ? "\n  " : "", Quoted(name(entry)), lines ? "," : "");
  }
  return out + (lines ? "\n]\n" : "]\n");
}

std::string KindName(TeeKind kind) { return std::string(attest::TeeKindName(kind)); }
std::string MeasurementHex(const base::Digest& digest) { return base::Hex(base::View(digest)); }
std::string Same(const std::string& text) { return text; }

std::string TeeSection(const TeePolicy& tee) {
  std::string out =
      "\n# Which enclaves may join: their kinds, and the measurements of the master and the "
      "workers\n"
      "# (`soteria-master --measure`, `soteria-worker --measure`).\n[tee]\n";
  out += List("kinds", tee.kinds, KindName);
  out += List("master", tee.master_measurements, MeasurementHex);
  out += List("worker", tee.worker_measurements, MeasurementHex);
  if (tee.simulated_key.has_value()) {
    out += base::Cat("# NOT PROTECTED: simulated enclaves. The cluster's public key:\n",
                     "simulated_key = ", Quoted(base::Hex(*tee.simulated_key)), "\n");
  } else if (tee.platforms.empty()) {
    out +=
        "# Only these machines (recommended); without it any genuine platform is believed.\n"
        "# platforms = [\"...\"]\n";
  } else {
    out += "# Only these machines.\n" + List("platforms", tee.platforms, Same);
  }
  return out;
}

template <class Rule>
std::string RootKeys(const Rule& rule) {
  return base::Cat("path = ", Quoted(IsLocal(rule.path) ? "file://" + rule.path : rule.path),
                   rule.alias.empty() ? "" : base::Cat("\nas = ", Quoted(rule.alias)),
                   "\nid = ", Quoted(rule.id), "\nmin_version = ", rule.min_version, "\n");
}

std::string RootSections(const Manifest& manifest) {
  std::string out = "\n# Data sets and trees that the job may read, one [[read]] each.\n";
  if (manifest.read.empty()) {
    out += "# [[read]]\n# path = \"file:///bucket/patients\"\n# id = \"32 hex digits\"\n";
  }
  for (const DataSetRule& rule : manifest.read) {
    out += "[[read]]\n" + RootKeys(rule) + "\n";
  }
  out += "\n# Roots that the job may write (and read), one [[write]] each.\n";
  if (manifest.write.empty()) {
    out += "# [[write]]\n# path = \"file:///bucket/models\"\n# id = \"32 hex digits\"\n";
  }
  for (const WritableRule& rule : manifest.write) {
    out += "[[write]]\n" + RootKeys(rule);
    out += List("tee_kinds", rule.tee, KindName) + "\n";
  }
  return out;
}

}  // namespace

std::string WriteManifest(const Manifest& manifest) {
  std::string out = base::Cat(
      "# Soteria Manifest: what this job may do. What isn't listed is refused.\n"
      "# docs/formats/manifest.md explains every key; `soteria manifest check FILE` checks it.\n\n",
      "task = ", Quoted(manifest.task), "\n");
  out += TeeSection(manifest.tee);
  out +=
      "\n# Classes of pyspark.ml that the script may use, by full name; * stands for any run of\n"
      "# characters.\n[ml]\n";
  out += List("classes", manifest.classes, Same);
  out += RootSections(manifest);
  out += base::Cat(
      "\n# What the script may fetch: rows (tables, and error texts that quote data), metrics\n"
      "# (numbers from evaluators and summaries), models (coefficients and the like).\n[outputs]\n",
      "rows = ", manifest.rows, "\nmetrics = ", manifest.metrics, "\nmodels = ", manifest.models,
      "\n");
  out += StatisticsSection(manifest.statistics);
  out += base::Cat(
      "\n[limits]\n", "max_workers = ", manifest.max_workers, "  # workers admitted in a job\n",
      "linger_s = ", manifest.linger_s,
      "  # enclaves end this long after the owner's last connection\n",
      "reattest_s = ", manifest.reattest_s, "  # evidence is renewed after this long\n",
      "collect_bytes_max = ", manifest.collect_bytes_max,
      "  # of one result that the owner fetches\n",
      "stage_attempts_max = ", manifest.stage_attempts_max,
      "  # of one task, before its stage fails\n", "outcomes_max = ", manifest.outcomes_max,
      "  # failures of work that a job without rows may see\n");
  return out;
}

}  // namespace soteria::policy
