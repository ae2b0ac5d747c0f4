#include "src/exec/constant.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

namespace soteria::exec {

std::shared_ptr<arrow::Table> OneEmptyRow() {
  return arrow::Table::Make(arrow::schema({}), arrow::ArrayVector{}, 1);
}

base::StatusOr<std::shared_ptr<arrow::Array>> ConstantValue(const Expr& e) {
  SOTERIA_ASSIGN_OR_RETURN(const auto value, Evaluate(e, *OneEmptyRow()));
  return value->chunk(0);
}

}  // namespace soteria::exec
