// Takes Spark's options out of a map one by one, and then says which were left: those are not
// done. Internal to formats.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/formats/csv_options.h"

namespace soteria::formats {

class OptionReader {
 public:
  /// `format` names the reader or writer in errors: "CSV".
  OptionReader(const OptionMap& options, std::string format)
      : options_(options), format_(std::move(format)) {}

  /// The value under the name, in lower case; nullptr for none.
  const std::string* Find(std::string_view name);
  void Text(std::string_view name, std::string* value);
  base::Status Flag(std::string_view name, bool* value);
  /// One character, or none, which is '\0'. Others than ASCII are not done.
  base::Status Character(std::string_view name, char* value);
  base::Status Number(std::string_view name, int64_t least, int64_t most, int64_t* value);
  base::Status Mode(ParseMode* mode);
  /// What every reader of records has.
  base::Status Record(const ReaderDefaults& defaults, RecordOptions* record);
  /// A pattern of dates or times, checked.
  base::Status Pattern(std::string_view name, std::string* pattern);
  /// Only this value (case doesn't count) is done.
  base::Status Only(std::string_view name, std::string_view value);
  /// encoding or charset: UTF-8.
  base::Status Encoding();
  base::Status Zone(const std::string& session, std::string* zone);

  /// Not done here: refused if it is there.
  base::Status Refused(std::string_view name, std::string_view instead = {});
  /// Has no effect on what is read or written: taken for known.
  void NoEffect(std::string_view name) { Find(name); }
  /// Refuses what nobody asked for.
  base::Status Finish() const;

 private:
  base::Status Wrong(std::string_view name, std::string_view why) const;

  const OptionMap& options_;
  const std::string format_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace soteria::formats
