// A host that serves files from memory, and lies when told to. Tests only. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "src/dataflow/host_files.h"
#include "src/dataflow/host_link.h"

namespace soteria::dataflow {

class FileHostForTest : public HostLink {
 public:
  enum class Lie {
    kNone,
    kShort,         // the last byte of a range is missing
    kLong,          // a range has one byte more
    kFlip,          // a bit in the middle of a range
    kWrongRequest,  // the answer names another request
    kSilent,
    kUnsupported,
    kFailed,
    kTwice,  // the same answer again, with other bytes
    kNoOutcome,
  };

  explicit FileHostForTest(base::Random& random, int64_t answer_ms = kFileAnswerMs)
      : files_(*this, random, answer_ms) {}

  HostFiles& files() { return files_; }
  /// To every request about a path that contains `about`.
  void SetLie(Lie lie, std::string about = "");
  std::string Stored(const std::string& path) const;
  void Store(const std::string& path, std::string bytes);
  void Erase(const std::string& path);
  std::vector<std::string> Paths() const;
  /// Reads so far: (offset, length).
  std::vector<std::pair<uint64_t, uint64_t>> TakeReads();
  size_t open_files() const;

  Status Send(uint8_t kind, uint64_t id, std::string_view payload) override;

 private:
  mutable std::mutex mutex_;
  Lie lie_ = Lie::kNone;
  std::string about_;
  std::map<std::string, std::string> stored_;
  std::set<std::string> created_;  // and not closed
  std::vector<std::pair<uint64_t, uint64_t>> reads_;
  HostFiles files_;
};

}  // namespace soteria::dataflow
