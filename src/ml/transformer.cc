// What all transformers, models and estimators share: canonical bytes, and answers of classes that
// have no evaluation.
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {
namespace {

base::Status NoAccess(std::string_view method, std::string_view class_name) {
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name, " is not allowed to be accessed."));
}

}  // namespace

std::string Transformer::Encode() const {
  base::FieldWriter w;
  w.Add(class_name()).Add(params().Encode()).Add(EncodeData());
  return w.Take();
}

base::StatusOr<std::shared_ptr<const Transformer>> DecodeTransformer(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view class_name, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view params_bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view data, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  const ClassEntry* entry = FindEntry(class_name);
  if (entry == nullptr || (entry->transformer == nullptr && entry->decode == nullptr)) {
    return base::Fail(base::kProtocol, "transformer: unknown class");
  }
  SOTERIA_ASSIGN_OR_RETURN(Params params, Params::Decode(*entry->info, params_bytes));
  if (entry->decode != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Transformer> model,
                             entry->decode(std::move(params), data));
    return model;
  }
  if (!data.empty()) return base::Fail(base::kProtocol, "transformer: data of a stateless class");
  return entry->transformer(std::move(params));
}

base::StatusOr<double> Evaluator::Finish(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(stats::ExactSums exact, stats::ExactSums::Decode(partial));
  SOTERIA_ASSIGN_OR_RETURN(
      const std::vector<double> values,
      stats::Compute(Asks(), {stats::InputForm::kSums, std::move(exact.sums)}));
  if (values.size() == 1) return values[0];
  return base::Fail(base::kInternal, "an evaluator's statistic isn't one number");
}

base::StatusOr<Attribute> SummaryStatistic::Value(std::vector<double> numbers) const {
  if (!one_number) return Attribute(std::move(numbers));
  if (numbers.size() == 1) return Attribute(numbers[0]);
  return base::Fail(base::kInternal, "a summary's statistic isn't one number");
}

base::StatusOr<std::shared_ptr<arrow::Table>> Model::Rows(std::string_view method,
                                                          const Arguments&) const {
  return NoAccess(method, class_name());
}

base::StatusOr<std::shared_ptr<const Transformer>> Model::RowsOver(std::string_view method,
                                                                   const Arguments&) const {
  return NoAccess(method, class_name());
}

base::StatusOr<std::shared_ptr<const Summary>> Model::Evaluation(const arrow::Schema&) const {
  return NoAccess("evaluate", class_name());
}

}  // namespace soteria::ml
