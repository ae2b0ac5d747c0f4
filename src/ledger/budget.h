// The release budget of a data set: how many numbers may ever leave the enclaves. What is spent is
// in the owner's version record, which never goes down, so that neither another session nor an
// older index gives any of it back. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/ledger/entry.h"
#include "src/ledger/versions.h"

namespace soteria::ledger {

/// What is spent once `numbers` more have left. kNotInManifest, naming the line, if the budget
/// isn't enough; `spent` may be above it already (another session's Manifest allowed more).
base::StatusOr<uint64_t> Debit(uint64_t spent, uint64_t budget, uint64_t numbers);

/// Debits each of the records, or none; says by how much, ascending by id. kInternal for a root
/// that is there twice.
base::StatusOr<std::vector<Spending>> DebitAll(uint64_t budget, uint64_t numbers,
                                               std::vector<VersionRecord>* records);

}  // namespace soteria::ledger
