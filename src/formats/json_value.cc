#include "src/formats/json_value.h"

#include <arrow/util/utf8.h>

#include <algorithm>

#include "src/base/ascii.h"
#include "src/formats/lines.h"

namespace soteria::formats {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int HexDigit(char c) {
  if (base::IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(uint32_t code, std::string* out) {
  const auto byte = [out](uint32_t b) { out->push_back(static_cast<char>(b)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

}  // namespace

/// False for a comment that isn't one.
bool JsonParser::SkipSpace() {
  for (;;) {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
    if (!syntax_.comments || at_ >= text_.size() || text_[at_] != '/') return true;
    const std::string_view rest = text_.substr(at_);
    size_t end = std::string_view::npos;
    if (rest.starts_with("/*")) {
      end = rest.find("*/", 2);
      if (end == std::string_view::npos) return false;
      end += 2;
    } else if (rest.starts_with("//")) {
      end = std::min(rest.find_first_of("\r\n"), rest.size());
    } else {
      return false;
    }
    at_ += end;
  }
}

JsonParser::Outcome JsonParser::Parse(std::string_view text) {
  keep_ = true;
  text_ = WithoutByteOrderMark(text);
  at_ = 0;
  nodes_.clear();
  unescaped_.clear();
  unescaped_.reserve(text_.size());
  arrow::util::InitializeUTF8();
  if (!SkipSpace()) return Outcome::kMalformed;
  if (at_ == text_.size()) return Outcome::kNothing;
  const size_t from = at_;
  if (!Value(1)) return Outcome::kMalformed;
  if (!arrow::util::ValidateUTF8(text_.substr(from, at_ - from))) return Outcome::kMalformed;
  return Outcome::kValue;
}

JsonParser::Outcome JsonParser::Check(std::string_view text, size_t* end) {
  keep_ = false;
  const std::string_view without = WithoutByteOrderMark(text);
  text_ = without;
  at_ = 0;
  nodes_.clear();
  unescaped_.clear();
  arrow::util::InitializeUTF8();
  if (!SkipSpace()) return Outcome::kMalformed;
  if (at_ == text_.size()) return Outcome::kNothing;
  const size_t from = at_;
  if (!Value(1) || !arrow::util::ValidateUTF8(text_.substr(from, at_ - from))) {
    return Outcome::kMalformed;
  }
  *end = at_ + (text.size() - without.size());
  return Outcome::kValue;
}

void JsonParser::StartArray(std::string_view text) {
  text_ = WithoutByteOrderMark(text);
  at_ = 0;
  SkipSpace();
  ++at_;
}

JsonParser::Outcome JsonParser::NextElement() {
  keep_ = true;
  nodes_.clear();
  unescaped_.clear();
  if (!SkipSpace()) return Outcome::kMalformed;
  if (at_ < text_.size() && text_[at_] == ',') {
    ++at_;
    if (!SkipSpace()) return Outcome::kMalformed;
  }
  if (at_ >= text_.size()) return Outcome::kMalformed;
  if (text_[at_] == ']') return Outcome::kNothing;
  // Room for all that is unescaped in it, so that none of it moves.
  const size_t from = at_;
  keep_ = false;
  if (!Value(2)) return Outcome::kMalformed;
  unescaped_.clear();
  unescaped_.reserve(at_ - from);
  keep_ = true;
  at_ = from;
  return Value(2) ? Outcome::kValue : Outcome::kMalformed;
}

bool JsonParser::Value(int depth) {
  if (depth > kJsonDepthMax + 1 || at_ >= text_.size()) return false;
  const size_t from = at_;
  const size_t node = nodes_.size();
  if (keep_) nodes_.emplace_back();
  const char c = text_[at_];
  bool good = false;
  switch (c) {
    case '{':
      good = Object(depth);
      break;
    case '[':
      good = Array(depth);
      break;
    case '\'':
      if (!syntax_.single_quotes) return false;
      [[fallthrough]];
    case '"': {
      std::string_view text;
      good = String(&text);
      if (keep_) {
        nodes_[node].kind = JsonNode::Kind::kString;
        nodes_[node].text = text;
      }
      break;
    }
    case 't':
      good = Word("true", JsonNode::Kind::kTrue);
      break;
    case 'f':
      good = Word("false", JsonNode::Kind::kFalse);
      break;
    case 'n':
      good = Word("null", JsonNode::Kind::kNull);
      break;
    default:
      good = Number();
      break;
  }
  if (!good) return false;
  if (keep_) {
    nodes_[node].raw = text_.substr(from, at_ - from);
    nodes_[node].next = static_cast<uint32_t>(nodes_.size());
  }
  return true;
}

bool JsonParser::Object(int depth) {
  if (depth > kJsonDepthMax) return false;
  const size_t node = nodes_.size() - 1;
  if (keep_) nodes_[node].kind = JsonNode::Kind::kObject;
  ++at_;
  bool first = true;
  for (;;) {
    if (!SkipSpace() || at_ >= text_.size()) return false;
    if (text_[at_] == '}' && first) break;
    if (!first) {
      if (text_[at_] == '}') break;
      if (text_[at_] != ',') return false;
      ++at_;
      if (!SkipSpace() || at_ >= text_.size()) return false;
    }
    first = false;
    std::string_view name;
    if (text_[at_] == '"' || (text_[at_] == '\'' && syntax_.single_quotes)) {
      if (!String(&name)) return false;
    } else if (!syntax_.bare_names || !BareName(&name)) {
      return false;
    }
    if (!SkipSpace() || at_ >= text_.size() || text_[at_] != ':') return false;
    ++at_;
    if (!SkipSpace()) return false;
    const size_t member = nodes_.size();
    if (!Value(depth + 1)) return false;
    if (keep_) nodes_[member].name = name;
  }
  ++at_;
  return true;
}

bool JsonParser::Array(int depth) {
  if (depth > kJsonDepthMax) return false;
  if (keep_) nodes_[nodes_.size() - 1].kind = JsonNode::Kind::kArray;
  ++at_;
  bool first = true;
  for (;;) {
    if (!SkipSpace() || at_ >= text_.size()) return false;
    if (text_[at_] == ']') break;
    if (!first) {
      if (text_[at_] != ',') return false;
      ++at_;
      if (!SkipSpace() || at_ >= text_.size() || text_[at_] == ']') return false;
    }
    first = false;
    if (!Value(depth + 1)) return false;
  }
  ++at_;
  return true;
}

bool JsonParser::BareName(std::string_view* name) {
  const size_t from = at_;
  while (at_ < text_.size() &&
         (base::IsAlphanumeric(text_[at_]) || text_[at_] == '_' || text_[at_] == '$' ||
          text_[at_] == '-' || text_[at_] == '*' || text_[at_] == '@' || text_[at_] == '#' ||
          text_[at_] == '+' || static_cast<unsigned char>(text_[at_]) >= 0x80)) {
    ++at_;
  }
  *name = text_.substr(from, at_ - from);
  return !name->empty() && !base::IsDigit(name->front());
}

bool JsonParser::String(std::string_view* text) {
  const char quote = text_[at_++];
  const size_t from = at_;
  // What has no escape stays where it is.
  const auto ends = [&](char c) {
    return c == quote || c == '\\' ||
           (static_cast<unsigned char>(c) < 0x20 && !syntax_.control_characters);
  };
  while (at_ < text_.size() && !ends(text_[at_])) ++at_;
  if (at_ >= text_.size()) return false;
  if (text_[at_] == quote) {
    *text = text_.substr(from, at_ - from);
    ++at_;
    return true;
  }
  const size_t begin = unescaped_.size();
  unescaped_ += text_.substr(from, at_ - from);
  while (text_[at_] != quote) {
    if (text_[at_] != '\\') return false;
    if (!Escape()) return false;
    const size_t run = at_;
    while (at_ < text_.size() && !ends(text_[at_])) ++at_;
    if (at_ >= text_.size()) return false;
    unescaped_ += text_.substr(run, at_ - run);
  }
  ++at_;
  *text = std::string_view(unescaped_).substr(begin);
  if (!keep_) unescaped_.clear();
  return true;
}

/// What a backslash stands for with what follows it.
bool JsonParser::Escape() {
  if (at_ + 1 >= text_.size()) return false;
  const char c = text_[at_ + 1];
  at_ += 2;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      unescaped_ += c;
      return true;
    case 'b':
      unescaped_ += '\b';
      return true;
    case 'f':
      unescaped_ += '\f';
      return true;
    case 'n':
      unescaped_ += '\n';
      return true;
    case 'r':
      unescaped_ += '\r';
      return true;
    case 't':
      unescaped_ += '\t';
      return true;
    case 'u':
      break;
    default:
      if (!syntax_.any_escape && !(c == '\'' && syntax_.single_quotes)) return false;
      unescaped_ += c;
      return true;
  }
  const auto unit = [this](size_t at, uint32_t* code) {
    *code = 0;
    if (at + 4 > text_.size()) return false;
    for (size_t i = at; i < at + 4; ++i) {
      const int digit = HexDigit(text_[i]);
      if (digit < 0) return false;
      *code = *code << 4 | static_cast<uint32_t>(digit);
    }
    return true;
  };
  uint32_t code = 0;
  if (!unit(at_, &code)) return false;
  at_ += 4;
  const bool high = code >= 0xD800 && code < 0xDC00;
  uint32_t low = 0;
  if (high && text_.substr(at_).starts_with("\\u") && unit(at_ + 2, &low) && low >= 0xDC00 &&
      low < 0xE000) {
    at_ += 6;
    AppendUtf8(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), &unescaped_);
  } else if (code >= 0xD800 && code < 0xE000) {
    unescaped_ += '?';  // as Java writes a half of a pair
  } else {
    AppendUtf8(code, &unescaped_);
  }
  return true;
}

bool JsonParser::Word(std::string_view word, JsonNode::Kind kind) {
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  if (at_ < text_.size() && (base::IsAlphanumeric(text_[at_]) || text_[at_] == '_' ||
                             static_cast<unsigned char>(text_[at_]) >= 0x80)) {
    return false;
  }
  if (keep_) Node().kind = kind;
  return true;
}

bool JsonParser::Number() {
  const size_t from = at_;
  if (syntax_.words) {
    for (const std::string_view word :
         {"NaN", "Infinity", "-Infinity", "+Infinity", "-INF", "+INF"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      if (!Word(word, JsonNode::Kind::kWord)) return false;
      if (keep_) Node().text = text_.substr(from, at_ - from);
      return true;
    }
  }
  const auto digits = [this] {
    const size_t start = at_;
    while (at_ < text_.size() && base::IsDigit(text_[at_])) ++at_;
    return at_ - start;
  };
  if (text_[at_] == '-') ++at_;
  const size_t whole_from = at_;
  const size_t whole = digits();
  if (whole == 0) return false;
  if (whole > 1 && text_[whole_from] == '0' && !syntax_.leading_zeros) return false;
  bool fraction = false;
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    fraction = true;
    if (digits() == 0) return false;
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    fraction = true;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    if (digits() == 0) return false;
  }
  if (at_ - from > kJsonNumberBytesMax) return false;
  // What follows a number must end it.
  if (at_ < text_.size() && !IsBlank(text_[at_]) && text_[at_] != ',' && text_[at_] != ']' &&
      text_[at_] != '}' && !(syntax_.comments && text_[at_] == '/')) {
    return false;
  }
  if (keep_) {
    Node().kind = fraction ? JsonNode::Kind::kFraction : JsonNode::Kind::kInteger;
    Node().text = text_.substr(from, at_ - from);
  }
  return true;
}

}  // namespace soteria::formats
