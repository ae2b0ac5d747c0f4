// Sizes that say little: Padme (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
// Communication with PURBs") rounds a size up so that all sizes of one order of magnitude fall
// into few; at most 12 % more, and O(log log n) bits are shown. A pure function.
#pragma once

#include <cstdint>

namespace soteria::base {

/// At least `size`.
uint64_t PaddedSize(uint64_t size);

}  // namespace soteria::base
