#include "src/exec/catalogue.h"

#include <algorithm>

#include "src/base/ascii.h"
#include "src/exec/accumulator.h"
#include "src/exec/functions.h"
#include "src/exec/generate.h"
#include "src/exec/window_functions.h"

namespace soteria::exec {
namespace {

/// Known to whoever makes grouping sets or windows of time.
constexpr CatalogueRow kOfRelations[] = {{"grouping", FunctionKind::kGrouping},
                                         {"grouping_id", FunctionKind::kGrouping},
                                         {"session_window", FunctionKind::kTimeWindow},
                                         {"window", FunctionKind::kTimeWindow}};

}  // namespace

bool IsSyntax(std::string_view function) {
  return function.find(' ') != std::string_view::npos && FindFunction(function) != nullptr;
}

std::optional<FunctionKind> KindOfFunction(std::string_view name) {
  if (IsSyntax(name)) return std::nullopt;
  if (const AggregateFunction* function = FindAggregate(name); function != nullptr) {
    if (!function->callable) return std::nullopt;
    return FunctionKind::kAggregate;
  }
  if (FindFunction(name) != nullptr) return FunctionKind::kScalar;
  if (FindWindowFunction(name) != nullptr) return FunctionKind::kWindow;
  if (IsGenerator(name)) return FunctionKind::kGenerator;
  for (const CatalogueRow& row : kOfRelations) {
    if (base::EqualIgnoringCase(row.name, name)) return row.kind;
  }
  return std::nullopt;
}

std::vector<CatalogueRow> Catalogue() {
  std::vector<CatalogueRow> rows;
  for (const Function* function : AllFunctions()) {
    if (IsSyntax(function->name)) continue;
    rows.push_back({function->name, FunctionKind::kScalar});
  }
  for (const AggregateFunction* function : AllAggregates()) {
    if (function->callable) rows.push_back({function->name, FunctionKind::kAggregate});
  }
  for (const WindowFunction& function : WindowFunctions()) {
    rows.push_back({function.name, FunctionKind::kWindow});
  }
  for (const std::string_view name : GeneratorNames()) {
    rows.push_back({name, FunctionKind::kGenerator});
  }
  rows.insert(rows.end(), std::begin(kOfRelations), std::end(kOfRelations));
  std::sort(rows.begin(), rows.end(),
            [](const CatalogueRow& a, const CatalogueRow& b) { return a.name < b.name; });
  return rows;
}

}  // namespace soteria::exec
