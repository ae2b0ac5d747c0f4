#include "src/ml/normalizer/transformer.h"

#include <cmath>
#include <memory>
#include <span>

#include "src/base/text.h"
#include "src/ml/attributes.h"
#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/shared_params.h"
#include "src/ml/vector_map.h"

namespace soteria::ml {
namespace {

const ClassInfo& NormalizerInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.Normalizer",
                    ClassKind::kTransformer,
                    {InputCol(), OutputCol(), DoubleParam("p", 2.0, AtLeast(1))}};
  return *info;
}

double Norm(std::span<const double> values, double p) {
  double sum = 0;
  if (p == 1) {
    for (const double value : values) sum += std::abs(value);
    return sum;
  }
  if (p == 2) {
    for (const double value : values) sum += value * value;
    return std::sqrt(sum);
  }
  if (std::isinf(p)) {
    for (const double value : values) {
      if (std::abs(value) > sum) sum = std::abs(value);
    }
    return sum;
  }
  for (const double value : values) sum += std::pow(std::abs(value), p);
  return std::pow(sum, 1.0 / p);
}

/// The size that the input's metadata say, if they do, is the output's too.
base::StatusOr<std::string> Metadata(const arrow::Schema& input, const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, column));
  const int64_t size = GroupOf(*field).size();
  return size < 0 ? std::string("{}") : VectorAttributes(size);
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Schema>> Normalizer::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params_, "inputCol"));
  const std::string& column = params_.String("inputCol");
  SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, column));
  if (!table::IsVector(*field)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Input type must be struct<type:tinyint,"
                                "size:int,indices:array<int>,values:array<double>> but got ",
                                table::TypeName(*field), "."));
  }
  const std::string& output = params_.String("outputCol");
  if (!input.GetAllFieldIndices(output).empty()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("Output column ", output, " already exists."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string metadata, Metadata(input, column));
  return arrow::schema(WithColumn(input.fields(), MadeVectorField(output, metadata)),
                       input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> Normalizer::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  const std::string& column = params_.String("inputCol");
  SOTERIA_ASSIGN_OR_RETURN(const std::string metadata, Metadata(*input->schema(), column));
  const double p = params_.Double("p");
  VectorMap map;
  map.null_text = "scala.MatchError: null";
  map.dense = [p](const double* in, double* out, size_t n) {
    const double norm = Norm({in, n}, p);
    for (size_t j = 0; j < n; ++j) out[j] = norm != 0 ? in[j] / norm : in[j];
    return base::OkStatus();
  };
  map.any = [p](const table::VectorView& row) -> base::StatusOr<VectorValue> {
    VectorValue value = table::ToValue(row);
    const double norm = Norm(value.values, p);
    if (norm == 0) return value;
    for (double& each : value.values) each /= norm;
    return value;
  };
  return MapVectors(input, column, params_.String("outputCol"), metadata, map);
}

Algorithm NormalizerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = {TransformerEntry<Normalizer>(NormalizerInfo())};
  return algorithm;
}

}  // namespace soteria::ml
