#include "src/formats/reader_rows.h"

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/conditions.h"

namespace soteria::formats {

base::Status FailFast(std::string_view record) {
  return base::FailQuotingData(
      table::kFailedReadFile,
      base::Cat("Encountered error while reading file. Malformed records are detected in record "
                "parsing: ",
                record.substr(0, kShownBytesMax),
                ". Parse Mode: FAILFAST. To process malformed records as null result, try setting "
                "the option 'mode' as 'PERMISSIVE'."));
}

}  // namespace soteria::formats
