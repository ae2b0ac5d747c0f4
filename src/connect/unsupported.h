// What PySpark has and this server hasn't: the refusals, in the words of who wrote the script. The
// tables behind them make docs/functions.md. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace spark::connect {
class AnalyzePlanRequest;
class Catalog;
class Command;
class Expression;
class Relation;
}  // namespace spark::connect

namespace soteria::connect {

/// A name of the protocol, what a script calls it, and what to use instead ("": nothing).
struct Refusal {
  std::string_view wire;
  std::string_view what;
  std::string_view instead = {};
};

base::Status RefuseRelation(const spark::connect::Relation& relation);
base::Status RefuseCatalog(const spark::connect::Catalog& call);
base::Status RefuseCommand(const spark::connect::Command& command);
base::Status RefuseExpression(const spark::connect::Expression& expression);
base::Status RefuseAnalysis(const spark::connect::AnalyzePlanRequest& request);

/// OK for a function of the catalogue. kUnsupported by name for another one of Spark's,
/// UNRESOLVED_ROUTINE for a name that Spark hasn't either. `name` is as the script wrote it.
base::Status CheckFunction(std::string_view name);
/// Whether a function's name is qualified as built-in ones may be: not, or by system.builtin.
bool IsBuiltinName(const std::vector<std::string>& parts);
/// UNRESOLVED_ROUTINE
base::Status NoRoutine(std::string_view name);

/// A function of MLlib that the client asks the server for by this name.
base::Status RefuseHelper(std::string_view helper);

/// "Python functions can't run in an enclave ...": the refusal of a Python UDF.
base::Status RefusePython(std::string_view what);

/// What the page lists.
std::span<const Refusal> RefusedRelations();
std::span<const Refusal> RefusedCommands();

/// docs/functions.md.
std::string FunctionsPage();

}  // namespace soteria::connect
