#include "src/table/csv_scan.h"

#include <arrow/util/utf8.h>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/text_value.h"

namespace soteria::table {
namespace {
constexpr size_t kReadBytes = size_t{1} << 20;
}

bool IsText(std::string_view bytes) {
  if (bytes.find('\0') != std::string_view::npos) return false;
  arrow::util::InitializeUTF8();
  return arrow::util::ValidateUTF8(bytes);
}

CsvScanner::CsvScanner(base::ReadableFile& file, char delimiter, char quote,
                       uint64_t record_bytes_max, int32_t columns_max)
    : file_(file),
      delimiter_(delimiter),
      quote_(quote),
      record_bytes_max_(record_bytes_max),
      columns_max_(columns_max) {}

base::Status CsvScanner::Error(std::string_view what, size_t column) const {
  return base::Fail(base::kInput, base::Cat("CSV line ", line_, ", column ", column, ": ", what));
}

base::StatusOr<bool> CsvScanner::Fill() {
  if (at_ < buffer_.size()) return true;
  buffer_.resize(kReadBytes);
  SOTERIA_ASSIGN_OR_RETURN(const size_t read, file_.ReadAt(offset_, buffer_));
  buffer_.resize(read);
  offset_ += read;
  at_ = 0;
  return read > 0;
}

base::Status CsvScanner::SkipByteOrderMark() {
  started_ = true;
  SOTERIA_ASSIGN_OR_RETURN(bool more, Fill());
  while (more && buffer_.size() < 3) {
    char next = 0;
    SOTERIA_ASSIGN_OR_RETURN(const size_t read, file_.ReadAt(offset_, {&next, 1}));
    more = read == 1;
    if (more) buffer_ += next;
    offset_ += read;
  }
  const std::string_view start = buffer_;
  if (start.starts_with("\xEF\xBB\xBF")) at_ = 3;
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
    return base::Fail(base::kInput, "CSV line 1, column 1: the file is UTF-16, not UTF-8");
  }
  return base::OkStatus();
}

base::Status CsvScanner::EndField(State* state) {
  if (spans_.size() >= static_cast<size_t>(columns_max_)) {
    return Error("too many columns", spans_.size() + 1);
  }
  spans_.push_back({field_from_, text_.size(), field_quoted_});
  field_from_ = text_.size();
  field_quoted_ = false;
  *state = State::kFieldStart;
  return base::OkStatus();
}

/// One character that doesn't end the record.
base::Status CsvScanner::Step(char c, State* state) {
  switch (*state) {
    case State::kFieldStart:
    case State::kPlain:
      if (c == delimiter_) return EndField(state);
      if (c == quote_ && *state == State::kFieldStart) {
        field_quoted_ = true;
        *state = State::kQuoted;
        return base::OkStatus();
      }
      *state = State::kPlain;
      text_ += c;
      return base::OkStatus();
    case State::kQuoted:
      if (c == quote_) {
        *state = State::kAfterQuote;
      } else {
        text_ += c;
      }
      return base::OkStatus();
    case State::kAfterQuote:
      if (c == delimiter_) return EndField(state);
      if (c != quote_) return Error("text after a closing quote", spans_.size() + 1);
      text_ += c;
      *state = State::kQuoted;
      return base::OkStatus();
  }
  return base::OkStatus();
}

base::StatusOr<bool> CsvScanner::ReadRecord() {
  text_.clear();
  spans_.clear();
  field_from_ = 0;
  field_quoted_ = false;
  line_ = next_line_;
  State state = State::kFieldStart;
  bool any = false;
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
    // A run of plain characters at once.
    if (state == State::kPlain || state == State::kQuoted) {
      const char stops[] = {quote_, '\n', '\r', state == State::kPlain ? delimiter_ : quote_};
      const std::string_view rest = std::string_view(buffer_).substr(at_);
      size_t run = rest.find_first_of(std::string_view(stops, sizeof stops));
      if (run == std::string_view::npos) run = rest.size();
      text_.append(rest.substr(0, run));
      at_ += run;
      if (text_.size() > record_bytes_max_) return Error("record is too long", spans_.size() + 1);
      if (at_ >= buffer_.size()) continue;
    }
    const char c = buffer_[at_++];
    any = true;
    if (state != State::kQuoted && (c == '\n' || c == '\r')) {
      if (c == '\r') {
        SOTERIA_ASSIGN_OR_RETURN(const bool follows, Fill());
        if (follows && buffer_[at_] == '\n') ++at_;
      }
      ++next_line_;
      SOTERIA_RETURN_IF_ERROR(EndField(&state));
      return true;
    }
    if (c == '\n') ++next_line_;
    SOTERIA_RETURN_IF_ERROR(Step(c, &state));
  }
  if (state == State::kQuoted) return Error("quote is not closed", spans_.size() + 1);
  if (!any) return false;
  SOTERIA_RETURN_IF_ERROR(EndField(&state));
  return true;
}

base::StatusOr<bool> CsvScanner::Next() {
  if (!started_) SOTERIA_RETURN_IF_ERROR(SkipByteOrderMark());
  for (;;) {
    SOTERIA_ASSIGN_OR_RETURN(const bool more, ReadRecord());
    if (!more) return false;
    const bool blank = spans_.size() == 1 && !spans_[0].quoted && Trim(text_).empty();
    if (!blank) break;
  }
  fields_.clear();
  for (const Span& span : spans_) {
    fields_.push_back(
        {std::string_view(text_).substr(span.from, span.to - span.from), span.quoted});
  }
  if (!IsText(text_)) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!IsText(fields_[i].text)) return Error("not valid UTF-8 text", i + 1);
    }
    return Error("not valid UTF-8 text", 1);
  }
  return true;
}

}  // namespace soteria::table
