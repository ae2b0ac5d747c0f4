// One pass over the rows for one group of nodes, as MLlib splits them: histograms of the nodes'
// rows by feature and bin. Where every partition has all rows, each picks the best split of its
// share of the features, so that the histograms, which may outweigh the rows, never leave it. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/tree/choose.h"
#include "src/ml/tree/rows.h"

namespace soteria::ml::tree {

/// A tree as far as it leads to the nodes of interest, by bins. The root is first, children come
/// after their parent.
struct RouteNode {
  int32_t feature = -1;
  int32_t bin = -1;           // continuous: this bin and those below go left
  std::vector<uint8_t> goes;  // categorical: 1 for each category that goes left
  int32_t left = -1, right = -1;
  /// Where the way ends: which node of the group, or which leaf; -1: of no interest.
  int32_t slot = -1;

  bool end() const { return left < 0; }
};

struct RouteTree {
  int32_t tree = 0;  // whose bag counts
  std::vector<RouteNode> nodes;

  void Write(base::FieldWriter& w) const;
  /// Errors: kProtocol for features or bins that `bins` doesn't have, slots from `slots` up.
  static base::StatusOr<RouteTree> Read(base::FieldReader& r, const std::vector<int32_t>& bins,
                                        size_t slots);
  /// Calls `visit(slot, rows)` with the rows that reach each end of interest, ascending.
  template <class Visit>
  void ForEachEnd(const Rows& rows, std::vector<uint32_t> start, const Visit& visit) const;
};

/// Which half of `rows` goes left, in order.
void PartitionRows(const RouteNode& node, const BinColumn& bins, const std::vector<uint32_t>& rows,
                   std::vector<uint32_t>& left, std::vector<uint32_t>& right);

/// A node that is to be split.
struct Slot {
  std::optional<Totals> parent;   // none: a root
  std::vector<int32_t> features;  // empty: all
};

class GroupKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.tree.split";
  /// `choose`: answers choices, where every partition has all rows; else histograms.
  GroupKernel(Rules rules, std::vector<RouteTree> trees, std::vector<Slot> slots, bool choose)
      : rules_(std::move(rules)),
        trees_(std::move(trees)),
        slots_(std::move(slots)),
        choose_(choose) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

  /// The choices of all slots, of what the reduction gave.
  base::StatusOr<std::vector<Choice>> Choices(std::string_view partial) const;

 private:
  size_t HistogramSize(const Slot& slot) const;
  template <class Visit>
  void ForEachFeature(const Slot& slot, const Visit& visit) const;
  Choice ChooseOf(const Slot& slot, std::vector<double> histograms) const;
  /// By the share of the features that is the partition's; nothing if others have them all.
  std::optional<Choice> ChooseOf(const Part& part, const Rows& rows, const RouteTree& tree,
                                 size_t slot, const std::vector<uint32_t>& members) const;
  std::vector<int32_t> Splittable(const Slot& slot) const;
  static std::string WriteChoices(const std::vector<std::optional<Choice>>& choices);
  base::StatusOr<std::vector<std::optional<Choice>>> ReadChoices(std::string_view bytes) const;
  base::StatusOr<std::string> MergeChoices(const std::vector<std::string>& children) const;
  void AddRows(const Rows& rows, const RouteTree& tree, size_t slot,
               const std::vector<uint32_t>& members, std::vector<double>& out) const;

  Rules rules_;
  std::vector<RouteTree> trees_;
  std::vector<Slot> slots_;
  bool choose_;
};

template <class Visit>
void RouteTree::ForEachEnd(const Rows& rows, std::vector<uint32_t> start,
                           const Visit& visit) const {
  // A parent comes before its children, so that one pass over the nodes finds each one's rows.
  std::vector<std::vector<uint32_t>> at(nodes.size());
  at[0] = std::move(start);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const RouteNode& node = nodes[i];
    if (node.end()) {
      if (node.slot >= 0) visit(static_cast<size_t>(node.slot), at[i]);
    } else {
      PartitionRows(node, rows.bin(static_cast<size_t>(node.feature)), at[i],
                    at[static_cast<size_t>(node.left)], at[static_cast<size_t>(node.right)]);
    }
    at[i] = {};
  }
}

}  // namespace soteria::ml::tree
