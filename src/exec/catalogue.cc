#include "src/exec/catalogue.h"

#include <algorithm>

#include "src/base/ascii.h"
#include "src/exec/accumulator.h"
#include "src/exec/functions.h"
#include "src/exec/generate.h"
#include "src/exec/window_functions.h"

namespace soteria::exec {
namespace {

constexpr std::string_view kGroupings[] = {"grouping", "grouping_id"};
constexpr std::string_view kTimeWindows[] = {"session_window", "window"};

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
  for (const std::string_view grouping : kGroupings) {
    if (base::EqualIgnoringCase(grouping, name)) return FunctionKind::kGrouping;
  }
  for (const std::string_view window : kTimeWindows) {
    if (base::EqualIgnoringCase(window, name)) return FunctionKind::kTimeWindow;
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
  for (const std::string_view name : kGroupings) rows.push_back({name, FunctionKind::kGrouping});
  for (const std::string_view name : kTimeWindows)
    rows.push_back({name, FunctionKind::kTimeWindow});
  std::sort(rows.begin(), rows.end(),
            [](const CatalogueRow& a, const CatalogueRow& b) { return a.name < b.name; });
  return rows;
}

}  // namespace soteria::exec
