// A small session as a master would record it, and a store that keeps what it is given. Tests only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/ledger/ledger.h"

namespace soteria::ledger {

class StoreForTest : public OwnerStore {
 public:
  base::Status Store(std::string_view entry, const std::vector<VersionRecord>& versions) override {
    if (fail) return base::Fail(base::kIo, "the owner is gone");
    entries.emplace_back(entry);
    records.insert(records.end(), versions.begin(), versions.end());
    return base::OkStatus();
  }
  bool fail = false;
  std::vector<std::string> entries;
  std::vector<VersionRecord> records;
};

inline base::Digest DigestForTest(uint8_t fill) {
  base::Digest digest;
  digest.fill(fill);
  return digest;
}

inline Head HeadForTest(const crypto::IdentityKey& key) {
  Head head;
  head.manifest = DigestForTest(1);
  head.task = "risk";
  head.evidence = "evidence";
  head.nonce = std::string(32, 'n');
  head.exporter = std::string(32, 'x');
  head.identity = key.public_der();
  head.build = "simulated";
  head.version = "0.1.0";
  return head;
}

/// As the master records one; EventsForTest has one of the first form, without a level.
inline Release ReleaseForTest() {
  Release release;
  release.rule = "[statistics] kinds";
  release.statistic = "BinaryClassificationEvaluator areaUnderROC";
  release.rows = 1000;
  release.budget_spent = 24;
  release.content = DigestForTest(4);
  release.level = Release::Level::kAggregate;
  release.kind = "binary";
  release.data_sets = {{.id = std::string(16, 'p'), .spent = 48, .left = 52},
                       {.id = std::string(16, 'q'), .spent = 24, .left = 76}};
  release.bytes = 400;
  release.outside = true;
  return release;
}

/// As the master records one; EventsForTest has none.
inline Admission AdmissionForTest(uint64_t sender) {
  Admission worker;
  worker.sender = sender;
  worker.tee = "sgx";
  worker.measurement = DigestForTest(6);
  worker.evidence = DigestForTest(7);
  worker.identity = DigestForTest(8);
  return worker;
}

/// One entry of each other kind; the End last.
inline std::vector<Event> EventsForTest(const crypto::IdentityKey& key) {
  Access read;
  read.path = "/bucket/patients";
  read.id = std::string(16, 'p');
  read.version = 3;
  read.index = DigestForTest(2);
  Access write = read;
  write.mode = Access::Mode::kWrite;
  write.path = "/bucket/models";
  Output output;
  output.kind = Output::Kind::kMetrics;
  output.rule = "outputs.metrics";
  output.what = "BinaryClassificationEvaluator.evaluate";
  output.rows = 1000;
  output.content = DigestForTest(3);
  Release release;
  release.rule = "statistics[0]";
  release.statistic = "roc";
  release.rows = 1000;
  release.budget_spent = 1;
  release.unverified = true;
  release.content = DigestForTest(4);
  End end;
  end.succeeded = true;
  end.stages = 12;
  end.tasks = 96;
  end.workers_admitted = 2;
  return {HeadForTest(key), read, write, output, release, end};
}

inline std::string FileOf(const std::vector<std::string>& entries) {
  std::string bytes;
  for (const std::string& entry : entries) {
    std::string length(4, '\0');
    base::PutLe32(static_cast<uint32_t>(entry.size()), length.data());
    bytes += length + entry;
  }
  return bytes;
}

}  // namespace soteria::ledger
