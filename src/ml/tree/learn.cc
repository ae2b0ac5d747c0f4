#include "src/ml/tree/learn.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/spark_random.h"

namespace soteria::ml::tree {
namespace {

constexpr int32_t kBinsMax = 1 << 16;
/// Up to so many rows every partition gets them all: histograms of one node already outweigh them.
constexpr int64_t kGatheredRowsMax = 10'000;
constexpr int64_t kGatheredBytesMax = int64_t{256} << 20;
/// Cells that a copy is worth, and how many copies there are at most: however many workers there
/// are, so that bits don't depend on them.
constexpr int64_t kCopyCells = int64_t{1} << 18;
constexpr int64_t kCopiesMax = 8;

base::Status Refused(std::string text) {
  return base::Fail(base::kIllegalArgument, std::move(text));
}

int32_t FeaturesPerNode(const Strategy& strategy, int32_t features) {
  std::string subset = strategy.feature_subset;
  if (subset == "auto") {
    if (strategy.num_trees == 1) {
      subset = "all";
    } else {
      subset = strategy.impurity == Impurity::kVariance ? "onethird" : "sqrt";
    }
  }
  const double n = features;
  if (subset == "all") return features;
  if (subset == "sqrt") return static_cast<int32_t>(std::ceil(std::sqrt(n)));
  if (subset == "log2") {
    return std::max(1, static_cast<int32_t>(std::ceil(std::log(n) / std::log(2.0))));
  }
  if (subset == "onethird") return static_cast<int32_t>(std::ceil(n / 3.0));
  int32_t count = 0;
  const char* const end = subset.data() + subset.size();
  if (const auto parsed = std::from_chars(subset.data(), end, count);
      parsed.ec == std::errc() && parsed.ptr == end) {
    return std::min(count, features);
  }
  return static_cast<int32_t>(std::ceil(std::strtod(subset.c_str(), nullptr) * n));
}

base::Status SetCategories(const Strategy& strategy, int32_t possible_bins, Plan& plan) {
  int32_t most = 0, which = 0;
  for (size_t j = 0; j < std::min(strategy.arity.size(), plan.features()); ++j) {
    if (strategy.arity[j] > most) {
      most = strategy.arity[j];
      which = static_cast<int32_t>(j);
    }
  }
  if (most > possible_bins) {
    return Refused(base::Cat(
        "requirement failed: DecisionTree requires maxBins (= ", possible_bins,
        ") to be at least as large as the number of values in each categorical feature, but"
        " categorical feature ",
        which, " has ", most,
        " values. Consider removing this and other categorical features with a large number of"
        " values, or add more training examples."));
  }
  const auto unordered_max =
      static_cast<int32_t>(std::floor(std::log(possible_bins / 2 + 1) / std::log(2.0) + 1));
  for (size_t j = 0; j < plan.features(); ++j) {
    const int32_t arity = j < strategy.arity.size() ? strategy.arity[j] : 0;
    plan.rules.arity[j] = arity;
    if (arity == 0) continue;
    plan.rules.bins[j] = arity;
    if (arity == 1) continue;  // nothing to split; MLlib reckons it like a continuous one
    plan.reckoned_bins[j] = arity;
    if (strategy.num_classes > 2 && arity <= unordered_max) {
      plan.rules.unordered[j] = true;
      plan.reckoned_bins[j] = (int64_t{1} << (arity - 1)) - 1;
    }
  }
  return base::OkStatus();
}

base::Status FindCuts(const Strategy& strategy, const std::optional<Source>& source,
                      const Survey& survey, Work& work, Plan& plan) {
  const size_t features = plan.features();
  plan.cuts.arity = plan.rules.arity;
  plan.cuts.thresholds.resize(features);
  const bool continuous = std::any_of(plan.rules.arity.begin(), plan.rules.arity.end(),
                                      [](int32_t arity) { return arity == 0; });
  if (!continuous) return base::OkStatus();
  const int64_t max_bins = *std::max_element(plan.reckoned_bins.begin(), plan.reckoned_bins.end());
  constexpr int64_t kSampleLeast = 10'000;
  const int64_t required = std::max(max_bins * max_bins, kSampleLeast);
  const double fraction = required < survey.rows
                              ? static_cast<double>(required) / static_cast<double>(survey.rows)
                              : 1.0;
  const SampleKernel kernel(source, features, fraction,
                            table::XorShiftRandom(strategy.seed).NextInt());
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(const Sample sample, Sample::Decode(partial, features));
  for (size_t j = 0; j < features; ++j) {
    if (plan.rules.arity[j] != 0) continue;
    std::vector<std::pair<double, double>> values;
    for (size_t i = 0; i < sample.weight.size(); ++i) {
      const double value = sample.features[i * features + j];
      if (value != 0) values.emplace_back(value, sample.weight[i]);
    }
    plan.cuts.thresholds[j] =
        ThresholdsOf(std::move(values), fraction * survey.weight, plan.rules.bins[j]);
    plan.rules.bins[j] = static_cast<int32_t>(plan.cuts.thresholds[j].size()) + 1;
    plan.reckoned_bins[j] = plan.rules.bins[j];
  }
  return base::OkStatus();
}

/// A node while its tree grows.
struct Learning {
  int32_t depth = 0;
  bool decided = false;  // `choice` is of this node, not only what its parent's split says
  bool valid = true;
  double gain = std::numeric_limits<double>::quiet_NaN();
  double impurity = 0;
  Totals totals;
  Choice choice;
  int32_t left = -1, right = -1;
};
using LearningTree = std::vector<Learning>;

class Grower {
 public:
  Grower(const Plan& plan, int64_t seed, BinnedWork& binned)
      : plan_(plan), random_(seed), work_(binned.work()), whole_(binned.whole()), trees_(Trees()) {
    for (size_t t = 0; t < trees_.size(); ++t) {
      trees_[t].resize(1);
      stack_.push_back({static_cast<int32_t>(t), 0});
    }
  }

  base::StatusOr<std::vector<Grown>> Run() {
    while (!stack_.empty()) {
      if (work_.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
      SelectGroup();
      SOTERIA_RETURN_IF_ERROR(SplitGroup());
    }
    std::vector<Grown> grown;
    for (const LearningTree& tree : trees_) grown.push_back(Finish(tree));
    return grown;
  }

 private:
  struct Place {
    int32_t tree = 0, node = 0;
  };

  size_t Trees() const { return static_cast<size_t>(plan_.strategy.num_trees); }
  Learning& At(const Place& place) {
    return trees_[static_cast<size_t>(place.tree)][static_cast<size_t>(place.node)];
  }

  std::vector<int32_t> DrawFeatures();
  int64_t Reckon(const std::vector<int32_t>& features) const;
  void SelectGroup();
  base::Status SplitGroup();
  void Split(const Place& place, Choice choice);
  RouteTree RoutesTo(int32_t tree, const std::map<int32_t, int32_t>& slots) const;
  RouteNode RouteOf(const Choice& choice) const;
  tree::Split SplitOf(const Choice& choice) const;
  Grown Finish(const LearningTree& tree) const;
  int32_t AppendNode(const LearningTree& tree, int32_t at, Grown& out) const;

  const Plan& plan_;
  table::JavaRandom random_;
  Work& work_;
  const bool whole_;
  std::vector<LearningTree> trees_;
  std::vector<Place> stack_;
  // The group that is split next, in the order its nodes were taken.
  std::vector<Place> group_;
  std::vector<Slot> slots_;
};

/// A uniform sample of the features, by reservoir.
std::vector<int32_t> Grower::DrawFeatures() {
  const auto features = static_cast<int32_t>(plan_.features());
  if (plan_.features_per_node == features) return {};
  table::XorShiftRandom random(random_.NextLong());
  std::vector<int32_t> taken;
  for (int32_t j = 0; j < features; ++j) {
    if (j < plan_.features_per_node) {
      taken.push_back(j);
      continue;
    }
    const auto at = static_cast<int64_t>(random.NextDouble() * (j + 1));
    if (at < plan_.features_per_node) taken[static_cast<size_t>(at)] = j;
  }
  return taken;
}

/// Bytes that MLlib reckons for a node's histograms.
int64_t Grower::Reckon(const std::vector<int32_t>& features) const {
  int64_t bins = 0;
  if (features.empty()) {
    for (const int64_t each : plan_.reckoned_bins) bins += each;
  }
  for (const int32_t j : features) bins += plan_.reckoned_bins[static_cast<size_t>(j)];
  const int32_t classes = plan_.rules.num_classes;
  return bins * (classes >= 2 ? classes : 3) * static_cast<int64_t>(sizeof(double));
}

void Grower::SelectGroup() {
  const int64_t memory_max = plan_.strategy.max_memory_mb << 20;
  group_.clear();
  slots_.clear();
  int64_t memory = 0;
  while (!stack_.empty()) {
    const Place place = stack_.back();
    // Also for the node that turns out not to fit, which draws again in the next group.
    std::vector<int32_t> features = DrawFeatures();
    const int64_t needed = Reckon(features);
    if (memory != 0 && memory + needed > memory_max) break;
    stack_.pop_back();
    Slot slot;
    slot.features = std::move(features);
    if (place.node != 0) slot.parent = At(place).totals;
    group_.push_back(place);
    slots_.push_back(std::move(slot));
    memory += needed;
  }
}

RouteNode Grower::RouteOf(const Choice& choice) const {
  RouteNode route;
  route.feature = choice.feature;
  const auto j = static_cast<size_t>(choice.feature);
  if (plan_.rules.arity[j] == 0) {
    // Neighbouring cuts may have been rounded to the same threshold, which is what decides.
    const std::vector<double>& thresholds = plan_.cuts.thresholds[j];
    auto last = static_cast<size_t>(choice.split);
    while (last + 1 < thresholds.size() && thresholds[last + 1] == thresholds[last]) ++last;
    route.bin = static_cast<int32_t>(last);
    return route;
  }
  route.goes.assign(static_cast<size_t>(plan_.rules.arity[j]), 0);
  for (const int32_t category : SplitOf(choice).left_categories) {
    route.goes[static_cast<size_t>(category)] = 1;
  }
  return route;
}

tree::Split Grower::SplitOf(const Choice& choice) const {
  tree::Split split;
  split.feature = choice.feature;
  const auto j = static_cast<size_t>(choice.feature);
  const int32_t arity = plan_.rules.arity[j];
  if (arity == 0) {
    split.threshold = plan_.cuts.thresholds[j][static_cast<size_t>(choice.split)];
    return split;
  }
  split.num_categories = arity;
  split.left_categories =
      plan_.rules.unordered[j] ? UnorderedSubset(choice.split, arity) : choice.categories;
  std::sort(split.left_categories.begin(), split.left_categories.end());
  return split;
}

/// The part of a tree that leads to these nodes.
RouteTree Grower::RoutesTo(int32_t tree, const std::map<int32_t, int32_t>& slots) const {
  const LearningTree& nodes = trees_[static_cast<size_t>(tree)];
  std::vector<bool> leads(nodes.size());
  for (size_t i = nodes.size(); i-- > 0;) {  // children come after their parent
    const Learning& node = nodes[i];
    leads[i] = slots.contains(static_cast<int32_t>(i)) ||
               (node.left >= 0 &&
                (leads[static_cast<size_t>(node.left)] || leads[static_cast<size_t>(node.right)]));
  }
  RouteTree routes;
  routes.tree = tree;
  std::vector<size_t> from = {0};  // which node each route is of
  routes.nodes.emplace_back();
  for (size_t i = 0; i < from.size(); ++i) {
    const Learning& node = nodes[from[i]];
    if (const auto slot = slots.find(static_cast<int32_t>(from[i])); slot != slots.end()) {
      routes.nodes[i].slot = slot->second;
    } else if (node.left >= 0 && leads[from[i]]) {
      RouteNode route = RouteOf(node.choice);
      route.left = static_cast<int32_t>(from.size());
      route.right = route.left + 1;
      from.push_back(static_cast<size_t>(node.left));
      from.push_back(static_cast<size_t>(node.right));
      routes.nodes[i] = std::move(route);
      routes.nodes.resize(from.size());
    }
  }
  return routes;
}

base::Status Grower::SplitGroup() {
  std::map<int32_t, std::map<int32_t, int32_t>> slots;  // tree -> node -> slot
  std::vector<int32_t> order;                           // trees as they came
  for (size_t s = 0; s < group_.size(); ++s) {
    if (!slots.contains(group_[s].tree)) order.push_back(group_[s].tree);
    slots[group_[s].tree][group_[s].node] = static_cast<int32_t>(s);
  }
  std::vector<RouteTree> routes;
  for (const auto& [tree, nodes] : slots) {
    routes.push_back(RoutesTo(tree, nodes));
  }
  const GroupKernel kernel(plan_.rules, std::move(routes), slots_, whole_);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work_.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<Choice> choices, kernel.Choices(partial));
  // In the order of Scala's maps, by which MLlib's stack is filled.
  for (const int32_t tree : ScalaSetOrder(ScalaMutableMapOrder(order))) {
    for (size_t s = 0; s < group_.size(); ++s) {
      if (group_[s].tree == tree) Split(group_[s], std::move(choices[s]));
    }
  }
  return base::OkStatus();
}

void Grower::Split(const Place& place, Choice choice) {
  constexpr double kPure = std::numeric_limits<double>::epsilon();
  LearningTree& tree = trees_[static_cast<size_t>(place.tree)];
  {
    Learning& node = At(place);
    node.decided = true;
    node.valid = choice.valid;
    node.gain = choice.gain;
    node.impurity = choice.impurity;
    node.totals = choice.parent;
    if (choice.gain <= 0 || !choice.valid || node.depth == plan_.strategy.max_depth) return;
    node.left = static_cast<int32_t>(tree.size());
    node.right = node.left + 1;
    node.choice = std::move(choice);
  }
  for (const bool left : {true, false}) {
    Learning child;
    const Learning& node = At(place);
    child.depth = node.depth + 1;
    child.totals = left ? node.choice.left : node.choice.right;
    child.impurity = ImpurityOf(plan_.rules, child.totals.stats);
    const int32_t at = left ? node.left : node.right;
    const bool leaf = child.depth == plan_.strategy.max_depth || std::abs(child.impurity) < kPure;
    tree.push_back(std::move(child));
    if (!leaf) stack_.push_back({place.tree, at});
  }
}

int32_t Grower::AppendNode(const LearningTree& tree, int32_t at, Grown& out) const {
  const Learning& from = tree[static_cast<size_t>(at)];
  const auto here = static_cast<int32_t>(out.tree.nodes.size());
  const auto mine = static_cast<size_t>(here);
  Node node;
  node.prediction = Prediction(plan_.rules, from.totals.stats);
  node.impurity = from.valid ? from.impurity : -1.0;
  node.stats = from.totals.stats;
  node.raw_count = from.totals.rows;
  out.tree.nodes.push_back(node);
  out.routes.nodes.emplace_back();
  if (from.left < 0) return here;
  node.left = AppendNode(tree, from.left, out);
  node.right = AppendNode(tree, from.right, out);
  const Node& left = out.tree.nodes[static_cast<size_t>(node.left)];
  const Node& right = out.tree.nodes[static_cast<size_t>(node.right)];
  if (plan_.strategy.prune && left.leaf() && right.leaf() && left.prediction == right.prediction) {
    node.left = node.right = -1;
    out.tree.nodes.resize(mine + 1);
    out.tree.nodes[mine] = std::move(node);
    out.routes.nodes.resize(mine + 1);
    return here;
  }
  node.gain = from.gain;
  node.split = SplitOf(from.choice);
  RouteNode route = RouteOf(from.choice);
  route.left = node.left;
  route.right = node.right;
  out.tree.nodes[mine] = std::move(node);
  out.routes.nodes[mine] = std::move(route);
  return here;
}

Grown Grower::Finish(const LearningTree& tree) const {
  Grown grown;
  AppendNode(tree, 0, grown);
  grown.tree.NumberLeaves();
  for (size_t i = 0; i < grown.tree.nodes.size(); ++i) {
    const Node& node = grown.tree.nodes[i];
    if (!node.leaf()) continue;
    grown.routes.nodes[i].slot = node.leaf_index;
    grown.leaves.push_back(node.prediction);
  }
  return grown;
}

}  // namespace

base::StatusOr<Plan> MakePlan(const Strategy& strategy, const std::optional<Source>& source,
                              const Survey& survey, Work& work) {
  if (survey.rows == 0) {
    return Refused("DecisionTree requires size of input RDD > 0, but was given by empty one.");
  }
  if (survey.cols <= 0) {
    return Refused(
        "requirement failed: DecisionTree requires number of features > 0, but was given an empty"
        " features vector");
  }
  if (survey.cols > kFeaturesMax || strategy.max_bins > kBinsMax) {
    return base::Fail(base::kUnsupported,
                      base::Cat("Trees do not support more than ", kFeaturesMax,
                                " features or maxBins above ", kBinsMax, " here."));
  }
  const auto features = static_cast<size_t>(survey.cols);
  const auto possible_bins =
      static_cast<int32_t>(std::min<int64_t>(strategy.max_bins, survey.rows));
  Plan plan;
  plan.strategy = strategy;
  plan.rows = survey.rows;
  plan.rules.impurity = strategy.impurity;
  plan.rules.num_classes = strategy.num_classes;
  plan.rules.arity.assign(features, 0);
  plan.rules.unordered.assign(features, false);
  plan.rules.bins.assign(features, possible_bins);
  plan.rules.min_instances = strategy.min_instances;
  plan.rules.min_weight = strategy.min_weight_fraction * survey.weight;
  plan.rules.min_gain = strategy.min_gain;
  plan.reckoned_bins.assign(features, possible_bins);
  plan.features_per_node = FeaturesPerNode(strategy, static_cast<int32_t>(features));
  SOTERIA_RETURN_IF_ERROR(SetCategories(strategy, possible_bins, plan));
  SOTERIA_RETURN_IF_ERROR(FindCuts(strategy, source, survey, work, plan));
  return plan;
}

base::StatusOr<BinnedWork> BinnedWork::Make(Work& work, const std::optional<Source>& source,
                                            const Plan& plan, const Bagging& bagging, bool signs,
                                            uint64_t copies) {
  BinnedWork binned;
  binned.work_ = &work;
  SOTERIA_RETURN_IF_ERROR(work.Advance(BinStep(source, plan.cuts, bagging, signs)));
  const int64_t bytes = plan.rows * static_cast<int64_t>(plan.features());
  if (plan.rows > kGatheredRowsMax || bytes > kGatheredBytesMax) return binned;
  if (copies == 0) {
    const int64_t worth =
        std::min(bytes / kCopyCells, kGatheredBytesMax / std::max<int64_t>(1, bytes));
    copies = static_cast<uint64_t>(std::clamp<int64_t>(worth, 1, kCopiesMax));
  }
  if (work.partitions() == 1 && copies == 1) return binned;
  SOTERIA_ASSIGN_OR_RETURN(binned.gathered_, work.Exchange(GatherRoute(), copies));
  return binned;
}

base::StatusOr<std::vector<Grown>> GrowTrees(const Plan& plan, int64_t seed, BinnedWork& binned) {
  return Grower(plan, seed, binned).Run();
}

}  // namespace soteria::ml::tree
