#include "src/connect/match_schema.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using arrow::Type;
using exec::ExprPtr;

constexpr base::Condition Analysis(const char* name, const char* state) {
  return {name, base::exception_class::kAnalysis, state, absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kNullable = Analysis("NULLABLE_COLUMN_OR_FIELD", "42000");
constexpr base::Condition kNullMapValue =
    Analysis("NOT_NULL_CONSTRAINT_VIOLATION.MAP_VALUE", "42000");
constexpr base::Condition kDataType = Analysis("INVALID_COLUMN_OR_FIELD_DATA_TYPE", "42000");

bool IsTime(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

/// May a value of `from` be stored in a column of `to` (Spark's ANSI store assignment)?
bool MayStore(const arrow::Field& from, const arrow::Field& to) {
  const arrow::DataType& a = *from.type();
  const arrow::DataType& b = *to.type();
  if (a.Equals(b) || a.id() == Type::NA) return true;
  if (!table::UdtOf(from).empty() || !table::UdtOf(to).empty()) return false;
  if (table::IsNumeric(a) && table::IsNumeric(b)) return true;
  if (IsTime(a) && IsTime(b)) return true;
  if (b.id() == Type::STRING) return a.num_fields() == 0;
  if (a.id() == Type::LIST && b.id() == Type::LIST) {
    return (!a.field(0)->nullable() || b.field(0)->nullable()) &&
           MayStore(*a.field(0), *b.field(0));
  }
  if (a.id() == Type::MAP && b.id() == Type::MAP) {
    const auto& one = static_cast<const arrow::MapType&>(a);
    const auto& two = static_cast<const arrow::MapType&>(b);
    return (!one.item_field()->nullable() || two.item_field()->nullable()) &&
           MayStore(*one.key_field(), *two.key_field()) &&
           MayStore(*one.item_field(), *two.item_field());
  }
  return false;
}

ExprPtr NullOf(const arrow::Field& field) {
  return exec::Literal(arrow::MakeNullScalar(field.type()), table::UdtOf(field));
}

base::Status WrongType(const arrow::Field& from, const arrow::Field& to, const std::string& path) {
  return base::Fail(kDataType,
                    base::Cat("Column or field ", path, " is of type ", table::QuotedTypeName(from),
                              " while it's required to be ", table::QuotedTypeName(to), "."));
}

class Matcher {
 public:
  base::StatusOr<ExprPtr> Match(ExprPtr value, const arrow::Field& from, const arrow::Field& to,
                                const std::string& path) {
    if (from.nullable() && !to.nullable()) {
      return base::Fail(kNullable, base::Cat("Column or field ", path,
                                             " is nullable while it's required to be "
                                             "non-nullable."));
    }
    const bool same = from.type()->Equals(*to.type()) && table::UdtOf(from) == table::UdtOf(to);
    if (same) return value;
    const bool plain = table::UdtOf(from).empty() && table::UdtOf(to).empty();
    if (plain && from.type()->id() == Type::STRUCT && to.type()->id() == Type::STRUCT) {
      return base::NotSupported(base::Cat("DataFrame.to with other fields in the struct ", path));
    }
    if (plain && from.type()->id() == Type::MAP && to.type()->id() == Type::MAP) {
      SOTERIA_RETURN_IF_ERROR(MapMayStore(from, to, path));
    }
    if (!MayStore(from, to)) {
      return WrongType(from, to, path);
    }
    return exec::Cast(std::move(value), to.type());
  }

 private:
  static base::Status MapMayStore(const arrow::Field& from, const arrow::Field& to,
                                  const std::string& path) {
    const auto& one = static_cast<const arrow::MapType&>(*from.type());
    const auto& two = static_cast<const arrow::MapType&>(*to.type());
    if (one.item_field()->nullable() && !two.item_field()->nullable()) {
      return base::Fail(kNullMapValue,
                        base::Cat("Assigning a NULL is not allowed here. The map ", path,
                                  " is defined to contain only values that are NOT NULL."));
    }
    for (int i = 0; i < 2; ++i) {
      const arrow::Field& its = *one.value_type()->field(i);
      const arrow::Field& wanted = *two.value_type()->field(i);
      if (MayStore(its, wanted)) continue;
      return WrongType(its, wanted, base::Cat(path, i == 0 ? ".`key`" : ".`value`"));
    }
    return base::OkStatus();
  }
};

}  // namespace

base::StatusOr<std::vector<exec::NamedExpr>> MatchSchema(
    const arrow::Schema& from, const arrow::Schema& to,
    const std::function<exec::ExprPtr(int index)>& column) {
  std::vector<exec::NamedExpr> columns;
  for (const auto& wanted : to.fields()) {
    const auto index = exec::ResolveColumn(from, wanted->name());
    if (!index.ok()) {
      const bool missing =
          base::Is(index.status(), base::kUnresolvedColumn) || from.num_fields() == 0;
      if (!missing || !wanted->nullable()) return index.status();
      columns.push_back({wanted->name(), NullOf(*wanted)});
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr value,
                             Matcher().Match(column(*index), *from.field(*index), *wanted,
                                             base::Cat("`", wanted->name(), "`")));
    // What passes as it is stays the same column.
    const bool same = exec::IsInput(*value) && from.field(*index)->name() == wanted->name();
    columns.push_back(
        {same ? std::nullopt : std::optional(wanted->name()), std::move(value)});
  }
  return columns;
}

}  // namespace soteria::connect
