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

class WorkForTest : public Work {
 public:
  explicit WorkForTest(std::vector<table::FeatureBlock> blocks) : blocks_(std::move(blocks)) {}

  base::StatusOr<std::string> Reduce(const Kernel& kernel) override {
    ++reduces;
    SOTERIA_ASSIGN_OR_RETURN(const KernelPtr remote, DecodeKernel(kernel.kind(), kernel.Encode()));
    std::vector<std::string> partials;
    for (const table::FeatureBlock& block : blocks_) {
      SOTERIA_ASSIGN_OR_RETURN(partials.emplace_back(), remote->Map(block));
    }
    return MergeForTest(*remote, std::move(partials));
  }
  uint64_t partitions() const override { return blocks_.size(); }
  bool cancelled() const override { return iterations >= cancel_at; }
  void Progress(uint64_t iteration, uint64_t) override { iterations = iteration; }

  uint64_t reduces = 0;
  uint64_t iterations = 0;
  uint64_t cancel_at = UINT64_MAX;

 private:
  std::vector<table::FeatureBlock> blocks_;
};

class RowWorkForTest : public RowWork {
 public:
  explicit RowWorkForTest(std::vector<std::shared_ptr<arrow::Table>> tables)
      : tables_(std::move(tables)) {}

  base::StatusOr<std::string> Reduce(const RowKernel& kernel) override {
    SOTERIA_ASSIGN_OR_RETURN(const RowKernelPtr remote,
                             DecodeRowKernel(kernel.kind(), kernel.Encode()));
    std::vector<std::string> partials;
    for (const std::shared_ptr<arrow::Table>& table : tables_) {
      SOTERIA_ASSIGN_OR_RETURN(partials.emplace_back(), remote->Map(*table));
    }
    return MergeForTest(*remote, std::move(partials));
  }
  uint64_t partitions() const override { return tables_.size(); }

 private:
  std::vector<std::shared_ptr<arrow::Table>> tables_;
};

}  // namespace soteria::ml
