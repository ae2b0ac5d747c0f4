#include "src/exec/widened_field.h"

#include <arrow/type.h>

#include "src/exec/coercion.h"
#include "src/table/types.h"

namespace soteria::exec {

FieldPtr WidenedField(const FieldPtr& a, const arrow::Field& b, Texts texts) {
  const bool a_none = a->type()->id() == arrow::Type::NA;
  const bool b_none = b.type()->id() == arrow::Type::NA;
  if (!a_none && !b_none && table::UdtOf(*a) != table::UdtOf(b)) return nullptr;
  TypePtr type = CommonType(*a->type(), *b.type(), texts);
  if (type == nullptr) return nullptr;
  FieldPtr field = a_none ? table::WithUdt(a, table::UdtOf(b)) : a;
  return field->WithType(std::move(type))->WithNullable(a->nullable() || b.nullable());
}

}  // namespace soteria::exec
