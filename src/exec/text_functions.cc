// More functions of strings: padding, searching, replacing, joining. Positions and lengths count
// code points.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/characters.h"
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

/// Character number of the first `part` at or after byte `from`, from 1; 0 when there is none.
int32_t PositionOf(std::string_view text, std::string_view part, size_t from) {
  const size_t at = text.find(part, from);
  if (at == std::string_view::npos) return 0;
  return static_cast<int32_t>(CountCharacters(text.substr(0, at))) + 1;
}

/// The first letter of each word between spaces in title case, the others in lower case.
std::string TitleCase(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (!word.empty()) {
      const std::string_view first = word.substr(0, NextCharacter(word, 0));
      const uint32_t point = CodePoint(first);
      const bool digraph = (point >= 0x1C4 && point <= 0x1CC) || (point >= 0x1F1 && point <= 0x1F3);
      if (digraph) {  // letters of two that have a form for titles
        out += Utf8(point >= 0x1F1   ? 0x1F2
                    : point <= 0x1C6 ? 0x1C5
                    : point <= 0x1C9 ? 0x1C8
                                     : 0x1CB);
      } else {
        const std::string upper = table::UpperCase(first);
        const size_t head = NextCharacter(upper, 0);
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
    const int64_t have = CountCharacters(text);
    if (have >= length || pad.empty()) return std::string(text.substr(0, OffsetOf(text, length)));
    if (length > kMadeCellBytesMax) return TooLong(kLeft ? "lpad" : "rpad");
    const int64_t missing = length - have;
    const int64_t unit = CountCharacters(pad);
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
    const auto from = SplitCharacters(TextAt(*args[1], i));
    const auto to = SplitCharacters(TextAt(*args[2], i));
    std::string out;
    for (const std::string_view character : SplitCharacters(TextAt(*args[0], i))) {
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
      found = 1;
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
    return static_cast<int32_t>(text.empty() ? 0
                                             : CodePoint(text.substr(0, NextCharacter(text, 0))));
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
    auto characters = SplitCharacters(TextAt(*args[0], i));
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
    return text.substr(OffsetOf(text, std::max<int64_t>(0, CountCharacters(text) - length)));
  });
}

/// Without the characters of `set` at the ends.
std::string_view Trimmed(std::string_view text, std::string_view set, bool left, bool right) {
  const auto among = SplitCharacters(set);
  const auto in_set = [&](std::string_view c) {
    return std::find(among.begin(), among.end(), c) != among.end();
  };
  while (left && !text.empty() && in_set(text.substr(0, NextCharacter(text, 0)))) {
    text.remove_prefix(NextCharacter(text, 0));
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
    if (length < 0) length = CountCharacters(by);
    const int64_t have = CountCharacters(text);
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
    const auto a = SplitCharacters(TextAt(*args[0], i));
    const auto b = SplitCharacters(TextAt(*args[1], i));
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
      if (element == Type::LIST || element == Type::STRUCT || element == Type::MAP) {
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
