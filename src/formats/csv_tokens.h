// One CSV record to its values: the state machine of Spark's parser, quirks included (a quote that
// isn't escaped makes the rest of the value text as it stands; a quote that isn't closed ends with
// the input). Works on bytes: a separator may be any text, the other characters are ASCII. Internal
// to formats. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace soteria::formats {

struct CsvDialect {
  std::string separator = ",";
  char quote = '"';    // '\0': nothing is quoted
  char escape = '\\';  // '\0': by Spark's rules for it
  char escape_escape = '\\';
  char comment = '\0';  // '\0': none
  bool trim_leading = false;
  bool trim_trailing = false;
};

struct CsvCell {
  enum class Kind : uint8_t {
    kText,
    kMissing,  ///< nothing between two separators
    kEmpty,    ///< nothing between quotes, or nothing left once it was trimmed
  };
  std::string_view text;  ///< of kText
  Kind kind = Kind::kText;
  bool quoted = false;
};

/// Where a record ends.
enum class CsvLineEnd : uint8_t {
  kGiven,  ///< with the bytes: somebody cut the lines
  kLf,
  kCrLf,
  kCr,
  kAny,  ///< any of them, and none is changed within quotes
  kOwn,  ///< CsvTokens' `own`
};

class CsvTokens {
 public:
  /// `own` has one or two characters, which are the line end of kGiven too, where there are any;
  /// `keep_in_quotes`: a line end within quotes stays as it is, else it is \n.
  CsvTokens(const CsvDialect& dialect, CsvLineEnd line_end, std::string own = {},
            bool keep_in_quotes = false)
      : dialect_(dialect),
        line_end_(line_end),
        own_(std::move(own)),
        newline_(own_.empty() ? '\n' : '\0'),
        keep_in_quotes_(keep_in_quotes || line_end == CsvLineEnd::kAny) {}

  enum class Outcome : uint8_t {
    kRecord,
    kNothing,  ///< an empty line
    kMore,     ///< the record doesn't end here
    kTooMany,  ///< more values than columns_max
    kTangled,  ///< quotes nested deeper than is followed
  };
  /// Takes one record and its line end off the front; `last`: the input ends with the bytes.
  Outcome Take(std::string_view bytes, bool last, size_t columns_max, size_t* taken);

  /// Behind the first line end, of a comment; npos: not here.
  size_t SkipLine(std::string_view bytes, bool last);
  void set_line_end(CsvLineEnd line_end) { line_end_ = line_end; }

  /// Until the next Take; they point into the bytes or into this object.
  const std::vector<CsvCell>& cells() const { return cells_; }
  /// Of the record: the value (from 1) that goes on after its closing quote, 0 for none; and
  /// whether a quote was never closed.
  size_t text_after_quote() const { return text_after_quote_; }
  bool unclosed() const { return unclosed_; }

 private:
  static constexpr int kSeparator = 256;
  static constexpr int kLineEnd = 257;
  static constexpr int kNestedMax = 64;

  bool Split(std::string_view line, bool ends, size_t columns_max);
  size_t PlainEnd(std::string_view bytes, size_t* line_end_bytes) const;
  size_t LineEndBytes(size_t at, bool* needs_more) const;

  bool Advance();
  bool Body();
  bool Plain();
  bool Quoted();
  bool Escaped(int depth);
  bool InValue(int depth);
  bool AppendUntilSeparator();
  bool AppendUntilQuote();
  void AtEnd();
  void Append(int c);
  void EndValue();
  void Missing();
  bool IsSpace() const { return ch_ >= 0 && ch_ <= ' '; }
  bool IsQuote(int c) const { return c == static_cast<unsigned char>(dialect_.quote); }
  bool IsEscape(int c) const { return c == static_cast<unsigned char>(dialect_.escape); }

  const CsvDialect dialect_;
  CsvLineEnd line_end_;
  const std::string own_;
  const char newline_;  // what ends a record whatever line ends there are, and stands for them
  const bool keep_in_quotes_;

  std::vector<CsvCell> cells_;
  size_t text_after_quote_ = 0;
  bool unclosed_ = false;

  struct Span {
    size_t from = 0;
    size_t to = 0;
    CsvCell::Kind kind = CsvCell::Kind::kText;
    bool quoted = false;
  };
  std::string_view bytes_;
  bool last_ = false;
  bool short_ = false;  // a line end or separator may go on behind the bytes
  bool tangled_ = false;
  size_t at_ = 0;
  int ch_ = 0;
  int prev_ = 0;
  bool unescaped_ = false;
  bool in_quotes_ = false;
  bool quoted_ = false;
  bool trim_ = false;
  std::string text_;
  std::string spaces_;
  size_t value_from_ = 0;
  std::vector<Span> spans_;
};

}  // namespace soteria::formats
