#include "src/ml/standard_scaler/persistence.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/ml/data_table.h"
#include "src/ml/standard_scaler/model.h"
#include "src/table/types.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveStandardScaler(const Transformer& model) {
  const auto& scaler = dynamic_cast<const StandardScalerModel&>(model);
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> std, VectorCell(scaler.std()));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> mean, VectorCell(scaler.mean()));
  return DataTable(
      arrow::Table::Make(arrow::schema({table::VectorField("std", true, std::nullopt),
                                        table::VectorField("mean", true, std::nullopt)}),
                         {std::move(std), std::move(mean)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadStandardScaler(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  const arrow::Table& table = *rows;
  SOTERIA_ASSIGN_OR_RETURN(VectorValue std, VectorCellOf(table, "std"));
  SOTERIA_ASSIGN_OR_RETURN(VectorValue mean, VectorCellOf(table, "mean"));
  return StandardScalerModel::Make(std::move(params), std::move(std), std::move(mean));
}

}  // namespace soteria::ml
