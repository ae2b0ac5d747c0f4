#include "src/formats/csv_options.h"

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/conditions.h"
#include "src/formats/csv_dialect.h"
#include "src/formats/option_reader.h"

namespace soteria::formats {
namespace {

constexpr uint64_t kColumnsMost = 100'000;

}  // namespace

void RecordOptions::Write(base::FieldWriter& out) const {
  out.AddU64(static_cast<uint64_t>(mode)).Add(corrupt_column).Add(zone);
  out.Add(date_format).Add(timestamp_format).Add(line_end).AddBool(multi_line);
}

base::Status RecordOptions::Read(base::FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t number, in.NextU64());
  if (number > static_cast<uint64_t>(ParseMode::kFailFast)) {
    return base::Fail(base::kProtocol, "an unknown mode of a reader");
  }
  mode = static_cast<ParseMode>(number);
  SOTERIA_ASSIGN_OR_RETURN(corrupt_column, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(zone, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(date_format, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(timestamp_format, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(line_end, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(multi_line, in.NextBool());
  return base::OkStatus();
}

base::StatusOr<CsvReadOptions> ParseCsvReadOptions(const OptionMap& options,
                                                   const ReaderDefaults& defaults) {
  OptionReader reader(options, "CSV");
  CsvReadOptions read;
  SOTERIA_RETURN_IF_ERROR(ReadDialect(reader, &read.dialect));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("header", &read.header));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("inferschema", &read.infer_types));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("preferdate", &read.prefer_date));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("enforceschema", &read.enforce_schema));
  reader.Text("nullvalue", &read.null_value);
  reader.Text("emptyvalue", &read.empty_value);
  reader.Text("nanvalue", &read.nan_value);
  reader.Text("positiveinf", &read.positive_inf);
  reader.Text("negativeinf", &read.negative_inf);
  SOTERIA_RETURN_IF_ERROR(reader.Record(defaults, &read.record));
  int64_t columns = static_cast<int64_t>(read.columns_max);
  SOTERIA_RETURN_IF_ERROR(reader.Number("maxcolumns", 1, kColumnsMost, &columns));
  read.columns_max = static_cast<uint64_t>(columns);
  if (read.record.multi_line && !read.record.line_end.empty() && read.record.line_end != "\n") {
    return base::NotSupported(
        "The CSV option `lineSep` of other than a line feed with `multiLine`");
  }
  if (read.record.line_end.size() > 2) {
    return base::Fail(kLineEndTooLong,
                      base::Cat("Invalid line separator configuration. The 'lineSep' option can "
                                "contain at most 2 characters, but got ",
                                read.record.line_end.size(), " characters."));
  }
  SOTERIA_RETURN_IF_ERROR(reader.Only("maxcharspercolumn", "-1"));
  SOTERIA_RETURN_IF_ERROR(reader.Only("unescapedquotehandling", "STOP_AT_DELIMITER"));
  // Of other types and of writers, which Spark's reader doesn't look at either; how much is read at
  // once.
  for (const std::string_view name :
       {"escapequotes", "quoteall", "inputbuffersize", "compression", "codec"}) {
    reader.NoEffect(name);
  }
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return read;
}

std::string CsvReadOptions::Encode() const {
  base::FieldWriter out;
  record.Write(out);
  WriteDialect(dialect, out);
  out.AddBool(header).AddBool(infer_types).AddBool(prefer_date).AddBool(enforce_schema);
  out.Add(null_value).Add(empty_value).Add(nan_value).Add(positive_inf).Add(negative_inf);
  out.AddU64(columns_max);
  return out.Take();
}

base::StatusOr<CsvReadOptions> CsvReadOptions::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  CsvReadOptions options;
  SOTERIA_RETURN_IF_ERROR(options.record.Read(in));
  SOTERIA_RETURN_IF_ERROR(ReadDialect(in, &options.dialect));
  SOTERIA_ASSIGN_OR_RETURN(options.header, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(options.infer_types, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(options.prefer_date, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(options.enforce_schema, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(options.null_value, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(options.empty_value, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(options.nan_value, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(options.positive_inf, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(options.negative_inf, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(options.columns_max, in.NextU64());
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  if (options.columns_max > kColumnsMost) {
    return base::Fail(base::kProtocol, "options of a CSV file that can't be");
  }
  return options;
}

}  // namespace soteria::formats
