#include "src/ml/linear_regression/persistence.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/ml/data_table.h"
#include "src/ml/linear_regression/model.h"
#include "src/table/types.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveLinearRegression(const Transformer& model) {
  const LinearData& data = dynamic_cast<const LinearRegressionModel&>(model).data();
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> coefficients,
                           VectorCell(data.coefficients));
  return DataTable(arrow::Table::Make(
      arrow::schema({arrow::field("intercept", arrow::float64(), false),
                     table::VectorField("coefficients", true, std::nullopt),
                     arrow::field("scale", arrow::float64(), false)}),
      {DoubleCell(data.intercept), std::move(coefficients), DoubleCell(data.scale)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadLinearRegression(Params params,
                                                                  SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  LinearData data;
  SOTERIA_ASSIGN_OR_RETURN(data.intercept, DoubleCellOf(*rows, "intercept"));
  SOTERIA_ASSIGN_OR_RETURN(data.coefficients, VectorCellOf(*rows, "coefficients"));
  SOTERIA_ASSIGN_OR_RETURN(data.scale, DoubleCellOf(*rows, "scale"));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           LinearRegressionModel::Make(std::move(params), std::move(data)));
  return model;
}

}  // namespace soteria::ml
