#include "src/ml/column_pairs.h"

#include <algorithm>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {
namespace {

template <class Keep>
std::string Joined(const ParamNames& names, Keep keep) {
  std::string text;
  for (const std::string_view name : names) {
    if (keep(name)) text += base::Cat(text.empty() ? "" : ", ", name);
  }
  return text;
}

base::Status CheckExclusive(const Params& params, std::string_view name, std::string_view way,
                            const ParamNames& required, const ParamNames& excluded) {
  std::string bad;
  if (const std::string set =
          Joined(excluded, [&](std::string_view param) { return params.IsSet(param); });
      !set.empty()) {
    bad += base::Cat("The following Params are not applicable and should not be set: ", set, ".");
  }
  if (const std::string missing =
          Joined(required, [&](std::string_view param) { return !params.IsDefined(param); });
      !missing.empty()) {
    bad += base::Cat("The following Params must be defined but are not set: ", missing, ".");
  }
  if (bad.empty()) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, base::Cat(name, " has the ", way, bad));
}

}  // namespace

base::Status CheckOneWay(const Params& params, std::string_view text, const ParamNames& single,
                         const ParamNames& multiple) {
  const std::string name = base::Cat(params.info().short_name(), " ", text);
  const bool one = params.IsSet("inputCol");
  const bool many = params.IsSet("inputCols");
  if (one && many) {
    return base::Fail(
        base::kIllegalArgument,
        base::Cat("requirement failed: ", name,
                  " requires exactly one of inputCol, inputCols Params to be set, but both are"
                  " set."));
  }
  if (one) {
    return CheckExclusive(params, name, "inputCol Param set for single-column transform. ", single,
                          multiple);
  }
  if (many) {
    return CheckExclusive(params, name, "inputCols Param set for multi-column transform. ",
                          multiple, single);
  }
  return base::Fail(base::kIllegalArgument,
                    base::Cat(name,
                              " requires exactly one of inputCol, inputCols Params to be set, but"
                              " neither is set."));
}

base::StatusOr<std::vector<ColumnPair>> ColumnPairs(const Params& params) {
  std::vector<ColumnPair> pairs;
  if (params.IsSet("inputCol")) {
    SOTERIA_RETURN_IF_ERROR(CheckDefined(params, "outputCol"));
    pairs.push_back({params.String("inputCol"), params.String("outputCol")});
    return pairs;
  }
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params, "inputCols"));
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params, "outputCols"));
  const std::vector<std::string>& inputs = params.Strings("inputCols");
  const std::vector<std::string>& outputs = params.Strings("outputCols");
  for (size_t i = 0; i < std::min(inputs.size(), outputs.size()); ++i) {
    pairs.push_back({inputs[i], outputs[i]});
  }
  return pairs;
}

std::string PairCounts(const Params& params) {
  std::string text;
  if (params.IsSet("inputCols")) {
    text += base::Cat(", numInputCols=", params.Strings("inputCols").size());
  }
  if (params.IsSet("outputCols")) {
    text += base::Cat(", numOutputCols=", params.Strings("outputCols").size());
  }
  return text;
}

base::Status CheckDefined(const Params& params, std::string_view name) {
  if (params.IsDefined(name)) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, base::Cat("Failed to find a default value for ", name));
}

}  // namespace soteria::ml
