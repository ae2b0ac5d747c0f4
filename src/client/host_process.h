// The processes of a cluster directory, found in the process table by what they run and by the
// directory that they were given: a host that is still starting, or whose `cluster start` was
// killed, is in no state file. Process numbers are reused, so none is believed that isn't found so.
// Stateless; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::client {

inline constexpr char kHostProgram[] = "soteria-host";
inline constexpr char kSparkJar[] = "soteria-spark.jar";

/// Whether the process is there and hasn't ended.
bool IsAlive(base::Files& files, int64_t pid);

/// Whether that process is a host of this directory, ready or not: soteria-host, or whatever runs
/// soteria-spark.jar (the scripts of spark-submit, then the driver's JVM).
bool IsHost(base::Files& files, int64_t pid, const std::string& dir);

/// All of them.
std::vector<int64_t> HostsOf(base::Files& files, const std::string& dir);

/// Asks these hosts to end, with all that belongs to a session of their own, waits, then insists.
/// kIo when one of them doesn't end.
base::Status EndHosts(base::Files& files, base::Clock& clock, const std::vector<int64_t>& hosts);

}  // namespace soteria::client
