#include "src/table/ipc.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/align_util.h>
#include <arrow/util/key_value_metadata.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/held_bytes.h"
#include "src/table/interval.h"
#include "src/table/types.h"
#include "src/table/validate.h"

namespace soteria::table {
namespace {

/// Appends to a string, so that a stream is written once.
class StringOutput : public arrow::io::OutputStream {
 public:
  explicit StringOutput(std::string* out) : out_(out) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(out_->size()); }
  arrow::Status Write(const void* data, int64_t bytes) override {
    out_->append(static_cast<const char*>(data), static_cast<size_t>(bytes));
    return arrow::Status::OK();
  }
  using arrow::io::OutputStream::Write;

 private:
  std::string* out_;
  bool closed_ = false;
};

/// Of the schema: what Arrow doesn't know of the types of intervals.
constexpr char kIntervals[] = "soteria.intervals";

std::shared_ptr<arrow::Schema> SchemaOfStream(const std::shared_ptr<arrow::Schema>& schema) {
  const std::string intervals = IntervalsOf(*schema);
  if (intervals.empty()) return schema;
  auto metadata = schema->metadata() == nullptr ? std::make_shared<arrow::KeyValueMetadata>()
                                                : schema->metadata()->Copy();
  metadata->Append(kIntervals, intervals);
  return schema->WithMetadata(std::move(metadata));
}

/// The table as it was before it became a stream.
base::StatusOr<std::shared_ptr<arrow::Table>> AsWritten(std::shared_ptr<arrow::Table> table) {
  const auto& metadata = table->schema()->metadata();
  const int at = metadata == nullptr ? -1 : metadata->FindKey(kIntervals);
  if (at < 0) return table;
  const std::string intervals = metadata->value(at);
  auto others = metadata->Copy();
  SOTERIA_ARROW_RETURN(others->Delete(at));
  if (others->size() == 0) others = nullptr;
  return WithIntervals(table->ReplaceSchemaMetadata(others), intervals);
}

base::Status Malformed(const arrow::Status& status) {
  if (status.IsOutOfMemory()) return base::Fail(base::kMemoryLimit, "IPC stream: out of memory");
  return base::FailQuotingData(base::kInput, base::Cat("Not an Arrow stream: ", status.message()));
}

}  // namespace

base::StatusOr<std::string> ToIpcStream(const arrow::Table& table) {
  std::string bytes;
  bytes.reserve(HeldBytes(table) + 4096);
  StringOutput out(&bytes);
  SOTERIA_ARROW_ASSIGN(auto writer,
                       arrow::ipc::MakeStreamWriter(&out, SchemaOfStream(table.schema())));
  if (table.num_columns() == 0) {
    // A table without columns still has rows, which only a batch can carry.
    const auto rows =
        arrow::RecordBatch::Make(table.schema(), table.num_rows(), arrow::ArrayVector{});
    SOTERIA_ARROW_RETURN(writer->WriteRecordBatch(*rows));
  } else {
    SOTERIA_ARROW_RETURN(writer->WriteTable(table));
  }
  SOTERIA_ARROW_RETURN(writer->Close());
  return bytes;
}

base::StatusOr<std::string> ToIpcStream(const arrow::RecordBatch& batch) {
  std::string bytes;
  StringOutput out(&bytes);
  SOTERIA_ARROW_ASSIGN(auto writer,
                       arrow::ipc::MakeStreamWriter(&out, SchemaOfStream(batch.schema())));
  SOTERIA_ARROW_RETURN(writer->WriteRecordBatch(batch));
  SOTERIA_ARROW_RETURN(writer->Close());
  return bytes;
}

base::StatusOr<std::shared_ptr<arrow::Table>> FromIpcStream(std::string_view bytes,
                                                            const IpcLimits& limits) {
  if (bytes.size() > limits.bytes_max)
    return base::Fail(base::kMemoryLimit, "IPC stream: too long");
  return FromIpcStream(arrow::Buffer::FromString(std::string(bytes)), limits);
}

base::StatusOr<std::shared_ptr<arrow::Table>> FromIpcStream(std::shared_ptr<arrow::Buffer> bytes,
                                                            const IpcLimits& limits) {
  if (static_cast<uint64_t>(bytes->size()) > limits.bytes_max)
    return base::Fail(base::kMemoryLimit, "IPC stream: too long");
  arrow::io::BufferReader input(std::move(bytes));  // the table's buffers point into them
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.max_recursion_depth = kTypeDepthMax;
  options.use_threads = false;
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(&input, options);
  if (!reader.ok()) return Malformed(reader.status());
  if ((*reader)->schema()->num_fields() > kFieldsMax) {
    return base::Fail(base::kInput, "IPC stream: too many columns");
  }
  const arrow::Status flat = FlatDictionaries(*(*reader)->schema());
  if (!flat.ok()) return Malformed(flat);
  arrow::RecordBatchVector batches;
  int64_t rows = 0;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const arrow::Status read = (*reader)->ReadNext(&batch);
    if (!read.ok()) return Malformed(read);
    if (batch == nullptr) break;
    const arrow::Status safe = CheckMaps(*batch);
    if (!safe.ok()) return Malformed(safe);
    auto aligned = arrow::util::EnsureAlignment(std::move(batch), arrow::util::kValueAlignment,
                                                options.memory_pool);
    if (!aligned.ok()) return Malformed(aligned.status());
    batch = *std::move(aligned);
    const arrow::Status valid = ValidateDecoded(*batch);
    if (!valid.ok()) return Malformed(valid);
    rows += batch->num_rows();
    batches.push_back(std::move(batch));
    if (rows > limits.rows_max || static_cast<int64_t>(batches.size()) > limits.batches_max) {
      return base::Fail(base::kMemoryLimit, "IPC stream: too many rows");
    }
  }
  auto table = arrow::Table::FromRecordBatches((*reader)->schema(), std::move(batches));
  if (!table.ok()) return Malformed(table.status());
  return AsWritten(*table);
}

}  // namespace soteria::table
