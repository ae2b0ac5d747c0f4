// The columns that a stage reads and makes, which many of MLlib's take in two ways: inputCol and
// outputCol, or inputCols and outputCols. Private to ml. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

struct ColumnPair {
  std::string input, output;
};

using ParamNames = std::vector<std::string_view>;

/// MLlib's check that one of the two ways is used, with all params that it needs and none of the
/// other's; `text` is the stage's toString. Errors: kIllegalArgument.
base::Status CheckOneWay(const Params& params, std::string_view text,
                         const ParamNames& single = {"outputCol"},
                         const ParamNames& multiple = {"outputCols"});
/// The pairs of the way that is used; as many as the shorter list has. Errors: kIllegalArgument
/// where a param that it needs isn't there.
base::StatusOr<std::vector<ColumnPair>> ColumnPairs(const Params& params);
/// ", numInputCols=2, numOutputCols=2" of the second way, else "".
std::string PairCounts(const Params& params);

/// kIllegalArgument, as MLlib's $(param) says it, where `name` has no value.
base::Status CheckDefined(const Params& params, std::string_view name);

}  // namespace soteria::ml
