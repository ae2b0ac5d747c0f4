#include "src/ml/idf/model.h"

#include <utility>

#include "src/base/fields.h"
#include "src/ml/column_pairs.h"
#include "src/ml/data_table.h"
#include "src/ml/shared_params.h"
#include "src/ml/vector_map.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> IdfParams() {
  return {InputCol(), IntParam("minDocFreq", int64_t{0}, AtLeast(0)), OutputCol()};
}

}  // namespace

const ClassInfo& IDFInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.IDF", ClassKind::kEstimator, IdfParams()};
  return *info;
}

const ClassInfo& IDFModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.IDFModel", ClassKind::kModel, IdfParams()};
  return *info;
}

base::Status CheckIdfInput(const Params& params, const arrow::Schema& input) {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params, "inputCol"));
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params.String("inputCol")));
  return CheckNoColumn(input, params.String("outputCol"));
}

base::StatusOr<std::shared_ptr<const Model>> IDFModel::Make(Params params, Data data) {
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(data.idf)));
  data.idf = table::ToDense(table::View(data.idf));
  if (data.idf.values.size() != data.frequencies.size() || data.rows < 0) {
    return base::Fail(base::kProtocol, "IDFModel: idf and docFreq differ in size");
  }
  return std::shared_ptr<const Model>(
      std::shared_ptr<IDFModel>(new IDFModel(std::move(params), std::move(data))));
}

base::StatusOr<std::shared_ptr<const Model>> IDFModel::Decode(Params params,
                                                              std::string_view bytes) {
  Data data;
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(data.idf, NextVector(r));
  SOTERIA_ASSIGN_OR_RETURN(data.rows, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  base::FieldReader counts(packed);
  while (!counts.AtEnd()) {
    SOTERIA_ASSIGN_OR_RETURN(data.frequencies.emplace_back(), counts.NextI64());
  }
  return Make(std::move(params), std::move(data));
}

std::string IDFModel::EncodeData() const {
  base::FieldWriter counts;
  for (const int64_t count : data_.frequencies) counts.AddI64(count);
  base::FieldWriter w;
  w.Add(EncodeValue(data_.idf)).AddI64(data_.rows).Add(counts.bytes());
  return w.Take();
}

base::StatusOr<ModelFiles> IDFModel::Save(const Transformer& model) {
  const Data& data = dynamic_cast<const IDFModel&>(model).data_;
  SOTERIA_ASSIGN_OR_RETURN(auto idf, VectorCell(data.idf));
  SOTERIA_ASSIGN_OR_RETURN(auto frequencies, LongsCell(data.frequencies));
  return DataTable(arrow::Table::Make(
      arrow::schema({table::VectorField("idf", true, std::nullopt),
                     arrow::field("docFreq", table::ListOf(arrow::int64(), false)),
                     arrow::field("numDocs", arrow::int64(), false)}),
      {std::move(idf), std::move(frequencies), LongCell(data.rows)}));
}

base::StatusOr<std::shared_ptr<const Model>> IDFModel::Load(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  Data data;
  SOTERIA_ASSIGN_OR_RETURN(data.idf, VectorCellOf(*rows, "idf"));
  SOTERIA_ASSIGN_OR_RETURN(data.frequencies, LongsCellOf(*rows, "docFreq"));
  SOTERIA_ASSIGN_OR_RETURN(data.rows, LongCellOf(*rows, "numDocs"));
  return Make(std::move(params), std::move(data));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> IDFModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckIdfInput(params(), input));
  return arrow::schema(
      WithColumn(input.fields(),
                 MadeVectorField(params().String("outputCol"), VectorAttributes(data_.idf.size))),
      input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> IDFModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(CheckIdfInput(params(), *input->schema()));
  const std::vector<double>& idf = data_.idf.values;
  VectorMap map;
  map.null_text = "scala.MatchError: null";
  const auto too_long = [&idf] {
    return UdfFailure(base::Cat("Index ", idf.size(), " out of bounds for length ", idf.size()));
  };
  map.dense = [&](const double* in, double* out, size_t n) {
    if (n > idf.size()) return too_long();
    for (size_t j = 0; j < n; ++j) out[j] = in[j] * idf[j];
    return base::OkStatus();
  };
  map.any = [&](const table::VectorView& row) -> base::StatusOr<VectorValue> {
    if (static_cast<size_t>(row.size) > idf.size()) return too_long();
    VectorValue value = table::ToValue(row);
    for (size_t k = 0; k < value.values.size(); ++k) {
      value.values[k] *= idf[value.dense ? k : static_cast<size_t>(value.indices[k])];
    }
    return value;
  };
  return MapVectors(input, params().String("inputCol"), params().String("outputCol"),
                    VectorAttributes(data_.idf.size), map);
}

base::StatusOr<Attribute> IDFModel::Get(std::string_view method, const Arguments& args) const {
  if (!args.empty()) return NoAttribute(method);
  if (method == "idf") return Attribute(data_.idf);
  if (method == "docFreq") return Attribute(IntArray(data_.frequencies));
  if (method == "numDocs") return Attribute(data_.rows);
  if (method != "toString") return NoAttribute(method);
  return Attribute(base::Cat("IDFModel: uid=", uid(), ", numDocs=", data_.rows,
                             ", numFeatures=", data_.idf.size));
}

base::Status IDFModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckIdfInput(params, input);
}

}  // namespace soteria::ml
