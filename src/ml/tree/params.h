// The params of the six tree estimators and their models, and MLlib's checks of the input's schema.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"
#include "src/ml/tree/boost.h"
#include "src/ml/tree/learn.h"

namespace soteria::ml::tree {

enum class Ensemble { kOne, kForest, kBoosted };

/// One estimator and its model.
struct Family {
  Ensemble ensemble = Ensemble::kOne;
  bool classifier = false;
  const ClassInfo* estimator = nullptr;
  const ClassInfo* model = nullptr;
};

const std::vector<const Family*>& Families();
/// By either class; the class is one of theirs.
const Family& FamilyOf(const ClassInfo& info);
/// The family of a single tree of an ensemble: boosted ones are regressions.
const Family& TreeFamilyOf(const Family& family);

base::Status CheckTreeInput(const Family& family, const Params& params, const arrow::Schema& input,
                            bool fitting);

/// All but classes and categories, which depend on the input.
Strategy StrategyOf(const Family& family, const Params& params);
Loss LossOf(const Params& params);

/// Of a classifier's model: whether its statistics are classes' weights.
bool Variance(const Family& family);

}  // namespace soteria::ml::tree
