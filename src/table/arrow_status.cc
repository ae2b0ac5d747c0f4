#include "src/table/arrow_status.h"

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::table {

base::Status FromArrow(const arrow::Status& status) {
  if (status.ok()) return base::OkStatus();
  if (status.IsOutOfMemory()) return base::Fail(base::kMemoryLimit, "Arrow is out of memory");
  return base::FailQuotingData(base::kInternal, base::Cat("Arrow: ", status.message()));
}

}  // namespace soteria::table
