// CSV records as text: splits a file into records and fields, one record in memory at a time, and
// checks quoting, UTF-8 and size. Internal to table. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::table {

struct CsvField {
  std::string_view text;  ///< unescaped; valid until the next record
  bool quoted = false;
};

class CsvScanner {
 public:
  CsvScanner(base::ReadableFile& file, char delimiter, char quote, uint64_t record_bytes_max,
             int32_t columns_max);

  /// False at the end of the file. Lines of white space alone are skipped.
  base::StatusOr<bool> Next();
  const std::vector<CsvField>& fields() const { return fields_; }
  /// Line where the current record starts, from 1.
  int64_t line() const { return line_; }

 private:
  struct Span {
    size_t from = 0;
    size_t to = 0;
    bool quoted = false;
  };
  enum class State { kFieldStart, kPlain, kQuoted, kAfterQuote };

  base::StatusOr<bool> Fill();
  base::StatusOr<bool> ReadRecord();
  base::Status Step(char c, State* state);
  base::Status EndField(State* state);
  base::Status Error(std::string_view what, size_t column) const;
  base::Status SkipByteOrderMark();

  base::ReadableFile& file_;
  const char delimiter_;
  const char quote_;
  const uint64_t record_bytes_max_;
  const int32_t columns_max_;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t offset_ = 0;
  std::string text_;  // of the record, unescaped
  std::vector<Span> spans_;
  std::vector<CsvField> fields_;
  size_t field_from_ = 0;
  bool field_quoted_ = false;
  bool started_ = false;
  int64_t line_ = 0;
  int64_t next_line_ = 1;
};

/// Valid UTF-8 without NUL bytes.
bool IsText(std::string_view bytes);

}  // namespace soteria::table
