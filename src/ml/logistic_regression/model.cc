#include "src/ml/logistic_regression/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/linalg/logistic.h"
#include "src/ml/linalg/rows.h"
#include "src/ml/logistic_regression/summary.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

constexpr int32_t kClasses = 2;

std::vector<double> DenseRow(const MatrixValue& m) {
  std::vector<double> row(static_cast<size_t>(m.num_cols));
  for (int32_t j = 0; j < m.num_cols; ++j) row[static_cast<size_t>(j)] = table::At(m, 0, j);
  return row;
}

VectorValue CoefficientVector(const MatrixValue& m) {
  if (m.dense) return table::DenseVector(m.values);
  return table::SparseVector(m.num_cols, m.row_indices, m.values);
}

base::Status WrongSize(int64_t got, size_t expected) {
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("requirement failed: BLAS.dot(x: Vector, y:Vector) was given Vectors with"
                " non-matching sizes: x.size = ",
                got, ", y.size = ", expected));
}

}  // namespace

MatrixValue CompressedRow(const std::vector<double>& row) {
  // Sizes in bytes by MLlib's reckoning: array headers of 12, pointers and indices of 4.
  const auto cols = static_cast<int64_t>(row.size());
  const int64_t nonzeros = cols - std::count(row.begin(), row.end(), 0.0);
  const int64_t dense_bytes = 8 * cols + 13;
  const int64_t sparse_bytes = 12 * nonzeros + 4 * 2 + 37;
  MatrixValue m;
  m.num_rows = 1;
  m.num_cols = static_cast<int32_t>(cols);
  m.transposed = true;
  if (dense_bytes <= sparse_bytes) {
    m.values = row;
    return m;
  }
  m.dense = false;
  for (size_t j = 0; j < row.size(); ++j) {
    if (row[j] == 0) continue;
    m.row_indices.push_back(static_cast<int32_t>(j));
    m.values.push_back(row[j]);
  }
  m.col_ptrs = {0, static_cast<int32_t>(m.values.size())};
  return m;
}

LogisticRegressionModel::LogisticRegressionModel(Params params, LogisticData data,
                                                 BinaryThreshold threshold)
    : params_(std::move(params)), data_(std::move(data)), threshold_(threshold) {
  score_.coefficients = DenseRow(data_.coefficients);
  score_.intercept = data_.intercept;
}

base::StatusOr<std::shared_ptr<const LogisticRegressionModel>> LogisticRegressionModel::Make(
    Params params, LogisticData data) {
  const MatrixValue& m = data.coefficients;
  if (!table::CheckMatrix(m).ok() || m.num_rows != 1 || !m.transposed ||
      (data.num_classes != 1 && data.num_classes != kClasses)) {
    return base::Fail(base::kProtocol, "LogisticRegressionModel: not the data of a binary model");
  }
  SOTERIA_RETURN_IF_ERROR(CheckThresholds(params));
  BinaryThreshold threshold;
  // Other thresholds are refused at transform, as in MLlib.
  if (!params.IsSet("thresholds") || params.Doubles("thresholds").size() == kClasses) {
    SOTERIA_ASSIGN_OR_RETURN(threshold, ThresholdOf(params));
  }
  return std::shared_ptr<const LogisticRegressionModel>(
      new LogisticRegressionModel(std::move(params), std::move(data), threshold));
}

base::StatusOr<std::shared_ptr<const Model>> LogisticRegressionModel::Decode(
    Params params, std::string_view bytes) {
  base::FieldReader r(bytes);
  LogisticData data;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t classes, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view matrix_bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(data.intercept, r.NextDouble());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue matrix, DecodeValue(matrix_bytes));
  if (classes > kClasses || !std::holds_alternative<MatrixValue>(matrix)) {
    return base::Fail(base::kProtocol, "LogisticRegressionModel: no matrix");
  }
  data.num_classes = static_cast<int32_t>(classes);
  data.coefficients = std::get<MatrixValue>(std::move(matrix));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           Make(std::move(params), std::move(data)));
  return model;
}

std::string LogisticRegressionModel::EncodeData() const {
  base::FieldWriter w;
  w.AddU64(static_cast<uint64_t>(data_.num_classes));
  w.Add(EncodeValue(data_.coefficients)).AddDouble(data_.intercept);
  return w.Take();
}

std::shared_ptr<const Model> LogisticRegressionModel::WithTraining(
    std::vector<double> objective_history) const {
  std::shared_ptr<LogisticRegressionModel> model(new LogisticRegressionModel(*this));
  model->summary_ = LogisticSummary::OfTraining(
      params_.With(SummaryColumns()).value(), std::move(objective_history),
      std::make_shared<LogisticSummaryKernel>(score_, rule()));
  return model;
}

BinaryRule LogisticRegressionModel::rule() const {
  if (params_.Column("rawPredictionCol")) return {true, threshold_.margin};
  return {false, threshold_.probability};
}

ParamMap LogisticRegressionModel::SummaryColumns() const {
  ParamMap columns;
  for (const char* name : {"probability", "prediction"}) {
    const std::string param = base::Cat(name, "Col");
    if (!params_.Column(param)) columns[param] = base::Cat(name, "_", uid());
  }
  return columns;
}

base::StatusOr<std::shared_ptr<const Model>> LogisticRegressionModel::SummaryModel() const {
  return WithParams(SummaryColumns());
}

base::StatusOr<std::shared_ptr<const Summary>> LogisticRegressionModel::Evaluation(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const Params params, params_.With(SummaryColumns()));
  table::FeatureColumns columns;
  columns.features = params.String("featuresCol");
  columns.label = params.String("labelCol");
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *columns.label));
  // Without a weightCol, a column of that very name has the weights: so it is in MLlib.
  columns.weight =
      params.IsDefined("weightCol") ? params.String("weightCol") : std::string("weightCol");
  if (input.GetFieldIndex(*columns.weight) < 0) columns.weight.reset();
  return LogisticSummary::OfEvaluation(
      params, std::make_shared<LogisticEvaluationKernel>(score_, rule(), std::move(columns)));
}

base::Status LogisticRegressionModel::CheckTransform() const {
  if (!params_.IsSet("thresholds")) return base::OkStatus();
  const size_t length = params_.Doubles("thresholds").size();
  if (length == static_cast<size_t>(data_.num_classes)) return base::OkStatus();
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("requirement failed: LogisticRegressionModel.transform() called with non-matching"
                " numClasses and thresholds.length. numClasses=",
                data_.num_classes, ", but thresholds has length ", length));
}

std::vector<std::shared_ptr<arrow::Field>> LogisticRegressionModel::OutputFields() const {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const char* name : {"rawPredictionCol", "probabilityCol"}) {
    if (const std::optional<std::string> column = params_.Column(name)) {
      fields.push_back(table::WithSparkMetadata(table::VectorField(*column, true, kClasses),
                                                VectorAttributes(kClasses)));
    }
  }
  if (const std::optional<std::string> column = params_.Column("predictionCol")) {
    fields.push_back(table::WithSparkMetadata(arrow::field(*column, arrow::float64(), false),
                                              NominalAttributes(kClasses)));
  }
  return fields;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> LogisticRegressionModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckLogisticInput(params_, input, /*fitting=*/false));
  SOTERIA_RETURN_IF_ERROR(CheckTransform());
  std::vector<std::shared_ptr<arrow::Field>> fields = input.fields();
  const std::vector<std::shared_ptr<arrow::Field>> outputs = OutputFields();
  for (size_t i = 0; i < outputs.size(); ++i) {
    fields = WithColumn(std::move(fields), outputs[i]);
    // What comes next is computed from the vectors before it, by their name.
    if (i + 1 < outputs.size() && table::IsVector(*outputs[i]) && i == 0) {
      SOTERIA_RETURN_IF_ERROR(CheckSelectable(*arrow::schema(fields), outputs[i]->name()));
    }
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<double> LogisticRegressionModel::Margin(const table::VectorView& features) const {
  const std::vector<double>& w = score_.coefficients;
  if (static_cast<size_t>(features.size) != w.size()) return WrongSize(features.size, w.size());
  double margin = 0;
  if (features.dense) {
    RowDots(features.values.data(), 1, features.size, w.data(), score_.intercept, &margin);
    return margin;
  }
  for (size_t k = 0; k < features.values.size(); ++k) {
    margin += features.values[k] * w[static_cast<size_t>(features.indices[k])];
  }
  return score_.intercept + margin;
}

base::StatusOr<std::vector<double>> LogisticRegressionModel::Margins(
    const table::VectorReader& rows) const {
  if (rows.null_count() > 0) {
    return base::Fail(base::kIllegalArgument, "LogisticRegressionModel: a feature vector is null");
  }
  std::vector<double> margins(static_cast<size_t>(rows.rows()));
  const std::optional<std::span<const double>> dense = rows.row_major();
  if (dense && !margins.empty() && dense->size() == margins.size() * score_.coefficients.size()) {
    RowDots(dense->data(), rows.rows(), static_cast<int64_t>(score_.coefficients.size()),
            score_.coefficients.data(), score_.intercept, margins.data());
    return margins;
  }
  for (size_t i = 0; i < margins.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(margins[i], Margin(rows.Get(static_cast<int64_t>(i))));
  }
  return margins;
}

base::StatusOr<std::shared_ptr<arrow::Table>> LogisticRegressionModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  arrow::ArrayVector raw_chunks;
  arrow::ArrayVector probability_chunks;
  arrow::ArrayVector prediction_chunks;
  for (const table::VectorReader& rows : chunks) {
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> margins, Margins(rows));
    std::vector<double> raw(margins.size() * kClasses);
    std::vector<double> probability(margins.size() * kClasses);
    std::vector<double> prediction(margins.size());
    const BinaryRule by = rule();
    for (size_t i = 0; i < margins.size(); ++i) {
      raw[2 * i] = -margins[i];
      raw[2 * i + 1] = margins[i];
      probability[2 * i] = Sigmoid(-margins[i]);
      probability[2 * i + 1] = 1.0 - probability[2 * i];
      const double value = by.by_margin ? margins[i] : probability[2 * i + 1];
      prediction[i] = value > by.threshold ? 1.0 : 0.0;
    }
    SOTERIA_ASSIGN_OR_RETURN(raw_chunks.emplace_back(),
                             DenseArray(std::move(raw), rows.rows(), kClasses));
    SOTERIA_ASSIGN_OR_RETURN(probability_chunks.emplace_back(),
                             DenseArray(std::move(probability), rows.rows(), kClasses));
    prediction_chunks.push_back(DoubleArray(std::move(prediction)));
  }
  std::vector<arrow::ArrayVector> values;
  if (params_.Column("rawPredictionCol")) values.push_back(std::move(raw_chunks));
  if (params_.Column("probabilityCol")) values.push_back(std::move(probability_chunks));
  if (params_.Column("predictionCol")) values.push_back(std::move(prediction_chunks));
  const std::vector<std::shared_ptr<arrow::Field>> outputs = OutputFields();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto column =
        std::make_shared<arrow::ChunkedArray>(std::move(values.at(i)), outputs[i]->type());
    SOTERIA_ASSIGN_OR_RETURN(input, WithColumn(input, outputs[i], column));
  }
  return input;
}

base::StatusOr<Attribute> LogisticRegressionModel::Predict(std::string_view method,
                                                           const VectorValue& features) const {
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(features)));
  SOTERIA_ASSIGN_OR_RETURN(const double margin, Margin(table::View(features)));
  if (method == "predictRaw") return Attribute(table::DenseVector({-margin, margin}));
  if (method == "predictProbability") {
    const double negative = Sigmoid(-margin);
    return Attribute(table::DenseVector({negative, 1.0 - negative}));
  }
  return Attribute(Sigmoid(margin) > threshold_.probability ? 1.0 : 0.0);
}

base::StatusOr<Attribute> LogisticRegressionModel::Get(std::string_view method,
                                                       const Arguments& args) const {
  if (method == "predict" || method == "predictRaw" || method == "predictProbability") {
    if (args.size() == 1 && std::holds_alternative<VectorValue>(args[0])) {
      return Predict(method, std::get<VectorValue>(args[0]));
    }
    return base::Fail(base::kIllegalArgument, base::Cat(method, " takes one vector"));
  }
  if (args.empty()) {
    if (method == "coefficients") return Attribute(CoefficientVector(data_.coefficients));
    if (method == "intercept") return Attribute(data_.intercept);
    if (method == "coefficientMatrix") return Attribute(data_.coefficients);
    if (method == "interceptVector") return Attribute(table::DenseVector({data_.intercept}));
    if (method == "numClasses") return Attribute(int64_t{data_.num_classes});
    if (method == "numFeatures") return Attribute(int64_t{data_.coefficients.num_cols});
    if (method == "hasSummary") return Attribute(summary_ != nullptr);
    if (method == "toString") {
      return Attribute(base::Cat("LogisticRegressionModel: uid=", uid(), ", numClasses=",
                                 data_.num_classes, ", numFeatures=", data_.coefficients.num_cols));
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

base::StatusOr<std::shared_ptr<const Model>> LogisticRegressionModel::WithParams(
    const ParamMap& set) const {
  ParamMap all = params_.set();
  if (set.contains("threshold") != set.contains("thresholds")) {
    all.erase(set.contains("threshold") ? "thresholds" : "threshold");
  }
  for (const auto& [name, value] : set) all[name] = value;
  SOTERIA_ASSIGN_OR_RETURN(Params params, Params::Make(params_.info(), params_.uid(), all));
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<const LogisticRegressionModel> made,
                           Make(std::move(params), data_));
  std::shared_ptr<LogisticRegressionModel> model(new LogisticRegressionModel(*made));
  model->summary_ = summary_;
  return std::shared_ptr<const Model>(std::move(model));
}

base::Status LogisticRegressionModel::CheckColumns(const Params& params,
                                                   const arrow::Schema& input) const {
  return CheckLogisticInput(params, input, /*fitting=*/false);
}

uint64_t LogisticRegressionModel::bytes() const {
  return sizeof(*this) + 2 * score_.coefficients.size() * sizeof(double);
}

}  // namespace soteria::ml
