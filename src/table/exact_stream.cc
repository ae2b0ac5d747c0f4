#include "src/table/exact_stream.h"

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

constexpr int64_t kValuesMax = int64_t{1} << 40;
constexpr int64_t kStepValues = int64_t{1} << 20;

base::Status Malformed() { return base::Fail(base::kInternal, "a stream is not what was written"); }

base::Status Write(const std::shared_ptr<arrow::Schema>& schema, const arrow::ArrayVector& chunks,
                   arrow::io::OutputStream& out) {
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;
  options.max_recursion_depth = kTypeDepthMax;
  SOTERIA_ARROW_ASSIGN(auto writer, arrow::ipc::MakeStreamWriter(&out, schema, options));
  for (const auto& chunk : chunks) {
    SOTERIA_ARROW_RETURN(writer->WriteRecordBatch(
        *arrow::RecordBatch::Make(schema, chunk->length(), arrow::ArrayVector{chunk})));
  }
  SOTERIA_ARROW_RETURN(writer->Close());
  return base::OkStatus();
}

struct Batches {
  std::shared_ptr<arrow::Schema> schema;
  arrow::ArrayVector chunks;
};

base::StatusOr<Batches> Read(arrow::io::InputStream& in) {
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  options.max_recursion_depth = kTypeDepthMax;
  SOTERIA_ARROW_ASSIGN(auto reader, arrow::ipc::RecordBatchStreamReader::Open(&in, options));
  Batches batches;
  batches.schema = reader->schema();
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    SOTERIA_ARROW_RETURN(reader->ReadNext(&batch));
    if (batch == nullptr) return batches;
    if (batch->num_columns() != 1) return Malformed();
    batches.chunks.push_back(batch->column(0));
  }
}

base::Status WriteNumber(int64_t number, arrow::io::OutputStream& out) {
  std::array<char, 8> bytes;
  base::PutLe64(static_cast<uint64_t>(number), bytes.data());
  SOTERIA_ARROW_RETURN(out.Write(bytes.data(), static_cast<int64_t>(bytes.size())));
  return base::OkStatus();
}

base::Status ReadBytes(arrow::io::InputStream& in, void* to, int64_t bytes) {
  SOTERIA_ARROW_ASSIGN(const int64_t got, in.Read(bytes, to));
  return got == bytes ? base::OkStatus() : Malformed();
}

base::StatusOr<int64_t> ReadNumber(arrow::io::InputStream& in) {
  std::array<char, 8> bytes;
  SOTERIA_RETURN_IF_ERROR(ReadBytes(in, bytes.data(), static_cast<int64_t>(bytes.size())));
  const auto number = static_cast<int64_t>(base::GetLe64(bytes.data()));
  if (number < 0 || number > kValuesMax) return Malformed();
  return number;
}

template <class Vector>
base::Status WriteValues(const Vector& values, arrow::io::OutputStream& out) {
  const auto count = static_cast<int64_t>(values.size());
  SOTERIA_RETURN_IF_ERROR(WriteNumber(count, out));
  SOTERIA_ARROW_RETURN(
      out.Write(values.data(), count * static_cast<int64_t>(sizeof(typename Vector::value_type))));
  return base::OkStatus();
}

template <class Vector>
base::Status ReadValues(arrow::io::InputStream& in, Vector& values) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t count, ReadNumber(in));
  values.resize(static_cast<size_t>(count));
  for (int64_t at = 0; at < count; at += kStepValues) {
    const int64_t step = std::min(kStepValues, count - at);
    SOTERIA_RETURN_IF_ERROR(ReadBytes(
        in, values.data() + at, step * static_cast<int64_t>(sizeof(typename Vector::value_type))));
  }
  return base::OkStatus();
}

}  // namespace

// The schema alone and the number of rows, then each column as a stream of its own, a batch a
// chunk: in one stream all columns would have to be cut at the same places.
base::Status WriteExactly(const arrow::Table& table, arrow::io::OutputStream& out) {
  SOTERIA_RETURN_IF_ERROR(Write(table.schema(), {}, out));
  SOTERIA_RETURN_IF_ERROR(WriteNumber(table.num_rows(), out));
  for (int i = 0; i < table.num_columns(); ++i) {
    SOTERIA_RETURN_IF_ERROR(
        Write(arrow::schema({table.schema()->field(i)}), table.column(i)->chunks(), out));
  }
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadTableExactly(arrow::io::InputStream& in) {
  SOTERIA_ASSIGN_OR_RETURN(Batches none, Read(in));
  SOTERIA_ASSIGN_OR_RETURN(const int64_t rows, ReadNumber(in));
  std::vector<std::shared_ptr<arrow::ChunkedArray>> columns;
  for (const auto& field : none.schema->fields()) {
    SOTERIA_ASSIGN_OR_RETURN(Batches column, Read(in));
    columns.push_back(
        std::make_shared<arrow::ChunkedArray>(std::move(column.chunks), field->type()));
    if (columns.back()->length() != rows) return Malformed();
  }
  return arrow::Table::Make(std::move(none.schema), std::move(columns), rows);
}

base::Status WriteExactly(const FeatureBlock& block, arrow::io::OutputStream& out) {
  for (const int64_t number : {block.rows, block.cols, int64_t{block.sparse}}) {
    SOTERIA_RETURN_IF_ERROR(WriteNumber(number, out));
  }
  SOTERIA_RETURN_IF_ERROR(WriteValues(block.dense, out));
  SOTERIA_RETURN_IF_ERROR(WriteValues(block.row_ptr, out));
  SOTERIA_RETURN_IF_ERROR(WriteValues(block.col, out));
  SOTERIA_RETURN_IF_ERROR(WriteValues(block.val, out));
  SOTERIA_RETURN_IF_ERROR(WriteValues(block.label, out));
  return WriteValues(block.weight, out);
}

base::StatusOr<FeatureBlock> ReadFeatureBlockExactly(arrow::io::InputStream& in) {
  FeatureBlock block;
  SOTERIA_ASSIGN_OR_RETURN(block.rows, ReadNumber(in));
  SOTERIA_ASSIGN_OR_RETURN(block.cols, ReadNumber(in));
  SOTERIA_ASSIGN_OR_RETURN(const int64_t sparse, ReadNumber(in));
  block.sparse = sparse != 0;
  SOTERIA_RETURN_IF_ERROR(ReadValues(in, block.dense));
  SOTERIA_RETURN_IF_ERROR(ReadValues(in, block.row_ptr));
  SOTERIA_RETURN_IF_ERROR(ReadValues(in, block.col));
  SOTERIA_RETURN_IF_ERROR(ReadValues(in, block.val));
  SOTERIA_RETURN_IF_ERROR(ReadValues(in, block.label));
  SOTERIA_RETURN_IF_ERROR(ReadValues(in, block.weight));
  return block;
}

}  // namespace soteria::table
