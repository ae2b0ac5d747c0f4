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

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Spark counts characters of a line, not bytes.
size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

}  // namespace

base::Status SqlFailure(const base::Condition& condition, std::string_view text,
                        std::string_view sql, size_t at) {
  at = std::min(at, sql.size());
  const std::string_view before = sql.substr(0, at);
  const auto lines = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const size_t newline = before.rfind('\n');
  const size_t column =
      Characters(newline == std::string_view::npos ? before : before.substr(newline + 1));
  const size_t line_end = std::min(sql.find('\n', at), sql.size());
  std::string place = base::Cat(kLine, lines, ", pos ", column, ")", kTitle,
                                sql.substr(0, line_end), "\n", std::string(column, '-'), "^^^\n");
  if (line_end < sql.size()) place += base::Cat(sql.substr(line_end + 1), "\n");
  return base::Fail(condition, base::Cat(text, place));
}

base::Status SqlSyntaxError(std::string_view sql, size_t begin, size_t end) {
  if (begin < end) {
    return SqlFailure(base::kParse,
                      base::Cat("Syntax error at or near '", sql.substr(begin, end - begin), "'."),
                      sql, begin);
  }
  if (sql.find_first_not_of(" \t\r\n;") == std::string_view::npos) {
    return SqlFailure(kEmptyStatement, "Syntax error, unexpected empty statement.", sql, begin);
  }
  return SqlFailure(base::kParse, "Syntax error at or near end of input.", sql, begin);
}

size_t SqlPlaceIn(std::string_view text) {
  const size_t title = text.find(kTitle);
  if (title == std::string_view::npos) return title;
  return text.substr(0, title).rfind(kLine);
}

}  // namespace soteria::connect
