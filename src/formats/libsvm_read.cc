#include "src/formats/libsvm_read.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/lines.h"
#include "src/formats/option_reader.h"
#include "src/formats/reader_rows.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"
#include "src/table/csv_value.h"
#include "src/table/text_value.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::formats {
namespace {

constexpr int64_t kFeaturesMax = std::numeric_limits<int32_t>::max();
constexpr char kFeatures[] = "numFeatures";
/// Values of a chunk; the offsets of a list have 31 bits.
constexpr int64_t kChunkValues = int64_t{1} << 26;

base::Status Malformed(std::string_view line, std::string_view why) {
  return base::FailQuotingData(table::kFailedReadFile,
                               base::Cat("Encountered error while reading file: a line of LIBSVM ",
                                         why, ": ", line.substr(0, kShownBytesMax)));
}

struct Record {
  double label = 0;
  std::vector<int32_t> indices;
  std::vector<double> values;
};

base::Status ParseRecord(std::string_view line, Record* record) {
  record->indices.clear();
  record->values.clear();
  size_t end = std::min(line.find(' '), line.size());
  if (!table::ParseJavaDouble(line.substr(0, end), &record->label)) {
    return Malformed(line, "whose label is no number");
  }
  int64_t before = -1;
  while (end < line.size()) {
    const size_t from = end + 1;
    end = std::min(line.find(' ', from), line.size());
    const std::string_view item = line.substr(from, end - from);
    if (item.empty()) continue;
    const size_t colon = item.find(':');
    // What follows a second colon is left out, as there.
    const std::string_view rest = colon == item.npos ? "" : item.substr(colon + 1);
    int64_t index = 0;
    double value = 0;
    if (!table::ParseJavaInteger(item.substr(0, colon), &index) || index > kFeaturesMax ||
        index < std::numeric_limits<int32_t>::min() ||
        !table::ParseJavaDouble(rest.substr(0, rest.find(':')), &value)) {
      return Malformed(line, "with other than index:value");
    }
    --index;
    if (index <= before) {
      return Malformed(line, "whose indices should be one-based and in ascending order");
    }
    before = index;
    record->indices.push_back(static_cast<int32_t>(index));
    record->values.push_back(value);
  }
  return base::OkStatus();
}

/// A sparse vector names what isn't 0.
void WithoutZeros(Record* record) {
  size_t kept = 0;
  for (size_t i = 0; i < record->values.size(); ++i) {
    if (record->values[i] == 0) continue;
    record->indices[kept] = record->indices[i];
    record->values[kept++] = record->values[i];
  }
  record->indices.resize(kept);
  record->values.resize(kept);
}

/// Calls `row(line, record)` for each record of the part.
template <class Row>
base::Status ForEach(FilePart part, const LibsvmReadOptions& options, Row row) {
  Lines lines(part, options.line_end);
  Record record;
  std::string_view line;
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool any, lines.Next(&line));
    if (!any) return base::OkStatus();
    line = table::Trim(line);
    if (line.empty() || line.front() == '#') continue;
    SOTERIA_RETURN_IF_ERROR(ParseRecord(line, &record));
    SOTERIA_RETURN_IF_ERROR(row(line, record));
  }
}

/// How many features the schema says there are; 0 when it doesn't.
int64_t FeaturesOf(const arrow::Field& field) {
  const auto json = nlohmann::json::parse(table::SparkMetadata(field), nullptr, false);
  if (!json.is_object() || !json.contains(kFeatures)) return 0;
  const auto& number = json.at(kFeatures);
  return number.is_number_integer() ? number.get<int64_t>() : 0;
}

}  // namespace

base::StatusOr<LibsvmReadOptions> ParseLibsvmReadOptions(const OptionMap& options) {
  OptionReader reader(options, "libsvm");
  LibsvmReadOptions read;
  SOTERIA_RETURN_IF_ERROR(reader.Number("numfeatures", 1, kFeaturesMax, &read.features));
  std::string type = "sparse";
  reader.Text("vectortype", &type);
  if (type != "sparse" && type != "dense") {
    return base::Fail(base::kIllegalArgument, base::Cat("Invalid value `", type,
                                                        "` of the libsvm option `vectorType`: it "
                                                        "must be sparse or dense"));
  }
  read.dense = type == "dense";
  if (const std::string* own = reader.Find("linesep"); own != nullptr) {
    if (own->empty() || own->size() > 128) {
      return base::Fail(base::kIllegalArgument,
                        "The libsvm option `lineSep` must have 1 to 128 characters");
    }
    read.line_end = *own;
  }
  SOTERIA_RETURN_IF_ERROR(reader.Encoding());
  reader.NoEffect("compression");
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return read;
}

std::string LibsvmReadOptions::Encode() const {
  base::FieldWriter out;
  out.AddI64(features).AddBool(dense).Add(line_end);
  return out.Take();
}

base::StatusOr<LibsvmReadOptions> LibsvmReadOptions::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  LibsvmReadOptions options;
  SOTERIA_ASSIGN_OR_RETURN(options.features, in.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(options.dense, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(options.line_end, in.Next());
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return options;
}

std::shared_ptr<arrow::Schema> LibsvmSchema(int64_t features) {
  const nlohmann::json metadata = {{kFeatures, features}};
  return arrow::schema({arrow::field("label", arrow::float64()),
                        table::WithSparkMetadata(table::VectorField("features", true, std::nullopt),
                                                 metadata.dump())});
}

base::Status CheckLibsvmSchema(const arrow::Schema& schema) {
  const bool fits = schema.num_fields() == 2 &&
                    schema.field(0)->type()->id() == arrow::Type::DOUBLE &&
                    table::IsVector(*schema.field(1)) && FeaturesOf(*schema.field(1)) > 0 &&
                    FeaturesOf(*schema.field(1)) <= kFeaturesMax;
  if (fits) return base::OkStatus();
  return base::Fail(base::kAnalysis,
                    "Illegal schema for libsvm data: leave the schema out and give the option "
                    "numFeatures");
}

base::StatusOr<int64_t> LibsvmFeatures(FilePart part, const LibsvmReadOptions& options) {
  int64_t features = 0;
  SOTERIA_RETURN_IF_ERROR(ForEach(part, options, [&](std::string_view, const Record& record) {
    features = std::max<int64_t>(features,
                                 record.indices.empty() ? 1 : int64_t{record.indices.back()} + 1);
    return base::OkStatus();
  }));
  return features;
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadLibsvm(FilePart part,
                                                         const LibsvmReadOptions& options,
                                                         const arrow::Schema& schema,
                                                         const Room& room) {
  SOTERIA_RETURN_IF_ERROR(CheckLibsvmSchema(schema));
  RowRoom rows_room(room, RowBytes(schema), TextRoom(part.bytes()));
  const int64_t features = FeaturesOf(*schema.field(1));
  arrow::DoubleBuilder labels;
  table::VectorBuilder vectors;
  int64_t values = 0;
  arrow::ArrayVector label_chunks;
  arrow::ArrayVector vector_chunks;
  const auto cut = [&]() -> base::Status {
    std::shared_ptr<arrow::Array> labels_of_chunk;
    SOTERIA_ARROW_RETURN(labels.Finish(&labels_of_chunk));
    label_chunks.push_back(std::move(labels_of_chunk));
    SOTERIA_ASSIGN_OR_RETURN(auto vectors_of_chunk, vectors.Finish());
    vector_chunks.push_back(std::move(vectors_of_chunk));
    values = 0;
    return base::OkStatus();
  };
  if (options.dense && features > kChunkValues) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("dense vectors of ", features, " features: at most ", kChunkValues,
                                "; read them as sparse ones"));
  }
  std::vector<double> all(options.dense ? static_cast<size_t>(features) : 0);
  SOTERIA_RETURN_IF_ERROR(
      ForEach(part, options, [&](std::string_view line, Record& record) -> base::Status {
        if (!record.indices.empty() && record.indices.back() >= features) {
          return Malformed(line, base::Cat("with an index beyond its ", features, " features"));
        }
        if (!options.dense) WithoutZeros(&record);
        const int64_t more = options.dense ? features : static_cast<int64_t>(record.values.size());
        if (values > 0 && values + more > kChunkValues) SOTERIA_RETURN_IF_ERROR(cut());
        values += more;
        SOTERIA_RETURN_IF_ERROR(
            rows_room.Add(static_cast<uint64_t>(more) * (sizeof(double) + sizeof(int32_t))));
        SOTERIA_ARROW_RETURN(labels.Append(record.label));
        if (!options.dense) {
          return vectors.Append(table::VectorView{false, static_cast<int32_t>(features),
                                                  record.indices, record.values});
        }
        std::fill(all.begin(), all.end(), 0.0);
        for (size_t i = 0; i < record.indices.size(); ++i) {
          all[static_cast<size_t>(record.indices[i])] = record.values[i];
        }
        return vectors.AppendDense(all);
      }));
  SOTERIA_RETURN_IF_ERROR(cut());
  return arrow::Table::Make(arrow::schema(schema.fields()),
                            {std::make_shared<arrow::ChunkedArray>(std::move(label_chunks)),
                             std::make_shared<arrow::ChunkedArray>(std::move(vector_chunks))});
}

}  // namespace soteria::formats
