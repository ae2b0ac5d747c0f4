#include "src/formats/orc_write.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/conditions.h"
#include "src/formats/file_write.h"
#include "src/formats/orc_runs.h"
#include "src/formats/orc_stream.h"
#include "src/formats/orc_tail.h"
#include "src/formats/orc_times.h"
#include "src/formats/orc_wire.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using arrow::Type;
using Places = std::vector<int64_t>;

constexpr std::string_view kMagic = "ORC";
constexpr uint64_t kBlockBytes = uint64_t{256} << 10;
constexpr size_t kStripeBytes = size_t{64} << 20;
constexpr int64_t kBatchRows = 16'384;
constexpr uint64_t kHybridCalendar = 1;
constexpr uint64_t kWriterVersion = 6;  // time stamps count from 2015 in the writer's zone
constexpr std::string_view kUtc = "UTC";
constexpr std::string_view kSparkType = "spark.sql.catalyst.type";
constexpr std::string_view kSparkVersionKey = "org.apache.spark.version";
constexpr std::string_view kSparkVersion = "4.3.0";

/// What a type is in the file, and what Spark says there of it.
struct Kind {
  OrcKind kind = OrcKind::kStruct;
  std::string spark;
};

Kind KindOf(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
      return {OrcKind::kBoolean, ""};
    case Type::INT8:
      return {OrcKind::kByte, ""};
    case Type::INT16:
      return {OrcKind::kShort, ""};
    case Type::INT32:
      return {OrcKind::kInt, ""};
    case Type::INT64:
      return {OrcKind::kLong, ""};
    case Type::FLOAT:
      return {OrcKind::kFloat, ""};
    case Type::DOUBLE:
      return {OrcKind::kDouble, ""};
    case Type::STRING:
      return {OrcKind::kString, "string"};
    case Type::BINARY:
      return {OrcKind::kBinary, ""};
    case Type::DATE32:
      return {OrcKind::kDate, ""};
    case Type::TIMESTAMP: {
      const bool local = static_cast<const arrow::TimestampType&>(type).timezone().empty();
      if (local) return {OrcKind::kLong, "timestamp_ntz"};
      return {OrcKind::kTimestamp, "timestamp"};
    }
    case Type::DECIMAL128:
      return {OrcKind::kDecimal, ""};
    case Type::LIST:
      return {OrcKind::kList, ""};
    case Type::MAP:
      return {OrcKind::kMap, ""};
    case Type::STRUCT:
      return {OrcKind::kStruct, ""};
    default:
      if (table::IsDayTime(type)) return {OrcKind::kLong, table::IntervalName(type)};
      if (table::IsYearMonth(type)) return {OrcKind::kInt, table::IntervalName(type)};
      return {OrcKind::kUnion, ""};  // none
  }
}

bool IsWritable(const arrow::DataType& type) {
  if (KindOf(type).kind == OrcKind::kUnion) return false;
  if (type.id() == Type::MAP) {
    const auto& map = static_cast<const arrow::MapType&>(type);
    return IsWritable(*map.key_type()) && IsWritable(*map.item_type());
  }
  return std::all_of(type.fields().begin(), type.fields().end(),
                     [](const auto& field) { return IsWritable(*field->type()); });
}

int64_t WholeAt(const arrow::Array& array, int64_t i) {
  switch (array.type_id()) {
    case Type::INT16:
      return static_cast<const arrow::Int16Array&>(array).Value(i);
    case Type::INT32:
      return static_cast<const arrow::Int32Array&>(array).Value(i);
    case Type::INTERVAL_MONTHS:
      return static_cast<const arrow::MonthIntervalArray&>(array).Value(i);
    case Type::DATE32:
      return HybridOfDays(static_cast<const arrow::Date32Array&>(array).Value(i));
    default:  // and what is 64 bits besides: time stamps, durations
      return array.data()->GetValues<int64_t>(1)[i];
  }
}

/// A column's streams of a stripe that is being filled.
class Column {
 public:
  explicit Column(std::shared_ptr<arrow::DataType> type)
      : type_(std::move(type)), kind_(KindOf(*type_).kind), lengths_(false), nanos_(false) {
    if (kind_ == OrcKind::kMap) {
      const auto& map = static_cast<const arrow::MapType&>(*type_);
      children_.emplace_back(map.key_type());
      children_.emplace_back(map.item_type());
      return;
    }
    for (const auto& field : type_->fields()) children_.emplace_back(field->type());
  }

  /// The entries at these places.
  base::Status Add(const arrow::Array& array, const Places& places);
  size_t bytes() const;
  /// What an ORC file says of the types, this one's and those within it.
  void AddTypes(uint32_t* number, WireWriter* footer) const;
  /// Appends the streams packed, and what the stripe's footer says of them.
  base::Status Finish(const OrcPacking& packing, uint32_t* number, std::string* out,
                      WireWriter* streams);
  uint32_t count() const {
    return std::accumulate(children_.begin(), children_.end(), uint32_t{1},
                           [](uint32_t sum, const Column& child) { return sum + child.count(); });
  }

 private:
  base::Status AddValues(const arrow::Array& array, const Places& valid);
  void AddTexts(const arrow::BinaryArray& array, const Places& valid);
  void AddDecimals(const arrow::Array& array, const Places& valid);
  base::Status AddItems(const arrow::Array& array, const Places& valid);

  std::shared_ptr<arrow::DataType> type_;
  OrcKind kind_;
  std::vector<Column> children_;
  bool nulls_ = false;
  OrcBitRuns present_;
  OrcBitRuns bits_;
  OrcByteRuns small_;
  OrcIntRuns whole_{true};
  std::string plain_;
  OrcIntRuns lengths_;
  OrcIntRuns nanos_;
  OrcIntRuns scales_{true};
};

template <class Array>
void AppendPlain(const arrow::Array& array, const Places& valid, std::string* out) {
  const auto& values = static_cast<const Array&>(array);
  for (const int64_t i : valid) {
    const auto value = values.Value(i);
    out->append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
}

void Column::AddTexts(const arrow::BinaryArray& array, const Places& valid) {
  for (const int64_t i : valid) {
    const std::string_view text = array.GetView(i);
    plain_ += text;
    lengths_.Add(static_cast<int64_t>(text.size()));
  }
}

void Column::AddDecimals(const arrow::Array& array, const Places& valid) {
  const int64_t scale = table::ShapeOf(*type_).scale;
  for (const int64_t i : valid) {
    const table::Unscaled value = table::DecimalAt(array, i);
    const auto bits = static_cast<unsigned __int128>(value);
    AppendVarint(value < 0 ? ~(bits << 1) : bits << 1, &plain_);
    scales_.Add(scale);
  }
}

/// Elements of lists, keys and values of maps.
base::Status Column::AddItems(const arrow::Array& array, const Places& valid) {
  const auto& lists = static_cast<const arrow::ListArray&>(array);
  Places items;
  for (const int64_t i : valid) {
    lengths_.Add(lists.value_length(i));
    for (int64_t k = 0; k < lists.value_length(i); ++k) items.push_back(lists.value_offset(i) + k);
  }
  if (kind_ == OrcKind::kList) return children_[0].Add(*lists.values(), items);
  const auto& map = static_cast<const arrow::MapArray&>(array);
  SOTERIA_RETURN_IF_ERROR(children_[0].Add(*map.keys(), items));
  return children_[1].Add(*map.items(), items);
}

base::Status Column::AddValues(const arrow::Array& array, const Places& valid) {
  switch (kind_) {
    case OrcKind::kBoolean:
      for (const int64_t i : valid) {
        bits_.Add(static_cast<const arrow::BooleanArray&>(array).Value(i));
      }
      break;
    case OrcKind::kByte:
      for (const int64_t i : valid) {
        small_.Add(static_cast<uint8_t>(static_cast<const arrow::Int8Array&>(array).Value(i)));
      }
      break;
    case OrcKind::kFloat:
      AppendPlain<arrow::FloatArray>(array, valid, &plain_);
      break;
    case OrcKind::kDouble:
      AppendPlain<arrow::DoubleArray>(array, valid, &plain_);
      break;
    case OrcKind::kString:
    case OrcKind::kBinary:
      AddTexts(static_cast<const arrow::BinaryArray&>(array), valid);
      break;
    case OrcKind::kTimestamp:
      for (const int64_t i : valid) {
        const OrcTime time = OrcTimeOf(WholeAt(array, i));
        whole_.Add(time.second);
        nanos_.Add(time.nanos);
      }
      break;
    case OrcKind::kDecimal:
      AddDecimals(array, valid);
      break;
    case OrcKind::kList:
    case OrcKind::kMap:
      return AddItems(array, valid);
    case OrcKind::kStruct: {
      const auto& structs = static_cast<const arrow::StructArray&>(array);
      for (size_t f = 0; f < children_.size(); ++f) {
        SOTERIA_RETURN_IF_ERROR(children_[f].Add(*structs.field(static_cast<int>(f)), valid));
      }
      break;
    }
    default:
      for (const int64_t i : valid) whole_.Add(WholeAt(array, i));
      break;
  }
  return base::OkStatus();
}

base::Status Column::Add(const arrow::Array& array, const Places& places) {
  if (!array.type()->Equals(*type_)) {
    return base::Fail(base::kInternal, "rows of other types than their schema's");
  }
  Places valid;
  valid.reserve(places.size());
  for (const int64_t i : places) {
    const bool there = array.IsValid(i);
    present_.Add(there);
    if (there) valid.push_back(i);
  }
  nulls_ = nulls_ || valid.size() < places.size();
  return AddValues(array, valid);
}

size_t Column::bytes() const {
  size_t sum = present_.bytes() + bits_.bytes() + small_.bytes() + whole_.bytes() + plain_.size() +
               lengths_.bytes() + nanos_.bytes() + scales_.bytes();
  for (const Column& child : children_) sum += child.bytes();
  return sum;
}

void Column::AddTypes(uint32_t* number, WireWriter* footer) const {
  const Kind kind = KindOf(*type_);
  WireWriter type;
  type.Number(1, static_cast<uint64_t>(kind.kind));
  uint32_t child_number = *number + 1;
  for (const Column& child : children_) {
    type.Number(2, child_number);
    child_number += child.count();
  }
  if (kind.kind == OrcKind::kStruct) {
    for (const auto& field : type_->fields()) type.Bytes(3, field->name());
  }
  if (kind.kind == OrcKind::kDecimal) {
    const table::DecimalShape shape = table::ShapeOf(*type_);
    type.Number(5, static_cast<uint64_t>(shape.precision));
    type.Number(6, static_cast<uint64_t>(shape.scale));
  }
  if (!kind.spark.empty()) {
    type.Bytes(7, WireWriter().Bytes(1, kSparkType).Bytes(2, kind.spark).bytes());
  }
  footer->Bytes(4, type.bytes());
  ++*number;
  for (const Column& child : children_) child.AddTypes(number, footer);
}

base::Status Column::Finish(const OrcPacking& packing, uint32_t* number, std::string* out,
                            WireWriter* streams) {
  const uint32_t own = (*number)++;
  const auto stream = [&](OrcStreamKind kind, const std::string& bytes) -> base::Status {
    if (bytes.empty()) return base::OkStatus();
    const size_t before = out->size();
    SOTERIA_RETURN_IF_ERROR(packing.Pack(bytes, out));
    if (out->size() > kWrittenBytesMax) {
      return base::Fail(base::kMemoryLimit,
                        base::Cat("a file of more than ", kWrittenBytesMax,
                                  " bytes: more partitions make smaller files"));
    }
    WireWriter place;
    place.Number(1, static_cast<uint64_t>(kind)).Number(2, own).Number(3, out->size() - before);
    streams->Bytes(1, place.bytes());
    return base::OkStatus();
  };
  const std::string present = present_.Finish();
  if (std::exchange(nulls_, false)) {
    SOTERIA_RETURN_IF_ERROR(stream(OrcStreamKind::kPresent, present));
  }
  // One of them holds what the type has; the others are empty.
  for (const std::string& data :
       {bits_.Finish(), small_.Finish(), whole_.Finish(), std::exchange(plain_, {})}) {
    SOTERIA_RETURN_IF_ERROR(stream(OrcStreamKind::kData, data));
  }
  SOTERIA_RETURN_IF_ERROR(stream(OrcStreamKind::kLength, lengths_.Finish()));
  SOTERIA_RETURN_IF_ERROR(stream(OrcStreamKind::kSecondary, nanos_.Finish()));
  SOTERIA_RETURN_IF_ERROR(stream(OrcStreamKind::kSecondary, scales_.Finish()));
  for (Column& child : children_) {
    SOTERIA_RETURN_IF_ERROR(child.Finish(packing, number, out, streams));
  }
  return base::OkStatus();
}

OrcCodec CodecOf(std::string_view compression) {
  if (compression == "snappy") return OrcCodec::kSnappy;
  if (compression == "zlib") return OrcCodec::kZlib;
  if (compression == "zstd") return OrcCodec::kZstd;
  if (compression == "lz4") return OrcCodec::kLz4;
  return OrcCodec::kNone;
}

/// Rows of a struct as the file that is being made.
class Writer {
 public:
  Writer(const arrow::Schema& schema, OrcCodec codec, OrcPacking packing)
      : codec_(codec), packing_(std::move(packing)), rows_(arrow::struct_(schema.fields())) {}

  base::Status Add(const arrow::RecordBatch& batch) {
    SOTERIA_ARROW_ASSIGN(const auto rows, batch.ToStructArray());
    Places all(static_cast<size_t>(batch.num_rows()));
    std::iota(all.begin(), all.end(), 0);
    SOTERIA_RETURN_IF_ERROR(rows_.Add(*rows, all));
    stripe_rows_ += all.size();
    return rows_.bytes() < kStripeBytes ? base::OkStatus() : EndStripe();
  }

  base::StatusOr<std::string> Finish() {
    SOTERIA_RETURN_IF_ERROR(EndStripe());
    const uint64_t content = out_.size();
    WireWriter footer = std::move(stripes_);
    footer.Number(1, kMagic.size()).Number(2, content);
    uint32_t number = 0;
    rows_.AddTypes(&number, &footer);
    footer.Bytes(5, WireWriter().Bytes(1, kSparkVersionKey).Bytes(2, kSparkVersion).bytes());
    footer.Number(6, all_rows_).Number(8, 0).Number(11, kHybridCalendar);
    SOTERIA_RETURN_IF_ERROR(packing_.Pack(footer.bytes(), &out_));
    WireWriter postscript;
    postscript.Number(1, out_.size() - content).Number(2, static_cast<uint64_t>(codec_));
    if (packing_.packed()) postscript.Number(3, kBlockBytes);
    postscript.Number(4, 0).Number(4, 12).Number(5, 0).Number(6, kWriterVersion);
    postscript.Bytes(8000, kMagic);
    out_ += postscript.bytes();
    out_.push_back(static_cast<char>(postscript.bytes().size()));
    return std::move(out_);
  }

 private:
  base::Status EndStripe() {
    if (stripe_rows_ == 0) return base::OkStatus();
    const uint64_t begin = out_.size();
    WireWriter own;
    uint32_t columns = 0;
    SOTERIA_RETURN_IF_ERROR(rows_.Finish(packing_, &columns, &out_, &own));
    for (uint32_t i = 0; i < columns; ++i) own.Bytes(2, WireWriter().Number(1, 0).bytes());
    own.Bytes(3, kUtc);
    const uint64_t end = out_.size();
    SOTERIA_RETURN_IF_ERROR(packing_.Pack(own.bytes(), &out_));
    WireWriter stripe;
    stripe.Number(1, begin).Number(2, 0).Number(3, end - begin).Number(4, out_.size() - end);
    stripes_.Bytes(3, stripe.Number(5, stripe_rows_).bytes());
    all_rows_ += std::exchange(stripe_rows_, 0);
    return base::OkStatus();
  }

  const OrcCodec codec_;
  const OrcPacking packing_;
  Column rows_;
  std::string out_{kMagic};
  WireWriter stripes_;
  uint64_t stripe_rows_ = 0;
  uint64_t all_rows_ = 0;
};

}  // namespace

base::Status CheckOrcSchema(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (!table::UdtOf(*field).empty() || IsWritable(*field->type())) continue;
    return base::Fail(kTypeForSource,
                      base::Cat("The ORC datasource doesn't support the column `", field->name(),
                                "` of the type ", table::QuotedTypeName(*field), "."));
  }
  return base::OkStatus();
}

base::StatusOr<std::string> WriteOrc(const arrow::Table& table, std::string_view compression) {
  // Vectors as the structs that they are to Spark.
  SOTERIA_ASSIGN_OR_RETURN(
      const std::shared_ptr<arrow::Table> plain,
      table::ToSparkForm(arrow::Table::Make(table.schema(), table.columns(), table.num_rows())));
  const OrcCodec codec = CodecOf(compression);
  SOTERIA_ASSIGN_OR_RETURN(OrcPacking packing, OrcPacking::Make(codec, kBlockBytes));
  Writer writer(*plain->schema(), codec, std::move(packing));
  arrow::TableBatchReader reader(*plain);
  reader.set_chunksize(kBatchRows);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (;;) {
    SOTERIA_ARROW_RETURN(reader.ReadNext(&batch));
    if (batch == nullptr) return writer.Finish();
    SOTERIA_RETURN_IF_ERROR(writer.Add(*batch));
  }
}

}  // namespace soteria::formats
