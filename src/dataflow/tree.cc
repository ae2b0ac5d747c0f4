#include "src/dataflow/tree.h"

#include <algorithm>
#include <cmath>

#include "src/base/check.h"

namespace soteria::dataflow {
namespace {

constexpr uint64_t kFanInMin = 8;

uint64_t Span(uint64_t fan_in, uint64_t level) {
  uint64_t span = 1;
  for (uint64_t i = 0; i < level; ++i) span *= fan_in;
  return span;
}

}  // namespace

uint64_t FanIn(uint64_t partitions) {
  uint64_t root = static_cast<uint64_t>(std::sqrt(static_cast<double>(partitions)));
  while (root * root < partitions) ++root;
  while (root > 0 && (root - 1) * (root - 1) >= partitions) --root;
  return std::max(kFanInMin, root);
}

Tree::Tree(uint64_t partitions) : partitions_(partitions), fan_in_(FanIn(partitions)) {
  CHECK(partitions >= 1 && partitions <= uint64_t{1} << 40) << partitions;
  while (NodesAt(root_level_) > 1) ++root_level_;
}

uint64_t Tree::NodesAt(uint64_t level) const {
  const uint64_t span = Span(fan_in_, level);
  return (partitions_ + span - 1) / span;
}

bool Tree::Contains(const Node& node) const {
  return node.level <= root_level_ && node.index < NodesAt(node.level);
}

std::pair<uint64_t, uint64_t> Tree::Covers(const Node& node) const {
  CHECK(Contains(node)) << node.level << ", " << node.index;
  const uint64_t span = Span(fan_in_, node.level);
  return {node.index * span, std::min(partitions_, (node.index + 1) * span)};
}

std::pair<uint64_t, uint64_t> Tree::Children(const Node& node) const {
  CHECK(Contains(node) && node.level > 0) << node.level << ", " << node.index;
  return {node.index * fan_in_, std::min(NodesAt(node.level - 1), (node.index + 1) * fan_in_)};
}

crypto::Place Tree::PlaceOf(const Node& node) const {
  return {node.level, node.index, partitions_, fan_in_};
}

}  // namespace soteria::dataflow
