// A plan that gives the same rows at less cost: what reads, joins and exchanges carry is decided
// here, by what the plan says alone, never by what is in the tables. Rules, each once, in this
// order:
//
//   filters      conditions go down to the rows they are about; what compares two tables becomes
//   the
//                condition of their join, so that `FROM a, b WHERE a.k = b.k` is no product
//   columns      nodes hand on what somebody above them reads; data sets are read by column
//
// A persisted node is a wall: what is above it doesn't change what it computes, since its blocks
// are kept under the name of that. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <functional>

#include "src/base/status.h"
#include "src/plan/logical.h"

namespace soteria::plan {

using IsWall = std::function<bool(const Plan&)>;

/// The same rows and columns. Nodes that stand for a wall have it as their `original`.
base::StatusOr<PlanPtr> Rewrite(const PlanPtr& plan, const IsWall& wall);

/// The rules, over a plan whose walls are marked by their `original` and whose expressions take
/// columns by place. Filters: no condition is above what it can be below of.
base::StatusOr<PlanPtr> PushFilters(const PlanPtr& plan);
/// With the same columns in the same order.
base::StatusOr<PlanPtr> PruneColumns(const PlanPtr& plan);

/// The instant, in microseconds, at which a wall was put up: what is behind it keeps that.
using InstantOfWall = std::function<int64_t(const Plan&)>;
/// A rewritten plan with an instant for all that it asks of a clock (exec/clock.h).
base::StatusOr<PlanPtr> AtInstant(const PlanPtr& plan, int64_t micros, const InstantOfWall& wall);

}  // namespace soteria::plan
