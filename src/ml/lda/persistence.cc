#include "src/ml/lda/persistence.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/unsupported.h"
#include "src/ml/data_table.h"
#include "src/ml/lda/model.h"
#include "src/table/types.h"

namespace soteria::ml {

base::StatusOr<ModelFiles> SaveLda(const Transformer& model) {
  const LdaData& data = dynamic_cast<const LdaModel&>(model).data();
  MatrixValue topics;
  topics.num_rows = static_cast<int32_t>(data.terms);
  topics.num_cols = static_cast<int32_t>(data.k());
  topics.values = data.topics;
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> matrix, MatrixCell(topics));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> alpha,
                           VectorCell(table::DenseVector(data.alpha)));
  return DataTable(
      arrow::Table::Make(arrow::schema({arrow::field("vocabSize", arrow::int32(), false),
                                        table::MatrixField("topicsMatrix", true),
                                        table::VectorField("docConcentration", true, std::nullopt),
                                        arrow::field("topicConcentration", arrow::float64(), false),
                                        arrow::field("gammaShape", arrow::float64(), false)}),
                         {IntCell(static_cast<int32_t>(data.terms)), std::move(matrix),
                          std::move(alpha), DoubleCell(data.eta), DoubleCell(kGammaShape)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadLda(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  LdaData data;
  SOTERIA_ASSIGN_OR_RETURN(const int32_t terms, IntCellOf(*rows, "vocabSize"));
  SOTERIA_ASSIGN_OR_RETURN(const MatrixValue topics, MatrixCellOf(*rows, "topicsMatrix"));
  SOTERIA_ASSIGN_OR_RETURN(const VectorValue alpha, VectorCellOf(*rows, "docConcentration"));
  SOTERIA_ASSIGN_OR_RETURN(data.eta, DoubleCellOf(*rows, "topicConcentration"));
  SOTERIA_ASSIGN_OR_RETURN(const double shape, DoubleCellOf(*rows, "gammaShape"));
  data.alpha = table::ToDense(table::View(alpha)).values;
  if (terms != topics.num_rows || topics.num_cols != alpha.size || shape != kGammaShape ||
      static_cast<uint64_t>(topics.num_rows) * static_cast<uint64_t>(topics.num_cols) >
          kTopicEntriesMax) {
    return base::Fail(base::kProtocol, "LDA model data: sizes do not agree");
  }
  data.terms = static_cast<size_t>(terms);
  data.topics.reserve(data.terms * data.alpha.size());
  for (int32_t j = 0; j < topics.num_cols; ++j) {
    for (int32_t w = 0; w < topics.num_rows; ++w) data.topics.push_back(table::At(topics, w, j));
  }
  return LdaModel::Make(std::move(params), std::move(data));
}

base::StatusOr<ModelFiles> SaveDistributedLda(const Transformer&) {
  return base::NotSupported("DistributedLDAModel.save, which would write the training documents,",
                            "toLocal().save");
}

base::StatusOr<std::shared_ptr<const Model>> LoadDistributedLda(Params, SavedModel&) {
  return base::NotSupported("DistributedLDAModel.load", "LocalLDAModel.load");
}

}  // namespace soteria::ml
