#include "src/table/java_pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"

namespace soteria::table {
namespace {

/// Java's line terminators end the reach of a dot.
constexpr char kDot[] = R"([^\n\r\x{85}\x{2028}\x{2029}])";

// The insides of classes: ASCII only, unless the pattern asks for Unicode's categories.
constexpr char kSpace[] = R"(\t-\r\x20)";
constexpr char kWord[] = "0-9A-Za-z_";
constexpr char kPunct[] = R"(!-/:-@\[-`{-~)";

struct Named {
  std::string_view name;
  const char* inside;
};
constexpr Named kPosix[] = {
    {"Lower", "a-z"},       {"Upper", "A-Z"},       {"Alpha", "A-Za-z"}, {"Digit", "0-9"},
    {"Alnum", "0-9A-Za-z"}, {"Punct", kPunct},      {"Space", kSpace},   {"ASCII", R"(\x00-\x7F)"},
    {"Blank", R"(\x20\t)"}, {"XDigit", "0-9A-Fa-f"}};

constexpr std::string_view kCategories[] = {
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N",  "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp"};

/// The end of the text, perhaps behind a line's end, which is a group.
constexpr char kEndOfText[] = R"((\r\n|[\n\r\x{85}\x{2028}\x{2029}])?\z)";

/// RE2's own limit.
constexpr int32_t kRepetitionsMax = 1000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Literal(char c) {
  const auto byte = static_cast<uint8_t>(c);
  if (byte >= 0x80 || base::IsAlphanumeric(c) || c == '_') return std::string(1, c);
  constexpr char kHex[] = "0123456789ABCDEF";
  return base::Cat("\\x", kHex[byte >> 4], kHex[byte & 15]);
}

class Translator {
 public:
  Translator(std::string_view pattern, const PatternUse& use) : pattern_(pattern), use_(use) {}

  base::StatusOr<std::string> Run() {
    if (use_.groups && pattern_.starts_with("(?i)")) {
      at_ = 4;
      out_ += "(?i)";
    }
    while (!AtEnd()) SOTERIA_RETURN_IF_ERROR(Next());
    return std::move(out_);
  }

 private:
  bool AtEnd() const { return at_ >= pattern_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }
  char Take() { return pattern_[at_++]; }

  base::Status Refuse(std::string_view what) const {
    return base::NotSupported(base::Cat(use_.who, " with ", what, " in its pattern"));
  }
  /// As java.util.regex.PatternSyntaxException says it of where the translator stands.
  base::Status Bad(std::string_view what) const {
    const size_t index = JavaLength(pattern_.substr(0, at_));
    const std::string mark = AtEnd() ? "" : base::Cat("\n", std::string(index, ' '), "^");
    return base::Fail({"_LEGACY_ERROR_TEMP", base::exception_class::kIllegalArgument, "",
                       absl::StatusCode::kInvalidArgument},
                      base::Cat(what, " near index ", index, "\n", pattern_, mark));
  }

  base::Status Next() {
    const char c = Take();
    switch (c) {
      case '\\':
        return Escape(false);
      case '[':
        return Class();
      case '.':
        out_ += kDot;
        return Quantifier();
      case '^':
        out_ += "(?:\\A)";
        return Quantifier();
      case '$':
        // Java's matches before a line's end at the end of the text too. What is matched there is
        // the last group, which is cut off again.
        if (!use_.groups || !AtEnd() || depth_ != 0 || alternatives_) return Refuse("$");
        out_ += kEndOfText;
        return base::OkStatus();
      case '(':
        return Group();
      case '|':
        out_ += '|';
        alternatives_ = alternatives_ || depth_ == 0;
        return base::OkStatus();
      case ')':
        if (use_.groups && depth_ == 0) {
          --at_;
          return Bad("Unmatched closing ')'");
        }
        --depth_;
        out_ += ')';
        return Quantifier();
      case '*':
      case '+':
      case '?':
        --at_;
        return Bad(base::Cat("Dangling meta character '", c, "'"));
      case '{':  // what follows nothing, or a quantifier, repeats nothing
        --at_;
        out_ += "(?:)";
        return Quantifier();
      default:
        out_ += Literal(c);
        // The other bytes of a character belong to what a quantifier repeats.
        while ((static_cast<uint8_t>(Peek()) & 0xC0) == 0x80) out_ += Take();
        return Quantifier();
    }
  }

  base::Status Group() {
    ++depth_;
    if (Peek() != '?') {
      out_ += use_.groups ? "(" : "(?:";  // what a group holds is mostly asked by nobody
      return base::OkStatus();
    }
    if (Peek(1) == ':') {
      at_ += 2;
      out_ += "(?:";
      return base::OkStatus();
    }
    if (Peek(1) == '=' || Peek(1) == '!') return Refuse("look-ahead");
    if (Peek(1) == '<' && (Peek(2) == '=' || Peek(2) == '!')) return Refuse("look-behind");
    if (Peek(1) == '<') return Refuse("a named group");
    if (Peek(1) == '>') return Refuse("an independent group");
    return Refuse("flags");
  }

  base::Status Quantifier() {
    const char c = Peek();
    if (c != '*' && c != '+' && c != '?' && c != '{') return base::OkStatus();
    if (c == '{') {
      SOTERIA_RETURN_IF_ERROR(Counts());
    } else {
      out_ += Take();
    }
    if (Peek() == '+') return Refuse("a possessive quantifier");
    if (Peek() == '?') out_ += Take();
    return base::OkStatus();
  }

  /// {n}, {n,} or {n,m}.
  base::Status Counts() {
    ++at_;
    if (!IsDigit(Peek())) return Bad("Illegal repetition");
    SOTERIA_ASSIGN_OR_RETURN(const int32_t least, Number());
    std::optional<int32_t> most = least;
    const bool comma = Peek() == ',';
    if (comma) {
      ++at_;
      most.reset();
      if (Peek() != '}') most = 0;  // as Java has it where no digit follows either
      if (IsDigit(Peek())) {
        SOTERIA_ASSIGN_OR_RETURN(most, Number());
      }
    }
    if (Peek() != '}') return Bad("Unclosed counted closure");
    if (most && *most < least) return Bad("Illegal repetition range");
    ++at_;
    if (std::max(least, most.value_or(0)) > kRepetitionsMax) {
      return Refuse(base::Cat("more than ", kRepetitionsMax, " repetitions"));
    }
    out_ += base::Cat("{", least, comma ? "," : "", comma && most ? base::Cat(*most) : "", "}");
    return base::OkStatus();
  }

  base::StatusOr<int32_t> Number() {
    int64_t number = 0;
    for (; IsDigit(Peek()); ++at_) {
      number = number * 10 + (Peek() - '0');
      if (number > INT32_MAX) return Bad("Illegal repetition range");
    }
    return static_cast<int32_t>(number);
  }

  /// What stands after a backslash; `in_class`: among the items of [].
  base::Status Escape(bool in_class) {
    if (AtEnd()) return Bad("Unexpected internal error");
    const char c = Take();
    if (const std::optional<std::pair<const char*, bool>> shorthand = Shorthand(c)) {
      if (shorthand->second && in_class) return Refuse(base::Cat("[\\", c, "]"));
      Emit(shorthand->first, shorthand->second, in_class);
      return in_class ? base::OkStatus() : Quantifier();
    }
    if (c == 'p' || c == 'P') return Property(c == 'P', in_class);
    if (c == 'x' || c == 'u') {
      SOTERIA_RETURN_IF_ERROR(Hex(c == 'x' ? 2 : 4));
      return in_class ? base::OkStatus() : Quantifier();
    }
    if (!in_class && (c == 'A' || c == 'z')) {
      out_ += base::Cat("(?:\\", c, ")");
      return Quantifier();
    }
    constexpr std::string_view kControls = "tnrfa";
    if (kControls.find(c) != std::string_view::npos) {
      out_ += base::Cat("\\", c);
      return in_class ? base::OkStatus() : Quantifier();
    }
    if (IsDigit(c) || c == 'k') return Refuse("a back reference");
    if ((c == 'b' || c == 'B') && use_.groups && !in_class) {
      out_ += base::Cat("\\", c);
      return Peek() == '{' ? Refuse("\\b{") : Quantifier();
    }
    if (c == 'b' || c == 'B') return Refuse(base::Cat("\\", c));
    if (base::IsAlphanumeric(c) || static_cast<uint8_t>(c) >= 0x80)
      return Refuse(base::Cat("\\", c));
    out_ += Literal(c);
    return in_class ? base::OkStatus() : Quantifier();
  }

  static std::optional<std::pair<const char*, bool>> Shorthand(char c) {
    switch (c) {
      case 's':
        return std::pair{kSpace, false};
      case 'S':
        return std::pair{kSpace, true};
      case 'd':
        return std::pair{"0-9", false};
      case 'D':
        return std::pair{"0-9", true};
      case 'w':
        return std::pair{kWord, false};
      case 'W':
        return std::pair{kWord, true};
      default:
        return std::nullopt;
    }
  }

  void Emit(std::string_view inside, bool negated, bool in_class) {
    if (in_class) {
      out_ += inside;
    } else {
      out_ += base::Cat(negated ? "[^" : "[", inside, "]");
    }
  }

  base::Status Property(bool negated, bool in_class) {
    std::string_view name;
    if (Peek() == '{') {
      const size_t end = pattern_.find('}', at_);
      if (end == std::string_view::npos) return Bad("Unclosed character family");
      name = pattern_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
    } else {
      name = pattern_.substr(at_, 1);
      at_ += name.size();
    }
    const std::string_view category = name.starts_with("Is") ? name.substr(2) : name;
    if (std::find(std::begin(kCategories), std::end(kCategories), category) !=
        std::end(kCategories)) {
      out_ += base::Cat(negated ? "\\P{" : "\\p{", category, "}");
      return in_class ? base::OkStatus() : Quantifier();
    }
    for (const Named& posix : kPosix) {
      if (posix.name != name) continue;
      if (negated && in_class) return Refuse(base::Cat("[\\P{", name, "}]"));
      Emit(posix.inside, negated, in_class);
      return in_class ? base::OkStatus() : Quantifier();
    }
    return Refuse(base::Cat("\\p{", name, "}"));
  }

  base::Status Hex(size_t digits) {
    const std::string_view hex = pattern_.substr(at_, digits);
    const bool is_hex = hex.size() == digits && std::all_of(hex.begin(), hex.end(), [](char c) {
                          return IsDigit(c) || (base::Lower(std::string(1, c)) >= "a" &&
                                                base::Lower(std::string(1, c)) <= "f");
                        });
    if (!is_hex) return Bad("Illegal hexadecimal escape sequence");
    if (digits == 4 && base::Lower(hex.substr(0, 2)) >= "d8" &&
        base::Lower(hex.substr(0, 2)) <= "df") {
      return Refuse("half a surrogate pair");
    }
    at_ += digits;
    out_ += base::Cat("\\x{", hex, "}");
    return base::OkStatus();
  }

  base::Status Class() {
    out_ += '[';
    if (Peek() == '^') out_ += Take();
    if (Peek() == ']') return Refuse("[]");
    while (true) {
      if (AtEnd()) return Bad("Unclosed character class");
      const char c = Take();
      if (c == ']') break;
      if (c == '[') return Refuse("a class within a class");
      if (c == '&' && Peek() == '&') return Refuse("an intersection of classes");
      if (c == '\\') {
        SOTERIA_RETURN_IF_ERROR(Escape(true));
      } else if (c == '-') {
        // A range where something stands on both sides, else itself.
        const bool range = out_.back() != '[' && out_.back() != '^' && Peek() != ']';
        out_ += range ? "-" : "\\x2D";
      } else {
        out_ += Literal(c);
      }
    }
    out_ += ']';
    return Quantifier();
  }

  std::string_view pattern_;
  PatternUse use_;
  size_t at_ = 0;
  int depth_ = 0;
  bool alternatives_ = false;  // outside of groups
  std::string out_;
};

}  // namespace

struct JavaPattern::Impl {
  explicit Impl(const std::string& pattern, const RE2::Options& options) : re(pattern, options) {}
  RE2 re;
  std::string who;
  bool ascii = false;   // texts must be
  bool dollar = false;  // the last group is a line's end behind the match

  /// The first match from `from` on: where it begins and ends.
  std::optional<std::pair<size_t, size_t>> Find(std::string_view text, size_t from) const {
    re2::StringPiece match;
    const re2::StringPiece all(text.data(), text.size());
    if (!re.Match(all, from, text.size(), RE2::UNANCHORED, &match, 1)) return std::nullopt;
    const auto begin = static_cast<size_t>(match.data() - text.data());
    return std::pair{begin, begin + match.size()};
  }

  /// Calls `visit` with each match.
  template <class F>
  void ForEach(std::string_view text, F visit) const {
    size_t from = 0;
    while (from <= text.size()) {
      const auto match = Find(text, from);
      if (!match) return;
      visit(match->first, match->second);
      from = match->second;
      if (match->first != match->second) continue;
      ++from;  // past one character
      while (from < text.size() && (static_cast<uint8_t>(text[from]) & 0xC0) == 0x80) ++from;
    }
  }
};

JavaPattern::JavaPattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JavaPattern::~JavaPattern() = default;

base::StatusOr<std::string> TranslatePattern(std::string_view pattern, const PatternUse& use) {
  if (pattern.size() > kPatternBytesMax) {
    return base::NotSupported(
        base::Cat(use.who, " with a pattern of more than ", kPatternBytesMax, " bytes"));
  }
  return Translator(pattern, use).Run();
}

base::StatusOr<std::shared_ptr<const JavaPattern>> JavaPattern::Compile(std::string_view pattern,
                                                                        const PatternUse& use) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string translated, TranslatePattern(pattern, use));
  RE2::Options options;
  options.set_log_errors(false);
  auto impl = std::make_unique<Impl>(translated, options);
  if (impl->re.error_code() == RE2::ErrorRepeatSize ||
      impl->re.error_code() == RE2::ErrorPatternTooLarge) {
    return base::NotSupported(base::Cat(use.who, " with so many repetitions in its pattern"));
  }
  if (!impl->re.ok()) {
    return base::Fail(base::kIllegalArgument, base::Cat(use.who, " can't use the pattern ", pattern,
                                                        ": ", impl->re.error()));
  }
  impl->who = use.who;
  impl->dollar = translated.ends_with(kEndOfText);
  const bool words =
      translated.find("\\b") != std::string::npos || translated.find("\\B") != std::string::npos;
  impl->ascii = use.groups && (words || translated.starts_with("(?i)"));
  return std::shared_ptr<const JavaPattern>(new JavaPattern(std::move(impl)));
}

base::Status JavaPattern::CheckText(std::string_view text) const {
  if (!impl_->ascii) return base::OkStatus();
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  if (plain) return base::OkStatus();
  return base::NotSupported(
      base::Cat(impl_->who, " with (?i) or \\b in its pattern, of a text that isn't ASCII"));
}

int JavaPattern::groups() const {
  return impl_->re.NumberOfCapturingGroups() - (impl_->dollar ? 1 : 0);
}

bool JavaPattern::Find(std::string_view text, size_t from, std::vector<PatternSpan>& spans) const {
  const int all = impl_->re.NumberOfCapturingGroups() + 1;
  std::vector<re2::StringPiece> found(static_cast<size_t>(all));
  const re2::StringPiece whole(text.data(), text.size());
  if (from > text.size() ||
      !impl_->re.Match(whole, from, text.size(), RE2::UNANCHORED, found.data(), all)) {
    return false;
  }
  spans.assign(found.size(), {});
  for (size_t k = 0; k < found.size(); ++k) {
    if (found[k].data() == nullptr) continue;
    const auto begin = static_cast<size_t>(found[k].data() - text.data());
    spans[k] = {begin, begin + found[k].size(), true};
  }
  if (impl_->dollar) {
    if (spans.back().matched) spans[0].end = spans.back().begin;
    spans.pop_back();
  }
  return true;
}

size_t JavaPattern::After(std::string_view text, const PatternSpan& match) {
  size_t from = match.end;
  if (match.begin != match.end) return from;
  ++from;  // past one character
  while (from < text.size() && (static_cast<uint8_t>(text[from]) & 0xC0) == 0x80) ++from;
  return from;
}

void JavaPattern::Split(std::string_view text, std::vector<std::string_view>& out) const {
  size_t done = 0;
  bool found = false;
  const size_t first = out.size();
  impl_->ForEach(text, [&](size_t begin, size_t end) {
    if (begin == 0 && end == 0) return;
    out.push_back(text.substr(done, begin - done));
    done = end;
    found = true;
  });
  out.push_back(text.substr(done));
  if (!found) return;
  while (out.size() > first && out.back().empty()) out.pop_back();
}

void JavaPattern::FindAll(std::string_view text, std::vector<std::string_view>& out) const {
  impl_->ForEach(text,
                 [&](size_t begin, size_t end) { out.push_back(text.substr(begin, end - begin)); });
}

size_t JavaLength(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

}  // namespace soteria::table
