#include "src/storage/parquet.h"

#include <utility>

#include "arrow/table.h"
#include "arrow/util/byte_size.h"
#include "arrow/util/key_value_metadata.h"
#include "parquet/arrow/writer.h"
#include "src/base/errors.h"
#include "src/storage/arrow_io.h"
#include "src/storage/parquet_file.h"
#include "src/table/interval.h"
#include "src/table/types.h"

namespace soteria::storage {

using base::Status;
using base::StatusOr;

namespace {

constexpr int64_t kPlainRowGroupRows = int64_t{1} << 20;
constexpr size_t kFooterBytesGuess = 64 << 10;

class Reader : public PlainParquetReader {
 public:
  explicit Reader(ParquetFile file) : file_(std::move(file)) {}

  // The schema in our vocabulary is that of an empty table.
  Status Begin() {
    SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Table> none,
                             file_.ReadNormal(std::nullopt, file_.row_groups()));
    schema_ = none->schema();
    return base::OkStatus();
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  int64_t rows() const override { return file_.rows(); }
  StatusOr<std::shared_ptr<arrow::Table>> Next() override {
    if (next_ >= file_.row_groups()) return std::shared_ptr<arrow::Table>();
    return file_.ReadNormal(std::nullopt, next_++);
  }

 private:
  ParquetFile file_;
  std::shared_ptr<arrow::Schema> schema_;
  int next_ = 0;
};

StatusOr<arrow::Compression::type> CodecOf(std::string_view name) {
  if (name == "snappy") return arrow::Compression::SNAPPY;
  if (name == "gzip") return arrow::Compression::GZIP;
  if (name == "zstd") return arrow::Compression::ZSTD;
  if (name == "none") return arrow::Compression::UNCOMPRESSED;
  return base::Fail(base::kProtocol, "unknown compression of a Parquet file");
}

}  // namespace

StatusOr<std::unique_ptr<PlainParquetReader>> PlainParquetReader::Open(base::ReadableFile& file) {
  SOTERIA_ASSIGN_OR_RETURN(ParquetFile opened,
                           ParquetFile::Open(std::make_shared<PlainSource>(file), nullptr,
                                             Fetch::kStreamed, base::kInput));
  auto reader = std::make_unique<Reader>(std::move(opened));
  SOTERIA_RETURN_IF_ERROR(reader->Begin());
  return reader;
}

StatusOr<std::string> ParquetBytes(const arrow::Table& table, std::string_view compression) {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Compression::type codec, CodecOf(compression));
  SOTERIA_ASSIGN_OR_RETURN(
      std::shared_ptr<arrow::Table> spark,
      table::ToSparkForm(arrow::Table::Make(table.schema(), table.columns(), table.num_rows())));
  SOTERIA_ASSIGN_OR_RETURN(const std::string json, table::SparkSchemaJson(*spark->schema()));
  spark = table::IntervalsAsNumbers(*spark);
  const auto sink = std::make_shared<StringSink>(
      static_cast<size_t>(arrow::util::TotalBufferSize(*spark)) + kFooterBytesGuess);
  SOTERIA_RETURN_IF_ERROR(Guarded(base::kUnsupported, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const auto writer,
                          parquet::arrow::FileWriter::Open(
                              *spark->schema()->RemoveMetadata(), arrow::default_memory_pool(),
                              sink, WriterPropertiesFor(*spark->schema(), codec, nullptr)));
    ARROW_RETURN_NOT_OK(writer->AddKeyValueMetadata(
        arrow::key_value_metadata({kSparkVersionKey, kSparkRowMetadata}, {kSparkVersion, json})));
    ARROW_RETURN_NOT_OK(writer->WriteTable(*spark, kPlainRowGroupRows));
    return writer->Close();
  }));
  return sink->Take();
}

}  // namespace soteria::storage
