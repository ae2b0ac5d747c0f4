// The functions that a script may call, scalar ones, aggregates, window functions and others: what
// the tables beside their kernels say, in one place, for whoever reads a script and for
// docs/functions.md. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace soteria::exec {

enum class FunctionKind : uint8_t {
  kScalar,
  kAggregate,
  kWindow,      ///< with OVER only
  kGenerator,   ///< makes rows: generate.h
  kTimeWindow,  ///< makes rows of windows of time: known to whoever makes them
  kGrouping     ///< which grouping set a group is of: known to whoever makes the sets
};

/// What SQL's syntax calls, and no script by its name: blanks are in no name of Spark's.
inline constexpr std::string_view kLikeAll = "like all";  ///< (text, patterns...)
inline constexpr std::string_view kLikeAny = "like any";
inline constexpr std::string_view kNotLikeAll = "not like all";
inline constexpr std::string_view kNotLikeAny = "not like any";
inline constexpr std::string_view kExtractFrom = "extract from";  ///< (field, source)
inline constexpr std::string_view kStructOf = "struct of";        ///< (name, value, ...)
inline constexpr std::string_view kIsUnknown = "is unknown";      ///< (constant)
inline constexpr std::string_view kIsNotUnknown = "is not unknown";
inline constexpr std::string_view kAliasOf = "alias of";            ///< (value, name), of a struct
inline constexpr std::string_view kWithField = "with field";        ///< (struct, names..., value)
inline constexpr std::string_view kDropField = "drop field";        ///< (struct, names...)
inline constexpr std::string_view kTupleOf = "tuple of json";       ///< (text, names...)
inline constexpr std::string_view kStored = "stored as";            ///< (cast, what is said of one
                                                                    ///< that is out of range)
inline constexpr std::string_view kTimePlus = "time plus";          ///< (time, interval)
inline constexpr std::string_view kTimeMinus = "time minus";        ///< (time, interval)
inline constexpr std::string_view kIntervalDays = "interval days";  ///< (interval)
bool IsSyntax(std::string_view function);

/// In any case; none for a function that isn't there.
std::optional<FunctionKind> KindOfFunction(std::string_view name);

struct CatalogueRow {
  std::string_view name;
  FunctionKind kind;
};
/// Every function by its names, in order.
std::vector<CatalogueRow> Catalogue();

}  // namespace soteria::exec
