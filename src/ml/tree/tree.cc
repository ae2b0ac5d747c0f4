#include "src/ml/tree/tree.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"
#include "src/table/java_text.h"

namespace soteria::ml::tree {
namespace {

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("tree: ", what));
}

/// What Scala's HashMap and HashSet make of a hash.
uint32_t Improve(uint32_t hash) {
  uint32_t h = hash + ~(hash << 9);
  h ^= h >> 14;
  h += h << 4;
  return h ^ (h >> 10);
}

/// A node of Scala's trie: the keys that are alone below their five bits come first, then those
/// that share them, one level down.
void TrieOrder(const std::vector<int32_t>& keys, unsigned shift, std::vector<int32_t>& out) {
  std::array<std::vector<int32_t>, 32> buckets;
  for (const int32_t key : keys) {
    buckets.at((Improve(static_cast<uint32_t>(key)) >> shift) & 31U).push_back(key);
  }
  for (const auto& bucket : buckets) {
    if (bucket.size() == 1) out.push_back(bucket[0]);
  }
  for (const auto& bucket : buckets) {
    if (bucket.size() < 2) continue;
    // Keys are distinct and the mixing is a bijection, so that they part before the bits end.
    TrieOrder(bucket, shift + 5, out);
  }
}

void AppendText(const Tree& tree, int32_t at, int indent, std::string& text) {
  const Node& node = tree.nodes[static_cast<size_t>(at)];
  const std::string prefix(static_cast<size_t>(indent), ' ');
  if (node.leaf()) {
    text += base::Cat(prefix, "Predict: ", table::JavaDouble(node.prediction), "\n");
    return;
  }
  const std::string feature = base::Cat("feature ", node.split.feature);
  std::string left, right;
  if (node.split.continuous()) {
    const std::string threshold = table::JavaDouble(node.split.threshold);
    left = base::Cat(feature, " <= ", threshold);
    right = base::Cat(feature, " > ", threshold);
  } else {
    std::string set;
    for (const int32_t category : node.split.left_categories) {
      set += base::Cat(set.empty() ? "" : ",", table::JavaDouble(category));
    }
    left = base::Cat(feature, " in {", set, "}");
    right = base::Cat(feature, " not in {", set, "}");
  }
  text += base::Cat(prefix, "If (", left, ")\n");
  AppendText(tree, node.left, indent + 1, text);
  text += base::Cat(prefix, "Else (", right, ")\n");
  AppendText(tree, node.right, indent + 1, text);
}

int32_t DepthBelow(const Tree& tree, int32_t at) {
  const Node& node = tree.nodes[static_cast<size_t>(at)];
  if (node.leaf()) return 0;
  return 1 + std::max(DepthBelow(tree, node.left), DepthBelow(tree, node.right));
}

}  // namespace

std::vector<int32_t> ScalaSetOrder(std::vector<int32_t> keys) {
  constexpr size_t kSmall = 4;
  if (keys.size() <= kSmall) return keys;
  std::vector<int32_t> order;
  TrieOrder(keys, 0, order);
  return order;
}

std::vector<int32_t> ScalaMutableMapOrder(std::vector<int32_t> keys) {
  size_t table = 16;
  for (size_t size = 0; size < keys.size(); ++size) {
    if (size + 1 >= table * 3 / 4) table *= 2;
  }
  std::sort(keys.begin(), keys.end(), [table](int32_t a, int32_t b) {
    const auto mix = [table](int32_t key) {
      const auto h = static_cast<uint32_t>(key);
      return (h ^ (h >> 16)) & (table - 1);
    };
    return std::pair(mix(a), a) < std::pair(mix(b), b);
  });
  return keys;
}

bool Split::GoesLeft(double value) const {
  if (continuous()) return value <= threshold;
  const auto listed = [&] {
    return std::any_of(left_categories.begin(), left_categories.end(),
                       [value](int32_t category) { return category == value; });
  };
  // MLlib keeps the smaller side; what is on neither goes with the side that isn't kept.
  const bool keeps_left = static_cast<int32_t>(left_categories.size()) <= num_categories / 2;
  if (keeps_left) return listed();
  if (listed()) return true;
  return !(value >= 0 && value < num_categories && value == static_cast<int32_t>(value));
}

const Node& Tree::Leaf(const table::VectorView& features) const {
  const Node* node = nodes.data();
  while (!node->leaf()) {
    const bool left = node->split.GoesLeft(table::At(features, node->split.feature));
    node = &nodes[static_cast<size_t>(left ? node->left : node->right)];
  }
  return *node;
}

void Tree::NumberLeaves() {
  int32_t next = 0;
  for (Node& node : nodes) node.leaf_index = node.leaf() ? next++ : -1;
}

int32_t Tree::Leaves() const {
  return static_cast<int32_t>(
      std::count_if(nodes.begin(), nodes.end(), [](const Node& node) { return node.leaf(); }));
}

int32_t Tree::Depth() const { return DepthBelow(*this, 0); }

std::string Tree::Text(int indent) const {
  std::string text;
  AppendText(*this, 0, indent, text);
  return text;
}

base::Status CheckTree(const Tree& tree, int32_t num_features, size_t stats) {
  if (tree.nodes.empty() || tree.nodes.size() > kNodesMax) return Malformed("number of nodes");
  // Pre-order: the children of a node follow it, and each but the root is one node's child.
  std::vector<int32_t> depth(tree.nodes.size(), -1);
  depth[0] = 0;
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const Node& node = tree.nodes[i];
    if (depth[i] < 0) return Malformed("a node is nobody's child");
    if (node.stats.size() != stats) return Malformed("number of statistics");
    if (node.leaf()) continue;
    if (depth[i] >= kDepthMax) return Malformed("too deep");
    const auto left = static_cast<size_t>(node.left), right = static_cast<size_t>(node.right);
    if (node.right < 0 || left != i + 1 || right <= left || right >= tree.nodes.size() ||
        depth[left] >= 0 || depth[right] >= 0) {
      return Malformed("children");
    }
    depth[left] = depth[right] = depth[i] + 1;
    const Split& split = node.split;
    if (split.feature < 0 || split.feature >= num_features) return Malformed("feature");
    if (split.num_categories > kCategoriesMax) return Malformed("categories");
    for (const int32_t category : split.left_categories) {
      if (category < 0 || category >= split.num_categories) return Malformed("category");
    }
  }
  return base::OkStatus();
}

void WriteTree(base::FieldWriter& w, const Tree& tree) {
  w.AddU64(tree.nodes.size());
  for (const Node& node : tree.nodes) {
    std::vector<double> numbers = {node.prediction, node.impurity, node.gain, node.split.threshold};
    numbers.insert(numbers.end(), node.stats.begin(), node.stats.end());
    w.Add(stats::PackDoubles(numbers)).AddI64(node.raw_count);
    w.AddI64(node.left).AddI64(node.right).AddI64(node.split.feature);
    w.AddI64(node.split.num_categories);
    std::vector<double> categories(node.split.left_categories.begin(),
                                   node.split.left_categories.end());
    w.Add(stats::PackDoubles(categories));
  }
}

base::StatusOr<Tree> ReadTree(base::FieldReader& r, int32_t num_features, size_t stats) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  if (count == 0 || count > kNodesMax) return Malformed("number of nodes");
  const auto small = [](int64_t value) { return value >= -1 && value <= INT32_MAX; };
  Tree tree;
  for (uint64_t i = 0; i < count; ++i) {
    Node node;
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> numbers, stats::UnpackDoubles(packed));
    constexpr size_t kHead = 4;
    if (numbers.size() != kHead + stats) return Malformed("number of statistics");
    node.prediction = numbers[0];
    node.impurity = numbers[1];
    node.gain = numbers[2];
    node.split.threshold = numbers[3];
    node.stats.assign(numbers.begin() + kHead, numbers.end());
    SOTERIA_ASSIGN_OR_RETURN(node.raw_count, r.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const int64_t left, r.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const int64_t right, r.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const int64_t feature, r.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const int64_t categories, r.NextI64());
    if (!small(left) || !small(right) || !small(feature) || !small(categories)) {
      return Malformed("a number is out of range");
    }
    node.left = static_cast<int32_t>(left);
    node.right = static_cast<int32_t>(right);
    node.split.feature = static_cast<int32_t>(feature);
    node.split.num_categories = static_cast<int32_t>(categories);
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view listed, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> lefts, stats::UnpackDoubles(listed));
    for (const double category : lefts) {
      if (!(category >= 0 && category < kCategoriesMax)) return Malformed("category");
      node.split.left_categories.push_back(static_cast<int32_t>(category));
    }
    tree.nodes.push_back(std::move(node));
  }
  SOTERIA_RETURN_IF_ERROR(CheckTree(tree, num_features, stats));
  tree.NumberLeaves();
  return tree;
}

std::vector<double> FeatureImportances(const std::vector<Tree>& trees, int32_t num_features,
                                       bool per_tree, bool variance) {
  std::vector<double> total(static_cast<size_t>(num_features), 0.0);
  const auto sum = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
  };
  for (const Tree& tree : trees) {
    std::vector<double> one(total.size(), 0.0);
    for (const Node& node : tree.nodes) {
      if (node.leaf()) continue;
      const double weight = variance ? node.stats[0] : sum(node.stats);
      one[static_cast<size_t>(node.split.feature)] += node.gain * weight;
    }
    const double norm = per_tree ? sum(one) : 1.0;
    if (norm == 0) continue;
    for (size_t j = 0; j < total.size(); ++j) total[j] += one[j] / norm;
  }
  const double norm = sum(total);
  if (norm != 0) {
    for (double& value : total) value /= norm;
  }
  return total;
}

}  // namespace soteria::ml::tree
