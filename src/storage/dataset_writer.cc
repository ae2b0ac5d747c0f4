#include <algorithm>
#include <array>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/util/byte_size.h"
#include "arrow/util/key_value_metadata.h"
#include "parquet/arrow/writer.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/aead.h"
#include "src/crypto/hash.h"
#include "src/storage/arrow_io.h"
#include "src/storage/dataset.h"
#include "src/storage/dataset_key.h"
#include "src/storage/object.h"
#include "src/storage/parquet_file.h"
#include "src/table/interval.h"
#include "src/table/types.h"

namespace soteria::storage {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

arrow::Compression::type CodecOf(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return arrow::Compression::UNCOMPRESSED;
    case Compression::kSnappy:
      return arrow::Compression::SNAPPY;
    case Compression::kZstd:
      break;
  }
  return arrow::Compression::ZSTD;
}

// One file while it is written.
struct OpenFile {
  FileEntry entry;
  std::shared_ptr<FileSink> sink;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
};

class Writer : public DatasetWriter {
 public:
  Writer(base::Files& files, base::Random& random, std::string root, std::string id,
         crypto::Secret key, std::shared_ptr<arrow::Schema> schema, std::string schema_json,
         DatasetOptions options)
      : files_(files),
        random_(random),
        root_(std::move(root)),
        id_(std::move(id)),
        key_(std::move(key)),
        schema_(std::move(schema)),
        schema_json_(std::move(schema_json)),
        options_(std::move(options)) {}

  ~Writer() override {
    if (published_) return;
    file_.reset();
    RemoveUnpublished(files_, root_, key_, id_, objects_);
  }

  Status Write(const arrow::Table& table) override {
    if (failed_ || published_) return base::Fail(base::kInternal, "the writer is done");
    if (!table.schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return base::Fail(base::kInput, "rows of another schema than the data set's");
    }
    const Status status = Take(table);
    failed_ = !status.ok();
    return status;
  }

  Status Write(const arrow::RecordBatch& batch) override {
    return Write(*arrow::Table::Make(batch.schema(), batch.columns(), batch.num_rows()));
  }

  StatusOr<OpenedIndex> Publish(const OpenedIndex* replaced) override {
    if (failed_ || published_) return base::Fail(base::kInternal, "the writer is done");
    failed_ = true;
    SOTERIA_RETURN_IF_ERROR(FlushGroup());
    if (entries_.empty() && !file_.has_value()) SOTERIA_RETURN_IF_ERROR(BeginFile());
    SOTERIA_RETURN_IF_ERROR(EndFile());
    Index next;
    next.kind = RootKind::kDataSet;
    next.id = id_;
    next.schema_json = schema_json_;
    next.tee_kinds = options_.tee_kinds;
    next.files = entries_;
    StatusOr<OpenedIndex> opened =
        PublishIndex(files_, random_, root_, key_, std::move(next), replaced);
    published_ = opened.ok();
    return opened;
  }

 private:
  // Cuts the rows into row groups and files.
  Status Take(const arrow::Table& table) {
    if (table.num_rows() == 0) return base::OkStatus();
    const int64_t row_bytes =
        std::max<int64_t>(1, arrow::util::TotalBufferSize(table) / table.num_rows());
    const int64_t group_rows = std::clamp<int64_t>(
        static_cast<int64_t>(options_.row_group_bytes) / row_bytes, 1, kRowGroupRowsMax);
    for (int64_t at = 0; at < table.num_rows();) {
      int64_t rows =
          std::min(table.num_rows() - at, std::max<int64_t>(1, group_rows - waiting_rows_));
      if (options_.rows_per_file.has_value()) rows = std::min(rows, RoomOfFile());
      waiting_.push_back(table.Slice(at, rows));
      waiting_rows_ += rows;
      at += rows;
      const bool file_full = options_.rows_per_file.has_value() && RoomOfFile() == 0;
      if (file_full || waiting_rows_ >= group_rows) SOTERIA_RETURN_IF_ERROR(FlushGroup());
      if (file_full || BytesReached()) SOTERIA_RETURN_IF_ERROR(EndFile());
    }
    return base::OkStatus();
  }

  int64_t RoomOfFile() const {
    const uint64_t written = file_.has_value() ? file_->entry.rows : 0;
    return static_cast<int64_t>(*options_.rows_per_file - written) - waiting_rows_;
  }

  bool BytesReached() const {
    return !options_.rows_per_file.has_value() && file_.has_value() &&
           file_->sink->size() >= options_.file_bytes_max;
  }

  Status FlushGroup() {
    if (waiting_.empty()) return base::OkStatus();
    if (!file_.has_value()) SOTERIA_RETURN_IF_ERROR(BeginFile());
    SOTERIA_RETURN_IF_ERROR(Guarded(base::kInput, [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const auto group, arrow::ConcatenateTables(waiting_));
      return file_->writer->WriteTable(*table::IntervalsAsNumbers(*group), kRowGroupRowsMax);
    }));
    file_->entry.rows += static_cast<uint64_t>(waiting_rows_);
    waiting_.clear();
    waiting_rows_ = 0;
    return base::OkStatus();
  }

  Status BeginFile() {
    if (entries_.size() >= kFilesMax) return base::Fail(base::kInput, "too many files");
    SOTERIA_ASSIGN_OR_RETURN(NewObject object,
                             CreateObject(files_, random_, root_, key_, ".parquet"));
    objects_.push_back(object.name);
    SOTERIA_ASSIGN_OR_RETURN(object.wrapped_key,
                             crypto::WrapSecret(key_, object.file_key, id_, random_));
    std::string number = Cat(entries_.size());
    number.insert(0, number.size() < 5 ? 5 - number.size() : 0, '0');
    OpenFile file;
    file.entry.name = Cat("part-", number);
    file.entry.object = object.name;
    file.entry.file_id = object.file_id;
    file.entry.wrapped_key = object.wrapped_key;
    file.sink = std::make_shared<FileSink>(std::move(object.file));
    const Status opened = Guarded(base::kInput, [&]() -> arrow::Status {
      parquet::ArrowWriterProperties::Builder arrow_properties;
      arrow_properties.store_schema();
      ARROW_ASSIGN_OR_RAISE(
          file.writer,
          parquet::arrow::FileWriter::Open(
              *table::IntervalsAsNumbers(*schema_), arrow::default_memory_pool(), file.sink,
              WriterPropertiesFor(
                  *schema_, CodecOf(options_.compression),
                  EncryptionFor(id_, object.file_id, object.file_key, object.wrapped_key)),
              arrow_properties.build()));
      return file.writer->AddKeyValueMetadata(arrow::key_value_metadata(
          {kSparkVersionKey, kSparkRowMetadata}, {kSparkVersion, schema_json_}));
    });
    file_ = std::move(file);
    return opened;
  }

  // The footer's hash is taken from what was written, not from what storage says was written.
  Status EndFile() {
    if (!file_.has_value()) return base::OkStatus();
    OpenFile& file = *file_;
    file.sink->KeepTail();
    SOTERIA_RETURN_IF_ERROR(
        Guarded(base::kInput, [&]() -> arrow::Status { return file.writer->Close(); }));
    SOTERIA_RETURN_IF_ERROR(file.sink->Sync());
    SOTERIA_RETURN_IF_ERROR(
        Guarded(base::kIo, [&]() -> arrow::Status { return file.sink->Close(); }));
    const std::string_view written = file.sink->tail();
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t tail, TailBytes(written, written.size()));
    file.entry.size = file.sink->size();
    file.entry.check = crypto::Sha256(written.substr(written.size() - tail));
    entries_.push_back(std::move(file.entry));
    file_.reset();
    return base::OkStatus();
  }

  base::Files& files_;
  base::Random& random_;
  const std::string root_;
  const std::string id_;
  const crypto::Secret key_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::string schema_json_;
  const DatasetOptions options_;
  std::vector<std::shared_ptr<arrow::Table>> waiting_;
  int64_t waiting_rows_ = 0;
  std::optional<OpenFile> file_;
  std::vector<FileEntry> entries_;
  std::vector<std::string> objects_;  // that were made
  bool failed_ = false;
  bool published_ = false;
};

}  // namespace

StatusOr<std::unique_ptr<DatasetWriter>> DatasetWriter::Create(
    base::Files& files, base::Random& random, std::string root, std::string id,
    const crypto::Secret& key, std::shared_ptr<arrow::Schema> schema, DatasetOptions options) {
  if (id.size() != kIdBytes) return base::Fail(base::kInput, "a data set's id has 16 bytes");
  if (options.rows_per_file.has_value() && *options.rows_per_file == 0) {
    return base::Fail(base::kInput, "a file has one row at least");
  }
  if (options.row_group_bytes == 0 || options.row_group_bytes > kRowGroupBytesMax) {
    return base::Fail(base::kInput, "size of a row group");
  }
  for (const auto& field : schema->fields()) {
    if (schema->GetAllFieldIndices(field->name()).size() != 1) {
      return base::FailQuotingData(base::kInput, Cat("two columns are named ", field->name()));
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(std::string json, table::SparkSchemaJson(*schema));
  std::sort(options.tee_kinds.begin(), options.tee_kinds.end());
  // Only the fields' own metadata is kept: a schema's (pandas) may hold anything.
  return std::make_unique<Writer>(files, random, std::move(root), std::move(id), key.Clone(),
                                  schema->RemoveMetadata()->WithMetadata(nullptr), std::move(json),
                                  std::move(options));
}

}  // namespace soteria::storage
