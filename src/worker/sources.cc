#include "src/worker/sources.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/sort.h"
#include "src/formats/file_write.h"
#include "src/formats/formats.h"
#include "src/formats/packed.h"
#include "src/formats/write_options.h"
#include "src/storage/dataset.h"
#include "src/storage/format.h"
#include "src/table/arrow_status.h"
#include "src/table/folder_key.h"
#include "src/table/types.h"

namespace soteria::worker {
namespace {

constexpr char kShareColumn[] = "share";

/// One row: a share of a schema.
base::StatusOr<std::shared_ptr<arrow::Table>> ShareTable(const std::string& share) {
  arrow::BinaryBuilder builder;
  SOTERIA_ARROW_RETURN(builder.Append(share));
  std::shared_ptr<arrow::Array> column;
  SOTERIA_ARROW_RETURN(builder.Finish(&column));
  return arrow::Table::Make(arrow::schema({arrow::field(kShareColumn, arrow::binary())}), {column});
}

bool IsKey(const std::vector<std::string>& keys, const std::string& name) {
  return std::find(keys.begin(), keys.end(), name) != keys.end();
}

std::shared_ptr<arrow::Schema> WithoutKeys(const arrow::Schema& schema,
                                           const std::vector<std::string>& keys) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    if (!IsKey(keys, field->name())) fields.push_back(field);
  }
  return arrow::schema(std::move(fields));
}

/// The file's rows with the columns that its folders' names make, in the table's order.
base::StatusOr<std::shared_ptr<arrow::Table>> WithKeys(const arrow::Table& rows,
                                                       const arrow::Schema& schema,
                                                       const dataflow::TreeSource& source,
                                                       uint64_t partition) {
  arrow::ChunkedArrayVector columns;
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    const auto key = std::find(source.keys.begin(), source.keys.end(), field->name());
    if (key == source.keys.end()) {
      const int place = rows.schema()->GetFieldIndex(field->name());
      if (place < 0) return base::Fail(base::kProtocol, "a table lacks a column of its schema");
      columns.push_back(rows.column(place));
      fields.push_back(rows.field(place));
      continue;
    }
    const auto number = static_cast<size_t>(key - source.keys.begin());
    const std::string& value = source.values[partition * source.keys.size() + number];
    std::optional<std::string> text;
    if (!value.empty()) text = value.substr(1);
    SOTERIA_ASSIGN_OR_RETURN(const auto column,
                             table::FolderKeyColumn(field->type(), text, rows.num_rows()));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(column));
    fields.push_back(field);
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns), rows.num_rows());
}

base::StatusOr<std::unique_ptr<base::ReadableFile>> OpenPlain(const storage::Tree& tree,
                                                              const std::string& file,
                                                              const storage::Admit& admit) {
  SOTERIA_ASSIGN_OR_RETURN(auto plain, tree.OpenPlain(file));
  if (formats::IsGzip(file)) return formats::OpenGzip(std::move(plain), admit);
  return plain;
}

/// What of its file a partition is made of.
base::StatusOr<formats::FilePart> PartOf(const dataflow::TreeSource& source, uint64_t partition,
                                         std::string_view options, base::ReadableFile& file) {
  if (source.ranges.empty() || source.ranges[partition].whole()) return formats::FilePart(file);
  const dataflow::FileRange& range = source.ranges[partition];
  SOTERIA_ASSIGN_OR_RETURN(const bool cut,
                           formats::HasParts(source.files[partition], source.format, options));
  if (!cut || range.end > file.size()) {
    return base::Fail(base::kProtocol, "a recipe names a part of a file that has none");
  }
  return formats::FilePart(file, range.begin, range.end);
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadShare(const storage::Tree& tree,
                                                        const dataflow::TreeSource& source,
                                                        uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(const formats::Pass pass, formats::DecodePass(source.pass));
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<base::ReadableFile> plain,
                           OpenPlain(tree, source.files[partition], nullptr));
  SOTERIA_ASSIGN_OR_RETURN(const formats::FilePart part,
                           PartOf(source, partition, pass.options, *plain));
  SOTERIA_ASSIGN_OR_RETURN(const std::string share, formats::ShareOf(part, pass));
  return ShareTable(share);
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadText(const storage::Tree& tree,
                                                       const dataflow::TreeSource& source,
                                                       uint64_t partition,
                                                       const arrow::Schema& schema,
                                                       const storage::Admit& admit) {
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<base::ReadableFile> plain,
                           OpenPlain(tree, source.files[partition], admit));
  SOTERIA_ASSIGN_OR_RETURN(const formats::FilePart part,
                           PartOf(source, partition, source.options, *plain));
  if (admit != nullptr) SOTERIA_RETURN_IF_ERROR(admit(formats::RoomOf(part)));
  return formats::ReadFile(part, source.format, source.options, schema, admit);
}

/// Behind the folder's name.
base::StatusOr<std::string> PartName(const dataflow::WriteTarget& target, uint64_t partition) {
  char name[32];
  std::snprintf(name, sizeof(name), "part-%05llu",
                static_cast<unsigned long long>(target.first_file + partition));
  SOTERIA_ASSIGN_OR_RETURN(const std::string suffix,
                           formats::WriteSuffix(target.format, target.options));
  return base::Cat(name, suffix);
}

/// Rows that become one file, and where.
struct Part {
  std::string folder;
  std::shared_ptr<arrow::Table> rows;
};

base::Status TooManyFolders() {
  return base::FailQuotingData(
      base::kUnsupported,
      base::Cat("A partition whose rows belong in more than ", storage::kTaskFilesMax,
                " folders is not supported: repartition by the columns of partitionBy"));
}

/// The groups of rows that agree in the last columns, in the order of the folders' names.
base::StatusOr<std::vector<Part>> PartsByKeys(const arrow::Table& table,
                                              const dataflow::WriteTarget& target) {
  const int keys = static_cast<int>(target.keys.size());
  const int own = table.num_columns() - keys;
  if (own < 1) return base::Fail(base::kProtocol, "a write has no columns but its keys");
  SOTERIA_ARROW_ASSIGN(const auto whole, table.CombineChunks());
  std::vector<std::shared_ptr<arrow::StringArray>> values;
  for (int k = own; k < own + keys; ++k) {
    if (whole->column(k)->type()->id() != arrow::Type::STRING) {
      return base::Fail(base::kProtocol, "a key of a write isn't text");
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto column, exec::OneChunk(*whole->column(k)));
    values.push_back(std::static_pointer_cast<arrow::StringArray>(column));
  }
  std::map<std::string, std::vector<int64_t>> groups;
  for (int64_t row = 0; row < whole->num_rows(); ++row) {
    std::string folder = target.directory;
    for (size_t k = 0; k < values.size(); ++k) {
      std::optional<std::string_view> value;
      if (values[k]->IsValid(row)) value = values[k]->GetView(row);
      if (!folder.empty()) folder += '/';
      folder += table::FolderKeyName(target.keys[k], value);
    }
    groups[std::move(folder)].push_back(row);
    if (groups.size() > storage::kTaskFilesMax) return TooManyFolders();
  }
  std::vector<int> kept(static_cast<size_t>(own));
  std::iota(kept.begin(), kept.end(), 0);
  SOTERIA_ARROW_ASSIGN(const auto data, whole->SelectColumns(kept));
  std::vector<Part> parts;
  for (const auto& [folder, rows] : groups) {
    SOTERIA_ASSIGN_OR_RETURN(auto taken, exec::TakeTableRows(data, rows));
    parts.push_back({folder, std::move(taken)});
  }
  return parts;
}

/// What PartsByKeys takes: the rows whole and in groups, their numbers in vectors that grow, and a
/// name for each group, in which every byte of a value may be %XX.
uint64_t GroupBytes(const dataflow::WriteTarget& target, const arrow::Table& table,
                    uint64_t block_bytes) {
  constexpr uint64_t kGroupBytes = 1024;  // a node of a map, a part and a file's entry
  constexpr uint64_t kNameCopies = 4;  // of the map, the part, the entry, and the entries encoded
  const auto rows = static_cast<uint64_t>(table.num_rows());
  const uint64_t groups = std::min<uint64_t>(rows, storage::kTaskFilesMax + 1);
  uint64_t shared = target.directory.size();
  uint64_t values = 0;
  for (const std::string& key : target.keys) {
    shared += 3 * key.size() + table::kNullFolderKey.size() + 2;
  }
  for (int k = std::max(0, table.num_columns() - static_cast<int>(target.keys.size()));
       k < table.num_columns(); ++k) {
    values += 3 * static_cast<uint64_t>(arrow::util::TotalBufferSize(*table.column(k)));
  }
  return 2 * block_bytes + 2 * sizeof(int64_t) * rows +
         groups * (kGroupBytes + kNameCopies * shared) + kNameCopies * values;
}

/// Names of folders are values of rows.
base::Status CheckName(const std::string& name, const dataflow::WriteTarget& target) {
  if (target.keys.empty() || storage::ValidRelativePath(name)) return base::OkStatus();
  return base::FailQuotingData(
      base::kUnsupported,
      base::Cat("A folder whose name has more than 255 bytes, or other than text, is not "
                "supported in partitionBy: ",
                name.substr(0, 300)));
}

base::StatusOr<std::string> BytesOf(const arrow::Table& table,
                                    const dataflow::WriteTarget& target) {
  if (target.format != "parquet") return formats::FileBytes(table, target.format, target.options);
  if (target.options.empty()) return storage::ParquetBytes(table);
  SOTERIA_ASSIGN_OR_RETURN(const auto options, formats::WriteOptions::Decode(target.options));
  return storage::ParquetBytes(table, options.compression);
}

}  // namespace

void Sources::AddKey(const std::string& id, crypto::Secret key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  keys_.insert_or_assign(id, std::move(key));
}

base::StatusOr<const crypto::Secret*> Sources::KeyOf(const std::string& id) {
  const auto found = keys_.find(id);
  if (found == keys_.end()) {
    return base::Fail(base::kKey,
                      "the worker has no key of that data set: the Manifest doesn't list it");
  }
  return &found->second;
}

base::StatusOr<Sources::RootPtr> Sources::Open(const std::string& root, const std::string& id,
                                               uint64_t version, const base::Digest& index,
                                               storage::RootKind kind) {
  // Opening under the lock: slots that start together read an index once.
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = roots_.find(index);
  if (known != roots_.end() && known->second->index.index.id == id) return known->second;
  SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret* key, KeyOf(id));
  SOTERIA_ASSIGN_OR_RETURN(storage::OpenedIndex opened,
                           storage::OpenIndexAt(files_, root, *key, id, version, index));
  if (opened.index.kind != kind) {
    return base::Fail(base::kIntegrity, "a root is not of the kind that the recipe names");
  }
  auto fresh = std::make_shared<Root>(Root{key->Clone(), std::move(opened), nullptr});
  if (kind == storage::RootKind::kTree) {
    fresh->tree =
        std::make_unique<storage::Tree>(storage::Tree::Of(files_, root, *key, fresh->index));
  }
  if (roots_.size() >= kIndexesKept) roots_.clear();
  roots_[index] = fresh;
  return RootPtr(std::move(fresh));
}

base::StatusOr<Sources::RootPtr> Sources::OpenDataset(const dataflow::DatasetSource& source,
                                                      uint64_t partitions) {
  SOTERIA_ASSIGN_OR_RETURN(RootPtr root, Open(source.root, source.id, source.version, source.index,
                                              storage::RootKind::kDataSet));
  if (root->index.index.files.size() == partitions) return root;
  return base::Fail(base::kIntegrity, "the index has another number of files than the recipe");
}

base::StatusOr<std::shared_ptr<arrow::Table>> Sources::Read(const dataflow::DatasetSource& source,
                                                            uint64_t partitions, uint64_t partition,
                                                            const storage::Admit& admit) {
  SOTERIA_ASSIGN_OR_RETURN(const RootPtr root, OpenDataset(source, partitions));
  std::optional<std::vector<std::string>> columns;
  if (!source.columns.empty()) columns = source.columns;
  return storage::ReadDatasetFile(files_, source.root, root->index.index, partition, root->key,
                                  columns, admit);
}

base::Status Sources::Check(const dataflow::DatasetSource& source, uint64_t partitions) {
  return OpenDataset(source, partitions).status();
}

base::StatusOr<storage::DatasetFile> Sources::OpenFile(const dataflow::DatasetSource& source,
                                                       uint64_t partitions, uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(const RootPtr root, OpenDataset(source, partitions));
  return storage::DatasetFile::Open(files_, source.root, root->index.index, partition, root->key);
}

base::StatusOr<std::shared_ptr<arrow::Table>> Sources::Read(const dataflow::TreeSource& source,
                                                            uint64_t partition,
                                                            const storage::Admit& admit) {
  SOTERIA_ASSIGN_OR_RETURN(const RootPtr root, Open(source.root, source.id, source.version,
                                                    source.index, storage::RootKind::kTree));
  const std::string& file = source.files[partition];
  if (source.format == "parquet" && source.schema.empty()) {
    return root->tree->ReadParquet(file, std::nullopt, admit);
  }
  if (!source.pass.empty()) return ReadShare(*root->tree, source, partition);
  if (source.schema.empty()) return base::Fail(base::kProtocol, "a file is read without a schema");
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, table::SchemaFromSparkJson(source.schema));
  const std::shared_ptr<arrow::Schema> own = WithoutKeys(*schema, source.keys);
  std::shared_ptr<arrow::Table> rows;
  if (source.format == "parquet") {
    SOTERIA_ASSIGN_OR_RETURN(rows, root->tree->ReadParquetAs(file, *own, admit));
  } else if (source.format == "orc") {
    SOTERIA_ASSIGN_OR_RETURN(const auto plain, root->tree->OpenPlain(file));
    auto read = formats::ReadFile(*plain, source.format, source.options, *own, admit);
    if (!read.ok()) return storage::InFile(read.status(), file);
    rows = *std::move(read);
  } else {
    SOTERIA_ASSIGN_OR_RETURN(rows, ReadText(*root->tree, source, partition, *own, admit));
  }
  if (source.keys.empty()) return rows;
  return WithKeys(*rows, *schema, source, partition);
}

base::StatusOr<uint64_t> Sources::WriteBytes(const dataflow::WriteTarget& target,
                                             const arrow::Table& table, uint64_t block_bytes) {
  const uint64_t groups = target.keys.empty() ? 0 : GroupBytes(target, table, block_bytes);
  if (target.format == "parquet") return groups + block_bytes;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t text, formats::WrittenBytesGuess(table, target.options));
  return groups + text;
}

base::StatusOr<std::string> Sources::Write(const dataflow::WriteTarget& target, uint64_t partition,
                                           const std::shared_ptr<arrow::Table>& table) {
  std::vector<Part> parts = {{target.directory, table}};
  if (!target.keys.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(parts, PartsByKeys(*table, target));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, PartName(target, partition));
  std::optional<crypto::Secret> key;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret* known, KeyOf(target.id));
    key = known->Clone();
  }
  std::vector<storage::FileEntry> entries;
  const auto write = [&](Part& part) -> base::Status {
    const std::string path = base::Cat(part.folder, part.folder.empty() ? "" : "/", name);
    SOTERIA_RETURN_IF_ERROR(CheckName(path, target));
    SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, BytesOf(*part.rows, target));
    const auto rows = static_cast<uint64_t>(part.rows->num_rows());
    part.rows.reset();
    SOTERIA_ASSIGN_OR_RETURN(
        storage::FileEntry entry,
        storage::Tree::WriteFile(files_, random_, target.root, *key, target.id, path, bytes, rows));
    entries.push_back(std::move(entry));
    return base::OkStatus();
  };
  for (Part& part : parts) {
    const base::Status written = write(part);
    if (written.ok()) continue;
    std::vector<std::string> objects;
    for (const storage::FileEntry& entry : entries) objects.push_back(entry.object);
    storage::RemoveUnpublished(files_, target.root, *key, target.id, objects);
    return written;
  }
  return storage::EncodeFileEntries(entries);
}

}  // namespace soteria::worker
