#include "src/formats/write_options.h"

#include <algorithm>
#include <initializer_list>

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

// What Spark's readers take and its writers don't look at.
constexpr std::string_view kOfReaders[] = {"mode", "columnnameofcorruptrecord", "samplingratio",
                                           "multiline", "enabledatetimeparsingfallback"};
constexpr std::string_view kOfCsvReaders[] = {
    "inferschema", "preferdate",  "enforceschema", "maxcolumns",      "maxcharspercolumn",
    "nanvalue",    "positiveinf", "negativeinf",   "inputbuffersize", "unescapedquotehandling"};
constexpr std::string_view kOfJsonReaders[] = {"allowcomments",
                                               "allowunquotedfieldnames",
                                               "allowsinglequotes",
                                               "allownumericleadingzeros",
                                               "allownonnumericnumbers",
                                               "allowbackslashescapinganycharacter",
                                               "allowunquotedcontrolchars",
                                               "primitivesasstring",
                                               "dropfieldifallnull",
                                               "infertimestamp",
                                               "prefersdecimal"};

constexpr size_t kNameShownMax = 64;

base::Status ReadCompression(OptionReader& reader, std::string_view format, std::string* value) {
  const bool parquet = format == "parquet";
  if (parquet) *value = "snappy";
  const std::string* given = reader.Find(parquet ? "parquet.compression" : "codec");
  if (const std::string* own = reader.Find("compression"); own != nullptr) given = own;
  if (given == nullptr) return base::OkStatus();
  std::string name = base::Lower(*given);
  if (name == "uncompressed") name = "none";
  const bool done =
      name == "none" || name == "gzip" || (parquet && (name == "snappy" || name == "zstd"));
  if (!done) {
    return base::NotSupported(base::Cat("The ", format, " option `compression` of ", *given),
                              parquet ? "snappy, gzip, zstd or none" : "gzip or none");
  }
  *value = name;
  return base::OkStatus();
}

base::Status ReadOrcCompression(OptionReader& reader, const WriterDefaults& defaults,
                                std::string* value) {
  std::string name = defaults.orc_codec;
  reader.Text("orc.compress", &name);
  reader.Text("compression", &name);
  name = base::Lower(name);
  constexpr std::string_view kDone[] = {"none", "snappy", "zlib", "zstd", "lz4"};
  if (name == "uncompressed") name = "none";
  if (std::find(std::begin(kDone), std::end(kDone), name) == std::end(kDone)) {
    if (name == "lzo" || name == "brotli") {
      return base::NotSupported(base::Cat("The orc option `compression` of ", name),
                                "none, snappy, zlib, zstd or lz4");
    }
    return base::Fail(kNoCodec, base::Cat("The codec ", name.substr(0, kNameShownMax),
                                          " is not available. Available codecs are brotli, "
                                          "uncompressed, lz4, lzo, snappy, zlib, none, zstd."));
  }
  *value = name;
  return base::OkStatus();
}

base::Status ReadCsv(OptionReader& reader, WriteOptions* write) {
  SOTERIA_RETURN_IF_ERROR(ReadDialect(reader, &write->dialect));
  if (write->dialect.comment == '\0') write->dialect.comment = '#';
  SOTERIA_RETURN_IF_ERROR(reader.Flag("header", &write->header));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("quoteall", &write->quote_all));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("escapequotes", &write->escape_quotes));
  reader.Text("nullvalue", &write->null_value);
  reader.Text("emptyvalue", &write->empty_value);
  for (const std::string_view name : kOfCsvReaders) reader.NoEffect(name);
  return base::OkStatus();
}

base::Status ReadLineEnd(OptionReader& reader, std::string_view format, std::string* line_end) {
  const std::string* const own = reader.Find("linesep");
  if (own == nullptr) return base::OkStatus();
  const bool ascii = std::all_of(own->begin(), own->end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (own->empty() || own->size() > 128) {
    return base::Fail(base::kIllegalArgument, base::Cat("The ", format,
                                                        " option `lineSep` must have 1 to 128 "
                                                        "characters"));
  }
  if (format == "CSV" && !ascii) {
    return base::NotSupported("The CSV option `lineSep` of other than ASCII characters");
  }
  if (format == "CSV" && own->size() > 2) {
    return base::Fail(kLineEndTooLong,
                      base::Cat("Invalid line separator configuration. The 'lineSep' option can "
                                "contain at most 2 characters, but got ",
                                own->size(), " characters."));
  }
  *line_end = *own;
  return base::OkStatus();
}

base::Status ReadRecords(OptionReader& reader, const WriterDefaults& defaults,
                         WriteOptions* write) {
  SOTERIA_RETURN_IF_ERROR(reader.Zone(defaults.zone, &write->zone));
  SOTERIA_RETURN_IF_ERROR(reader.Only("locale", "en-US"));
  SOTERIA_RETURN_IF_ERROR(reader.Refused("timestampntzformat"));
  SOTERIA_RETURN_IF_ERROR(reader.Pattern("dateformat", &write->date_format));
  SOTERIA_RETURN_IF_ERROR(reader.Pattern("timestampformat", &write->timestamp_format));
  for (const std::string_view name : kOfReaders) reader.NoEffect(name);
  return base::OkStatus();
}

}  // namespace

base::StatusOr<WriteOptions> ParseWriteOptions(std::string_view format, const OptionMap& options,
                                               const WriterDefaults& defaults) {
  const std::string shown = format == "csv"    ? "CSV"
                            : format == "json" ? "JSON"
                                               : std::string(format);
  WriteOptions write;
  write.ignore_null_fields = defaults.ignore_null_fields;
  OptionReader reader(options, shown);
  if (format == "orc") {
    SOTERIA_RETURN_IF_ERROR(ReadOrcCompression(reader, defaults, &write.compression));
  } else {
    SOTERIA_RETURN_IF_ERROR(ReadCompression(reader, format, &write.compression));
  }
  if (format == "parquet" || format == "orc") {
    reader.NoEffect("mergeschema");
    SOTERIA_RETURN_IF_ERROR(reader.Finish());
    return write;
  }
  SOTERIA_RETURN_IF_ERROR(reader.Encoding());
  SOTERIA_RETURN_IF_ERROR(ReadLineEnd(reader, shown, &write.line_end));
  if (format == "csv") {
    SOTERIA_RETURN_IF_ERROR(ReadRecords(reader, defaults, &write));
    SOTERIA_RETURN_IF_ERROR(ReadCsv(reader, &write));
  } else if (format == "json") {
    SOTERIA_RETURN_IF_ERROR(ReadRecords(reader, defaults, &write));
    SOTERIA_RETURN_IF_ERROR(reader.Flag("ignorenullfields", &write.ignore_null_fields));
    SOTERIA_RETURN_IF_ERROR(reader.Flag("pretty", &write.pretty));
    SOTERIA_RETURN_IF_ERROR(reader.Only("writenonasciicharacterascodepoint", "false"));
    for (const std::string_view name : kOfJsonReaders) reader.NoEffect(name);
  } else if (format == "text") {
    reader.NoEffect("wholetext");
  } else {
    return base::NotSupported(base::Cat("DataFrameWriter.", format),
                              "write.parquet, orc, csv, json or text");
  }
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return write;
}

std::string WriteOptions::Encode() const {
  base::FieldWriter out;
  WriteDialect(dialect, out);
  out.AddBool(header).AddBool(quote_all).AddBool(escape_quotes);
  out.Add(null_value)
      .Add(empty_value)
      .AddBool(ignore_null_fields)
      .AddBool(pretty)
      .Add(line_end)
      .Add(zone);
  out.Add(date_format).Add(timestamp_format).Add(compression);
  return out.Take();
}

base::StatusOr<WriteOptions> WriteOptions::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  WriteOptions options;
  SOTERIA_RETURN_IF_ERROR(ReadDialect(in, &options.dialect));
  for (bool* const flag : {&options.header, &options.quote_all, &options.escape_quotes}) {
    SOTERIA_ASSIGN_OR_RETURN(*flag, in.NextBool());
  }
  SOTERIA_ASSIGN_OR_RETURN(options.null_value, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(options.empty_value, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(options.ignore_null_fields, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(options.pretty, in.NextBool());
  for (std::string* const text : {&options.line_end, &options.zone, &options.date_format,
                                  &options.timestamp_format, &options.compression}) {
    SOTERIA_ASSIGN_OR_RETURN(*text, in.Next());
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  if (options.line_end.empty()) {
    return base::Fail(base::kProtocol, "options of a write that can't be");
  }
  return options;
}

}  // namespace soteria::formats
