// Expressions and types inside the encodings of operators and aggregates. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <memory>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::exec {

/// A type without children whose single values can be written: of literals.
bool IsAtom(const arrow::DataType& type);
void WriteExpr(const Expr& e, base::FieldWriter& out);
void WriteType(const arrow::DataType& type, base::FieldWriter& out);
base::StatusOr<std::shared_ptr<arrow::DataType>> ReadType(base::FieldReader& in);

/// Reads expressions one after another; all of them together stay within kExprNodesMax.
class ExprReader {
 public:
  explicit ExprReader(base::FieldReader& in) : in_(in) {}
  base::StatusOr<ExprPtr> Read(int depth = 1);

 private:
  base::StatusOr<ExprPtr> ReadKind(uint64_t kind, int depth);

  base::FieldReader& in_;
  size_t nodes_ = 0;
};

}  // namespace soteria::exec
