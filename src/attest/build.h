// Which build this is. `kSimulatedBuild` is true only where -DSOTERIA_SIMULATED=ON compiled the
// code that makes and verifies simulated evidence; `soteria version` and each ledger head say it.
// Any thread.
#pragma once

namespace soteria::attest {

#ifdef SOTERIA_SIMULATED
inline constexpr bool kSimulatedBuild = true;
#else
inline constexpr bool kSimulatedBuild = false;
#endif

}  // namespace soteria::attest
