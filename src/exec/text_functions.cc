// More functions of strings: padding, searching, replacing, formats. Positions and lengths count
// code points.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/cell_text.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/case.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Text = arrow::StringBuilder;
using Int = arrow::Int32Builder;
using Bool = arrow::BooleanBuilder;

// ---- characters ---------------------------------------------------------------------------------

size_t Next(std::string_view text, size_t at) {
  return std::min(text.size(), at + table::CharacterBytes(text[at]));
}

int64_t Characters(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); at = Next(text, at)) ++count;
  return count;
}

/// Byte offset of character `n`, or the end.
size_t OffsetOf(std::string_view text, int64_t n) {
  size_t at = 0;
  for (; at < text.size() && n > 0; --n) at = Next(text, at);
  return at;
}

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> characters;
  for (size_t at = 0; at < text.size();) {
    const size_t to = Next(text, at);
    characters.push_back(text.substr(at, to - at));
    at = to;
  }
  return characters;
}

/// 0 for no text; ill-formed bytes are U+FFFD.
uint32_t CodePoint(std::string_view character) {
  if (character.empty()) return 0;
  const auto byte = [&](size_t k) { return uint32_t{static_cast<uint8_t>(character[k])}; };
  switch (character.size()) {
    case 1:
      return byte(0) < 0x80 ? byte(0) : 0xFFFD;
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
  }
}

std::string Utf8(uint32_t point) {
  std::string text;
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | point >> 6);
    text += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0 | point >> 12);
    text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | point >> 18);
    text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
  }
  return text;
}

/// Character number of the first `part` at or after byte `from`, from 1; 0 when there is none.
int32_t PositionOf(std::string_view text, std::string_view part, size_t from) {
  const size_t at = text.find(part, from);
  if (at == std::string_view::npos) return 0;
  return static_cast<int32_t>(Characters(text.substr(0, at))) + 1;
}

// ---- kernels ------------------------------------------------------------------------------------

/// The first letter of each word between spaces in title case, the others in lower case.
std::string TitleCase(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (!word.empty()) {
      const std::string_view first = word.substr(0, Next(word, 0));
      const uint32_t point = CodePoint(first);
      const bool digraph = (point >= 0x1C4 && point <= 0x1CC) || (point >= 0x1F1 && point <= 0x1F3);
      if (digraph) {  // letters of two that have a form for titles
        out += Utf8(point >= 0x1F1   ? 0x1F2
                    : point <= 0x1C6 ? 0x1C5
                    : point <= 0x1C9 ? 0x1C8
                                     : 0x1CB);
      } else {
        const std::string upper = table::UpperCase(first);
        const size_t head = Next(upper, 0);
        out += upper.substr(0, head);
        out += table::LowerCase(std::string_view(upper).substr(head));
      }
      out += table::LowerCase(word).substr(table::LowerCase(first).size());
    }
    if (end < text.size()) out += ' ';
    at = end + 1;
  }
  return out;
}

base::StatusOr<ArrayPtr> InitCap(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr valid, table::WithValidText(args[0]));
  return Each<Text>(node, args, rows, [&](int64_t i) { return TitleCase(TextAt(*valid, i)); });
}

template <bool kLeft>
base::StatusOr<ArrayPtr> Pad(const Bound& node, const ArrayList& args, int64_t rows,
                             EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const std::string_view text = TextAt(*args[0], i);
    const std::string_view pad = args.size() > 2 ? TextAt(*args[2], i) : std::string_view(" ");
    const int64_t length = std::max(0, IntAt(*args[1], i));
    const int64_t have = Characters(text);
    if (have >= length || pad.empty()) return std::string(text.substr(0, OffsetOf(text, length)));
    if (length > kMadeCellBytesMax) return TooLong(kLeft ? "lpad" : "rpad");
    const int64_t missing = length - have;
    const int64_t unit = Characters(pad);
    if (missing / unit * static_cast<int64_t>(pad.size()) > kMadeCellBytesMax) {
      return TooLong(kLeft ? "lpad" : "rpad");
    }
    std::string filled;
    for (int64_t k = 0; k < missing / unit; ++k) filled += pad;
    filled += pad.substr(0, OffsetOf(pad, missing % unit));
    return kLeft ? filled + std::string(text) : std::string(text) + filled;
  });
}

base::StatusOr<ArrayPtr> Repeat(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const std::string_view text = TextAt(*args[0], i);
    const int64_t times = text.empty() ? 0 : std::max(0, IntAt(*args[1], i));
    if (times * static_cast<int64_t>(text.size()) > kMadeCellBytesMax) return TooLong("repeat");
    std::string out;
    out.reserve(static_cast<size_t>(times) * text.size());
    for (int64_t k = 0; k < times; ++k) out += text;
    return out;
  });
}

base::StatusOr<ArrayPtr> Space(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const int64_t times = std::max(0, IntAt(*args[0], i));
    if (times > kMadeCellBytesMax) return TooLong("space");
    return std::string(static_cast<size_t>(times), ' ');
  });
}

std::string Replaced(std::string_view text, std::string_view search, std::string_view by) {
  if (search.empty()) return std::string(text);
  std::string out;
  size_t done = 0;
  for (size_t at = text.find(search); at != std::string_view::npos; at = text.find(search, done)) {
    out += text.substr(done, at - done);
    out += by;
    done = at + search.size();
  }
  out += text.substr(done);
  return out;
}

base::StatusOr<ArrayPtr> Replace(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const std::string_view text = TextAt(*args[0], i);
    const std::string_view search = TextAt(*args[1], i);
    const std::string_view by = args.size() > 2 ? TextAt(*args[2], i) : std::string_view();
    const size_t most = search.empty() ? 0 : text.size() / search.size();
    if (static_cast<int64_t>(text.size() + most * by.size()) > kMadeCellBytesMax) {
      return TooLong("replace");
    }
    return Replaced(text, search, by);
  });
}

/// The n-th character of `from` becomes the n-th of `to`, or nothing; the first mention counts.
base::StatusOr<ArrayPtr> Translate(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    const auto from = Split(TextAt(*args[1], i));
    const auto to = Split(TextAt(*args[2], i));
    std::string out;
    for (const std::string_view character : Split(TextAt(*args[0], i))) {
      const auto at = std::find(from.begin(), from.end(), character);
      const auto k = static_cast<size_t>(at - from.begin());
      if (at == from.end()) {
        out += character;
      } else if (k < to.size() && to[k] != std::string_view("\0", 1)) {
        out += to[k];
      }
    }
    return out;
  });
}

base::StatusOr<ArrayPtr> Instr(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<Int>(node, args, rows, [&](int64_t i) {
    return PositionOf(TextAt(*args[0], i), TextAt(*args[1], i), 0);
  });
}

/// locate(part, text, start): 0 where the start is null or below 1.
base::StatusOr<ArrayPtr> Locate(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  Int builder;
  for (int64_t i = 0; i < rows; ++i) {
    if (args.size() > 2 && args[2]->IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder.Append(0));
      continue;
    }
    if (args[0]->IsNull(i) || args[1]->IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder.AppendNull());
      continue;
    }
    const int64_t start = args.size() > 2 ? IntAt(*args[2], i) : 1;
    const std::string_view part = TextAt(*args[0], i);
    const std::string_view text = TextAt(*args[1], i);
    int32_t found = 0;
    if (start >= 1 && part.empty()) {
      found = start - 1 <= Characters(text) ? static_cast<int32_t>(start) : 0;
      if (start == 1) found = 1;
    } else if (start >= 1) {
      found = PositionOf(text, part, OffsetOf(text, start - 1));
    }
    SOTERIA_ARROW_RETURN(builder.Append(found));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

std::string_view SubstringIndex(std::string_view text, std::string_view between, int32_t count) {
  if (between.empty() || count == 0) return {};
  if (count > 0) {
    size_t from = 0;
    for (;;) {
      const size_t at = text.find(between, from);
      if (at == std::string_view::npos) return text;
      if (--count == 0) return text.substr(0, at);
      from = at + 1;
    }
  }
  size_t before = text.size() + 1;
  for (;;) {
    // The last occurrence that begins before `before`.
    const size_t at = before == 0 || text.size() < between.size() ? std::string_view::npos
                                                                  : text.rfind(between, before - 1);
    if (at == std::string_view::npos) return text;
    if (++count == 0) return text.substr(at + between.size());
    before = at;
  }
}

base::StatusOr<ArrayPtr> SubstringIndexKernel(const Bound& node, const ArrayList& args,
                                              int64_t rows, EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    return SubstringIndex(TextAt(*args[0], i), TextAt(*args[1], i), IntAt(*args[2], i));
  });
}

base::StatusOr<ArrayPtr> Ascii(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<Int>(node, args, rows, [&](int64_t i) {
    const std::string_view text = TextAt(*args[0], i);
    return static_cast<int32_t>(text.empty() ? 0 : CodePoint(text.substr(0, Next(text, 0))));
  });
}

base::StatusOr<ArrayPtr> Chr(const Bound& node, const ArrayList& args, int64_t rows,
                             EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    const int64_t n = LongAt(*args[0], i);
    return n < 0 ? std::string() : Utf8(static_cast<uint32_t>(n & 0xFF));
  });
}

base::StatusOr<ArrayPtr> Reverse(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    auto characters = Split(TextAt(*args[0], i));
    std::string out;
    for (size_t k = characters.size(); k-- > 0;) out += characters[k];
    return out;
  });
}

template <bool kLeft>
base::StatusOr<ArrayPtr> End(const Bound& node, const ArrayList& args, int64_t rows,
                             EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> std::string_view {
    const std::string_view text = TextAt(*args[0], i);
    const int64_t length = std::max(0, IntAt(*args[1], i));
    if (kLeft) return text.substr(0, OffsetOf(text, length));
    return text.substr(OffsetOf(text, std::max<int64_t>(0, Characters(text) - length)));
  });
}

/// Without the characters of `set` at the ends.
std::string_view Trimmed(std::string_view text, std::string_view set, bool left, bool right) {
  const auto among = Split(set);
  const auto in_set = [&](std::string_view c) {
    return std::find(among.begin(), among.end(), c) != among.end();
  };
  while (left && !text.empty() && in_set(text.substr(0, Next(text, 0)))) {
    text.remove_prefix(Next(text, 0));
  }
  while (right && !text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<uint8_t>(text[last]) & 0xC0) == 0x80) --last;
    if (!in_set(text.substr(last))) break;
    text = text.substr(0, last);
  }
  return text;
}

/// btrim(text, [characters]); kFlip: the characters come first, as SQL's TRIM has them.
template <bool kLeft, bool kRight, bool kFlip>
base::StatusOr<ArrayPtr> Trim(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    const arrow::Array& text = *args[kFlip && args.size() > 1 ? 1 : 0];
    const std::string_view set =
        args.size() > 1 ? TextAt(*args[kFlip ? 0 : 1], i) : std::string_view(" ");
    return Trimmed(TextAt(text, i), set, kLeft, kRight);
  });
}

base::StatusOr<ArrayPtr> Overlay(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    const std::string_view text = TextAt(*args[0], i);
    const std::string_view by = TextAt(*args[1], i);
    const int64_t position = IntAt(*args[2], i);
    int64_t length = args.size() > 3 ? IntAt(*args[3], i) : -1;
    if (length < 0) length = Characters(by);
    const int64_t have = Characters(text);
    // As Spark's substringSQL(1, position - 1) and from position + length on.
    const auto clip = [&](int64_t from, int64_t count) -> std::string_view {
      const int64_t start = from > 0 ? from - 1 : from < 0 ? have + from : 0;
      const int64_t end = std::min(have, start + count);
      const int64_t first = std::max<int64_t>(0, start);
      if (first >= end) return {};
      const size_t at = OffsetOf(text, first);
      return text.substr(at, OffsetOf(text, end) - at);
    };
    return base::Cat(clip(1, position - 1), by, clip(position + length, INT32_MAX));
  });
}

template <int kTimes>
base::StatusOr<ArrayPtr> ByteLength(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  return Each<Int>(node, args, rows, [&](int64_t i) {
    return static_cast<int32_t>(TextAt(*args[0], i).size() * kTimes);
  });
}

base::Status IndexOfZero() {
  return base::Fail(kIndexOfZero,
                    "The index 0 is invalid. An index shall be either < 0 or > 0 (the first "
                    "element has index 1).");
}

base::StatusOr<ArrayPtr> SplitPart(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const std::string_view text = TextAt(*args[0], i);
    const std::string_view between = TextAt(*args[1], i);
    const int64_t n = IntAt(*args[2], i);
    if (n == 0) return IndexOfZero();
    std::vector<std::string_view> parts;
    size_t done = 0;
    for (size_t at = between.empty() ? std::string_view::npos : text.find(between);
         at != std::string_view::npos; at = text.find(between, done)) {
      parts.push_back(text.substr(done, at - done));
      done = at + between.size();
    }
    parts.push_back(text.substr(done));
    const int64_t at = n > 0 ? n - 1 : static_cast<int64_t>(parts.size()) + n;
    if (at < 0 || at >= static_cast<int64_t>(parts.size())) return std::string();
    return std::string(parts[static_cast<size_t>(at)]);
  });
}

base::StatusOr<ArrayPtr> FindInSet(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Int>(node, args, rows, [&](int64_t i) {
    const std::string_view word = TextAt(*args[0], i);
    std::string_view list = TextAt(*args[1], i);
    if (word.find(',') != std::string_view::npos) return 0;
    for (int32_t n = 1;; ++n) {
      const size_t comma = list.find(',');
      if (list.substr(0, comma) == word) return n;
      if (comma == std::string_view::npos) return 0;
      list.remove_prefix(comma + 1);
    }
  });
}

base::StatusOr<ArrayPtr> Levenshtein(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  return Each<Int>(node, args, rows, [&](int64_t i) -> base::StatusOr<int32_t> {
    const auto a = Split(TextAt(*args[0], i));
    const auto b = Split(TextAt(*args[1], i));
    if (a.size() * b.size() > size_t{1} << 30) {
      return base::Fail(base::kMemoryLimit, "levenshtein(): the texts are too long");
    }
    std::vector<int32_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (size_t k = 0; k < a.size(); ++k) {
      int32_t corner = row[0]++;
      for (size_t j = 0; j < b.size(); ++j) {
        const int32_t next =
            std::min({row[j] + 1, row[j + 1] + 1, corner + (a[k] != b[j] ? 1 : 0)});
        corner = row[j + 1];
        row[j + 1] = next;
      }
    }
    if (args.size() > 2 && row.back() > IntAt(*args[2], i)) return -1;
    return row.back();
  });
}

base::StatusOr<ArrayPtr> Soundex(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  // As UTF8String.soundex: 7 is h and w, which part nothing, 0 a vowel, which does.
  constexpr std::string_view kCodes = "01230127022455012623017202";
  return Each<Text>(node, args, rows, [&](int64_t i) -> std::string {
    const std::string_view text = TextAt(*args[0], i);
    if (text.empty()) return std::string();
    char first = text[0];
    if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 32);
    if (first < 'A' || first > 'Z') return std::string(text);
    std::string out(1, first);
    char last = kCodes[static_cast<size_t>(first - 'A')];
    for (size_t k = 1; k < text.size() && out.size() < 4; ++k) {
      char c = text[k];
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
      if (c < 'A' || c > 'Z') {
        last = '0';
        continue;
      }
      const char code = kCodes[static_cast<size_t>(c - 'A')];
      if (code == '7') continue;
      if (code != '0' && code != last) out += code;
      last = code;
    }
    out.resize(4, '0');
    return out;
  });
}

base::StatusOr<ArrayPtr> Luhn(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  return Each<Bool>(node, args, rows, [&](int64_t i) {
    const std::string_view text = TextAt(*args[0], i);
    int sum = 0;
    for (size_t k = 0; k < text.size(); ++k) {
      const char c = text[text.size() - 1 - k];
      if (c < '0' || c > '9') return false;
      int digit = c - '0';
      if (k % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
      sum += digit;
    }
    return !text.empty() && sum % 10 == 0;
  });
}

base::StatusOr<ArrayPtr> UrlEncode(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  constexpr char kHex[] = "0123456789ABCDEF";
  return Each<Text>(node, args, rows, [&](int64_t i) {
    std::string out;
    for (const char c : TextAt(*args[0], i)) {
      const auto byte = static_cast<uint8_t>(c);
      if (base::IsAlphanumeric(c) || c == '.' || c == '-' || c == '*' || c == '_') {
        out += c;
      } else if (c == ' ') {
        out += '+';
      } else {
        out += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
    return out;
  });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <bool kTry>
base::StatusOr<ArrayPtr> UrlDecode(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const std::string_view text = TextAt(*args[0], i);
    std::string out;
    for (size_t k = 0; k < text.size(); ++k) {
      if (text[k] != '%') {
        out += text[k] == '+' ? ' ' : text[k];
        continue;
      }
      const int high = k + 2 < text.size() ? HexDigit(text[k + 1]) : -1;
      const int low = k + 2 < text.size() ? HexDigit(text[k + 2]) : -1;
      if (high < 0 || low < 0) {
        if (kTry) return Result();
        return base::FailQuotingData(
            {"CANNOT_DECODE_URL", base::exception_class::kIllegalArgument, "22546",
             absl::StatusCode::kInvalidArgument},
            base::Cat("The provided URL cannot be decoded: ", text,
                      ". Please ensure that the URL is properly formatted and try again."));
      }
      out += static_cast<char>(high * 16 + low);
      k += 2;
    }
    return Result(table::ValidText(out));
  });
}

// ---- encodings ----------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> Base64(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) { return base::Base64(TextAt(*args[0], i)); });
}

/// Java's MIME decoder: what isn't of the alphabet is left out. False for what it refuses.
bool FromMime(std::string_view text, std::string& out) {
  uint32_t bits = 0;
  int count = 0;  // characters of the unit so far
  size_t k = 0;
  const auto value = [](char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  };
  for (; k < text.size(); ++k) {
    if (text[k] == '=') {
      if (count == 0 || count == 1) return false;
      if (count == 2) {
        ++k;
        while (k < text.size() && value(text[k]) < 0 && text[k] != '=') ++k;
        if (k == text.size() || text[k] != '=') return false;
      }
      ++k;
      break;
    }
    const int digit = value(text[k]);
    if (digit < 0) continue;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (++count < 4) continue;
    out += static_cast<char>(bits >> 16);
    out += static_cast<char>(bits >> 8);
    out += static_cast<char>(bits);
    bits = 0;
    count = 0;
  }
  if (count == 1) return false;
  if (count == 2) out += static_cast<char>(bits >> 4);
  if (count == 3) {
    out += static_cast<char>(bits >> 10);
    out += static_cast<char>(bits >> 2);
  }
  for (; k < text.size(); ++k) {
    if (value(text[k]) >= 0 || text[k] == '=') return false;
  }
  return true;
}

base::StatusOr<ArrayPtr> UnBase64(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<arrow::BinaryBuilder>(
      node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
        std::string out;
        if (FromMime(TextAt(*args[0], i), out)) return out;
        return base::FailQuotingData({"_LEGACY_ERROR_TEMP", base::exception_class::kIllegalArgument,
                                      "", absl::StatusCode::kInvalidArgument},
                                     "Input is not valid base64");
      });
}

base::StatusOr<ArrayPtr> HexOfLong(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    char text[17];
    std::snprintf(text, sizeof text, "%llX",
                  static_cast<unsigned long long>(LongAt(*args[0], i)));  // NOLINT
    return std::string(text);
  });
}

base::StatusOr<ArrayPtr> HexOfText(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Text>(node, args, rows,
                    [&](int64_t i) { return base::Upper(base::Hex(TextAt(*args[0], i))); });
}

base::StatusOr<ArrayPtr> UnHex(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<arrow::BinaryBuilder>(node, args, rows, [&](int64_t i) -> std::optional<std::string> {
    std::string_view text = TextAt(*args[0], i);
    std::string out;
    if (text.size() % 2 == 1) {
      const int digit = HexDigit(text[0]);
      if (digit < 0) return std::nullopt;
      out += static_cast<char>(digit);
      text.remove_prefix(1);
    }
    for (size_t k = 0; k < text.size(); k += 2) {
      const int high = HexDigit(text[k]);
      const int low = HexDigit(text[k + 1]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
    }
    return out;
  });
}

bool IsUtf8Name(std::string_view charset) {
  return base::EqualIgnoringCase(charset, "utf-8") || base::EqualIgnoringCase(charset, "utf8");
}

base::Status OnlyUtf8(std::string_view function) {
  return base::NotSupported(base::Cat("The function ", function,
                                      "() of a character set other than "
                                      "UTF-8"));
}

base::StatusOr<ArrayPtr> Encode(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr valid, table::WithValidText(args[0]));
  return Each<arrow::BinaryBuilder>(node, args, rows,
                                    [&](int64_t i) -> base::StatusOr<std::string> {
                                      if (!IsUtf8Name(TextAt(*args[1], i))) {
                                        return OnlyUtf8("encode");
                                      }
                                      return std::string(TextAt(*valid, i));
                                    });
}

base::StatusOr<ArrayPtr> Decode(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    if (!IsUtf8Name(TextAt(*args[1], i))) return OnlyUtf8("decode");
    const std::string_view bytes = TextAt(*args[0], i);
    std::string valid = table::ValidText(bytes);
    if (valid != bytes) {
      return base::FailQuotingData(
          {"MALFORMED_CHARACTER_CODING", base::exception_class::kSparkRuntime, "22000",
           absl::StatusCode::kInvalidArgument},
          "Invalid value found when performing `decode` with UTF-8");
    }
    return valid;
  });
}

template <bool kTest>
base::StatusOr<ArrayPtr> Valid(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  if constexpr (kTest) {
    return Each<Bool>(node, args, rows, [&](int64_t i) {
      return table::ValidText(TextAt(*args[0], i)) == TextAt(*args[0], i);
    });
  }
  return Each<Text>(node, args, rows,
                    [&](int64_t i) { return table::ValidText(TextAt(*args[0], i)); });
}

// ---- formats ------------------------------------------------------------------------------------

/// Digits in groups of three before the point.
std::string Grouped(std::string_view digits) {
  std::string out;
  const size_t whole = std::min(digits.find('.'), digits.size());
  for (size_t k = 0; k < digits.size(); ++k) {
    if (k > 0 && k < whole && (whole - k) % 3 == 0) out += ',';
    out += digits[k];
  }
  return out;
}

/// As DecimalFormat "#,##0.00": the exact value, half to even.
base::StatusOr<std::string> FormatNumber(double value, int32_t places) {
  if (std::isnan(value)) return std::string("NaN");
  if (std::isinf(value)) return std::string(value < 0 ? "-∞" : "∞");
  if (places > 1000) return base::NotSupported("format_number() of more than 1000 places");
  std::vector<char> text(400 + static_cast<size_t>(places));
  const int size = std::snprintf(text.data(), text.size(), "%.*f", places, std::fabs(value));
  const std::string grouped = Grouped({text.data(), static_cast<size_t>(size)});
  return std::signbit(value) ? "-" + grouped : grouped;
}

base::StatusOr<ArrayPtr> FormatNumberKernel(const Bound& node, const ArrayList& args, int64_t rows,
                                            EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const int32_t places = IntAt(*args[1], i);
    if (places < 0) return Result();
    if (args[0]->type_id() == Type::DOUBLE) {
      SOTERIA_ASSIGN_OR_RETURN(std::string text, FormatNumber(DoubleAt(*args[0], i), places));
      return Result(std::move(text));
    }
    if (places > 1000) return base::NotSupported("format_number() of more than 1000 places");
    const int64_t value = LongAt(*args[0], i);
    std::string text = std::to_string(value);
    const bool negative = text[0] == '-';
    text = Grouped(negative ? text.substr(1) : text);
    if (places > 0) text += "." + std::string(static_cast<size_t>(places), '0');
    return Result(negative ? "-" + text : text);
  });
}

/// A number's shortest digits rounded half up to so many places, as Java's %f has them.
std::string DecimalText(double value, int places) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  const std::string_view scientific(text, static_cast<size_t>(end.ptr - text));
  const size_t e = scientific.find('e');
  std::string digits;
  for (const char c : scientific.substr(0, e)) {
    if (c != '.') digits += c;
  }
  const bool plus = scientific[e + 1] == '+';
  int exponent = 0;
  std::from_chars(text + e + (plus ? 2 : 1), end.ptr, exponent);
  // The whole part, then `places` digits.
  std::string all;
  if (exponent < 0) {
    all = std::string(static_cast<size_t>(-exponent), '0') + digits;
    exponent = 0;
  } else {
    all = digits;
  }
  const auto whole = static_cast<size_t>(exponent) + 1;
  const size_t keep = whole + static_cast<size_t>(places);
  bool up = false;
  if (all.size() > keep) {
    up = all[keep] >= '5';
    all.resize(keep);
  }
  all.resize(keep, '0');
  all.insert(0, 1, '0');
  for (size_t k = all.size(); up && k-- > 0;) {
    up = all[k] == '9';
    all[k] = up ? '0' : static_cast<char>(all[k] + 1);
  }
  std::string out = all.substr(all[0] == '0' ? 1 : 0, whole + (all[0] == '0' ? 0 : 1));
  if (places > 0) out += "." + all.substr(all.size() - static_cast<size_t>(places));
  return out;
}

/// One conversion of a format: %[flags][width][.precision]letter.
struct Conversion {
  std::string flags;
  size_t width = 0;
  int precision = -1;
  char letter = 0;
  size_t index = 0;  ///< of the argument, from 1; 0: the next
};

base::Status NoConversion(std::string_view text) {
  return base::NotSupported(base::Cat("The function format_string() with the conversion ", text));
}

base::StatusOr<std::string> Converted(const Conversion& how, const arrow::Field& field,
                                      const arrow::Array& array, int64_t row,
                                      const table::TimeZone& zone) {
  const bool null = array.type_id() == Type::NA || array.IsNull(row);
  const bool left = how.flags.find('-') != std::string::npos;
  const bool zeros = how.flags.find('0') != std::string::npos;
  const bool commas = how.flags.find(',') != std::string::npos;
  const bool plus = how.flags.find('+') != std::string::npos;
  std::string text;
  std::string sign;
  if (null) {
    text = "null";
  } else if (how.letter == 's') {
    text = CastText(field, array, row, zone);
  } else if (how.letter == 'd' || how.letter == 'x' || how.letter == 'X') {
    if (!IsIntegral(*array.type())) return NoConversion(base::Cat("%", how.letter));
    const int64_t value = WithNumber(*array.type(), [&](auto type) {
      return static_cast<int64_t>(Values<decltype(type)>(array)[row]);
    });
    if (how.letter == 'd') {
      text = std::to_string(value);
      if (text[0] == '-') {
        sign = "-";
        text.erase(0, 1);
      }
      if (commas) text = Grouped(text);
    } else {
      const int bits = array.type_id() == Type::INT64   ? 64
                       : array.type_id() == Type::INT32 ? 32
                       : array.type_id() == Type::INT16 ? 16
                                                        : 8;
      const uint64_t mask = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
      char hex[17];
      std::snprintf(
          hex, sizeof hex, how.letter == 'x' ? "%llx" : "%llX",
          static_cast<unsigned long long>(static_cast<uint64_t>(value) & mask));  // NOLINT
      text = hex;
    }
  } else if (how.letter == 'b') {
    text = array.type_id() == Type::BOOL && !BoolAt(array, row) ? "false" : "true";
  } else if (how.letter == 'f') {
    if (array.type_id() != Type::DOUBLE && array.type_id() != Type::FLOAT) {
      return NoConversion("%f of what is no fraction");
    }
    const double value = array.type_id() == Type::FLOAT
                             ? static_cast<double>(Values<float>(array)[row])
                             : DoubleAt(array, row);
    if (!std::isfinite(value)) {
      text = std::isnan(value) ? "NaN" : "Infinity";
    } else {
      const int places = how.precision < 0 ? 6 : how.precision;
      if (places > 300) return NoConversion("%f of more than 300 places");
      text = DecimalText(std::fabs(value), places);
      if (commas) text = Grouped(text);
    }
    if (std::signbit(value) && !std::isnan(value)) sign = "-";
  } else {
    return NoConversion(base::Cat("%", how.letter));
  }
  if (how.letter == 's' && how.precision >= 0) text = text.substr(0, OffsetOf(text, how.precision));
  if (plus && sign.empty() && !null && (how.letter == 'd' || how.letter == 'f')) sign = "+";
  const auto have = static_cast<size_t>(Characters(text)) + sign.size();
  const std::string fill(how.width > have ? how.width - have : 0, zeros ? '0' : ' ');
  if (left) return sign + text + fill;
  return zeros ? sign + fill + text : fill + sign + text;
}

base::StatusOr<std::string> Formatted(std::string_view format, const Bound& node,
                                      const ArrayList& args, int64_t row) {
  std::string out;
  size_t next = 1;
  for (size_t k = 0; k < format.size(); ++k) {
    if (format[k] != '%') {
      out += format[k];
      continue;
    }
    const size_t begin = k++;
    Conversion how;
    size_t number = 0;
    size_t at = k;
    while (at < format.size() && format[at] >= '0' && format[at] <= '9' && number < 1000) {
      number = number * 10 + static_cast<size_t>(format[at++] - '0');
    }
    if (at < format.size() && format[at] == '$' && at > k) {
      how.index = number;
      k = at + 1;
    }
    while (k < format.size() && std::string_view("-+0, #(<").find(format[k]) < 8) {
      if (std::string_view("-+0,").find(format[k]) > 3) {
        return NoConversion(format.substr(begin, k + 1 - begin));
      }
      how.flags += format[k++];
    }
    while (k < format.size() && format[k] >= '0' && format[k] <= '9') {
      how.width = how.width * 10 + static_cast<size_t>(format[k++] - '0');
      if (how.width > 100'000) return TooLong("format_string");
    }
    if (k < format.size() && format[k] == '.') {
      how.precision = 0;
      for (++k; k < format.size() && format[k] >= '0' && format[k] <= '9'; ++k) {
        how.precision = how.precision * 10 + (format[k] - '0');
        if (how.precision > 100'000) return TooLong("format_string");
      }
    }
    if (k >= format.size()) return NoConversion(format.substr(begin));
    how.letter = format[k];
    if (how.letter == '%' && k == begin + 1) {
      out += '%';
      continue;
    }
    if (how.letter == 'n' && k == begin + 1) {
      out += '\n';
      continue;
    }
    const size_t index = how.index > 0 ? how.index : next++;
    if (index >= args.size()) {
      return base::FailQuotingData(
          {"_LEGACY_ERROR_TEMP", base::exception_class::kIllegalArgument, "",
           absl::StatusCode::kInvalidArgument},
          base::Cat("Format specifier '", format.substr(begin, k + 1 - begin), "'"));
    }
    SOTERIA_ASSIGN_OR_RETURN(const std::string text, Converted(how, *node.args[index]->field,
                                                               *args[index], row, node.zone));
    out += text;
  }
  return out;
}

base::StatusOr<ArrayPtr> FormatString(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  return Each<Text>(node, {args[0]}, rows,
                    [&](int64_t i) { return Formatted(TextAt(*args[0], i), node, args, i); });
}

/// Upper-case letters, lower-case ones, digits and the rest each as their character; null keeps.
base::StatusOr<ArrayPtr> Mask(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  return Each<Text>(node, {args[0]}, rows, [&](int64_t i) {
    constexpr const char* kBy[] = {"X", "x", "n"};
    const auto by = [&](size_t k) -> std::optional<std::string_view> {
      if (k < args.size()) {
        if (args[k]->type_id() == Type::NA || args[k]->IsNull(i)) return std::nullopt;
        return TextAt(*args[k], i);
      }
      return k < 4 ? std::optional<std::string_view>(kBy[k - 1]) : std::nullopt;
    };
    std::string out;
    for (const std::string_view c : Split(TextAt(*args[0], i))) {
      const std::string upper = table::UpperCase(c);
      const std::string lower = table::LowerCase(c);
      const size_t kind = c.size() == 1 && c[0] >= '0' && c[0] <= '9' ? 3
                          : upper == c && lower != c                  ? 1
                          : lower == c && upper != c                  ? 2
                                                                      : 4;
      out += by(kind).value_or(c);
    }
    return out;
  });
}

// ---- binders ------------------------------------------------------------------------------------

/// concat_ws(between, texts and arrays of texts ...): nulls are left out.
base::StatusOr<ArrayPtr> ConcatWs(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<Text>(node, {args[0]}, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const std::string_view between = TextAt(*args[0], i);
    std::string out;
    bool first = true;
    const auto add = [&](std::string_view text) {
      if (!std::exchange(first, false)) out += between;
      out += text;
    };
    for (size_t k = 1; k < args.size(); ++k) {
      const arrow::Array& arg = *args[k];
      if (arg.type_id() == Type::NA || arg.IsNull(i)) continue;
      if (arg.type_id() != Type::LIST) {
        add(TextAt(arg, i));
      } else {
        const auto& list = static_cast<const arrow::ListArray&>(arg);
        for (int64_t j = list.value_offset(i); j < list.value_offset(i + 1); ++j) {
          if (list.values()->IsValid(j)) add(TextAt(*list.values(), j));
        }
      }
      if (static_cast<int64_t>(out.size()) > kMadeCellBytesMax) return TooLong("concat_ws");
    }
    return out;
  });
}

base::StatusOr<BoundPtr> BindConcatWs(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 's'));
  for (size_t i = 1; i < args.size(); ++i) {
    if (IsPlainList(*args[i]->field)) {
      const Type::type element = args[i]->field->type()->field(0)->type()->id();
      if (element == Type::STRING) continue;
      if (element == Type::LIST || element == Type::STRUCT) {
        return UnexpectedType(e, i, "(\"ARRAY<STRING>\" or \"STRING\")", *e.args[i],
                              *args[i]->field);
      }
      SOTERIA_ASSIGN_OR_RETURN(args[i],
                               CastTo(std::move(args[i]), table::ListOf(arrow::utf8()), e.zone));
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, i, arrow::utf8(), "(\"ARRAY<STRING>\" or \"STRING\")"));
  }
  const bool nullable = args[0]->field->nullable();
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = ConcatWs;
  return node;
}

base::StatusOr<BoundPtr> BindHex(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  const Type::type id = args[0]->field->type()->id();
  if (id == Type::STRING || id == Type::BINARY) {
    return BindSimple<HexOfText, "x", 's'>(e, std::move(args), context);
  }
  SOTERIA_RETURN_IF_ERROR(
      CoerceArgument(e, args, 0, arrow::int64(), "(\"BIGINT\" or \"BINARY\" or \"STRING\")"));
  return BindSimple<HexOfLong, "l", 's'>(e, std::move(args), context);
}

base::StatusOr<BoundPtr> BindFormatNumber(const Expr& e, std::vector<BoundPtr> args,
                                          BindContext& /*context*/) {
  const TypePtr type = args[0]->field->type();
  if (!IsNumber(*type) && type->id() != Type::NA && type->id() != Type::STRING) {
    return UnexpectedType(e, 0, "\"NUMERIC\"", *e.args[0], *args[0]->field);
  }
  SOTERIA_ASSIGN_OR_RETURN(
      args[0], CastTo(std::move(args[0]), IsIntegral(*type) ? arrow::int64() : arrow::float64()));
  if (args[1]->field->type()->id() == Type::STRING) {
    return base::NotSupported("The function format_number() with a format of one's own");
  }
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 1, arrow::int32(), "(\"INT\" or \"STRING\")"));
  auto node = MakeCall(PrettyName(e), arrow::utf8(), true, std::move(args));
  node->kernel = FormatNumberKernel;
  return node;
}

base::StatusOr<BoundPtr> BindFormatString(const Expr& e, std::vector<BoundPtr> args,
                                          BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 's'));
  const bool nullable = args[0]->field->nullable();
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = FormatString;
  node->careful = true;
  node->null_stops = false;
  node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
  return node;
}

base::StatusOr<BoundPtr> BindMask(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  for (size_t i = 0; i < args.size(); ++i) SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 's'));
  for (size_t i = 1; i < args.size(); ++i) {
    const auto& literal = args[i]->literal;
    if (literal == nullptr) return base::NotSupported("mask() by what isn't constant");
    if (literal->is_valid &&
        Characters(static_cast<const arrow::StringScalar&>(*literal).view()) != 1) {
      return base::Fail(
          internal::Mismatch("DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE"),
          base::Cat("Cannot resolve \"", PrettyName(e), "\" due to data type mismatch: Length of ",
                    PrettyName(*e.args[i]), " should be 1."));
    }
  }
  const bool nullable = args[0]->field->nullable();
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = Mask;
  node->null_stops = false;
  return node;
}

/// elt(n, first, second, ...)
base::StatusOr<ArrayPtr> Elt(const Bound& node, const ArrayList& args, int64_t rows,
                             EvalState& /*state*/) {
  using Result = std::optional<std::string_view>;
  return Each<Text>(node, {args[0]}, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const int64_t n = IntAt(*args[0], i);
    if (n < 1 || n >= static_cast<int64_t>(args.size())) {
      return base::FailQuotingData(
          base::kArrayIndex,
          base::Cat("The index ", n, " is out of bounds. The array has ", args.size() - 1,
                    " elements. Use the SQL function `get()` to tolerate accessing element at "
                    "invalid index and return NULL instead."));
    }
    const arrow::Array& chosen = *args[static_cast<size_t>(n)];
    return chosen.IsNull(i) ? Result() : Result(TextAt(chosen, i));
  });
}

base::StatusOr<BoundPtr> BindElt(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr bound,
                           (BindSimple<Elt, "is", 's', kNullable | kCareful>(e, args, context)));
  auto node = std::make_shared<Bound>(*bound);
  node->null_stops = false;
  return BoundPtr(std::move(node));
}

base::StatusOr<BoundPtr> BindLocate(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr bound, (BindSimple<Locate, "ssi", 'i'>(e, args, context)));
  auto node = std::make_shared<Bound>(*bound);
  node->null_stops = false;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"initcap", 1, 1, "initcap", Print::kCall, BindSimple<InitCap, "s", 's'>},
    {"lpad", 2, 3, "lpad", Print::kSpecial, BindSimple<Pad<true>, "sis", 's', kCareful>},
    {"rpad", 2, 3, "rpad", Print::kSpecial, BindSimple<Pad<false>, "sis", 's', kCareful>},
    {"repeat", 2, 2, "repeat", Print::kCall, BindSimple<Repeat, "si", 's', kCareful>},
    {"space", 1, 1, "space", Print::kCall, BindSimple<Space, "i", 's', kCareful>},
    {"replace", 2, 3, "replace", Print::kSpecial, BindSimple<Replace, "sss", 's', kCareful>},
    {"translate", 3, 3, "translate", Print::kCall, BindSimple<Translate, "sss", 's'>},
    {"instr", 2, 2, "instr", Print::kCall, BindSimple<Instr, "ss", 'i'>},
    {"locate", 2, 3, "locate", Print::kSpecial, BindLocate},
    {"position", 2, 3, "position", Print::kSpecial, BindLocate},
    {"substring_index", 3, 3, "substring_index", Print::kCall,
     BindSimple<SubstringIndexKernel, "ssi", 's'>},
    {"ascii", 1, 1, "ascii", Print::kCall, BindSimple<Ascii, "s", 'i'>},
    {"chr", 1, 1, "chr", Print::kCall, BindSimple<Chr, "l", 's'>},
    {"char", 1, 1, "char", Print::kCall, BindSimple<Chr, "l", 's'>},
    {"left", 2, 2, "left", Print::kCall, BindSimple<End<true>, "si", 's'>},
    {"right", 2, 2, "right", Print::kCall, BindSimple<End<false>, "si", 's'>},
    {"btrim", 1, 2, "btrim", Print::kCall, BindSimple<Trim<true, true, false>, "ss", 's'>},
    {"overlay", 3, 4, "overlay", Print::kSpecial, BindSimple<Overlay, "ssii", 's'>},
    {"bit_length", 1, 1, "bit_length", Print::kCall, BindSimple<ByteLength<8>, "x", 'i'>},
    {"octet_length", 1, 1, "octet_length", Print::kCall, BindSimple<ByteLength<1>, "x", 'i'>},
    {"split_part", 3, 3, "split_part", Print::kCall, BindSimple<SplitPart, "ssi", 's', kCareful>},
    {"find_in_set", 2, 2, "find_in_set", Print::kCall, BindSimple<FindInSet, "ss", 'i'>},
    {"levenshtein", 2, 3, "levenshtein", Print::kCall,
     BindSimple<Levenshtein, "ssi", 'i', kCareful>},
    {"soundex", 1, 1, "soundex", Print::kCall, BindSimple<Soundex, "s", 's'>},
    {"luhn_check", 1, 1, "luhn_check", Print::kCall, BindSimple<Luhn, "s", 'B'>},
    {"url_encode", 1, 1, "url_encode", Print::kCall, BindSimple<UrlEncode, "s", 's'>},
    {"url_decode", 1, 1, "url_decode", Print::kCall,
     BindSimple<UrlDecode<false>, "s", 's', kCareful>},
    {"try_url_decode", 1, 1, "try_url_decode", Print::kCall,
     BindSimple<UrlDecode<true>, "s", 's', kNullable>},
    {"base64", 1, 1, "base64", Print::kCall, BindSimple<Base64, "b", 's'>},
    {"unbase64", 1, 1, "unbase64", Print::kCall, BindSimple<UnBase64, "s", 'b', kCareful>},
    {"hex", 1, 1, "hex", Print::kCall, BindHex},
    {"unhex", 1, 1, "unhex", Print::kCall, BindSimple<UnHex, "s", 'b', kNullable>},
    {"encode", 2, 2, "encode", Print::kCall, BindSimple<Encode, "ss", 'b', kCareful>},
    {"decode", 2, 2, "decode", Print::kCall, BindSimple<Decode, "bs", 's', kCareful>},
    {"is_valid_utf8", 1, 1, "is_valid_utf8", Print::kCall, BindSimple<Valid<true>, "s", 'B'>},
    {"make_valid_utf8", 1, 1, "make_valid_utf8", Print::kCall, BindSimple<Valid<false>, "s", 's'>},
    {"format_number", 2, 2, "format_number", Print::kCall, BindFormatNumber},
    {"format_string", 1, -1, "format_string", Print::kCall, BindFormatString},
    {"printf", 1, -1, "printf", Print::kCall, BindFormatString},
    {"mask", 1, 5, "mask", Print::kCall, BindMask},
    {"concat_ws", 1, -1, "concat_ws", Print::kCall, BindConcatWs},
    {"elt", 2, -1, "elt", Print::kCall, BindElt},
};

}  // namespace

std::span<const Function> TextFunctions() { return kFunctions; }

base::StatusOr<BoundPtr> BindReverseText(const Expr& e, std::vector<BoundPtr> args,
                                         BindContext& context) {
  return BindSimple<Reverse, "s", 's'>(e, std::move(args), context);
}

base::StatusOr<BoundPtr> BindTrimOf(const Expr& e, std::vector<BoundPtr> args, bool left,
                                    bool right, BindContext& context) {
  if (left && right) return BindSimple<Trim<true, true, true>, "ss", 's'>(e, args, context);
  if (left) return BindSimple<Trim<true, false, true>, "ss", 's'>(e, args, context);
  return BindSimple<Trim<false, true, true>, "ss", 's'>(e, args, context);
}

}  // namespace soteria::exec
