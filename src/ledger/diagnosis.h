// What is wrong with a ledger's entry that doesn't follow: altered, repeated, out of order, missing
// before it, forked off or spliced in. The chain's verdict doesn't depend on this; it is for
// whoever has to find out what happened. Entries are numbered from 1, as people read them. Pure,
// any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ledger/chain.h"

namespace soteria::ledger {

/// One sentence on `entries[at]`, which `chain`, standing after those before it, refused. Hashes
/// the whole file once more.
std::string Diagnose(const std::vector<std::string_view>& entries, size_t at, const Chain& chain,
                     const base::Status& refused);

}  // namespace soteria::ledger
