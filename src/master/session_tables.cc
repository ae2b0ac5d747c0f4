// Tables that scripts save by name: folders of the warehouse with a definition beside the files.
#include <utility>

#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/file_write.h"
#include "src/formats/write_options.h"
#include "src/master/enclave_session.h"
#include "src/master/table_definition.h"

namespace soteria::master {
namespace {

/// Names that the session asked for; more are told to nobody.
constexpr size_t kAskedMax = 10'000;

std::string FileOf(const policy::Readable& table) {
  return base::Cat(table.relative, "/", kDefinitionFile);
}

/// Whether rows of these columns can be written under these options.
base::Status CheckFormat(const TableDefinition& definition) {
  SOTERIA_RETURN_IF_ERROR(
      formats::ParseWriteOptions(definition.format, definition.options, {}).status());
  arrow::FieldVector fields = definition.schema->fields();
  fields.resize(fields.size() - definition.keys.size());
  return formats::CheckWriteSchema(definition.format, *arrow::schema(std::move(fields)));
}

/// The definition, if an enclave wrote one there.
const storage::FileEntry* DefinitionIn(const storage::Tree& tree, const std::string& file) {
  const storage::FileEntry* entry = tree.Find(file);
  return entry != nullptr && entry->saved ? entry : nullptr;
}

}  // namespace

base::StatusOr<std::string> EnclaveSession::TablePath(const std::string& name) {
  const auto warehouse = world_.gate.Warehouse();
  if (warehouse.has_value()) return base::Cat(*warehouse, "/", name);
  return base::Fail(base::kNotInManifest,
                    "tables are kept in a writable root, and the Manifest has none: add [[write]] "
                    "with a path and its id");
}

base::StatusOr<std::optional<StoredTable>> EnclaveSession::FindTable(const std::string& name) {
  const auto warehouse = world_.gate.Warehouse();
  if (!warehouse.has_value()) return std::nullopt;
  SOTERIA_ASSIGN_OR_RETURN(const policy::Readable target,
                           world_.gate.MayRead(base::Cat(*warehouse, "/", name)));
  const auto tree = world_.roots.OpenTree(target);
  if (base::Is(tree.status(), base::kPathNotFound)) return std::nullopt;
  SOTERIA_RETURN_IF_ERROR(tree.status());
  const std::string file = FileOf(target);
  if (DefinitionIn(*tree, file) == nullptr) return std::nullopt;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (asked_tables_.size() < kAskedMax) asked_tables_.insert(name);
  }
  return world_.output.Handle(
      world_.output.Run([&](const InsideKey&) -> base::StatusOr<std::optional<StoredTable>> {
        SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, tree->Read(file, kDefinitionBytesMax));
        StoredTable table;
        SOTERIA_ASSIGN_OR_RETURN(table.definition, DecodeDefinition(bytes));
        table.path = target.path;
        table.id = tree->index().index.id;
        table.folder = target.relative;
        for (const std::string& other : tree->List(target.relative)) {
          const std::string own = other.substr(target.relative.size() + 1);
          table.empty = table.empty && (own == kDefinitionFile || own == "_SUCCESS");
        }
        return table;
      }));
}

base::StatusOr<std::vector<std::string>> EnclaveSession::TableNames() {
  const auto warehouse = world_.gate.Warehouse();
  if (!warehouse.has_value()) return std::vector<std::string>{};
  SOTERIA_ASSIGN_OR_RETURN(const policy::Readable root, world_.gate.MayRead(*warehouse));
  const auto tree = world_.roots.OpenTree(root);
  if (base::Is(tree.status(), base::kPathNotFound)) return std::vector<std::string>{};
  SOTERIA_RETURN_IF_ERROR(tree.status());
  // I3: a job with `rows` may have made a value of rows a table's name.
  const bool all = world_.output.MayMatchNames(root.path).ok();
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> names;
  for (const std::string& file : tree->List("")) {
    const size_t slash = file.find('/');
    if (slash == std::string::npos || file.substr(slash + 1) != kDefinitionFile) continue;
    std::string name = file.substr(0, slash);
    if (DefinitionIn(*tree, file) == nullptr) continue;
    if (all || asked_tables_.contains(name)) names.push_back(std::move(name));
  }
  return names;
}

base::Status EnclaveSession::DefineTable(const std::string& name, const TableDefinition& definition,
                                         bool replace) {
  SOTERIA_RETURN_IF_ERROR(CheckFormat(definition));
  SOTERIA_ASSIGN_OR_RETURN(const std::string path, TablePath(name));
  SOTERIA_ASSIGN_OR_RETURN(const Place place, PlaceFor(path, replace));
  SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, EncodeDefinition(definition));
  return world_.output.Ended(world_.output.Run([&](const InsideKey&) -> base::Status {
    auto entry = world_.roots.Seal(place.target, FileOf(place.target), bytes, 0);
    SOTERIA_RETURN_IF_ERROR(entry.status());
    entry->saved = true;
    return Publish(place.target, {*std::move(entry)}, place.removed, {});
  }));
}

base::Status EnclaveSession::DropTable(const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string path, TablePath(name));
  return HandleOverwrite(path, /*should_overwrite=*/true);
}

}  // namespace soteria::master
