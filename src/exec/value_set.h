// Cells, each once, in the order in which they came. Internal to exec; one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/exec/accumulator.h"

namespace soteria::exec {

/// What WriteCell made of cells, with a count of each.
class ValueSet {
 public:
  explicit ValueSet(std::string function) : function_(std::move(function)) {}
  // What it holds is copied by New() of those that hold nothing.
  ValueSet(const ValueSet& other) : function_(other.function_) {}
  ValueSet& operator=(const ValueSet&) = delete;

  /// kMemoryLimit beyond kAccumulatorBytesMax.
  base::Status Add(std::string_view cell, int64_t times = 1) {
    const auto found = counts_.find(cell);
    if (found != counts_.end()) {
      found->second += times;
      return base::OkStatus();
    }
    // A cell costs about this much beside its bytes.
    bytes_ += cell.size() + 80;
    if (bytes_ > kAccumulatorBytesMax) return TooMuchState(function_);
    counts_.emplace(cells_.emplace_back(cell), times);
    return base::OkStatus();
  }
  base::Status Merge(const ValueSet& later) {
    for (const std::string& cell : later.cells_) {
      SOTERIA_RETURN_IF_ERROR(Add(cell, later.counts_.at(cell)));
    }
    return base::OkStatus();
  }
  void Write(base::FieldWriter& out) const {
    out.AddU64(cells_.size());
    for (const std::string& cell : cells_) out.Add(cell).AddI64(counts_.at(cell));
  }
  base::Status Read(base::FieldReader& in) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
    for (uint64_t i = 0; i < count; ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view cell, in.Next());
      SOTERIA_ASSIGN_OR_RETURN(const int64_t times, in.NextI64());
      if (times <= 0 || counts_.contains(cell)) {
        return base::Fail(base::kProtocol, "Aggregate: not a set of values");
      }
      SOTERIA_RETURN_IF_ERROR(Add(cell, times));
    }
    return base::OkStatus();
  }

  const std::deque<std::string>& cells() const { return cells_; }
  int64_t CountOf(std::string_view cell) const { return counts_.at(cell); }

 private:
  std::string function_;
  std::deque<std::string> cells_;
  std::unordered_map<std::string_view, int64_t> counts_;
  size_t bytes_ = 0;
};

}  // namespace soteria::exec
