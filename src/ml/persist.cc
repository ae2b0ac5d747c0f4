#include "src/ml/persist.h"

#include <arrow/table.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
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

base::StatusOr<std::string> ValueText(const ParamValue& value) {
  if (const auto* v = std::get_if<bool>(&value)) return std::string(*v ? "true" : "false");
  if (const auto* v = std::get_if<int64_t>(&value)) return base::Cat(*v);
  if (const auto* v = std::get_if<double>(&value)) return DoubleText(*v);
  if (const auto* v = std::get_if<std::string>(&value)) return Quoted(*v);
  if (const auto* v = std::get_if<std::vector<double>>(&value)) return ListText(*v, DoubleText);
  if (const auto* v = std::get_if<std::vector<std::string>>(&value)) return ListText(*v, Quoted);
  return base::Fail(base::kUnsupported, "saving params that are vectors or matrices");
}

base::StatusOr<std::string> MapText(const ParamMap& params) {
  std::string text = "{";
  for (const auto& [name, value] : params) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string value_text, ValueText(value));
    text += base::Cat(text.size() > 1 ? "," : "", Quoted(name), ":", value_text);
  }
  return text + "}";
}

base::StatusOr<std::string> MetadataText(
    const Params& params, const std::vector<std::pair<std::string, int64_t>>& numbers,
    int64_t now_ms) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string set, MapText(params.set()));
  SOTERIA_ASSIGN_OR_RETURN(const std::string defaults, MapText(params.defaults()));
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
  if (text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

base::StatusOr<ParamValue> JsonList(const std::string& name, const Json& json, ParamType type) {
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

base::StatusOr<ParamValue> JsonValue(const std::string& name, const Json& json, ParamType type) {
  if (json.is_array()) return JsonList(name, json, type);
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
  if (entry.transformer != nullptr) out.transformer = entry.transformer(std::move(params));
  if (entry.load == nullptr) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(out.model, entry.load(std::move(params), folder));
  out.transformer = out.model;
  return base::OkStatus();
}

base::StatusOr<std::vector<SavedFile>> MetadataFiles(
    const Params& params, const std::vector<std::pair<std::string, int64_t>>& numbers,
    int64_t now_ms) {
  std::vector<SavedFile> files(2);
  files[0].relative = kMetadataFile;
  SOTERIA_ASSIGN_OR_RETURN(files[0].bytes, MetadataText(params, numbers, now_ms));
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
