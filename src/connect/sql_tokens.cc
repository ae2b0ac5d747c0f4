#include "src/connect/sql_tokens.h"

#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;

constexpr std::string_view kOperators[] = {
    "<=>", "<=", ">=", "<>", "!=", "==", "||", "::", "=>", "->", "+", "-", "*", "/", "%",
    "=",   "<",  ">",  "(",  ")",  ",",  ".",  "[",  "]",  "&",  "|", "^", "~", "!", ":"};

bool IsWordStart(char c) {
  // Bytes of UTF-8 sequences count as letters.
  return base::IsLetter(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}
bool IsWordPart(char c) { return IsWordStart(c) || base::IsDigit(c); }

class Cutter {
 public:
  explicit Cutter(std::string_view sql) : sql_(sql) {}

  base::StatusOr<std::vector<SqlToken>> Run() {
    while (true) {
      while (at_ < sql_.size() && base::IsSpace(sql_[at_])) ++at_;
      if (tokens_.size() >= kSqlTokensMax) return Error("Too many tokens");
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
  base::Status Error(std::string_view what) const {
    return base::Fail(base::kParse, base::Cat(what, " at position ", at_, " of the expression."));
  }

  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  base::Status Next(SqlToken* token) {
    if (at_ >= sql_.size()) return base::OkStatus();
    const char c = sql_[at_];
    if (c == '`') return QuotedName(token);
    if (c == '\'' || c == '"') return String(token);
    if (base::IsDigit(c) || (c == '.' && base::IsDigit(Peek(1)))) return Number(token);
    if (IsWordStart(c)) return Word(token);
    for (const std::string_view op : kOperators) {
      if (sql_.substr(at_).starts_with(op)) {
        token->kind = Kind::kOperator;
        token->text = op;
        at_ += op.size();
        return base::OkStatus();
      }
    }
    return Error("Syntax error");
  }

  base::Status Word(SqlToken* token) {
    const size_t begin = at_;
    while (at_ < sql_.size() && IsWordPart(sql_[at_])) ++at_;
    token->kind = Kind::kWord;
    token->text = std::string(sql_.substr(begin, at_ - begin));
    token->upper = base::Upper(token->text);
    return base::OkStatus();
  }

  base::Status QuotedName(SqlToken* token) {
    token->kind = Kind::kQuotedName;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (sql_[at_] == '`') {
        if (Peek(1) != '`') {
          ++at_;
          if (token->text.empty()) return Error("An empty quoted name");
          return base::OkStatus();
        }
        ++at_;
      }
      token->text += sql_[at_];
    }
    return Error("An unclosed quoted name");
  }

  base::Status String(SqlToken* token) {
    token->kind = Kind::kString;
    const char quote = sql_[at_];
    for (++at_; at_ < sql_.size(); ++at_) {
      const char c = sql_[at_];
      if (c == quote) {
        if (Peek(1) != quote) {
          ++at_;
          return base::OkStatus();
        }
        ++at_;
      } else if (c == '\\') {
        Escape(&token->text);
        continue;
      }
      token->text += c;
    }
    return Error("An unclosed string");
  }

  /// One backslash escape as Spark's parser undoes it; leaves `at_` on its last character.
  void Escape(std::string* out) {
    ++at_;
    switch (Peek()) {
      case '\0':
        if (at_ < sql_.size()) *out += '\0';
        break;
      case '0':
        *out += '\0';
        break;
      case 'b':
        *out += '\b';
        break;
      case 'n':
        *out += '\n';
        break;
      case 'r':
        *out += '\r';
        break;
      case 't':
        *out += '\t';
        break;
      case 'Z':
        *out += '\x1a';
        break;
      case '%':  // kept, for LIKE
        *out += "\\%";
        break;
      case '_':
        *out += "\\_";
        break;
      default:
        *out += Peek();
    }
  }

  base::Status Number(SqlToken* token) {
    const size_t begin = at_;
    while (base::IsDigit(Peek())) ++at_;
    if (Peek() == '.' && !IsWordStart(Peek(1))) {
      ++at_;
      while (base::IsDigit(Peek())) ++at_;
    }
    if (Peek() == 'e' || Peek() == 'E') {
      const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (base::IsDigit(Peek(1 + sign))) {
        at_ += 1 + sign;
        while (base::IsDigit(Peek())) ++at_;
      }
    }
    while (IsWordStart(Peek())) ++at_;  // L, S, Y, F, D, BD; the parser refuses others
    if (base::IsDigit(Peek())) return Error("Syntax error");
    token->kind = Kind::kNumber;
    token->text = std::string(sql_.substr(begin, at_ - begin));
    token->upper = base::Upper(token->text);
    return base::OkStatus();
  }

  std::string_view sql_;
  size_t at_ = 0;
  std::vector<SqlToken> tokens_;
};

}  // namespace

base::StatusOr<std::vector<SqlToken>> CutSql(std::string_view sql) {
  if (sql.size() > kSqlBytesMax) {
    return base::Fail(base::kParse, "The expression is too long.");
  }
  return Cutter(sql).Run();
}

}  // namespace soteria::connect
