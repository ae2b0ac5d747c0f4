#include "src/exec/special_time.h"

#include <string>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/text_value.h"
#include "src/table/time_zone.h"

namespace soteria::exec {

base::Status NoClock(std::string_view text) {
  return base::Fail(base::kUnsupported,
                    base::Cat("'", text,
                              "' depends on the clock on the wall. There is no trusted clock in an "
                              "enclave: write the date"));
}

base::StatusOr<bool> IsEpoch(std::string_view text) {
  text = table::TrimControls(text);
  size_t letters = 0;
  while (letters < text.size() && base::IsLetter(text[letters])) ++letters;
  const std::string word = base::Lower(text.substr(0, letters));
  const bool epoch = word == "epoch";
  const bool now = word == "now";
  if (!epoch && !now && word != "today" && word != "tomorrow" && word != "yesterday") return false;
  std::string_view zone = text.substr(letters);
  while (zone.starts_with(' ') || zone.starts_with('\t')) zone.remove_prefix(1);
  if (!zone.empty() && (now || !table::TimeZone::Find(zone).has_value())) return false;
  if (!epoch) return NoClock(text);
  return true;
}

}  // namespace soteria::exec
