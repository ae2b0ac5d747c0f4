// What models that only map columns share: their params, and what MLlib's copy does with them.
// Private to ml. Immutable once made.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/estimator.h"
#include "src/ml/kernel.h"
#include "src/ml/registration.h"

namespace soteria::ml {

/// `Self` is a copyable model that derives from ColumnModel<Self>.
template <class Self>
class ColumnModel : public Model {
 public:
  const Params& params() const final { return params_; }
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const final {
    SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
    auto copy = std::make_shared<Self>(static_cast<const Self&>(*this));
    copy->params_ = std::move(params);
    return std::shared_ptr<const Model>(std::move(copy));
  }

 protected:
  explicit ColumnModel(Params params) : params_(std::move(params)) {}
  base::Status NoAttribute(std::string_view method) const {
    return base::Fail(base::kMlAttribute,
                      base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
  }

 private:
  Params params_;
};

/// A vector among a model's bytes. Errors: kProtocol.
inline base::StatusOr<VectorValue> NextVector(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue value, DecodeValue(bytes));
  auto* vector = std::get_if<VectorValue>(&value);
  if (vector == nullptr || (!vector->dense && vector->size > kStageFeaturesMax)) {
    return base::Fail(base::kProtocol, "model: no vector");
  }
  return std::move(*vector);
}

/// Entries of a class whose estimator and model are `E` and `M`.
template <class E, class M>
std::vector<ClassEntry> EstimatorAndModel(const ClassInfo& estimator, const ClassInfo& model) {
  ClassEntry first;
  first.info = &estimator;
  first.estimator = [](Params params) -> std::unique_ptr<const Estimator> {
    return std::make_unique<E>(std::move(params));
  };
  ClassEntry second;
  second.info = &model;
  second.decode = M::Decode;
  second.save = M::Save;
  second.load = M::Load;
  return {first, second};
}

template <class T>
ClassEntry TransformerEntry(const ClassInfo& info) {
  ClassEntry entry;
  entry.info = &info;
  entry.transformer = [](Params params) -> std::shared_ptr<const Transformer> {
    return std::make_shared<T>(std::move(params));
  };
  return entry;
}

}  // namespace soteria::ml
