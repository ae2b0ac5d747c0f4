// The records of a CSV file, one after another, as Spark cuts a file into them: line by line, or,
// with multiLine, by its quotes. Internal to formats. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/csv_tokens.h"
#include "src/formats/file_part.h"
#include "src/formats/lines.h"
#include "src/formats/window.h"

namespace soteria::formats {

struct CsvCut {
  CsvDialect dialect;
  bool multi_line = false;
  std::string line_end;       ///< "": any; with multiLine: as the file's first
  bool any_line_end = false;  ///< with multiLine: any of them anywhere
  size_t columns_max = 20'480;
  uint64_t record_bytes_max = kRecordBytesMax;
};

class CsvRecords {
 public:
  /// With multi_line all of a file.
  CsvRecords(FilePart part, const CsvCut& cut);

  /// False at the end. Lines of white space alone and comments are no records. kMemoryLimit for a
  /// record that is too long.
  base::StatusOr<bool> Next();
  const std::vector<CsvCell>& cells() const { return tokens_.cells(); }
  /// The record as it is in the file, without its line end; until the next one.
  std::string_view raw() const { return raw_; }
  /// More values than columns_max: those are cut off.
  bool too_many() const { return too_many_; }
  size_t text_after_quote() const { return tokens_.text_after_quote(); }
  bool unclosed() const { return tokens_.unclosed(); }
  /// Whether the record is UTF-8 without NUL; raw() and the cells are what Java makes of it.
  bool is_text() const { return is_text_; }
  /// Line where the record starts, from 1 where the part begins.
  int64_t line() const { return line_; }

 private:
  base::Status Start();
  base::StatusOr<bool> NextLine();
  base::StatusOr<bool> NextOfStream();
  base::Status Tokenize(std::string_view bytes, bool last, size_t* taken,
                        CsvTokens::Outcome* outcome);
  base::Status TooLong();
  std::string_view Valid(std::string_view bytes);

  const CsvCut cut_;
  Lines lines_;    // line by line
  Window window_;  // with multiLine
  CsvTokens tokens_;
  bool started_ = false;
  std::string valid_;
  std::string_view raw_;
  bool too_many_ = false;
  bool is_text_ = true;
  size_t pending_ = 0;  // of the window: the record that was given out
  int64_t line_ = 0;
  int64_t next_line_ = 1;
};

}  // namespace soteria::formats
