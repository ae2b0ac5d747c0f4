// A Runner for tests: evaluates recipes in this process, partition by partition, without sealing or
// workers. Supports local sources, gathers and the terminals collect, reduce (exec's aggregates and
// samples of keys), shuffle and keep. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/plan/execute.h"

namespace soteria::plan {

class InProcessRunnerForTest : public Runner {
 public:
  base::StatusOr<dataflow::StageResult> Run(
      const dataflow::StageSpec& spec,
      const std::function<base::Status(uint64_t, std::string)>& on_output) override;
  base::StatusOr<dataflow::BroadcastRef> Broadcast(std::string_view plain) override;
  base::Status OnLowered(const Plan& node, const Lowered& lowered) override;
  base::Digest ContentDigest(std::string_view bytes) override;
  int64_t NowMicros() const override { return now_micros_; }
  void set_now_micros(int64_t micros) { now_micros_ = micros; }

  /// The terminals of the stages that ran, in order.
  const std::vector<dataflow::Terminal>& stages() const { return stages_; }
  uint64_t lowered_nodes() const { return lowered_nodes_; }

 private:
  using TablePtr = std::shared_ptr<arrow::Table>;
  base::StatusOr<TablePtr> Block(const dataflow::Recipe& recipe, uint64_t partition);
  base::StatusOr<TablePtr> Source(const dataflow::Recipe& recipe, uint64_t partition);
  /// What an input brings to the partition; null for nothing.
  base::StatusOr<TablePtr> Read(const dataflow::Recipe& recipe, const dataflow::Input& input,
                                uint64_t partition);
  base::Status Shuffle(const dataflow::StageSpec& spec, dataflow::StageResult* result);

  std::map<base::Digest, std::string> broadcasts_;
  std::map<base::Digest, std::vector<std::vector<TablePtr>>> shuffles_;  // [source][target]
  std::vector<dataflow::Terminal> stages_;
  uint64_t lowered_nodes_ = 0;
  int64_t now_micros_ = 0;
};

}  // namespace soteria::plan
