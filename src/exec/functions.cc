#include "src/exec/functions.h"

#include <unordered_map>

#include "src/base/ascii.h"

namespace soteria::exec {
namespace {

using Catalogue = std::unordered_map<std::string_view, const Function*>;

Catalogue BuildCatalogue() {
  Catalogue catalogue;
  for (const auto& functions :
       {ArithmeticFunctions(), CompareFunctions(), LogicFunctions(), MathFunctions(),
        StringFunctions(), NestedFunctions(), RowFunctions()}) {
    for (const Function& function : functions) catalogue.emplace(function.name, &function);
  }
  return catalogue;
}

}  // namespace

const Function* FindFunction(std::string_view name) {
  static const Catalogue& catalogue = *new Catalogue(BuildCatalogue());
  const auto at = catalogue.find(base::Lower(name));
  return at == catalogue.end() ? nullptr : at->second;
}

}  // namespace soteria::exec
