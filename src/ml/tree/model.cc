#include "src/ml/tree/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/class_columns.h"
#include "src/ml/classification_summary/summary.h"
#include "src/ml/columns.h"
#include "src/ml/tree/answers.h"
#include "src/ml/tree/losses.h"
#include "src/stats/doubles.h"
#include "src/table/arrow_status.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::ml::tree {
namespace {

constexpr uint64_t kTreesMax = 1 << 16;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("tree model: ", what));
}

double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double ArgMax(std::span<const double> values) {
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
  if (family_.classifier) {
    predicts_by_ = params_.Column("rawPredictionCol") ? PredictsBy::kRaw
                   : params_.Column("probabilityCol") ? PredictsBy::kProbability
                                                      : PredictsBy::kItself;
    if (params_.IsSet("thresholds")) thresholds_ = params_.Doubles("thresholds");
  } else if (family_.ensemble == Ensemble::kOne) {
    has_variance_ = params_.Column("varianceCol").has_value();
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

arrow::FieldVector TreeModel::OtherFields() const {
  arrow::FieldVector fields;
  const auto add_number = [&](const std::string& name, const std::string& metadata) {
    fields.push_back(
        table::WithSparkMetadata(arrow::field(name, arrow::float64(), false), metadata));
  };
  if (!family_.classifier) {
    if (const auto column = params_.Column("predictionCol")) {
      add_number(*column, NumericAttributes());
    }
    if (has_variance_) add_number(params_.String("varianceCol"), NumericAttributes());
  }
  const std::optional<std::string> leaf = params_.Column("leafCol");
  if (!leaf) return fields;
  if (family_.ensemble == Ensemble::kOne) {
    add_number(*leaf, NominalAttributes(data_->trees[0].Leaves()));
    return fields;
  }
  std::string attributes;
  for (size_t t = 0; t < data_->trees.size(); ++t) {
    attributes += base::Cat(t == 0 ? "" : ",", "{\"num_vals\":", data_->trees[t].Leaves(),
                            ",\"idx\":", t, "}");
  }
  const size_t trees = data_->trees.size();
  fields.push_back(
      table::WithSparkMetadata(table::VectorField(*leaf, true, static_cast<int32_t>(trees)),
                               base::Cat("{\"ml_attr\":{\"attrs\":{\"nominal\":[", attributes,
                                         "]},\"num_attrs\":", trees, "}}")));
  return fields;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> TreeModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckTreeInput(family_, params_, input, /*fitting=*/false));
  SOTERIA_RETURN_IF_ERROR(CheckTransform());
  std::vector<std::shared_ptr<arrow::Field>> fields = input.fields();
  arrow::FieldVector outputs;
  if (family_.classifier) outputs = ClassFields(params_, static_cast<size_t>(data_->num_classes));
  const arrow::FieldVector others = OtherFields();
  outputs.insert(outputs.end(), others.begin(), others.end());
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

void TreeModel::Raw(const table::VectorView& features, std::span<double> raw) const {
  if (family_.ensemble == Ensemble::kBoosted) {
    const double margin = Regression(features);
    raw[0] = -margin;
    raw[1] = margin;
    return;
  }
  if (family_.ensemble == Ensemble::kOne) {
    const std::vector<double>& counts = data_->trees[0].Leaf(features).stats;
    std::copy(counts.begin(), counts.end(), raw.begin());
    return;
  }
  std::fill(raw.begin(), raw.end(), 0.0);
  for (const Tree& tree : data_->trees) {
    const std::vector<double>& counts = tree.Leaf(features).stats;
    const double total = Sum(counts);
    if (total == 0) continue;
    for (size_t c = 0; c < raw.size(); ++c) raw[c] += counts[c] / total;
  }
}

void TreeModel::Probability(std::span<const double> raw, std::span<double> probability) const {
  if (family_.ensemble == Ensemble::kBoosted) {
    probability[0] = 1.0 / (1.0 + std::exp(-2.0 * raw[0]));
    probability[1] = 1.0 - probability[0];
    return;
  }
  const double sum = Sum(raw);
  for (size_t c = 0; c < raw.size(); ++c) probability[c] = sum == 0 ? raw[c] : raw[c] / sum;
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

double TreeModel::FromProbability(std::span<const double> probability) const {
  if (thresholds_.empty()) return ArgMax(probability);
  size_t best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < probability.size(); ++c) {
    const double scaled = probability[c] / thresholds_[c];
    if (!(scaled > most)) continue;
    most = scaled;
    best = c;
  }
  return static_cast<double>(best);
}

double TreeModel::ClassOf(const table::VectorView& features, PredictsBy by, std::span<double> raw,
                          std::span<double> probability) const {
  Raw(features, raw);
  Probability(raw, probability);
  // One tree answers itself, whatever the thresholds: so it is in MLlib.
  if (by == PredictsBy::kItself && family_.ensemble == Ensemble::kOne) {
    return data_->trees[0].Leaf(features).prediction;
  }
  if (by == PredictsBy::kProbability || !thresholds_.empty()) return FromProbability(probability);
  return ArgMax(raw);
}

base::StatusOr<std::shared_ptr<arrow::Table>> TreeModel::WithClasses(
    std::shared_ptr<arrow::Table> input, const std::vector<table::VectorReader>& chunks) const {
  const auto classes = static_cast<size_t>(data_->num_classes);
  ClassColumns added(params_, classes);
  for (const table::VectorReader& rows : chunks) {
    const auto n = static_cast<size_t>(rows.rows());
    std::vector<double> raw(n * classes), probability(n * classes), prediction(n);
    for (size_t i = 0; i < n; ++i) {
      prediction[i] = ClassOf(rows.Get(static_cast<int64_t>(i)), predicts_by_,
                              std::span(raw).subspan(i * classes, classes),
                              std::span(probability).subspan(i * classes, classes));
    }
    SOTERIA_RETURN_IF_ERROR(
        added.Add(std::move(raw), std::move(probability), std::move(prediction)));
  }
  return std::move(added).Beside(std::move(input));
}

base::StatusOr<arrow::ArrayVector> TreeModel::OtherColumns(const table::VectorReader& rows) const {
  std::vector<double> predictions, variances, leaves;
  const bool predicts = !family_.classifier && params_.Column("predictionCol").has_value();
  const bool leaf = params_.Column("leafCol").has_value();
  for (int64_t i = 0; i < rows.rows(); ++i) {
    const table::VectorView features = rows.Get(i);
    if (predicts) predictions.push_back(Regression(features));
    // Recomputed from the leaf's statistics, as MLlib does.
    if (has_variance_) {
      const std::vector<double>& s = data_->trees[0].Leaf(features).stats;
      variances.push_back(s[0] == 0 ? 0.0 : (s[2] - s[1] * s[1] / s[0]) / s[0]);
    }
    if (leaf) AppendLeaves(features, leaves);
  }
  arrow::ArrayVector arrays;
  if (predicts) arrays.push_back(DoubleArray(std::move(predictions)));
  if (has_variance_) arrays.push_back(DoubleArray(std::move(variances)));
  if (leaf && family_.ensemble == Ensemble::kOne) {
    arrays.push_back(DoubleArray(std::move(leaves)));
  } else if (leaf) {
    const auto trees = static_cast<int32_t>(data_->trees.size());
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(),
                             DenseArray(std::move(leaves), rows.rows(), trees));
  }
  return arrays;
}

void TreeModel::AppendLeaves(const table::VectorView& features, std::vector<double>& out) const {
  for (const Tree& tree : data_->trees) {
    out.push_back(static_cast<double>(tree.Leaf(features).leaf_index));
  }
}

base::StatusOr<std::shared_ptr<arrow::Table>> TreeModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat(params_.info().short_name(), ": a feature vector is null"));
    }
    for (int64_t i = 0; i < rows.rows(); ++i) SOTERIA_RETURN_IF_ERROR(CheckSize(rows.Get(i)));
  }
  if (family_.classifier) {
    SOTERIA_ASSIGN_OR_RETURN(input, WithClasses(std::move(input), chunks));
  }
  const arrow::FieldVector fields = OtherFields();
  std::vector<arrow::ArrayVector> values(fields.size());
  for (const table::VectorReader& rows : chunks) {
    SOTERIA_ASSIGN_OR_RETURN(arrow::ArrayVector arrays, OtherColumns(rows));
    for (size_t i = 0; i < fields.size(); ++i) values[i].push_back(std::move(arrays.at(i)));
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto column =
        std::make_shared<arrow::ChunkedArray>(std::move(values[i]), fields[i]->type());
    SOTERIA_ASSIGN_OR_RETURN(input, WithColumn(input, fields[i], column));
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
  std::vector<double> leaves;
  if (method == "predictLeaf") {
    AppendLeaves(view, leaves);
    if (family_.ensemble == Ensemble::kOne) return Attribute(leaves[0]);
    return Attribute(table::DenseVector(std::move(leaves)));
  }
  if (!family_.classifier) return Attribute(Regression(view));
  std::vector<double> raw(static_cast<size_t>(data_->num_classes)), probability(raw.size());
  const double prediction = ClassOf(view, PredictsBy::kItself, raw, probability);
  if (method == "predict") return Attribute(prediction);
  return Attribute(table::DenseVector(std::move(method == "predictRaw" ? raw : probability)));
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

std::optional<Model::MadeOfModels> TreeModel::MadeOf(std::string_view method) const {
  if (method != "trees" || family_.ensemble == Ensemble::kOne) return std::nullopt;
  MadeOfModels made;
  if (family_.ensemble == Ensemble::kForest) {
    made.count = params_.Int("numTrees");
  } else if (!params_.Column("validationIndicatorCol")) {  // else rows say when it is enough
    made.count = params_.Int("maxIter");
  }
  return made;
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
  SOTERIA_ASSIGN_OR_RETURN(source.columns, ClassificationSummary::Evaluated(params, input));
  const table::FeatureColumns columns = source.columns;
  return ClassificationSummary::OfEvaluation(
      params, columns, data_->num_classes <= 2,
      std::make_shared<AnswersKernel>(std::shared_ptr<const TreeModel>(new TreeModel(*this)),
                                      std::move(source)));
}

base::StatusOr<std::shared_ptr<const Summary>> TreeModel::Over(std::string_view method,
                                                               const Arguments& args,
                                                               const arrow::Schema& input) const {
  if (family_.ensemble != Ensemble::kBoosted || method != LossesSummary::kMethod) return nullptr;
  Loss loss = Loss::kLogistic;
  if (!family_.classifier) {
    const auto* name = args.size() == 1 ? std::get_if<std::string>(&args[0]) : nullptr;
    if (name == nullptr) return base::Fail(base::kIllegalArgument, "expecting a loss");
    if (*name != "squared" && *name != "absolute") {
      // It names the model's own: so it is in MLlib.
      return base::Fail(base::kIllegalArgument,
                        base::Cat("GBTRegressorParams was given bad loss type: ",
                                  base::Lower(params_.String("lossType"))));
    }
    loss = *name == "squared" ? Loss::kSquared : Loss::kAbsolute;
  } else if (!args.empty()) {
    return base::Fail(base::kIllegalArgument, "expecting no argument but a table");
  }
  Source source;
  source.columns.features = params_.String("featuresCol");
  source.columns.label = params_.String("labelCol");
  source.columns.weight = params_.Column("weightCol");
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, source.columns.features));
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *source.columns.label));
  if (source.columns.weight) {
    SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *source.columns.weight));
  }
  std::shared_ptr<const TreeModel> own(new TreeModel(*this));
  return std::make_shared<LossesSummary>(
      std::make_shared<LossesKernel>(std::move(own), std::move(source), loss));
}

base::StatusOr<double> TreeModel::Answer(const table::VectorView& features, std::span<double> raw,
                                         std::span<double> probability) const {
  SOTERIA_RETURN_IF_ERROR(CheckSize(features));
  // A summary's predictions have the column of probabilities.
  const bool by_raw = predicts_by_ == PredictsBy::kRaw;
  return ClassOf(features, by_raw ? PredictsBy::kRaw : PredictsBy::kProbability, raw, probability);
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
