// The one sentence for what Spark has and Soteria hasn't: what it is, as the script wrote it; what
// to use instead, where there is something; and where the list is. A pure function.
#pragma once

#include <string_view>

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/base/text.h"

namespace soteria::base {

/// `what`: "DataFrame.crosstab", "The function skewness()". `instead` follows "Use ".
inline Status NotSupported(std::string_view what, std::string_view instead = {}) {
  return Fail(kUnsupported,
              Cat(what, " is not supported in an enclave.", instead.empty() ? "" : " Use ", instead,
                  instead.empty() ? "" : " instead.", " What is: docs/functions.md"));
}

}  // namespace soteria::base
