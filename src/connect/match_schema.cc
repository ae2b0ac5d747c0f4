#include "src/connect/match_schema.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_expression.h"
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
constexpr base::Condition kAmbiguous = Analysis("AMBIGUOUS_COLUMN_OR_FIELD", "42702");
constexpr base::Condition kNoField = Analysis("UNRESOLVED_FIELD.WITH_SUGGESTION", "42703");
constexpr base::Condition kNullElement =
    Analysis("NOT_NULL_CONSTRAINT_VIOLATION.ARRAY_ELEMENT", "42000");

bool IsTime(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

}  // namespace

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

namespace {

ExprPtr NullOf(const arrow::Field& field) {
  return exec::Literal(arrow::MakeNullScalar(field.type()), table::UdtOf(field));
}

base::Status WrongType(const arrow::Field& from, const arrow::Field& to, const std::string& path) {
  return base::Fail(kDataType,
                    base::Cat("Column or field ", path, " is of type ", table::QuotedTypeName(from),
                              " while it's required to be ", table::QuotedTypeName(to), "."));
}

/// Of a column; `path` is how Spark quotes the way to it.
class Matcher {
 public:
  base::StatusOr<ExprPtr> Match(const ExprPtr& value, const arrow::Field& from,
                                const arrow::Field& to, const std::string& path) {
    if (from.nullable() && !to.nullable()) {
      return base::Fail(kNullable, base::Cat("Column or field ", path,
                                             " is nullable while it's required to be "
                                             "non-nullable."));
    }
    const bool same = from.type()->Equals(*to.type()) && table::UdtOf(from) == table::UdtOf(to);
    if (same) return value;
    const bool plain = table::UdtOf(from).empty() && table::UdtOf(to).empty();
    if (plain && from.type()->id() == Type::STRUCT && to.type()->id() == Type::STRUCT) {
      return Struct(value, from, *to.type(), path);
    }
    if (plain && from.type()->id() == Type::LIST && to.type()->id() == Type::LIST) {
      return List(value, *from.type()->field(0), *to.type()->field(0), path);
    }
    if (plain && from.type()->id() == Type::MAP && to.type()->id() == Type::MAP) {
      SOTERIA_RETURN_IF_ERROR(MapMayStore(from, to, path));
    }
    if (!MayStore(from, to)) {
      return WrongType(from, to, path);
    }
    return exec::Cast(value, to.type());
  }

  /// The one of `columns` that has the name; nullopt where there is none and null will do.
  static base::StatusOr<std::optional<int>> Find(const arrow::FieldVector& columns,
                                                 const arrow::Field& wanted,
                                                 const std::string& within) {
    std::vector<int> matching;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (base::EqualIgnoringCase(columns[i]->name(), wanted.name())) {
        matching.push_back(static_cast<int>(i));
      }
    }
    if (matching.size() == 1) return matching[0];
    if (matching.size() > 1) {
      return base::Fail(kAmbiguous, base::Cat("Column or field ", within, within.empty() ? "" : ".",
                                              QuoteName({wanted.name()}), " is ambiguous and has ",
                                              matching.size(), " matches."));
    }
    if (wanted.nullable()) return std::optional<int>();
    std::string names;
    for (const auto& column : columns) {
      names += base::Cat(names.empty() ? "" : ", ", QuoteName({column->name()}));
    }
    return base::Fail(kNoField,
                      base::Cat("A field with name ", QuoteName({wanted.name()}),
                                " cannot be resolved with the struct-type column ", within,
                                ". Did you mean one of the following? [", names, "]."));
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

  base::StatusOr<ExprPtr> Struct(const ExprPtr& value, const arrow::Field& from,
                                 const arrow::DataType& to, const std::string& path) {
    std::vector<ExprPtr> parts;
    for (const auto& wanted : to.fields()) {
      parts.push_back(exec::Literal(std::string_view(wanted->name())));
      SOTERIA_ASSIGN_OR_RETURN(const auto index, Find(from.type()->fields(), *wanted, path));
      if (!index.has_value()) {
        parts.push_back(NullOf(*wanted));
        continue;
      }
      const arrow::Field& its = *from.type()->field(*index);
      const ExprPtr field =
          exec::Call("extract", {value, exec::Literal(std::string_view(its.name()))});
      SOTERIA_ASSIGN_OR_RETURN(
          parts.emplace_back(),
          Match(field, its, *wanted, base::Cat(path, ".", QuoteName({its.name()}))));
    }
    ExprPtr made = exec::Call("named_struct", std::move(parts));
    if (!from.nullable()) return made;
    return exec::Call("if", {exec::Call("isnull", {value}),
                             exec::Literal(arrow::MakeNullScalar(arrow::null())), std::move(made)});
  }

  base::StatusOr<ExprPtr> List(const ExprPtr& value, const arrow::Field& from,
                               const arrow::Field& to, const std::string& path) {
    if (from.nullable() && !to.nullable()) {
      return base::Fail(kNullElement,
                        base::Cat("Assigning a NULL is not allowed here. The array ", path,
                                  " is defined to contain only elements that are NOT NULL."));
    }
    const std::string name = base::Cat("x_", variables_++);
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr element,
                             Match(exec::Variable(name), from, to, base::Cat(path, ".`element`")));
    return exec::Call("transform", {value, exec::Lambda(std::move(element), {name})});
  }

  int variables_ = 0;
};

}  // namespace

base::StatusOr<std::vector<exec::NamedExpr>> MatchSchema(
    const arrow::Schema& from, const arrow::Schema& to,
    const std::function<exec::ExprPtr(int index)>& column) {
  std::vector<exec::NamedExpr> columns;
  for (const auto& wanted : to.fields()) {
    const auto found = Matcher::Find(from.fields(), *wanted, "");
    if (base::Is(found.status(), kNoField)) {
      return exec::ResolveColumn(from, wanted->name()).status();
    }
    SOTERIA_ASSIGN_OR_RETURN(const std::optional<int> index, found);
    if (!index.has_value()) {
      columns.push_back({wanted->name(), NullOf(*wanted)});
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr value,
                             Matcher().Match(column(*index), *from.field(*index), *wanted,
                                             QuoteName({from.field(*index)->name()})));
    // What passes as it is stays the same column. Its own metadata count before those asked for.
    const bool bare = table::SparkMetadata(*from.field(*index)) == "{}";
    std::string metadata = bare ? table::SparkMetadata(*wanted) : "{}";
    if (metadata == "{}") metadata.clear();
    const bool same = exec::IsInput(*value) && from.field(*index)->name() == wanted->name();
    columns.push_back({same && metadata.empty() ? std::nullopt : std::optional(wanted->name()),
                       std::move(value), std::move(metadata)});
  }
  return columns;
}

}  // namespace soteria::connect
