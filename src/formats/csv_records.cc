#include "src/formats/csv_records.h"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/valid_text.h"

namespace soteria::formats {
namespace {

constexpr size_t kMarkBytes = 3;

bool IsBlank(std::string_view line) {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

bool IsAscii(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080ULL) != 0) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

/// Scala's stripLineEnd.
std::string_view WithoutLineEnd(std::string_view text) {
  if (text.ends_with("\r\n")) return text.substr(0, text.size() - 2);
  if (text.ends_with('\n') || text.ends_with('\f')) text.remove_suffix(1);
  return text;
}

CsvLineEnd LineEndOf(const CsvCut& cut) {
  if (!cut.multi_line) return CsvLineEnd::kGiven;
  if (cut.any_line_end) return CsvLineEnd::kAny;
  return cut.line_end.empty() ? CsvLineEnd::kLf : CsvLineEnd::kOwn;
}

}  // namespace

CsvRecords::CsvRecords(FilePart part, const CsvCut& cut)
    : cut_(cut),
      lines_(part, cut.line_end, cut.record_bytes_max),
      window_(part.file, cut.record_bytes_max),
      tokens_(cut.dialect, LineEndOf(cut), cut.line_end, !cut.line_end.empty()) {
  arrow::util::InitializeUTF8();
}

base::Status CsvRecords::TooLong() {
  line_ = next_line_;
  return base::Fail(base::kMemoryLimit, base::Cat("a record of a CSV file has more than ",
                                                  cut_.record_bytes_max, " bytes"));
}

base::Status CsvRecords::Start() {
  started_ = true;
  while (window_.rest().size() < kMarkBytes && !window_.ended()) {
    SOTERIA_RETURN_IF_ERROR(window_.More());
  }
  window_.Consume(window_.rest().size() - WithoutByteOrderMark(window_.rest()).size());
  if (cut_.any_line_end || !cut_.line_end.empty()) return base::OkStatus();
  // The first line end of the file is that of all its records.
  size_t at = std::string_view::npos;
  for (;;) {
    at = window_.rest().find_first_of("\r\n");
    const bool known = at != std::string_view::npos && at + 1 < window_.rest().size();
    if (known || window_.ended()) break;
    SOTERIA_ASSIGN_OR_RETURN(const bool more, window_.More());
    if (!more) return base::OkStatus();
  }
  CsvLineEnd end = CsvLineEnd::kLf;
  if (at != std::string_view::npos && window_.rest()[at] == '\r') {
    end = window_.rest().substr(at).starts_with("\r\n") ? CsvLineEnd::kCrLf : CsvLineEnd::kCr;
  }
  tokens_.set_line_end(end);
  return base::OkStatus();
}

/// Text of other than UTF-8 as Java decodes it.
std::string_view CsvRecords::Valid(std::string_view bytes) {
  is_text_ = std::memchr(bytes.data(), '\0', bytes.size()) == nullptr;
  if (IsAscii(bytes) || arrow::util::ValidateUTF8(bytes)) return bytes;
  is_text_ = false;
  valid_ = table::ValidText(bytes);
  return valid_;
}

base::StatusOr<bool> CsvRecords::Next() {
  if (!cut_.multi_line) return NextLine();
  if (!started_) SOTERIA_RETURN_IF_ERROR(Start());
  window_.Consume(std::exchange(pending_, 0));
  return NextOfStream();
}

base::Status CsvRecords::Tokenize(std::string_view bytes, bool last, size_t* taken,
                                  CsvTokens::Outcome* outcome) {
  *outcome = tokens_.Take(bytes, last, cut_.columns_max, taken);
  too_many_ = *outcome == CsvTokens::Outcome::kTooMany;
  if (*outcome == CsvTokens::Outcome::kTangled) {
    return base::FailQuotingData(
        base::kUnsupported,
        "a CSV value with quotes and escapes nested as deep as this one is not supported");
  }
  return base::OkStatus();
}

base::StatusOr<bool> CsvRecords::NextLine() {
  const char comment = cut_.dialect.comment;
  for (;;) {
    std::string_view line;
    SOTERIA_ASSIGN_OR_RETURN(const bool any, lines_.Next(&line));
    if (!any) return false;
    line_ = next_line_++;
    if (IsBlank(line)) continue;
    if (comment != '\0' && line.front() == comment) continue;
    raw_ = Valid(line);
    size_t taken = 0;
    CsvTokens::Outcome outcome{};
    SOTERIA_RETURN_IF_ERROR(Tokenize(raw_, true, &taken, &outcome));
    if (outcome == CsvTokens::Outcome::kNothing) continue;
    return true;
  }
}

base::StatusOr<bool> CsvRecords::NextOfStream() {
  const char comment = cut_.dialect.comment;
  bool in_comment = false;
  for (;;) {
    std::string_view rest = window_.rest();
    if (rest.empty() && window_.ended()) return false;
    size_t taken = 0;
    CsvTokens::Outcome outcome = CsvTokens::Outcome::kMore;
    in_comment = in_comment || (comment != '\0' && !rest.empty() && rest.front() == comment);
    if (in_comment) {
      const size_t end = tokens_.SkipLine(rest, window_.ended());
      in_comment = end == std::string_view::npos;
      // The last byte may be the first of a line end.
      window_.Consume(in_comment ? rest.size() - std::min<size_t>(rest.size(), 1) : end);
      if (in_comment) SOTERIA_RETURN_IF_ERROR(window_.More());
      if (!in_comment) ++next_line_;
      continue;
    }
    if (!rest.empty()) {
      SOTERIA_RETURN_IF_ERROR(Tokenize(rest, window_.ended(), &taken, &outcome));
    }
    if (outcome == CsvTokens::Outcome::kMore) {
      SOTERIA_ASSIGN_OR_RETURN(const bool more, window_.More());
      if (!more) return TooLong();
      continue;
    }
    if (taken > cut_.record_bytes_max) return TooLong();
    line_ = next_line_;
    const std::string_view whole = rest.substr(0, taken);
    next_line_ += std::count(whole.begin(), whole.end(), '\n');
    if (whole.ends_with('\r')) ++next_line_;
    if (outcome == CsvTokens::Outcome::kNothing) {
      window_.Consume(taken);
      continue;
    }
    const std::string_view valid = Valid(whole);
    if (valid.data() != whole.data()) {
      // Once more over what Java would have read; the record ends where it did.
      size_t again = 0;
      SOTERIA_RETURN_IF_ERROR(Tokenize(valid, true, &again, &outcome));
    }
    raw_ = WithoutLineEnd(valid);
    pending_ = taken;
    return true;
  }
}

}  // namespace soteria::formats
