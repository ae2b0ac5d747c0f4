// A decision tree as MLlib has it: splits, what a node knows of its training rows, and the walk
// from the root to a leaf. The codec and the texts (toDebugString) are here too.
//
// Invariants of a Tree that Decode or CheckTree accepted: nodes are in pre-order, the root first; a
// node has two children or none; features are below num_features; all nodes have as many
// statistics. Immutable once made; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/table/vector.h"

namespace soteria::ml::tree {

/// MLlib's limit on maxDepth.
inline constexpr int kDepthMax = 30;
/// Nodes of one tree, and of all trees of a model.
inline constexpr uint64_t kNodesMax = uint64_t{1} << 27;
/// Values of a categorical feature.
inline constexpr int32_t kCategoriesMax = 1 << 20;
inline constexpr int32_t kFeaturesMax = 1 << 20;

/// Which rows go left. A continuous one: those whose feature is at most the threshold.
struct Split {
  int32_t feature = -1;
  double threshold = 0;
  /// Of a categorical split: the categories that go left, ascending.
  std::vector<int32_t> left_categories;
  int32_t num_categories = -1;  // -1: continuous

  bool continuous() const { return num_categories < 0; }
  bool GoesLeft(double value) const;
};

struct Node {
  double prediction = 0;
  double impurity = 0;
  double gain = -1;
  /// Weight of each class, or weight, sum and sum of squares of the labels.
  std::vector<double> stats;
  int64_t raw_count = 0;
  int32_t left = -1, right = -1;
  Split split;
  int32_t leaf_index = -1;  // among the leaves, from left to right

  bool leaf() const { return left < 0; }
};

struct Tree {
  std::vector<Node> nodes;

  /// The leaf that a row reaches.
  const Node& Leaf(const table::VectorView& features) const;
  int32_t Leaves() const;
  void NumberLeaves();
  int32_t Depth() const;
  /// MLlib's subtreeToString.
  std::string Text(int indent) const;
};

/// Number of elements of `keys` reordered as Scala 2.13 iterates an immutable set or map that they
/// were put into in this order.
std::vector<int32_t> ScalaSetOrder(std::vector<int32_t> keys);
/// The same of the keys of a mutable HashMap.
std::vector<int32_t> ScalaMutableMapOrder(std::vector<int32_t> keys);

/// Errors: kProtocol for what breaks the invariants.
base::Status CheckTree(const Tree& tree, int32_t num_features, size_t stats);
void WriteTree(base::FieldWriter& w, const Tree& tree);
base::StatusOr<Tree> ReadTree(base::FieldReader& r, int32_t num_features, size_t stats);

/// MLlib's featureImportances: gain times weight, summed by feature, each tree normalised first
/// where `per_tree`. `variance`: a node's first statistic is its weight; else they add up to it.
std::vector<double> FeatureImportances(const std::vector<Tree>& trees, int32_t num_features,
                                       bool per_tree, bool variance);

}  // namespace soteria::ml::tree
