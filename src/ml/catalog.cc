// The one list of all algorithms. A new one adds its include and its line in AllAlgorithms.
#include "src/ml/catalog.h"

#include <map>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/als/driver.h"
#include "src/ml/bucketizer/transformer.h"
#include "src/ml/count_vectorizer/driver.h"
#include "src/ml/evaluators/binary.h"
#include "src/ml/evaluators/clustering.h"
#include "src/ml/evaluators/multiclass.h"
#include "src/ml/evaluators/ranking.h"
#include "src/ml/evaluators/regression.h"
#include "src/ml/hashing_tf/transformer.h"
#include "src/ml/idf/driver.h"
#include "src/ml/imputer/driver.h"
#include "src/ml/kernel.h"
#include "src/ml/kmeans/driver.h"
#include "src/ml/lda/driver.h"
#include "src/ml/linear_regression/driver.h"
#include "src/ml/logistic_regression/driver.h"
#include "src/ml/max_abs_scaler/driver.h"
#include "src/ml/min_max_scaler/driver.h"
#include "src/ml/naive_bayes/driver.h"
#include "src/ml/normalizer/transformer.h"
#include "src/ml/one_hot_encoder/driver.h"
#include "src/ml/pca/driver.h"
#include "src/ml/registration.h"
#include "src/ml/standard_scaler/driver.h"
#include "src/ml/stop_words_remover/transformer.h"
#include "src/ml/string_indexer/driver.h"
#include "src/ml/summarizer/kernels.h"
#include "src/ml/tokenizers/transformers.h"
#include "src/ml/tree/estimator.h"
#include "src/ml/vector_assembler/transformer.h"
#include "src/ml/vector_indexer/driver.h"

namespace soteria::ml {
namespace {

std::vector<Algorithm> AllAlgorithms() {
  return {
      SummarizerAlgorithm(),
      VectorAssemblerAlgorithm(),
      StandardScalerAlgorithm(),
      LinearRegressionAlgorithm(),
      LogisticRegressionAlgorithm(),
      AlsAlgorithm(),
      BinaryEvaluatorAlgorithm(),
      MulticlassEvaluatorAlgorithm(),
      RegressionEvaluatorAlgorithm(),
      RankingEvaluatorAlgorithm(),
      PcaAlgorithm(),
      KMeansAlgorithm(),
      LdaAlgorithm(),
      NaiveBayesAlgorithm(),
      ClusteringEvaluatorAlgorithm(),
      StringIndexerAlgorithm(),
      OneHotEncoderAlgorithm(),
      MinMaxScalerAlgorithm(),
      MaxAbsScalerAlgorithm(),
      NormalizerAlgorithm(),
      BucketizerAlgorithm(),
      ImputerAlgorithm(),
      VectorIndexerAlgorithm(),
      TokenizersAlgorithm(),
      StopWordsRemoverAlgorithm(),
      HashingTFAlgorithm(),
      CountVectorizerAlgorithm(),
      IDFAlgorithm(),
      TreesAlgorithm(),
  };
}

struct Catalog {
  std::map<std::string, ClassEntry, std::less<>> classes;  // by name and by alias
  std::map<std::string, KernelEntry, std::less<>> kernels;
  std::map<std::string, StepEntry, std::less<>> steps;
  std::map<std::string, RouteEntry, std::less<>> routes;
};

Catalog Build() {
  Catalog catalog;
  for (const Algorithm& algorithm : AllAlgorithms()) {
    for (const ClassEntry& entry : algorithm.classes) {
      catalog.classes.emplace(entry.info->name, entry);
      for (const std::string& alias : entry.aliases) catalog.classes.emplace(alias, entry);
    }
    for (const KernelEntry& entry : algorithm.kernels) catalog.kernels.emplace(entry.kind, entry);
    for (const StepEntry& entry : algorithm.steps) catalog.steps.emplace(entry.kind, entry);
    for (const RouteEntry& entry : algorithm.routes) catalog.routes.emplace(entry.kind, entry);
  }
  return catalog;
}

const Catalog& TheCatalog() {
  static const Catalog* const catalog = new Catalog(Build());
  return *catalog;
}

template <class Entries>
auto Find(const Entries& entries, std::string_view key) {
  const auto at = entries.find(key);
  return at == entries.end() ? nullptr : &at->second;
}

template <class StepOrRoute>
std::string KindAndBytes(const StepOrRoute& one) {
  base::FieldWriter w;
  w.Add(one.kind()).Add(one.Encode());
  return w.Take();
}

template <class Entries>
auto DecodeKindAndBytes(const Entries& entries, std::string_view bytes)
    -> decltype(entries.begin()->second.decode(bytes)) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view kind, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view parameters, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  const auto* entry = Find(entries, kind);
  if (entry == nullptr) return base::Fail(base::kProtocol, "unknown kind of step or route");
  return entry->decode(parameters);
}

std::string PythonName(std::string_view class_name) {
  constexpr std::string_view kJvm = "org.apache.spark.ml.";
  if (!class_name.starts_with(kJvm)) return std::string(class_name);
  return base::Cat("pyspark.ml.", class_name.substr(kJvm.size()));
}

/// The entry, if it has the factory asked for.
template <class Factory>
base::StatusOr<const ClassEntry*> EntryWith(std::string_view class_name,
                                            Factory ClassEntry::*factory, std::string_view what) {
  const ClassEntry* entry = FindEntry(class_name);
  if (entry == nullptr || entry->*factory == nullptr) {
    if (entry == nullptr) return base::NotSupported(PythonName(class_name));
    return base::Fail(base::kMlUnsupported, base::Cat(PythonName(class_name), " is no ", what));
  }
  return entry;
}

}  // namespace

std::vector<std::string> ClassNames() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : TheCatalog().classes) {
    if (name == entry.info->name && entry.info->kind != ClassKind::kModel) {
      names.push_back(PythonName(name));
    }
  }
  return names;
}

std::optional<std::string_view> ModelOfHelper(std::string_view helper) {
  if (helper == "stringIndexerModelFromLabels" || helper == "stringIndexerModelFromLabelsArray") {
    return "org.apache.spark.ml.feature.StringIndexerModel";
  }
  if (helper == "countVectorizerModelFromVocabulary") {
    return "org.apache.spark.ml.feature.CountVectorizerModel";
  }
  return std::nullopt;
}

const ClassEntry* FindEntry(std::string_view class_name) {
  return Find(TheCatalog().classes, class_name);
}

base::StatusOr<const ClassInfo*> FindClass(std::string_view class_name) {
  const ClassEntry* entry = FindEntry(class_name);
  if (entry == nullptr) {
    return base::NotSupported(PythonName(class_name));
  }
  return entry->info;
}

base::StatusOr<ClassKind> KindOf(std::string_view class_name) {
  SOTERIA_ASSIGN_OR_RETURN(const ClassInfo* info, FindClass(class_name));
  return info->kind;
}

base::StatusOr<std::unique_ptr<const Estimator>> MakeEstimator(std::string_view class_name,
                                                               std::string uid,
                                                               const ParamMap& params) {
  SOTERIA_ASSIGN_OR_RETURN(const ClassEntry* entry,
                           EntryWith(class_name, &ClassEntry::estimator, "estimator"));
  SOTERIA_ASSIGN_OR_RETURN(Params made, Params::Make(*entry->info, std::move(uid), params));
  return entry->estimator(std::move(made));
}

base::StatusOr<std::shared_ptr<const Transformer>> MakeTransformer(std::string_view class_name,
                                                                   std::string uid,
                                                                   const ParamMap& params) {
  SOTERIA_ASSIGN_OR_RETURN(const ClassEntry* entry,
                           EntryWith(class_name, &ClassEntry::transformer, "transformer"));
  SOTERIA_ASSIGN_OR_RETURN(Params made, Params::Make(*entry->info, std::move(uid), params));
  return entry->transformer(std::move(made));
}

base::StatusOr<std::shared_ptr<const Model>> MakeModel(std::string_view class_name, std::string uid,
                                                       const ParamValue& of) {
  SOTERIA_ASSIGN_OR_RETURN(const ClassEntry* entry,
                           EntryWith(class_name, &ClassEntry::decode, "model"));
  SOTERIA_ASSIGN_OR_RETURN(Params params, Params::Make(*entry->info, std::move(uid), {}));
  auto model = entry->decode(std::move(params), EncodeValue(of));
  if (model.ok()) return model;
  return base::Fail(base::kIllegalArgument,
                    base::Cat(PythonName(class_name), " isn't made of such a value"));
}

base::StatusOr<std::unique_ptr<const Evaluator>> MakeEvaluator(std::string_view class_name,
                                                               std::string uid,
                                                               const ParamMap& params) {
  SOTERIA_ASSIGN_OR_RETURN(const ClassEntry* entry,
                           EntryWith(class_name, &ClassEntry::evaluator, "evaluator"));
  SOTERIA_ASSIGN_OR_RETURN(Params made, Params::Make(*entry->info, std::move(uid), params));
  return entry->evaluator(std::move(made));
}

bool IsKernel(std::string_view kind) { return Find(TheCatalog().kernels, kind) != nullptr; }

base::StatusOr<KernelPtr> DecodeKernel(std::string_view kind, std::string_view bytes) {
  const KernelEntry* entry = Find(TheCatalog().kernels, kind);
  if (entry == nullptr) return base::Fail(base::kProtocol, "unknown kind of kernel");
  return entry->decode(bytes);
}

std::string EncodeStep(const Step& step) { return KindAndBytes(step); }

std::string EncodeRoute(const Route& route) { return KindAndBytes(route); }

base::StatusOr<StepPtr> DecodeStep(std::string_view bytes) {
  return DecodeKindAndBytes(TheCatalog().steps, bytes);
}

base::StatusOr<RoutePtr> DecodeRoute(std::string_view bytes) {
  return DecodeKindAndBytes(TheCatalog().routes, bytes);
}

base::StatusOr<const arrow::Table*> RowsOf(const Part& part) {
  if (part.table != nullptr) return part.table;
  return base::Fail(base::kProtocol, "work over rows was sent to feature blocks");
}

base::StatusOr<const table::FeatureBlock*> FeaturesOf(const Part& part) {
  if (part.features == nullptr) {
    return base::Fail(base::kProtocol, "work over feature blocks was sent to rows");
  }
  if (part.features->cols <= kStageFeaturesMax) return part.features;
  return base::Fail(base::kMemoryLimit,
                    base::Cat("The vectors have more than ", kStageFeaturesMax, " features"));
}

}  // namespace soteria::ml
