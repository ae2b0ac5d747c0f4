// What a plan says about its rows without a look at them: which side of a join every worker gets
// whole, and whether all are in one part. What data hold must not decide it: how many
// partitions a join has, and in which order its rows come, the script can see. So it is what the
// script says (hint("broadcast")) and which rows come with the plan; and how large files are only
// where the Manifest lets rows leave, since beside rows of its own, whose bytes it knows, a script
// could weigh them. Pure functions; any thread.
#pragma once

#include <cstdint>

#include "src/plan/logical.h"

namespace soteria::plan {

/// spark.sql.autoBroadcastJoinThreshold's default.
inline constexpr uint64_t kSmallBytesMax = uint64_t{10} << 20;

/// An upper bound of the bytes that the rows come from, where it is no data that says it; more than
/// kSmallBytesMax: large, or not known.
uint64_t BytesBehind(const Plan& plan);

bool IsSmall(const Plan& plan);

/// Whether Spark knows without looking that all rows are in one partition, so that it groups them
/// without an exchange: behind coalesce(1), a limit, an aggregate without keys and the like.
bool IsInOnePart(const Plan& plan);

}  // namespace soteria::plan
