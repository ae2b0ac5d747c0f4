#include "src/ml/kmeans/params.h"

#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> KMeansParams() {
  return {StringParam("distanceMeasure", std::string("euclidean"), OneOf({"euclidean", "cosine"})),
          FeaturesCol(),
          StringParam("initMode", std::string("k-means||"), OneOf({"random", "k-means||"})),
          IntParam("initSteps", 2, Above(0)),
          // Where Spark would keep blocks meanwhile; here they are kept anyway.
          StringParam(
              "intermediateStorageLevel", std::string("MEMORY_AND_DISK"),
              OneOf({"DISK_ONLY", "DISK_ONLY_2", "DISK_ONLY_3", "MEMORY_ONLY", "MEMORY_ONLY_2",
                     "MEMORY_ONLY_SER", "MEMORY_ONLY_SER_2", "MEMORY_AND_DISK", "MEMORY_AND_DISK_2",
                     "MEMORY_AND_DISK_SER", "MEMORY_AND_DISK_SER_2", "OFF_HEAP"})),
          IntParam("k", 2, Above(1)), MaxBlockSizeInMB(), MaxIter(20), PredictionCol(),
          Seed("org.apache.spark.ml.clustering.KMeans"),
          StringParam("solver", std::string("auto"), OneOf({"row", "block", "auto"})), Tol(1e-4),
          WeightCol()};
}

/// What MLlib takes in place of vectors.
bool IsArrayOfNumbers(const arrow::DataType& type) {
  if (type.id() != arrow::Type::LIST) return false;
  const arrow::Field& element = *static_cast<const arrow::ListType&>(type).value_field();
  const arrow::Type::type of = element.type()->id();
  return !element.nullable() && (of == arrow::Type::DOUBLE || of == arrow::Type::FLOAT);
}

}  // namespace

const ClassInfo& KMeansInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.clustering.KMeans", ClassKind::kEstimator, KMeansParams()};
  return *info;
}

const ClassInfo& KMeansModelInfo() {
  static const ClassInfo* const info = new ClassInfo{"org.apache.spark.ml.clustering.KMeansModel",
                                                     ClassKind::kModel, KMeansParams()};
  return *info;
}

DistanceMeasure MeasureOf(const Params& params) {
  return params.String("distanceMeasure") == "cosine" ? DistanceMeasure::kCosine
                                                      : DistanceMeasure::kEuclidean;
}

base::Status CheckKMeansInput(const Params& params, const arrow::Schema& input) {
  const std::string& features = params.String("featuresCol");
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                           ResolveField(input, features));
  if (IsArrayOfNumbers(*field->type())) {
    return base::NotSupported("KMeans over a column of arrays", "array_to_vector");
  }
  if (!table::IsVector(*field)) {
    return base::Fail(
        base::kIllegalArgument,
        base::Cat("requirement failed: Column ", features,
                  " must be of type equal to one of the following types: "
                  "[struct<type:tinyint,size:int,indices:array<int>,values:array<double>>, "
                  "array<double>, array<float>] but was actually of type ",
                  table::TypeName(*field), "."));
  }
  if (const std::optional<std::string> prediction = params.Column("predictionCol")) {
    SOTERIA_RETURN_IF_ERROR(CheckNoColumn(input, *prediction));
  }
  return base::OkStatus();
}

}  // namespace soteria::ml
