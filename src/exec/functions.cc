#include "src/exec/functions.h"

#include <unordered_map>

#include "src/base/ascii.h"

namespace soteria::exec {
namespace {

using Catalogue = std::unordered_map<std::string_view, const Function*>;

Catalogue BuildCatalogue() {
  Catalogue catalogue;
  for (const auto& functions :
       {ArithmeticFunctions(),  CompareFunctions(),  LogicFunctions(),      MathFunctions(),
        StringFunctions(),      NestedFunctions(),   RowFunctions(),        CastFunctions(),
        HigherOrderFunctions(), ClockFunctions(),    DateFunctions(),       DateTextFunctions(),
        TimeFunctions(),        IntervalFunctions(), TextFunctions(),       TextFormatFunctions(),
        PatternFunctions(),     DigestFunctions(),   ArrayFunctions(),      ArrayOrderFunctions(),
        BitFunctions(),         MapFunctions(),      MapLambdaFunctions(),  JsonFunctions(),
        JsonPathFunctions(),    CsvFunctions(),      NumberTextFunctions(), VectorFunctions(),
        DrawnFunctions(),       CodeFunctions(),     SimilarityFunctions(), UrlFunctions(),
        BitmapFunctions(),      CipherFunctions(),   StructFunctions()}) {
    for (const Function& function : functions) catalogue.emplace(function.name, &function);
  }
  return catalogue;
}

const Catalogue& TheCatalogue() {
  static const Catalogue& catalogue = *new Catalogue(BuildCatalogue());
  return catalogue;
}

}  // namespace

std::vector<const Function*> AllFunctions() {
  std::vector<const Function*> all;
  for (const auto& [name, function] : TheCatalogue()) all.push_back(function);
  return all;
}

const Function* FindFunction(std::string_view name) {
  const Catalogue& catalogue = TheCatalogue();
  const auto at = catalogue.find(base::Lower(name));
  return at == catalogue.end() ? nullptr : at->second;
}

}  // namespace soteria::exec
