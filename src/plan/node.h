// Nodes as builders put them together. Internal to plan; any thread.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "src/plan/logical.h"

namespace soteria::plan {

PlanPtr MakeNode(decltype(Plan::node) node, std::shared_ptr<arrow::Schema> schema,
                 std::vector<Column> columns, std::vector<PlanPtr> inputs);
/// A node whose columns are its input's.
PlanPtr MakeOver(decltype(Plan::node) node, PlanPtr input);

/// What the node does in each partition.
exec::OperatorPtr OperatorOf(const SortNode& sort);
exec::OperatorPtr OperatorOf(const SampleNode& sample);
exec::OperatorPtr OperatorOf(const GenerateNode& generate);
exec::OperatorPtr OperatorOf(const ExpandNode& expand);

}  // namespace soteria::plan
