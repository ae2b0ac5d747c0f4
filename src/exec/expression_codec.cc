// Canonical bytes of expressions. A node is: kind (with kZoned added: and
// a time zone; the marks of aggregates are written, but no expression that is read has one), then
// by kind
//   column: identifier, ordinal; call: function, number of arguments, arguments; casts: type,
//   argument; variable: name; lambda: number of arguments, body, variables; literal: udt, type, and
//   null or the value (nested values as a one-row Arrow stream).
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <bit>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/exec/codec.h"
#include "src/exec/expression.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/ipc.h"
#include "src/table/time_zone.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;

constexpr uint64_t kZoned = 8;
constexpr uint64_t kDistinct = 16;
constexpr uint64_t kFiltered = 32;
constexpr size_t kZoneBytesMax = 64;
constexpr uint64_t kLambdaVariablesMax = 3;

base::Status Bad(const char* what) {
  return base::Fail(base::kProtocol, std::string("Expression: ") + what);
}

void WriteAtom(const arrow::Scalar& scalar, FieldWriter& out) {
  switch (scalar.type->id()) {
    case Type::BOOL:
      out.AddBool(static_cast<const arrow::BooleanScalar&>(scalar).value);
      return;
    case Type::INT8:
      out.AddI64(static_cast<const arrow::Int8Scalar&>(scalar).value);
      return;
    case Type::INT16:
      out.AddI64(static_cast<const arrow::Int16Scalar&>(scalar).value);
      return;
    case Type::INT32:
      out.AddI64(static_cast<const arrow::Int32Scalar&>(scalar).value);
      return;
    case Type::DATE32:
      out.AddI64(static_cast<const arrow::Date32Scalar&>(scalar).value);
      return;
    case Type::INT64:
      out.AddI64(static_cast<const arrow::Int64Scalar&>(scalar).value);
      return;
    case Type::TIMESTAMP:
      out.AddI64(static_cast<const arrow::TimestampScalar&>(scalar).value);
      return;
    case Type::DURATION:
      out.AddI64(static_cast<const arrow::DurationScalar&>(scalar).value);
      return;
    case Type::INTERVAL_MONTHS:
      out.AddI64(static_cast<const arrow::MonthIntervalScalar&>(scalar).value);
      return;
    case Type::FLOAT:
      out.AddU64(std::bit_cast<uint32_t>(static_cast<const arrow::FloatScalar&>(scalar).value));
      return;
    case Type::DOUBLE:
      out.AddDouble(static_cast<const arrow::DoubleScalar&>(scalar).value);
      return;
    case Type::DECIMAL128: {
      const auto& value = static_cast<const arrow::Decimal128Scalar&>(scalar).value;
      out.AddI64(value.high_bits()).AddU64(value.low_bits());
      return;
    }
    default:
      out.Add(static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
  }
}

template <class ScalarType, class T>
base::StatusOr<std::shared_ptr<arrow::Scalar>> Integer(
    FieldReader& in, const std::shared_ptr<arrow::DataType>& type) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t value, in.NextI64());
  if (value != static_cast<T>(value)) return Bad("number out of range");
  return std::make_shared<ScalarType>(static_cast<T>(value), type);
}

base::StatusOr<std::shared_ptr<arrow::Scalar>> ReadAtom(
    FieldReader& in, const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::BOOL: {
      SOTERIA_ASSIGN_OR_RETURN(const bool value, in.NextBool());
      return std::make_shared<arrow::BooleanScalar>(value);
    }
    case Type::INT8:
      return Integer<arrow::Int8Scalar, int8_t>(in, type);
    case Type::INT16:
      return Integer<arrow::Int16Scalar, int16_t>(in, type);
    case Type::INT32:
      return Integer<arrow::Int32Scalar, int32_t>(in, type);
    case Type::DATE32:
      return Integer<arrow::Date32Scalar, int32_t>(in, type);
    case Type::INT64:
      return Integer<arrow::Int64Scalar, int64_t>(in, type);
    case Type::TIMESTAMP:
      return Integer<arrow::TimestampScalar, int64_t>(in, type);
    case Type::DURATION:
      return Integer<arrow::DurationScalar, int64_t>(in, type);
    case Type::INTERVAL_MONTHS:
      return Integer<arrow::MonthIntervalScalar, int32_t>(in, type);
    case Type::FLOAT: {
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t bits, in.NextU64());
      if (bits > UINT32_MAX) return Bad("number out of range");
      return std::make_shared<arrow::FloatScalar>(
          std::bit_cast<float>(static_cast<uint32_t>(bits)));
    }
    case Type::DOUBLE: {
      SOTERIA_ASSIGN_OR_RETURN(const double value, in.NextDouble());
      return std::make_shared<arrow::DoubleScalar>(value);
    }
    case Type::DECIMAL128: {
      SOTERIA_ASSIGN_OR_RETURN(const int64_t high, in.NextI64());
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t low, in.NextU64());
      const arrow::Decimal128 value(high, low);
      if (!table::FitsDigits(table::FromArrow(value), table::ShapeOf(*type).precision)) {
        return Bad("number out of range");
      }
      return std::make_shared<arrow::Decimal128Scalar>(value, type);
    }
    case Type::STRING: {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view value, in.Next());
      return std::make_shared<arrow::StringScalar>(std::string(value));
    }
    case Type::BINARY: {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view value, in.Next());
      return std::make_shared<arrow::BinaryScalar>(arrow::Buffer::FromString(std::string(value)));
    }
    default:
      return Bad("literal of an unknown type");
  }
}

base::StatusOr<std::string> NestedBytes(const arrow::Scalar& scalar, const std::string& udt) {
  SOTERIA_ARROW_ASSIGN(auto array, arrow::MakeArrayFromScalar(scalar, 1));
  auto field = table::WithUdt(arrow::field("value", scalar.type), udt);
  const auto batch = arrow::RecordBatch::Make(arrow::schema({field}), 1, {array});
  return table::ToIpcStream(*batch);
}

base::StatusOr<std::shared_ptr<arrow::Scalar>> ReadNested(
    std::string_view bytes, const std::shared_ptr<arrow::DataType>& type, const std::string& udt) {
  SOTERIA_ASSIGN_OR_RETURN(const auto table, table::FromIpcStream(bytes));
  if (table->num_columns() != 1 || table->num_rows() != 1 ||
      !table->column(0)->type()->Equals(*type)) {
    return Bad("literal is not of its type");
  }
  SOTERIA_ARROW_ASSIGN(auto scalar, table->column(0)->GetScalar(0));
  if (!scalar->is_valid) return Bad("null literal with a value");
  if (udt == table::kVectorUdt) SOTERIA_RETURN_IF_ERROR(table::VectorFromScalar(*scalar));
  return scalar;
}

void WriteLiteral(const Expr& e, FieldWriter& out) {
  out.Add(e.udt);
  WriteType(*e.literal->type, out);
  out.AddBool(e.literal->is_valid);
  if (!e.literal->is_valid) return;
  if (IsAtom(*e.literal->type)) {
    WriteAtom(*e.literal, out);
    return;
  }
  const base::StatusOr<std::string> bytes = NestedBytes(*e.literal, e.udt);
  CHECK(bytes.ok()) << "a literal can't be encoded";
  out.Add(*bytes);
}

base::StatusOr<ExprPtr> ReadLiteral(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view udt, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::DataType> type, ReadType(in));
  const bool vector = udt == table::kVectorUdt;
  const bool matrix = udt == table::kMatrixUdt;
  if (!udt.empty() && !vector && !matrix) return Bad("unknown user-defined type");
  if (vector && !type->Equals(*table::VectorStructType())) return Bad("not a vector's type");
  if (matrix && !type->Equals(*table::MatrixStructType())) return Bad("not a matrix's type");
  SOTERIA_ASSIGN_OR_RETURN(const bool valid, in.NextBool());
  if (!valid) return Literal(arrow::MakeNullScalar(type), std::string(udt));
  if (IsAtom(*type)) {
    SOTERIA_ASSIGN_OR_RETURN(auto scalar, ReadAtom(in, type));
    return Literal(std::move(scalar));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(auto scalar, ReadNested(bytes, type, std::string(udt)));
  return Literal(std::move(scalar), std::string(udt));
}

}  // namespace

bool IsAtom(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::BINARY:
    case Type::DATE32:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::INTERVAL_MONTHS:
    case Type::DECIMAL128:
      return true;
    default:
      return false;
  }
}

void WriteType(const arrow::DataType& type, FieldWriter& out) {
  // The schema text keeps nullability and odd field names, which DDL doesn't.
  const auto field = arrow::field("t", type.GetSharedPtr());
  const base::StatusOr<std::string> json = table::SparkSchemaJson(*arrow::schema({field}));
  CHECK(json.ok()) << "a type can't be encoded";
  out.Add(*json);
}

base::StatusOr<std::shared_ptr<arrow::DataType>> ReadType(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view json, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, table::SchemaFromSparkJson(json));
  if (schema->num_fields() != 1) return Bad("not one type");
  return schema->field(0)->type();
}

void WriteExpr(const Expr& e, FieldWriter& out) {
  out.AddU64(static_cast<uint64_t>(e.kind) + (e.zone.empty() ? 0 : kZoned) +
             (e.distinct ? kDistinct : 0) + (e.filtered ? kFiltered : 0));
  if (!e.zone.empty()) out.Add(e.zone);
  switch (e.kind) {
    case Expr::Kind::kColumn:
      out.Add(e.name).AddI64(e.ordinal);
      return;
    case Expr::Kind::kLiteral:
      WriteLiteral(e, out);
      return;
    case Expr::Kind::kVariable:
      out.Add(e.name);
      return;
    case Expr::Kind::kCall:
      out.Add(e.name).AddU64(e.args.size());
      break;
    case Expr::Kind::kLambda:
      out.AddU64(e.args.size());
      break;
    case Expr::Kind::kCast:
    case Expr::Kind::kTryCast:
      WriteType(*e.type, out);
      break;
  }
  for (const ExprPtr& arg : e.args) WriteExpr(*arg, out);
}

base::StatusOr<ExprPtr> ExprReader::Read(int depth) {
  if (depth > kExprDepthMax) return Bad("nested too deeply");
  if (++nodes_ > kExprNodesMax) return Bad("too many nodes");
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, in_.NextU64());
  if (kind >= kDistinct) return Bad("an aggregate within an expression");
  if (kind < kZoned) return ReadKind(kind, depth);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view zone, in_.Next());
  if (zone.size() > kZoneBytesMax || !table::TimeZone::Find(zone).has_value()) {
    return Bad("unknown time zone");
  }
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr plain, ReadKind(kind - kZoned, depth));
  Expr zoned = *plain;
  zoned.zone = zone;
  return std::make_shared<const Expr>(std::move(zoned));
}

base::StatusOr<ExprPtr> ExprReader::ReadKind(uint64_t kind, int depth) {
  switch (kind) {
    case static_cast<uint64_t>(Expr::Kind::kColumn): {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in_.Next());
      SOTERIA_ASSIGN_OR_RETURN(const int64_t ordinal, in_.NextI64());
      if (ordinal < -1 || ordinal >= table::kFieldsMax) return Bad("no such column");
      Expr column = *Column(std::string(name));
      column.ordinal = static_cast<int>(ordinal);
      return std::make_shared<const Expr>(std::move(column));
    }
    case static_cast<uint64_t>(Expr::Kind::kLiteral):
      return ReadLiteral(in_);
    case static_cast<uint64_t>(Expr::Kind::kCall): {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in_.Next());
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in_.NextU64());
      if (count > kExprNodesMax) return Bad("too many arguments");
      std::vector<ExprPtr> args;
      for (uint64_t i = 0; i < count; ++i) {
        SOTERIA_ASSIGN_OR_RETURN(ExprPtr arg, Read(depth + 1));
        args.push_back(std::move(arg));
      }
      return Call(std::string(name), std::move(args));
    }
    case static_cast<uint64_t>(Expr::Kind::kVariable): {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in_.Next());
      return Variable(std::string(name));
    }
    case static_cast<uint64_t>(Expr::Kind::kLambda): {
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in_.NextU64());
      if (count == 0 || count > kLambdaVariablesMax + 1) return Bad("not a lambda");
      SOTERIA_ASSIGN_OR_RETURN(ExprPtr body, Read(depth + 1));
      std::vector<std::string> names;
      for (uint64_t i = 1; i < count; ++i) {
        SOTERIA_ASSIGN_OR_RETURN(const ExprPtr variable, Read(depth + 1));
        if (variable->kind != Expr::Kind::kVariable) return Bad("not a lambda's variable");
        names.push_back(variable->name);
      }
      return Lambda(std::move(body), std::move(names));
    }
    case static_cast<uint64_t>(Expr::Kind::kCast):
    case static_cast<uint64_t>(Expr::Kind::kTryCast): {
      SOTERIA_ASSIGN_OR_RETURN(auto type, ReadType(in_));
      SOTERIA_ASSIGN_OR_RETURN(ExprPtr arg, Read(depth + 1));
      return kind == static_cast<uint64_t>(Expr::Kind::kCast)
                 ? Cast(std::move(arg), std::move(type))
                 : TryCast(std::move(arg), std::move(type));
    }
    default:
      return Bad("unknown kind");
  }
}

std::string EncodeExpr(const Expr& e) {
  FieldWriter out;
  WriteExpr(e, out);
  return out.Take();
}

base::StatusOr<ExprPtr> DecodeExpr(std::string_view bytes) {
  FieldReader in(bytes);
  ExprReader reader(in);
  SOTERIA_ASSIGN_OR_RETURN(ExprPtr e, reader.Read(1));
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return e;
}

}  // namespace soteria::exec
