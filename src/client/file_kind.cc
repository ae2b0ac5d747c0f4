#include "src/client/file_kind.h"

#include <algorithm>
#include <array>

#include "src/base/ascii.h"
#include "src/base/text.h"
#include "src/table/text_value.h"

namespace soteria::client {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kUnpack = "unpack it and put the table inside";
constexpr std::string_view kConvert =
    "convert it to Parquet or CSV first, with pandas or Spark for instance";
constexpr std::string_view kAsTree =
    "put its folder with --tree, for read.orc, or convert it to Parquet first";
constexpr std::string_view kNoTable = "put the file that holds the table";

struct Magic {
  size_t at;
  std::string_view bytes;
  std::string_view what;
  std::string_view remedy;
};

constexpr std::array kMagic = {
    Magic{0, "\x1f\x8b"sv, "a gzip file", kUnpack},
    Magic{0, "BZh"sv, "a bzip2 file", kUnpack},
    Magic{0, "\x28\xb5\x2f\xfd"sv, "a Zstandard file", kUnpack},
    Magic{0,
          "\xfd"
          "7zXZ\0"sv,
          "an xz file", kUnpack},
    Magic{0, "\x04\x22\x4d\x18"sv, "an LZ4 file", kUnpack},
    Magic{0, "\xff\x06\0\0sNaPpY"sv, "a Snappy file", kUnpack},
    Magic{0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive", kUnpack},
    Magic{0, "Rar!"sv, "a RAR archive", kUnpack},
    Magic{257, "ustar"sv, "a tar archive", kUnpack},
    Magic{0, "ORC"sv, "an ORC file", kAsTree},
    Magic{0, "Obj\x01"sv, "an Avro file", kConvert},
    Magic{0, "ARROW1\0\0"sv, "an Arrow (Feather) file", kConvert},
    Magic{0, "FEA1"sv, "a Feather file", kConvert},
    Magic{0, "\xff\xff\xff\xff"sv, "an Arrow stream", kConvert},
    Magic{0, "SEQ\x06"sv, "a Hadoop sequence file", kConvert},
    Magic{0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file", kConvert},
    Magic{0, "CDF\x01"sv, "a NetCDF file", kConvert},
    Magic{0, "CDF\x02"sv, "a NetCDF file", kConvert},
    Magic{0, "\x93NUMPY"sv, "a NumPy array", kConvert},
    Magic{0, "\x80\x02"sv, "a Python pickle", kConvert},
    Magic{0, "\x80\x03"sv, "a Python pickle", kConvert},
    Magic{0, "\x80\x04"sv, "a Python pickle", kConvert},
    Magic{0, "\x80\x05"sv, "a Python pickle", kConvert},
    Magic{0, "SQLite format 3\0"sv, "an SQLite database", kConvert},
    Magic{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "an old Excel or Word file",
          "save the sheet as CSV"},
    Magic{0, "$FL2"sv, "an SPSS file", kConvert},
    Magic{0, "$FL3"sv, "an SPSS file", kConvert},
    Magic{0, "\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60"sv, "a SAS data set", kConvert},
    Magic{0, "HEADER RECORD*******"sv, "a SAS transport file", kConvert},
    Magic{0, "MATLAB 5.0"sv, "a MATLAB file", kConvert},
    Magic{0, "RDX3\n"sv, "an R data file", kConvert},
    Magic{0, "%PDF-"sv, "a PDF document", kNoTable},
    Magic{0, "\x89PNG"sv, "a PNG image", kNoTable},
    Magic{0, "\xff\xd8\xff"sv, "a JPEG image", kNoTable},
    Magic{0,
          "\x7f"
          "ELF"sv,
          "a program", kNoTable},
};

std::string_view WithoutMark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

std::string_view SkipSpace(std::string_view text) {
  while (!text.empty() && base::IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

/// The next line that isn't blank, without its end; empty when there is none.
std::string_view NextLine(std::string_view* text) {
  while (!text->empty()) {
    const size_t end = std::min(text->find_first_of("\r\n"), text->size());
    const std::string_view line = text->substr(0, end);
    text->remove_prefix(std::min(end + 1, text->size()));
    if (!SkipSpace(line).empty()) return line;
  }
  return {};
}

bool StartsWithWord(std::string_view text, std::string_view upper) {
  return text.size() > upper.size() && base::EqualIgnoringCase(text.substr(0, upper.size()), upper);
}

bool IsJson(std::string_view text) {
  const bool object = text.starts_with('{');
  if (!object && !text.starts_with('[')) return false;
  const std::string_view next = SkipSpace(text.substr(1));
  if (next.empty()) return false;
  return (object ? "\"'}"sv : "{[\"]-0123456789"sv).find(next.front()) != std::string_view::npos;
}

bool IsNumber(std::string_view text) {
  double ignored = 0;
  return table::ParseDouble(text, &ignored);
}

/// "1 1:0.5 7:2": a label, then places with their values.
bool IsLibsvm(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsNumber(line.substr(0, space))) return false;
  const std::string_view rest = SkipSpace(line.substr(space));
  const std::string_view pair = rest.substr(0, rest.find(' '));
  const size_t colon = pair.find(':');
  return colon != 0 && colon != std::string_view::npos && IsNumber(pair.substr(colon + 1)) &&
         pair.substr(0, colon).find_first_not_of("0123456789") == std::string_view::npos;
}

/// A frame of a stack trace: "\tat org.example.Job.run(Job.java:7)", "  File "job.py", line 5".
bool IsStackFrame(std::string_view line) {
  if (line.empty() || !base::IsSpace(line.front())) return false;
  const std::string_view body = SkipSpace(line);
  return (body.starts_with("at ") && body.find('(') != std::string_view::npos) ||
         (body.starts_with("File \"") && body.find("line ") != std::string_view::npos);
}

/// "name: value", as in YAML, mail and many error messages.
bool IsKeyAndValue(std::string_view line) {
  const size_t colon = line.find(": ");
  if (colon == 0 || colon == std::string_view::npos) return false;
  if (line.find(',') != std::string_view::npos) return false;
  return std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return base::IsAlphanumeric(c) || c == '_' || c == '-' || c == '.';
  });
}

/// "2026-01-31 12:00:00 INFO job: started": a line of a log, in the place of the header.
bool IsLogLine(std::string_view line) {
  constexpr std::string_view kForm = "0000-00-00 00:00";
  if (line.size() <= kForm.size() || line.find(',') != std::string_view::npos) return false;
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = kForm[i] == '0';
    if (digit ? !base::IsDigit(line[i]) : line[i] != kForm[i] && !(i == 10 && line[i] == 'T')) {
      return false;
    }
  }
  return line.find(' ', kForm.size()) != std::string_view::npos;
}

std::optional<FileKind> KindOfFirstLine(std::string_view line) {
  const std::string_view body = SkipSpace(line);
  if (body.starts_with("version https://git-lfs")) {
    return FileKind{"a Git LFS pointer in place of the data", "fetch the data with `git lfs pull`"};
  }
  if (body.size() > 1 && body.front() == '<' &&
      (base::IsLetter(body[1]) || body[1] == '!' || body[1] == '?')) {
    return FileKind{"an HTML or XML page",
                    "it may be a log-in or error page that was saved in place of the data; look "
                    "into it and fetch the data again"};
  }
  if (body.starts_with("{\\rtf")) return FileKind{"a document", std::string(kNoTable)};
  if (body.starts_with("Traceback (most recent call last)") ||
      body.starts_with("Exception in thread ")) {
    return FileKind{"a stack trace of a program that failed", "make the data again"};
  }
  if (body.starts_with("HTTP/1.") || body.starts_with("HTTP/2")) {
    return FileKind{"the answer of a web server", "fetch the data again"};
  }
  if (body.starts_with("/annex/objects/") || body.find(".git/annex/objects/") != body.npos) {
    return FileKind{"a git-annex pointer in place of the data",
                    "fetch the data with `git annex get`"};
  }
  if (IsLogLine(body)) {
    return FileKind{"a log, or a table without a header",
                    "write the names of the columns into the first line"};
  }
  if (body.starts_with("-----BEGIN "))
    return FileKind{"a key or certificate", std::string(kNoTable)};
  if (body.starts_with("#!/")) return FileKind{"a script", std::string(kNoTable)};
  for (const std::string_view word : {"CREATE TABLE "sv, "INSERT INTO "sv, "DROP TABLE "sv,
                                      "-- MYSQL DUMP"sv, "-- POSTGRESQL"sv}) {
    if (StartsWithWord(body, word)) return FileKind{"an SQL dump", std::string(kConvert)};
  }
  if (StartsWithWord(body, "@RELATION ")) return FileKind{"an ARFF file", std::string(kConvert)};
  if (IsLibsvm(body)) return FileKind{"a LIBSVM file", std::string(kConvert)};
  if (body == "---" || body == "outs:") return FileKind{"YAML", std::string(kNoTable)};
  return std::nullopt;
}

/// Lines that another character than the comma cuts into equally many fields.
std::optional<FileKind> KindByDelimiter(std::string_view first, std::string_view second) {
  if (first.find(',') != std::string_view::npos || first.find('"') != std::string_view::npos) {
    return std::nullopt;
  }
  for (const auto& [mark, name] : {std::pair{'\t', "tabs"}, {';', "semicolons"}, {'|', "bars"}}) {
    const auto fields = std::count(first.begin(), first.end(), mark);
    if (fields > 0 && std::count(second.begin(), second.end(), mark) == fields) {
      return FileKind{base::Cat("a table separated by ", name),
                      "put takes commas; write it again with those, as with "
                      "pandas.read_csv(.., sep=..).to_csv(.., index=False)"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<FileKind> KindOfBytes(std::string_view head) {
  if (head.starts_with("PK\x03\x04")) {
    if (head.find("xl/") != std::string_view::npos) {
      return FileKind{"an Excel workbook", "save the sheet as CSV"};
    }
    return FileKind{"a ZIP archive", std::string(kUnpack)};
  }
  for (const Magic& magic : kMagic) {
    if (head.size() < magic.at || !head.substr(magic.at).starts_with(magic.bytes)) continue;
    // "ORC" and the like may begin a name; such formats go on with bytes that no text has.
    const std::string_view rest = head.substr(magic.at + magic.bytes.size());
    const bool printable = std::all_of(magic.bytes.begin(), magic.bytes.end(),
                                       [](char c) { return c >= ' ' && c <= '~'; });
    const bool text = std::none_of(rest.begin(), rest.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte < ' ' && !base::IsSpace(c);
    });
    if (printable && magic.bytes.size() <= 4 && magic.at == 0 && text) continue;
    return FileKind{std::string(magic.what), std::string(magic.remedy)};
  }
  return std::nullopt;
}

std::optional<FileKind> KindOfText(std::string_view head, bool whole) {
  std::string_view rest = WithoutMark(head);
  if (IsJson(SkipSpace(rest))) {
    return FileKind{"JSON",
                    "convert it to CSV or Parquet first, as with "
                    "pandas.read_json(.., lines=True).to_parquet(..)"};
  }
  const std::string_view first = NextLine(&rest);
  if (auto kind = KindOfFirstLine(first)) return kind;
  const std::string_view second = NextLine(&rest);
  if (IsStackFrame(second)) {
    return FileKind{"a stack trace of a program that failed", "make the data again"};
  }
  if (IsKeyAndValue(first) && IsKeyAndValue(second)) {
    return FileKind{"lines of names and values", std::string(kNoTable)};
  }
  if (first.starts_with('[') && first.ends_with(']') && first.find(',') == first.npos &&
      second.find('=') != second.npos) {
    return FileKind{"a file of settings", std::string(kNoTable)};
  }
  if (second.empty() && whole && first.find(',') == std::string_view::npos &&
      first.find_first_of(" :") != std::string_view::npos) {
    return FileKind{"a single line of text",
                    "look into it: it may be an error message that was "
                    "saved in place of the data"};
  }
  return KindByDelimiter(first, second);
}

std::string NotATable(std::string_view path, const FileKind& kind) {
  return base::Cat(path, " is ", kind.what, ", not a table that put reads: ", kind.remedy);
}

}  // namespace soteria::client
