#include "src/ml/linear_regression/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/linalg/rows.h"
#include "src/ml/linear_regression/params.h"
#include "src/ml/linear_regression/summary.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

base::Status WrongSize(int64_t got, size_t expected) {
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("requirement failed: BLAS.dot(x: Vector, y:Vector) was given Vectors with"
                " non-matching sizes: x.size = ",
                got, ", y.size = ", expected));
}

std::shared_ptr<arrow::Field> PredictionField(const std::string& name) {
  return table::WithSparkMetadata(arrow::field(name, arrow::float64(), false), NumericAttributes());
}

}  // namespace

LinearRegressionModel::LinearRegressionModel(Params params, LinearData data)
    : params_(std::move(params)), data_(std::move(data)) {
  score_.coefficients = table::ToDense(table::View(data_.coefficients)).values;
  score_.intercept = data_.intercept;
}

base::StatusOr<std::shared_ptr<const LinearRegressionModel>> LinearRegressionModel::Make(
    Params params, LinearData data) {
  if (!table::CheckVector(table::View(data.coefficients)).ok()) {
    return base::Fail(base::kProtocol, "LinearRegressionModel: malformed coefficients");
  }
  return std::shared_ptr<const LinearRegressionModel>(
      new LinearRegressionModel(std::move(params), std::move(data)));
}

base::StatusOr<std::shared_ptr<const Model>> LinearRegressionModel::Decode(Params params,
                                                                           std::string_view bytes) {
  base::FieldReader r(bytes);
  LinearData data;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view vector_bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(data.intercept, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(data.scale, r.NextDouble());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue vector, DecodeValue(vector_bytes));
  if (!std::holds_alternative<VectorValue>(vector)) {
    return base::Fail(base::kProtocol, "LinearRegressionModel: no vector");
  }
  data.coefficients = std::get<VectorValue>(std::move(vector));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           Make(std::move(params), std::move(data)));
  return model;
}

std::string LinearRegressionModel::EncodeData() const {
  base::FieldWriter w;
  w.Add(EncodeValue(data_.coefficients)).AddDouble(data_.intercept).AddDouble(data_.scale);
  return w.Take();
}

std::shared_ptr<const Model> LinearRegressionModel::WithTraining(
    std::vector<double> objective_history, std::vector<double> inverse_diagonal) const {
  std::shared_ptr<LinearRegressionModel> model(new LinearRegressionModel(*this));
  LinearSummary::Facts facts;
  facts.estimates = score_;
  facts.objective_history = std::move(objective_history);
  facts.inverse_diagonal = std::move(inverse_diagonal);
  model->summary_ =
      LinearSummary::Make(params_.With(SummaryColumns()).value(), std::move(facts),
                          std::make_shared<LinearSummaryKernel>(score_, std::nullopt));
  return model;
}

ParamMap LinearRegressionModel::SummaryColumns() const {
  if (params_.Column("predictionCol")) return {};
  return {{"predictionCol", base::Cat("prediction_", uid())}};
}

base::StatusOr<std::shared_ptr<const Model>> LinearRegressionModel::SummaryModel() const {
  return WithParams(SummaryColumns());
}

base::StatusOr<std::shared_ptr<const Summary>> LinearRegressionModel::Evaluation(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const Params params, params_.With(SummaryColumns()));
  table::FeatureColumns columns;
  columns.features = params.String("featuresCol");
  columns.label = params.String("labelCol");
  columns.weight = params.Column("weightCol");
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *columns.label));
  if (columns.weight) SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *columns.weight));
  LinearSummary::Facts facts;
  facts.estimates = score_;
  return LinearSummary::Make(params, std::move(facts),
                             std::make_shared<LinearSummaryKernel>(score_, std::move(columns)));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> LinearRegressionModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckLinearInput(params_, input, /*fitting=*/false));
  std::vector<std::shared_ptr<arrow::Field>> fields = input.fields();
  if (const std::optional<std::string> column = params_.Column("predictionCol")) {
    fields = WithColumn(std::move(fields), PredictionField(*column));
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<double> LinearRegressionModel::Predict(const table::VectorView& features) const {
  const std::vector<double>& w = score_.coefficients;
  if (static_cast<size_t>(features.size) != w.size()) return WrongSize(features.size, w.size());
  double dot = 0;
  if (features.dense) {
    RowDots(features.values.data(), 1, features.size, w.data(), score_.intercept, &dot);
    return dot;
  }
  for (size_t k = 0; k < features.values.size(); ++k) {
    dot += features.values[k] * w[static_cast<size_t>(features.indices[k])];
  }
  return score_.intercept + dot;
}

base::StatusOr<std::vector<double>> LinearRegressionModel::Predict(
    const table::VectorReader& rows) const {
  if (rows.null_count() > 0) {
    return base::Fail(base::kIllegalArgument, "LinearRegressionModel: a feature vector is null");
  }
  std::vector<double> predictions(static_cast<size_t>(rows.rows()));
  const std::optional<std::span<const double>> dense = rows.row_major();
  const size_t features = score_.coefficients.size();
  if (dense && !predictions.empty() && dense->size() == predictions.size() * features) {
    RowDots(dense->data(), rows.rows(), static_cast<int64_t>(features), score_.coefficients.data(),
            score_.intercept, predictions.data());
    return predictions;
  }
  for (size_t i = 0; i < predictions.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(predictions[i], Predict(rows.Get(static_cast<int64_t>(i))));
  }
  return predictions;
}

base::StatusOr<std::shared_ptr<arrow::Table>> LinearRegressionModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()).status());
  const std::optional<std::string> column = params_.Column("predictionCol");
  if (!column) return input;
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  arrow::ArrayVector predictions;
  for (const table::VectorReader& rows : chunks) {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, Predict(rows));
    predictions.push_back(DoubleArray(std::move(values)));
  }
  return WithColumn(
      input, PredictionField(*column),
      std::make_shared<arrow::ChunkedArray>(std::move(predictions), arrow::float64()));
}

base::StatusOr<Attribute> LinearRegressionModel::Get(std::string_view method,
                                                     const Arguments& args) const {
  if (method == "predict") {
    if (args.size() != 1 || !std::holds_alternative<VectorValue>(args[0])) {
      return base::Fail(base::kIllegalArgument, "predict takes one vector");
    }
    const table::VectorView features = table::View(std::get<VectorValue>(args[0]));
    SOTERIA_RETURN_IF_ERROR(table::CheckVector(features));
    SOTERIA_ASSIGN_OR_RETURN(const double prediction, Predict(features));
    return Attribute(prediction);
  }
  if (args.empty()) {
    if (method == "coefficients") return Attribute(data_.coefficients);
    if (method == "intercept") return Attribute(data_.intercept);
    if (method == "scale") return Attribute(data_.scale);
    if (method == "numFeatures") return Attribute(int64_t{data_.coefficients.size});
    if (method == "hasSummary") return Attribute(summary_ != nullptr);
    if (method == "toString") {
      return Attribute(base::Cat("LinearRegressionModel: uid=", uid(),
                                 ", numFeatures=", data_.coefficients.size));
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

base::StatusOr<std::shared_ptr<const Model>> LinearRegressionModel::WithParams(
    const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<const LinearRegressionModel> made,
                           Make(std::move(params), data_));
  std::shared_ptr<LinearRegressionModel> model(new LinearRegressionModel(*made));
  model->summary_ = summary_;
  return std::shared_ptr<const Model>(std::move(model));
}

base::Status LinearRegressionModel::CheckColumns(const Params& params,
                                                 const arrow::Schema& input) const {
  return CheckLinearInput(params, input, /*fitting=*/false);
}

uint64_t LinearRegressionModel::bytes() const {
  return sizeof(*this) + 2 * score_.coefficients.size() * sizeof(double);
}

}  // namespace soteria::ml
