#include "src/formats/formats.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/formats/csv_read.h"
#include "src/formats/json_read.h"
#include "src/formats/libsvm_read.h"
#include "src/formats/orc_read.h"
#include "src/formats/orc_write.h"
#include "src/formats/packed.h"
#include "src/formats/text_read.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

base::Status NoSuchFormat() { return base::Fail(base::kProtocol, "no such format of text"); }

// A CSV schema takes two passes: the first record of all, and the types under it.
constexpr std::string_view kHeadPass = "head";

base::StatusOr<std::string> CsvShare(FilePart part, const Pass& pass) {
  SOTERIA_ASSIGN_OR_RETURN(const CsvReadOptions options, CsvReadOptions::Decode(pass.options));
  if (pass.bytes == kHeadPass) {
    SOTERIA_ASSIGN_OR_RETURN(const CsvHead head, ReadCsvHead(part, options));
    return head.Encode();
  }
  SOTERIA_ASSIGN_OR_RETURN(const CsvHead head, CsvHead::Decode(pass.bytes));
  return CsvTypesOf(part, options, head);
}

base::StatusOr<int64_t> FeaturesFrom(std::string_view share) {
  base::FieldReader in(share);
  SOTERIA_ASSIGN_OR_RETURN(const int64_t features, in.NextI64());
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return features;
}

base::StatusOr<std::string> MergeTwo(const Pass& pass, std::string a, const std::string& b) {
  if (pass.format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(const auto options, JsonReadOptions::Decode(pass.options));
    return MergeJsonTypes(options, a, b);
  }
  if (pass.format == "libsvm") {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t one, FeaturesFrom(a));
    SOTERIA_ASSIGN_OR_RETURN(const int64_t other, FeaturesFrom(b));
    return base::FieldWriter().AddI64(std::max(one, other)).Take();
  }
  if (pass.format != "csv") return NoSuchFormat();
  if (pass.bytes != kHeadPass) {
    SOTERIA_ASSIGN_OR_RETURN(const auto options, CsvReadOptions::Decode(pass.options));
    return MergeCsvTypes(options, a, b);
  }
  SOTERIA_ASSIGN_OR_RETURN(const CsvHead first, CsvHead::Decode(a));
  SOTERIA_RETURN_IF_ERROR(CsvHead::Decode(b).status());
  return first.any ? std::move(a) : b;
}

base::StatusOr<AfterPass> FinishCsv(const Pass& pass, std::string_view merged) {
  SOTERIA_ASSIGN_OR_RETURN(const CsvReadOptions options, CsvReadOptions::Decode(pass.options));
  AfterPass after;
  if (pass.bytes == kHeadPass) {
    SOTERIA_ASSIGN_OR_RETURN(const CsvHead head, CsvHead::Decode(merged));
    if (head.any && options.infer_types) {
      after.next = Pass{pass.format, pass.options, std::string(merged)};
      return after;
    }
    SOTERIA_ASSIGN_OR_RETURN(after.schema, CsvSchema(options, head, ""));
    return after;
  }
  SOTERIA_ASSIGN_OR_RETURN(const CsvHead head, CsvHead::Decode(pass.bytes));
  SOTERIA_ASSIGN_OR_RETURN(after.schema, CsvSchema(options, head, merged));
  return after;
}

}  // namespace

bool IsReadable(std::string_view format) {
  return format == "csv" || format == "json" || format == "libsvm" || format == "orc" ||
         format == "text";
}

bool SaysItsColumns(std::string_view format) { return format == "parquet" || format == "orc"; }

base::StatusOr<std::string> EncodeReadOptions(std::string_view format, const OptionMap& options,
                                              const ReaderDefaults& defaults) {
  if (format == "csv") {
    SOTERIA_ASSIGN_OR_RETURN(const CsvReadOptions read, ParseCsvReadOptions(options, defaults));
    return read.Encode();
  }
  if (format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(const JsonReadOptions read, ParseJsonReadOptions(options, defaults));
    return read.Encode();
  }
  if (format == "text") {
    SOTERIA_ASSIGN_OR_RETURN(const TextReadOptions read, ParseTextReadOptions(options));
    return read.Encode();
  }
  if (format == "libsvm") {
    SOTERIA_ASSIGN_OR_RETURN(const LibsvmReadOptions read, ParseLibsvmReadOptions(options));
    return read.Encode();
  }
  if (format == "orc") {
    SOTERIA_ASSIGN_OR_RETURN(const OrcReadOptions read, ParseOrcReadOptions(options));
    return read.Encode();
  }
  return NoSuchFormat();
}

base::StatusOr<std::shared_ptr<arrow::Schema>> FixedSchema(std::string_view format,
                                                           std::string_view options) {
  if (format == "text") return arrow::schema({arrow::field("value", arrow::utf8())});
  if (format != "libsvm") return std::shared_ptr<arrow::Schema>();
  SOTERIA_ASSIGN_OR_RETURN(const LibsvmReadOptions read, LibsvmReadOptions::Decode(options));
  return read.features > 0 ? LibsvmSchema(read.features) : nullptr;
}

base::StatusOr<bool> HasParts(std::string_view name, std::string_view format,
                              std::string_view options) {
  bool whole = IsGzip(name);
  if (format == "csv") {
    SOTERIA_ASSIGN_OR_RETURN(const CsvReadOptions read, CsvReadOptions::Decode(options));
    whole = whole || read.record.multi_line;
  } else if (format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(const JsonReadOptions read, JsonReadOptions::Decode(options));
    whole = whole || read.record.multi_line;
  } else if (format == "text") {
    SOTERIA_ASSIGN_OR_RETURN(const TextReadOptions read, TextReadOptions::Decode(options));
    whole = whole || read.whole;
  } else if (format != "libsvm") {
    return NoSuchFormat();
  }
  return !whole;
}

base::Status CheckSchema(std::string_view format, std::string_view options,
                         const arrow::Schema& schema) {
  if (format == "csv") {
    SOTERIA_ASSIGN_OR_RETURN(const CsvReadOptions read, CsvReadOptions::Decode(options));
    return CheckCsvSchema(read, schema);
  }
  if (format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(const JsonReadOptions read, JsonReadOptions::Decode(options));
    return CheckJsonSchema(read, schema);
  }
  if (format == "libsvm") return CheckLibsvmSchema(schema);
  if (format == "orc") return CheckOrcSchema(schema);
  if (format != "text") return NoSuchFormat();
  if (schema.num_fields() == 1 && schema.field(0)->type()->id() == arrow::Type::STRING) {
    return base::OkStatus();
  }
  return base::Fail(base::kAnalysis,
                    base::Cat("Text data source supports only a single column, and it must be a "
                              "string, and you have ",
                              schema.num_fields(), " columns."));
}

std::string EncodePass(const Pass& pass) {
  base::FieldWriter out;
  out.Add(pass.format).Add(pass.options).Add(pass.bytes);
  return out.Take();
}

base::StatusOr<Pass> DecodePass(std::string_view bytes) {
  base::FieldReader in(bytes);
  Pass pass;
  SOTERIA_ASSIGN_OR_RETURN(pass.format, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(pass.options, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(pass.bytes, in.Next());
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return pass;
}

base::StatusOr<Pass> FirstPass(std::string_view format, std::string_view options) {
  Pass pass{std::string(format), std::string(options), ""};
  if (format == "csv") {
    pass.bytes = kHeadPass;
    return pass;
  }
  if (format == "json" || format == "libsvm") return pass;
  return NoSuchFormat();
}

base::StatusOr<std::string> ShareOf(FilePart part, const Pass& pass) {
  if (pass.format == "csv") return CsvShare(part, pass);
  if (pass.format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(const auto options, JsonReadOptions::Decode(pass.options));
    return JsonTypesOf(part, options);
  }
  if (pass.format == "libsvm") {
    SOTERIA_ASSIGN_OR_RETURN(const auto options, LibsvmReadOptions::Decode(pass.options));
    SOTERIA_ASSIGN_OR_RETURN(const int64_t features, LibsvmFeatures(part, options));
    return base::FieldWriter().AddI64(features).Take();
  }
  return NoSuchFormat();
}

base::StatusOr<std::string> MergeShares(const Pass& pass, const std::vector<std::string>& shares) {
  if (shares.empty()) return base::Fail(base::kProtocol, "no shares of a schema");
  std::string merged = shares.front();
  for (size_t i = 1; i < shares.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(merged, MergeTwo(pass, std::move(merged), shares[i]));
  }
  return merged;
}

base::StatusOr<AfterPass> Finish(const Pass& pass, std::string_view merged) {
  if (pass.format == "csv") return FinishCsv(pass, merged);
  if (pass.format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(const auto options, JsonReadOptions::Decode(pass.options));
    SOTERIA_ASSIGN_OR_RETURN(auto schema, JsonSchema(options, merged));
    return AfterPass{std::nullopt, std::move(schema)};
  }
  if (pass.format == "libsvm") {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t features, FeaturesFrom(merged));
    if (features == 0) return base::Fail(base::kUnsupported, "empty collection");
    return AfterPass{std::nullopt, LibsvmSchema(features)};
  }
  return NoSuchFormat();
}

uint64_t RoomOf(FilePart part) { return TextRoom(part.bytes()); }

base::StatusOr<std::shared_ptr<arrow::Table>> ReadFile(FilePart part, std::string_view format,
                                                       std::string_view options,
                                                       const arrow::Schema& schema,
                                                       const Room& room) {
  if (format == "csv") {
    SOTERIA_ASSIGN_OR_RETURN(const CsvReadOptions read, CsvReadOptions::Decode(options));
    return ReadCsv(part, read, schema, room);
  }
  if (format == "json") {
    SOTERIA_ASSIGN_OR_RETURN(const JsonReadOptions read, JsonReadOptions::Decode(options));
    return ReadJson(part, read, schema, room);
  }
  if (format == "text") {
    SOTERIA_ASSIGN_OR_RETURN(const TextReadOptions read, TextReadOptions::Decode(options));
    return ReadText(part, read, schema, room);
  }
  if (format == "libsvm") {
    SOTERIA_ASSIGN_OR_RETURN(const LibsvmReadOptions read, LibsvmReadOptions::Decode(options));
    return ReadLibsvm(part, read, schema, room);
  }
  if (format == "orc") {
    SOTERIA_ASSIGN_OR_RETURN(const OrcReadOptions read, OrcReadOptions::Decode(options));
    return ReadOrc(part.file, read, schema, room);
  }
  return NoSuchFormat();
}

}  // namespace soteria::formats
