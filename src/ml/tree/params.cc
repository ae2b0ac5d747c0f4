#include "src/ml/tree/params.h"

#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "src/base/ascii.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/types.h"

namespace soteria::ml::tree {
namespace {

bool IsSubset(const ParamValue& value) {
  const std::string text = base::Lower(std::get<std::string>(value));
  for (const char* name : {"auto", "all", "onethird", "sqrt", "log2"}) {
    if (text == name) return true;
  }
  int32_t count = 0;
  const char* const end = text.data() + text.size();
  const auto whole = std::from_chars(text.data(), end, count);
  if (whole.ec == std::errc() && whole.ptr == end) return count > 0;
  double share = 0;
  const auto part = std::from_chars(text.data(), end, share);
  return part.ec == std::errc() && part.ptr == end && share > 0 && share <= 1;
}

ParamSpec Impurities(bool classifier, bool boosted) {
  if (boosted || !classifier) {
    return StringParam("impurity", std::string("variance"), OneOfIgnoringCase({"variance"}));
  }
  return StringParam("impurity", std::string("gini"), OneOfIgnoringCase({"entropy", "gini"}));
}

ParamSpec LossType(bool classifier) {
  if (classifier) {
    return StringParam("lossType", std::string("logistic"), OneOfIgnoringCase({"logistic"}));
  }
  return StringParam("lossType", std::string("squared"),
                     OneOfIgnoringCase({"squared", "absolute"}));
}

// cacheNodeIds and checkpointInterval are about Spark's RDDs: they change no result there and
// nothing here. maxMemoryInMB bounds what MLlib reckons for the nodes that are split together, and
// so decides which features nodes draw: it does here too, but for that, memory isn't bounded by it.
std::vector<ParamSpec> ParamsOf(Ensemble ensemble, bool classifier, std::string_view estimator) {
  const bool forest = ensemble == Ensemble::kForest, boosted = ensemble == Ensemble::kBoosted;
  std::vector<ParamSpec> params = {
      BoolParam("cacheNodeIds", false),
      CheckpointInterval(10),
      FeaturesCol(),
      Impurities(classifier, boosted),
      LabelCol(),
      StringParam("leafCol", std::string()),
      IntParam("maxBins", int64_t{32}, AtLeast(2)),
      IntParam("maxDepth", int64_t{5}, InRange(0, kDepthMax)),
      IntParam("maxMemoryInMB", int64_t{256}, AtLeast(0)),
      DoubleParam("minInfoGain", 0.0, AtLeast(0)),
      IntParam("minInstancesPerNode", int64_t{1}, AtLeast(1)),
      DoubleParam("minWeightFractionPerNode", 0.0, InRange(0, 0.5, true, false)),
      PredictionCol(),
      Seed(estimator),
      WeightCol(),
  };
  if (classifier) {
    params.push_back(ProbabilityCol());
    params.push_back(RawPredictionCol());
    params.push_back(ThresholdsParam());
    if (!boosted) params.push_back(BoolParam("pruneTree", true));
  } else if (ensemble == Ensemble::kOne) {
    params.push_back(StringParam("varianceCol"));
  }
  if (forest || boosted) {
    params.push_back(DoubleParam("subsamplingRate", 1.0, InRange(0, 1, false, true)));
    params.push_back(
        StringParam("featureSubsetStrategy", std::string(forest ? "auto" : "all"), IsSubset));
  }
  if (forest) {
    params.push_back(BoolParam("bootstrap", true));
    params.push_back(IntParam("numTrees", int64_t{20}, AtLeast(1)));
  }
  if (boosted) {
    params.push_back(LossType(classifier));
    params.push_back(MaxIter(20));
    params.push_back(DoubleParam("stepSize", 0.1, InRange(0, 1, false, true)));
    params.push_back(StringParam("validationIndicatorCol"));
    params.push_back(DoubleParam("validationTol", 0.01, AtLeast(0)));
  }
  std::sort(params.begin(), params.end(),
            [](const ParamSpec& a, const ParamSpec& b) { return a.name < b.name; });
  return params;
}

/// A family with its own class infos.
struct OwnedFamily {
  ClassInfo estimator, model;
  Family family;
};

OwnedFamily MakeFamily(Ensemble ensemble, bool classifier) {
  const std::string package =
      classifier ? "org.apache.spark.ml.classification." : "org.apache.spark.ml.regression.";
  const std::string_view kind = ensemble == Ensemble::kOne      ? "DecisionTree"
                                : ensemble == Ensemble::kForest ? "RandomForest"
                                                                : "GBT";
  OwnedFamily made;
  made.estimator.name = base::Cat(package, kind, classifier ? "Classifier" : "Regressor");
  made.model.name = base::Cat(package, kind, classifier ? "Classification" : "Regression", "Model");
  made.model.kind = ClassKind::kModel;
  // A model's default seed is of the model's own name.
  made.estimator.params = ParamsOf(ensemble, classifier, made.estimator.name);
  made.model.params = ParamsOf(ensemble, classifier, made.model.name);
  made.family.ensemble = ensemble;
  made.family.classifier = classifier;
  return made;
}

struct AllFamilies {
  AllFamilies() {
    for (const Ensemble ensemble : {Ensemble::kOne, Ensemble::kForest, Ensemble::kBoosted}) {
      for (const bool classifier : {true, false}) owned.push_back(MakeFamily(ensemble, classifier));
    }
    for (OwnedFamily& one : owned) {
      one.family.estimator = &one.estimator;
      one.family.model = &one.model;
      families.push_back(&one.family);
    }
  }
  std::vector<OwnedFamily> owned;
  std::vector<const Family*> families;  // into `owned`
};

}  // namespace

const std::vector<const Family*>& Families() {
  static const auto* const all = new AllFamilies;
  return all->families;
}

const Family& FamilyOf(const ClassInfo& info) {
  for (const Family* family : Families()) {
    if (&info == family->estimator || &info == family->model) return *family;
  }
  CHECK(false) << "a class of no trees";
  return *Families()[0];
}

const Family& TreeFamilyOf(const Family& family) { return *Families()[Variance(family) ? 1 : 0]; }

bool Variance(const Family& family) {
  return !family.classifier || family.ensemble == Ensemble::kBoosted;
}

base::Status CheckTreeInput(const Family& family, const Params& params, const arrow::Schema& input,
                            bool fitting) {
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params.String("featuresCol")));
  if (fitting) {
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params.String("labelCol")));
    SOTERIA_RETURN_IF_ERROR(FindField(input, params.String("labelCol")).status());
    if (const std::optional<std::string> weight = params.Column("weightCol")) {
      SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, *weight));
      SOTERIA_RETURN_IF_ERROR(FindField(input, *weight).status());
    }
  }
  std::vector<const char*> outputs = {"predictionCol"};
  if (family.classifier) outputs.insert(outputs.end(), {"rawPredictionCol", "probabilityCol"});
  if (family.ensemble == Ensemble::kOne && !family.classifier) outputs.push_back("varianceCol");
  outputs.push_back("leafCol");
  for (const char* name : outputs) {
    if (const std::optional<std::string> column = params.Column(name)) {
      SOTERIA_RETURN_IF_ERROR(CheckNoColumn(input, *column));
    }
  }
  return base::OkStatus();
}

Strategy StrategyOf(const Family& family, const Params& params) {
  Strategy strategy;
  if (!Variance(family)) {
    strategy.impurity =
        base::Lower(params.String("impurity")) == "gini" ? Impurity::kGini : Impurity::kEntropy;
    strategy.prune = params.Bool("pruneTree");
  }
  strategy.max_depth = static_cast<int32_t>(params.Int("maxDepth"));
  strategy.max_bins = static_cast<int32_t>(params.Int("maxBins"));
  strategy.min_instances = params.Int("minInstancesPerNode");
  strategy.min_weight_fraction = params.Double("minWeightFractionPerNode");
  strategy.min_gain = params.Double("minInfoGain");
  strategy.max_memory_mb = params.Int("maxMemoryInMB");
  strategy.seed = params.Int("seed");
  if (family.ensemble != Ensemble::kOne) {
    strategy.feature_subset = base::Lower(params.String("featureSubsetStrategy"));
  }
  if (family.ensemble == Ensemble::kForest) {
    strategy.num_trees = static_cast<int32_t>(params.Int("numTrees"));
  }
  return strategy;
}

Loss LossOf(const Params& params) {
  const std::string loss = base::Lower(params.String("lossType"));
  if (loss == "logistic") return Loss::kLogistic;
  return loss == "absolute" ? Loss::kAbsolute : Loss::kSquared;
}

}  // namespace soteria::ml::tree
