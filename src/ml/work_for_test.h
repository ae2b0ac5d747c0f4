// Distributed work without any distribution: blocks or tables in memory, merged along the same tree
// that stages use (fan-in max(8, ceil(sqrt P)), children ascending). Every partial passes through
// the kernel's own decoding, as it does between enclaves. Tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/table.h"
#include "src/ml/kernel.h"
#include "src/ml/work.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

template <class K>
base::StatusOr<std::string> MergeForTest(const K& kernel, std::vector<std::string> level) {
  const auto partitions = static_cast<double>(level.size());
  const size_t fan_in = std::max<size_t>(8, static_cast<size_t>(std::ceil(std::sqrt(partitions))));
  do {
    std::vector<std::string> next;
    for (size_t i = 0; i < level.size(); i += fan_in) {
      const size_t n = std::min(fan_in, level.size() - i);
      SOTERIA_ASSIGN_OR_RETURN(next.emplace_back(), kernel.Merge({&level[i], &level[i] + n}));
    }
    level = std::move(next);
  } while (level.size() > 1);
  return level[0];
}

/// Of one block that is the only one.
inline base::StatusOr<std::string> MapForTest(const Kernel& kernel,
                                              const table::FeatureBlock& block) {
  return kernel.Map({.features = &block});
}

class WorkForTest : public Work {
 public:
  using TablePtr = std::shared_ptr<arrow::Table>;

  explicit WorkForTest(std::vector<table::FeatureBlock> blocks) : features_(std::move(blocks)) {}
  explicit WorkForTest(std::vector<TablePtr> tables) : tables_(std::move(tables)) {}

  base::StatusOr<std::string> Reduce(const Kernel& kernel) override {
    ++reduces;
    SOTERIA_ASSIGN_OR_RETURN(const KernelPtr remote, DecodeKernel(kernel.kind(), kernel.Encode()));
    std::vector<std::string> partials;
    for (uint64_t p = 0; p < partitions(); ++p) {
      SOTERIA_ASSIGN_OR_RETURN(partials.emplace_back(), remote->Map(PartOf(p)));
    }
    return MergeForTest(*remote, std::move(partials));
  }
  base::Status Advance(const Step& step) override {
    SOTERIA_ASSIGN_OR_RETURN(const StepPtr remote, DecodeStep(EncodeStep(step)));
    std::vector<TablePtr> next;
    for (uint64_t p = 0; p < partitions(); ++p) {
      SOTERIA_ASSIGN_OR_RETURN(next.emplace_back(), remote->Next(PartOf(p)));
    }
    tables_ = std::move(next);
    features_.clear();
    return base::OkStatus();
  }
  base::StatusOr<std::unique_ptr<Work>> Exchange(const Route& route, uint64_t targets) override {
    SOTERIA_ASSIGN_OR_RETURN(const RoutePtr remote, DecodeRoute(EncodeRoute(route)));
    std::vector<std::vector<TablePtr>> cells(targets);
    for (uint64_t p = 0; p < partitions(); ++p) {
      SOTERIA_ASSIGN_OR_RETURN(std::vector<TablePtr> parts, remote->Split(PartOf(p), targets));
      if (parts.size() != targets) return base::Fail(base::kInternal, "a route misses targets");
      for (uint64_t q = 0; q < targets; ++q) cells[q].push_back(std::move(parts[q]));
    }
    std::vector<TablePtr> tables;
    for (const auto& parts : cells) {
      tables.push_back(arrow::ConcatenateTables(parts).ValueOrDie()->CombineChunks().ValueOrDie());
    }
    return std::make_unique<WorkForTest>(std::move(tables));
  }
  uint64_t partitions() const override {
    return features_.empty() ? tables_.size() : features_.size();
  }
  bool cancelled() const override { return iterations >= cancel_at; }
  void Progress(uint64_t iteration, uint64_t) override { iterations = iteration; }

  uint64_t reduces = 0;
  uint64_t iterations = 0;
  uint64_t cancel_at = UINT64_MAX;

 private:
  Part PartOf(uint64_t partition) const {
    Part part;
    if (features_.empty()) {
      part.table = tables_[partition].get();
    } else {
      part.features = &features_[partition];
    }
    part.partition = partition;
    part.partitions = partitions();
    return part;
  }

  std::vector<table::FeatureBlock> features_;
  std::vector<TablePtr> tables_;
};

}  // namespace soteria::ml
