#include "src/ml/naive_bayes/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/class_columns.h"
#include "src/ml/columns.h"
#include "src/ml/linalg/compressed.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

base::Status Malformed(const char* why) {
  return base::Fail(base::kProtocol, base::Cat("NaiveBayesModel: ", why));
}

base::Status Required(std::string text) {
  return base::FailQuotingData(base::kIllegalArgument,
                               base::Cat("requirement failed: ", std::move(text)));
}

size_t ArgMax(const double* values, size_t size) {
  size_t best = 0;
  for (size_t i = 1; i < size; ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

}  // namespace

void Softmax(double* values, size_t size) {
  const double largest = *std::max_element(values, values + size);
  if (largest == kInfinity) {
    for (size_t i = 0; i < size; ++i) values[i] = values[i] == kInfinity ? 1.0 : 0.0;
  } else {
    for (size_t i = 0; i < size; ++i) values[i] = std::exp(values[i] - largest);
  }
  double sum = 0;
  for (size_t i = 0; i < size; ++i) sum += values[i];
  for (size_t i = 0; i < size; ++i) values[i] *= 1.0 / sum;
}

NaiveBayesModel::Scorer::Scorer(BayesType of_type, BayesData of_data)
    : type(of_type),
      classes(static_cast<size_t>(of_data.theta.num_rows)),
      features(static_cast<size_t>(of_data.theta.num_cols)),
      data(std::move(of_data)) {}

void NaiveBayesModel::Scorer::Prepare() const {
  start_ = table::ToDense(table::View(data.pi)).values;
  const std::vector<double> theta = RowMajor(data.theta);
  by_column_.resize(theta.size());
  for (size_t c = 0; c < classes; ++c) {
    for (size_t j = 0; j < features; ++j) by_column_[j * classes + c] = theta[c * features + j];
  }
  if (type == BayesType::kComplement) start_.assign(classes, 0.0);
  if (type == BayesType::kBernoulli) UseBernoulli();
  if (type == BayesType::kGaussian) UseGaussian();
}

/// log p of a 1, log(1 - p) of a 0: that of all zeros, and what a 1 changes.
void NaiveBayesModel::Scorer::UseBernoulli() const {
  std::vector<double> zeros(classes, 0.0);
  for (size_t j = 0; j < features; ++j) {
    for (size_t c = 0; c < classes; ++c) {
      double& log_p = by_column_[j * classes + c];
      const double log_not_p = std::log1p(-std::exp(log_p));
      zeros[c] += log_not_p;
      log_p -= log_not_p;
    }
  }
  for (size_t c = 0; c < classes; ++c) start_[c] += zeros[c];
}

void NaiveBayesModel::Scorer::UseGaussian() const {
  const std::vector<double> sigma = RowMajor(data.sigma);
  variances_.resize(sigma.size());
  for (size_t c = 0; c < classes; ++c) {
    double logs = 0;
    for (size_t j = 0; j < features; ++j) {
      variances_[j * classes + c] = sigma[c * features + j];
      logs += std::log(sigma[c * features + j]);
    }
    start_[c] -= logs / 2;
  }
}

base::Status NaiveBayesModel::Scorer::Check(const table::VectorView& row) const {
  if (type == BayesType::kGaussian) return base::OkStatus();
  const bool bernoulli = type == BayesType::kBernoulli;
  for (const double value : row.values) {
    if (value == 0 || (bernoulli ? value == 1 : value > 0)) continue;
    return Required(
        base::Cat(bernoulli ? "Bernoulli naive Bayes requires 0 or 1 feature values but found "
                            : "Naive Bayes requires nonnegative feature values but found ",
                  table::VectorText(row), "."));
  }
  return base::OkStatus();
}

void NaiveBayesModel::Scorer::AddProducts(const table::VectorView& row, double* raw) const {
  for (size_t k = 0; k < row.values.size(); ++k) {
    const double value = row.values[k];
    if (value == 0) continue;
    const size_t j = row.dense ? k : static_cast<size_t>(row.indices[k]);
    const double* from = by_column_.data() + j * classes;
    for (size_t c = 0; c < classes; ++c) raw[c] += value * from[c];
  }
}

void NaiveBayesModel::Scorer::AddGaussian(const table::VectorView& row, double* raw) const {
  std::vector<double> sums(classes, 0.0);
  size_t k = 0;
  for (size_t j = 0; j < features; ++j) {
    const bool here =
        k < row.values.size() && (row.dense || static_cast<size_t>(row.indices[k]) == j);
    const double value = here ? row.values[k++] : 0.0;
    const size_t at = j * classes;
    for (size_t c = 0; c < classes; ++c) {
      const double apart = value - by_column_[at + c];
      sums[c] += apart * apart / variances_[at + c];
    }
  }
  for (size_t c = 0; c < classes; ++c) raw[c] -= sums[c] / 2;
}

base::Status NaiveBayesModel::Scorer::Score(const table::VectorView& row, double* raw) const {
  if (static_cast<size_t>(row.size) != features) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: The columns of A don't match the number of "
                                "elements of x. A: ",
                                features, ", x: ", row.size));
  }
  SOTERIA_RETURN_IF_ERROR(Check(row));
  std::call_once(prepared_, [this] { Prepare(); });
  std::copy(start_.begin(), start_.end(), raw);
  if (type == BayesType::kGaussian) {
    AddGaussian(row, raw);
    return base::OkStatus();
  }
  AddProducts(row, raw);
  if (type != BayesType::kComplement) return base::OkStatus();
  const double largest = *std::max_element(raw, raw + classes);
  double sum = 0;
  for (size_t c = 0; c < classes; ++c) sum += std::exp(raw[c] - largest);
  const double log_sum = std::log(sum) + largest;
  for (size_t c = 0; c < classes; ++c) raw[c] -= log_sum;
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<const Model>> NaiveBayesModel::Make(Params params, BayesData data) {
  const BayesType type = BayesTypeOf(params);
  if (!table::CheckVector(table::View(data.pi)).ok() || !table::CheckMatrix(data.theta).ok() ||
      !table::CheckMatrix(data.sigma).ok()) {
    return Malformed("a vector or matrix is none");
  }
  if (data.pi.size < 1 || data.theta.num_rows != data.pi.size) {
    return Malformed("pi and theta differ in size");
  }
  const bool gaussian = type == BayesType::kGaussian;
  if (data.sigma.num_rows != (gaussian ? data.theta.num_rows : 0) ||
      data.sigma.num_cols != (gaussian ? data.theta.num_cols : 0)) {
    return Malformed("sigma is of another size");
  }
  return std::shared_ptr<const Model>(new NaiveBayesModel(
      std::move(params), std::make_shared<const Scorer>(type, std::move(data))));
}

base::StatusOr<std::shared_ptr<const Model>> NaiveBayesModel::Decode(Params params,
                                                                     std::string_view bytes) {
  base::FieldReader r(bytes);
  BayesData data;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view pi_bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue pi, DecodeValue(pi_bytes));
  if (!std::holds_alternative<VectorValue>(pi)) return Malformed("no vector");
  data.pi = std::get<VectorValue>(std::move(pi));
  for (MatrixValue* to : {&data.theta, &data.sigma}) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view matrix_bytes, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(ParamValue matrix, DecodeValue(matrix_bytes));
    if (!std::holds_alternative<MatrixValue>(matrix)) return Malformed("no matrix");
    *to = std::get<MatrixValue>(std::move(matrix));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return Make(std::move(params), std::move(data));
}

std::string NaiveBayesModel::EncodeData() const {
  base::FieldWriter w;
  w.Add(EncodeValue(data().pi)).Add(EncodeValue(data().theta)).Add(EncodeValue(data().sigma));
  return w.Take();
}

base::Status NaiveBayesModel::CheckThresholds() const {
  if (!params_.IsSet("thresholds")) return base::OkStatus();
  const size_t length = params_.Doubles("thresholds").size();
  if (length == scorer_->classes) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: NaiveBayesModel.transform() called with "
                              "non-matching numClasses and thresholds.length. numClasses=",
                              scorer_->classes, ", but thresholds has length ", length));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> NaiveBayesModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckBayesInput(params_, input, /*fitting=*/false));
  SOTERIA_RETURN_IF_ERROR(CheckThresholds());
  std::vector<std::shared_ptr<arrow::Field>> fields = input.fields();
  for (const auto& field : ClassFields(params_, scorer_->classes))
    fields = WithColumn(std::move(fields), field);
  return arrow::schema(std::move(fields), input.metadata());
}

double NaiveBayesModel::Predict(const double* raw, const double* probability) const {
  const size_t classes = scorer_->classes;
  if (!params_.IsSet("thresholds")) return static_cast<double>(ArgMax(raw, classes));
  const std::vector<double>& thresholds = params_.Doubles("thresholds");
  size_t best = 0;
  double most = -kInfinity;
  for (size_t c = 0; c < classes; ++c) {
    const double scaled = probability[c] / thresholds[c];
    if (!(scaled > most)) continue;
    most = scaled;
    best = c;
  }
  return static_cast<double>(best);
}

base::StatusOr<std::shared_ptr<arrow::Table>> NaiveBayesModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()).status());
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  const size_t classes = scorer_->classes;
  ClassColumns added(params_, classes);
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument, "NaiveBayesModel: a feature vector is null");
    }
    const auto count = static_cast<size_t>(rows.rows());
    std::vector<double> raw(count * classes), predictions(count);
    for (size_t i = 0; i < count; ++i) {
      SOTERIA_RETURN_IF_ERROR(
          scorer_->Score(rows.Get(static_cast<int64_t>(i)), raw.data() + i * classes));
    }
    std::vector<double> probability = raw;
    for (size_t i = 0; i < count; ++i) {
      Softmax(probability.data() + i * classes, classes);
      predictions[i] = Predict(raw.data() + i * classes, probability.data() + i * classes);
    }
    SOTERIA_RETURN_IF_ERROR(
        added.Add(std::move(raw), std::move(probability), std::move(predictions)));
  }
  return std::move(added).Beside(std::move(input));
}

base::StatusOr<Attribute> NaiveBayesModel::Get(std::string_view method,
                                               const Arguments& args) const {
  if (method == "predict" || method == "predictRaw" || method == "predictProbability") {
    if (args.size() != 1 || !std::holds_alternative<VectorValue>(args[0])) {
      return base::Fail(base::kIllegalArgument, base::Cat(method, " takes one vector"));
    }
    const table::VectorView row = table::View(std::get<VectorValue>(args[0]));
    SOTERIA_RETURN_IF_ERROR(table::CheckVector(row));
    std::vector<double> raw(scorer_->classes);
    SOTERIA_RETURN_IF_ERROR(scorer_->Score(row, raw.data()));
    if (method == "predictRaw") return Attribute(table::DenseVector(std::move(raw)));
    std::vector<double> probability = raw;
    Softmax(probability.data(), probability.size());
    if (method == "predict") return Attribute(Predict(raw.data(), probability.data()));
    return Attribute(table::DenseVector(std::move(probability)));
  }
  if (args.empty()) {
    if (method == "pi") return Attribute(data().pi);
    if (method == "theta") return Attribute(data().theta);
    if (method == "sigma") return Attribute(data().sigma);
    if (method == "numClasses") return Attribute(static_cast<int64_t>(scorer_->classes));
    if (method == "numFeatures") return Attribute(static_cast<int64_t>(scorer_->features));
    if (method == "toString") {
      return Attribute(
          base::Cat("NaiveBayesModel: uid=", uid(), ", modelType=", params_.String("modelType"),
                    ", numClasses=", scorer_->classes, ", numFeatures=", scorer_->features));
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

base::StatusOr<std::shared_ptr<const Model>> NaiveBayesModel::WithParams(
    const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  if (BayesTypeOf(params) != scorer_->type) return Make(std::move(params), data());
  return std::shared_ptr<const Model>(new NaiveBayesModel(std::move(params), scorer_));
}

base::Status NaiveBayesModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckBayesInput(params, input, /*fitting=*/false);
}

uint64_t NaiveBayesModel::bytes() const {
  const uint64_t cells = scorer_->classes * scorer_->features;
  const uint64_t tables = scorer_->type == BayesType::kGaussian ? 2 : 1;
  return sizeof(*this) + 2 * (cells * tables + scorer_->classes) * sizeof(double);
}

}  // namespace soteria::ml
