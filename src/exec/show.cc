#include "src/exec/show.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cell_text.h"

namespace soteria::exec {
namespace {

/// Text as Java sees it: lengths are in UTF-16 units.
struct JavaText {
  std::string utf8;
  size_t units = 0;
  size_t width = 0;  ///< units, wide characters twice
};

/// Next code point of valid UTF-8.
uint32_t Next(std::string_view text, size_t* at) {
  const auto lead = static_cast<unsigned char>(text[(*at)++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  uint32_t code = lead & (0x3Fu >> more);
  for (int k = 0; k < more && *at < text.size(); ++k) {
    code = code << 6 | (static_cast<unsigned char>(text[(*at)++]) & 0x3Fu);
  }
  return code;
}

/// The ranges that Spark counts as two columns wide.
bool IsWide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE10 && c <= 0xFE19) || (c >= 0xFE30 && c <= 0xFE6F) ||
         (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6);
}

JavaText Measure(std::string utf8) {
  JavaText text;
  for (size_t at = 0; at < utf8.size();) {
    const uint32_t c = Next(utf8, &at);
    const size_t units = c >= 0x10000 ? 2 : 1;
    text.units += units;
    text.width += units + (IsWide(c) ? 1 : 0);
  }
  text.utf8 = std::move(utf8);
  return text;
}

/// The first `units` UTF-16 units; half of a pair becomes "?", as Java encodes it.
std::string Prefix(std::string_view utf8, size_t units) {
  size_t at = 0;
  while (at < utf8.size() && units > 0) {
    const size_t from = at;
    const size_t size = Next(utf8, &at) >= 0x10000 ? 2 : 1;
    if (size > units) return std::string(utf8.substr(0, from)) + "?";
    units -= size;
  }
  return std::string(utf8.substr(0, at));
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\v':
        out += "\\v";
        break;
      case '\a':
        out += "\\a";
        break;
      default:
        out += c;
    }
  }
  return out;
}

JavaText Cell(std::string text, int truncate) {
  JavaText cell = Measure(Escaped(text));
  if (truncate <= 0 || cell.units <= static_cast<size_t>(truncate)) return cell;
  const auto limit = static_cast<size_t>(truncate);
  return Measure(limit < 4 ? Prefix(cell.utf8, limit) : Prefix(cell.utf8, limit - 3) + "...");
}

std::string Padding(const JavaText& text, size_t width, char fill = ' ') {
  return std::string(width > text.width ? width - text.width : 0, fill);
}

using Cells = std::vector<std::vector<JavaText>>;  // rows of columns

constexpr size_t kWidthMin = 3;

std::string Horizontal(const std::vector<JavaText>& names, const Cells& rows, bool right) {
  std::vector<size_t> widths(names.size(), kWidthMin);
  for (size_t c = 0; c < names.size(); ++c) {
    widths[c] = std::max(widths[c], names[c].width);
    for (const auto& row : rows) widths[c] = std::max(widths[c], row[c].width);
  }
  std::string rule = "+";
  for (size_t c = 0; c < widths.size(); ++c) rule += std::string(widths[c], '-') + "+";
  if (widths.empty()) rule += "+";
  rule += "\n";
  const auto line = [&](const std::vector<JavaText>& cells) {
    std::string text = "|";
    for (size_t c = 0; c < cells.size(); ++c) {
      const std::string padding = Padding(cells[c], widths[c]);
      text += right ? padding + cells[c].utf8 : cells[c].utf8 + padding;
      text += "|";
    }
    if (cells.empty()) text += "|";
    return text + "\n";
  };
  std::string text = rule + line(names) + rule;
  for (const auto& row : rows) text += line(row);
  return text + rule;
}

std::string Vertical(const std::vector<JavaText>& names, const Cells& rows) {
  size_t name_width = kWidthMin;
  size_t cell_width = kWidthMin;
  for (const JavaText& name : names) name_width = std::max(name_width, name.width);
  for (const auto& row : rows) {
    for (const JavaText& cell : row) cell_width = std::max(cell_width, cell.width);
  }
  std::string text;
  for (size_t r = 0; r < rows.size(); ++r) {
    const JavaText header = Measure(base::Cat("-RECORD ", r));
    text += header.utf8 + Padding(header, name_width + cell_width + 5, '-') + "\n";
    for (size_t c = 0; c < names.size(); ++c) {
      text += base::Cat(" ", names[c].utf8, Padding(names[c], name_width), " | ", rows[r][c].utf8,
                        Padding(rows[r][c], cell_width), " \n");
    }
  }
  return text;
}

}  // namespace

base::StatusOr<std::string> CellText(const arrow::Field& field, const arrow::Array& array,
                                     int64_t row) {
  if (row < 0 || row >= array.length()) return base::Fail(base::kInternal, "no such row");
  return ShowText(field, array, row);
}

base::StatusOr<std::string> ShowString(const arrow::Table& table, int num_rows, int truncate,
                                       bool vertical, bool has_more, const table::TimeZone& zone) {
  const int64_t shown = std::clamp<int64_t>(num_rows, 0, kShowRowsMax);
  const int64_t count = std::min(shown, table.num_rows());
  std::vector<JavaText> names;
  for (const auto& field : table.schema()->fields())
    names.push_back(Measure(Escaped(field->name())));
  Cells rows(static_cast<size_t>(count));
  for (int c = 0; c < table.num_columns(); ++c) {
    int64_t r = 0;
    for (const auto& chunk : table.column(c)->chunks()) {
      for (int64_t i = 0; i < chunk->length() && r < count; ++i, ++r) {
        rows[static_cast<size_t>(r)].push_back(
            Cell(ShowText(*table.field(c), *chunk, i, zone), truncate));
      }
    }
  }
  std::string text = vertical ? Vertical(names, rows) : Horizontal(names, rows, truncate > 0);
  if (vertical && rows.empty()) {
    text += "(0 rows)";
  } else if (has_more || table.num_rows() > shown) {
    text += base::Cat("only showing top ", shown, shown == 1 ? " row" : " rows");
  }
  return text;
}

}  // namespace soteria::exec
