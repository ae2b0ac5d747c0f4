#include "src/ml/tree/persistence.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/tree/model.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::ml::tree {
namespace {

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("model data: ", what));
}

template <class T>
std::shared_ptr<arrow::Buffer> BufferOf(std::vector<T> values) {
  return arrow::Buffer::FromVector(std::move(values));
}

std::shared_ptr<arrow::Array> Ints(std::vector<int32_t> values) {
  const auto n = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::Int32Array>(n, BufferOf(std::move(values)));
}

std::shared_ptr<arrow::Array> Longs(std::vector<int64_t> values) {
  const auto n = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::Int64Array>(n, BufferOf(std::move(values)));
}

std::shared_ptr<arrow::DataType> DoublesType() { return table::ListOf(arrow::float64(), false); }

std::shared_ptr<arrow::Array> Lists(std::vector<int32_t> offsets, std::vector<double> values) {
  const auto n = static_cast<int64_t>(offsets.size()) - 1;
  return std::make_shared<arrow::ListArray>(DoublesType(), n, BufferOf(std::move(offsets)),
                                            DoubleArray(std::move(values)));
}

arrow::FieldVector SplitFields() {
  return {arrow::field("featureIndex", arrow::int32(), false),
          arrow::field("leftCategoriesOrThreshold", DoublesType(), true),
          arrow::field("numCategories", arrow::int32(), false)};
}

arrow::FieldVector NodeFields() {
  return {arrow::field("id", arrow::int32(), false),
          arrow::field("prediction", arrow::float64(), false),
          arrow::field("impurity", arrow::float64(), false),
          arrow::field("impurityStats", DoublesType(), true),
          arrow::field("rawCount", arrow::int64(), false),
          arrow::field("gain", arrow::float64(), false),
          arrow::field("leftChild", arrow::int32(), false),
          arrow::field("rightChild", arrow::int32(), false),
          arrow::field("split", arrow::struct_(SplitFields()), true)};
}

/// Columns of NodeFields, of all trees' nodes.
base::StatusOr<arrow::ArrayVector> NodeColumns(const std::vector<Tree>& trees) {
  std::vector<int32_t> id, left, right, feature, categories;
  std::vector<double> prediction, impurity, gain, stats, cuts;
  std::vector<int64_t> raw;
  std::vector<int32_t> stats_ends = {0}, cuts_ends = {0};
  for (const Tree& tree : trees) {
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      const Node& node = tree.nodes[i];
      id.push_back(static_cast<int32_t>(i));
      prediction.push_back(node.prediction);
      impurity.push_back(node.impurity);
      stats.insert(stats.end(), node.stats.begin(), node.stats.end());
      stats_ends.push_back(static_cast<int32_t>(stats.size()));
      raw.push_back(node.raw_count);
      gain.push_back(node.leaf() ? -1.0 : node.gain);
      left.push_back(node.left);
      right.push_back(node.right);
      feature.push_back(node.leaf() ? -1 : node.split.feature);
      categories.push_back(node.leaf() ? -1 : node.split.num_categories);
      if (!node.leaf() && node.split.continuous()) cuts.push_back(node.split.threshold);
      if (!node.leaf()) {
        const auto& listed = node.split.left_categories;
        cuts.insert(cuts.end(), listed.begin(), listed.end());
      }
      cuts_ends.push_back(static_cast<int32_t>(cuts.size()));
    }
  }
  std::shared_ptr<arrow::StructArray> split;
  SOTERIA_ARROW_ASSIGN(split,
                       arrow::StructArray::Make(
                           {Ints(std::move(feature)), Lists(std::move(cuts_ends), std::move(cuts)),
                            Ints(std::move(categories))},
                           SplitFields()));
  return arrow::ArrayVector{Ints(std::move(id)),
                            DoubleArray(std::move(prediction)),
                            DoubleArray(std::move(impurity)),
                            Lists(std::move(stats_ends), std::move(stats)),
                            Longs(std::move(raw)),
                            DoubleArray(std::move(gain)),
                            Ints(std::move(left)),
                            Ints(std::move(right)),
                            std::move(split)};
}

base::StatusOr<std::shared_ptr<arrow::Table>> TreesMetadata(const TreeData& data) {
  std::vector<int32_t> ids;
  std::vector<int32_t> ends = {0};
  std::string text;
  for (size_t t = 0; t < data.trees.size(); ++t) {
    ids.push_back(static_cast<int32_t>(t));
    // A tree's own time isn't known; readers want a number.
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<SavedFile> files,
                             SaveParams(data.tree_params[t], /*now_ms=*/0));
    std::string line = files.at(0).bytes;
    while (line.ends_with('\n')) line.pop_back();
    text += line;
    ends.push_back(static_cast<int32_t>(text.size()));
  }
  auto lines = std::make_shared<arrow::StringArray>(static_cast<int64_t>(ids.size()),
                                                    BufferOf(std::move(ends)),
                                                    arrow::Buffer::FromString(std::move(text)));
  return arrow::Table::Make(arrow::schema({arrow::field("_1", arrow::int32(), false),
                                           arrow::field("_2", arrow::utf8(), true),
                                           arrow::field("_3", arrow::float64(), false)}),
                            {Ints(std::move(ids)), lines, DoubleArray(data.weights)});
}

/// Fields of a struct or columns of a table, by name.
class Cells {
 public:
  explicit Cells(std::map<std::string, std::shared_ptr<arrow::Array>> columns)
      : columns_(std::move(columns)) {}
  static base::StatusOr<Cells> Of(const std::shared_ptr<arrow::Array>& array) {
    const auto* rows = dynamic_cast<const arrow::StructArray*>(array.get());
    if (rows == nullptr || rows->null_count() > 0) return Malformed("a struct is missing");
    std::map<std::string, std::shared_ptr<arrow::Array>> columns;
    for (int i = 0; i < rows->num_fields(); ++i) {
      columns[rows->type()->field(i)->name()] = rows->field(i);
    }
    return Cells(std::move(columns));
  }
  template <class ArrowArray>
  base::StatusOr<const ArrowArray*> Column(const std::string& name) const {
    const auto at = columns_.find(name);
    if (at == columns_.end()) return Malformed(base::Cat("column ", name, " is missing"));
    const auto* typed = dynamic_cast<const ArrowArray*>(at->second.get());
    if (typed == nullptr || typed->null_count() > 0) {
      return Malformed(base::Cat("column ", name, " is of another type or null"));
    }
    return typed;
  }
  base::StatusOr<std::shared_ptr<arrow::Array>> Any(const std::string& name) const {
    const auto at = columns_.find(name);
    if (at == columns_.end()) return Malformed(base::Cat("column ", name, " is missing"));
    return at->second;
  }

 private:
  std::map<std::string, std::shared_ptr<arrow::Array>> columns_;
};

/// Lists of doubles.
base::StatusOr<const arrow::DoubleArray*> ItemsOf(const arrow::ListArray& lists) {
  const auto* items = dynamic_cast<const arrow::DoubleArray*>(lists.values().get());
  if (items == nullptr || items->null_count() > 0) return Malformed("a list of other than doubles");
  return items;
}

std::vector<double> ItemsAt(const arrow::ListArray& lists, const arrow::DoubleArray& items,
                            int64_t row) {
  const double* const values = items.raw_values();
  return {values + lists.value_offset(row), values + lists.value_offset(row + 1)};
}

struct LoadedNode {
  int32_t id = 0;
  Node node;
};

base::StatusOr<std::vector<LoadedNode>> NodesOf(const Cells& cells) {
  SOTERIA_ASSIGN_OR_RETURN(const auto* id, cells.Column<arrow::Int32Array>("id"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* prediction, cells.Column<arrow::DoubleArray>("prediction"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* impurity, cells.Column<arrow::DoubleArray>("impurity"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* stats, cells.Column<arrow::ListArray>("impurityStats"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* raw, cells.Column<arrow::Int64Array>("rawCount"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* gain, cells.Column<arrow::DoubleArray>("gain"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* left, cells.Column<arrow::Int32Array>("leftChild"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* right, cells.Column<arrow::Int32Array>("rightChild"));
  SOTERIA_ASSIGN_OR_RETURN(const auto split_column, cells.Any("split"));
  SOTERIA_ASSIGN_OR_RETURN(const Cells split, Cells::Of(split_column));
  SOTERIA_ASSIGN_OR_RETURN(const auto* feature, split.Column<arrow::Int32Array>("featureIndex"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* cuts,
                           split.Column<arrow::ListArray>("leftCategoriesOrThreshold"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* categories,
                           split.Column<arrow::Int32Array>("numCategories"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* stats_items, ItemsOf(*stats));
  SOTERIA_ASSIGN_OR_RETURN(const auto* cuts_items, ItemsOf(*cuts));
  std::vector<LoadedNode> nodes(static_cast<size_t>(id->length()));
  for (int64_t i = 0; i < id->length(); ++i) {
    LoadedNode& loaded = nodes[static_cast<size_t>(i)];
    loaded.id = id->Value(i);
    Node& node = loaded.node;
    node.prediction = prediction->Value(i);
    node.impurity = impurity->Value(i);
    node.stats = ItemsAt(*stats, *stats_items, i);
    node.raw_count = raw->Value(i);
    node.gain = gain->Value(i);
    node.left = left->Value(i);
    node.right = right->Value(i);
    node.split.feature = feature->Value(i);
    node.split.num_categories = categories->Value(i);
    const std::vector<double> listed = ItemsAt(*cuts, *cuts_items, i);
    if (node.leaf()) continue;
    if (node.split.continuous()) {
      if (listed.size() != 1) return Malformed("a continuous split has one threshold");
      node.split.threshold = listed[0];
      continue;
    }
    for (const double category : listed) {
      if (!(category >= 0 && category < kCategoriesMax)) return Malformed("a category");
      node.split.left_categories.push_back(static_cast<int32_t>(category));
    }
    std::sort(node.split.left_categories.begin(), node.split.left_categories.end());
  }
  return nodes;
}

/// The nodes of one tree, which may have come in any order.
base::StatusOr<Tree> TreeOf(std::vector<LoadedNode> nodes) {
  std::sort(nodes.begin(), nodes.end(),
            [](const LoadedNode& a, const LoadedNode& b) { return a.id < b.id; });
  Tree tree;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].id != static_cast<int32_t>(i)) return Malformed("the ids of nodes have gaps");
    tree.nodes.push_back(std::move(nodes[i].node));
  }
  return tree;
}

Cells CellsOf(const arrow::Table& table) {
  std::map<std::string, std::shared_ptr<arrow::Array>> columns;
  for (int i = 0; i < table.num_columns(); ++i) {
    if (table.column(i)->num_chunks() == 1) {
      columns[table.field(i)->name()] = table.column(i)->chunk(0);
    }
  }
  return Cells(std::move(columns));
}

base::Status LoadEnsemble(const Params& params, SavedModel& saved, TreeData& data) {
  const Family& family = TreeFamilyOf(FamilyOf(params.info()));
  SOTERIA_ASSIGN_OR_RETURN(const auto metadata, saved.Rows("treesMetadata"));
  const Cells about = CellsOf(*metadata);
  // Spark 4.3 leaves the columns unnamed.
  const bool named = metadata->GetColumnByName("treeID") != nullptr;
  SOTERIA_ASSIGN_OR_RETURN(const auto* ids,
                           about.Column<arrow::Int32Array>(named ? "treeID" : "_1"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* lines,
                           about.Column<arrow::StringArray>(named ? "metadata" : "_2"));
  SOTERIA_ASSIGN_OR_RETURN(const auto* weights,
                           about.Column<arrow::DoubleArray>(named ? "weights" : "_3"));
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  const Cells cells = CellsOf(*rows);
  SOTERIA_ASSIGN_OR_RETURN(const auto* tree_ids, cells.Column<arrow::Int32Array>("treeID"));
  SOTERIA_ASSIGN_OR_RETURN(const auto node_column, cells.Any("nodeData"));
  SOTERIA_ASSIGN_OR_RETURN(const Cells node_cells, Cells::Of(node_column));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<LoadedNode> nodes, NodesOf(node_cells));
  std::map<int32_t, int64_t> order;  // tree -> row of its metadata
  for (int64_t i = 0; i < ids->length(); ++i) order[ids->Value(i)] = i;
  std::map<int32_t, std::vector<LoadedNode>> trees;
  for (size_t i = 0; i < nodes.size(); ++i) {
    trees[tree_ids->Value(static_cast<int64_t>(i))].push_back(std::move(nodes[i]));
  }
  if (trees.size() != order.size() || static_cast<int64_t>(order.size()) != ids->length()) {
    return Malformed("trees and their metadata disagree");
  }
  for (const auto& [tree, row] : order) {
    const auto at = trees.find(tree);
    if (at == trees.end()) return Malformed("a tree without nodes");
    SOTERIA_ASSIGN_OR_RETURN(data.trees.emplace_back(), TreeOf(std::move(at->second)));
    data.weights.push_back(weights->Value(row));
    SOTERIA_ASSIGN_OR_RETURN(Params tree_params, ParseParams(*family.model, lines->GetView(row)));
    data.tree_params.push_back(std::move(tree_params));
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<ModelFiles> SaveTrees(const Transformer& model) {
  const auto& trees = dynamic_cast<const TreeModel&>(model);
  const TreeData& data = trees.data();
  SOTERIA_ASSIGN_OR_RETURN(arrow::ArrayVector columns, NodeColumns(data.trees));
  ModelFiles files;
  files.numbers = {{"numFeatures", data.num_features}};
  const bool boosted = trees.family().ensemble == Ensemble::kBoosted;
  if (trees.family().classifier && !boosted) {
    files.numbers.emplace_back("numClasses", data.num_classes);
  }
  if (trees.family().ensemble == Ensemble::kOne) {
    files.tables.push_back({"data", arrow::Table::Make(arrow::schema(NodeFields()), columns)});
    return files;
  }
  files.numbers.emplace_back("numTrees", static_cast<int64_t>(data.trees.size()));
  SOTERIA_ASSIGN_OR_RETURN(auto metadata, TreesMetadata(data));
  files.tables.push_back({"treesMetadata", std::move(metadata)});
  std::vector<int32_t> ids;
  for (size_t t = 0; t < data.trees.size(); ++t) {
    ids.insert(ids.end(), data.trees[t].nodes.size(), static_cast<int32_t>(t));
  }
  std::shared_ptr<arrow::StructArray> nodes;
  SOTERIA_ARROW_ASSIGN(nodes, arrow::StructArray::Make(columns, NodeFields()));
  files.tables.push_back(
      {"data", arrow::Table::Make(
                   arrow::schema({arrow::field("treeID", arrow::int32(), false),
                                  arrow::field("nodeData", arrow::struct_(NodeFields()), true)}),
                   {Ints(std::move(ids)), std::static_pointer_cast<arrow::Array>(nodes)})});
  return files;
}

base::StatusOr<std::shared_ptr<const Model>> LoadTrees(Params params, SavedModel& saved) {
  const Family& family = FamilyOf(params.info());
  TreeData data;
  SOTERIA_ASSIGN_OR_RETURN(const int64_t features, saved.Number("numFeatures"));
  int64_t classes = 0;
  constexpr int64_t kBinary = 2;
  if (family.classifier) classes = kBinary;
  if (family.classifier && family.ensemble != Ensemble::kBoosted) {
    SOTERIA_ASSIGN_OR_RETURN(classes, saved.Number("numClasses"));
  }
  if (features < 0 || features > kFeaturesMax || classes < 0 || classes > INT32_MAX) {
    return Malformed("numFeatures or numClasses");
  }
  data.num_features = static_cast<int32_t>(features);
  data.num_classes = static_cast<int32_t>(classes);
  if (family.ensemble == Ensemble::kOne) {
    SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
    SOTERIA_ASSIGN_OR_RETURN(std::vector<LoadedNode> nodes, NodesOf(CellsOf(*rows)));
    SOTERIA_ASSIGN_OR_RETURN(data.trees.emplace_back(), TreeOf(std::move(nodes)));
    data.weights = {1.0};
  } else {
    SOTERIA_RETURN_IF_ERROR(LoadEnsemble(params, saved, data));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           TreeModel::Make(std::move(params), std::move(data)));
  return model;
}

}  // namespace soteria::ml::tree
