#include "src/exec/kernels.h"

#include "src/base/check.h"

namespace soteria::exec {

TypePtr TypeOfLetter(char letter) {
  switch (letter) {
    case 's':
    case 'x':
      return arrow::utf8();
    case 'b':
      return arrow::binary();
    case 'i':
      return arrow::int32();
    case 'l':
      return arrow::int64();
    case 'd':
      return arrow::float64();
    case 'D':
      return arrow::date32();
    case 't':
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case 'n':
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    default:
      CHECK(letter == 'B') << "not a letter of a type";
      return arrow::boolean();
  }
}

base::Status TakeArgument(const Expr& e, std::vector<BoundPtr>& args, size_t index, char letter) {
  const arrow::Field& field = *args[index]->field;
  const TypePtr type = TypeOfLetter(letter);
  if (letter == 'x') {
    if (field.type()->id() == arrow::Type::BINARY) return base::OkStatus();
    return CoerceArgument(e, args, index, type, "(\"STRING\" or \"BINARY\")");
  }
  return CoerceArgument(e, args, index, type, table::QuotedTypeName(*arrow::field("", type)));
}

base::Status TakeText(const Expr& e, std::vector<BoundPtr>& args, size_t index) {
  const arrow::Type::type id = args[index]->field->type()->id();
  if (id == arrow::Type::STRING || id == arrow::Type::NA) return TakeArgument(e, args, index, 's');
  return UnexpectedType(e, index, "\"STRING\"", *e.args[index], *args[index]->field);
}

base::StatusOr<ArrayPtr> Constant(const Bound& node) {
  if (!node.uses.empty() || node.column >= 0) return ArrayPtr();
  EvalState state;
  return Run(node, Batch{{}, 1}, state);
}

}  // namespace soteria::exec
