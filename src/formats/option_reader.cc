#include "src/formats/option_reader.h"

#include <charconv>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/conditions.h"
#include "src/table/date_pattern.h"
#include "src/table/time_zone.h"

namespace soteria::formats {
namespace {

constexpr size_t kOptionBytesMax = 4096;
constexpr size_t kLineEndBytesMax = 128;

}  // namespace

const std::string* OptionReader::Find(std::string_view name) {
  known_.emplace(base::Lower(name));
  const auto found = options_.find(base::Lower(name));
  return found == options_.end() ? nullptr : &found->second;
}

base::Status OptionReader::Wrong(std::string_view name, std::string_view why) const {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("The ", format_, " option `", name, "` ", why));
}

void OptionReader::Text(std::string_view name, std::string* value) {
  if (const std::string* given = Find(name); given != nullptr) *value = *given;
}

base::Status OptionReader::Flag(std::string_view name, bool* value) {
  const std::string* const given = Find(name);
  if (given == nullptr) return base::OkStatus();
  const std::string lower = base::Lower(*given);
  if (lower != "true" && lower != "false") return Wrong(name, "must be true or false");
  *value = lower == "true";
  return base::OkStatus();
}

base::Status OptionReader::Character(std::string_view name, char* value) {
  const std::string* const given = Find(name);
  if (given == nullptr) return base::OkStatus();
  if (given->empty() || *given == "\\u0000" || *given == std::string(1, '\0')) {
    *value = '\0';
    return base::OkStatus();
  }
  if (static_cast<unsigned char>(given->front()) >= 0x80) {
    return base::NotSupported(
        base::Cat("The ", format_, " option `", name, "` with other than an ASCII character"));
  }
  if (given->size() != 1) {
    return base::Fail(kOneCharacter,
                      base::Cat("The value of ", name,
                                " cannot be more than one character, but got ", *given, "."));
  }
  *value = given->front();
  return base::OkStatus();
}

base::Status OptionReader::Number(std::string_view name, int64_t least, int64_t most,
                                  int64_t* value) {
  const std::string* const given = Find(name);
  if (given == nullptr) return base::OkStatus();
  int64_t number = 0;
  const auto read = std::from_chars(given->data(), given->data() + given->size(), number);
  if (read.ec != std::errc() || read.ptr != given->data() + given->size() || number < least ||
      number > most) {
    return Wrong(name, base::Cat("must be a whole number from ", least, " to ", most));
  }
  *value = number;
  return base::OkStatus();
}

base::Status OptionReader::Mode(ParseMode* mode) {
  const std::string* const given = Find("mode");
  if (given == nullptr) return base::OkStatus();
  const std::string lower = base::Lower(*given);
  // Spark takes any other word for PERMISSIVE and logs that.
  *mode = lower == "dropmalformed" ? ParseMode::kDropMalformed
          : lower == "failfast"    ? ParseMode::kFailFast
                                   : ParseMode::kPermissive;
  if (*mode == ParseMode::kPermissive && lower != "permissive") {
    return Wrong("mode", "must be PERMISSIVE, DROPMALFORMED or FAILFAST");
  }
  return base::OkStatus();
}

base::Status OptionReader::Record(const ReaderDefaults& defaults, RecordOptions* record) {
  SOTERIA_RETURN_IF_ERROR(Mode(&record->mode));
  record->corrupt_column = defaults.corrupt_column;
  Text("columnnameofcorruptrecord", &record->corrupt_column);
  SOTERIA_RETURN_IF_ERROR(Zone(defaults.zone, &record->zone));
  SOTERIA_RETURN_IF_ERROR(Encoding());
  SOTERIA_RETURN_IF_ERROR(Flag("multiline", &record->multi_line));
  if (const std::string* own = Find("linesep"); own != nullptr) {
    if (own->empty() || own->size() > kLineEndBytesMax) {
      return Wrong("lineSep", base::Cat("must have 1 to ", kLineEndBytesMax, " characters"));
    }
    record->line_end = *own;
  }
  SOTERIA_RETURN_IF_ERROR(Only("locale", "en-US"));
  SOTERIA_RETURN_IF_ERROR(Only("samplingratio", "1.0"));
  SOTERIA_RETURN_IF_ERROR(Pattern("dateformat", &record->date_format));
  SOTERIA_RETURN_IF_ERROR(Pattern("timestampformat", &record->timestamp_format));
  SOTERIA_RETURN_IF_ERROR(Refused("timestampntzformat"));
  return Refused("enabledatetimeparsingfallback");
}

base::Status OptionReader::Pattern(std::string_view name, std::string* pattern) {
  Text(name, pattern);
  if (pattern->empty()) return base::OkStatus();
  return table::DatePattern::Compile(*pattern, base::Cat("The ", format_, " option `", name, "`"))
      .status();
}

base::Status OptionReader::Only(std::string_view name, std::string_view value) {
  const std::string* const given = Find(name);
  if (given == nullptr || base::EqualIgnoringCase(*given, value)) return base::OkStatus();
  return base::NotSupported(
      base::Cat("The ", format_, " option `", name, "` of other than ", value));
}

base::Status OptionReader::Encoding() {
  for (const std::string_view name : {"encoding", "charset"}) {
    const std::string* const given = Find(name);
    if (given == nullptr) continue;
    const std::string lower = base::Lower(*given);
    if (lower != "utf-8" && lower != "utf8") {
      return base::NotSupported(
          base::Cat("The ", format_, " option `", name, "` of other than UTF-8"));
    }
  }
  return base::OkStatus();
}

base::Status OptionReader::Zone(const std::string& session, std::string* zone) {
  *zone = session;
  Text("timezone", zone);
  if (zone->empty()) return base::OkStatus();
  const auto found = table::TimeZone::Find(*zone);
  if (!found.has_value()) return Wrong("timeZone", "is no time zone");
  if (found->IsUtc()) zone->clear();
  return base::OkStatus();
}

base::Status OptionReader::Refused(std::string_view name, std::string_view instead) {
  if (Find(name) == nullptr) return base::OkStatus();
  return base::NotSupported(base::Cat("The ", format_, " option `", name, "`"), instead);
}

base::Status OptionReader::Finish() const {
  for (const auto& [name, value] : options_) {
    if (value.size() > kOptionBytesMax) return Wrong(name, "is too long");
  }
  for (const auto& [name, value] : options_) {
    if (known_.contains(name)) continue;
    return base::NotSupported(base::Cat("The ", format_, " option `", name, "`"));
  }
  return base::OkStatus();
}

}  // namespace soteria::formats
