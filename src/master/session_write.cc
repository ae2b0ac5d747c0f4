// What a session writes below the writable roots, and what it loads from there.
#include <algorithm>
#include <set>
#include <utility>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/file_write.h"
#include "src/formats/formats.h"
#include "src/formats/write_options.h"
#include "src/master/enclave_session.h"
#include "src/ml/catalog.h"
#include "src/ml/persist.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"

namespace soteria::master {
namespace {

constexpr uint64_t kMetadataBytesMax = uint64_t{64} << 20;

/// A path below a writable root, as readers name it.
base::StatusOr<policy::Readable> Writable(const policy::Gate& gate, const std::string& path) {
  SOTERIA_RETURN_IF_ERROR(gate.MayWrite(path));
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable target, gate.MayRead(path));
  if (!target.relative.empty() && !storage::ValidRelativePath(target.relative)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("'", path,
                                "': a name below a writable root is text without control "
                                "characters and backslashes, at most 255 bytes long, and doesn't "
                                "begin with '.'"));
  }
  return target;
}

std::string Join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : base::Cat(folder, "/", name);
}

/// What the path occupies: `removed` for Publish.
std::vector<std::string> Occupied(const storage::Tree& tree, const std::string& relative) {
  if (tree.List(relative).empty()) return {};
  return {relative};
}

base::Status Exists(const std::string& path) {
  return base::Fail(base::kPathExists,
                    base::Cat("Path ", path,
                              " already exists. To overwrite it, please use "
                              "write().overwrite().save(path) for models or mode('overwrite') for "
                              "data."));
}

/// Whether saving wrote all that Load might read there.
bool AllSaved(const storage::Tree& tree, const std::string& folder) {
  const std::vector<std::string> files = tree.List(folder);
  return std::all_of(files.begin(), files.end(),
                     [&](const std::string& file) { return tree.Find(file)->saved; });
}

/// Whether files of the format can hold what the plan gives besides the keys.
base::Status CheckColumns(const arrow::Schema& schema, const Session::WriteRequest& request) {
  const size_t own = static_cast<size_t>(schema.num_fields()) - request.keys.size();
  arrow::FieldVector fields = schema.fields();
  std::set<std::string> names;
  for (const auto& field : fields) {
    if (names.insert(base::Lower(field->name())).second) continue;
    return base::Fail(
        table::kColumnExists,
        base::Cat("The column `", base::Lower(field->name()),
                  "` already exists. Choose another name or rename the existing column."));
  }
  fields.resize(own);
  return formats::CheckWriteSchema(request.format, *arrow::schema(std::move(fields)));
}

class TreeFolder : public ml::FolderReader {
 public:
  TreeFolder(const InsideKey&, const storage::Tree& tree, std::string folder)
      : tree_(tree), folder_(std::move(folder)) {}

  base::StatusOr<std::string> Text(const std::string& relative_dir) override {
    std::string text;
    SOTERIA_ASSIGN_OR_RETURN(const TreeTable table, TableIn(tree_, Join(folder_, relative_dir)));
    for (const std::string& file : table.files) {
      SOTERIA_ASSIGN_OR_RETURN(std::string part, tree_.Read(file, kMetadataBytesMax));
      text += part;
    }
    return text;
  }

  /// All part files: which of them has the rows is chance.
  base::StatusOr<std::shared_ptr<arrow::Table>> Parquet(const std::string& relative_dir) override {
    SOTERIA_ASSIGN_OR_RETURN(const TreeTable table, TableIn(tree_, Join(folder_, relative_dir)));
    if (table.files.empty()) return PathNotFound(Join(folder_, relative_dir));
    SOTERIA_ASSIGN_OR_RETURN(const auto schema, SchemaOfTable(tree_, table));
    std::vector<std::shared_ptr<arrow::Table>> parts;
    for (const std::string& file : table.files) {
      SOTERIA_ASSIGN_OR_RETURN(auto part, tree_.ReadParquetAs(file, *schema));
      parts.push_back(std::move(part));
    }
    SOTERIA_ARROW_ASSIGN(auto rows, arrow::ConcatenateTables(parts));
    return rows;
  }

 private:
  const storage::Tree& tree_;
  std::string folder_;
};

}  // namespace

base::Status EnclaveSession::Write(const plan::PlanPtr& plan, const WriteRequest& request,
                                   const Progress& progress) {
  SOTERIA_ASSIGN_OR_RETURN(
      const formats::WriteOptions options,
      formats::ParseWriteOptions(request.format, request.options,
                                 {request.zone, request.ignore_null_fields, request.orc_codec}));
  SOTERIA_RETURN_IF_ERROR(CheckColumns(*plan->schema, request));
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable target, Writable(world_.gate, request.path));
  // I3: a read of out/name=Smith says whether there is one.
  if (!request.keys.empty()) SOTERIA_RETURN_IF_ERROR(world_.output.MayNameFolders(target.path));
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, world_.roots.OpenTree(target));
  std::vector<std::string> removed = Occupied(tree, target.relative);
  SOTERIA_ASSIGN_OR_RETURN(std::string id, RootId(target.id));
  dataflow::WriteTarget where{target.root,      id,          target.relative, request.format, 0,
                              options.Encode(), request.keys};
  std::string definition;
  if (request.definition.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(definition, EncodeDefinition(*request.definition));
  }
  if (!removed.empty()) {
    if (request.mode == WriteMode::kErrorIfExists) return Exists(target.path);
    if (request.mode == WriteMode::kIgnore) return base::OkStatus();
    if (request.mode == WriteMode::kAppend) {
      where.first_file = tree.List(target.relative).size();
      removed.clear();
    }
  }
  return world_.output.Ended(world_.output.Run([&](const InsideKey& key) {
    return WriteInside(key, plan, {std::move(where), target, removed, definition}, progress);
  }));
}

base::Status EnclaveSession::Publish(const policy::Readable& target,
                                     std::vector<storage::FileEntry> files,
                                     const std::vector<std::string>& removed,
                                     const DataBehind& behind) {
  std::string write(storage::kIdBytes, '\0');
  SOTERIA_RETURN_IF_ERROR(
      world_.random.Fill({reinterpret_cast<uint8_t*>(write.data()), write.size()}));
  for (storage::FileEntry& file : files) file.origin = OriginOfWrite(behind, write);
  return world_.roots.Publish(target, std::move(files), removed);
}

base::Status EnclaveSession::WriteInside(const InsideKey& key, const plan::PlanPtr& plan,
                                         Writing writing, const Progress& progress) {
  const policy::Readable& target = writing.target;
  StageScope scope = NewScope(key, progress);
  SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*plan, scope));
  dataflow::StageSpec stage = lowered.Stage(dataflow::Terminal::kWrite);
  stage.write = std::move(writing.where);
  std::vector<storage::FileEntry> files;
  const auto on_output = [&](uint64_t, std::string written) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(auto some,
                             storage::ParseFileEntries(written, storage::RootKind::kTree));
    for (storage::FileEntry& file : some) {
      file.saved = false;  // I3: rows, whatever they look like
      files.push_back(std::move(file));
    }
    return base::OkStatus();
  };
  base::Status written = scope.Run(stage, on_output).status();
  const auto add = [&](const std::string& name, const std::string& bytes, bool saved) {
    if (!written.ok()) return;
    auto file = world_.roots.Seal(target, Join(target.relative, name), bytes, 0);
    written = file.status();
    if (!file.ok()) return;
    file->saved = saved;
    files.push_back(*std::move(file));
  };
  add("_SUCCESS", "", false);
  if (!writing.definition.empty()) add(kDefinitionFile, writing.definition, true);
  if (!written.ok()) {  // a full disk would stay full of what nothing names
    world_.roots.Discard(target.root, stage.write.id, files);
    return written;
  }
  DataBehind behind = BehindOf(*lowered.recipe);
  // A job chooses the bytes of a text, and so what rows a reader of Parquet or ORC finds there.
  if (!formats::SaysItsColumns(stage.write.format)) behind.once = false;
  return Publish(target, std::move(files), writing.removed, behind);
}

base::StatusOr<EnclaveSession::Place> EnclaveSession::PlaceFor(const std::string& path,
                                                               bool overwrite) {
  Place place;
  SOTERIA_ASSIGN_OR_RETURN(place.target, Writable(world_.gate, path));
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, world_.roots.OpenTree(place.target));
  place.removed = Occupied(tree, place.target.relative);
  if (!place.removed.empty() && !overwrite) return Exists(place.target.path);
  return place;
}

base::Status EnclaveSession::SaveInside(const InsideKey&, std::vector<ml::SavedFile> files,
                                        const Place& place, const DataBehind& behind) {
  std::vector<storage::FileEntry> entries;
  for (ml::SavedFile& file : files) {
    uint64_t rows = 0;
    if (file.table != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(file.bytes, storage::ParquetBytes(*file.table));
      rows = static_cast<uint64_t>(file.table->num_rows());
    }
    auto entry = world_.roots.Seal(place.target, Join(place.target.relative, file.relative),
                                   file.bytes, rows);
    if (!entry.ok()) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string id, RootId(place.target.id));
      world_.roots.Discard(place.target.root, id, entries);
      return entry.status();
    }
    entry->saved = true;
    entries.push_back(*std::move(entry));
  }
  return Publish(place.target, std::move(entries), place.removed, behind);
}

base::Status EnclaveSession::SaveModel(const std::string& object_id, const ml::ParamMap& params,
                                       const std::string& path, bool overwrite) {
  SOTERIA_ASSIGN_OR_RETURN(auto fitted, Find(object_id));
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(fitted->model.class_name()));
  SOTERIA_ASSIGN_OR_RETURN(const Place place, PlaceFor(path, overwrite));
  std::unique_lock lock(fitted->mutex);
  DataBehind behind = fitted->data;
  lock.unlock();
  behind.once = false;  // made of these rows, and not rows
  return world_.output.Ended(world_.output.Run([&](const InsideKey& key) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(auto model, fitted->model.Open(key).WithParams(params));
    SOTERIA_ASSIGN_OR_RETURN(auto files, ml::Save(*model, world_.clock.NowMs()));
    return SaveInside(key, std::move(files), place, behind);
  }));
}

base::Status EnclaveSession::SaveStage(const std::string& class_name, const std::string& uid,
                                       const ml::ParamMap& params, const std::string& path,
                                       bool overwrite) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  SOTERIA_ASSIGN_OR_RETURN(const ml::ClassInfo* info, ml::FindClass(class_name));
  SOTERIA_ASSIGN_OR_RETURN(ml::Params checked, ml::Params::Make(*info, uid, params));
  SOTERIA_ASSIGN_OR_RETURN(auto files, ml::SaveParams(checked, world_.clock.NowMs()));
  SOTERIA_ASSIGN_OR_RETURN(const Place place, PlaceFor(path, overwrite));
  return world_.output.Ended(world_.output.Run(
      [&](const InsideKey& key) { return SaveInside(key, std::move(files), place, {}); }));
}

base::StatusOr<Permitted<Session::Loaded>> EnclaveSession::Load(const std::string& class_name,
                                                                const std::string& path) {
  SOTERIA_ASSIGN_OR_RETURN(const ml::ClassInfo* info, ml::FindClass(class_name));
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(info->name));
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable source, world_.gate.MayRead(path));
  SOTERIA_ASSIGN_OR_RETURN(const storage::Tree tree, world_.roots.OpenTree(source));
  if (!tree.Exists(source.relative)) return PathNotFound(source.path);
  const bool saved = AllSaved(tree, source.relative);
  if (!saved && !world_.output.MayLeave(policy::Output::kRows).ok()) {
    return base::Fail(base::kNotInManifest,
                      base::Cat("'", source.path,
                                "' holds files that saving a model or stage in an enclave didn't "
                                "write, so what they say are rows: add rows = true to [outputs]"));
  }
  auto loaded = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<LoadedStage> {
    TreeFolder folder(key, tree, source.relative);
    SOTERIA_ASSIGN_OR_RETURN(ml::Loaded stage, ml::Load(class_name, folder));
    LoadedStage reply;
    reply.saved = saved;
    reply.loaded.class_name = stage.class_name;
    reply.loaded.uid = stage.uid;
    reply.loaded.params = std::move(stage.params);
    if (stage.model != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(std::string id, NewId());
      auto fitted = std::make_shared<Fitted>(HeldModel(std::move(stage.model)));
      std::vector<const storage::FileEntry*> entries;
      for (const std::string& file : tree.List(source.relative)) entries.push_back(tree.Find(file));
      const std::string& root = tree.index().index.id;
      fitted->data = {{root}, OriginsOf(root, entries).ids, false};
      SOTERIA_RETURN_IF_ERROR(Keep(id, std::move(fitted)));
      reply.loaded.model_id = std::move(id);
    }
    return reply;
  });
  return world_.output.PermitLoaded(std::move(loaded), "load " + class_name);
}

base::Status EnclaveSession::HandleOverwrite(const std::string& path, bool should_overwrite) {
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable target, Writable(world_.gate, path));
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, world_.roots.OpenTree(target));
  const std::vector<std::string> removed = Occupied(tree, target.relative);
  if (removed.empty()) return base::OkStatus();
  if (!should_overwrite) return Exists(target.path);
  return world_.roots.Publish(target, {}, removed);
}

}  // namespace soteria::master
