#include "src/ml/tree/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/classification_summary/summary.h"
#include "src/ml/columns.h"
#include "src/ml/tree/answers.h"
#include "src/stats/doubles.h"
#include "src/table/arrow_status.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::ml::tree {
namespace {

constexpr uint64_t kTreesMax = 1 << 16;
constexpr char kNumeric[] = "{\"ml_attr\":{}}";

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("tree model: ", what));
}

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double ArgMax(const std::vector<double>& values) {
  return static_cast<double>(std::max_element(values.begin(), values.end()) - values.begin());
}

/// A uid as MLlib's random ones look, by the ensemble's uid and the tree's number.
std::string TreeUid(std::string_view prefix, std::string_view ensemble, size_t tree) {
  uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  const auto mix = [&hash](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3U;
  };
  mix(ensemble);
  mix(base::Cat("/", tree));
  hash ^= hash >> 31;
  std::string uid(prefix);
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 12; ++i) uid += kDigits[(hash >> (4 * i)) & 15U];
  return uid;
}

}  // namespace

/// Output columns of one chunk, row by row.
struct TreeModel::Columns {
  bool raw = false, probability = false, prediction = false, variance = false, leaf = false;
  std::vector<double> raws, probabilities, predictions, variances, leaves;
};

size_t TreeModel::StatsOf(const Family& family, int32_t num_classes) {
  constexpr size_t kVarianceStats = 3;
  return Variance(family) ? kVarianceStats : static_cast<size_t>(num_classes);
}

TreeModel::TreeModel(Params params, std::shared_ptr<const TreeData> data)
    : params_(std::move(params)), data_(std::move(data)), family_(FamilyOf(params_.info())) {
  for (const Tree& tree : data_->trees) {
    for (const Node& node : tree.nodes) {
      if (!node.leaf()) features_used_ = std::max(features_used_, node.split.feature + 1);
    }
  }
}

base::StatusOr<std::shared_ptr<const TreeModel>> TreeModel::Make(Params params, TreeData data) {
  const Family& family = FamilyOf(params.info());
  if (data.num_features < 0 || data.num_features > kFeaturesMax) return Malformed("features");
  constexpr int32_t kClassesMax = 1 << 16;
  if (family.classifier ? data.num_classes < 1 || data.num_classes > kClassesMax
                        : data.num_classes != 0) {
    return Malformed("classes");
  }
  const bool one = family.ensemble == Ensemble::kOne;
  if (data.trees.empty() || data.trees.size() > kTreesMax || (one && data.trees.size() != 1) ||
      data.weights.size() != data.trees.size() ||
      data.tree_params.size() != (one ? 0 : data.trees.size())) {
    return Malformed("number of trees");
  }
  const size_t stats = StatsOf(family, data.num_classes);
  for (Tree& tree : data.trees) {
    SOTERIA_RETURN_IF_ERROR(CheckTree(tree, data.num_features, stats));
    tree.NumberLeaves();
  }
  return std::shared_ptr<const TreeModel>(
      new TreeModel(std::move(params), std::make_shared<const TreeData>(std::move(data))));
}

std::vector<Params> TreeModel::ParamsOfTrees(const Params& params, size_t trees) {
  const Family& family = TreeFamilyOf(FamilyOf(params.info()));
  ParamMap set;
  for (const auto& [name, value] : params.set()) {
    if (family.model->Find(name) != nullptr) set[name] = value;
  }
  std::vector<Params> all;
  for (size_t t = 0; t < trees; ++t) {
    const std::string uid = TreeUid(family.classifier ? "dtc_" : "dtr_", params.uid(), t);
    all.push_back(Params::Make(*family.model, uid, set).value());
  }
  return all;
}

base::StatusOr<std::shared_ptr<const Model>> TreeModel::Decode(Params params,
                                                               std::string_view bytes) {
  const Family& family = FamilyOf(params.info());
  base::FieldReader r(bytes);
  TreeData data;
  SOTERIA_ASSIGN_OR_RETURN(const int64_t features, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t classes, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weights, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(data.weights, stats::UnpackDoubles(weights));
  constexpr int64_t kClassesMax = 1 << 16;
  if (features < 0 || features > kFeaturesMax || classes < 0 || classes > kClassesMax ||
      data.weights.size() > kTreesMax) {
    return Malformed("sizes");
  }
  data.num_features = static_cast<int32_t>(features);
  data.num_classes = static_cast<int32_t>(classes);
  for (size_t t = 0; t < data.weights.size(); ++t) {
    if (family.ensemble != Ensemble::kOne) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view tree_params, r.Next());
      SOTERIA_ASSIGN_OR_RETURN(Params decoded,
                               Params::Decode(*TreeFamilyOf(family).model, tree_params));
      data.tree_params.push_back(std::move(decoded));
    }
    SOTERIA_ASSIGN_OR_RETURN(data.trees.emplace_back(),
                             ReadTree(r, data.num_features, StatsOf(family, data.num_classes)));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           Make(std::move(params), std::move(data)));
  return model;
}

std::string TreeModel::EncodeData() const {
  base::FieldWriter w;
  w.AddI64(data_->num_features).AddI64(data_->num_classes);
  w.Add(stats::PackDoubles(data_->weights));
  for (size_t t = 0; t < data_->trees.size(); ++t) {
    if (!data_->tree_params.empty()) w.Add(data_->tree_params[t].Encode());
    WriteTree(w, data_->trees[t]);
  }
  return w.Take();
}

base::Status TreeModel::CheckTransform() const {
  if (!family_.classifier || !params_.IsSet("thresholds")) return base::OkStatus();
  const size_t length = params_.Doubles("thresholds").size();
  if (length == static_cast<size_t>(data_->num_classes)) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: ", params_.info().short_name(),
                              ".transform() called with non-matching numClasses and"
                              " thresholds.length. numClasses=",
                              data_->num_classes, ", but thresholds has length ", length));
}

std::vector<std::shared_ptr<arrow::Field>> TreeModel::OutputFields() const {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  const auto add_number = [&](const std::string& name, const std::string& metadata) {
    fields.push_back(
        table::WithSparkMetadata(arrow::field(name, arrow::float64(), false), metadata));
  };
  if (family_.classifier) {
    const int32_t classes = data_->num_classes;
    for (const char* name : {"rawPredictionCol", "probabilityCol"}) {
      if (const std::optional<std::string> column = params_.Column(name)) {
        fields.push_back(table::WithSparkMetadata(table::VectorField(*column, true, classes),
                                                  VectorAttributes(classes)));
      }
    }
  }
  if (const std::optional<std::string> column = params_.Column("predictionCol")) {
    add_number(*column, family_.classifier ? NominalAttributes(data_->num_classes) : kNumeric);
  }
  if (!family_.classifier && family_.ensemble == Ensemble::kOne) {
    if (const auto column = params_.Column("varianceCol")) add_number(*column, kNumeric);
  }
  if (const std::optional<std::string> column = params_.Column("leafCol")) {
    if (family_.ensemble == Ensemble::kOne) {
      add_number(*column, NominalAttributes(data_->trees[0].Leaves()));
    } else {
      std::string attributes;
      for (size_t t = 0; t < data_->trees.size(); ++t) {
        attributes += base::Cat(t == 0 ? "" : ",", "{\"num_vals\":", data_->trees[t].Leaves(),
                                ",\"idx\":", t, "}");
      }
      const size_t trees = data_->trees.size();
      fields.push_back(
          table::WithSparkMetadata(table::VectorField(*column, true, static_cast<int32_t>(trees)),
                                   base::Cat("{\"ml_attr\":{\"attrs\":{\"nominal\":[", attributes,
                                             "]},\"num_attrs\":", trees, "}}")));
    }
  }
  return fields;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> TreeModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckTreeInput(family_, params_, input, /*fitting=*/false));
  SOTERIA_RETURN_IF_ERROR(CheckTransform());
  std::vector<std::shared_ptr<arrow::Field>> fields = input.fields();
  const auto outputs = OutputFields();
  for (size_t i = 0; i < outputs.size(); ++i) {
    fields = WithColumn(std::move(fields), outputs[i]);
    // What comes next is computed from the vectors before it, by their name.
    if (i == 0 && outputs.size() > 1 && table::IsVector(*outputs[i])) {
      SOTERIA_RETURN_IF_ERROR(CheckSelectable(*arrow::schema(fields), outputs[i]->name()));
    }
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::Status TreeModel::CheckSize(const table::VectorView& features) const {
  if (features.size >= features_used_) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, base::Cat("Index ", features_used_ - 1,
                                                      " out of bounds for length ", features.size));
}

std::vector<double> TreeModel::Raw(const table::VectorView& features) const {
  if (family_.ensemble == Ensemble::kBoosted) {
    const double margin = Regression(features);
    return {-margin, margin};
  }
  if (family_.ensemble == Ensemble::kOne) return data_->trees[0].Leaf(features).stats;
  std::vector<double> votes(static_cast<size_t>(data_->num_classes), 0.0);
  for (const Tree& tree : data_->trees) {
    const std::vector<double>& counts = tree.Leaf(features).stats;
    const double total = Sum(counts);
    if (total == 0) continue;
    for (size_t c = 0; c < votes.size(); ++c) votes[c] += counts[c] / total;
  }
  return votes;
}

std::vector<double> TreeModel::Probability(const std::vector<double>& raw) const {
  if (family_.ensemble == Ensemble::kBoosted) {
    const double negative = 1.0 / (1.0 + std::exp(-2.0 * raw[0]));
    return {negative, 1.0 - negative};
  }
  std::vector<double> probability = raw;
  if (const double sum = Sum(raw); sum != 0) {
    for (double& p : probability) p /= sum;
  }
  return probability;
}

double TreeModel::Regression(const table::VectorView& features) const {
  if (family_.ensemble == Ensemble::kOne) return data_->trees[0].Leaf(features).prediction;
  double sum = 0;
  for (size_t t = 0; t < data_->trees.size(); ++t) {
    sum += data_->trees[t].Leaf(features).prediction * data_->weights[t];
  }
  if (family_.ensemble == Ensemble::kBoosted) return sum;
  return sum / static_cast<double>(data_->trees.size());
}

double TreeModel::FromProbability(const std::vector<double>& probability) const {
  if (!params_.IsSet("thresholds")) return ArgMax(probability);
  const std::vector<double>& thresholds = params_.Doubles("thresholds");
  size_t best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < probability.size(); ++c) {
    const double scaled = probability[c] / thresholds[c];
    if (!(scaled > most)) continue;
    most = scaled;
    best = c;
  }
  return static_cast<double>(best);
}

double TreeModel::FromRaw(const std::vector<double>& raw) const {
  return params_.IsSet("thresholds") ? FromProbability(Probability(raw)) : ArgMax(raw);
}

double TreeModel::Predict(const table::VectorView& features) const {
  if (!family_.classifier) return Regression(features);
  // One tree answers itself, whatever the thresholds: so it is in MLlib.
  if (family_.ensemble == Ensemble::kOne) return data_->trees[0].Leaf(features).prediction;
  return FromRaw(Raw(features));
}

base::Status TreeModel::AddRow(const table::VectorView& features, Columns& out) const {
  SOTERIA_RETURN_IF_ERROR(CheckSize(features));
  if (family_.classifier) {
    std::vector<double> raw, probability;
    if (out.raw || out.probability) raw = Raw(features);
    if (out.probability) probability = Probability(raw);
    if (out.prediction) {
      out.predictions.push_back(out.raw           ? FromRaw(raw)
                                : out.probability ? FromProbability(probability)
                                                  : Predict(features));
    }
    if (out.raw) out.raws.insert(out.raws.end(), raw.begin(), raw.end());
    if (out.probability) {
      out.probabilities.insert(out.probabilities.end(), probability.begin(), probability.end());
    }
  } else {
    if (out.prediction) out.predictions.push_back(Regression(features));
    // Recomputed from the leaf's statistics, as MLlib does.
    if (out.variance) {
      const std::vector<double>& s = data_->trees[0].Leaf(features).stats;
      out.variances.push_back(s[0] == 0 ? 0.0 : (s[2] - s[1] * s[1] / s[0]) / s[0]);
    }
  }
  if (out.leaf) {
    for (const Tree& tree : data_->trees) {
      out.leaves.push_back(static_cast<double>(tree.Leaf(features).leaf_index));
    }
  }
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Table>> TreeModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  const auto outputs = OutputFields();
  std::vector<arrow::ArrayVector> values(outputs.size());
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat(params_.info().short_name(), ": a feature vector is null"));
    }
    Columns out;
    out.raw = family_.classifier && params_.Column("rawPredictionCol").has_value();
    out.probability = family_.classifier && params_.Column("probabilityCol").has_value();
    out.prediction = params_.Column("predictionCol").has_value();
    out.variance = !family_.classifier && family_.ensemble == Ensemble::kOne &&
                   params_.Column("varianceCol").has_value();
    out.leaf = params_.Column("leafCol").has_value();
    for (int64_t i = 0; i < rows.rows(); ++i) {
      SOTERIA_RETURN_IF_ERROR(AddRow(rows.Get(i), out));
    }
    size_t next = 0;
    const auto add_vectors = [&](std::vector<double> numbers, size_t size) -> base::Status {
      SOTERIA_ASSIGN_OR_RETURN(
          values[next++].emplace_back(),
          DenseArray(std::move(numbers), rows.rows(), static_cast<int32_t>(size)));
      return base::OkStatus();
    };
    const auto classes = static_cast<size_t>(data_->num_classes);
    if (out.raw) SOTERIA_RETURN_IF_ERROR(add_vectors(std::move(out.raws), classes));
    if (out.probability) {
      SOTERIA_RETURN_IF_ERROR(add_vectors(std::move(out.probabilities), classes));
    }
    if (out.prediction) values[next++].push_back(DoubleArray(std::move(out.predictions)));
    if (out.variance) values[next++].push_back(DoubleArray(std::move(out.variances)));
    if (out.leaf && family_.ensemble == Ensemble::kOne) {
      values[next++].push_back(DoubleArray(std::move(out.leaves)));
    } else if (out.leaf) {
      SOTERIA_RETURN_IF_ERROR(add_vectors(std::move(out.leaves), data_->trees.size()));
    }
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto column =
        std::make_shared<arrow::ChunkedArray>(std::move(values[i]), outputs[i]->type());
    SOTERIA_ASSIGN_OR_RETURN(input, WithColumn(input, outputs[i], column));
  }
  return input;
}

std::string TreeModel::Text() const {
  const bool boosted_classifier = family_.classifier && family_.ensemble == Ensemble::kBoosted;
  std::string text =
      base::Cat(params_.info().short_name(), boosted_classifier ? ": uid = " : ": uid=", uid());
  if (family_.ensemble == Ensemble::kOne) {
    text +=
        base::Cat(", depth=", data_->trees[0].Depth(), ", numNodes=", data_->trees[0].nodes.size());
  } else {
    text += base::Cat(", numTrees=", data_->trees.size());
  }
  if (family_.classifier) text += base::Cat(", numClasses=", data_->num_classes);
  return text + base::Cat(", numFeatures=", data_->num_features);
}

VectorValue TreeModel::Importances() const {
  const bool per_tree = family_.ensemble != Ensemble::kBoosted;
  const std::vector<double> all =
      FeatureImportances(data_->trees, data_->num_features, per_tree, Variance(family_));
  std::vector<int32_t> indices;
  std::vector<double> values;
  for (size_t j = 0; j < all.size(); ++j) {
    if (all[j] == 0) continue;
    indices.push_back(static_cast<int32_t>(j));
    values.push_back(all[j]);
  }
  return table::SparseVector(data_->num_features, std::move(indices), std::move(values));
}

base::StatusOr<Attribute> TreeModel::OfVector(std::string_view method,
                                              const VectorValue& features) const {
  const table::VectorView view = table::View(features);
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(view));
  SOTERIA_RETURN_IF_ERROR(CheckSize(view));
  if (method == "predict") return Attribute(Predict(view));
  if (method == "predictRaw") return Attribute(table::DenseVector(Raw(view)));
  if (method == "predictProbability") {
    return Attribute(table::DenseVector(Probability(Raw(view))));
  }
  std::vector<double> leaves;
  for (const Tree& tree : data_->trees) {
    leaves.push_back(static_cast<double>(tree.Leaf(view).leaf_index));
  }
  if (family_.ensemble == Ensemble::kOne) return Attribute(leaves[0]);
  return Attribute(table::DenseVector(std::move(leaves)));
}

base::StatusOr<Attribute> TreeModel::Get(std::string_view method, const Arguments& args) const {
  const bool of_classes = method == "predictRaw" || method == "predictProbability";
  if (method == "predict" || method == "predictLeaf" || (of_classes && family_.classifier)) {
    if (args.size() == 1 && std::holds_alternative<VectorValue>(args[0])) {
      return OfVector(method, std::get<VectorValue>(args[0]));
    }
    return base::Fail(base::kIllegalArgument, base::Cat(method, " takes one vector"));
  }
  if (args.empty()) {
    if (method == "toString") return Attribute(Text());
    if (method == "toDebugString") {
      std::string text = Text() + "\n";
      if (family_.ensemble == Ensemble::kOne) return Attribute(text + data_->trees[0].Text(2));
      for (size_t t = 0; t < data_->trees.size(); ++t) {
        text += base::Cat("  Tree ", t, " (weight ", table::JavaDouble(data_->weights[t]), "):\n",
                          data_->trees[t].Text(4));
      }
      return Attribute(std::move(text));
    }
    if (method == "numFeatures") return Attribute(int64_t{data_->num_features});
    if (method == "featureImportances") return Attribute(Importances());
    if (method == "numClasses" && family_.classifier) {
      return Attribute(int64_t{data_->num_classes});
    }
    if (family_.ensemble == Ensemble::kOne) {
      if (method == "depth") return Attribute(int64_t{data_->trees[0].Depth()});
      if (method == "numNodes") {
        return Attribute(static_cast<int64_t>(data_->trees[0].nodes.size()));
      }
    } else {
      if (method == "getNumTrees") return Attribute(static_cast<int64_t>(data_->trees.size()));
      if (method == "hasSummary" && HasSummary()) return Attribute(summary_ != nullptr);
      if (method == "treeWeights") return Attribute(data_->weights);
      if (method == "totalNumNodes") {
        int64_t nodes = 0;
        for (const Tree& tree : data_->trees) nodes += static_cast<int64_t>(tree.nodes.size());
        return Attribute(nodes);
      }
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

std::vector<std::shared_ptr<const Model>> TreeModel::Models(std::string_view method) const {
  std::vector<std::shared_ptr<const Model>> models;
  if (method != "trees" || family_.ensemble == Ensemble::kOne) return models;
  const bool classes = TreeFamilyOf(family_).classifier;
  for (size_t t = 0; t < data_->trees.size(); ++t) {
    TreeData one;
    one.num_features = data_->num_features;
    one.num_classes = classes ? data_->num_classes : 0;
    one.trees = {data_->trees[t]};
    one.weights = {1.0};
    models.push_back(std::shared_ptr<const TreeModel>(
        new TreeModel(data_->tree_params[t], std::make_shared<const TreeData>(std::move(one)))));
  }
  return models;
}

base::StatusOr<std::shared_ptr<const Model>> TreeModel::WithParams(const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  std::shared_ptr<TreeModel> model(new TreeModel(std::move(params), data_));
  model->summary_ = summary_;
  return std::shared_ptr<const Model>(std::move(model));
}

bool TreeModel::HasSummary() const {
  return family_.classifier && family_.ensemble == Ensemble::kForest;
}

/// Columns that a summary needs, where the model writes none.
ParamMap TreeModel::SummaryColumns() const {
  ParamMap columns;
  if (!HasSummary()) return columns;
  for (const char* name : {"probability", "prediction"}) {
    const std::string param = base::Cat(name, "Col");
    if (!params_.Column(param)) columns[param] = base::Cat(name, "_", uid());
  }
  return columns;
}

base::StatusOr<std::shared_ptr<const Model>> TreeModel::SummaryModel() const {
  return WithParams(SummaryColumns());
}

std::shared_ptr<const Model> TreeModel::WithTraining() const {
  std::shared_ptr<TreeModel> model(new TreeModel(*this));
  if (!HasSummary()) return model;
  auto kernel = std::make_shared<AnswersKernel>(
      std::shared_ptr<const TreeModel>(new TreeModel(*this)), std::nullopt);
  // Trees don't iterate: MLlib says so with one value.
  model->summary_ = ClassificationSummary::OfTraining(params_.With(SummaryColumns()).value(), {0.0},
                                                      data_->num_classes <= 2, std::move(kernel));
  return model;
}

base::StatusOr<std::shared_ptr<const Summary>> TreeModel::Evaluation(
    const arrow::Schema& input) const {
  if (!HasSummary()) return Model::Evaluation(input);
  SOTERIA_ASSIGN_OR_RETURN(const Params params, params_.With(SummaryColumns()));
  Source source;
  source.columns.features = params.String("featuresCol");
  source.columns.label = params.String("labelCol");
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *source.columns.label));
  // Without a weightCol, a column of that very name has the weights: so it is in MLlib.
  source.columns.weight =
      params.IsDefined("weightCol") ? params.String("weightCol") : std::string("weightCol");
  if (input.GetFieldIndex(*source.columns.weight) < 0) source.columns.weight.reset();
  return ClassificationSummary::OfEvaluation(
      params, data_->num_classes <= 2,
      std::make_shared<AnswersKernel>(std::shared_ptr<const TreeModel>(new TreeModel(*this)),
                                      std::move(source)));
}

base::StatusOr<Scores> TreeModel::ScoresOf(const table::VectorView& features) const {
  SOTERIA_RETURN_IF_ERROR(CheckSize(features));
  Scores scores;
  scores.raw = Raw(features);
  scores.probability = Probability(scores.raw);
  // As transform predicts: by the first of the columns that are written.
  scores.prediction = params_.Column("rawPredictionCol") ? FromRaw(scores.raw)
                                                         : FromProbability(scores.probability);
  return scores;
}

base::Status TreeModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckTreeInput(family_, params, input, /*fitting=*/false);
}

uint64_t TreeModel::bytes() const {
  uint64_t bytes = sizeof(*this);
  const size_t stats = StatsOf(family_, data_->num_classes);
  for (const Tree& tree : data_->trees) {
    bytes += tree.nodes.size() * (sizeof(Node) + stats * sizeof(double));
  }
  return bytes;
}

}  // namespace soteria::ml::tree
