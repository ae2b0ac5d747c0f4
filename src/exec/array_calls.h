// How functions that take and make arrays are written: the elements of lists under way, and binders
// that know an array's elements. Internal to exec; .cc files only.
#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/exec/bound.h"
#include "src/exec/columns.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {

inline const arrow::ListArray& AsList(const ArrayPtr& array) {
  return static_cast<const arrow::ListArray&>(*array);
}

/// Elements of a list under way.
class Elements {
 public:
  Elements(arrow::ListBuilder& list, std::string function)
      : list_(list), function_(std::move(function)) {}
  base::Status Begin() {
    count_ = 0;
    SOTERIA_ARROW_RETURN(list_.Append());
    return base::OkStatus();
  }
  base::Status Add(const arrow::Array& values, int64_t at, int64_t count = 1) {
    SOTERIA_RETURN_IF_ERROR(Count(count));
    SOTERIA_ARROW_RETURN(
        list_.value_builder()->AppendArraySlice(arrow::ArraySpan(*values.data()), at, count));
    return base::OkStatus();
  }
  base::Status AddNull() {
    SOTERIA_RETURN_IF_ERROR(Count(1));
    SOTERIA_ARROW_RETURN(list_.value_builder()->AppendNull());
    return base::OkStatus();
  }
  base::Status Count(int64_t count) {
    count_ += count;
    all_ += count;
    return count_ > kMadeCellElementsMax || all_ > kMadeColumnBytesMax / 8 ? TooLong(function_)
                                                                           : base::OkStatus();
  }
  arrow::ArrayBuilder& values() { return *list_.value_builder(); }

 private:
  arrow::ListBuilder& list_;
  std::string function_;
  int64_t count_ = 0;
  int64_t all_ = 0;
};

/// f(i, elements) for the rows where every argument has a value; null elsewhere.
template <class F>
base::StatusOr<ArrayPtr> Lists(const Bound& node, const ArrayList& args, int64_t rows, F f) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  auto& list = static_cast<arrow::ListBuilder&>(*builder);
  Elements elements(list, node.field->name());
  for (int64_t i = 0; i < rows; ++i) {
    if (validity.IsNull(i)) {
      SOTERIA_ARROW_RETURN(list.AppendNull());
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(elements.Begin());
    SOTERIA_RETURN_IF_ERROR(f(i, elements));
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

/// The argument as an array; of no type at all counts as one of nulls.
base::Status RequireArray(const Expr& e, std::vector<BoundPtr>& args, size_t index,
                          const char* wanted = "\"ARRAY\"");

inline FieldPtr ElementOf(const Bound& array) { return array.field->type()->field(0); }

/// Arrays may not be made of vectors here.
base::StatusOr<BoundPtr> ListCall(const Expr& e, std::vector<BoundPtr> args, TypePtr element,
                                  bool null_elements, bool nullable, Kernel kernel);

/// Of one array, whose elements the result has.
template <Kernel kKernel, bool kNulls = true>
base::StatusOr<BoundPtr> BindSame(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(RequireArray(e, args, 0));
  const FieldPtr element = ElementOf(*args[0]);
  const bool nullable = AnyNullable(args);
  return ListCall(e, std::move(args), element->type(), kNulls && element->nullable(), nullable,
                  kKernel);
}

}  // namespace soteria::exec
