// The relations that the SQL parser makes in more than one place. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/connect/sql_nodes.h"

namespace soteria::connect {

/// Most keys that GROUPING SETS may name.
inline constexpr size_t kGroupingSetKeysMax = 100;

SqlRelation NewRelation();
/// The expressions, handed over.
void SetItems(SqlExprs items, google::protobuf::RepeatedPtrField<spark::connect::Expression>* out);
/// A table or view by the parts of its name.
SqlRelation NamedRelation(const std::vector<std::string>& parts);
base::StatusOr<SqlRelation> AliasedRelation(SqlRelation input, const std::string& name);
/// The input under other names for its columns; as it is for none.
base::StatusOr<SqlRelation> RenamedColumns(SqlRelation input, std::vector<std::string> columns);

}  // namespace soteria::connect
