#include "src/connect/sql_error.h"

#include <algorithm>
#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::connect {
namespace {

constexpr base::Condition kEmptyStatement = {"PARSE_EMPTY_STATEMENT", base::exception_class::kParse,
                                             "42617", absl::StatusCode::kInvalidArgument};
constexpr std::string_view kTitle = "\n\n== SQL ==\n";
constexpr std::string_view kLine = " (line ";
constexpr std::string_view kPart = "\n== SQL (line ";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Spark counts characters of a line, not bytes.
size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

struct Place {
  size_t line = 1;    // from 1
  size_t column = 0;  // in characters, from 0
  size_t line_begin = 0;
  size_t line_end = 0;
};

Place PlaceOf(std::string_view sql, size_t at) {
  const std::string_view before = sql.substr(0, at);
  Place place;
  place.line += static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t newline = before.rfind('\n');
  place.line_begin = newline == std::string_view::npos ? 0 : newline + 1;
  place.column = Characters(before.substr(place.line_begin));
  place.line_end = std::min(sql.find('\n', at), sql.size());
  return place;
}

}  // namespace

base::Status SqlFailure(const base::Condition& condition, std::string_view text,
                        std::string_view sql, size_t at) {
  const Place at_line = PlaceOf(sql, std::min(at, sql.size()));
  std::string place =
      base::Cat(kLine, at_line.line, ", pos ", at_line.column, ")", kTitle,
                sql.substr(0, at_line.line_end), "\n", std::string(at_line.column, '-'), "^^^\n");
  if (at_line.line_end < sql.size()) {
    place += base::Cat(sql.substr(at_line.line_end + 1), "\n");
  }
  return base::Fail(condition, base::Cat(text, place));
}

base::Status SqlFailureOver(const base::Condition& condition, std::string_view text,
                            std::string_view sql, size_t begin, size_t end) {
  const Place place = PlaceOf(sql, begin);
  const std::string_view line = sql.substr(place.line_begin, place.line_end - place.line_begin);
  const size_t width = Characters(sql.substr(begin, std::min(end, place.line_end) - begin));
  return base::Fail(
      condition, base::Cat(text, kPart, place.line, ", position ", place.column + 1, ") ==\n", line,
                           "\n", std::string(place.column, ' '), std::string(width, '^'), "\n"));
}

base::Status SqlSyntaxError(std::string_view sql, size_t begin, size_t end, bool extra) {
  if (begin < end) {
    const std::string_view near = sql.substr(begin, end - begin);
    const std::string hint = extra ? base::Cat(": extra input '", near, "'") : "";
    return SqlFailure(base::kParse, base::Cat("Syntax error at or near '", near, "'", hint, "."),
                      sql, begin);
  }
  if (sql.find_first_not_of(" \t\r\n;") == std::string_view::npos) {
    return SqlFailure(kEmptyStatement, "Syntax error, unexpected empty statement.", sql, begin);
  }
  return SqlFailure(base::kParse, "Syntax error at or near end of input.", sql, begin);
}

size_t SqlPlaceIn(std::string_view text) {
  const size_t title = text.find(kTitle);
  if (title == std::string_view::npos) return text.find(kPart);
  return text.substr(0, title).rfind(kLine);
}

}  // namespace soteria::connect
