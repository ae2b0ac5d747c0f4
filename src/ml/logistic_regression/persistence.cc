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
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> intercepts, VectorCell(data.intercepts));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> coefficients,
                           MatrixCell(data.coefficients));
  return DataTable(arrow::Table::Make(
      arrow::schema({arrow::field("numClasses", arrow::int32(), false),
                     arrow::field("numFeatures", arrow::int32(), false),
                     table::VectorField("interceptVector", true, std::nullopt),
                     table::MatrixField("coefficientMatrix", true),
                     arrow::field("isMultinomial", arrow::boolean(), false)}),
      {IntCell(data.num_classes), IntCell(data.coefficients.num_cols), std::move(intercepts),
       std::move(coefficients), BoolCell(data.multinomial)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadLogisticRegression(Params params,
                                                                    SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  const arrow::Table& table = *rows;
  LogisticData data;
  SOTERIA_ASSIGN_OR_RETURN(data.multinomial, BoolCellOf(table, "isMultinomial"));
  SOTERIA_ASSIGN_OR_RETURN(data.num_classes, IntCellOf(table, "numClasses"));
  SOTERIA_ASSIGN_OR_RETURN(const int32_t features, IntCellOf(table, "numFeatures"));
  SOTERIA_ASSIGN_OR_RETURN(data.intercepts, VectorCellOf(table, "interceptVector"));
  SOTERIA_ASSIGN_OR_RETURN(data.coefficients, MatrixCellOf(table, "coefficientMatrix"));
  if (data.coefficients.num_cols != features) {
    return base::Fail(base::kProtocol, "model data: sizes disagree");
  }
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           LogisticRegressionModel::Make(std::move(params), std::move(data)));
  return model;
}

}  // namespace soteria::ml
