#include "src/exec/coercion.h"

#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/conditions.h"
#include "src/exec/decimal_arithmetic.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

int Rank(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::INT8:
      return 1;
    case Type::INT16:
      return 2;
    case Type::INT32:
      return 3;
    case Type::INT64:
      return 4;
    case Type::FLOAT:
      return 5;
    case Type::DOUBLE:
      return 6;
    default:
      return 0;
  }
}

bool IsAtomic(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
    case Type::STRING:
    case Type::BINARY:
    case Type::DATE32:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::INTERVAL_MONTHS:
    case Type::DECIMAL128:
      return true;
    default:
      return Rank(type) > 0;
  }
}

TypePtr Self(const arrow::DataType& type) { return type.GetSharedPtr(); }

TypePtr ForString(const arrow::DataType& other) {
  if (!IsAtomic(other) || table::IsInterval(other)) return nullptr;
  if (IsIntegral(other)) return arrow::int64();
  if (IsFractional(other) || table::IsDecimal(other)) return arrow::float64();
  return Self(other);
}

bool IsDateOrTime(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

/// Dates become time stamps, and clocks without a zone instants.
TypePtr WiderTime(const arrow::DataType& a, const arrow::DataType& b) {
  if (a.id() != Type::TIMESTAMP) return Self(b);
  if (b.id() != Type::TIMESTAMP) return Self(a);
  return static_cast<const arrow::TimestampType&>(a).timezone().empty() ? Self(b) : Self(a);
}

/// Integers take the decimal that holds each of them; with a fraction it is a double.
TypePtr WiderDecimal(const arrow::DataType& a, const arrow::DataType& b) {
  if (IsFractional(a) || IsFractional(b)) return arrow::float64();
  const auto shape = [](const arrow::DataType& type) {
    return table::IsDecimal(type) ? table::ShapeOf(type) : *table::ShapeOfInteger(type);
  };
  return table::DecimalType(table::WiderShape(shape(a), shape(b)));
}

bool IsVectorForm(const arrow::DataType& type) {
  return type.id() == Type::FIXED_SIZE_LIST || type.Equals(*table::VectorStructType());
}

Texts Inside(Texts texts) { return texts == Texts::kOutside ? Texts::kNowhere : texts; }

TypePtr CommonStruct(const arrow::DataType& a, const arrow::DataType& b, Texts texts) {
  if (a.num_fields() != b.num_fields()) return nullptr;
  std::vector<FieldPtr> fields;
  for (int i = 0; i < a.num_fields(); ++i) {
    if (a.field(i)->name() != b.field(i)->name()) return nullptr;
    TypePtr type = CommonType(*a.field(i)->type(), *b.field(i)->type(), Inside(texts));
    if (type == nullptr) return nullptr;
    fields.push_back(a.field(i)
                         ->WithType(std::move(type))
                         ->WithNullable(a.field(i)->nullable() || b.field(i)->nullable()));
  }
  return arrow::struct_(std::move(fields));
}

TypePtr CommonMap(const arrow::DataType& a, const arrow::DataType& b, Texts texts) {
  const auto& one = static_cast<const arrow::MapType&>(a);
  const auto& two = static_cast<const arrow::MapType&>(b);
  // A text as a key could fail to be the other's: then there would be none.
  TypePtr key = CommonType(*one.key_type(), *two.key_type(), Texts::kNowhere);
  TypePtr value = CommonType(*one.item_type(), *two.item_type(), Inside(texts));
  if (key == nullptr || value == nullptr) return nullptr;
  const bool nulls = one.item_field()->nullable() || two.item_field()->nullable();
  return table::MapOf(one.key_field()->WithType(std::move(key)),
                      one.item_field()->WithType(std::move(value))->WithNullable(nulls));
}

std::string Quoted(std::string_view text) { return base::Cat("\"", text, "\""); }

const char* Ordinal(size_t index) {
  static constexpr const char* kNames[] = {"first", "second",  "third",  "fourth", "fifth",
                                           "sixth", "seventh", "eighth", "ninth",  "tenth"};
  return index < 10 ? kNames[index] : "next";
}

}  // namespace

bool IsIntegral(const arrow::DataType& type) { return Rank(type) >= 1 && Rank(type) <= 4; }
bool IsFractional(const arrow::DataType& type) { return Rank(type) >= 5; }
bool IsNumber(const arrow::DataType& type) { return Rank(type) > 0; }
bool IsNumeric(const arrow::DataType& type) { return IsNumber(type) || table::IsDecimal(type); }
bool IsNumeric(const arrow::Field& field) {
  return table::UdtOf(field).empty() && IsNumeric(*field.type());
}

TypePtr WiderNumber(const arrow::DataType& a, const arrow::DataType& b) {
  if (a.id() == b.id()) return Self(a);
  const arrow::DataType& wider = Rank(a) > Rank(b) ? a : b;
  // A float can't hold every integer: Spark takes double.
  if (wider.id() == Type::FLOAT) return arrow::float64();
  return Self(wider);
}

TypePtr CommonType(const arrow::DataType& a, const arrow::DataType& b, Texts texts) {
  if (a.Equals(b)) return Self(a);
  if (a.id() == Type::NA) return Self(b);
  if (b.id() == Type::NA) return Self(a);
  if (IsNumber(a) && IsNumber(b)) return WiderNumber(a, b);
  if (IsNumeric(a) && IsNumeric(b)) return WiderDecimal(a, b);
  if (a.id() == Type::STRING || b.id() == Type::STRING) {
    return texts == Texts::kNowhere ? nullptr : ForString(a.id() == Type::STRING ? b : a);
  }
  if (IsDateOrTime(a) && IsDateOrTime(b)) return WiderTime(a, b);
  if (a.id() == b.id() && table::IsInterval(a)) return table::WiderInterval(a, b);
  if (a.id() == Type::LIST && b.id() == Type::LIST) {
    TypePtr element = CommonType(*a.field(0)->type(), *b.field(0)->type(), Inside(texts));
    if (element == nullptr) return nullptr;
    return table::ListOf(std::move(element), a.field(0)->nullable() || b.field(0)->nullable());
  }
  if (a.id() == Type::MAP && b.id() == Type::MAP) return CommonMap(a, b, texts);
  if (IsVectorForm(a) && IsVectorForm(b)) return table::VectorStructType();
  if (a.id() == Type::STRUCT && b.id() == Type::STRUCT) return CommonStruct(a, b, texts);
  return nullptr;
}

namespace {

/// A vector and a plain struct or array of the same storage don't mix.
bool UdtsAgree(const arrow::Field& a, const arrow::Field& b) {
  return a.type()->id() == Type::NA || b.type()->id() == Type::NA ||
         table::UdtOf(a) == table::UdtOf(b);
}

/// The first type, if the other is the same but for the names of fields; nullptr: it isn't.
TypePtr SameButNames(const arrow::DataType& a, const arrow::DataType& b) {
  if (a.Equals(b)) return Self(a);
  if (a.id() == Type::LIST && b.id() == Type::LIST) {
    TypePtr element = SameButNames(*a.field(0)->type(), *b.field(0)->type());
    if (element == nullptr) return nullptr;
    return table::ListOf(std::move(element), a.field(0)->nullable() || b.field(0)->nullable());
  }
  if (a.id() != Type::STRUCT || b.id() != Type::STRUCT || a.num_fields() != b.num_fields()) {
    return nullptr;
  }
  std::vector<FieldPtr> fields;
  for (int i = 0; i < a.num_fields(); ++i) {
    if (!UdtsAgree(*a.field(i), *b.field(i))) return nullptr;
    TypePtr type = SameButNames(*a.field(i)->type(), *b.field(i)->type());
    if (type == nullptr) return nullptr;
    fields.push_back(a.field(i)
                         ->WithType(std::move(type))
                         ->WithNullable(a.field(i)->nullable() || b.field(i)->nullable()));
  }
  return arrow::struct_(std::move(fields));
}

/// As Spark compares them: names of fields don't matter.
TypePtr ComparedType(const arrow::DataType& a, const arrow::DataType& b, Texts texts) {
  TypePtr common = CommonType(a, b, texts);
  return common == nullptr ? SameButNames(a, b) : common;
}

}  // namespace

base::Status DifferentTypes(const Expr& e, const arrow::Field& a, const arrow::Field& b) {
  return base::Fail(
      kBinaryOpDiffTypes,
      base::Cat("Cannot resolve ", Quoted(PrettyName(e)),
                " due to data type mismatch: the left and right operands of the binary operator "
                "have incompatible types (",
                table::QuotedTypeName(a), " and ", table::QuotedTypeName(b), ")."));
}

base::Status CoercePair(const Expr& e, BoundPtr& a, BoundPtr& b) {
  // An operator's literal integer beside a decimal takes the digits that it needs.
  if (std::vector<BoundPtr> both = {a, b}; e.args.size() == 2 && AreDecimals(both)) {
    SOTERIA_RETURN_IF_ERROR(CoerceDecimals(e, both));
    a = both[0];
    b = both[1];
  }
  const TypePtr common = UdtsAgree(*a->field, *b->field)
                             ? ComparedType(*a->field->type(), *b->field->type(), Texts::kOutside)
                             : nullptr;
  if (common == nullptr) return DifferentTypes(e, *a->field, *b->field);
  SOTERIA_ASSIGN_OR_RETURN(a, CastTo(std::move(a), common, e.zone));
  SOTERIA_ASSIGN_OR_RETURN(b, CastTo(std::move(b), common, e.zone));
  return base::OkStatus();
}

base::StatusOr<FieldPtr> CoerceAll(const Expr& e, const std::string& function,
                                   std::vector<BoundPtr>& args, const std::vector<size_t>& which,
                                   Texts texts) {
  FieldPtr common = args[which.front()]->field;
  bool agree = true;
  for (const size_t i : which) {
    const arrow::Field& field = *args[i]->field;
    const auto common_type = function == "in" ? ComparedType : CommonType;
    TypePtr type =
        UdtsAgree(*common, field) ? common_type(*common->type(), *field.type(), texts) : nullptr;
    if (type == nullptr) {
      agree = false;
      break;
    }
    const std::string udt =
        table::UdtOf(*common).empty() ? table::UdtOf(field) : table::UdtOf(*common);
    common = table::WithUdt(arrow::field("", std::move(type)), udt);
  }
  if (!agree) {
    // Spark lists the types of these differently from those of the others.
    const bool list = function == "in" || function == "casewhen" || function == "if" ||
                      function == "greatest" || function == "least";
    std::string types;
    for (const size_t i : which) {
      if (!types.empty()) types += list ? ", " : " or ";
      types += table::QuotedTypeName(*args[i]->field);
    }
    return base::Fail(kDataDiffTypes, base::Cat("Cannot resolve ", Quoted(PrettyName(e)),
                                                " due to data type mismatch: Input to `", function,
                                                "` should all be the same type, but it's ",
                                                list ? "[" : "(", types, list ? "]" : ")", "."));
  }
  for (const size_t i : which) {
    SOTERIA_ASSIGN_OR_RETURN(args[i], CastTo(std::move(args[i]), common->type(), e.zone));
  }
  return common;
}

base::Status UnexpectedType(const Expr& e, size_t index, const std::string& wanted, const Expr& arg,
                            const arrow::Field& got) {
  return base::Fail(
      kUnexpectedInputType,
      base::Cat("Cannot resolve ", Quoted(PrettyName(e)), " due to data type mismatch: The ",
                Ordinal(index), " parameter requires the ", wanted, " type, however ",
                Quoted(PrettyName(arg)), " has the type ", table::QuotedTypeName(got), "."));
}

base::Status InvalidOrdering(const Expr& e, std::string_view function,
                             const arrow::DataType& type) {
  return base::Fail(kInvalidOrdering, base::Cat("Cannot resolve ", Quoted(PrettyName(e)),
                                                " due to data type mismatch: The `", function,
                                                "` does not support ordering on type ",
                                                Quoted(table::SqlTypeName(type)), "."));
}

base::Status WrongOperator(const Expr& e, const std::string& wanted, const arrow::Field& got) {
  return base::Fail(kBinaryOpWrongType,
                    base::Cat("Cannot resolve ", Quoted(PrettyName(e)),
                              " due to data type mismatch: the binary operator requires the input "
                              "type ",
                              wanted, ", not ", table::QuotedTypeName(got), "."));
}

base::Status CoerceArgument(const Expr& e, std::vector<BoundPtr>& args, size_t index,
                            const TypePtr& type, const std::string& wanted) {
  const arrow::Field& field = *args[index]->field;
  const arrow::DataType& from = *field.type();
  if (from.Equals(*type)) return base::OkStatus();
  const bool to_string = type->id() == Type::STRING && IsAtomic(from);
  const bool from_string = from.id() == Type::STRING && IsAtomic(*type);
  const bool numbers = IsNumeric(from) && IsNumeric(*type);
  const bool times = IsDateOrTime(from) && IsDateOrTime(*type);
  if (!table::UdtOf(field).empty() ||
      !(from.id() == Type::NA || numbers || times || to_string || from_string)) {
    return UnexpectedType(e, index, wanted, *e.args[index], field);
  }
  SOTERIA_ASSIGN_OR_RETURN(args[index], CastTo(std::move(args[index]), type, e.zone));
  return base::OkStatus();
}

}  // namespace soteria::exec
