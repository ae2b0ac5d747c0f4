// From class names to factories. Scripts, manifests and saved models name classes as MLlib does
// ("org.apache.spark.ml.classification.LogisticRegression"); Python's aliases are taken too.
//
// Any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/ml/estimator.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// The class of that name or alias. Errors: kMlUnsupported naming the class.
base::StatusOr<const ClassInfo*> FindClass(std::string_view class_name);
base::StatusOr<ClassKind> KindOf(std::string_view class_name);

// Errors: kMlUnsupported for a class that isn't there or is of another kind, kIllegalArgument for a
// param. An empty uid is allowed: MLlib's own would be random, which is the caller's business.
base::StatusOr<std::unique_ptr<const Estimator>> MakeEstimator(std::string_view class_name,
                                                               std::string uid,
                                                               const ParamMap& params);
base::StatusOr<std::shared_ptr<const Transformer>> MakeTransformer(std::string_view class_name,
                                                                   std::string uid,
                                                                   const ParamMap& params);
base::StatusOr<std::unique_ptr<const Evaluator>> MakeEvaluator(std::string_view class_name,
                                                               std::string uid,
                                                               const ParamMap& params);

}  // namespace soteria::ml
