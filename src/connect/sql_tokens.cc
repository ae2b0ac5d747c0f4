#include "src/connect/sql_tokens.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_error.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;

constexpr base::Condition kUnclosedComment = {"UNCLOSED_BRACKETED_COMMENT",
                                              base::exception_class::kParse, "42601",
                                              absl::StatusCode::kInvalidArgument};

constexpr std::string_view kOperators[] = {
    "/*+", "<=>", "<=", ">=", "!>", "!<", "<>", "!=", "==", "||", "|>", "::", "=>",
    "->",  "+",   "-",  "*",  "/",  "%",  "=",  "<",  ">",  "(",  ")",  ",",  ".",
    "[",   "]",   "&",  "|",  "^",  "~",  "!",  ":",  "?",  ";",  "{",  "}"};

bool IsWordStart(char c) {
  // Bytes of UTF-8 sequences count as letters.
  return base::IsLetter(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}
bool IsWordPart(char c) { return IsWordStart(c) || base::IsDigit(c); }

/// Bytes of the white space at the front, 0 for none: ASCII's, and Unicode's blanks in UTF-8.
size_t SpaceBytes(std::string_view text) {
  static constexpr std::string_view kBlanks[] = {" ",
                                                 "\t",
                                                 "\n",
                                                 "\r",
                                                 "\f",
                                                 "\v",
                                                 "\xC2\xA0",
                                                 "\xE1\x9A\x80",
                                                 "\xE2\x80\x80",
                                                 "\xE2\x80\x81",
                                                 "\xE2\x80\x82",
                                                 "\xE2\x80\x83",
                                                 "\xE2\x80\x84",
                                                 "\xE2\x80\x85",
                                                 "\xE2\x80\x86",
                                                 "\xE2\x80\x87",
                                                 "\xE2\x80\x88",
                                                 "\xE2\x80\x89",
                                                 "\xE2\x80\x8A",
                                                 "\xE2\x80\xA8",
                                                 "\xE2\x80\xAF",
                                                 "\xE2\x81\x9F",
                                                 "\xE3\x80\x80"};
  for (const std::string_view blank : kBlanks) {
    if (text.starts_with(blank)) return blank.size();
  }
  return 0;
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }
/// -1 for what is no hexadecimal digit.
int HexValue(char c) {
  if (base::IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Text made of UTF-16 units and UTF-8 bytes, as UTF-8. Half of a pair becomes "?", as Java has it.
class TextMaker {
 public:
  explicit TextMaker(std::string* out) : out_(*out) {}
  ~TextMaker() { Flush(); }
  TextMaker(const TextMaker&) = delete;
  TextMaker& operator=(const TextMaker&) = delete;

  void AddByte(char c) {
    Flush();
    out_ += c;
  }
  void AddUnit(uint32_t unit) {
    if (high_ != 0 && unit >= 0xDC00 && unit <= 0xDFFF) {
      const uint32_t code = 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00);
      high_ = 0;
      AddCode(code);
      return;
    }
    Flush();
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      high_ = unit;
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
      out_ += '?';
    } else {
      AddCode(unit);
    }
  }

 private:
  void Flush() {
    if (high_ != 0) out_ += '?';
    high_ = 0;
  }
  void AddCode(uint32_t code) {
    const auto byte = [](uint32_t bits) { return static_cast<char>(static_cast<uint8_t>(bits)); };
    if (code < 0x80) {
      out_ += byte(code);
      return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
    out_ += byte(kLead[more] | code >> (6 * more));
    for (int k = more - 1; k >= 0; --k) out_ += byte(0x80 | (code >> (6 * k) & 0x3F));
  }

  std::string& out_;
  uint32_t high_ = 0;
};

class Cutter {
 public:
  explicit Cutter(std::string_view sql) : sql_(sql) {}

  base::StatusOr<std::vector<SqlToken>> Run() {
    while (true) {
      SOTERIA_RETURN_IF_ERROR(SkipBlanks());
      if (tokens_.size() >= kSqlTokensMax) {
        return base::Fail(base::kParse, "The SQL text has too many tokens.");
      }
      const size_t begin = at_;
      SqlToken token;
      SOTERIA_RETURN_IF_ERROR(Next(&token));
      token.begin = begin;
      token.end = at_;
      tokens_.push_back(std::move(token));
      if (tokens_.back().kind == Kind::kEnd) return std::move(tokens_);
    }
  }

 private:
  /// At the character that no token begins with, or that begins one without an end.
  base::Status Error(size_t at) const {
    size_t end = std::min(at + 1, sql_.size());
    while (end < sql_.size() && (static_cast<unsigned char>(sql_[end]) & 0xC0U) == 0x80U) ++end;
    return SqlSyntaxError(sql_, at, end);
  }

  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  /// Over white space and comments. A hint (`/*+`) is none.
  base::Status SkipBlanks() {
    while (at_ < sql_.size()) {
      if (const size_t bytes = SpaceBytes(sql_.substr(at_)); bytes > 0) {
        at_ += bytes;
      } else if (Peek() == '-' && Peek(1) == '-') {
        SkipLine();
      } else if (Peek() == '/' && Peek(1) == '*' && Peek(2) != '+') {
        SOTERIA_RETURN_IF_ERROR(SkipComment());
      } else {
        break;
      }
    }
    return base::OkStatus();
  }

  /// To the end of the line; a backslash before it joins the next one.
  void SkipLine() {
    while (at_ < sql_.size() && Peek() != '\n' && Peek() != '\r') {
      at_ += size_t{Peek() == '\\' && Peek(1) == '\n' ? 2U : 1U};
    }
  }

  /// Comments nest.
  base::Status SkipComment() {
    size_t open = 0;
    do {
      if (at_ >= sql_.size()) {
        return base::Fail(
            kUnclosedComment,
            "Found an unclosed bracketed comment. Please, append */ at the end of the "
            "comment.");
      }
      if (Peek() == '/' && Peek(1) == '*' && (open == 0 || Peek(2) != '+')) {
        ++open;
        at_ += 2;
      } else if (Peek() == '*' && Peek(1) == '/') {
        --open;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (open > 0);
    return base::OkStatus();
  }

  base::Status Next(SqlToken* token) {
    if (at_ >= sql_.size()) return base::OkStatus();
    const char c = sql_[at_];
    if (c == '`') return QuotedName(token);
    if (c == '\'' || c == '"') return String(token);
    if ((c == 'r' || c == 'R') && (Peek(1) == '\'' || Peek(1) == '"')) return RawString(token);
    if (base::IsDigit(c) || (c == '.' && base::IsDigit(Peek(1)))) return Number(token);
    if (IsWordStart(c)) return Word(token);
    if (in_hint_ && c == '*' && Peek(1) == '/') {
      token->kind = Kind::kOperator;
      token->text = "*/";
      in_hint_ = false;
      at_ += 2;
      return base::OkStatus();
    }
    for (const std::string_view op : kOperators) {
      if (sql_.substr(at_).starts_with(op)) {
        if (op == "/*+") in_hint_ = true;
        token->kind = Kind::kOperator;
        token->text = op;
        at_ += op.size();
        return base::OkStatus();
      }
    }
    return Error(at_);
  }

  base::Status Word(SqlToken* token) { return Word(token, at_); }
  base::Status Word(SqlToken* token, size_t begin) {
    while (at_ < sql_.size() && IsWordPart(sql_[at_]) && SpaceBytes(sql_.substr(at_)) == 0) ++at_;
    token->kind = Kind::kWord;
    token->text = std::string(sql_.substr(begin, at_ - begin));
    token->upper = base::Upper(token->text);
    return base::OkStatus();
  }

  base::Status QuotedName(SqlToken* token) {
    token->kind = Kind::kQuotedName;
    const size_t begin = at_;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (sql_[at_] == '`') {
        if (Peek(1) != '`') {
          ++at_;
          return base::OkStatus();
        }
        ++at_;
      }
      token->text += sql_[at_];
    }
    return Error(begin);
  }

  /// r'...': everything up to the quote as it is.
  base::Status RawString(SqlToken* token) {
    token->kind = Kind::kString;
    const char quote = Peek(1);
    const size_t begin = at_ + 2;
    const size_t end = sql_.find(quote, begin);
    if (end == std::string_view::npos) return Error(at_);
    token->text = std::string(sql_.substr(begin, end - begin));
    at_ = end + 1;
    return base::OkStatus();
  }

  base::Status String(SqlToken* token) {
    token->kind = Kind::kString;
    TextMaker text(&token->text);
    const size_t begin = at_;
    const char quote = sql_[at_];
    for (++at_; at_ < sql_.size();) {
      const char c = sql_[at_];
      if (c == quote && Peek(1) != quote) {
        ++at_;
        return base::OkStatus();
      }
      if (c == '\\' && at_ + 1 < sql_.size()) {
        ++at_;
        Escape(&text);
        continue;
      }
      text.AddByte(c);
      at_ += size_t{c == quote ? 2U : 1U};
    }
    return Error(begin);
  }

  /// `digits` hexadecimal digits from `ahead` on; nullopt for others.
  std::optional<uint32_t> Hex(size_t ahead, size_t digits) const {
    uint32_t value = 0;
    for (size_t k = 0; k < digits; ++k) {
      const int digit = HexValue(Peek(ahead + k));
      if (digit < 0) return std::nullopt;
      value = value << 4 | static_cast<uint32_t>(digit);
    }
    return value;
  }

  /// What stands behind a backslash, as Spark's parser undoes it; steps over it.
  void Escape(TextMaker* out) {
    const char c = Peek();
    if (c == 'u') {
      if (const auto unit = Hex(1, 4); unit.has_value()) {
        out->AddUnit(*unit);
        at_ += 5;
        return;
      }
    }
    if (c == 'U') {
      if (const auto code = Hex(1, 8); code.has_value()) {
        // A pair of units by Java's arithmetic on chars, which wraps for what is no code point.
        if (*code >= 0x10000) {
          out->AddUnit((0xD800 + ((*code - 0x10000) >> 10)) & 0xFFFF);
          out->AddUnit(0xDC00 + ((*code - 0x10000) & 0x3FF));
        } else {
          out->AddUnit(*code);
        }
        at_ += 9;
        return;
      }
    }
    if ((c == '0' || c == '1') && IsOctal(Peek(1)) && IsOctal(Peek(2))) {
      out->AddUnit(static_cast<uint32_t>((c - '0') * 64 + (Peek(1) - '0') * 8 + (Peek(2) - '0')));
      at_ += 3;
      return;
    }
    static constexpr std::string_view kNames = "0bnrtZ";
    static constexpr std::string_view kMean("\0\b\n\r\t\x1a", 6);
    const size_t named = kNames.find(c);
    if (c == '%' || c == '_') out->AddByte('\\');  // kept, for LIKE
    out->AddByte(named == std::string_view::npos ? c : kMean[named]);
    ++at_;
  }

  /// Behind digits: does a number go on or end here? Else they begin a name, as in `1st`.
  bool IsNumberEnd() const {
    size_t n = 0;
    while (IsWordPart(Peek(n))) ++n;
    const std::string rest = base::Upper(sql_.substr(at_, n));
    for (const std::string_view suffix : {"L", "S", "Y", "F", "D", "BD"}) {
      if (rest == suffix) return true;
    }
    if (rest[0] != 'E') return false;
    if (rest.size() == 1) return (Peek(1) == '+' || Peek(1) == '-') && base::IsDigit(Peek(2));
    size_t k = 1;
    while (k < rest.size() && base::IsDigit(rest[k])) ++k;
    const std::string_view suffix = std::string_view(rest).substr(k);
    return k > 1 && (suffix.empty() || suffix == "F" || suffix == "D" || suffix == "BD");
  }

  base::Status Number(SqlToken* token) {
    const size_t begin = at_;
    while (base::IsDigit(Peek())) ++at_;
    if (IsWordPart(Peek()) && !IsNumberEnd()) return Word(token, begin);
    if (Peek() == '.') {
      ++at_;
      if (base::IsDigit(Peek()) || !IsWordStart(Peek()) || IsNumberEnd()) {
        while (base::IsDigit(Peek())) ++at_;
      } else {
        --at_;  // a field of it
      }
    }
    if (Peek() == 'e' || Peek() == 'E') {
      const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (base::IsDigit(Peek(1 + sign))) {
        at_ += 1 + sign;
        while (base::IsDigit(Peek())) ++at_;
      }
    }
    while (IsWordStart(Peek())) ++at_;  // L, S, Y, F, D, BD; the parser refuses others
    if (base::IsDigit(Peek())) return Error(at_);
    token->kind = Kind::kNumber;
    token->text = std::string(sql_.substr(begin, at_ - begin));
    token->upper = base::Upper(token->text);
    return base::OkStatus();
  }

  std::string_view sql_;
  size_t at_ = 0;
  bool in_hint_ = false;
  std::vector<SqlToken> tokens_;
};

}  // namespace

base::StatusOr<std::vector<SqlToken>> CutSql(std::string_view sql) {
  if (sql.size() > kSqlBytesMax) {
    return base::Fail(base::kParse, "The SQL text is too long.");
  }
  return Cutter(sql).Run();
}

}  // namespace soteria::connect
