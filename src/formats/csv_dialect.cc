#include "src/formats/csv_dialect.h"

#include <string>
#include <string_view>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"

namespace soteria::formats {
namespace {

base::Status Separator(std::string_view why) {
  return base::Fail(base::kIllegalArgument, base::Cat("The CSV option `sep` ", why));
}

/// Java's escapes in the text of a separator, as Spark reads them.
base::StatusOr<std::string> SeparatorOf(std::string_view text) {
  if (text.empty()) return Separator("cannot be an empty string");
  std::string separator;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      separator += text[i];
      continue;
    }
    if (text.size() == 1) {
      return Separator("is a single backslash: it begins an escape, so write two");
    }
    if (text == "\\u0000") return std::string(1, '\0');
    if (++i == text.size()) return Separator("ends in a single backslash: write two");
    switch (text[i]) {
      case 't':
        separator += '\t';
        break;
      case 'r':
        separator += '\r';
        break;
      case 'b':
        separator += '\b';
        break;
      case 'f':
        separator += '\f';
        break;
      case '"':
      case '\'':
      case '\\':
        separator += text[i];
        break;
      default:
        return Separator("has an escape that isn't one");
    }
  }
  return separator;
}

base::Status CheckDialect(const CsvDialect& dialect) {
  const std::string_view separator = dialect.separator;
  if (separator.find('\n') != std::string_view::npos ||
      separator.find('\0') != std::string_view::npos) {
    return base::NotSupported("The CSV option `sep` with a line end or NUL in it");
  }
  const bool clash = dialect.quote != '\0' && separator.find(dialect.quote) != separator.npos;
  if (clash || dialect.quote == '\n' || dialect.escape == '\n' || dialect.comment == '\n') {
    return base::NotSupported(
        "A CSV quote that is in the separator, and a quote, escape or comment that is a line end");
  }
  return base::OkStatus();
}

base::StatusOr<char> NextChar(base::FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, in.Next());
  if (text.size() != 1) return base::Fail(base::kProtocol, "a character isn't one");
  return text.front();
}

}  // namespace

base::Status ReadDialect(OptionReader& reader, CsvDialect* dialect) {
  std::string separator = ",";
  reader.Text("delimiter", &separator);
  reader.Text("sep", &separator);
  SOTERIA_ASSIGN_OR_RETURN(dialect->separator, SeparatorOf(separator));
  SOTERIA_RETURN_IF_ERROR(reader.Character("quote", &dialect->quote));
  SOTERIA_RETURN_IF_ERROR(reader.Character("escape", &dialect->escape));
  if (dialect->escape == '\0') return base::NotSupported("The CSV option `escape` of nothing");
  dialect->escape_escape = dialect->quote == dialect->escape ? '\0' : dialect->escape;
  char own = '\0';
  SOTERIA_RETURN_IF_ERROR(reader.Character("chartoescapequoteescaping", &own));
  if (own != '\0') dialect->escape_escape = own;
  SOTERIA_RETURN_IF_ERROR(reader.Character("comment", &dialect->comment));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("ignoreleadingwhitespace", &dialect->trim_leading));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("ignoretrailingwhitespace", &dialect->trim_trailing));
  return CheckDialect(*dialect);
}

void WriteDialect(const CsvDialect& dialect, base::FieldWriter& out) {
  out.Add(dialect.separator).Add({&dialect.quote, 1}).Add({&dialect.escape, 1});
  out.Add({&dialect.escape_escape, 1}).Add({&dialect.comment, 1});
  out.AddBool(dialect.trim_leading).AddBool(dialect.trim_trailing);
}

base::Status ReadDialect(base::FieldReader& in, CsvDialect* dialect) {
  SOTERIA_ASSIGN_OR_RETURN(dialect->separator, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(dialect->quote, NextChar(in));
  SOTERIA_ASSIGN_OR_RETURN(dialect->escape, NextChar(in));
  SOTERIA_ASSIGN_OR_RETURN(dialect->escape_escape, NextChar(in));
  SOTERIA_ASSIGN_OR_RETURN(dialect->comment, NextChar(in));
  SOTERIA_ASSIGN_OR_RETURN(dialect->trim_leading, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(dialect->trim_trailing, in.NextBool());
  if (dialect->separator.empty()) {
    return base::Fail(base::kProtocol, "a CSV dialect without a separator");
  }
  return CheckDialect(*dialect);
}

}  // namespace soteria::formats
