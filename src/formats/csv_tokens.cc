#include "src/formats/csv_tokens.h"

#include <algorithm>
#include <cstring>

namespace soteria::formats {
namespace {

bool IsSpaceByte(char c) { return static_cast<unsigned char>(c) <= ' '; }

}  // namespace

// ---- records without a quote
// -----------------------------------------------------------------------

/// Values of a line in which nothing is quoted, where they are.
bool CsvTokens::Split(std::string_view line, bool ends, size_t columns_max) {
  const std::string_view separator = dialect_.separator;
  const char first = separator.front();
  const char* from = line.data();
  const char* const end = from + line.size();
  for (;;) {
    if (cells_.size() >= columns_max) return false;
    const char* to = from;
    for (;;) {
      while (to != end && *to != first) ++to;
      if (to == end || separator.size() == 1) break;
      if (std::string_view(to, static_cast<size_t>(end - to)).starts_with(separator)) break;
      ++to;
    }
    const bool more = to != end;
    const char* begin = from;
    if (dialect_.trim_leading) {
      while (begin != to && IsSpaceByte(*begin)) ++begin;
    }
    CsvCell cell;
    cell.kind = begin == to ? CsvCell::Kind::kMissing : CsvCell::Kind::kText;
    const char* last = to;
    if (dialect_.trim_trailing) {
      while (last != begin && IsSpaceByte(last[-1])) --last;
      // What was trimmed away is nothing, but an empty value where the input ends.
      if (last == begin && begin != to) {
        cell.kind = more || !ends ? CsvCell::Kind::kMissing : CsvCell::Kind::kEmpty;
      }
    }
    cell.text = {begin, static_cast<size_t>(last - begin)};
    cells_.push_back(cell);
    if (!more) return true;
    from = to + separator.size();
  }
}

/// Where the line ends that begins the bytes; npos: not here.
size_t CsvTokens::PlainEnd(std::string_view bytes, size_t* line_end_bytes) const {
  *line_end_bytes = 1;
  const auto find = [&](char c) -> size_t {
    const void* const at = std::memchr(bytes.data(), c, bytes.size());
    return at == nullptr ? std::string_view::npos
                         : static_cast<size_t>(static_cast<const char*>(at) - bytes.data());
  };
  const size_t lf = find(newline_);
  if (line_end_ == CsvLineEnd::kLf || line_end_ == CsvLineEnd::kGiven) return lf;
  const std::string_view before = bytes.substr(0, lf);
  switch (line_end_) {
    case CsvLineEnd::kCrLf:
      if (lf != std::string_view::npos && lf > 0 && bytes[lf - 1] == '\r') {
        *line_end_bytes = 2;
        return lf - 1;
      }
      return lf;
    case CsvLineEnd::kCr:
    case CsvLineEnd::kAny: {
      const size_t cr = before.find('\r');
      if (cr == std::string_view::npos) return lf;
      if (line_end_ == CsvLineEnd::kAny && cr + 1 == lf) *line_end_bytes = 2;
      // The next byte may belong to it.
      if (line_end_ == CsvLineEnd::kAny && cr + 1 == bytes.size() && !last_) {
        return std::string_view::npos;
      }
      return cr;
    }
    case CsvLineEnd::kOwn: {
      const size_t own = before.find(own_);
      if (own == std::string_view::npos) return lf;
      *line_end_bytes = own_.size();
      return own;
    }
    case CsvLineEnd::kGiven:
    case CsvLineEnd::kLf:
      break;
  }
  return lf;
}

size_t CsvTokens::SkipLine(std::string_view bytes, bool last) {
  last_ = last;
  size_t line_end_bytes = 0;
  const size_t end = PlainEnd(bytes, &line_end_bytes);
  if (end != std::string_view::npos) return end + line_end_bytes;
  return last ? bytes.size() : end;
}

CsvTokens::Outcome CsvTokens::Take(std::string_view bytes, bool last, size_t columns_max,
                                   size_t* taken) {
  cells_.clear();
  text_after_quote_ = 0;
  unclosed_ = false;
  bytes_ = bytes;
  last_ = last;
  size_t line_end_bytes = 0;
  size_t end = PlainEnd(bytes, &line_end_bytes);
  const bool whole = end != std::string_view::npos;
  if (!whole) {
    end = bytes.size();
    line_end_bytes = 0;
  }
  const bool has_quote = dialect_.quote != '\0' && end > 0 &&
                         std::memchr(bytes.data(), dialect_.quote, end) != nullptr;
  if (!has_quote) {
    if (!whole && !last) return Outcome::kMore;
    *taken = line_end_ == CsvLineEnd::kGiven ? bytes.size() : end + line_end_bytes;
    const std::string_view line = bytes.substr(0, end);
    const bool blank =
        dialect_.trim_leading
            ? std::all_of(line.begin(), line.end(), [](char c) { return IsSpaceByte(c); }) &&
                  line.find(dialect_.separator) == std::string_view::npos
            : line.empty();
    if (blank) return Outcome::kNothing;
    return Split(line, !whole, columns_max) ? Outcome::kRecord : Outcome::kTooMany;
  }
  at_ = 0;
  ch_ = 0;
  prev_ = 0;
  short_ = false;
  tangled_ = false;
  unescaped_ = false;
  in_quotes_ = false;
  quoted_ = false;
  trim_ = false;
  text_.clear();
  value_from_ = 0;
  spans_.clear();
  const bool ended = Body();
  if (tangled_) return Outcome::kTangled;
  if (!ended) {
    if (!last) return Outcome::kMore;
    AtEnd();
  } else if (short_ && !last) {
    return Outcome::kMore;
  }
  *taken = line_end_ == CsvLineEnd::kGiven ? bytes.size() : at_;
  if (spans_.size() > columns_max) return Outcome::kTooMany;
  if (spans_.empty()) return Outcome::kNothing;
  for (const Span& span : spans_) {
    cells_.push_back(
        {std::string_view(text_).substr(span.from, span.to - span.from), span.kind, span.quoted});
  }
  return Outcome::kRecord;
}

// ---- records with one
// ------------------------------------------------------------------------------

/// How many bytes of a line end are at `at`; 0 for none.
size_t CsvTokens::LineEndBytes(size_t at, bool* needs_more) const {
  const char c = bytes_[at];
  if (c == newline_) return 1;
  const std::string_view rest = bytes_.substr(at);
  switch (line_end_) {
    case CsvLineEnd::kCr:
      return c == '\r' ? 1 : 0;
    case CsvLineEnd::kCrLf:
      if (c == '\r' && rest.size() == 1) *needs_more = true;
      return rest.starts_with("\r\n") ? 2 : 0;
    case CsvLineEnd::kAny:
      if (c != '\r') return 0;
      if (rest.size() == 1) *needs_more = true;
      return rest.starts_with("\r\n") ? 2 : 1;
    case CsvLineEnd::kOwn:
      if (rest.size() < own_.size() && std::string_view(own_).starts_with(rest)) *needs_more = true;
      return rest.starts_with(own_) ? own_.size() : 0;
    case CsvLineEnd::kGiven:
    case CsvLineEnd::kLf:
      return 0;
  }
  return 0;
}

/// The next character; false at the end of the bytes, where ch_ stays what it was.
bool CsvTokens::Advance() {
  if (at_ >= bytes_.size()) return false;
  const bool keep = in_quotes_ && keep_in_quotes_ &&
                    !(line_end_ == CsvLineEnd::kAny && prev_ != 0 && IsQuote(prev_));
  if (!keep) {
    bool needs_more = false;
    const size_t line_end = LineEndBytes(at_, &needs_more);
    if (needs_more && !last_) {
      short_ = true;
      return false;
    }
    if (line_end > 0) {
      at_ += line_end;
      ch_ = kLineEnd;
      return true;
    }
  } else if (bytes_[at_] == newline_) {
    ++at_;
    ch_ = kLineEnd;
    return true;
  }
  const std::string_view separator = dialect_.separator;
  if (bytes_[at_] == separator.front()) {
    const std::string_view rest = bytes_.substr(at_);
    if (rest.starts_with(separator)) {
      at_ += separator.size();
      ch_ = kSeparator;
      return true;
    }
    if (!last_ && separator.starts_with(rest)) {
      short_ = true;
      return false;
    }
  }
  ch_ = static_cast<unsigned char>(bytes_[at_++]);
  return true;
}

void CsvTokens::Append(int c) {
  if (c == kSeparator) {
    text_ += dialect_.separator;
  } else {
    text_ += c == kLineEnd ? newline_ : static_cast<char>(c);
  }
}

void CsvTokens::Missing() {
  spans_.push_back({text_.size(), text_.size(), CsvCell::Kind::kMissing, false});
  value_from_ = text_.size();
}

void CsvTokens::EndValue() {
  if (trim_) {
    while (text_.size() > value_from_ && IsSpaceByte(text_.back())) text_.pop_back();
  }
  const bool empty = text_.size() == value_from_;
  spans_.push_back(
      {value_from_, text_.size(), empty ? CsvCell::Kind::kEmpty : CsvCell::Kind::kText, quoted_});
  value_from_ = text_.size();
}

/// Appends from ch_ on up to a separator or line end, which is ch_ then.
bool CsvTokens::AppendUntilSeparator() {
  const int before = ch_;
  while (ch_ != kSeparator && ch_ != kLineEnd) {
    Append(ch_);
    if (!Advance()) {
      ch_ = before;
      return false;
    }
  }
  return true;
}

/// The same up to a quote or an escape.
bool CsvTokens::AppendUntilQuote() {
  const int before = ch_;
  const auto stops = [this](int c) {
    return IsQuote(c) || IsEscape(c) || c == static_cast<unsigned char>(dialect_.escape_escape);
  };
  while (!stops(ch_)) {
    Append(ch_);
    if (!Advance()) {
      ch_ = before;
      return false;
    }
  }
  return true;
}

bool CsvTokens::Body() {
  if (!Advance()) return false;
  while (ch_ != kLineEnd) {
    while (dialect_.trim_leading && IsSpace()) {
      if (!Advance()) return false;
    }
    if (ch_ == kSeparator || ch_ == kLineEnd) {
      Missing();
    } else {
      unescaped_ = false;
      prev_ = 0;
      quoted_ = IsQuote(ch_);
      if (quoted_) {
        in_quotes_ = true;
        trim_ = false;
        const bool plain = Plain();
        if (plain) in_quotes_ = false;
        if (!(plain ? Advance() : Quoted())) return false;
        in_quotes_ = false;
      } else {
        trim_ = dialect_.trim_trailing;
        if (!AppendUntilSeparator()) return false;
      }
      EndValue();
    }
    if (ch_ == kLineEnd) break;
    if (!Advance()) return false;
    if (ch_ == kLineEnd) Missing();
  }
  return true;
}

/// A quoted value without an escape or line end in it, and with a separator behind it, at once.
bool CsvTokens::Plain() {
  if (dialect_.separator.size() > 1) return false;
  for (size_t i = at_; i + 1 < bytes_.size(); ++i) {
    const char c = bytes_[i];
    const char next = bytes_[i + 1];
    if (c == dialect_.quote) {
      const bool escaped = bytes_[i - 1] == dialect_.escape;
      if (escaped || (next != dialect_.separator.front() && next != newline_)) return false;
      text_ += bytes_.substr(at_, i - at_);
      at_ = i + 1;
      return true;
    }
    const bool escapes = next == dialect_.quote || next == dialect_.escape_escape;
    if (c == dialect_.escape && escapes) return false;
    if (c == newline_ || c == '\r' || (line_end_ == CsvLineEnd::kOwn && c == own_.front())) {
      return false;
    }
  }
  return false;
}

/// A value from its opening quote on; with prev_ set, what follows a quote that closed nothing.
bool CsvTokens::Quoted() {
  if (prev_ != 0) {
    if (text_after_quote_ == 0) text_after_quote_ = spans_.size() + 1;
    text_.insert(text_.begin() + static_cast<std::ptrdiff_t>(value_from_), dialect_.quote);
    if (!Advance()) return false;
    trim_ = dialect_.trim_trailing;
    return AppendUntilSeparator();
  }
  if (!Advance()) return false;
  for (;;) {
    const bool closed = prev_ != 0 && IsQuote(prev_);
    if (closed && (IsSpace() || ch_ == kSeparator || ch_ == kLineEnd)) break;
    // A longer separator ends the value where nothing was read of it yet.
    if (dialect_.separator.size() > 1 && ch_ == kSeparator) return true;
    if (!IsQuote(ch_) && !IsEscape(ch_)) {
      if (closed) {
        unescaped_ = true;
        Append(dialect_.quote);
        Append(ch_);
        prev_ = ch_;
        return Quoted();
      }
      if (prev_ != 0 && IsEscape(prev_)) Append(dialect_.escape);
      if (!AppendUntilQuote()) return false;
      prev_ = ch_;
      if (!Advance()) return false;
    } else {
      if (!Escaped(0)) return false;
      prev_ = ch_;
      if (!Advance()) return false;
      if (unescaped_ && (ch_ == kSeparator || ch_ == kLineEnd)) return true;
    }
  }
  if (!IsSpace()) return true;
  // White space after the closing quote is nothing, unless text follows it.
  spaces_.clear();
  do {
    spaces_ += static_cast<char>(ch_);
    if (!Advance()) return false;
    if (ch_ == kLineEnd) return true;
  } while (IsSpace());
  if (ch_ == kSeparator) return true;
  Append(dialect_.quote);
  text_ += spaces_;
  Append(ch_);
  prev_ = ch_;
  return Quoted();
}

/// ch_ is a quote or an escape: what it stands for after prev_.
bool CsvTokens::Escaped(int depth) {
  const int escape_escape = static_cast<unsigned char>(dialect_.escape_escape);
  if (IsEscape(ch_) && prev_ == escape_escape && escape_escape != 0) {
    Append(dialect_.escape);
    ch_ = 0;
  } else if (dialect_.escape != '\0' && IsEscape(prev_)) {
    if (IsQuote(ch_)) {
      Append(dialect_.quote);
      ch_ = 0;
    } else {
      Append(prev_);
    }
  } else if (IsQuote(ch_) && IsQuote(prev_)) {
    Append(dialect_.quote);
  } else if (IsQuote(prev_)) {
    return InValue(depth + 1);
  }
  return true;
}

/// After a quote that closed nothing, an escape behind it: the value goes on to its separator.
bool CsvTokens::InValue(int depth) {
  if (depth > kNestedMax) {
    tangled_ = true;
    return false;
  }
  if (text_after_quote_ == 0) text_after_quote_ = spans_.size() + 1;
  Append(dialect_.quote);
  prev_ = ch_;
  while (ch_ != kSeparator && ch_ != kLineEnd) {
    if (!IsQuote(ch_) && !IsEscape(ch_)) {
      if (prev_ != 0 && IsQuote(prev_)) {
        Append(dialect_.quote);
        prev_ = ch_;
        continue;
      }
      Append(ch_);
    } else if (!Escaped(depth)) {
      return false;
    }
    prev_ = ch_;
    if (!Advance()) return false;
  }
  return true;
}

/// The input ends within a record.
void CsvTokens::AtEnd() {
  bool value = false;
  const bool closed = IsQuote(ch_) && prev_ != 0 && IsQuote(prev_);
  if (closed) {
    value = true;
  } else {
    if (IsQuote(ch_) && !unescaped_) Append(dialect_.quote);
    value = prev_ != 0 && ch_ != kSeparator && ch_ != kLineEnd;
  }
  const bool after_quote = prev_ != 0 && IsQuote(prev_);
  unclosed_ = in_quotes_ && text_after_quote_ == 0 && !after_quote;
  if (value || text_.size() > value_from_) {
    EndValue();
  } else if (at_ > 0 && ch_ != kLineEnd) {
    Missing();
  }
}

}  // namespace soteria::formats
