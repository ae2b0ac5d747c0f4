#include "src/formats/csv_write.h"

#include <algorithm>

namespace soteria::formats {
namespace {

size_t At(char c) { return static_cast<unsigned char>(c); }

bool IsSpace(char c) { return static_cast<unsigned char>(c) <= ' '; }

}  // namespace

CsvLine::CsvLine(const WriteOptions& options) : options_(options) {
  for (const char c : {'\n', '\r'}) triggers_[At(c)] = true;
  for (const char c : options.line_end) triggers_[At(c)] = true;
  if (options.escape_quotes) triggers_[At(options.dialect.quote)] = true;
  for (size_t c = 0; c < 256; ++c) special_[c] = triggers_[c];
  special_[At(options.dialect.quote)] = true;
  special_[At(options.dialect.escape)] = true;
  special_[At(options.dialect.separator.front())] = true;
}

void CsvLine::Add(std::optional<std::string_view> value) {
  if (columns_ > 0) line_ += options_.dialect.separator;
  const bool blank = value && std::all_of(value->begin(), value->end(), IsSpace);
  // White space that is trimmed away is a text without characters.
  const bool empty = value && (value->empty() || (blank && options_.dialect.trim_leading));
  const std::string_view element = !value  ? options_.null_value
                                   : empty ? options_.empty_value
                                           : *value;
  value_.clear();
  bool quoted = options_.quote_all;
  if (blank && !empty && options_.dialect.trim_trailing) {
    // What Spark's writer makes of it: the empty value, escaped, behind the white space, and as
    // much of its end is missing as there was white space.
    PutQuoted(options_.empty_value);
    value_.insert(0, element);
    value_.resize(value_.size() - std::min(value_.size(), element.size()));
  } else {
    quoted = Put(element, quoted, !value || empty);
  }
  ++columns_;
  if (quoted) line_ += options_.dialect.quote;
  line_ += value_;
  if (quoted) line_ += options_.dialect.quote;
}

void CsvLine::End(std::string* out) {
  if (!line_.empty()) {
    out->append(line_);
    out->append(options_.line_end);
  }
  line_.clear();
  columns_ = 0;
}

bool CsvLine::Put(std::string_view element, bool quoted, bool stands_in) {
  const CsvDialect& dialect = options_.dialect;
  size_t start = 0;
  while (dialect.trim_leading && start < element.size() && IsSpace(element[start])) ++start;
  const std::string_view rest = element.substr(start);
  if (!rest.empty() &&
      (rest.front() == dialect.quote || (columns_ == 0 && element.front() == dialect.comment))) {
    quoted = true;
  }
  if (quoted) {
    if (stands_in && element.size() >= 2 && element.front() == dialect.quote &&
        element.back() == dialect.quote) {
      value_ += element;
      return false;
    }
    PutQuoted(rest);
    return true;
  }
  for (size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (!special_[At(c)]) continue;
    if (c == dialect.quote || c == dialect.escape) {
      if (!HasTrigger(rest, i)) break;
    } else if (!triggers_[At(c)] && !IsSeparatorAt(rest, i)) {
      continue;
    }
    PutQuoted(rest);
    return true;
  }
  value_ += rest;
  Trim(rest);
  return false;
}

void CsvLine::PutQuoted(std::string_view element) {
  const CsvDialect& dialect = options_.dialect;
  for (const char c : element) {
    if (c == dialect.quote) {
      value_ += dialect.escape;
    } else if (c == dialect.escape && dialect.escape_escape != '\0') {
      value_ += dialect.escape_escape;
    }
    if (c == '\n' && options_.line_end.size() > 1) {  // a single one stands for all line ends
      value_ += options_.line_end;
    } else {
      value_ += c;
    }
  }
  Trim(element);
}

void CsvLine::Trim(std::string_view element) {
  if (!options_.dialect.trim_trailing || element.empty() || !IsSpace(element.back())) return;
  while (!value_.empty() && IsSpace(value_.back())) value_.pop_back();
}

bool CsvLine::IsSeparatorAt(std::string_view element, size_t at) const {
  return element.substr(at).starts_with(options_.dialect.separator);
}

bool CsvLine::HasTrigger(std::string_view element, size_t at) const {
  for (; at < element.size(); ++at) {
    if (triggers_[At(element[at])] || IsSeparatorAt(element, at)) return true;
  }
  return false;
}

}  // namespace soteria::formats
