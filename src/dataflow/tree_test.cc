#include "src/dataflow/tree.h"

#include <gtest/gtest.h>

#include <vector>

namespace soteria::dataflow {
namespace {

TEST(TreeTest, FanInIsTheCeilingOfTheRootButAtLeastEight) {
  const std::vector<std::pair<uint64_t, uint64_t>> expected = {
      {1, 8},   {63, 8},       {64, 8},       {65, 9},       {81, 9},
      {82, 10}, {10'000, 100}, {10'001, 101}, {100'000, 317}};
  for (const auto& [partitions, fan_in] : expected)
    EXPECT_EQ(FanIn(partitions), fan_in) << partitions;
}

TEST(TreeTest, RootLevel) {
  EXPECT_EQ(Tree(1).root(), (Node{0, 0}));
  EXPECT_EQ(Tree(2).root(), (Node{1, 0}));
  EXPECT_EQ(Tree(8).root(), (Node{1, 0}));
  EXPECT_EQ(Tree(9).root(), (Node{2, 0}));
  EXPECT_EQ(Tree(100'000).root(), (Node{2, 0}));
}

// Closed form: node (l, i) covers [i*F^l, min(P, (i+1)*F^l)).
TEST(TreeTest, NodesCoverTheClosedForm) {
  for (const uint64_t partitions : {1U, 2U, 7U, 8U, 9U, 63U, 64U, 65U, 100U, 1000U}) {
    const Tree tree(partitions);
    uint64_t span = 1;
    for (uint64_t level = 0; level <= tree.root().level; ++level, span *= tree.fan_in()) {
      for (uint64_t i = 0; i < tree.NodesAt(level); ++i) {
        const auto [first, last] = tree.Covers({level, i});
        EXPECT_EQ(first, i * span);
        EXPECT_EQ(last, std::min(partitions, (i + 1) * span));
        EXPECT_LT(first, last);
      }
      EXPECT_FALSE(tree.Contains({level, tree.NodesAt(level)}));
    }
    EXPECT_FALSE(tree.Contains({tree.root().level + 1, 0}));
  }
}

// I5: the children of a node cover what the node covers, each partition once, in order.
TEST(TreeTest, ChildrenPartitionTheirParent) {
  for (const uint64_t partitions : {2U, 8U, 9U, 64U, 65U, 1000U}) {
    const Tree tree(partitions);
    for (uint64_t level = 1; level <= tree.root().level; ++level) {
      for (uint64_t i = 0; i < tree.NodesAt(level); ++i) {
        const auto [first, last] = tree.Children({level, i});
        uint64_t next = tree.Covers({level, i}).first;
        for (uint64_t child = first; child < last; ++child) {
          EXPECT_EQ(tree.Covers({level - 1, child}).first, next);
          next = tree.Covers({level - 1, child}).second;
        }
        EXPECT_EQ(next, tree.Covers({level, i}).second);
        EXPECT_LE(last - first, tree.fan_in());
      }
    }
    EXPECT_EQ(tree.Covers(tree.root()), (std::pair<uint64_t, uint64_t>{0, partitions}));
  }
}

TEST(TreeTest, PlaceNamesTheTreeToo) {
  EXPECT_EQ(Tree(100).PlaceOf({1, 3}), (crypto::Place{1, 3, 100, 10}));
}

}  // namespace
}  // namespace soteria::dataflow
