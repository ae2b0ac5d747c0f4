#include "src/formats/json_records.h"

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/window.h"

namespace soteria::formats {

base::StatusOr<bool> JsonRecords::Next(std::string_view* record) {
  if (!whole_) return lines_.Next(record);
  if (std::exchange(done_, true)) return false;
  if (file_.size() > kJsonFileBytesMax) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("a JSON file that is one record has ", file_.size(), " bytes"));
  }
  SOTERIA_ASSIGN_OR_RETURN(text_, ReadWhole(file_));
  *record = text_;
  return true;
}

}  // namespace soteria::formats
