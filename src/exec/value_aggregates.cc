// Aggregates that give values of their argument: the least, the first, all of them.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/accumulator.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/kernels.h"
#include "src/exec/order.h"
#include "src/exec/ordered_texts.h"
#include "src/exec/value_set.h"
#include "src/table/arrow_status.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;

bool IsNull(const arrow::Array& array, int64_t i) {
  return array.type_id() == Type::NA || array.IsNull(i);
}

/// A column of that cell alone, which doesn't keep the others.
base::StatusOr<ArrayPtr> OneCell(const arrow::Array& array, int64_t i) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(array.type()));
  SOTERIA_ARROW_RETURN(builder->AppendArraySlice(arrow::ArraySpan(*array.data()), i, 1));
  SOTERIA_ARROW_ASSIGN(ArrayPtr cell, builder->Finish());
  return cell;
}

void WriteOne(const ArrayPtr& cell, FieldWriter& out) {
  std::string bytes;
  if (cell != nullptr) WriteCell(*cell, 0, Floats::kAsTheyAre, bytes);
  out.Add(bytes);
}

base::StatusOr<ArrayPtr> ReadOne(const TypePtr& type, FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(std::string_view bytes, in.Next());
  if (bytes.empty()) return ArrayPtr();
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
  SOTERIA_RETURN_IF_ERROR(ReadCell(bytes, *builder));
  if (!bytes.empty()) return base::Fail(base::kProtocol, "Aggregate: more than one cell");
  SOTERIA_ARROW_ASSIGN(ArrayPtr cell, builder->Finish());
  return cell;
}

base::Status AppendOne(const ArrayPtr& cell, arrow::ArrayBuilder& out) {
  if (cell == nullptr) {
    SOTERIA_ARROW_RETURN(out.AppendNull());
  } else {
    SOTERIA_ARROW_RETURN(out.AppendArraySlice(arrow::ArraySpan(*cell->data()), 0, 1));
  }
  return base::OkStatus();
}

/// In partials vectors have the struct form.
base::Status AsStored(BoundPtr& arg) {
  if (arg->field->type()->id() != Type::FIXED_SIZE_LIST) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(arg, table::VectorStructType()));
  return base::OkStatus();
}

FieldPtr GivesArgument(const Bound& arg) {
  return table::WithUdt(arrow::field("", arg.field->type(), true), table::UdtOf(*arg.field));
}

// ---- extremes -----------------------------------------------------------------------------------

/// The first of the least values, or of the greatest; by another column the last of them.
template <bool kLeast>
class Extreme final : public AccumulatorOf<Extreme<kLeast>> {
 public:
  explicit Extreme(const CallTypes& types)
      : type_(types.args[0]), by_type_(types.args.size() > 1 ? types.args[1] : nullptr) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const bool by = by_type_ != nullptr;
    const arrow::Array& order = *args[by ? 1 : 0];
    if (order.type_id() == Type::NA) return base::OkStatus();
    const CompareCells compare = OrderOf(*order.type());
    int64_t best = -1;
    for (int64_t i = begin; i < end; ++i) {
      if (order.IsNull(i)) continue;
      if (best < 0 || Better(compare(order, i, order, best))) best = i;
    }
    if (best < 0) return base::OkStatus();
    if (order_ != nullptr && !Better(compare(order, best, *order_, 0))) return base::OkStatus();
    SOTERIA_ASSIGN_OR_RETURN(order_, OneCell(order, best));
    if (!by) return base::OkStatus();
    SOTERIA_ASSIGN_OR_RETURN(value_, OneCell(*args[0], best));
    return base::OkStatus();
  }
  base::Status MergeLater(const Extreme& later) {
    if (later.order_ == nullptr) return base::OkStatus();
    if (order_ != nullptr && !Better(OrderOf(*order_->type())(*later.order_, 0, *order_, 0))) {
      return base::OkStatus();
    }
    order_ = later.order_;
    value_ = later.value_;
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    WriteOne(order_, out);
    if (by_type_ != nullptr) WriteOne(value_, out);
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(order_, ReadOne(by_type_ == nullptr ? type_ : by_type_, in));
    if (by_type_ == nullptr) return base::OkStatus();
    SOTERIA_ASSIGN_OR_RETURN(value_, ReadOne(type_, in));
    if ((order_ == nullptr) != (value_ == nullptr)) {
      return base::Fail(base::kProtocol, "Aggregate: a value without its order");
    }
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    return AppendOne(by_type_ == nullptr ? order_ : value_, out);
  }

 private:
  bool Better(int order) const {
    if (by_type_ != nullptr && order == 0) return true;
    return kLeast ? order < 0 : order > 0;
  }

  TypePtr type_;
  TypePtr by_type_;  // null: by itself
  ArrayPtr order_;   // null: nothing seen
  ArrayPtr value_;
};

base::Status BindExtreme(const AggregateCall& /*call*/, Typing& typing) {
  for (BoundPtr& arg : typing.args) SOTERIA_RETURN_IF_ERROR(AsStored(arg));
  if (OrderOf(*typing.args.back()->field->type()) == nullptr &&
      typing.args.back()->field->type()->id() != Type::NA) {
    return InvalidOrdering(typing.text, typing.text.name, *typing.args.back()->field->type());
  }
  typing.gives = GivesArgument(*typing.args[0]);
  return base::OkStatus();
}

template <bool kLeast>
base::StatusOr<AccumulatorPtr> MakeExtreme(const AggregateCall& /*call*/, const CallTypes& types) {
  return std::make_unique<Extreme<kLeast>>(types);
}

// ---- the first and the last ---------------------------------------------------------------------

/// In the order of the plan; kIgnore: null is no value.
template <bool kFirst>
class EndValue final : public AccumulatorOf<EndValue<kFirst>> {
 public:
  EndValue(TypePtr type, bool ignore_nulls) : type_(std::move(type)), ignore_(ignore_nulls) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    if (kFirst && cell_ != nullptr) return base::OkStatus();
    const arrow::Array& values = *args[0];
    for (int64_t k = 0; k < end - begin; ++k) {
      const int64_t i = kFirst ? begin + k : end - 1 - k;
      if (ignore_ && IsNull(values, i)) continue;
      SOTERIA_ASSIGN_OR_RETURN(cell_, OneCell(values, i));
      break;
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const EndValue& later) {
    if (later.cell_ != nullptr && (!kFirst || cell_ == nullptr)) cell_ = later.cell_;
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override { WriteOne(cell_, out); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(cell_, ReadOne(type_, in));
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override { return AppendOne(cell_, out); }

 private:
  TypePtr type_;
  bool ignore_;
  ArrayPtr cell_;  // null: nothing seen
};

/// The second argument, a constant, says whether nulls are ignored.
base::StatusOr<bool> Flag(const ExprPtr& e) {
  const bool constant = e->kind == Expr::Kind::kLiteral && e->literal->is_valid &&
                        e->literal->type->id() == Type::BOOL;
  if (!constant) {
    return base::Fail(kNonFoldableInput,
                      base::Cat("Cannot resolve \"", PrettyName(*e),
                                "\" due to data type mismatch: the input should be a foldable "
                                "\"BOOLEAN\" expression."));
  }
  return static_cast<const arrow::BooleanScalar&>(*e->literal).value;
}

base::Status BindEnd(const AggregateCall& call, Typing& typing) {
  if (!call.rest.empty()) SOTERIA_RETURN_IF_ERROR(Flag(call.rest[0]).status());
  typing.args.resize(1);
  SOTERIA_RETURN_IF_ERROR(AsStored(typing.args[0]));
  typing.gives = GivesArgument(*typing.args[0]);
  return base::OkStatus();
}

template <bool kFirst>
base::StatusOr<AccumulatorPtr> MakeEnd(const AggregateCall& call, const CallTypes& types) {
  bool ignore = false;
  if (!call.rest.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(ignore, Flag(call.rest[0]));
  }
  return std::make_unique<EndValue<kFirst>>(types.args[0], ignore);
}

// ---- all values ---------------------------------------------------------------------------------

/// Values that aren't null, in the order of the plan.
class ValueList final : public AccumulatorOf<ValueList> {
 public:
  explicit ValueList(std::string function) : function_(std::move(function)) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    for (int64_t i = begin; i < end; ++i) {
      if (IsNull(*args[0], i)) continue;
      WriteCell(*args[0], i, Floats::kAsTheyAre, cells_);
      ++count_;
      if (cells_.size() > kAccumulatorBytesMax) return TooMuchState(function_);
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const ValueList& later) {
    cells_ += later.cells_;
    count_ += later.count_;
    return cells_.size() > kAccumulatorBytesMax ? TooMuchState(function_) : base::OkStatus();
  }
  void Write(FieldWriter& out) const override { out.AddU64(count_).Add(cells_); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(count_, in.NextU64());
    SOTERIA_ASSIGN_OR_RETURN(cells_, in.Next());
    if (cells_.size() > kAccumulatorBytesMax) return TooMuchState(function_);
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    auto& list = static_cast<arrow::ListBuilder&>(out);
    SOTERIA_ARROW_RETURN(list.Append());
    std::string_view rest = cells_;
    for (uint64_t i = 0; i < count_; ++i) {
      SOTERIA_RETURN_IF_ERROR(ReadCell(rest, *list.value_builder()));
    }
    return rest.empty() ? base::OkStatus()
                        : base::Fail(base::kProtocol, "Aggregate: more cells than values");
  }

 private:
  std::string function_;
  std::string cells_;
  uint64_t count_ = 0;
};

/// Over the values that aren't null, each once. `Self` derives from it.
template <class Self>
class OverValues : public AccumulatorOf<Self> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    std::string cell;
    for (int64_t i = begin; i < end; ++i) {
      if (IsNull(*args[0], i)) continue;
      cell.clear();
      WriteCell(*args[0], i, Floats::kNormalised, cell);
      SOTERIA_RETURN_IF_ERROR(values_.Add(cell));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const Self& later) { return values_.Merge(later.values_); }
  void Write(FieldWriter& out) const override { values_.Write(out); }
  base::Status Read(FieldReader& in) override { return values_.Read(in); }

 protected:
  explicit OverValues(std::string function) : values_(std::move(function)) {}
  const ValueSet& values() const { return values_; }

 private:
  ValueSet values_;
};

/// Each value that isn't null once, in the order of the plan.
class ValuesOnce final : public OverValues<ValuesOnce> {
 public:
  explicit ValuesOnce(std::string function) : OverValues(std::move(function)) {}

  base::Status Finish(arrow::ArrayBuilder& out) const override {
    auto& list = static_cast<arrow::ListBuilder&>(out);
    SOTERIA_ARROW_RETURN(list.Append());
    for (const std::string& cell : values().cells()) {
      std::string_view rest = cell;
      SOTERIA_RETURN_IF_ERROR(ReadCell(rest, *list.value_builder()));
    }
    return base::OkStatus();
  }
};

base::Status BindCollect(const AggregateCall& /*call*/, Typing& typing) {
  if (!table::UdtOf(*typing.args[0]->field).empty()) {
    return base::NotSupported(base::Cat("The function ", typing.text.name, "() of vectors"));
  }
  if (typing.text.name == "collect_set" && table::ContainsMap(*typing.args[0]->field->type())) {
    return base::Fail(internal::Mismatch("DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE"),
                      base::Cat("Cannot resolve \"", PrettyName(typing.text),
                                "\" due to data type mismatch: The input of `collect_set` can't be "
                                "\"MAP\" or \"COLLATED STRING\" type data."));
  }
  typing.gives = arrow::field("", table::ListOf(typing.args[0]->field->type(), false), false);
  return base::OkStatus();
}

template <class Collected>
base::StatusOr<AccumulatorPtr> MakeCollect(const AggregateCall& call, const CallTypes& /*types*/) {
  return std::make_unique<Collected>(call.function);
}

/// Texts one after another, with a text between two; null without a value.
class JoinedTexts final : public AccumulatorOf<JoinedTexts> {
 public:
  JoinedTexts(std::string function, std::string between)
      : function_(std::move(function)), between_(std::move(between)) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    for (int64_t i = begin; i < end; ++i) {
      if (IsNull(*args[0], i)) continue;
      SOTERIA_RETURN_IF_ERROR(Add(TextAt(*args[0], i)));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const JoinedTexts& later) {
    return later.any_ ? Add(later.text_) : base::OkStatus();
  }
  void Write(FieldWriter& out) const override { out.AddBool(any_).Add(text_); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(any_, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(text_, in.Next());
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    auto& builder = static_cast<arrow::BinaryBuilder&>(out);
    SOTERIA_ARROW_RETURN(any_ ? builder.Append(text_) : builder.AppendNull());
    return base::OkStatus();
  }

 private:
  base::Status Add(std::string_view text) {
    if (std::exchange(any_, true)) text_ += between_;
    text_ += text;
    return text_.size() > kAccumulatorBytesMax ? TooMuchState(function_) : base::OkStatus();
  }

  std::string function_;
  std::string between_;
  bool any_ = false;
  std::string text_;
};

/// A constant text or bytes; null is none.
base::StatusOr<std::string> Between(const AggregateCall& call) {
  if (call.rest.empty()) return std::string();
  const Expr& e = *call.rest[0];
  if (e.kind != Expr::Kind::kLiteral) {
    return base::Fail(kNonFoldableInput,
                      base::Cat("Cannot resolve \"", call.function,
                                "\" due to data type mismatch: the input `delimiter` should be a "
                                "foldable \"STRING\" expression; however, got \"",
                                PrettyName(e), "\"."));
  }
  if (!e.literal->is_valid) return std::string();
  const Type::type id = e.literal->type->id();
  if (id != Type::STRING && id != Type::BINARY) {
    return base::NotSupported(
        base::Cat("The function ", call.function, "() with a delimiter that is no text"));
  }
  return std::string(static_cast<const arrow::BaseBinaryScalar&>(*e.literal).view());
}

/// listagg(text, between, key, descends, nulls first): WITHIN GROUP has said the last three.
constexpr size_t kOrderedRest = 4;

base::StatusOr<TextOrder> OrderOfTexts(const AggregateCall& call) {
  TextOrder order;
  SOTERIA_ASSIGN_OR_RETURN(order.descends, Flag(call.rest[2]));
  SOTERIA_ASSIGN_OR_RETURN(order.nulls_first, Flag(call.rest[3]));
  return order;
}

base::Status CheckKey(const AggregateCall& call, const Typing& typing) {
  if (call.rest.size() != kOrderedRest) {
    return WrongNumberOfArguments(call.function, 1, 2, static_cast<int>(call.rest.size()) + 1);
  }
  SOTERIA_RETURN_IF_ERROR(OrderOfTexts(call).status());
  const arrow::DataType& key = *typing.args[2]->field->type();
  if (OrderOf(key) == nullptr) return InvalidOrdering(typing.text, "sortorder", key);
  const std::string text = PrettyName(*typing.text.args[0]);
  const std::string its = PrettyName(*typing.text.args[2]);
  if (!call.distinct || text == its) return base::OkStatus();
  return base::Fail(
      {"INVALID_WITHIN_GROUP_EXPRESSION.MISMATCH_WITH_DISTINCT_INPUT",
       base::exception_class::kAnalysis, "42K0K", absl::StatusCode::kInvalidArgument},
      base::Cat("Invalid function `", call.function,
                "` with WITHIN GROUP. The function is invoked with DISTINCT and WITHIN GROUP but "
                "expressions \"",
                text, "\" and \"", its,
                "\" do not match. The WITHIN GROUP ordering expression must be picked from the "
                "function inputs."));
}

base::Status BindJoined(const AggregateCall& call, Typing& typing) {
  SOTERIA_RETURN_IF_ERROR(Between(call).status());
  const bool ordered = call.rest.size() > 1;
  if (ordered) SOTERIA_RETURN_IF_ERROR(CheckKey(call, typing));
  SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, 0, 'x'));
  if (ordered) typing.args[1] = typing.args[2];
  typing.args.resize(ordered ? 2 : 1);
  typing.gives = arrow::field("", typing.args[0]->field->type(), true);
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeJoined(const AggregateCall& call, const CallTypes& types) {
  SOTERIA_ASSIGN_OR_RETURN(std::string between, Between(call));
  if (call.rest.size() == kOrderedRest) {
    SOTERIA_ASSIGN_OR_RETURN(const TextOrder order, OrderOfTexts(call));
    return MakeOrderedTexts(call.function, std::move(between), types.args[1], order);
  }
  return std::make_unique<JoinedTexts>(call.function, std::move(between));
}

// ---- the most frequent --------------------------------------------------------------------------

/// Of equally frequent values the least, where Spark takes any; or the greatest.
class Mode final : public OverValues<Mode> {
 public:
  Mode(std::string function, TypePtr type, bool greatest)
      : OverValues(std::move(function)), type_(std::move(type)), greatest_(greatest) {}

  base::Status Finish(arrow::ArrayBuilder& out) const override {
    int64_t most = 0;
    for (const std::string& cell : values().cells()) most = std::max(most, values().CountOf(cell));
    SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type_));
    for (const std::string& cell : values().cells()) {
      if (values().CountOf(cell) != most) continue;
      std::string_view rest = cell;
      SOTERIA_RETURN_IF_ERROR(ReadCell(rest, *builder));
    }
    SOTERIA_ARROW_ASSIGN(const ArrayPtr candidates, builder->Finish());
    if (candidates->length() == 0) return AppendOne(nullptr, out);
    const CompareCells compare = OrderOf(*type_);
    int64_t least = 0;
    for (int64_t i = 1; i < candidates->length() && compare != nullptr; ++i) {
      const int order = compare(*candidates, i, *candidates, least);
      if (greatest_ ? order > 0 : order < 0) least = i;
    }
    SOTERIA_ARROW_RETURN(out.AppendArraySlice(arrow::ArraySpan(*candidates->data()), least, 1));
    return base::OkStatus();
  }

 private:
  TypePtr type_;
  bool greatest_;
};

/// mode(value, [of equally frequent ones a certain one], [the greatest])
base::Status BindMode(const AggregateCall& call, Typing& typing) {
  if (!call.rest.empty()) SOTERIA_RETURN_IF_ERROR(Flag(call.rest[0]).status());
  return BindEnd({.function = call.function, .arg = call.arg, .name = call.name}, typing);
}

base::StatusOr<AccumulatorPtr> MakeMode(const AggregateCall& call, const CallTypes& types) {
  return std::make_unique<Mode>(call.function, types.args[0], call.rest.size() > 1);
}

constexpr AggregateFunction kFunctions[] = {
    {"min", "min", 1, 1, BindExtreme, MakeExtreme<true>},
    {"max", "max", 1, 1, BindExtreme, MakeExtreme<false>},
    {"min_by", "min_by", 2, 2, BindExtreme, MakeExtreme<true>},
    {"max_by", "max_by", 2, 2, BindExtreme, MakeExtreme<false>},
    {"first", "first", 1, 2, BindEnd, MakeEnd<true>},
    {"first_value", "first_value", 1, 2, BindEnd, MakeEnd<true>},
    {"any_value", "any_value", 1, 2, BindEnd, MakeEnd<true>},
    {"last", "last", 1, 2, BindEnd, MakeEnd<false>},
    {"last_value", "last_value", 1, 2, BindEnd, MakeEnd<false>},
    {"collect_list", "collect_list", 1, 1, BindCollect, MakeCollect<ValueList>},
    {"array_agg", "collect_list", 1, 1, BindCollect, MakeCollect<ValueList>},
    {"collect_set", "collect_set", 1, 1, BindCollect, MakeCollect<ValuesOnce>},
    {"listagg", "listagg", 1, 5, BindJoined, MakeJoined},
    {"string_agg", "string_agg", 1, 5, BindJoined, MakeJoined},
    {"mode", "mode", 1, 3, BindMode, MakeMode},
};

}  // namespace

std::span<const AggregateFunction> ValueAggregates() { return kFunctions; }

}  // namespace soteria::exec
