#include "src/ml/vector_indexer/model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "src/base/fields.h"
#include "src/base/unsupported.h"
#include "src/ml/column_pairs.h"
#include "src/ml/shared_params.h"
#include "src/ml/vector_map.h"
#include "src/stats/doubles.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> IndexerParams() {
  return {HandleInvalid({"skip", "error", "keep"}), InputCol(),
          IntParam("maxCategories", int64_t{20}, AtLeast(2)), OutputCol()};
}

inline constexpr base::Condition kAssertion = {"_LEGACY_ERROR_TEMP", "java.lang.AssertionError", "",
                                               absl::StatusCode::kInvalidArgument};

}  // namespace

const ClassInfo& VectorIndexerInfo() {
  static const ClassInfo* const info = new ClassInfo{"org.apache.spark.ml.feature.VectorIndexer",
                                                     ClassKind::kEstimator, IndexerParams()};
  return *info;
}

const ClassInfo& VectorIndexerModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.VectorIndexerModel", ClassKind::kModel, IndexerParams()};
  return *info;
}

base::StatusOr<std::shared_ptr<const Model>> VectorIndexerModel::Make(Params params,
                                                                      int32_t features,
                                                                      CategoryMaps maps) {
  const bool fits = features >= 0 &&
                    (maps.empty() || (maps.begin()->first >= 0 && maps.rbegin()->first < features));
  if (!fits) return base::Fail(base::kProtocol, "VectorIndexerModel: a map of no feature");
  return std::shared_ptr<const Model>(std::shared_ptr<VectorIndexerModel>(
      new VectorIndexerModel(std::move(params), features, std::move(maps))));
}

base::StatusOr<std::shared_ptr<const Model>> VectorIndexerModel::Decode(Params params,
                                                                        std::string_view data) {
  base::FieldReader r(data);
  SOTERIA_ASSIGN_OR_RETURN(const int64_t features, r.NextI64());
  CategoryMaps maps;
  while (!r.AtEnd()) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t feature, r.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(packed));
    if (feature < 0 || feature > INT32_MAX || maps.contains(static_cast<int32_t>(feature))) {
      return base::Fail(base::kProtocol, "VectorIndexerModel: a map of no feature");
    }
    std::map<double, int32_t>& map = maps[static_cast<int32_t>(feature)];
    for (const double value : values) {
      if (std::isnan(value) || !map.emplace(value, static_cast<int32_t>(map.size())).second) {
        return base::Fail(base::kProtocol, "VectorIndexerModel: a malformed map");
      }
    }
  }
  if (features < 0 || features > INT32_MAX) {
    return base::Fail(base::kProtocol, "VectorIndexerModel: no number of features");
  }
  return Make(std::move(params), static_cast<int32_t>(features), std::move(maps));
}

/// Values in the order of their categories.
std::string VectorIndexerModel::EncodeData() const {
  base::FieldWriter w;
  w.AddI64(features_);
  for (const auto& [feature, map] : maps_) {
    std::vector<double> values(map.size());
    for (const auto& [value, category] : map) values[static_cast<size_t>(category)] = value;
    w.AddI64(feature).Add(stats::PackDoubles(values));
  }
  return w.Take();
}

base::StatusOr<ModelFiles> VectorIndexerModel::Save(const Transformer& /*model*/) {
  return base::NotSupported("Saving a VectorIndexerModel", "VectorIndexer, fitted again,");
}

base::StatusOr<std::shared_ptr<const Model>> VectorIndexerModel::Load(Params /*params*/,
                                                                      SavedModel& /*saved*/) {
  return base::NotSupported("Loading a VectorIndexerModel", "VectorIndexer, fitted again,");
}

ColumnAttribute VectorIndexerModel::CategoriesOf(const std::map<double, int32_t>& map) const {
  ColumnAttribute attribute;
  attribute.values.emplace();
  for (const auto& [value, category] : map) {
    attribute.values->push_back(table::JavaDouble(value));
  }
  if (params().String("handleInvalid") == "keep") attribute.values->push_back("__unknown");
  attribute.type = ColumnAttribute::Type::kBinary;
  if (attribute.values->size() == 2) return attribute;
  attribute.type = ColumnAttribute::Type::kNominal;
  attribute.ordinal = false;
  return attribute;
}

base::StatusOr<std::string> VectorIndexerModel::Metadata(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckColumns(params(), input));
  const std::string& column = params().String("inputCol");
  SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, column));
  AttributeGroup group = GroupOf(*field);
  if (group.size() >= 0 && group.size() != features_) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: VectorIndexerModel expected ", features_,
                                " features, but input column ", column, " had metadata specifying ",
                                group.size(), " features."));
  }
  if (!group.attributes) group.attributes.emplace();
  const int64_t held = std::min<int64_t>(features_, kNamedAttributesMax);
  group.attributes->resize(static_cast<size_t>(held));
  group.open = held < features_ || group.categories_follow;
  for (const auto& [feature, map] : maps_) {
    if (feature >= held) {
      group.categories_follow = true;
      break;
    }
    ColumnAttribute& attribute = (*group.attributes)[static_cast<size_t>(feature)];
    std::optional<std::string> name = std::move(attribute.name);
    attribute = CategoriesOf(map);
    attribute.name = std::move(name);
  }
  return GroupMetadata(group);
}

base::StatusOr<std::shared_ptr<arrow::Schema>> VectorIndexerModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string metadata, Metadata(input));
  return arrow::schema(
      WithColumn(input.fields(), MadeVectorField(params().String("outputCol"), metadata)),
      input.metadata());
}

base::StatusOr<bool> VectorIndexerModel::IndexOne(int32_t feature,
                                                  const std::map<double, int32_t>& map,
                                                  double& value) const {
  const auto at = std::isnan(value) ? map.end() : map.find(value);
  if (at != map.end()) {
    value = at->second;
    return true;
  }
  const std::string& invalid = params().String("handleInvalid");
  if (invalid == "skip") return false;
  if (invalid == "error") {
    return UdfFailure(base::Cat("VectorIndexer encountered invalid value ",
                                table::JavaDouble(value), " on feature index ", feature,
                                ". To handle or skip invalid value, try setting"
                                " VectorIndexer.handleInvalid."));
  }
  value = static_cast<double>(map.size());
  return true;
}

base::StatusOr<bool> VectorIndexerModel::Index(VectorValue& row) const {
  if (row.size != features_) {
    return base::FailQuotingData(
        kAssertion, base::Cat("assertion failed: VectorIndexerModel expected vector of length ",
                              features_, " but found length ", row.size));
  }
  bool valid = true;
  if (row.dense) {
    for (const auto& [feature, map] : maps_) {
      SOTERIA_ASSIGN_OR_RETURN(const bool found,
                               IndexOne(feature, map, row.values[static_cast<size_t>(feature)]));
      valid = valid && found;
    }
    return valid;
  }
  for (size_t k = 0; k < row.indices.size(); ++k) {  // MLlib leaves zeros that aren't stored
    const auto map = maps_.find(row.indices[k]);
    if (map == maps_.end()) continue;
    SOTERIA_ASSIGN_OR_RETURN(const bool found, IndexOne(map->first, map->second, row.values[k]));
    valid = valid && found;
  }
  return valid;
}

base::StatusOr<std::shared_ptr<arrow::Table>> VectorIndexerModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string metadata, Metadata(*input->schema()));
  std::vector<bool> dropped;
  VectorMap map;
  map.null_text = "Cannot invoke \"org.apache.spark.ml.linalg.Vector.size()\" because it is null";
  map.any = [&](const table::VectorView& view) -> base::StatusOr<VectorValue> {
    VectorValue row = table::ToValue(view);
    SOTERIA_ASSIGN_OR_RETURN(const bool valid, Index(row));
    dropped.push_back(!valid);
    return row;
  };
  map.dense = [&](const double* in, double* out, size_t n) {
    VectorValue row = table::DenseVector(std::vector<double>(in, in + n));
    const base::StatusOr<bool> valid = Index(row);
    if (!valid.ok()) return valid.status();
    dropped.push_back(!*valid);
    std::copy(row.values.begin(), row.values.end(), out);
    return base::OkStatus();
  };
  SOTERIA_ASSIGN_OR_RETURN(auto table, MapVectors(input, params().String("inputCol"),
                                                  params().String("outputCol"), metadata, map));
  if (std::find(dropped.begin(), dropped.end(), true) == dropped.end()) return table;
  return DropRows(table, dropped);
}

base::StatusOr<Attribute> VectorIndexerModel::Get(std::string_view method,
                                                  const Arguments& args) const {
  if (!args.empty()) return NoAttribute(method);
  if (method == "numFeatures") return Attribute(int64_t{features_});
  if (method != "toString") return NoAttribute(method);
  return Attribute(base::Cat("VectorIndexerModel: uid=", uid(), ", numFeatures=", features_,
                             ", handleInvalid=", params().String("handleInvalid")));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> VectorIndexerModel::RowsSchema(
    std::string_view method, const Arguments& args) const {
  if (method != "categoryMapsDF" || !args.empty()) return nullptr;
  return arrow::schema({arrow::field("featureIndex", arrow::int32(), false),
                        arrow::field("originalValue", arrow::float64(), false),
                        arrow::field("categoryIndex", arrow::int32(), false)});
}

base::StatusOr<std::shared_ptr<arrow::Table>> VectorIndexerModel::Rows(
    std::string_view method, const Arguments& args) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, RowsSchema(method, args));
  if (schema == nullptr) return NoAttribute(method);
  std::vector<int32_t> features, categories;
  std::vector<double> values;
  for (const auto& [feature, map] : maps_) {
    for (const auto& [value, category] : map) {
      features.push_back(feature);
      values.push_back(value);
      categories.push_back(category);
    }
  }
  const auto rows = static_cast<int64_t>(values.size());
  const auto integers = [rows](std::vector<int32_t> each) -> std::shared_ptr<arrow::Array> {
    return std::make_shared<arrow::Int32Array>(rows, arrow::Buffer::FromVector(std::move(each)));
  };
  return arrow::Table::Make(schema, {integers(std::move(features)), DoubleArray(std::move(values)),
                                     integers(std::move(categories))});
}

base::Status VectorIndexerModel::CheckColumns(const Params& params,
                                              const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params, "inputCol"));
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params.String("inputCol")));
  return CheckNoColumn(input, params.String("outputCol"));
}

uint64_t VectorIndexerModel::bytes() const {
  uint64_t bytes = sizeof(*this);
  for (const auto& [feature, map] : maps_) bytes += 64 + 56 * map.size();
  return bytes;
}

}  // namespace soteria::ml
