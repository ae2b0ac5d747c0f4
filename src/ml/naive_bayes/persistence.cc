#include "src/ml/naive_bayes/persistence.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/ml/data_table.h"
#include "src/ml/naive_bayes/model.h"
#include "src/table/types.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveNaiveBayes(const Transformer& model) {
  const BayesData& data = dynamic_cast<const NaiveBayesModel&>(model).data();
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> pi, VectorCell(data.pi));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> theta, MatrixCell(data.theta));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> sigma, MatrixCell(data.sigma));
  return DataTable(arrow::Table::Make(
      arrow::schema({table::VectorField("pi", true, std::nullopt),
                     table::MatrixField("theta", true), table::MatrixField("sigma", true)}),
      {std::move(pi), std::move(theta), std::move(sigma)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadNaiveBayes(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  BayesData data;
  SOTERIA_ASSIGN_OR_RETURN(data.pi, VectorCellOf(*rows, "pi"));
  SOTERIA_ASSIGN_OR_RETURN(data.theta, MatrixCellOf(*rows, "theta"));
  SOTERIA_ASSIGN_OR_RETURN(data.sigma, MatrixCellOf(*rows, "sigma"));
  return NaiveBayesModel::Make(std::move(params), std::move(data));
}

}  // namespace soteria::ml
