#include "src/ml/pca/persistence.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/ml/data_table.h"
#include "src/ml/pca/model.h"
#include "src/table/types.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SavePca(const Transformer& model) {
  const PcaData& data = dynamic_cast<const PcaModel&>(model).data();
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> components, MatrixCell(data.components));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> shares,
                           VectorCell(table::DenseVector(data.explained_variance)));
  return DataTable(arrow::Table::Make(
      arrow::schema({table::MatrixField("pc", true),
                     table::VectorField("explainedVariance", true, std::nullopt)}),
      {std::move(components), std::move(shares)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadPca(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  PcaData data;
  SOTERIA_ASSIGN_OR_RETURN(data.components, MatrixCellOf(*rows, "pc"));
  SOTERIA_ASSIGN_OR_RETURN(const VectorValue shares, VectorCellOf(*rows, "explainedVariance"));
  data.explained_variance = table::ToDense(table::View(shares)).values;
  return PcaModel::Make(std::move(params), std::move(data));
}

}  // namespace soteria::ml
