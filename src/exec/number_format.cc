#include "src/exec/number_format.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::exec {
namespace {

constexpr base::Condition Format(const char* name) {
  return {name, base::exception_class::kAnalysis, "42601", absl::StatusCode::kInvalidArgument};
}

/// A sign goes before the spaces that it follows.
void AddSign(char sign, std::string* out) {
  const size_t end = out->find_last_not_of(' ');
  out->insert(end == std::string::npos ? 0 : end + 1, 1, sign);
}

/// A space goes before the signs that it follows.
void AddSpace(std::string* out) {
  const size_t end = out->find_last_not_of("+-<");
  out->insert(end == std::string::npos ? 0 : end + 1, 1, ' ');
}

/// A point without digits behind it is a space.
void StripPoint(std::string* out) {
  const size_t at = out->find('.');
  if (at == std::string::npos) return;
  if (at + 1 == out->size() || (*out)[at + 1] == ' ') (*out)[at] = ' ';
}

}  // namespace

int NumberFormat::Token::digits() const {
  int all = 0;
  for (const Part& part : parts) all += part.count;
  return all;
}

base::Status NumberFormat::Wrong(const char* kind, std::string_view why) const {
  return base::Fail(Format(kind), base::Cat("The format is invalid: '", text_, "'. ", why));
}

std::string NumberFormat::Shown(const Token& token) {
  switch (token.kind) {
    case Kind::kDigits:
      return "digit sequence";
    case Kind::kPoint:
      return ". or D";
    case Kind::kDollar:
      return "$";
    case Kind::kSign:
      return "S";
    case Kind::kMinus:
      return "MI";
    case Kind::kOpening:
    case Kind::kClosing:
      return "PR";
    case Kind::kOther:
      break;
  }
  return base::Cat("character '", std::string(1, token.other), "''");
}

/// tokens_.size() for none.
size_t NumberFormat::Find(Kind kind) const {
  const auto at = std::find_if(tokens_.begin(), tokens_.end(),
                               [kind](const Token& token) { return token.kind == kind; });
  return static_cast<size_t>(at - tokens_.begin());
}

void NumberFormat::Add(Part part) {
  if (tokens_.empty() || tokens_.back().kind != Kind::kDigits) {
    tokens_.push_back({Kind::kDigits, {}, '\0'});
  }
  tokens_.back().parts.push_back(part);
}

void NumberFormat::Tokenize() {
  bool point = false;
  bool brackets = false;
  const std::string_view text = text_;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '0' || c == '9') {
      const size_t end = std::min(text.find_first_not_of("09", i), text.size());
      Add({.separator = false, .exact = c == '0' && !point, .count = static_cast<int>(end - i)});
      i = end;
      continue;
    }
    if (c == ',' || c == 'G') {
      Add({.separator = true, .exact = false, .count = 0});
      ++i;
      continue;
    }
    const std::string_view two = text.substr(i, 2);
    const Kind kind = c == '.' || c == 'D' ? Kind::kPoint
                      : c == '$'           ? Kind::kDollar
                      : c == 'S'           ? Kind::kSign
                      : two == "MI"        ? Kind::kMinus
                      : two == "PR"        ? Kind::kClosing
                                           : Kind::kOther;
    point = point || kind == Kind::kPoint;
    brackets = brackets || kind == Kind::kClosing;
    tokens_.push_back({kind, {}, kind == Kind::kOther ? c : '\0'});
    i += kind == Kind::kMinus || kind == Kind::kClosing ? 2 : 1;
  }
  const auto closing = std::count_if(tokens_.begin(), tokens_.end(), [](const Token& token) {
    return token.kind == Kind::kClosing;
  });
  tokens_.insert(tokens_.begin(), static_cast<size_t>(closing), Token{Kind::kOpening, {}, '\0'});
}

base::StatusOr<NumberFormat> NumberFormat::Read(std::string_view text) {
  NumberFormat format(text);
  format.Tokenize();
  SOTERIA_RETURN_IF_ERROR(format.Check());
  const size_t point = format.Find(Kind::kPoint);
  for (size_t i = 0; i < format.tokens_.size(); ++i) {
    format.precision_ += format.tokens_[i].digits();
    if (i > point) format.scale_ += format.tokens_[i].digits();
  }
  return format;
}

base::Status NumberFormat::CheckSeparators(size_t point) const {
  for (size_t i = 0; i < std::min(point, tokens_.size()); ++i) {
    const std::vector<Part>& parts = tokens_[i].parts;
    for (size_t k = 0; k < parts.size(); ++k) {
      if (!parts[k].separator) continue;
      if (k == 0 || k + 1 == parts.size() || parts[k - 1].separator || parts[k + 1].separator) {
        return Wrong("INVALID_FORMAT.CONT_THOUSANDS_SEPS",
                     "Thousands separators (, or G) must have digits in between them in the number "
                     "format.");
      }
    }
  }
  for (size_t i = point; i < tokens_.size(); ++i) {
    const auto& parts = tokens_[i].parts;
    if (std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.separator; })) {
      return Wrong("INVALID_FORMAT.THOUSANDS_SEPS_MUST_BEFORE_DEC",
                   "Thousands separators (, or G) may not appear after the decimal point in the "
                   "number format.");
    }
  }
  return base::OkStatus();
}

base::Status NumberFormat::CheckOrder() const {
  const std::vector<std::vector<Kind>> allowed = {
      {Kind::kOpening}, {Kind::kMinus, Kind::kSign},
      {Kind::kDollar},  {Kind::kDigits},
      {Kind::kPoint},   {Kind::kDigits},
      {Kind::kDollar},  {Kind::kMinus, Kind::kSign, Kind::kClosing}};
  size_t at = 0;
  for (const std::vector<Kind>& kinds : allowed) {
    if (at == tokens_.size()) break;
    if (std::find(kinds.begin(), kinds.end(), tokens_[at].kind) != kinds.end()) ++at;
  }
  if (at == tokens_.size()) return base::OkStatus();
  return Wrong("INVALID_FORMAT.UNEXPECTED_TOKEN",
               base::Cat("Found the unexpected ", Shown(tokens_[at]),
                         " in the format string; the structure of the format string must match: "
                         "`[MI|S]` `[$]` `[0|9|G|,]*` `[.|D]` `[0|9]*` `[$]` `[PR|MI|S]`."));
}

base::Status NumberFormat::Check() const {
  const size_t none = tokens_.size();
  const size_t dollar = Find(Kind::kDollar);
  const size_t digits = Find(Kind::kDigits);
  const size_t point = Find(Kind::kPoint);
  if (text_.empty()) {
    return Wrong("INVALID_FORMAT.EMPTY", "The number format string cannot be empty.");
  }
  if (digits == none) {
    return Wrong("INVALID_FORMAT.WRONG_NUM_DIGIT",
                 "The format string requires at least one number digit.");
  }
  if (dollar != none && digits < dollar) {
    return Wrong("INVALID_FORMAT.CUR_MUST_BEFORE_DIGIT",
                 "Currency characters must appear before digits in the number format.");
  }
  if (dollar != none && point < dollar) {
    return Wrong("INVALID_FORMAT.CUR_MUST_BEFORE_DEC",
                 "Currency characters must appear before any decimal point in the number format.");
  }
  SOTERIA_RETURN_IF_ERROR(CheckSeparators(point));
  for (const Kind kind : {Kind::kPoint, Kind::kSign, Kind::kMinus, Kind::kDollar, Kind::kClosing}) {
    const auto its = [kind](const Token& token) { return token.kind == kind; };
    if (std::count_if(tokens_.begin(), tokens_.end(), its) <= 1) continue;
    return Wrong(
        "INVALID_FORMAT.WRONG_NUM_TOKEN",
        base::Cat("At most one ", Shown(tokens_[Find(kind)]), " is allowed in the number format."));
  }
  return CheckOrder();
}

// ---- texts to numbers ---------------------------------------------------------------------------

struct NumberFormat::Input {
  std::string_view text;
  size_t at = 0;
  bool point = false;
  bool opened = false;
  bool closed = false;
  bool negative = false;
  std::string whole;
  std::string fraction;

  bool Char(char c) {
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
  }
};

/// Digits, separators and white space; are there as many between the separators as there may be?
bool NumberFormat::TakeDigits(const Token& token, Input* in) {
  std::vector<int> sizes;  // from the left
  int size = 0;
  for (; in->at < in->text.size(); ++in->at) {
    const char c = in->text[in->at];
    if (base::IsSpace(c)) continue;
    if (c == ',') {
      sizes.push_back(std::exchange(size, 0));
    } else if (base::IsDigit(c)) {
      ++size;
      (in->point ? in->fraction : in->whole) += c;
    } else {
      break;
    }
  }
  sizes.push_back(size);
  // From the right, so that groups of the format that are left out are those at its left.
  auto its = sizes.rbegin();
  for (auto part = token.parts.rbegin(); part != token.parts.rend(); ++part) {
    if (part->separator) continue;
    const int count = its == sizes.rend() ? 0 : *its++;
    if (part->exact ? count != part->count : count > part->count) return false;
  }
  return its == sizes.rend();
}

/// False: the text doesn't match.
bool NumberFormat::TakeToken(const Token& token, Input* in) {
  const bool ended = in->at >= in->text.size();
  switch (token.kind) {
    case Kind::kDigits:
      return TakeDigits(token, in);
    case Kind::kPoint:
      in->point = in->Char('.') || in->point;
      return true;
    case Kind::kDollar:
      return ended || in->Char('$');
    case Kind::kSign:
      if (in->Char('+')) return true;
      [[fallthrough]];
    case Kind::kMinus:
      if (in->Char('-')) in->negative = !in->negative;
      return true;
    case Kind::kOpening:
      in->opened = in->Char('<');
      return true;
    case Kind::kClosing:
      if (!in->Char('>')) return true;
      in->closed = true;
      in->negative = !in->negative;
      return in->opened;
    case Kind::kOther:
      break;
  }
  return false;
}

std::optional<table::Unscaled> NumberFormat::Parse(std::string_view text) const {
  Input in{text, 0, false, false, false, false, {}, {}};
  for (const Token& token : tokens_) {
    if (!TakeToken(token, &in)) return std::nullopt;
  }
  const bool none = in.whole.empty() && in.fraction.empty();
  if (in.at < text.size() || in.opened != in.closed || none) return std::nullopt;
  in.fraction.resize(static_cast<size_t>(scale_), '0');
  const std::string digits = in.whole + in.fraction;
  const size_t from = std::min(digits.find_first_not_of('0'), digits.size());
  // More digits than any decimal has, however many there are.
  if (digits.size() - from > static_cast<size_t>(table::kDecimalDigitsMax)) {
    return table::PowerOfTen(table::kDecimalDigitsMax);
  }
  table::Unscaled value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return in.negative ? -value : value;
}

// ---- numbers to texts ---------------------------------------------------------------------------

void NumberFormat::PrintDigits(const Token& token, std::string_view digits, size_t* at,
                               std::string* out) {
  for (const Part& part : token.parts) {
    if (part.separator) {
      if (!out->empty() && base::IsDigit(out->back())) {
        out->push_back(',');
      } else {
        AddSpace(out);
      }
      continue;
    }
    for (int i = 0; i < part.count; ++i) {
      const char c = digits[(*at)++];
      if (c != ' ') {
        out->push_back(c);
      } else if (part.exact) {
        out->push_back('0');
      } else {
        AddSpace(out);
      }
    }
  }
}

std::string NumberFormat::Print(table::Unscaled value, int scale) const {
  const std::string text = table::DecimalText(value < 0 ? -value : value, scale);
  const size_t dot = std::min(text.find('.'), text.size());
  std::string whole = text.substr(std::min(text.find_first_not_of('0'), dot), dot);
  if (const size_t end = whole.find('.'); end != std::string::npos) whole.resize(end);
  std::string fraction = dot < text.size() ? text.substr(dot + 1) : "";
  fraction.resize(fraction.find_last_not_of('0') + 1);
  const auto before = static_cast<size_t>(precision_ - scale_);
  const auto behind = static_cast<size_t>(scale_);
  if (whole.size() > before || fraction.size() > behind) {
    whole.assign(before, '#');
    fraction.assign(behind, '#');
  }
  whole.insert(0, before - whole.size(), ' ');
  fraction.resize(behind, '0');

  std::string out;
  bool point = false;
  size_t at = 0;
  for (const Token& token : tokens_) {
    switch (token.kind) {
      case Kind::kDigits:
        PrintDigits(token, point ? fraction : whole, &at, &out);
        break;
      case Kind::kPoint:
        if (!out.empty() && out.back() == ' ') out.back() = '0';
        out.push_back('.');
        point = true;
        at = 0;
        break;
      case Kind::kDollar:
        out.push_back('$');
        break;
      case Kind::kSign:
        StripPoint(&out);
        AddSign(value < 0 ? '-' : '+', &out);
        break;
      case Kind::kMinus:
        if (value < 0) StripPoint(&out);
        if (value < 0) {
          AddSign('-', &out);
        } else {
          out.push_back(' ');
        }
        break;
      case Kind::kOpening:
        if (value < 0) out.push_back('<');
        break;
      case Kind::kClosing:
        StripPoint(&out);
        if (value < 0) {
          AddSign('>', &out);
        } else {
          out.append("  ");
        }
        break;
      case Kind::kOther:
        break;
    }
  }
  StripPoint(&out);
  return out.empty() || out == "+" || out == "-" ? "0" : out;
}

}  // namespace soteria::exec
