#include "src/ml/pca/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <cblas.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/stats/doubles.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> PcaParams() {
  return {InputCol(), IntParam("k", {}, Above(0)), OutputCol()};
}

base::Status WrongSize(size_t features, int64_t got) {
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("requirement failed: The columns of A don't match the number of elements of x. A: ",
                features, ", x: ", got));
}

}  // namespace

const ClassInfo& PcaInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.PCA", ClassKind::kEstimator, PcaParams()};
  return *info;
}

const ClassInfo& PcaModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.PCAModel", ClassKind::kModel, PcaParams()};
  return *info;
}

base::Status CheckPcaInput(const Params& params, const arrow::Schema& input) {
  for (const char* name : {"inputCol", "k"}) {
    if (!params.IsDefined(name)) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("Failed to find a default value for ", name));
    }
  }
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params.String("inputCol")));
  const std::string& output = params.String("outputCol");
  if (!input.GetAllFieldIndices(output).empty()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Output column ", output, " already exists."));
  }
  return base::OkStatus();
}

PcaModel::PcaModel(Params params, std::shared_ptr<const PcaData> data)
    : params_(std::move(params)), data_(std::move(data)) {
  const MatrixValue& m = data_->components;
  features_ = static_cast<size_t>(m.num_rows);
  k_ = static_cast<size_t>(m.num_cols);
  rows_.resize(features_ * k_);
  for (size_t j = 0; j < k_; ++j) {
    for (size_t i = 0; i < features_; ++i) {
      rows_[i * k_ + j] = m.values[m.transposed ? i * k_ + j : j * features_ + i];
    }
  }
}

base::StatusOr<std::shared_ptr<const Model>> PcaModel::Make(Params params, PcaData data) {
  if (!table::CheckMatrix(data.components).ok() || !data.components.dense) {
    return base::Fail(base::kProtocol, "PCAModel: pc is no dense matrix");
  }
  return std::shared_ptr<const Model>(
      new PcaModel(std::move(params), std::make_shared<const PcaData>(std::move(data))));
}

base::StatusOr<std::shared_ptr<const Model>> PcaModel::Decode(Params params,
                                                              std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view matrix_bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view shares, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue matrix, DecodeValue(matrix_bytes));
  if (!std::holds_alternative<MatrixValue>(matrix)) {
    return base::Fail(base::kProtocol, "PCAModel: no matrix");
  }
  PcaData data;
  data.components = std::get<MatrixValue>(std::move(matrix));
  SOTERIA_ASSIGN_OR_RETURN(data.explained_variance, stats::UnpackDoubles(shares));
  return Make(std::move(params), std::move(data));
}

std::string PcaModel::EncodeData() const {
  base::FieldWriter w;
  w.Add(EncodeValue(data_->components)).Add(stats::PackDoubles(data_->explained_variance));
  return w.Take();
}

std::shared_ptr<arrow::Field> PcaModel::OutputField() const {
  return table::WithSparkMetadata(
      table::VectorField(params_.String("outputCol"), true, static_cast<int32_t>(k_)),
      VectorAttributes(params_.Int("k")));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> PcaModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckPcaInput(params_, input));
  return arrow::schema(WithColumn(input.fields(), OutputField()), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Array>> PcaModel::Project(
    const table::VectorReader& rows) const {
  if (rows.null_count() > 0) {
    return base::Fail(base::kIllegalArgument, "PCAModel: a vector is null");
  }
  const auto count = static_cast<size_t>(rows.rows());
  std::vector<double> out(count * k_, 0.0);
  const std::optional<std::span<const double>> dense = rows.row_major();
  if (dense && count > 0 && dense->size() == count * features_ && features_ > 0) {
    const auto k = static_cast<blasint>(k_);
    const auto size = static_cast<blasint>(features_);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<blasint>(count), k, size,
                1.0, dense->data(), size, rows_.data(), k, 0.0, out.data(), k);
    return DenseArray(std::move(out), rows.rows(), k);
  }
  for (size_t i = 0; i < count; ++i) {
    const table::VectorView row = rows.Get(static_cast<int64_t>(i));
    if (static_cast<size_t>(row.size) != features_) return WrongSize(features_, row.size);
    double* to = out.data() + i * k_;
    for (size_t p = 0; p < row.values.size(); ++p) {
      const double value = row.values[p];
      if (value == 0) continue;
      const double* from =
          rows_.data() + (row.dense ? p : static_cast<size_t>(row.indices[p])) * k_;
      for (size_t j = 0; j < k_; ++j) to[j] += value * from[j];
    }
  }
  return DenseArray(std::move(out), rows.rows(), static_cast<int32_t>(k_));
}

base::StatusOr<std::shared_ptr<arrow::Table>> PcaModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(CheckPcaInput(params_, *input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("inputCol")));
  const std::shared_ptr<arrow::Field> field = OutputField();
  arrow::ArrayVector arrays;
  for (const table::VectorReader& rows : chunks) {
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), Project(rows));
  }
  return WithColumn(input, field,
                    std::make_shared<arrow::ChunkedArray>(std::move(arrays), field->type()));
}

base::StatusOr<Attribute> PcaModel::Get(std::string_view method, const Arguments& args) const {
  if (args.empty()) {
    if (method == "pc") return Attribute(data_->components);
    if (method == "explainedVariance") {
      return Attribute(table::DenseVector(data_->explained_variance));
    }
    if (method == "toString") {
      return Attribute(base::Cat("PCAModel: uid=", uid(), ", k=", params_.Int("k")));
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

base::StatusOr<std::shared_ptr<const Model>> PcaModel::WithParams(const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  return std::shared_ptr<const Model>(new PcaModel(std::move(params), data_));
}

base::Status PcaModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckPcaInput(params, input);
}

uint64_t PcaModel::bytes() const {
  return sizeof(*this) + (2 * rows_.size() + k_) * sizeof(double);
}

}  // namespace soteria::ml
