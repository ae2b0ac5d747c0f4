#include "src/ml/kmeans/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <optional>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/kmeans/summary.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

base::Status WrongSize(size_t expected, int64_t got) {
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("requirement failed: Both vectors should have same length, found v1 is ", expected,
                " while v2 is ", got));
}

}  // namespace

base::StatusOr<std::shared_ptr<const KMeansModel>> KMeansModel::Make(Params params,
                                                                     Centers centers) {
  if (centers.count() == 0) return base::Fail(base::kProtocol, "KMeansModel: no centers");
  return std::shared_ptr<const KMeansModel>(
      new KMeansModel(std::move(params), std::make_shared<const Centers>(std::move(centers))));
}

base::StatusOr<std::shared_ptr<const Model>> KMeansModel::Decode(Params params,
                                                                 std::string_view data) {
  base::FieldReader r(data);
  SOTERIA_ASSIGN_OR_RETURN(Centers centers, Centers::Read(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           Make(std::move(params), std::move(centers)));
  return model;
}

std::string KMeansModel::EncodeData() const {
  base::FieldWriter w;
  centers_->Write(w);
  return w.Take();
}

std::shared_ptr<const Model> KMeansModel::WithTraining(double cost, int64_t iterations) const {
  std::shared_ptr<KMeansModel> model(new KMeansModel(*this));
  model->summary_ = KMeansSummary::Make(params_, *centers_, cost, iterations);
  return model;
}

std::shared_ptr<arrow::Field> KMeansModel::OutputField(const std::string& name) const {
  return table::WithSparkMetadata(arrow::field(name, arrow::int32(), false),
                                  NominalAttributes(static_cast<int64_t>(centers_->count())));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> KMeansModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckKMeansInput(params_, input));
  const std::optional<std::string> prediction = params_.Column("predictionCol");
  if (!prediction) return arrow::schema(input.fields(), input.metadata());
  return arrow::schema(WithColumn(input.fields(), OutputField(*prediction)), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Array>> KMeansModel::Predict(
    const table::VectorReader& rows) const {
  if (rows.null_count() > 0) {
    return base::Fail(base::kIllegalArgument, "KMeansModel: a feature vector is null");
  }
  std::vector<int32_t> predictions(static_cast<size_t>(rows.rows()));
  const std::optional<std::span<const double>> dense = rows.row_major();
  if (dense && !predictions.empty() && dense->size() == predictions.size() * centers_->size()) {
    Nearest nearest;
    SOTERIA_RETURN_IF_ERROR(centers_->FindDense(dense->data(), rows.rows(), nearest));
    predictions = std::move(nearest.center);
  } else {
    for (size_t i = 0; i < predictions.size(); ++i) {
      const table::VectorView row = rows.Get(static_cast<int64_t>(i));
      if (static_cast<size_t>(row.size) != centers_->size()) {
        return WrongSize(centers_->size(), row.size);
      }
      double distance = 0;
      SOTERIA_ASSIGN_OR_RETURN(predictions[i], centers_->FindOne(row, &distance));
    }
  }
  return std::make_shared<arrow::Int32Array>(rows.rows(),
                                             arrow::Buffer::FromVector(std::move(predictions)));
}

base::StatusOr<std::shared_ptr<arrow::Table>> KMeansModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(CheckKMeansInput(params_, *input->schema()));
  const std::optional<std::string> prediction = params_.Column("predictionCol");
  if (!prediction) return input;
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  arrow::ArrayVector arrays;
  for (const table::VectorReader& rows : chunks) {
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), Predict(rows));
  }
  return WithColumn(input, OutputField(*prediction),
                    std::make_shared<arrow::ChunkedArray>(std::move(arrays), arrow::int32()));
}

base::StatusOr<Attribute> KMeansModel::Get(std::string_view method, const Arguments& args) const {
  if (method == "predict") {
    if (args.size() != 1 || !std::holds_alternative<VectorValue>(args[0])) {
      return base::Fail(base::kIllegalArgument, "predict takes one vector");
    }
    const table::VectorView point = table::View(std::get<VectorValue>(args[0]));
    SOTERIA_RETURN_IF_ERROR(table::CheckVector(point));
    if (static_cast<size_t>(point.size) != centers_->size()) {
      return WrongSize(centers_->size(), point.size);
    }
    double distance = 0;
    SOTERIA_ASSIGN_OR_RETURN(const int32_t center, centers_->FindOne(point, &distance));
    return Attribute(int64_t{center});
  }
  if (args.empty()) {
    if (method == "clusterCenterMatrix") {
      MatrixValue matrix;
      matrix.num_rows = static_cast<int32_t>(centers_->count());
      matrix.num_cols = static_cast<int32_t>(centers_->size());
      matrix.values = centers_->rows();
      matrix.transposed = true;
      return Attribute(std::move(matrix));
    }
    if (method == "numFeatures") return Attribute(static_cast<int64_t>(centers_->size()));
    if (method == "hasSummary") return Attribute(summary_ != nullptr);
    if (method == "toString") {
      return Attribute(base::Cat("KMeansModel: uid=", uid(), ", k=", centers_->count(),
                                 ", distanceMeasure=", params_.String("distanceMeasure"),
                                 ", numFeatures=", centers_->size()));
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

base::StatusOr<std::shared_ptr<const Model>> KMeansModel::WithParams(const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  std::shared_ptr<KMeansModel> model(new KMeansModel(*this));
  model->params_ = std::move(params);
  return std::shared_ptr<const Model>(std::move(model));
}

base::Status KMeansModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckKMeansInput(params, input);
}

uint64_t KMeansModel::bytes() const {
  return sizeof(*this) + 3 * centers_->rows().size() * sizeof(double);
}

}  // namespace soteria::ml
