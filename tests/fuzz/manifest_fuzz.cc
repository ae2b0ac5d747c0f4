// policy's Manifest parser on any bytes: what parses is a policy that keeps the parser's promises,
// and is read back from what WriteManifest makes of it. The same bytes also as a path, as a class
// name and as a glob.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/attest/binding.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/policy/gate.h"
#include "src/policy/manifest.h"
#include "src/policy/path.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own

void CheckPolicy(const policy::Manifest& manifest) {
  const policy::TeePolicy& tee = manifest.tee;
  CHECK(!tee.kinds.empty() && !tee.master_measurements.empty() && !tee.worker_measurements.empty());
  const bool simulated = tee.kinds.front() == attest::TeeKind::kSimulated;
  CHECK(simulated == tee.simulated_key.has_value());
  CHECK(!simulated || (tee.kinds.size() == 1 && tee.platforms.empty()));
  CHECK(manifest.max_workers > 0 && manifest.reattest_s > 0 && manifest.stage_attempts_max > 0);
}

void CheckStatistics(const policy::Manifest& manifest) {
  const policy::Gate gate(manifest);
  for (const std::string_view kind : policy::kStatisticKinds) {
    const bool listed =
        manifest.statistics.has_value() &&
        std::find(manifest.statistics->kinds.begin(), manifest.statistics->kinds.end(), kind) !=
            manifest.statistics->kinds.end();
    CHECK(gate.MayRelease(kind).ok() == listed);
  }
  if (!manifest.statistics.has_value()) return;
  const policy::StatisticsRule& rule = *manifest.statistics;
  CHECK(!rule.kinds.empty() && rule.min_rows > 0 && rule.bins >= policy::kBinsLeast);
  CHECK(rule.budget > 0 && (!rule.unverified || rule.release == policy::ReleaseLevel::kScores));
}

void CheckRoots(const policy::Manifest& manifest) {
  const policy::Gate gate(manifest);
  for (const policy::DataSetRule& rule : manifest.read) {
    const auto readable = gate.MayRead(rule.path);
    CHECK(readable.ok() && readable->data_set == &rule && readable->relative.empty());
    CHECK(!gate.MayWrite(rule.path).ok());
  }
  for (const policy::WritableRule& rule : manifest.write) {
    const auto writable = gate.MayWrite(rule.path);
    CHECK(writable.ok() && *writable == &rule && !rule.tee.empty());
    CHECK(gate.MayRead(rule.path).ok());
  }
}

void AsManifest(std::string_view bytes) {
  const auto manifest = policy::ParseManifest(bytes);
  if (!manifest.ok()) {
    CHECK(base::Is(manifest.status(), base::kManifest));
    return;
  }
  CHECK(manifest->text == bytes && manifest->digest == attest::PolicyHash(bytes));
  CheckPolicy(*manifest);
  CheckRoots(*manifest);
  CheckStatistics(*manifest);
  const std::string written = policy::WriteManifest(*manifest);
  const auto again = policy::ParseManifest(written);
  CHECK(again.ok());
  CHECK(policy::WriteManifest(*again) == written);
  CHECK(again->statistics == manifest->statistics);
}

void AsPath(std::string_view bytes) {
  const auto normal = policy::NormalisePath(bytes);
  if (!normal.ok()) return;
  const size_t scheme = normal->find("://");  // of a place that only the host reaches
  CHECK(policy::IsLocal(*normal) == (scheme == std::string::npos));
  const std::string path = policy::IsLocal(*normal) ? *normal : normal->substr(scheme + 2);
  CHECK(path.starts_with('/') && !path.ends_with('/'));
  CHECK(path.find("/../") == std::string::npos);
  CHECK(path.find("//", policy::IsLocal(*normal) ? 0 : 1) == std::string::npos);
  CHECK(policy::NormalisePath(*normal).value() == *normal);
  if (policy::IsLocal(*normal)) {
    CHECK(policy::NormalisePath("file://" + *normal).value() == *normal);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  AsManifest(bytes);
  AsPath(bytes);
  const std::string_view glob = bytes.substr(0, policy::kClassGlobBytesMax);
  CHECK(policy::MatchesGlob("*", bytes));
  CHECK(!policy::MatchesGlob(glob, bytes) || glob.size() <= bytes.size() ||
        glob.find('*') != std::string_view::npos);
  return 0;
}
