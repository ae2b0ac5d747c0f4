#include "src/ml/logistic_regression/persistence.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/ml/data_table.h"
#include "src/ml/logistic_regression/model.h"
#include "src/table/types.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveLogisticRegression(const Transformer& model) {
  const LogisticData& data = dynamic_cast<const LogisticRegressionModel&>(model).data();
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> intercept,
                           VectorCell(table::DenseVector({data.intercept})));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> coefficients,
                           MatrixCell(data.coefficients));
  return DataTable(
      arrow::Table::Make(arrow::schema({arrow::field("numClasses", arrow::int32(), false),
                                        arrow::field("numFeatures", arrow::int32(), false),
                                        table::VectorField("interceptVector", true, std::nullopt),
                                        table::MatrixField("coefficientMatrix", true),
                                        arrow::field("isMultinomial", arrow::boolean(), false)}),
                         {IntCell(data.num_classes), IntCell(data.coefficients.num_cols),
                          std::move(intercept), std::move(coefficients), BoolCell(false)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadLogisticRegression(Params params,
                                                                    SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  const arrow::Table& table = *rows;
  SOTERIA_ASSIGN_OR_RETURN(const bool multinomial, BoolCellOf(table, "isMultinomial"));
  if (multinomial) {
    return base::Fail(base::kUnsupported,
                      "LogisticRegressionModel of the multinomial family is not supported here.");
  }
  LogisticData data;
  SOTERIA_ASSIGN_OR_RETURN(data.num_classes, IntCellOf(table, "numClasses"));
  SOTERIA_ASSIGN_OR_RETURN(const int32_t features, IntCellOf(table, "numFeatures"));
  SOTERIA_ASSIGN_OR_RETURN(const VectorValue intercept, VectorCellOf(table, "interceptVector"));
  SOTERIA_ASSIGN_OR_RETURN(data.coefficients, MatrixCellOf(table, "coefficientMatrix"));
  if (intercept.size != 1 || data.coefficients.num_cols != features) {
    return base::Fail(base::kProtocol, "model data: sizes disagree");
  }
  data.intercept = table::At(table::View(intercept), 0);
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           LogisticRegressionModel::Make(std::move(params), std::move(data)));
  return model;
}

}  // namespace soteria::ml
