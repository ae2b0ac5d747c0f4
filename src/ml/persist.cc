#include "src/ml/persist.h"

#include <arrow/table.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/registration.h"
#include "src/table/arrow_status.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

using Json = nlohmann::json;

constexpr int kJsonDepthMax = 8;
constexpr char kMetadataFile[] = "metadata/part-00000";

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("model metadata: ", what));
}

std::string Quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// JSON has no NaN and no infinity; MLlib writes them as strings.
std::string DoubleText(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Inf\"" : "\"-Inf\"";
  return table::JavaDouble(value);
}

template <class T, class Text>
std::string ListText(const std::vector<T>& values, Text text) {
  std::string list = "[";
  for (const T& value : values) {
    if (list.size() > 1) list += ',';
    list += text(value);
  }
  return list + "]";
}

std::string IntText(int32_t value) { return base::Cat(value); }

/// Within vectors and matrices MLlib names infinities otherwise.
std::string ElementText(double value) {
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return DoubleText(value);
}

// Field for field as MLlib's JsonVectorConverter and JsonMatrixConverter.
std::string VectorJson(const VectorValue& v) {
  if (v.dense) return base::Cat("{\"type\":1,\"values\":", ListText(v.values, ElementText), "}");
  return base::Cat("{\"type\":0,\"size\":", v.size, ",\"indices\":", ListText(v.indices, IntText),
                   ",\"values\":", ListText(v.values, ElementText), "}");
}

std::string MatrixJson(const MatrixValue& m) {
  std::string text = base::Cat("{\"class\":\"matrix\",\"type\":", m.dense ? 1 : 0,
                               ",\"numRows\":", m.num_rows, ",\"numCols\":", m.num_cols);
  if (!m.dense) {
    text += base::Cat(",\"colPtrs\":", ListText(m.col_ptrs, IntText),
                      ",\"rowIndices\":", ListText(m.row_indices, IntText));
  }
  return base::Cat(text, ",\"values\":", ListText(m.values, ElementText),
                   ",\"isTransposed\":", m.transposed ? "true" : "false", "}");
}

std::string ValueText(const ParamValue& value) {
  if (const auto* v = std::get_if<bool>(&value)) return *v ? "true" : "false";
  if (const auto* v = std::get_if<int64_t>(&value)) return base::Cat(*v);
  if (const auto* v = std::get_if<double>(&value)) return DoubleText(*v);
  if (const auto* v = std::get_if<std::string>(&value)) return Quoted(*v);
  if (const auto* v = std::get_if<std::vector<double>>(&value)) return ListText(*v, DoubleText);
  if (const auto* v = std::get_if<std::vector<std::string>>(&value)) return ListText(*v, Quoted);
  if (const auto* v = std::get_if<DoubleArrays>(&value)) {
    return ListText(*v, [](const auto& each) { return ListText(each, DoubleText); });
  }
  if (const auto* v = std::get_if<StringArrays>(&value)) {
    return ListText(*v, [](const auto& each) { return ListText(each, Quoted); });
  }
  if (const auto* v = std::get_if<VectorValue>(&value)) return VectorJson(*v);
  if (const auto* v = std::get_if<MatrixValue>(&value)) return MatrixJson(*v);
  return "null";
}

std::string MapText(const ParamMap& params) {
  std::string text = "{";
  for (const auto& [name, value] : params) {
    text += base::Cat(text.size() > 1 ? "," : "", Quoted(name), ":", ValueText(value));
  }
  return text + "}";
}

std::string MetadataText(const Params& params,
                         const std::vector<std::pair<std::string, int64_t>>& numbers,
                         int64_t now_ms) {
  const std::string set = MapText(params.set());
  const std::string defaults = MapText(params.defaults());
  std::string more;
  for (const auto& [field, number] : numbers) more += base::Cat(",", Quoted(field), ":", number);
  return base::Cat("{\"class\":", Quoted(params.info().name), ",\"timestamp\":", now_ms,
                   ",\"sparkVersion\":\"", kLayoutSparkVersion, "\",\"uid\":", Quoted(params.uid()),
                   ",\"paramMap\":", set, ",\"defaultParamMap\":", defaults, more, "}\n");
}

std::optional<double> JsonDouble(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (!json.is_string()) return std::nullopt;
  const auto& text = json.get_ref<const std::string&>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Inf" || text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Inf" || text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

base::StatusOr<ParamValue> JsonList(const std::string& name, const Json& json, ParamType type) {
  if (type == ParamType::kDoubleArrays) {
    DoubleArrays arrays;
    for (const Json& item : json) {
      if (!item.is_array()) return Malformed(base::Cat("param ", name, " is no list of lists"));
      SOTERIA_ASSIGN_OR_RETURN(ParamValue one, JsonList(name, item, ParamType::kDoubleArray));
      arrays.push_back(std::get<std::vector<double>>(std::move(one)));
    }
    return ParamValue(std::move(arrays));
  }
  if (type == ParamType::kDoubleArray) {
    std::vector<double> values;
    for (const Json& item : json) {
      const std::optional<double> value = JsonDouble(item);
      if (!value) return Malformed(base::Cat("param ", name, " is no list of numbers"));
      values.push_back(*value);
    }
    return ParamValue(std::move(values));
  }
  std::vector<std::string> values;
  for (const Json& item : json) {
    if (!item.is_string()) return Malformed(base::Cat("param ", name, " is no list of strings"));
    values.push_back(item.get<std::string>());
  }
  return ParamValue(std::move(values));
}

/// A field that is a list of doubles or, for indices, of ints; nullopt for others.
template <class T>
std::optional<std::vector<T>> JsonNumbers(const Json& json, const char* field) {
  const auto at = json.find(field);
  if (at == json.end() || !at->is_array()) return std::nullopt;
  std::vector<T> values;
  for (const Json& item : *at) {
    const std::optional<double> value = JsonDouble(item);
    if (!value) return std::nullopt;
    if constexpr (std::is_same_v<T, int32_t>) {
      const bool fits = *value >= 0 && *value <= std::numeric_limits<int32_t>::max();
      if (!fits || std::trunc(*value) != *value) return std::nullopt;
    }
    values.push_back(static_cast<T>(*value));
  }
  return values;
}

std::optional<int32_t> JsonSize(const Json& json, const char* field) {
  const auto at = json.find(field);
  if (at == json.end() || !at->is_number_integer()) return std::nullopt;
  const auto value = at->get<int64_t>();
  if (value < 0 || value > std::numeric_limits<int32_t>::max()) return std::nullopt;
  return static_cast<int32_t>(value);
}

std::optional<ParamValue> JsonVector(const Json& json) {
  const std::optional<int32_t> type = JsonSize(json, "type");
  auto values = JsonNumbers<double>(json, "values");
  if (!type || !values || json.contains("numRows")) return std::nullopt;
  VectorValue v = table::DenseVector(*std::move(values));
  if (*type == 0) {
    const std::optional<int32_t> size = JsonSize(json, "size");
    auto indices = JsonNumbers<int32_t>(json, "indices");
    if (!size || !indices) return std::nullopt;
    v = table::SparseVector(*size, *std::move(indices), std::move(v.values));
  }
  if (*type > 1 || !table::CheckVector(table::View(v)).ok()) return std::nullopt;
  return v;
}

std::optional<ParamValue> JsonMatrix(const Json& json) {
  const std::optional<int32_t> type = JsonSize(json, "type");
  const std::optional<int32_t> rows = JsonSize(json, "numRows");
  const std::optional<int32_t> cols = JsonSize(json, "numCols");
  auto values = JsonNumbers<double>(json, "values");
  const auto transposed = json.find("isTransposed");
  if (!type || !rows || !cols || !values || transposed == json.end() || !transposed->is_boolean()) {
    return std::nullopt;
  }
  MatrixValue m;
  m.dense = *type == 1;
  m.num_rows = *rows;
  m.num_cols = *cols;
  m.values = *std::move(values);
  m.transposed = transposed->get<bool>();
  if (!m.dense) {
    auto pointers = JsonNumbers<int32_t>(json, "colPtrs");
    auto indices = JsonNumbers<int32_t>(json, "rowIndices");
    if (!pointers || !indices) return std::nullopt;
    m.col_ptrs = *std::move(pointers);
    m.row_indices = *std::move(indices);
  }
  if (*type > 1 || !table::CheckMatrix(m).ok()) return std::nullopt;
  return m;
}

base::StatusOr<ParamValue> JsonValue(const std::string& name, const Json& json, ParamType type) {
  if (json.is_array()) return JsonList(name, json, type);
  if (json.is_object()) {
    std::optional<ParamValue> value;
    if (type == ParamType::kVector) value = JsonVector(json);
    if (type == ParamType::kMatrix) value = JsonMatrix(json);
    if (value) return *std::move(value);
  }
  if (type == ParamType::kDouble) {
    if (const std::optional<double> value = JsonDouble(json)) return ParamValue(*value);
  } else if (json.is_boolean()) {
    return ParamValue(json.get<bool>());
  } else if (json.is_number_integer() &&
             (!json.is_number_unsigned() ||
              json.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX))) {
    return ParamValue(json.get<int64_t>());
  } else if (json.is_string()) {
    return ParamValue(json.get<std::string>());
  }
  return Malformed(base::Cat("param ", name, " has a value of another type"));
}

struct Metadata {
  std::string class_name;
  std::string uid;
  Json params;
  std::map<std::string, int64_t, std::less<>> numbers;
};

base::StatusOr<Metadata> ParseMetadata(std::string_view text) {
  if (text.size() > kMetadataBytesMax) return Malformed("too long");
  text = text.substr(0, text.find('\n'));
  bool too_deep = false;
  const auto shallow = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kJsonDepthMax;
    return !too_deep;
  };
  const Json json = Json::parse(text, shallow, /*allow_exceptions=*/false);
  if (too_deep || json.is_discarded() || !json.is_object()) return Malformed("no JSON object");
  Metadata metadata;
  for (const auto& [field, to] :
       {std::pair{"class", &metadata.class_name}, std::pair{"uid", &metadata.uid}}) {
    const auto at = json.find(field);
    if (at == json.end() || !at->is_string()) return Malformed(base::Cat("no ", field));
    *to = at->get<std::string>();
  }
  const auto params = json.find("paramMap");
  if (params == json.end() || !params->is_object()) return Malformed("no paramMap");
  metadata.params = *params;
  for (const auto& [field, value] : json.items()) {
    if (value.is_number_integer()) metadata.numbers[field] = value.get<int64_t>();
  }
  return metadata;
}

base::StatusOr<ParamMap> ParamsOf(const Json& json, const ClassInfo& info) {
  ParamMap params;
  for (const auto& [name, value] : json.items()) {
    const ParamSpec* spec = info.Find(name);
    if (spec == nullptr) {
      return base::FailQuotingData(base::kIllegalArgument,
                                   base::Cat("Param ", name, " does not exist."));
    }
    SOTERIA_ASSIGN_OR_RETURN(params[name], JsonValue(name, value, spec->type));
  }
  return params;
}

base::Status LoadStage(const ClassEntry& entry, Params params, SavedModel folder, Loaded& out) {
  if (entry.load == nullptr) {
    if (entry.transformer != nullptr) out.transformer = entry.transformer(std::move(params));
    return base::OkStatus();
  }
  SOTERIA_ASSIGN_OR_RETURN(out.model, entry.load(std::move(params), folder));
  out.transformer = out.model;
  return base::OkStatus();
}

base::StatusOr<std::vector<SavedFile>> MetadataFiles(
    const Params& params, const std::vector<std::pair<std::string, int64_t>>& numbers,
    int64_t now_ms) {
  std::vector<SavedFile> files(2);
  files[0].relative = kMetadataFile;
  files[0].bytes = MetadataText(params, numbers, now_ms);
  files[1].relative = "metadata/_SUCCESS";
  return files;
}

}  // namespace

ModelFiles DataTable(std::shared_ptr<arrow::Table> table) {
  ModelFiles files;
  files.tables.push_back({"data", std::move(table)});
  return files;
}

base::StatusOr<std::shared_ptr<arrow::Table>> SavedModel::Rows(const std::string& directory) {
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Table> rows, folder_.Parquet(directory));
  SOTERIA_ARROW_ASSIGN(rows, rows->CombineChunks());
  return rows;
}

base::StatusOr<int64_t> SavedModel::Number(std::string_view field) const {
  const auto at = numbers_.find(field);
  if (at == numbers_.end()) return Malformed(base::Cat("no ", field));
  return at->second;
}

base::StatusOr<std::vector<SavedFile>> SaveParams(const Params& params, int64_t now_ms) {
  return MetadataFiles(params, {}, now_ms);
}

base::StatusOr<std::vector<SavedFile>> Save(const Transformer& stage, int64_t now_ms) {
  ModelFiles model;
  const ClassEntry* entry = FindEntry(stage.class_name());
  if (entry != nullptr && entry->save != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(model, entry->save(stage));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::vector<SavedFile> files,
                           MetadataFiles(stage.params(), model.numbers, now_ms));
  for (ModelFiles::Rows& rows : model.tables) {
    SavedFile data;
    data.relative = base::Cat(rows.directory, "/part-00000.parquet");
    data.table = std::move(rows.table);
    files.push_back(std::move(data));
    SavedFile success;
    success.relative = base::Cat(rows.directory, "/_SUCCESS");
    files.push_back(std::move(success));
  }
  return files;
}

base::StatusOr<Params> ParseParams(const ClassInfo& info, std::string_view text) {
  SOTERIA_ASSIGN_OR_RETURN(const Metadata metadata, ParseMetadata(text));
  SOTERIA_ASSIGN_OR_RETURN(const ParamMap set, ParamsOf(metadata.params, info));
  auto params = Params::Make(info, metadata.uid, set);
  if (params.ok()) return params;
  return base::FailQuotingData(base::kIllegalArgument, base::Message(params.status()));
}

base::StatusOr<Loaded> Load(std::string_view class_name, FolderReader& folder) {
  const ClassEntry* entry = FindEntry(class_name);
  if (entry == nullptr) {
    return base::NotSupported(class_name);
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string text, folder.Text("metadata"));
  SOTERIA_ASSIGN_OR_RETURN(const Metadata metadata, ParseMetadata(text));
  if (metadata.class_name != entry->info->name) {
    return base::FailQuotingData(
        base::kIllegalArgument,
        base::Cat("requirement failed: Error loading metadata: Expected class name ",
                  entry->info->name, " but found class name ", metadata.class_name));
  }
  Loaded loaded;
  loaded.class_name = metadata.class_name;
  loaded.uid = metadata.uid;
  SOTERIA_ASSIGN_OR_RETURN(loaded.params, ParamsOf(metadata.params, *entry->info));
  auto params = Params::Make(*entry->info, metadata.uid, loaded.params);
  if (!params.ok()) {  // what a file says may be made from rows, so its text counts as data
    return base::FailQuotingData(base::kIllegalArgument, base::Message(params.status()));
  }
  SOTERIA_RETURN_IF_ERROR(
      LoadStage(*entry, *std::move(params), SavedModel(folder, metadata.numbers), loaded));
  return loaded;
}

}  // namespace soteria::ml
