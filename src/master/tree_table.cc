#include "src/master/tree_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "arrow/type.h"
#include "src/base/ascii.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/dataflow/recipe.h"
#include "src/table/conditions.h"
#include "src/table/conform.h"
#include "src/table/folder_key.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

std::vector<std::string> Parts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool IsSummary(std::string_view name) { return name == "_common_metadata" || name == "_metadata"; }

bool IsHidden(std::string_view name) {
  return (name.starts_with('_') && name.find('=') == std::string_view::npos) ||
         name.starts_with('.');
}

/// Files and folders that Spark's listing leaves out.
bool IsLeftOut(std::string_view name) {
  if (name.starts_with("_common_metadata") || name.starts_with("_metadata")) return false;
  return IsHidden(name) || name.ends_with("._COPYING_");
}

struct Key {
  std::string name;
  std::string value;
};

/// A folder with data files, and what its name means.
struct Folder {
  std::vector<std::string> files;
  std::vector<Key> keys;
  std::string base;      // where the keys begin; the folder itself when there are none
  std::string top = {};  // the path that was asked for
  bool ignored = false;
};

/// Reads the keys from the folder's path upwards, down to `base`.
base::Status ReadKeys(const std::string& path, const std::string& base, Folder* folder) {
  const size_t cut = base.empty() ? 0 : std::min(base.size() + 1, path.size());
  std::vector<std::string> parts = Parts(std::string_view(path).substr(cut));
  std::string here = path;
  for (; !parts.empty(); parts.pop_back()) {
    const std::string& part = parts.back();
    if (base::Lower(part) == "_temporary") {
      folder->ignored = true;
      return base::OkStatus();
    }
    const size_t equals = part.find('=');
    if (equals == std::string::npos && !folder->keys.empty()) break;
    if (equals != std::string::npos) {
      Key key{table::UnescapedFolderKey(part.substr(0, equals)),
              table::UnescapedFolderKey(part.substr(equals + 1))};
      if (key.name.empty() || key.value.empty()) {
        return base::FailQuotingData(
            base::kAnalysis, base::Cat("Empty partition column ",
                                       key.name.empty() ? "name" : "value", " in '", part, "'"));
      }
      folder->keys.insert(folder->keys.begin(), std::move(key));
    }
    here.resize(here.size() - part.size());
    if (!here.empty()) here.pop_back();
  }
  folder->base = folder->keys.empty() ? path : here;
  return base::OkStatus();
}

std::string NamesOf(const Folder& folder) {
  std::string names;
  for (const Key& key : folder.keys) names += base::Cat(names.empty() ? "" : ", ", key.name);
  return names;
}

/// All folders begin their keys at one place and have the same keys.
base::Status CheckFolders(const std::vector<const Folder*>& keyed,
                          const std::map<std::string, Folder>& all) {
  for (const auto& [path, folder] : all) {
    if (folder.ignored || base::Lower(folder.base) == base::Lower(keyed.front()->base)) continue;
    return base::FailQuotingData(
        kConflictingFolders,
        base::Cat("Conflicting directory structures detected. Suspicious paths: '",
                  keyed.front()->base, "', '", folder.base,
                  "'. If provided paths are partition directories, please set \"basePath\" in the "
                  "options of the data source to specify the root directory of the table. If there "
                  "are multiple root directories, please load them separately and then union "
                  "them."));
  }
  for (const Folder* folder : keyed) {
    if (base::Lower(NamesOf(*folder)) == base::Lower(NamesOf(*keyed.front()))) continue;
    return base::FailQuotingData(
        kConflictingKeys,
        base::Cat("Conflicting partition column names detected: '", NamesOf(*keyed.front()),
                  "' and '", NamesOf(*folder),
                  "'. For partitioned table directories, data files should only live in leaf "
                  "directories. And directories at the same level should have the same partition "
                  "column name."));
  }
  return base::OkStatus();
}

base::StatusOr<std::vector<std::shared_ptr<arrow::Field>>> KeyFields(
    const std::vector<const Folder*>& keyed) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  const std::vector<Key>& first = keyed.front()->keys;
  if (first.size() > dataflow::kFolderKeysMax) {
    return base::Fail(base::kUnsupported,
                      base::Cat("a table with more than ", dataflow::kFolderKeysMax,
                                " partition columns is not supported"));
  }
  for (size_t k = 0; k < first.size(); ++k) {
    table::FolderKey type = table::FolderKey::kNull;
    for (const Folder* folder : keyed) {
      type = table::Widest(type, table::InferFolderKey(folder->keys[k].value));
    }
    const bool decimal = type == table::FolderKey::kDecimal;
    if (decimal || type == table::FolderKey::kTimestamp) {
      return base::FailQuotingData(
          base::kUnsupported,
          base::Cat("the partition column '", first[k].name, "' is a ",
                    decimal ? "decimal" : "time stamp",
                    " by its values, which is not supported: rename the folders"));
    }
    fields.push_back(arrow::field(first[k].name, table::TypeOfFolderKey(type)));
  }
  return fields;
}

/// In a partitioned table, what lies in no folder with keys isn't part of it.
base::StatusOr<TreeTable> Partitioned(const std::map<std::string, Folder>& folders,
                                      const std::vector<const Folder*>& keyed) {
  SOTERIA_RETURN_IF_ERROR(CheckFolders(keyed, folders));
  TreeTable table;
  SOTERIA_ASSIGN_OR_RETURN(table.keys, KeyFields(keyed));
  std::vector<std::pair<std::string, const Folder*>> files;
  for (const Folder* folder : keyed) {
    for (const std::string& file : folder->files) files.emplace_back(file, folder);
  }
  std::sort(files.begin(), files.end());
  for (const auto& [file, folder] : files) {
    table.files.push_back(file);
    for (const Key& key : folder->keys) {
      table.values.push_back(key.value == table::kNullFolderKey ? "" : base::Cat("=", key.value));
    }
  }
  return table;
}

std::string ParentOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash);
}

/// Summary files of the one kind, of the other, then those with rows.
std::vector<std::string> HeadersOf(std::vector<std::string> summaries,
                                   const std::vector<std::string>& others) {
  std::stable_sort(summaries.begin(), summaries.end(),
                   [](const std::string& a, const std::string& b) {
                     return a.ends_with("_common_metadata") && !b.ends_with("_common_metadata");
                   });
  summaries.insert(summaries.end(), others.begin(), others.end());
  return summaries;
}

}  // namespace

base::StatusOr<TreeTable> TableOfPaths(
    const std::vector<TreePath>& paths, const plan::ReadOptions& options,
    const std::function<base::StatusOr<uint64_t>(const std::string&)>& bytes_of) {
  std::map<std::string, Folder> folders;
  std::vector<std::string> all;  // of any folder
  std::vector<std::string> summaries;
  std::set<std::string> tops;
  std::set<std::string> seen;
  for (const TreePath& path : paths) {
    const bool one = path.names.size() == 1 && path.names.front() == path.path;
    const std::string top = one ? ParentOf(path.path) : path.path;
    tops.insert(top);
    for (const std::string& name : path.names) {
      const std::vector<std::string> below =
          Parts(std::string_view(name).substr(top.empty() ? 0 : top.size() + 1));
      if (!one && std::any_of(below.begin(), below.end(), IsLeftOut)) continue;
      if (!seen.insert(name).second) {
        return base::NotSupported("Reading a file twice in one read", "a union");
      }
      if (IsSummary(below.back())) summaries.push_back(name);
      if (IsHidden(below.back())) continue;
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t bytes, bytes_of(name));
      if (bytes > 0) all.push_back(name);
      Folder& in = folders[ParentOf(name)];
      in.top = top;
      if (bytes > 0) in.files.push_back(name);
    }
  }
  std::vector<const Folder*> keyed;
  for (auto& [path, each] : folders) {
    if (options.recursive) break;
    SOTERIA_RETURN_IF_ERROR(ReadKeys(path, options.base.value_or(each.top), &each));
    if (!each.ignored && !each.keys.empty()) keyed.push_back(&each);
  }
  TreeTable table;
  if (!keyed.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(table, Partitioned(folders, keyed));
    table.headers = HeadersOf(std::move(summaries), all);
    return table;
  }
  // Without keys, what lies in folders within isn't part of the table.
  const auto within = [&](const std::string& name) {
    return !options.recursive && !tops.contains(ParentOf(name));
  };
  std::erase_if(summaries, within);
  std::erase_if(all, within);
  std::sort(all.begin(), all.end());
  table.files = all;
  table.headers = HeadersOf(std::move(summaries), all);
  return table;
}

base::StatusOr<TreeTable> TableOfFolder(
    const std::vector<std::string>& names, const std::string& folder,
    const plan::ReadOptions& options,
    const std::function<base::StatusOr<uint64_t>(const std::string&)>& bytes_of) {
  return TableOfPaths({{folder, names}}, options, bytes_of);
}

base::StatusOr<std::shared_ptr<arrow::Schema>> WithKeys(
    const arrow::Schema& data, const std::vector<std::shared_ptr<arrow::Field>>& keys) {
  arrow::FieldVector fields;
  std::vector<bool> placed(keys.size(), false);
  for (const auto& field : data.fields()) {
    auto column = table::Nullable(field);
    for (size_t k = 0; k < keys.size(); ++k) {
      if (base::Lower(keys[k]->name()) != base::Lower(field->name())) continue;
      column = keys[k];
      placed[k] = true;
    }
    fields.push_back(std::move(column));
  }
  for (size_t k = 0; k < keys.size(); ++k) {
    if (!placed[k]) fields.push_back(keys[k]);
  }
  std::map<std::string, std::string> names;
  for (const auto& field : fields) {
    if (names.emplace(base::Lower(field->name()), field->name()).second) continue;
    return base::Fail(table::kColumnExists,
                      base::Cat("The column `", base::Lower(field->name()),
                                "` already exists. Choose another name or rename the existing "
                                "column."));
  }
  return arrow::schema(std::move(fields));
}

namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

arrow::FieldVector MergeFields(arrow::FieldVector fields, const arrow::FieldVector& others,
                               const arrow::Field** differs);

/// Structs have the fields of both, wherever they are; nullptr for types that differ otherwise.
TypePtr MergeTypes(const arrow::Field& a, const arrow::Field& b) {
  if (table::TypeName(a) == table::TypeName(b)) return a.type();
  const arrow::DataType& type = *a.type();
  if (type.id() != b.type()->id() || !table::UdtOf(a).empty() || !table::UdtOf(b).empty()) {
    return nullptr;
  }
  if (type.id() == arrow::Type::STRUCT) {
    const arrow::Field* differs = nullptr;
    auto fields = MergeFields(type.fields(), b.type()->fields(), &differs);
    return differs == nullptr ? arrow::struct_(std::move(fields)) : nullptr;
  }
  if (type.id() == arrow::Type::LIST) {
    const auto element = MergeTypes(*type.field(0), *b.type()->field(0));
    return element == nullptr ? nullptr : table::ListOf(element);
  }
  if (type.id() != arrow::Type::MAP) return nullptr;
  const auto& one = static_cast<const arrow::MapType&>(type);
  const auto& other = static_cast<const arrow::MapType&>(*b.type());
  const auto key = MergeTypes(*one.key_field(), *other.key_field());
  const auto value = MergeTypes(*one.item_field(), *other.item_field());
  return key == nullptr || value == nullptr ? nullptr : table::MapOf(key, value);
}

arrow::FieldVector MergeFields(arrow::FieldVector fields, const arrow::FieldVector& others,
                               const arrow::Field** differs) {
  for (const auto& field : others) {
    const auto same = std::find_if(fields.begin(), fields.end(), [&](const auto& known) {
      return base::Lower(known->name()) == base::Lower(field->name());
    });
    if (same == fields.end()) {
      fields.push_back(field);
      continue;
    }
    auto type = MergeTypes(**same, *field);
    if (type == nullptr) {
      *differs = field.get();
      return fields;
    }
    *same = (*same)->WithType(std::move(type));
  }
  return fields;
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Schema>> MergeSchemas(const arrow::Schema& a,
                                                            const arrow::Schema& b) {
  const arrow::Field* differs = nullptr;
  auto fields = MergeFields(a.fields(), b.fields(), &differs);
  if (differs == nullptr) return arrow::schema(std::move(fields));
  const auto same = std::find_if(a.fields().begin(), a.fields().end(), [&](const auto& known) {
    return base::Lower(known->name()) == base::Lower(differs->name());
  });
  return base::Fail(kCannotMergeSchemas,
                    base::Cat("Failed merging schemas: column `", differs->name(), "` is ",
                              table::QuotedTypeName(**same), " in one file and ",
                              table::QuotedTypeName(*differs), " in another."));
}

}  // namespace soteria::master
