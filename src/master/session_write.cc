// What a session writes below the writable roots, and what it loads from there.
#include <utility>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/master/enclave_session.h"
#include "src/ml/catalog.h"
#include "src/ml/persist.h"
#include "src/table/arrow_status.h"

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
                                "': a name below a writable root has letters, digits, "
                                "'.', '_', '=' and '-' only and doesn't begin with '.'"));
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

class TreeFolder : public ml::FolderReader {
 public:
  TreeFolder(const storage::Tree& tree, std::string folder)
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

base::Status EnclaveSession::Write(const plan::PlanPtr& plan, const std::string& format,
                                   const std::string& path, WriteMode mode,
                                   const Progress& progress) {
  return world_.output.Permit(WriteUngated(plan, format, path, mode, progress));
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

base::Status EnclaveSession::WriteUngated(const plan::PlanPtr& plan, const std::string& format,
                                          const std::string& path, WriteMode mode,
                                          const Progress& progress) {
  if (format != "parquet" && format != "text") {
    return base::Fail(base::kUnsupported, base::Cat("write format '", format,
                                                    "' is not supported: use parquet or text"));
  }
  if (format == "text" && (plan->schema->num_fields() != 1 ||
                           plan->schema->field(0)->type()->id() != arrow::Type::STRING)) {
    return base::Fail(base::kAnalysis, "Text data source supports only a single string column");
  }
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable target, Writable(world_.gate, path));
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, world_.roots.OpenTree(target));
  std::vector<std::string> removed = Occupied(tree, target.relative);
  uint64_t first_file = 0;
  if (!removed.empty()) {
    if (mode == WriteMode::kErrorIfExists) return Exists(target.path);
    if (mode == WriteMode::kIgnore) return base::OkStatus();
    if (mode == WriteMode::kAppend) {
      first_file = tree.List(target.relative).size();
      removed.clear();
    }
  }
  StageScope scope(world_.coordinator, world_.turn, world_.live, persisted_, progress);
  SOTERIA_ASSIGN_OR_RETURN(plan::Lowered lowered, plan::Lower(*plan, scope));
  dataflow::StageSpec stage = lowered.Stage(dataflow::Terminal::kWrite);
  SOTERIA_ASSIGN_OR_RETURN(std::string id, RootId(target.id));
  stage.write = {target.root, id, target.relative, format, first_file};
  std::vector<storage::FileEntry> files;
  const auto on_output = [&](uint64_t, std::string written) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(auto file, storage::ParseFileEntry(written, storage::RootKind::kTree));
    files.push_back(std::move(file));
    return base::OkStatus();
  };
  base::Status written = scope.Run(stage, on_output).status();
  if (written.ok()) {
    auto success = world_.roots.Seal(target, Join(target.relative, "_SUCCESS"), "", 0);
    written = success.status();
    if (success.ok()) files.push_back(*std::move(success));
  }
  if (!written.ok()) {  // a full disk would stay full of what nothing names
    world_.roots.Discard(target.root, id, files);
    return written;
  }
  return Publish(target, std::move(files), removed, BehindOf(*lowered.recipe));
}

base::Status EnclaveSession::SaveFiles(std::vector<ml::SavedFile> files, const std::string& path,
                                       bool overwrite, const DataBehind& behind) {
  return world_.output.Permit(SaveUngated(std::move(files), path, overwrite, behind));
}

base::Status EnclaveSession::SaveUngated(std::vector<ml::SavedFile> files, const std::string& path,
                                         bool overwrite, const DataBehind& behind) {
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable target, Writable(world_.gate, path));
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, world_.roots.OpenTree(target));
  const std::vector<std::string> removed = Occupied(tree, target.relative);
  if (!removed.empty() && !overwrite) return Exists(target.path);
  std::vector<storage::FileEntry> entries;
  for (ml::SavedFile& file : files) {
    uint64_t rows = 0;
    if (file.table != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(file.bytes, storage::ParquetBytes(*file.table));
      rows = static_cast<uint64_t>(file.table->num_rows());
    }
    auto entry = world_.roots.Seal(target, Join(target.relative, file.relative), file.bytes, rows);
    if (!entry.ok()) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string id, RootId(target.id));
      world_.roots.Discard(target.root, id, entries);
      return entry.status();
    }
    entries.push_back(*std::move(entry));
  }
  return Publish(target, std::move(entries), removed, behind);
}

base::Status EnclaveSession::SaveModel(const std::string& object_id, const ml::ParamMap& params,
                                       const std::string& path, bool overwrite) {
  SOTERIA_ASSIGN_OR_RETURN(auto model, ModelWithParams(object_id, params));
  auto files = ml::Save(*model, world_.clock.NowMs());
  if (!files.ok()) return world_.output.Permit(files.status());
  SOTERIA_ASSIGN_OR_RETURN(const auto fitted, Find(object_id));
  std::unique_lock lock(fitted->mutex);
  DataBehind behind = fitted->data;
  lock.unlock();
  behind.once = false;  // made of these rows, and not rows
  return SaveFiles(*std::move(files), path, overwrite, behind);
}

base::Status EnclaveSession::SaveStage(const std::string& class_name, const std::string& uid,
                                       const ml::ParamMap& params, const std::string& path,
                                       bool overwrite) {
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(class_name));
  SOTERIA_ASSIGN_OR_RETURN(const ml::ClassInfo* info, ml::FindClass(class_name));
  SOTERIA_ASSIGN_OR_RETURN(ml::Params checked, ml::Params::Make(*info, uid, params));
  SOTERIA_ASSIGN_OR_RETURN(auto files, ml::SaveParams(checked, world_.clock.NowMs()));
  return SaveFiles(std::move(files), path, overwrite, {});
}

base::StatusOr<Session::Loaded> EnclaveSession::Load(const std::string& class_name,
                                                     const std::string& path) {
  auto loaded = LoadUngated(class_name, path);
  if (!loaded.ok()) return world_.output.Permit(loaded.status());
  // The client gets the uid and the params of a file, which a script can make from rows.
  std::string content = loaded->uid;
  for (const auto& [name, value] : loaded->params) content += name + ml::EncodeValue(value);
  auto permitted = world_.output.PermitShape(*std::move(loaded), content, "load " + class_name);
  SOTERIA_RETURN_IF_ERROR(permitted.status());
  return std::move(*permitted).take();
}

base::StatusOr<Session::Loaded> EnclaveSession::LoadUngated(const std::string& class_name,
                                                            const std::string& path) {
  SOTERIA_ASSIGN_OR_RETURN(const ml::ClassInfo* info, ml::FindClass(class_name));
  SOTERIA_RETURN_IF_ERROR(world_.gate.MayUse(info->name));
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable source, world_.gate.MayRead(path));
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, world_.roots.OpenTree(source));
  if (!tree.Exists(source.relative)) return PathNotFound(source.path);
  TreeFolder folder(tree, source.relative);
  SOTERIA_ASSIGN_OR_RETURN(ml::Loaded loaded, ml::Load(class_name, folder));
  Loaded reply;
  reply.class_name = loaded.class_name;
  reply.uid = loaded.uid;
  reply.params = std::move(loaded.params);
  if (loaded.model != nullptr) {
    auto fitted = std::make_shared<Fitted>();
    fitted->model = std::move(loaded.model);
    std::vector<const storage::FileEntry*> entries;
    for (const std::string& file : tree.List(source.relative)) entries.push_back(tree.Find(file));
    const std::string& id = tree.index().index.id;
    fitted->data = {{id}, OriginsOf(id, entries).ids, false};
    SOTERIA_ASSIGN_OR_RETURN(reply.model_id, Keep(std::move(fitted)));
  }
  return reply;
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
