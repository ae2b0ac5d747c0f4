// The reduce tree (docs/decisions/0004-reduce-tree.md): a function of the number of partitions
// alone, so that the order of every floating point sum is fixed before any work is handed out (I5,
// I7). Level 0 is the partitions. Node (l, i) covers the partitions [i*F^l, min(P, (i+1)*F^l)) and
// folds its children, nodes (l-1, i*F) onwards, ascending from the left. The root is the single
// node of the lowest level that has one node: with P = 1 that is (0, 0), with P <= F it is (1, 0),
// else (2, 0). Pure functions.
#pragma once

#include <cstdint>
#include <utility>

#include "src/crypto/envelope.h"

namespace soteria::dataflow {

/// max(8, ceil(sqrt(partitions))).
uint64_t FanIn(uint64_t partitions);

struct Node {
  uint64_t level = 0;
  uint64_t index = 0;
  bool operator==(const Node&) const = default;
};

class Tree {
 public:
  /// partitions >= 1.
  explicit Tree(uint64_t partitions);

  uint64_t partitions() const { return partitions_; }
  uint64_t fan_in() const { return fan_in_; }
  Node root() const { return {root_level_, 0}; }
  /// Number of nodes of a level; level <= root().level.
  uint64_t NodesAt(uint64_t level) const;
  bool Contains(const Node& node) const;
  /// [first, last) of the partitions below a node of this tree.
  std::pair<uint64_t, uint64_t> Covers(const Node& node) const;
  /// [first, last) of the indices at level - 1; node.level >= 1.
  std::pair<uint64_t, uint64_t> Children(const Node& node) const;
  /// The place that a partial of this node is sealed for: {level, index, P, F}.
  crypto::Place PlaceOf(const Node& node) const;

 private:
  uint64_t partitions_;
  uint64_t fan_in_;
  uint64_t root_level_ = 0;
};

}  // namespace soteria::dataflow
