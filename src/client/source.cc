#include "src/client/source.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <span>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/file_kind.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/formats/csv_put.h"
#include "src/storage/parquet.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::client {
namespace {

constexpr std::string_view kParquetMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
constexpr size_t kShownBytesMax = 300;  // of columns that differ, in an error

base::StatusOr<std::string> HeadOf(base::ReadableFile& file) {
  std::string head(kFileHeadBytes, '\0');
  size_t got = 0;
  while (got < head.size()) {
    SOTERIA_ASSIGN_OR_RETURN(size_t more, file.ReadAt(got, std::span(head).subspan(got)));
    if (more == 0) break;
    got += more;
  }
  head.resize(got);
  return head;
}

// Counts what is read, for the progress line: a CSV file is read front to back once a pass.
class CountingFile : public base::ReadableFile {
 public:
  explicit CountingFile(std::unique_ptr<base::ReadableFile> file) : file_(std::move(file)) {}
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    base::StatusOr<size_t> got = file_->ReadAt(offset, out);
    if (got.ok()) position_ = offset + *got;
    return got;
  }
  uint64_t size() const override { return file_->size(); }
  uint64_t position() const { return position_; }

 private:
  std::unique_ptr<base::ReadableFile> file_;
  uint64_t position_ = 0;
};

class CsvSource : public TableSource {
 public:
  static base::StatusOr<std::unique_ptr<TableSource>> Open(
      std::string path, std::unique_ptr<base::ReadableFile> file,
      const std::optional<std::string>& schema_ddl) {
    auto source = std::make_unique<CsvSource>();
    source->path_ = std::move(path);
    source->file_ = std::make_unique<CountingFile>(std::move(file));
    if (schema_ddl.has_value()) {
      base::StatusOr<std::shared_ptr<arrow::Schema>> schema = table::SchemaFromDdl(*schema_ddl);
      if (!schema.ok()) return base::WithContext(schema.status(), "--schema");
      source->options_.schema = *std::move(schema);
    } else {
      auto inferred = formats::InferPutCsvSchema(*source->file_, source->options_);
      if (!inferred.ok()) return base::WithContext(inferred.status(), source->path_);
      source->options_.schema = *std::move(inferred);
    }
    SOTERIA_RETURN_IF_ERROR(source->Rewind());
    return std::unique_ptr<TableSource>(std::move(source));
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return reader_->schema(); }

  base::StatusOr<std::shared_ptr<arrow::Table>> Next() override {
    base::StatusOr<std::shared_ptr<arrow::RecordBatch>> batch = reader_->Next();
    if (!batch.ok()) return base::WithContext(batch.status(), path_);
    if (*batch == nullptr) return std::shared_ptr<arrow::Table>();
    SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Table> rows,
                         arrow::Table::FromRecordBatches({*batch}));
    return rows;
  }

  base::StatusOr<uint64_t> CountRows() override {
    uint64_t rows = 0;
    while (true) {
      SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Table> next, Next());
      if (next == nullptr) break;
      rows += static_cast<uint64_t>(next->num_rows());
    }
    SOTERIA_RETURN_IF_ERROR(Rewind());
    return rows;
  }

  uint64_t bytes_total() const override { return file_->size(); }
  uint64_t bytes_done() const override { return file_->position(); }

 private:
  base::Status Rewind() {
    base::StatusOr<std::unique_ptr<formats::PutCsvReader>> reader =
        formats::PutCsvReader::Open(*file_, options_);
    if (!reader.ok()) return base::WithContext(reader.status(), path_);
    reader_ = *std::move(reader);
    return base::OkStatus();
  }

  std::string path_;
  std::unique_ptr<CountingFile> file_;
  formats::PutCsvOptions options_;
  std::unique_ptr<formats::PutCsvReader> reader_;
};

// How the columns of `b` aren't those of `a`; "" when they are.
std::string ColumnsThatDiffer(const arrow::Schema& a, const arrow::Schema& b) {
  std::string differ;
  auto add = [&differ](std::string_view what) {
    differ += base::Cat(differ.empty() ? "" : ", ", what);
  };
  for (const auto& field : a.fields()) {
    const std::shared_ptr<arrow::Field> same = b.GetFieldByName(field->name());
    if (same == nullptr) {
      add(base::Cat("no '", field->name(), "'"));
    } else if (!field->type()->Equals(*same->type()) ||
               table::UdtOf(*field) != table::UdtOf(*same)) {
      add(base::Cat("'", field->name(), "' as ", table::TypeName(*same), ", not ",
                    table::TypeName(*field)));
    }
    if (differ.size() > kShownBytesMax) return differ + " ...";
  }
  for (const auto& field : b.fields()) {
    if (a.GetFieldByName(field->name()) == nullptr) add(base::Cat("'", field->name(), "' besides"));
    if (differ.size() > kShownBytesMax) return differ + " ...";
  }
  for (int i = 0; differ.empty() && i < a.num_fields(); ++i) {
    if (a.field(i)->name() != b.field(i)->name()) add("the same columns in another order");
  }
  return differ;
}

// Columns of several files: a column is nullable when it is in any of them.
std::shared_ptr<arrow::Schema> WithNullability(const arrow::Schema& a, const arrow::Schema& b) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (int i = 0; i < a.num_fields(); ++i) {
    fields.push_back(a.field(i)->WithNullable(a.field(i)->nullable() || b.field(i)->nullable()));
  }
  return arrow::schema(std::move(fields));
}

class ParquetSource : public TableSource {
 public:
  struct File {
    std::string path;
    std::unique_ptr<base::ReadableFile> file;
    std::unique_ptr<storage::PlainParquetReader> reader;
  };

  static base::StatusOr<std::unique_ptr<TableSource>> Open(base::Files& files,
                                                           std::vector<std::string> paths) {
    auto source = std::make_unique<ParquetSource>();
    source->files_ = &files;
    source->paths_ = std::move(paths);
    for (size_t i = 0; i < source->paths_.size(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(File file, source->OpenFile(i));
      const arrow::Schema& here = *file.reader->schema();
      if (i == 0) {
        source->schema_ = WithNullability(here, here);
      } else {
        const std::string differ = ColumnsThatDiffer(*source->schema_, here);
        if (!differ.empty()) {
          return base::Fail(
              base::kInput,
              base::Cat(file.path, " has other columns than ", source->paths_[0], ": ", differ,
                        "; the files of one data set must agree (--tree keeps the "
                        "folder as it is, and read.parquet takes the columns of its "
                        "first file, as Spark does)"));
        }
        source->schema_ = WithNullability(*source->schema_, here);
      }
      source->rows_ += static_cast<uint64_t>(file.reader->rows());
      source->bytes_total_ += file.file->size();
    }
    return std::unique_ptr<TableSource>(std::move(source));
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  base::StatusOr<std::shared_ptr<arrow::Table>> Next() override {
    while (true) {
      if (current_.reader == nullptr) {
        if (next_ == paths_.size()) return std::shared_ptr<arrow::Table>();
        SOTERIA_ASSIGN_OR_RETURN(current_, OpenFile(next_++));
      }
      auto rows = current_.reader->Next();
      if (!rows.ok()) return base::WithContext(rows.status(), current_.path);
      if (*rows != nullptr) return Under(**rows);
      bytes_done_ += current_.file->size();
      current_ = File();
    }
  }

  base::StatusOr<uint64_t> CountRows() override { return rows_; }
  uint64_t bytes_total() const override { return bytes_total_; }
  uint64_t bytes_done() const override { return bytes_done_; }

 private:
  base::StatusOr<File> OpenFile(size_t number) const {
    File file;
    file.path = paths_[number];
    auto [folder, name] = SplitPath(file.path);
    SOTERIA_ASSIGN_OR_RETURN(file.file, files_->Open(folder, name, std::nullopt));
    auto reader = storage::PlainParquetReader::Open(*file.file);
    if (!reader.ok()) {
      SOTERIA_ASSIGN_OR_RETURN(std::string head, HeadOf(*file.file));
      std::optional<FileKind> other = KindOfBytes(head);
      if (!other.has_value()) other = KindOfText(head, head.size() == file.file->size());
      if (other.has_value()) return base::Fail(base::kInput, NotATable(file.path, *other));
      return base::WithContext(reader.status(), file.path);
    }
    file.reader = *std::move(reader);
    return file;
  }

  base::StatusOr<std::shared_ptr<arrow::Table>> Under(const arrow::Table& rows) const {
    return arrow::Table::Make(schema_, rows.columns(), rows.num_rows());
  }

  base::Files* files_ = nullptr;
  std::vector<std::string> paths_;
  std::shared_ptr<arrow::Schema> schema_;
  uint64_t rows_ = 0;
  uint64_t bytes_total_ = 0;
  uint64_t bytes_done_ = 0;
  size_t next_ = 0;
  File current_;
};

}  // namespace

base::StatusOr<std::unique_ptr<TableSource>> OpenTableSource(
    base::Files& files, const std::string& path, const std::optional<std::string>& schema_ddl) {
  SOTERIA_ASSIGN_OR_RETURN(std::string real, ResolvePlainPath(path));
  PathKind kind = KindOf(real);
  auto refuse_schema = [&schema_ddl, &path]() -> base::Status {
    if (!schema_ddl.has_value()) return base::OkStatus();
    return base::Fail(base::kInput,
                      base::Cat("--schema is for CSV files; ", path, " has its own schema"));
  };
  if (kind == PathKind::kFolder) {
    SOTERIA_RETURN_IF_ERROR(refuse_schema());
    SOTERIA_ASSIGN_OR_RETURN(std::vector<PlainFile> found, ListParquetFolder(real));
    std::vector<std::string> paths;
    for (const PlainFile& file : found) paths.push_back(base::Cat(real, "/", file.relative));
    return ParquetSource::Open(files, std::move(paths));
  }
  if (kind != PathKind::kFile) {
    return base::Fail(base::kInput, base::Cat(path, " is neither a file nor a folder"));
  }
  auto [folder, name] = SplitPath(real);
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::ReadableFile> file,
                           files.Open(folder, name, std::nullopt));
  SOTERIA_ASSIGN_OR_RETURN(std::string head, HeadOf(*file));
  if (head.starts_with(kEncryptedMagic)) {
    return base::Fail(base::kInput, base::Cat(path,
                                              " is an encrypted Parquet file already; put "
                                              "takes the plain one"));
  }
  if (head.starts_with(kParquetMagic)) {
    SOTERIA_RETURN_IF_ERROR(refuse_schema());
    return ParquetSource::Open(files, {real});
  }
  std::optional<FileKind> other = KindOfBytes(head);
  // With a schema the header has to have its names.
  if (!other.has_value() && !schema_ddl.has_value()) {
    other = KindOfText(head, head.size() == file->size());
  }
  if (other.has_value()) return base::Fail(base::kInput, NotATable(path, *other));
  return CsvSource::Open(path, std::move(file), schema_ddl);
}

}  // namespace soteria::client
