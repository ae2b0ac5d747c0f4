// The closed list of how work over data may end, as far as a script sees it that may see no rows:
// well, or with one of these classes and its one sentence. A class is about a bit, and so is
// recorded and counted (docs/formats/connect.md); that work ended well is neither
// (docs/decisions/0023-outcomes-are-outputs.md). Pure functions; any thread.
#pragma once

#include "src/base/status.h"

namespace soteria::master {

/// The failure as its class: the condition and a sentence that are the class's own. What isn't in
/// the list becomes INTERNAL_ERROR. What the host, storage or the owner did keeps its text, which
/// no data has made.
base::Status AsOutcome(const base::Status& failure);

/// Whether it is the doing of host, storage or owner, not of data.
bool IsOfTheHost(const base::Status& failure);

}  // namespace soteria::master
