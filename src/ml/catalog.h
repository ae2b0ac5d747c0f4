// From class names to factories. Scripts, manifests and saved models name classes as MLlib does
// ("org.apache.spark.ml.classification.LogisticRegression"); Python's aliases are taken too.
//
// Any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/estimator.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// As PySpark names them ("pyspark.ml.feature.VectorAssembler"), in order; fitted models left out.
std::vector<std::string> ClassNames();

/// The class of the model that a helper of Spark Connect's makes of a script's own value
/// ("stringIndexerModelFromLabels"); none where it makes no model.
std::optional<std::string_view> ModelOfHelper(std::string_view helper);

/// The class of that name or alias. Errors: kUnsupported naming the class.
base::StatusOr<const ClassInfo*> FindClass(std::string_view class_name);
base::StatusOr<ClassKind> KindOf(std::string_view class_name);

// Errors: kUnsupported for a class that isn't there, kMlUnsupported for one of another kind,
// kIllegalArgument for a
// param. An empty uid is allowed: MLlib's own would be random, which is the caller's business.
base::StatusOr<std::unique_ptr<const Estimator>> MakeEstimator(std::string_view class_name,
                                                               std::string uid,
                                                               const ParamMap& params);
base::StatusOr<std::shared_ptr<const Transformer>> MakeTransformer(std::string_view class_name,
                                                                   std::string uid,
                                                                   const ParamMap& params);
/// A model that a script makes of a value of its own: labels, a vocabulary. Errors: those, and
/// kIllegalArgument for a value that it isn't made of.
base::StatusOr<std::shared_ptr<const Model>> MakeModel(std::string_view class_name, std::string uid,
                                                       const ParamValue& of);
base::StatusOr<std::unique_ptr<const Evaluator>> MakeEvaluator(std::string_view class_name,
                                                               std::string uid,
                                                               const ParamMap& params);

}  // namespace soteria::ml
