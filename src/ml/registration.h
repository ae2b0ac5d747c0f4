// How an algorithm makes itself known: one Algorithm value for each folder, listed in catalog.cc.
// Private to ml.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/estimator.h"
#include "src/ml/kernel.h"
#include "src/ml/param.h"
#include "src/ml/persist.h"

namespace soteria::ml {

/// One MLlib class. Which functions are there follows from info->kind.
struct ClassEntry {
  const ClassInfo* info = nullptr;
  /// Names other than info->name under which Python asks for it.
  std::vector<std::string> aliases;

  std::unique_ptr<const Estimator> (*estimator)(Params) = nullptr;
  /// Stateless transformers.
  std::shared_ptr<const Transformer> (*transformer)(Params) = nullptr;
  std::unique_ptr<const Evaluator> (*evaluator)(Params) = nullptr;

  // Models: from the bytes of EncodeData, and to and from what MLlib's folder holds.
  base::StatusOr<std::shared_ptr<const Model>> (*decode)(Params, std::string_view) = nullptr;
  base::StatusOr<ModelFiles> (*save)(const Transformer&) = nullptr;
  base::StatusOr<std::shared_ptr<const Model>> (*load)(Params, SavedModel&) = nullptr;
};

struct KernelEntry {
  std::string_view kind;
  base::StatusOr<KernelPtr> (*decode)(std::string_view) = nullptr;
};

struct StepEntry {
  std::string_view kind;
  base::StatusOr<StepPtr> (*decode)(std::string_view) = nullptr;
};

struct RouteEntry {
  std::string_view kind;
  base::StatusOr<RoutePtr> (*decode)(std::string_view) = nullptr;
};

struct Algorithm {
  std::vector<ClassEntry> classes;
  std::vector<KernelEntry> kernels;
  std::vector<StepEntry> steps = {};
  std::vector<RouteEntry> routes = {};
};

/// An estimator's class and that of the models that it fits; what its algorithm's work consists of
/// is the caller's to add.
template <class EstimatorClass, class ModelClass>
Algorithm FittingAlgorithm(const ClassInfo& estimator_info, const ClassInfo& model_info,
                           decltype(ClassEntry::save) save, decltype(ClassEntry::load) load) {
  ClassEntry estimator;
  estimator.info = &estimator_info;
  estimator.estimator = [](Params params) -> std::unique_ptr<const Estimator> {
    return std::make_unique<EstimatorClass>(std::move(params));
  };
  ClassEntry model;
  model.info = &model_info;
  model.decode = ModelClass::Decode;
  model.save = save;
  model.load = load;
  Algorithm algorithm;
  algorithm.classes = {estimator, model};
  return algorithm;
}

/// By name or alias; null when there is none.
const ClassEntry* FindEntry(std::string_view class_name);

}  // namespace soteria::ml
