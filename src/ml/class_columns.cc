#include "src/ml/class_columns.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <optional>
#include <string>
#include <utility>

#include "src/ml/columns.h"
#include "src/table/types.h"

namespace soteria::ml {

arrow::FieldVector ClassFields(const Params& params, size_t classes) {
  const auto size = static_cast<int32_t>(classes);
  arrow::FieldVector fields;
  for (const char* name : {"rawPredictionCol", "probabilityCol"}) {
    if (const std::optional<std::string> column = params.Column(name)) {
      fields.push_back(table::WithSparkMetadata(table::VectorField(*column, true, size),
                                                VectorAttributes(size)));
    }
  }
  if (const std::optional<std::string> column = params.Column("predictionCol")) {
    fields.push_back(table::WithSparkMetadata(arrow::field(*column, arrow::float64(), false),
                                              NominalAttributes(size)));
  }
  return fields;
}

base::Status ClassColumns::Add(std::vector<double> raw, std::vector<double> probability,
                               std::vector<double> prediction) {
  const auto rows = static_cast<int64_t>(prediction.size());
  const auto size = static_cast<int32_t>(classes_);
  SOTERIA_ASSIGN_OR_RETURN(raw_.emplace_back(), DenseArray(std::move(raw), rows, size));
  SOTERIA_ASSIGN_OR_RETURN(probability_.emplace_back(),
                           DenseArray(std::move(probability), rows, size));
  prediction_.push_back(DoubleArray(std::move(prediction)));
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Table>> ClassColumns::Beside(
    std::shared_ptr<arrow::Table> input) && {
  std::vector<arrow::ArrayVector> values;
  if (params_.Column("rawPredictionCol")) values.push_back(std::move(raw_));
  if (params_.Column("probabilityCol")) values.push_back(std::move(probability_));
  if (params_.Column("predictionCol")) values.push_back(std::move(prediction_));
  const arrow::FieldVector fields = ClassFields(params_, classes_);
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto column =
        std::make_shared<arrow::ChunkedArray>(std::move(values.at(i)), fields[i]->type());
    SOTERIA_ASSIGN_OR_RETURN(input, WithColumn(input, fields[i], column));
  }
  return input;
}

}  // namespace soteria::ml
