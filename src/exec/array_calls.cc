#include "src/exec/array_calls.h"

#include "src/exec/coercion.h"
#include "src/exec/conditions.h"

namespace soteria::exec {

base::Status RequireArray(const Expr& e, std::vector<BoundPtr>& args, size_t index,
                          const char* wanted) {
  if (args[index]->field->type()->id() == arrow::Type::NA) {
    SOTERIA_ASSIGN_OR_RETURN(args[index],
                             CastTo(std::move(args[index]), table::ListOf(arrow::null())));
    return base::OkStatus();
  }
  if (IsPlainList(*args[index]->field)) return base::OkStatus();
  return UnexpectedType(e, index, wanted, *e.args[index], *args[index]->field);
}

base::StatusOr<BoundPtr> ListCall(const Expr& e, std::vector<BoundPtr> args, TypePtr element,
                                  bool null_elements, bool nullable, Kernel kernel) {
  auto node = MakeCall(PrettyName(e), table::ListOf(std::move(element), null_elements), nullable,
                       std::move(args));
  node->kernel = kernel;
  return BoundPtr(std::move(node));
}

}  // namespace soteria::exec
