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
#include "src/ml/class_columns.h"
#include "src/ml/classification_summary/summary.h"
#include "src/ml/columns.h"
#include "src/ml/linalg/logistic.h"
#include "src/ml/summarizer/kernels.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

std::vector<LinearScore> ScoresOf(const LogisticData& data) {
  const MatrixValue& m = data.coefficients;
  std::vector<LinearScore> scores(static_cast<size_t>(m.num_rows));
  for (int32_t k = 0; k < m.num_rows; ++k) {
    LinearScore& score = scores[static_cast<size_t>(k)];
    score.coefficients.resize(static_cast<size_t>(m.num_cols));
    score.intercept = table::At(table::View(data.intercepts), k);
  }
  if (m.dense) {
    for (int32_t k = 0; k < m.num_rows; ++k) {
      for (int32_t j = 0; j < m.num_cols; ++j) {
        scores[static_cast<size_t>(k)].coefficients[static_cast<size_t>(j)] = table::At(m, k, j);
      }
    }
    return scores;
  }
  for (size_t line = 0; line + 1 < m.col_ptrs.size(); ++line) {
    for (auto at = static_cast<size_t>(m.col_ptrs[line]);
         at < static_cast<size_t>(m.col_ptrs[line + 1]); ++at) {
      const auto other = static_cast<size_t>(m.row_indices[at]);
      const size_t row = m.transposed ? line : other;
      scores[row].coefficients[m.transposed ? other : line] = m.values[at];
    }
  }
  return scores;
}

VectorValue CoefficientVector(const MatrixValue& m) {
  if (m.dense) return table::DenseVector(m.values);
  return table::SparseVector(m.num_cols, m.row_indices, m.values);
}

}  // namespace

MatrixValue CompressedRows(size_t rows, const std::vector<double>& row_major) {
  // Sizes in bytes by MLlib's reckoning: array headers of 12, pointers and indices of 4.
  const size_t cols = row_major.size() / rows;
  const auto zeros = static_cast<size_t>(std::count(row_major.begin(), row_major.end(), 0.0));
  const size_t nonzeros = row_major.size() - zeros;
  const size_t by_column = 12 * nonzeros + 4 * (cols + 1) + 37;
  const size_t by_row = 12 * nonzeros + 4 * (rows + 1) + 37;
  MatrixValue m;
  m.num_rows = static_cast<int32_t>(rows);
  m.num_cols = static_cast<int32_t>(cols);
  m.transposed = true;
  if (8 * row_major.size() + 13 <= std::min(by_column, by_row)) {
    m.values = row_major;
    return m;
  }
  m.dense = false;
  m.transposed = by_row < by_column;
  const size_t lines = m.transposed ? rows : cols;
  m.col_ptrs = {0};
  for (size_t line = 0; line < lines; ++line) {
    for (size_t at = 0; at < (m.transposed ? cols : rows); ++at) {
      const double value = m.transposed ? row_major[line * cols + at] : row_major[at * cols + line];
      if (value == 0) continue;
      m.row_indices.push_back(static_cast<int32_t>(at));
      m.values.push_back(value);
    }
    m.col_ptrs.push_back(static_cast<int32_t>(m.values.size()));
  }
  return m;
}

LogisticRegressionModel::LogisticRegressionModel(Params params, LogisticData data,
                                                 BinaryThreshold threshold)
    : params_(std::move(params)), data_(std::move(data)), threshold_(threshold) {
  scorer_.multinomial = data_.multinomial;
  scorer_.sets = ScoresOf(data_);
  // Of the multinomial family predict() itself goes by raw predictions, of the other by the score.
  scorer_.by_raw = params_.Column("rawPredictionCol") ||
                   (data_.multinomial && !params_.Column("probabilityCol"));
  scorer_.threshold = scorer_.by_raw ? threshold_.margin : threshold_.probability;
  if (data_.multinomial && params_.IsSet("thresholds")) {
    scorer_.thresholds = params_.Doubles("thresholds");
  }
}

base::StatusOr<std::shared_ptr<const LogisticRegressionModel>> LogisticRegressionModel::Make(
    Params params, LogisticData data) {
  const MatrixValue& m = data.coefficients;
  const bool fits = data.multinomial ? m.num_rows == data.num_classes && m.num_rows > 0
                                     : m.num_rows == 1 && m.transposed && data.num_classes >= 1 &&
                                           data.num_classes <= 2;
  if (!fits || !table::CheckMatrix(m).ok() ||
      !table::CheckVector(table::View(data.intercepts)).ok() ||
      data.intercepts.size != m.num_rows) {
    return base::Fail(base::kProtocol, "LogisticRegressionModel: not the data of a model");
  }
  SOTERIA_RETURN_IF_ERROR(CheckThresholds(params));
  BinaryThreshold threshold;
  // Other thresholds are refused at transform, as in MLlib.
  if (!data.multinomial &&
      (!params.IsSet("thresholds") || params.Doubles("thresholds").size() == 2)) {
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
  SOTERIA_ASSIGN_OR_RETURN(data.multinomial, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view matrix_bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view vector_bytes, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue matrix, DecodeValue(matrix_bytes));
  SOTERIA_ASSIGN_OR_RETURN(ParamValue vector, DecodeValue(vector_bytes));
  if (classes > kClassesMax || !std::holds_alternative<MatrixValue>(matrix) ||
      !std::holds_alternative<VectorValue>(vector)) {
    return base::Fail(base::kProtocol, "LogisticRegressionModel: no matrix or no vector");
  }
  data.num_classes = static_cast<int32_t>(classes);
  data.coefficients = std::get<MatrixValue>(std::move(matrix));
  data.intercepts = std::get<VectorValue>(std::move(vector));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           Make(std::move(params), std::move(data)));
  return model;
}

std::string LogisticRegressionModel::EncodeData() const {
  base::FieldWriter w;
  w.AddU64(static_cast<uint64_t>(data_.num_classes)).AddBool(data_.multinomial);
  w.Add(EncodeValue(data_.coefficients)).Add(EncodeValue(data_.intercepts));
  return w.Take();
}

std::shared_ptr<const Model> LogisticRegressionModel::WithTraining(
    std::vector<double> objective_history) const {
  std::shared_ptr<LogisticRegressionModel> model(new LogisticRegressionModel(*this));
  model->summary_ = ClassificationSummary::OfTraining(
      params_.With(SummaryColumns()).value(), std::move(objective_history), data_.num_classes <= 2,
      std::make_shared<LogisticSummaryKernel>(scorer_));
  return model;
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
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureColumns columns,
                           ClassificationSummary::Evaluated(params, input));
  return ClassificationSummary::OfEvaluation(
      params, columns, data_.num_classes <= 2,
      std::make_shared<LogisticEvaluationKernel>(scorer_, columns));
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

base::StatusOr<std::shared_ptr<arrow::Schema>> LogisticRegressionModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckLogisticInput(params_, input, /*fitting=*/false));
  SOTERIA_RETURN_IF_ERROR(CheckTransform());
  std::vector<std::shared_ptr<arrow::Field>> fields = input.fields();
  const std::vector<std::shared_ptr<arrow::Field>> outputs =
      ClassFields(params_, scorer_.classes());
  for (size_t i = 0; i < outputs.size(); ++i) {
    fields = WithColumn(std::move(fields), outputs[i]);
    // What comes next is computed from the vectors before it, by their name.
    if (i + 1 < outputs.size() && table::IsVector(*outputs[i]) && i == 0) {
      SOTERIA_RETURN_IF_ERROR(CheckSelectable(*arrow::schema(fields), outputs[i]->name()));
    }
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> LogisticRegressionModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  const size_t classes = scorer_.classes();
  ClassColumns added(params_, classes);
  for (const table::VectorReader& rows : chunks) {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> raw, scorer_.Raw(rows));
    std::vector<double> probability(raw.size());
    std::vector<double> prediction(static_cast<size_t>(rows.rows()));
    for (size_t i = 0; i < prediction.size(); ++i) {
      const double* of_row = raw.data() + i * classes;
      scorer_.Probabilities(of_row, probability.data() + i * classes);
      prediction[i] = scorer_.Predict(of_row, probability.data() + i * classes);
    }
    SOTERIA_RETURN_IF_ERROR(
        added.Add(std::move(raw), std::move(probability), std::move(prediction)));
  }
  return std::move(added).Beside(std::move(input));
}

base::StatusOr<Attribute> LogisticRegressionModel::Predict(std::string_view method,
                                                           const VectorValue& features) const {
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(features)));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> raw, scorer_.Raw(table::View(features)));
  if (method == "predictRaw") return Attribute(table::DenseVector(std::move(raw)));
  std::vector<double> probability(raw.size());
  scorer_.Probabilities(raw.data(), probability.data());
  if (method == "predictProbability") {
    return Attribute(table::DenseVector(std::move(probability)));
  }
  if (data_.multinomial) {
    LogisticScorer by_raw = scorer_;
    by_raw.by_raw = true;
    return Attribute(by_raw.Predict(raw.data(), probability.data()));
  }
  return Attribute(Sigmoid(raw[1]) > threshold_.probability ? 1.0 : 0.0);
}

base::StatusOr<Attribute> LogisticRegressionModel::OfBinomial(std::string_view method) const {
  const bool coefficients = method == "coefficients";
  if (data_.multinomial) {
    return base::Fail(base::kMlUnsupported,
                      coefficients ? "Multinomial models contain a matrix of coefficients, use "
                                     "coefficientMatrix instead."
                                   : "Multinomial models contain a vector of intercepts, use "
                                     "interceptVector instead.");
  }
  if (coefficients) return Attribute(CoefficientVector(data_.coefficients));
  return Attribute(scorer_.sets[0].intercept);
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
    if (method == "coefficients" || method == "intercept") return OfBinomial(method);
    if (method == "coefficientMatrix") return Attribute(data_.coefficients);
    if (method == "interceptVector") return Attribute(data_.intercepts);
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
  return sizeof(*this) + 2 * scorer_.sets.size() * (scorer_.features() + 1) * sizeof(double);
}

}  // namespace soteria::ml
