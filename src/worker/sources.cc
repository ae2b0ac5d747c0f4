#include "src/worker/sources.h"

#include <arrow/builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/formats.h"
#include "src/storage/dataset.h"
#include "src/table/arrow_status.h"
#include "src/table/folder_key.h"
#include "src/table/types.h"

namespace soteria::worker {
namespace {

constexpr uint64_t kTextCopies = 2;  // the text in its columns, and one chunk more of them
constexpr char kPartColumn[] = "part";

/// A tree's file as it is read from front to back.
class PlainFile : public base::ReadableFile {
 public:
  PlainFile(std::shared_ptr<arrow::io::RandomAccessFile> file, uint64_t size)
      : file_(std::move(file)), size_(size) {}
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    const uint64_t bytes = std::min<uint64_t>(out.size(), size_ - std::min(size_, offset));
    if (bytes == 0) return size_t{0};
    SOTERIA_ARROW_ASSIGN(
        const int64_t read,
        file_->ReadAt(static_cast<int64_t>(offset), static_cast<int64_t>(bytes), out.data()));
    return static_cast<size_t>(read);
  }
  uint64_t size() const override { return size_; }

 private:
  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  const uint64_t size_;
};

/// One row: a file's part of a schema.
base::StatusOr<std::shared_ptr<arrow::Table>> PartTable(const std::string& part) {
  arrow::BinaryBuilder builder;
  SOTERIA_ARROW_RETURN(builder.Append(part));
  std::shared_ptr<arrow::Array> column;
  SOTERIA_ARROW_RETURN(builder.Finish(&column));
  return arrow::Table::Make(arrow::schema({arrow::field(kPartColumn, arrow::binary())}), {column});
}

base::StatusOr<std::string> TextBytes(const arrow::Table& table) {
  if (table.num_columns() != 1 || table.column(0)->type()->id() != arrow::Type::STRING) {
    return base::Fail(base::kAnalysis, "a text file is written from one string column");
  }
  std::string text;
  for (const auto& chunk : table.column(0)->chunks()) {
    const auto& lines = static_cast<const arrow::StringArray&>(*chunk);
    for (int64_t i = 0; i < lines.length(); ++i) {
      if (lines.IsValid(i)) text += lines.GetView(i);
      text += '\n';
    }
  }
  return text;
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
                                                              const std::string& file) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, tree.PlainBytes(file));
  SOTERIA_ASSIGN_OR_RETURN(auto opened, tree.OpenFile(file));
  return std::make_unique<PlainFile>(std::move(opened), size);
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadPart(const storage::Tree& tree,
                                                       const dataflow::TreeSource& source,
                                                       const std::string& file) {
  SOTERIA_ASSIGN_OR_RETURN(const formats::Pass pass, formats::DecodePass(source.pass));
  SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<base::ReadableFile> plain, OpenPlain(tree, file));
  SOTERIA_ASSIGN_OR_RETURN(const std::string part, formats::PartOf(*plain, pass));
  return PartTable(part);
}

std::string PartName(const dataflow::WriteTarget& target, uint64_t partition) {
  char name[32];
  std::snprintf(name, sizeof(name), "part-%05llu",
                static_cast<unsigned long long>(target.first_file + partition));
  const char* suffix = target.format == "text" ? ".txt" : ".parquet";
  return base::Cat(target.directory, target.directory.empty() ? "" : "/", name, suffix);
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

base::StatusOr<std::shared_ptr<arrow::Table>> Sources::Read(const dataflow::DatasetSource& source,
                                                            uint64_t partitions, uint64_t partition,
                                                            const storage::Admit& admit) {
  SOTERIA_ASSIGN_OR_RETURN(const RootPtr root, Open(source.root, source.id, source.version,
                                                    source.index, storage::RootKind::kDataSet));
  if (root->index.index.files.size() != partitions) {
    return base::Fail(base::kIntegrity, "the index has another number of files than the recipe");
  }
  std::optional<std::vector<std::string>> columns;
  if (!source.columns.empty()) columns = source.columns;
  return storage::ReadDatasetFile(files_, source.root, root->index.index, partition, root->key,
                                  columns, admit);
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
  if (!source.pass.empty()) return ReadPart(*root->tree, source, file);
  if (source.schema.empty()) return base::Fail(base::kProtocol, "a file is read without a schema");
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, table::SchemaFromSparkJson(source.schema));
  const std::shared_ptr<arrow::Schema> own = WithoutKeys(*schema, source.keys);
  std::shared_ptr<arrow::Table> rows;
  if (source.format == "parquet") {
    SOTERIA_ASSIGN_OR_RETURN(rows, root->tree->ReadParquetAs(file, *own, admit));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<base::ReadableFile> plain,
                             OpenPlain(*root->tree, file));
    if (admit != nullptr) SOTERIA_RETURN_IF_ERROR(admit(kTextCopies * plain->size()));
    SOTERIA_ASSIGN_OR_RETURN(rows, formats::ReadFile(*plain, source.format, source.options, *own));
  }
  if (source.keys.empty()) return rows;
  return WithKeys(*rows, *schema, source, partition);
}

base::StatusOr<std::string> Sources::Write(const dataflow::WriteTarget& target, uint64_t partition,
                                           const arrow::Table& table) {
  std::string bytes;
  if (target.format == "parquet") {
    SOTERIA_ASSIGN_OR_RETURN(bytes, storage::ParquetBytes(table));
  } else if (target.format == "text") {
    SOTERIA_ASSIGN_OR_RETURN(bytes, TextBytes(table));
  } else {
    return base::Fail(base::kProtocol, "unknown format of a write");
  }
  std::optional<crypto::Secret> key;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret* known, KeyOf(target.id));
    key = known->Clone();
  }
  SOTERIA_ASSIGN_OR_RETURN(const storage::FileEntry entry,
                           storage::Tree::WriteFile(files_, random_, target.root, *key, target.id,
                                                    PartName(target, partition), bytes,
                                                    static_cast<uint64_t>(table.num_rows())));
  return storage::EncodeFileEntry(entry);
}

}  // namespace soteria::worker
