// `soteria ledger page`: one session of a checked ledger as one static HTML page, for the owner, an
// auditor or a board: what ran inside enclaves and what outside, what left, what was read and
// written and by which rule, on whose evidence, and whether the ledger is whole. The page needs no
// server and no script, names no other resource, and forbids itself to load any. All text in it
// comes from the ledger and the Manifest and is escaped (html.h). Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/client/ledger_check.h"

namespace soteria::client {

/// The session whose id begins with `hex`; the last one for "". kInput if there is none, or more
/// than one.
base::StatusOr<size_t> FindSession(const ledger::LedgerReport& report, std::string_view hex);

/// The page of that session of the report; `now_ms` is when it is made.
std::string LedgerPage(const CheckedLedger& checked, size_t session, int64_t now_ms);

}  // namespace soteria::client
