#include <utility>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/aead.h"
#include "src/crypto/hash.h"
#include "src/storage/arrow_io.h"
#include "src/storage/dataset.h"
#include "src/storage/dataset_key.h"
#include "src/storage/parquet_file.h"
#include "src/table/conform.h"
#include "src/table/types.h"

namespace soteria::storage {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr size_t kFirstReadBytes = 64 << 10;

// I9: exactly the size that the index says (base opens no other), then the footer's hash, before
// anything of the file is interpreted.
StatusOr<std::shared_ptr<TailedSource>> OpenVerified(base::Files& files, const std::string& root,
                                                     const FileEntry& entry) {
  StatusOr<std::unique_ptr<base::ReadableFile>> opened = files.Open(root, entry.object, entry.size);
  if (!opened.ok()) {
    if (!base::Is(opened.status(), base::kPathNotFound)) return opened.status();
    return base::Fail(base::kIntegrity, "a file that the index names is missing");
  }
  base::ReadableFile& file = **opened;
  if (file.size() != entry.size) return base::Fail(base::kIntegrity, "a file has another size");
  std::string tail(std::min<uint64_t>(entry.size, kFirstReadBytes), '\0');
  SOTERIA_RETURN_IF_ERROR(ReadExactly(file, entry.size - tail.size(), tail));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t tail_bytes, TailBytes(tail, entry.size));
  if (tail_bytes <= tail.size()) {
    tail.erase(0, tail.size() - tail_bytes);
  } else {
    std::string more(tail_bytes - tail.size(), '\0');
    SOTERIA_RETURN_IF_ERROR(ReadExactly(file, entry.size - tail_bytes, more));
    tail.insert(0, more);
  }
  if (crypto::Sha256(tail) != entry.check) {
    return base::Fail(base::kIntegrity, "a file's footer isn't the one that the index names");
  }
  return std::make_shared<TailedSource>(std::move(opened).value(), std::move(tail));
}

StatusOr<ParquetFile> OpenEntry(base::Files& files, const std::string& root, const Index& index,
                                const FileEntry& entry, const crypto::Secret& key) {
  SOTERIA_ASSIGN_OR_RETURN(auto source, OpenVerified(files, root, entry));
  SOTERIA_ASSIGN_OR_RETURN(const crypto::Secret file_key,
                           crypto::UnwrapSecret(key, entry.wrapped_key, index.id));
  SOTERIA_ASSIGN_OR_RETURN(
      ParquetFile file,
      ParquetFile::Open(std::move(source), DecryptionFor(index.id, entry.file_id, file_key),
                        FetchFor(root), base::kIntegrity));
  if (file.rows() != static_cast<int64_t>(entry.rows)) {
    return base::Fail(base::kIntegrity, "a file has another number of rows than the index says");
  }
  return file;
}

Status InFile(const Status& status, const std::string& name) {
  if (status.ok() || base::Is(status, base::kUnresolvedColumn)) return status;
  return base::WithContext(status, name);
}

}  // namespace

StatusOr<std::shared_ptr<arrow::Schema>> SchemaOf(const Index& index) {
  if (index.kind != RootKind::kDataSet) {
    return base::Fail(base::kIntegrity, "a tree has no schema of its own");
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, table::SchemaFromSparkJson(index.schema_json));
  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) fields.push_back(table::Nullable(field));
  return arrow::schema(std::move(fields));
}

DatasetFile::DatasetFile(std::unique_ptr<ParquetFile> file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {}
DatasetFile::DatasetFile(DatasetFile&&) noexcept = default;
DatasetFile& DatasetFile::operator=(DatasetFile&&) noexcept = default;
DatasetFile::~DatasetFile() = default;

StatusOr<DatasetFile> DatasetFile::Open(base::Files& files, const std::string& root,
                                        const Index& index, size_t file,
                                        const crypto::Secret& key) {
  if (index.kind != RootKind::kDataSet || file >= index.files.size()) {
    return base::Fail(base::kIntegrity, "the index names no such file");
  }
  std::string name = Cat("data set ", base::Hex(index.id), ", file ", file);
  auto opened = OpenEntry(files, root, index, index.files[file], key);
  if (!opened.ok()) return InFile(opened.status(), name);
  return DatasetFile(std::make_unique<ParquetFile>(*std::move(opened)), std::move(name));
}

StatusOr<std::shared_ptr<arrow::Table>> DatasetFile::Read(
    const std::optional<std::vector<std::string>>& columns, const Admit& admit) {
  const auto read = [&]() -> StatusOr<std::shared_ptr<arrow::Table>> {
    if (admit != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t bytes, file_->ReadBytes(columns));
      SOTERIA_RETURN_IF_ERROR(admit(bytes));
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto rows, file_->Read(columns, std::nullopt));
    return table::NullableColumns(rows);
  };
  auto table = read();
  if (!table.ok()) return InFile(table.status(), name_);
  return table;
}

StatusOr<std::shared_ptr<arrow::Table>> ReadDatasetFile(
    base::Files& files, const std::string& root, const Index& index, size_t file,
    const crypto::Secret& key, const std::optional<std::vector<std::string>>& columns,
    const Admit& admit) {
  SOTERIA_ASSIGN_OR_RETURN(DatasetFile opened, DatasetFile::Open(files, root, index, file, key));
  return opened.Read(columns, admit);
}

}  // namespace soteria::storage
