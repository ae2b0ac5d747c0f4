#include "src/ml/tree/group.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/tree/tree.h"
#include "src/stats/doubles.h"

namespace soteria::ml::tree {
namespace {

constexpr uint64_t kSlotsMax = uint64_t{1} << 24;
constexpr uint64_t kTreesMax = 1 << 16;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("tree group: ", what));
}

base::StatusOr<int32_t> ReadSmall(base::FieldReader& r, int64_t low, int64_t end) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t value, r.NextI64());
  if (value < low || value >= end) return Malformed("a number is out of range");
  return static_cast<int32_t>(value);
}

template <class Goes>
void PartitionBy(const std::vector<uint32_t>& rows, std::vector<uint32_t>& left,
                 std::vector<uint32_t>& right, const Goes& goes_left) {
  left.resize(rows.size());
  right.resize(rows.size());
  size_t l = 0, r = 0;
  for (const uint32_t row : rows) {
    const bool goes = goes_left(row);
    left[l] = row;
    right[r] = row;
    l += goes ? 1 : 0;
    r += goes ? 0 : 1;
  }
  left.resize(l);
  right.resize(r);
}

/// Rows whose terms stay in the cache while one feature after the other adds them.
constexpr size_t kTileRows = 1024;
/// Features whose histograms are made together where there are more rows than that.
constexpr size_t kBatchFeatures = 32;

/// What each row of a node adds to its cell, gathered once for all features.
struct Gathered {
  const std::vector<uint32_t>& rows;
  std::vector<double> total;      // the cell of all rows
  std::vector<double> terms;      // variance: four a row
  std::vector<uint32_t> classes;  // else: class, weight and draws
  std::vector<double> weight, draws;
};

template <class T>
void AddVariance(const T* bins, const Gathered& gathered, size_t first, size_t end, double* cells) {
  constexpr size_t kCell = 4;
  for (size_t i = first; i < end; ++i) {
    const double* const term = gathered.terms.data() + kCell * i;
    double* const cell = cells + kCell * bins[gathered.rows[i]];
    double sum[kCell];
    for (size_t k = 0; k < kCell; ++k) sum[k] = cell[k] + term[k];
    for (size_t k = 0; k < kCell; ++k) cell[k] = sum[k];
  }
}

template <class T>
void AddClasses(const T* bins, const Gathered& gathered, size_t first, size_t end, size_t classes,
                double* cells) {
  for (size_t i = first; i < end; ++i) {
    double* const cell = cells + (classes + 1) * bins[gathered.rows[i]];
    cell[gathered.classes[i]] += gathered.weight[i];
    cell[classes] += gathered.draws[i];
  }
}

Gathered Gather(const Rules& rules, const Rows& rows, const RouteTree& tree,
                const std::vector<uint32_t>& members) {
  const uint16_t* const bag = rows.bag(static_cast<size_t>(tree.tree));
  const bool variance = rules.impurity == Impurity::kVariance;
  Gathered gathered = {members, std::vector<double>(rules.cell()), {}, {}, {}, {}};
  std::vector<double>& total = gathered.total;
  for (const uint32_t row : members) {
    const double draws = bag == nullptr ? 1.0 : bag[row];
    const double weight = draws * rows.weight()[row];
    const double target = rows.target()[row];
    if (variance) {
      const double terms[] = {weight, weight * target, weight * target * target, draws};
      for (size_t k = 0; k < total.size(); ++k) total[k] += terms[k];
      gathered.terms.insert(gathered.terms.end(), std::begin(terms), std::end(terms));
    } else {
      gathered.classes.push_back(static_cast<uint32_t>(target));
      gathered.weight.push_back(weight);
      gathered.draws.push_back(draws);
      total[static_cast<size_t>(target)] += weight;
      total.back() += draws;
    }
  }
  return gathered;
}

void AddTile(const Rules& rules, const BinColumn& bins, const Gathered& gathered, size_t first,
             double* cells) {
  const size_t end = std::min(first + kTileRows, gathered.rows.size());
  if (rules.impurity == Impurity::kVariance) {
    if (bins.bytes != nullptr) AddVariance(bins.bytes, gathered, first, end, cells);
    if (bins.words != nullptr) AddVariance(bins.words, gathered, first, end, cells);
  } else {
    if (bins.bytes != nullptr) {
      AddClasses(bins.bytes, gathered, first, end, rules.stats(), cells);
    }
    if (bins.words != nullptr) {
      AddClasses(bins.words, gathered, first, end, rules.stats(), cells);
    }
  }
}

/// Where a feature's histogram is.
struct Place {
  size_t feature = 0;
  size_t at = 0;
};

/// Adds all rows to the histograms of some features. Each cell's rows come in ascending order,
/// however they are tiled.
void AddFeatures(const Rules& rules, const Rows& rows, const Gathered& gathered,
                 std::span<const Place> places, double* cells) {
  for (size_t first = 0; first < gathered.rows.size(); first += kTileRows) {
    for (const Place& place : places) {
      AddTile(rules, rows.bin(place.feature), gathered, first, cells + place.at);
    }
  }
}

Totals TotalOf(const double* cell, size_t size) {
  Totals total;
  total.stats.assign(cell, cell + size - 1);
  total.rows = static_cast<int64_t>(cell[size - 1]);
  return total;
}

}  // namespace

void PartitionRows(const RouteNode& node, const BinColumn& bins, const std::vector<uint32_t>& rows,
                   std::vector<uint32_t>& left, std::vector<uint32_t>& right) {
  if (!node.goes.empty()) {
    PartitionBy(rows, left, right, [&](uint32_t row) { return node.goes[bins.At(row)] != 0; });
    return;
  }
  const auto last = static_cast<uint32_t>(node.bin);
  if (bins.bytes != nullptr) {
    PartitionBy(rows, left, right, [&](uint32_t row) { return bins.bytes[row] <= last; });
  } else {
    PartitionBy(rows, left, right, [&](uint32_t row) { return bins.words[row] <= last; });
  }
}

void RouteTree::Write(base::FieldWriter& w) const {
  w.AddI64(tree).AddU64(nodes.size());
  for (const RouteNode& node : nodes) {
    w.AddI64(node.left).AddI64(node.slot);
    if (node.end()) continue;
    w.AddI64(node.right).AddI64(node.feature).AddI64(node.bin);
    w.Add({reinterpret_cast<const char*>(node.goes.data()), node.goes.size()});
  }
}

base::StatusOr<RouteTree> RouteTree::Read(base::FieldReader& r, const std::vector<int32_t>& bins,
                                          size_t slots) {
  RouteTree tree;
  SOTERIA_ASSIGN_OR_RETURN(tree.tree, ReadSmall(r, 0, kTreesMax));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  if (count == 0 || count > kNodesMax) return Malformed("number of nodes");
  std::vector<bool> child = {true};
  for (uint64_t i = 0; i < count; ++i) {
    if (i >= child.size() || !child[i]) return Malformed("a node is nobody's child");
    RouteNode node;
    SOTERIA_ASSIGN_OR_RETURN(node.left, ReadSmall(r, -1, static_cast<int64_t>(count)));
    SOTERIA_ASSIGN_OR_RETURN(node.slot, ReadSmall(r, -1, static_cast<int64_t>(slots)));
    if (!node.end()) {
      SOTERIA_ASSIGN_OR_RETURN(node.right, ReadSmall(r, 0, static_cast<int64_t>(count)));
      SOTERIA_ASSIGN_OR_RETURN(node.feature, ReadSmall(r, 0, static_cast<int64_t>(bins.size())));
      const int32_t limit = bins[static_cast<size_t>(node.feature)];
      SOTERIA_ASSIGN_OR_RETURN(node.bin, ReadSmall(r, -1, limit));
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view goes, r.Next());
      node.goes.assign(goes.begin(), goes.end());
      if (!node.goes.empty() && node.goes.size() != static_cast<size_t>(limit)) {
        return Malformed("categories");
      }
      for (const int32_t next : {node.left, node.right}) {
        const auto at = static_cast<size_t>(next);
        if (at <= i) return Malformed("children");
        if (at >= child.size()) child.resize(at + 1, false);
        if (child[at]) return Malformed("children");
        child[at] = true;
      }
    }
    tree.nodes.push_back(std::move(node));
  }
  return tree;
}

base::StatusOr<KernelPtr> GroupKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(Rules rules, Rules::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const bool choose, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t slot_count, r.NextU64());
  if (slot_count > kSlotsMax) return Malformed("number of nodes");
  std::vector<Slot> slots;
  for (uint64_t i = 0; i < slot_count; ++i) {
    Slot slot;
    SOTERIA_ASSIGN_OR_RETURN(const bool has_parent, r.NextBool());
    if (has_parent) {
      SOTERIA_ASSIGN_OR_RETURN(slot.parent, Totals::Read(r, rules.stats()));
    }
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> features, stats::UnpackDoubles(packed));
    for (const double feature : features) {
      if (!(feature >= 0 && feature < static_cast<double>(rules.features()))) {
        return Malformed("feature");
      }
      slot.features.push_back(static_cast<int32_t>(feature));
    }
    slots.push_back(std::move(slot));
  }
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t tree_count, r.NextU64());
  if (tree_count > kTreesMax) return Malformed("number of trees");
  std::vector<RouteTree> trees;
  for (uint64_t t = 0; t < tree_count; ++t) {
    SOTERIA_ASSIGN_OR_RETURN(trees.emplace_back(), RouteTree::Read(r, rules.bins, slots.size()));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<GroupKernel>(std::move(rules), std::move(trees), std::move(slots),
                                       choose);
}

std::string GroupKernel::Encode() const {
  base::FieldWriter w;
  rules_.Write(w);
  w.AddBool(choose_).AddU64(slots_.size());
  for (const Slot& slot : slots_) {
    w.AddBool(slot.parent.has_value());
    if (slot.parent) slot.parent->Write(w);
    w.Add(stats::PackDoubles(std::vector<double>(slot.features.begin(), slot.features.end())));
  }
  w.AddU64(trees_.size());
  for (const RouteTree& tree : trees_) tree.Write(w);
  return w.Take();
}

template <class Visit>
void GroupKernel::ForEachFeature(const Slot& slot, const Visit& visit) const {
  if (!slot.features.empty()) {
    for (const int32_t feature : slot.features) visit(feature);
    return;
  }
  for (size_t j = 0; j < rules_.features(); ++j) visit(static_cast<int32_t>(j));
}

size_t GroupKernel::HistogramSize(const Slot& slot) const {
  size_t cells = 1;  // all rows
  ForEachFeature(
      slot, [&](int32_t j) { cells += static_cast<size_t>(rules_.bins[static_cast<size_t>(j)]); });
  return cells * rules_.cell();
}

/// The cell of all rows first, then the features' histograms.
void GroupKernel::AddRows(const Rows& rows, const RouteTree& tree, size_t slot,
                          const std::vector<uint32_t>& members, std::vector<double>& out) const {
  const Gathered gathered = Gather(rules_, rows, tree, members);
  std::copy(gathered.total.begin(), gathered.total.end(), out.begin());
  std::vector<Place> places;
  size_t at = rules_.cell();
  ForEachFeature(slots_[slot], [&](int32_t feature) {
    const auto j = static_cast<size_t>(feature);
    if (rules_.bins[j] > 1) places.push_back({j, at});
    at += static_cast<size_t>(rules_.bins[j]) * rules_.cell();
  });
  AddFeatures(rules_, rows, gathered, places, out.data());
}

/// The features of a slot that have splits, in the order in which MLlib looks at them.
std::vector<int32_t> GroupKernel::Splittable(const Slot& slot) const {
  std::vector<int32_t> features;
  ForEachFeature(slot, [&](int32_t feature) {
    if (rules_.Splits(static_cast<size_t>(feature)) > 0) features.push_back(feature);
  });
  return features;
}

/// The histograms of a few features after the other, in the cache; of few rows, of one feature.
std::optional<Choice> GroupKernel::ChooseOf(const Part& part, const Rows& rows,
                                            const RouteTree& tree, size_t slot,
                                            const std::vector<uint32_t>& members) const {
  const std::vector<int32_t> features = Splittable(slots_[slot]);
  const size_t first = features.size() * part.partition / part.partitions;
  const size_t last = features.size() * (part.partition + 1) / part.partitions;
  const bool tells_of_none = features.empty() && part.partition == 0;
  if (first == last && !tells_of_none) return std::nullopt;
  const Gathered gathered = Gather(rules_, rows, tree, members);
  const Totals total = TotalOf(gathered.total.data(), rules_.cell());
  std::vector<double> cells;
  std::vector<Place> places;
  size_t size = 0;
  const auto look = [&](Chooser& chooser) {
    cells.assign(size, 0.0);
    AddFeatures(rules_, rows, gathered, places, cells.data());
    for (const Place& place : places) {
      const size_t cell_count = static_cast<size_t>(rules_.bins[place.feature]) * rules_.cell();
      chooser.Look(static_cast<int32_t>(place.feature), {cells.data() + place.at, cell_count});
    }
    places.clear();
    size = 0;
  };
  const auto add = [&](int32_t feature) {
    const auto j = static_cast<size_t>(feature);
    places.push_back({j, size});
    size += static_cast<size_t>(rules_.bins[j]) * rules_.cell();
  };
  std::optional<Totals> parent = slots_[slot].parent;
  if (!parent && first > 0) {
    // A root's sums are those of its first feature's first split, to the last bit.
    Chooser root(rules_, std::nullopt, total);
    add(features[0]);
    look(root);
    parent = std::move(root).Finish().parent;
  }
  Chooser chooser(rules_, std::move(parent), total);
  const size_t batch = members.size() > kTileRows ? kBatchFeatures : 1;
  for (size_t i = first; i < last; ++i) {
    add(features[i]);
    if (places.size() == batch) look(chooser);
  }
  look(chooser);
  return std::move(chooser).Finish();
}

Choice GroupKernel::ChooseOf(const Slot& slot, std::vector<double> histograms) const {
  const size_t cell = rules_.cell();
  Chooser chooser(rules_, slot.parent, TotalOf(histograms.data(), cell));
  double* cells = histograms.data() + cell;
  ForEachFeature(slot, [&](int32_t feature) {
    const size_t size = static_cast<size_t>(rules_.bins[static_cast<size_t>(feature)]) * cell;
    chooser.Look(feature, {cells, size});
    cells += size;
  });
  return std::move(chooser).Finish();
}

base::StatusOr<std::string> GroupKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Rows rows, Rows::Of(part, rules_.bins));
  std::vector<std::vector<double>> histograms(choose_ ? 0 : slots_.size());
  std::vector<std::optional<Choice>> choices(choose_ ? slots_.size() : 0);
  std::vector<bool> reached(choices.size());
  if (!choose_) {
    for (size_t s = 0; s < slots_.size(); ++s) histograms[s].resize(HistogramSize(slots_[s]));
  }
  for (const RouteTree& tree : trees_) {
    const auto t = static_cast<size_t>(tree.tree);
    if (rows.bags() != 0 && t >= rows.bags()) return Malformed("a tree without a bag");
    std::vector<uint32_t> start;
    for (size_t i = 0; i < rows.size(); ++i) {
      const bool drawn = rows.bag(t) == nullptr || rows.bag(t)[i] != 0;
      if (!drawn || rows.held()[i] != kTrained) continue;
      if (rules_.num_classes > 0 &&
          !(rows.target()[i] >= 0 && rows.target()[i] < rules_.num_classes)) {
        return Malformed("a label is out of range");
      }
      start.push_back(static_cast<uint32_t>(i));
    }
    tree.ForEachEnd(rows, std::move(start), [&](size_t s, const std::vector<uint32_t>& members) {
      if (!choose_) return AddRows(rows, tree, s, members, histograms[s]);
      choices[s] = ChooseOf(part, rows, tree, s, members);
      reached[s] = true;
    });
  }
  if (!choose_) {
    std::vector<double> all;
    for (std::vector<double>& histogram : histograms) {
      all.insert(all.end(), histogram.begin(), histogram.end());
      histogram = {};
    }
    return stats::PackDoubles(all);
  }
  if (std::find(reached.begin(), reached.end(), false) != reached.end()) {
    return Malformed("a node that no tree leads to");
  }
  return WriteChoices(choices);
}

std::string GroupKernel::WriteChoices(const std::vector<std::optional<Choice>>& choices) {
  base::FieldWriter w;
  for (const std::optional<Choice>& choice : choices) {
    w.AddBool(choice.has_value());
    if (choice) choice->Write(w);
  }
  return w.Take();
}

base::StatusOr<std::vector<std::optional<Choice>>> GroupKernel::ReadChoices(
    std::string_view bytes) const {
  base::FieldReader r(bytes);
  std::vector<std::optional<Choice>> choices(slots_.size());
  for (std::optional<Choice>& choice : choices) {
    SOTERIA_ASSIGN_OR_RETURN(const bool looked, r.NextBool());
    if (!looked) continue;
    SOTERIA_ASSIGN_OR_RETURN(choice, Choice::Read(r, rules_));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return choices;
}

/// Shares of the features follow each other, so that of equal gains the first one wins here too.
base::StatusOr<std::string> GroupKernel::MergeChoices(
    const std::vector<std::string>& children) const {
  std::vector<std::optional<Choice>> best(slots_.size());
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(auto child, ReadChoices(bytes));
    for (size_t s = 0; s < best.size(); ++s) {
      if (!child[s] || (best[s] && !Above(child[s]->gain, best[s]->gain))) continue;
      best[s] = std::move(child[s]);
    }
  }
  return WriteChoices(best);
}

base::StatusOr<std::string> GroupKernel::Merge(std::vector<std::string> children) const {
  if (choose_) return MergeChoices(children);
  size_t size = 0;
  for (const Slot& slot : slots_) size += HistogramSize(slot);
  std::vector<double> sum;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> child,
                             stats::UnpackDoubles(std::exchange(bytes, {})));
    if (child.size() != size) return Malformed("size of histograms");
    if (sum.empty()) {
      sum = std::move(child);
      continue;
    }
    for (size_t i = 0; i < size; ++i) sum[i] += child[i];
  }
  return stats::PackDoubles(sum);
}

base::StatusOr<std::vector<Choice>> GroupKernel::Choices(std::string_view partial) const {
  std::vector<Choice> choices;
  if (choose_) {
    SOTERIA_ASSIGN_OR_RETURN(auto chosen, ReadChoices(partial));
    for (std::optional<Choice>& choice : chosen) {
      if (!choice) return Malformed("a node that no partition looked at");
      choices.push_back(*std::move(choice));
    }
    return choices;
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> all, stats::UnpackDoubles(partial));
  size_t at = 0;
  for (const Slot& slot : slots_) {
    const size_t size = HistogramSize(slot);
    if (all.size() - at < size) return Malformed("size of histograms");
    const auto first = all.begin() + static_cast<ptrdiff_t>(at);
    choices.push_back(ChooseOf(slot, {first, first + static_cast<ptrdiff_t>(size)}));
    at += size;
  }
  return choices;
}

}  // namespace soteria::ml::tree
