#include "src/storage/parquet_file.h"

#include <algorithm>
#include <utility>

#include "arrow/array/util.h"
#include "arrow/chunked_array.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/key_value_metadata.h"
#include "parquet/arrow/schema.h"
#include "parquet/exception.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "src/base/text.h"
#include "src/storage/arrow_io.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"
#include "src/table/validate.h"

namespace soteria::storage {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr int64_t kColumnChunkBytesMax = int64_t{1} << 40;  // believed of a footer
constexpr int64_t kPageBytes = int64_t{1} << 20;
constexpr int64_t kStreamBytes = int64_t{1} << 20;  // of a column, as it is stored, at a time
constexpr int64_t kPageRowsMax = int64_t{1} << 20;
constexpr int64_t kWriteBatchRows = 4096;
constexpr int32_t kThriftStringBytesMax = 128 << 20;
constexpr int32_t kThriftItemsMax = 4'000'000;

uint64_t Believed(int64_t bytes) {
  return static_cast<uint64_t>(std::clamp<int64_t>(bytes, 0, kColumnChunkBytesMax));
}

// Column chunks of one top-level field.
void AddLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* out) {
  if (field.column_index >= 0) out->push_back(field.column_index);
  for (const auto& child : field.children) AddLeaves(child, out);
}

std::shared_ptr<arrow::Schema> SparkMarks(const parquet::FileMetaData& metadata,
                                          const arrow::Schema& schema) {
  if (metadata.key_value_metadata() == nullptr) return nullptr;
  const arrow::Result<std::string> json = metadata.key_value_metadata()->Get(kSparkRowMetadata);
  if (!json.ok()) return nullptr;
  StatusOr<std::shared_ptr<arrow::Schema>> marks = table::SchemaFromSparkJson(*json);
  if (!marks.ok()) return nullptr;
  for (const auto& field : schema.fields()) {
    if ((*marks)->GetAllFieldsByName(field->name()).size() != 1) return nullptr;
  }
  return *std::move(marks);
}

Status NoSuchColumn(const std::string& name, const arrow::Schema& schema) {
  std::string known;
  for (const auto& field : schema.fields()) {
    known += Cat(known.empty() ? "`" : ", `", field->name(), "`");
    if (known.size() > 200) break;
  }
  return base::FailQuotingData(
      base::kUnresolvedColumn,
      Cat("A column with name `", name,
          "` cannot be resolved. Did you mean one of the following? [", known, "]."));
}

}  // namespace

Fetch FetchFor(const std::string& root) {
  return root.starts_with('/') ? Fetch::kStreamed : Fetch::kAhead;
}

StatusOr<ParquetFile> ParquetFile::Open(
    std::shared_ptr<arrow::io::RandomAccessFile> source,
    std::shared_ptr<parquet::FileDecryptionProperties> decryption, Fetch fetch,
    const base::Condition& failure) {
  ParquetFile file;
  file.failure_ = &failure;
  file.fetch_ = fetch;
  SOTERIA_RETURN_IF_ERROR(Guarded(failure, [&]() -> arrow::Status {
    parquet::ReaderProperties properties(arrow::default_memory_pool());
    properties.set_thrift_string_size_limit(kThriftStringBytesMax);
    properties.set_thrift_container_size_limit(kThriftItemsMax);
    properties.file_decryption_properties(std::move(decryption));
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_pre_buffer(fetch == Fetch::kAhead);
    if (fetch == Fetch::kStreamed) {
      properties.enable_buffered_stream();
      properties.set_buffer_size(kStreamBytes);
    }
    // Spark writes time stamps as INT96, whose default of nanoseconds ends in 2262.
    arrow_properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
    arrow_properties.set_cache_options(arrow::io::CacheOptions::Defaults());
    ARROW_ASSIGN_OR_RAISE(
        file.reader_,
        parquet::arrow::FileReader::Make(
            arrow::default_memory_pool(),
            parquet::ParquetFileReader::Open(std::move(source), properties), arrow_properties));
    return file.reader_->GetSchema(&file.schema_);
  }));
  file.marks_ = SparkMarks(*file.reader_->parquet_reader()->metadata(), *file.schema_);
  return file;
}

int64_t ParquetFile::rows() const { return reader_->parquet_reader()->metadata()->num_rows(); }

int ParquetFile::row_groups() const { return reader_->num_row_groups(); }

StatusOr<std::vector<int>> ParquetFile::Fields(
    const std::optional<std::vector<std::string>>& columns) const {
  std::vector<int> fields;
  if (!columns.has_value()) {
    for (int i = 0; i < schema_->num_fields(); ++i) fields.push_back(i);
    return fields;
  }
  for (const std::string& name : *columns) {
    const std::vector<int> found = schema_->GetAllFieldIndices(name);
    if (found.size() != 1) return NoSuchColumn(name, *schema_);
    fields.push_back(found.front());
  }
  return fields;
}

std::vector<int> ParquetFile::Leaves(int field) const {
  std::vector<int> leaves;
  AddLeaves(reader_->manifest().schema_fields[static_cast<size_t>(field)], &leaves);
  return leaves;
}

StatusOr<uint64_t> ParquetFile::ReadBytes(
    const std::optional<std::vector<std::string>>& columns) const {
  const parquet::FileMetaData& metadata = *reader_->parquet_reader()->metadata();
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int> fields, Fields(columns));
  uint64_t decoded = 0;
  uint64_t stored = 0;
  uint64_t beside_all = 0;  // what the fields' decoding takes beside the result
  uint64_t beside_most = 0;
  SOTERIA_RETURN_IF_ERROR(Guarded(*failure_, [&]() -> arrow::Status {
    for (const int field : fields) {
      uint64_t beside = 0;
      for (const int leaf : Leaves(field)) {
        // Of lists nobody knows before how many values there are: they are gathered in buffers
        // that double, with two levels a value.
        const bool list = metadata.schema()->Column(leaf)->max_repetition_level() > 0;
        for (int group = 0; group < row_groups(); ++group) {
          const auto chunk = metadata.RowGroup(group)->ColumnChunk(leaf);
          const uint64_t bytes = Believed(chunk->total_uncompressed_size());
          stored += Believed(chunk->total_compressed_size());
          decoded += bytes;
          beside += list ? bytes + bytes / 2 : std::min<uint64_t>(bytes, kPageBytes);
        }
      }
      beside_all += beside;
      beside_most = std::max(beside_most, beside);
    }
    return arrow::Status::OK();
  }));
  if (fetch_ == Fetch::kAhead) return decoded + stored + beside_all;
  return decoded + beside_most + std::min<uint64_t>(stored, kStreamBytes);
}

arrow::Status ParquetFile::ReadStreamed(const std::vector<int>& groups,
                                        const std::vector<int>& fields,
                                        std::shared_ptr<arrow::Table>* out) {
  arrow::FieldVector read;
  arrow::ChunkedArrayVector columns;
  int64_t rows = 0;
  for (const int field : fields) {
    ARROW_ASSIGN_OR_RAISE(const auto one, reader_->ReadRowGroups(groups, Leaves(field)));
    read.push_back(one->field(0));
    columns.push_back(one->column(0));
    rows = one->num_rows();
  }
  *out = arrow::Table::Make(arrow::schema(std::move(read), schema_->metadata()), std::move(columns),
                            rows);
  return arrow::Status::OK();
}

arrow::Status ParquetFile::ReadAhead(const std::vector<int>& groups, const std::vector<int>& fields,
                                     std::shared_ptr<arrow::Table>* out) {
  std::vector<int> stored(fields);  // in the file's order, each once
  std::sort(stored.begin(), stored.end());
  stored.erase(std::unique(stored.begin(), stored.end()), stored.end());
  std::vector<int> leaves;
  for (const int field : stored) {
    AddLeaves(reader_->manifest().schema_fields[static_cast<size_t>(field)], &leaves);
  }
  ARROW_ASSIGN_OR_RAISE(const auto table, reader_->ReadRowGroups(groups, leaves));
  std::vector<int> order;
  for (const int field : fields) {
    const auto place = std::lower_bound(stored.begin(), stored.end(), field) - stored.begin();
    order.push_back(static_cast<int>(place));
  }
  return table->SelectColumns(order).Value(out);
}

StatusOr<std::shared_ptr<arrow::Table>> ParquetFile::Read(
    const std::optional<std::vector<std::string>>& columns, std::optional<int> row_group) {
  std::vector<int> groups;
  int64_t rows = 0;
  for (int i = 0; i < row_groups(); ++i) {
    if (row_group.has_value() && *row_group != i) continue;
    groups.push_back(i);
    rows += reader_->parquet_reader()->metadata()->RowGroup(i)->num_rows();
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int> fields, Fields(columns));
  if (fields.empty()) return arrow::Table::Make(arrow::schema({}), arrow::ArrayVector{}, rows);
  std::shared_ptr<arrow::Table> table;
  SOTERIA_RETURN_IF_ERROR(Guarded(*failure_, [&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(fetch_ == Fetch::kStreamed ? ReadStreamed(groups, fields, &table)
                                                   : ReadAhead(groups, fields, &table));
    return table::ValidateDecoded(*table);
  }));
  return table;
}

// INT96 has no room to say so, but it is always an instant, Spark's "timestamp".
StatusOr<std::shared_ptr<arrow::Table>> ParquetFile::WithInstants(
    std::shared_ptr<arrow::Table> table) const {
  const parquet::SchemaDescriptor& leaves = *reader_->parquet_reader()->metadata()->schema();
  const auto instant = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  for (int i = 0; i < table->num_columns(); ++i) {
    const std::shared_ptr<arrow::Field> field = table->field(i);
    const int place = schema_->GetFieldIndex(field->name());
    if (place < 0) continue;  // a name that occurs twice
    const int leaf = reader_->manifest().schema_fields[static_cast<size_t>(place)].column_index;
    if (leaf < 0 || leaves.Column(leaf)->physical_type() != parquet::Type::INT96) continue;
    SOTERIA_RETURN_IF_ERROR(Guarded(*failure_, [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const auto column, table->column(i)->View(instant));
      return table->SetColumn(i, field->WithType(instant), column).Value(&table);
    }));
  }
  return table;
}

namespace {

/// A column of nothing but nulls has no type of its own in Parquet; Spark reads the integers that
/// it is stored as.
StatusOr<std::shared_ptr<arrow::Table>> NullsAsStored(std::shared_ptr<arrow::Table> table) {
  for (int i = 0; i < table->num_columns(); ++i) {
    if (table->field(i)->type()->id() != arrow::Type::NA) continue;
    SOTERIA_ARROW_ASSIGN(const auto nulls,
                         arrow::MakeArrayOfNull(arrow::int32(), table->num_rows()));
    SOTERIA_ARROW_ASSIGN(table, table->SetColumn(i, table->field(i)->WithType(arrow::int32()),
                                                 std::make_shared<arrow::ChunkedArray>(nulls)));
  }
  return table;
}

}  // namespace

StatusOr<std::shared_ptr<arrow::Table>> ParquetFile::ReadNormal(
    const std::optional<std::vector<std::string>>& columns, std::optional<int> row_group) {
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Table> table, Read(columns, row_group));
  SOTERIA_ASSIGN_OR_RETURN(table, WithInstants(std::move(table)));
  if (marks_ == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(table, NullsAsStored(std::move(table)));
    return table::Normalise(std::move(table));
  }
  arrow::FieldVector fields;
  for (const auto& field : table->schema()->fields()) {
    fields.push_back(marks_->GetFieldByName(field->name()));
  }
  const arrow::Schema marks(std::move(fields));
  return table::Normalise(std::move(table), &marks);
}

std::shared_ptr<parquet::WriterProperties> WriterPropertiesFor(
    const arrow::Schema& schema, arrow::Compression::type compression,
    std::shared_ptr<parquet::FileEncryptionProperties> encryption) {
  parquet::WriterProperties::Builder builder;
  builder.compression(compression)
      ->disable_statistics()
      ->disable_dictionary()
      ->disable_write_page_index()
      ->enable_store_decimal_as_integer()
      ->data_pagesize(kPageBytes)
      ->max_rows_per_page(kPageRowsMax)
      ->write_batch_size(kWriteBatchRows)
      ->max_row_group_length(kRowGroupRowsMax);
  for (const auto& field : schema.fields()) {
    if (!arrow::is_base_binary_like(field->type()->id())) continue;
    builder.enable_dictionary(
        std::make_shared<parquet::schema::ColumnPath>(std::vector<std::string>{field->name()}));
  }
  if (encryption != nullptr) builder.encryption(std::move(encryption));
  return builder.build();
}

}  // namespace soteria::storage
