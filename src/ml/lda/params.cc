#include "src/ml/lda/params.h"

#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <string>
#include <variant>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

constexpr char kEstimator[] = "org.apache.spark.ml.clustering.LDA";
constexpr char kDistributedModel[] = "org.apache.spark.ml.clustering.DistributedLDAModel";
constexpr char kLocalModel[] = "org.apache.spark.ml.clustering.LocalLDAModel";

bool NoneNegative(const ParamValue& value) {
  const auto& values = std::get<std::vector<double>>(value);
  return std::all_of(values.begin(), values.end(), [](double v) { return v >= 0; });
}

std::vector<ParamSpec> LdaParams(std::string_view class_name) {
  return {CheckpointInterval(10),
          {"docConcentration", ParamType::kDoubleArray, std::nullopt, NoneNegative},
          FeaturesCol(),
          IntParam("k", 10, Above(1)),
          BoolParam("keepLastCheckpoint", true),
          DoubleParam("learningDecay", 0.51, Above(0)),
          DoubleParam("learningOffset", 1024.0, Above(0)),
          MaxIter(20),
          BoolParam("optimizeDocConcentration", true),
          StringParam("optimizer", std::string("online"), OneOfIgnoringCase({"online", "em"})),
          Seed(class_name),
          DoubleParam("subsamplingRate", 0.05, InRange(0, 1, false, true)),
          DoubleParam("topicConcentration", std::nullopt, AtLeast(0)),
          StringParam("topicDistributionCol", std::string("topicDistribution"))};
}

base::Status Required(std::string text) {
  return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: ", text));
}

/// What MLlib takes in place of vectors.
bool IsArrayOfNumbers(const arrow::DataType& type) {
  if (type.id() != arrow::Type::LIST) return false;
  const arrow::Field& element = *static_cast<const arrow::ListType&>(type).value_field();
  const arrow::Type::type of = element.type()->id();
  return !element.nullable() && (of == arrow::Type::DOUBLE || of == arrow::Type::FLOAT);
}

}  // namespace

const ClassInfo& LdaInfo() {
  static const ClassInfo* const info =
      new ClassInfo{kEstimator, ClassKind::kEstimator, LdaParams(kEstimator)};
  return *info;
}

const ClassInfo& LocalLdaModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{kLocalModel, ClassKind::kModel, LdaParams(kLocalModel)};
  return *info;
}

const ClassInfo& DistributedLdaModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{kDistributedModel, ClassKind::kModel, LdaParams(kDistributedModel)};
  return *info;
}

int64_t LdaModelSeed() { return std::get<int64_t>(*Seed(kLocalModel).default_value); }

bool ByEm(const Params& params) { return base::Lower(params.String("optimizer")) == "em"; }

std::vector<double> DocConcentrationOf(const Params& params) {
  const auto k = static_cast<size_t>(params.Int("k"));
  if (params.IsSet("docConcentration")) {
    const std::vector<double>& given = params.Doubles("docConcentration");
    return given.size() == k ? given : std::vector<double>(k, given.at(0));
  }
  const auto topics = static_cast<double>(k);
  return std::vector<double>(k, ByEm(params) ? 50.0 / topics + 1.0 : 1.0 / topics);
}

double TopicConcentrationOf(const Params& params) {
  if (params.IsSet("topicConcentration")) return params.Double("topicConcentration");
  return ByEm(params) ? 1.1 : 1.0 / static_cast<double>(params.Int("k"));
}

base::Status CheckLdaFeatures(const Params& params, const arrow::Schema& input) {
  const std::string& features = params.String("featuresCol");
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                           ResolveField(input, features));
  if (IsArrayOfNumbers(*field->type())) {
    return base::NotSupported("LDA over a column of arrays", "array_to_vector");
  }
  if (table::IsVector(*field)) return base::OkStatus();
  return Required(base::Cat("Column ", features,
                            " must be of type equal to one of the following types: "
                            "[struct<type:tinyint,size:int,indices:array<int>,values:array<double>>"
                            ", array<double>, array<float>] but was actually of type ",
                            table::TypeName(*field), "."));
}

base::Status CheckLdaInput(const Params& params, const arrow::Schema& input) {
  if (params.IsSet("docConcentration")) {
    const auto given = static_cast<int64_t>(params.Doubles("docConcentration").size());
    const int64_t k = params.Int("k");
    if (given != 1 && given != k) {
      return Required(base::Cat("LDA docConcentration was of length ", given, ", but k = ", k,
                                ".  docConcentration must be an array of length either 1 (scalar)"
                                " or k (num topics)."));
    }
  }
  SOTERIA_RETURN_IF_ERROR(CheckLdaFeatures(params, input));
  if (const auto output = params.Column("topicDistributionCol")) {
    return CheckNoColumn(input, *output);
  }
  return base::OkStatus();
}

base::Status CheckLdaPriors(const Params& params) {
  if (!ByEm(params)) return base::OkStatus();
  const std::vector<double> alpha = DocConcentrationOf(params);
  if (std::any_of(alpha.begin(), alpha.end(), [&](double a) { return a != alpha[0]; })) {
    return base::Fail(base::kIllegalArgument, "requirement failed");
  }
  const auto check = [](const char* name, double value) {
    if (value > 1.0) return base::OkStatus();
    return Required(base::Cat("LDA ", name,
                              " must be > 1.0 (or -1 for auto) for EM Optimizer, but"
                              " was set to ",
                              ToText(value, ParamType::kDouble)));
  };
  SOTERIA_RETURN_IF_ERROR(check("docConcentration", alpha[0]));
  return check("topicConcentration", TopicConcentrationOf(params));
}

}  // namespace soteria::ml
