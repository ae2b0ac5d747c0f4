// Rows to CSV as Spark's writer has them: when a value is quoted and what within it is escaped,
// quirks included. Internal to formats. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "src/formats/write_options.h"

namespace soteria::formats {

class CsvLine {
 public:
  /// `options` outlive it.
  explicit CsvLine(const WriteOptions& options);

  /// The next value of the record; nullopt is null.
  void Add(std::optional<std::string_view> value);
  /// Ends the record and appends it, with its line end, to `out`; one without a character is left
  /// out, as there.
  void End(std::string* out);

 private:
  /// Puts the element into value_; whether it goes between quotes. `stands_in`: for null or for a
  /// text without characters.
  bool Put(std::string_view element, bool quoted, bool stands_in);
  void PutQuoted(std::string_view element);
  void Trim(std::string_view element);
  bool IsSeparatorAt(std::string_view element, size_t at) const;
  /// Whether something that calls for quotes is at or behind `at`.
  bool HasTrigger(std::string_view element, size_t at) const;

  const WriteOptions& options_;
  bool triggers_[256] = {};
  bool special_[256] = {};  // triggers, and what else the plain text stops at
  size_t columns_ = 0;
  std::string line_;
  std::string value_;
};

}  // namespace soteria::formats
