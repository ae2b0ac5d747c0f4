// A list of output columns in which one may be a generator, whose columns go where it stands. Plain
// values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace spark::connect {
class Expression;
}

namespace soteria::connect {

class ExpressionConverter;

struct GeneratorItem {
  size_t at = 0;  ///< before this one of the other columns
  exec::ExprPtr call;
  std::vector<std::string> names = {};  ///< none: its own
};

struct SelectList {
  std::vector<exec::NamedExpr> columns;
  std::vector<GeneratorItem> generators = {};  ///< more than one is an error of the list
};

bool HasGenerator(const SelectList& list);
/// Has it the same value for all rows, whatever they are? As Spark asks.
bool IsFoldable(const exec::Expr& expr);
/// Columns some of which are calls of generators.
base::StatusOr<SelectList> ListOf(std::vector<exec::NamedExpr> columns);

/// One more item; `zone` is the session's.
base::Status AddToList(const spark::connect::Expression& expression,
                       const ExpressionConverter& converter, const std::string& zone,
                       SelectList* out);

}  // namespace soteria::connect
