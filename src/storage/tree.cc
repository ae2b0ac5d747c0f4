#include "src/storage/tree.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/storage/arrow_io.h"
#include "src/storage/parquet_file.h"
#include "src/storage/tree_file.h"
#include "src/table/conditions.h"
#include "src/table/conform.h"

namespace soteria::storage {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

// Whether `path` is the folder or below it; the empty folder is the root.
bool IsWithin(std::string_view path, std::string_view folder) {
  if (folder.empty() || path == folder) return true;
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

/// A tree's file as one of base's.
class PlainFile : public base::ReadableFile {
 public:
  PlainFile(std::shared_ptr<arrow::io::RandomAccessFile> file, uint64_t size)
      : file_(std::move(file)), size_(size) {}
  StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    const uint64_t bytes = std::min<uint64_t>(out.size(), size_ - std::min(size_, offset));
    int64_t read = 0;
    SOTERIA_RETURN_IF_ERROR(Guarded(base::kIntegrity, [&]() -> arrow::Status {
      if (bytes == 0) return arrow::Status::OK();
      const auto at = static_cast<int64_t>(offset);
      ARROW_ASSIGN_OR_RAISE(read, file_->ReadAt(at, static_cast<int64_t>(bytes), out.data()));
      return arrow::Status::OK();
    }));
    return static_cast<size_t>(read);
  }
  uint64_t size() const override { return size_; }

 private:
  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  const uint64_t size_;
};

class InMemory : public base::ReadableFile {
 public:
  explicit InMemory(std::string_view bytes) : bytes_(bytes) {}
  StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset >= bytes_.size()) return size_t{0};
    return bytes_.substr(static_cast<size_t>(offset)).copy(out.data(), out.size());
  }
  uint64_t size() const override { return bytes_.size(); }

 private:
  const std::string_view bytes_;
};

}  // namespace

Status InFile(const Status& status, std::string_view relative) {
  for (const base::Condition* condition : {&table::kFailedReadFile, &table::kCannotReadFooter,
                                           &table::kFileTypeMismatch, &base::kInput}) {
    if (!base::Is(status, *condition)) continue;
    return base::FailQuotingData(*condition, Cat("Encountered error while reading file ", relative,
                                                 ". ", base::Message(status)));
  }
  return status;
}

Tree::Tree(base::Files& files, std::string root, crypto::Secret key, OpenedIndex index)
    : files_(&files), root_(std::move(root)), key_(std::move(key)), index_(std::move(index)) {}

Tree Tree::Of(base::Files& files, std::string root, const crypto::Secret& key, OpenedIndex index) {
  return Tree(files, std::move(root), key.Clone(), std::move(index));
}

StatusOr<Tree> Tree::Open(base::Files& files, std::string root, const crypto::Secret& key,
                          std::string_view id) {
  SOTERIA_ASSIGN_OR_RETURN(OpenedIndex index, OpenIndex(files, root, key, id));
  if (index.index.kind != RootKind::kTree) {
    return base::Fail(base::kIntegrity, Cat(root, " is a data set, not a tree"));
  }
  return Of(files, std::move(root), key, std::move(index));
}

StatusOr<Tree> Tree::CreateEmpty(base::Files& files, base::Random& random, std::string root,
                                 const crypto::Secret& key, std::string_view id,
                                 std::vector<std::string> tee_kinds) {
  Index index;
  index.kind = RootKind::kTree;
  index.id = std::string(id);
  std::sort(tee_kinds.begin(), tee_kinds.end());
  index.tee_kinds = std::move(tee_kinds);
  SOTERIA_ASSIGN_OR_RETURN(OpenedIndex opened,
                           PublishIndex(files, random, root, key, std::move(index), nullptr));
  return Of(files, std::move(root), key, std::move(opened));
}

StatusOr<FileEntry> Tree::WriteFile(base::Files& files, base::Random& random,
                                    const std::string& root, const crypto::Secret& key,
                                    std::string_view id, const std::string& relative,
                                    std::string_view bytes, uint64_t rows) {
  InMemory plain(bytes);
  return WriteFile(files, random, root, key, id, relative, plain, rows);
}

StatusOr<FileEntry> Tree::WriteFile(base::Files& files, base::Random& random,
                                    const std::string& root, const crypto::Secret& key,
                                    std::string_view id, const std::string& relative,
                                    base::ReadableFile& plain, uint64_t rows) {
  if (!ValidRelativePath(relative)) {
    return base::Fail(base::kInput, Cat("a tree can't hold a file of this name: ", relative));
  }
  SOTERIA_ASSIGN_OR_RETURN(FileEntry entry, WriteTreeObject(files, random, root, id, key, plain));
  entry.name = relative;
  entry.rows = rows;
  return entry;
}

const FileEntry* Tree::Find(std::string_view relative) const {
  const std::vector<FileEntry>& files = index_.index.files;
  const auto place = std::lower_bound(
      files.begin(), files.end(), relative,
      [](const FileEntry& entry, std::string_view name) { return entry.name < name; });
  return place != files.end() && place->name == relative ? &*place : nullptr;
}

std::vector<std::string> Tree::List(std::string_view folder) const {
  std::vector<std::string> names;
  for (const FileEntry& file : index_.index.files) {
    if (IsWithin(file.name, folder)) names.push_back(file.name);
  }
  return names;
}

bool Tree::Exists(std::string_view path) const {
  return path.empty() ||
         std::any_of(index_.index.files.begin(), index_.index.files.end(),
                     [path](const FileEntry& file) { return IsWithin(file.name, path); });
}

StatusOr<std::shared_ptr<arrow::io::RandomAccessFile>> Tree::OpenFile(
    std::string_view relative) const {
  const FileEntry* entry = Find(relative);
  if (entry == nullptr) {
    return base::Fail(base::kPathNotFound, Cat("Path does not exist: ", root_, "/", relative));
  }
  StatusOr<std::shared_ptr<TreeSource>> source =
      TreeSource::Open(*files_, root_, index_.index.id, *entry, key_);
  if (!source.ok()) return base::WithContext(source.status(), relative);
  return std::shared_ptr<arrow::io::RandomAccessFile>(std::move(source).value());
}

StatusOr<std::unique_ptr<base::ReadableFile>> Tree::OpenPlain(std::string_view relative) const {
  SOTERIA_ASSIGN_OR_RETURN(auto file, OpenFile(relative));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, PlainBytes(relative));
  return std::unique_ptr<base::ReadableFile>(std::make_unique<PlainFile>(std::move(file), size));
}

StatusOr<std::string> Tree::Read(std::string_view relative, uint64_t bytes_max) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto source, OpenFile(relative));
  std::string out;
  SOTERIA_RETURN_IF_ERROR(Guarded(base::kIntegrity, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const int64_t size, source->GetSize());
    if (static_cast<uint64_t>(size) > bytes_max) {
      return ToArrow(
          base::Fail(base::kInput, Cat(relative, " has more than ", bytes_max, " bytes")));
    }
    out.resize(static_cast<size_t>(size));
    return source->ReadAt(0, size, out.data()).status();
  }));
  return out;
}

StatusOr<std::shared_ptr<arrow::Table>> Tree::ReadParquet(
    std::string_view relative, const std::optional<std::vector<std::string>>& columns,
    const Admit& admit) const {
  SOTERIA_ASSIGN_OR_RETURN(auto source, OpenFile(relative));
  SOTERIA_ASSIGN_OR_RETURN(ParquetFile file, ParquetFile::Open(std::move(source), nullptr,
                                                               FetchFor(root_), base::kInput));
  if (admit != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t bytes, file.ReadBytes(columns));
    SOTERIA_RETURN_IF_ERROR(admit(bytes));
  }
  return file.ReadNormal(columns, std::nullopt);
}

StatusOr<std::shared_ptr<arrow::Table>> Tree::ReadParquetAs(std::string_view relative,
                                                            const arrow::Schema& wanted,
                                                            const Admit& admit) const {
  const auto read = [&]() -> StatusOr<std::shared_ptr<arrow::Table>> {
    SOTERIA_ASSIGN_OR_RETURN(auto source, OpenFile(relative));
    SOTERIA_ASSIGN_OR_RETURN(
        ParquetFile file,
        ParquetFile::Open(std::move(source), nullptr, FetchFor(root_), table::kFailedReadFile));
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> columns,
                             table::ColumnsFor(wanted, *file.schema()));
    if (admit != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t bytes, file.ReadBytes(columns));
      SOTERIA_RETURN_IF_ERROR(admit(bytes));
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto rows, file.ReadNormal(columns, std::nullopt));
    return table::Conform(*rows, wanted);
  };
  auto rows = read();
  return rows.ok() ? std::move(rows) : InFile(rows.status(), relative);
}

StatusOr<uint64_t> Tree::PlainBytes(std::string_view relative) const {
  const FileEntry* entry = Find(relative);
  if (entry == nullptr) {
    return base::Fail(base::kPathNotFound, Cat("Path does not exist: ", root_, "/", relative));
  }
  return PlainTreeBytes(entry->size);
}

StatusOr<std::shared_ptr<arrow::Schema>> Tree::ParquetSchema(std::string_view relative) const {
  const auto read = [&]() -> StatusOr<std::shared_ptr<arrow::Schema>> {
    SOTERIA_ASSIGN_OR_RETURN(auto source, OpenFile(relative));
    SOTERIA_ASSIGN_OR_RETURN(
        ParquetFile file,
        ParquetFile::Open(std::move(source), nullptr, FetchFor(root_), table::kCannotReadFooter));
    // Of no row group: an empty table in our vocabulary.
    SOTERIA_ASSIGN_OR_RETURN(const auto none, file.ReadNormal(std::nullopt, file.row_groups()));
    return none->schema();
  };
  auto schema = read();
  return schema.ok() ? std::move(schema) : InFile(schema.status(), relative);
}

StatusOr<OpenedIndex> Tree::Publish(base::Random& random, std::vector<FileEntry> added,
                                    const std::vector<std::string>& removed) {
  std::map<std::string, FileEntry> files;
  for (const FileEntry& file : index_.index.files) {
    const bool gone =
        std::any_of(removed.begin(), removed.end(),
                    [&file](const std::string& folder) { return IsWithin(file.name, folder); });
    if (!gone) files.emplace(file.name, file);
  }
  std::vector<std::string> names;
  for (FileEntry& file : added) {
    names.push_back(file.name);
    files.insert_or_assign(names.back(), std::move(file));
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return base::Fail(base::kInput, "two new files of one name");
  }
  Index next = index_.index;
  next.files.clear();
  for (auto& [name, file] : files) next.files.push_back(std::move(file));
  SOTERIA_ASSIGN_OR_RETURN(index_,
                           PublishIndex(*files_, random, root_, key_, std::move(next), &index_));
  return index_;
}

}  // namespace soteria::storage
