// Aggregates with keys, as two operators around an exchange. PartialGroups makes of a partition's
// rows one row a group: the keys k0, k1, ... and each call's state as bytes s0, s1, ... The
// exchange brings all partial rows of a group to one target, those of earlier partitions first;
// FinishGroups merges them in that order and gives the groups' values (I7).
//
// Groups come in Spark's order: of its shuffle partition, by Murmur3 of the keys, then in the order
// in which they first come among the rows, as its hash maps keep it. Targets are ranges of those
// shuffle partitions, so that the order doesn't depend on how many targets there are. Pure
// functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/exec/aggregate.h"
#include "src/exec/operator.h"

namespace soteria::exec {

/// kProtocol from Apply for a table of other types than the aggregate was made for.
OperatorPtr PartialGroups(std::shared_ptr<const Aggregate> aggregate);
/// `places`: the shuffle partitions of Spark's, spark.sql.shuffle.partitions.
OperatorPtr FinishGroups(std::shared_ptr<const Aggregate> aggregate, uint64_t places);
/// Of PartialGroups' rows to targets, of which there are at most as many as places.
std::string EncodeGroupPartitioner(const Aggregate& aggregate, uint64_t places);

/// By an operator's kind: one of those here, whose rows are made of others.
bool MakesGroups(std::string_view kind);
/// kProtocol for the kind of another operator, and for bytes that aren't exactly one of that kind.
base::StatusOr<OperatorPtr> ReadGroups(std::string_view kind, base::FieldReader& in);

}  // namespace soteria::exec
