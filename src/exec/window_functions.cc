#include "src/exec/window_functions.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/kernels.h"
#include "src/exec/taken.h"
#include "src/exec/window_conditions.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

constexpr base::Condition kBooleanParameter = {"INVALID_PARAMETER_VALUE.BOOLEAN",
                                               base::exception_class::kAnalysis, "22023",
                                               absl::StatusCode::kInvalidArgument};

ExprPtr NullLiteral() { return Literal(arrow::MakeNullScalar(arrow::null())); }

bool IsNull(const arrow::Array& array, int64_t i) {
  return array.type_id() == Type::NA || array.IsNull(i);
}

// ---- constant arguments -------------------------------------------------------------------------

base::Status NotFoldable(const Expr& call, std::string_view input, std::string_view got) {
  return base::Fail(
      kNonFoldableInput,
      base::Cat("Cannot resolve \"", PrettyName(call), "\" due to data type mismatch: the input `",
                input, "` should be a foldable \"INT\" expression; however, got \"", got, "\"."));
}

base::Status OutOfRange(const Expr& call, std::string_view input, std::string_view least_to_most,
                        std::string_view value) {
  return base::Fail(
      kValueOutOfRange,
      base::Cat("Cannot resolve \"", PrettyName(call), "\" due to data type mismatch: The ", input,
                " must be between ", least_to_most, " (current value = ", value, ")."));
}

/// A constant int; 0 for null.
base::StatusOr<int32_t> ConstantInt(const Bound& bound) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(bound));
  if (value == nullptr || IsNull(*value, 0)) return 0;
  return IntAt(*value, 0);
}

base::StatusOr<bool> IgnoreNulls(const Expr& call) {
  const Expr& flag = *call.args.back();
  if (flag.kind == Expr::Kind::kLiteral && flag.literal->is_valid &&
      flag.literal->type->id() == Type::BOOL) {
    return static_cast<const arrow::BooleanScalar&>(*flag.literal).value;
  }
  return base::Fail(
      kBooleanParameter,
      base::Cat("The value of parameter(s) `ignoreNulls` in `", call.name,
                "` is invalid: expects a boolean literal, but got \"", PrettyName(flag), "\"."));
}

bool FlagOf(const Bound& bound) {
  return static_cast<const arrow::BooleanScalar&>(*bound.literal).value;
}

// ---- ranks --------------------------------------------------------------------------------------

base::Status BindInt(WindowTyping& typing) {
  typing.gives = arrow::field("", arrow::int32(), false);
  return base::OkStatus();
}

base::Status BindDouble(WindowTyping& typing) {
  typing.gives = arrow::field("", arrow::float64(), false);
  return base::OkStatus();
}

/// f(partition, row, first of its peers, number of its peers' group, after the last of its peers).
template <class T, class F>
base::StatusOr<ArrayPtr> EachPeer(const WindowInput& input, const TypePtr& type, F f) {
  SOTERIA_ASSIGN_OR_RETURN(auto maker, NumberMaker<T>::Make(input.rows.rows));
  for (const Span& partition : input.rows.partitions) {
    int64_t group = 0;
    for (int64_t i = partition.begin; i < partition.end;) {
      int64_t end = i + 1;
      while (end < partition.end && input.rows.Peers(end, i)) ++end;
      ++group;
      for (int64_t row = i; row < end; ++row) {
        maker.data()[row] = f(partition, row, i, group, end);
      }
      i = end;
    }
  }
  return maker.Finish(type, {});
}

base::StatusOr<ArrayPtr> RowNumber(const WindowInput& input) {
  SOTERIA_ASSIGN_OR_RETURN(auto maker, NumberMaker<int32_t>::Make(input.rows.rows));
  for (const Span& partition : input.rows.partitions) {
    for (int64_t i = partition.begin; i < partition.end; ++i) {
      maker.data()[i] = static_cast<int32_t>(i - partition.begin + 1);
    }
  }
  return maker.Finish(arrow::int32(), {});
}

base::StatusOr<ArrayPtr> Rank(const WindowInput& input) {
  return EachPeer<int32_t>(input, arrow::int32(),
                           [](const Span& partition, int64_t, int64_t first, int64_t, int64_t) {
                             return static_cast<int32_t>(first - partition.begin + 1);
                           });
}

base::StatusOr<ArrayPtr> DenseRank(const WindowInput& input) {
  return EachPeer<int32_t>(input, arrow::int32(),
                           [](const Span&, int64_t, int64_t, int64_t group, int64_t) {
                             return static_cast<int32_t>(group);
                           });
}

base::StatusOr<ArrayPtr> PercentRank(const WindowInput& input) {
  return EachPeer<double>(input, arrow::float64(),
                          [](const Span& partition, int64_t, int64_t first, int64_t, int64_t) {
                            if (partition.size() <= 1) return 0.0;
                            return static_cast<double>(first - partition.begin) /
                                   static_cast<double>(partition.size() - 1);
                          });
}

base::StatusOr<ArrayPtr> CumeDist(const WindowInput& input) {
  return EachPeer<double>(
      input, arrow::float64(), [](const Span& partition, int64_t, int64_t, int64_t, int64_t end) {
        return static_cast<double>(end - partition.begin) / static_cast<double>(partition.size());
      });
}

base::Status BindNtile(WindowTyping& typing) {
  const Bound& buckets = *typing.args[0];
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(buckets));
  if (value == nullptr) {
    return NotFoldable(typing.text, "buckets", PrettyName(*typing.text.args[0]));
  }
  if (buckets.field->type()->id() != Type::INT32) {
    return UnexpectedType(typing.text, 0, "\"INT\"", *typing.text.args[0], *buckets.field);
  }
  const int32_t count = IsNull(*value, 0) ? 0 : IntAt(*value, 0);
  if (count <= 0) {
    return OutOfRange(typing.text, "buckets", "(0, 2147483647]", base::Cat(count));
  }
  return BindInt(typing);
}

/// The first buckets have one row more, where rows don't go evenly into buckets.
base::StatusOr<ArrayPtr> Ntile(const WindowInput& input) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t buckets, ConstantInt(*input.bound[0]));
  SOTERIA_ASSIGN_OR_RETURN(auto maker, NumberMaker<int32_t>::Make(input.rows.rows));
  for (const Span& partition : input.rows.partitions) {
    const int64_t least = partition.size() / buckets;
    const int64_t longer = partition.size() % buckets;
    const int64_t in_longer = longer * (least + 1);
    for (int64_t i = partition.begin; i < partition.end; ++i) {
      const int64_t at = i - partition.begin;
      const int64_t bucket = at < in_longer
                                 ? at / (least + 1)
                                 : longer + (at - in_longer) / std::max<int64_t>(least, 1);
      maker.data()[i] = static_cast<int32_t>(bucket + 1);
    }
  }
  return maker.Finish(arrow::int32(), {});
}

// ---- values of other rows -----------------------------------------------------------------------

/// In windows as in partials vectors have the struct form.
base::Status AsStored(BoundPtr& arg) {
  if (arg->field->type()->id() != Type::FIXED_SIZE_LIST) return base::OkStatus();
  const FieldPtr field = arg->field;
  SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(arg, table::VectorStructType()));
  return base::OkStatus();
}

base::Status BindShift(WindowTyping& typing) {
  const std::string udt = table::UdtOf(*typing.args[0]->field);
  SOTERIA_RETURN_IF_ERROR(AsStored(typing.args[0]));
  const Bound& offset = *typing.args[1];
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(offset));
  if (value == nullptr) {
    const std::string got = PrettyName(*typing.text.args[1]);
    return NotFoldable(typing.text, "offset",
                       typing.text.name == "lag" ? base::Cat("(- ", got, ")") : got);
  }
  // What Spark says to an offset whose type makes another frame of it.
  if (offset.field->type()->id() != Type::INT32 || IsNull(*value, 0)) {
    return base::Fail(base::kAnalysis, base::Cat("Cannot specify window frame for ",
                                                 typing.text.name, " function."));
  }
  SOTERIA_RETURN_IF_ERROR(IgnoreNulls(typing.text).status());
  const FieldPtr& input = typing.args[0]->field;
  const bool null_default = typing.args[2]->field->type()->id() == Type::NA;
  if (!null_default && !udt.empty()) {
    if (table::UdtOf(*typing.args[2]->field) != udt) {
      return UnexpectedType(typing.text, 2, table::QuotedTypeName(*table::WithUdt(input, udt)),
                            *typing.text.args[2], *typing.args[2]->field);
    }
    SOTERIA_RETURN_IF_ERROR(AsStored(typing.args[2]));
  } else if (!typing.args[2]->field->type()->Equals(*input->type())) {
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(typing.text, typing.args, 2, input->type(),
                       base::Cat("(", table::QuotedTypeName(*input), " or \"VOID\")")));
  }
  const bool nullable = input->nullable() || typing.args[2]->field->nullable();
  typing.gives = table::WithUdt(arrow::field("", input->type(), nullable), udt);
  return base::OkStatus();
}

/// The row that is `offset` rows behind row i, counted over those that aren't null where `filled`
/// lists these alone; -1 for none.
int64_t ShiftedRow(int64_t i, int64_t offset, const Span& partition,
                   const std::vector<int64_t>* filled) {
  if (filled == nullptr || offset == 0) {
    const int64_t at = i + offset;
    return at >= partition.begin && at < partition.end ? at : -1;
  }
  const auto begin = filled->begin();
  const auto at = offset > 0 ? std::upper_bound(begin, filled->end(), i) - begin + offset - 1
                             : std::lower_bound(begin, filled->end(), i) - begin + offset;
  if (at < 0 || at >= static_cast<int64_t>(filled->size())) return -1;
  const int64_t row = (*filled)[static_cast<size_t>(at)];
  return row >= partition.begin && row < partition.end ? row : -1;
}

std::vector<int64_t> FilledRows(const arrow::Array& values) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (!IsNull(values, i)) rows.push_back(i);
  }
  return rows;
}

template <bool kLead>
base::StatusOr<ArrayPtr> Shift(const WindowInput& input) {
  SOTERIA_ASSIGN_OR_RETURN(int64_t offset, ConstantInt(*input.bound[1]));
  if (!kLead) offset = -offset;
  const ArrayPtr& values = input.args[0];
  const ArrayPtr& others = input.args[2];
  if (values->type_id() == Type::NA) return values;
  const bool ignore = FlagOf(*input.bound[3]);
  const std::vector<int64_t> filled = ignore ? FilledRows(*values) : std::vector<int64_t>();
  std::vector<int64_t> rows(static_cast<size_t>(input.rows.rows));
  for (const Span& partition : input.rows.partitions) {
    for (int64_t i = partition.begin; i < partition.end; ++i) {
      const int64_t row = ShiftedRow(i, offset, partition, ignore ? &filled : nullptr);
      // The defaults come behind the values.
      rows[static_cast<size_t>(i)] = row >= 0 ? row : values->length() + i;
    }
  }
  SOTERIA_ARROW_ASSIGN(const ArrayPtr both, arrow::Concatenate({values, others}));
  return TakeOrNull(both, rows, input.admit);
}

base::Status BindNth(WindowTyping& typing) {
  const std::string udt = table::UdtOf(*typing.args[0]->field);
  SOTERIA_RETURN_IF_ERROR(AsStored(typing.args[0]));
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(typing.text, typing.args, 1, arrow::int32(), "\"INT\""));
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(*typing.args[1]));
  if (value == nullptr) {
    return NotFoldable(typing.text, "offset", PrettyName(*typing.text.args[1]));
  }
  const int32_t offset = IsNull(*value, 0) ? 0 : IntAt(*value, 0);
  if (offset <= 0) {
    return OutOfRange(typing.text, "offset", "(0, 9223372036854775807]", base::Cat(offset, "L"));
  }
  SOTERIA_RETURN_IF_ERROR(IgnoreNulls(typing.text).status());
  typing.gives = table::WithUdt(arrow::field("", typing.args[0]->field->type(), true), udt);
  return base::OkStatus();
}

base::StatusOr<ArrayPtr> Nth(const WindowInput& input) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t offset, ConstantInt(*input.bound[1]));
  const arrow::Array& values = *input.args[0];
  const bool ignore = FlagOf(*input.bound[2]);
  const std::vector<int64_t> filled = ignore ? FilledRows(values) : std::vector<int64_t>();
  std::vector<int64_t> rows;
  rows.reserve(input.frames.size());
  for (const Span& frame : input.frames) {
    int64_t row = frame.begin + offset - 1;
    if (ignore) {
      const auto at =
          std::lower_bound(filled.begin(), filled.end(), frame.begin) - filled.begin() + offset - 1;
      row = at < static_cast<int64_t>(filled.size()) ? filled[static_cast<size_t>(at)] : frame.end;
    }
    rows.push_back(row < frame.end ? row : -1);
  }
  return TakeOrNull(input.args[0], rows, input.admit);
}

constexpr WindowFunction kFunctions[] = {
    {"row_number", "row_number", 0, 0, OwnFrame::kRows, BindInt, RowNumber},
    {"rank", "RANK", 0, -1, OwnFrame::kRows, BindInt, Rank},
    {"dense_rank", "DENSE_RANK", 0, -1, OwnFrame::kRows, BindInt, DenseRank},
    {"percent_rank", "PERCENT_RANK", 0, -1, OwnFrame::kRows, BindDouble, PercentRank},
    {"cume_dist", "cume_dist", 0, 0, OwnFrame::kRange, BindDouble, CumeDist},
    {"ntile", "ntile", 0, 1, OwnFrame::kRows, BindNtile, Ntile},
    {"lag", "lag", 0, 4, OwnFrame::kOffset, BindShift, Shift<false>},
    {"lead", "lead", 0, 4, OwnFrame::kOffset, BindShift, Shift<true>},
    {"nth_value", "nth_value", 2, 3, OwnFrame::kNone, BindNth, Nth},
};

}  // namespace

std::span<const WindowFunction> WindowFunctions() { return kFunctions; }

const WindowFunction* FindWindowFunction(std::string_view name) {
  const std::string lower = base::Lower(name);
  const auto* at = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                [&](const WindowFunction& one) { return one.name == lower; });
  return at == std::end(kFunctions) ? nullptr : at;
}

Expr WithAllArguments(const Expr& call) {
  Expr all = call;
  const auto add = [&all](size_t place, ExprPtr value) {
    if (all.args.size() == place) all.args.push_back(std::move(value));
  };
  if (call.name == "ntile") add(0, Literal(int32_t{1}));
  if (call.name == "nth_value") add(2, Literal(false));
  if (call.name == "lag" || call.name == "lead") {
    add(0, NullLiteral());
    add(1, Literal(int32_t{1}));
    add(2, NullLiteral());
    add(3, Literal(false));
  }
  return all;
}

std::string WindowFunctionText(const Expr& call) {
  const WindowFunction* function = FindWindowFunction(call.name);
  const std::string_view name =
      function == nullptr ? std::string_view(call.name) : function->printed;
  // Ranks go by the order, whatever they are given.
  if (function != nullptr && function->args_max < 0) return base::Cat(name, "()");
  const Expr all = WithAllArguments(call);
  const bool flagged = (call.name == "lag" || call.name == "lead" || call.name == "nth_value") &&
                       all.args.size() == static_cast<size_t>(call.name == "nth_value" ? 3 : 4);
  std::string text;
  for (size_t i = 0; i + (flagged ? 1 : 0) < all.args.size(); ++i) {
    text += base::Cat(i == 0 ? "" : ", ", PrettyName(*all.args[i]));
  }
  const bool ignores = flagged && call.name == "nth_value" && PrettyName(*all.args[2]) == "true";
  return base::Cat(name, "(", text, ")", ignores ? " ignore nulls" : "");
}

base::StatusOr<ArrayPtr> TakeOrNull(const ArrayPtr& values, const std::vector<int64_t>& rows,
                                    const Operator::Admit& admit) {
  if (values->type_id() == Type::NA) {
    return MakeNulls(values->type(), static_cast<int64_t>(rows.size()));
  }
  if (TakenLength(*values, rows) > static_cast<uint64_t>(kMadeColumnBytesMax)) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("A window function: more than ", kMadeColumnBytesMax,
                                " bytes or elements of values in one partition"));
  }
  SOTERIA_RETURN_IF_ERROR(admit(TakenBytes(arrow::ChunkedArray(values), rows)));
  arrow::Int64Builder indices;
  SOTERIA_ARROW_RETURN(indices.Reserve(static_cast<int64_t>(rows.size())));
  for (const int64_t row : rows) {
    if (row < 0) {
      indices.UnsafeAppendNull();
    } else {
      indices.UnsafeAppend(row);
    }
  }
  SOTERIA_ARROW_ASSIGN(const ArrayPtr index, indices.Finish());
  SOTERIA_ARROW_ASSIGN(
      ArrayPtr taken,
      arrow::compute::Take(*values, *index, arrow::compute::TakeOptions::NoBoundsCheck()));
  return taken;
}

bool IsEndFunction(std::string_view name, bool* first) {
  const bool last = name == "last" || name == "last_value";
  *first = name == "first" || name == "first_value" || name == "any_value";
  return *first || last;
}

std::vector<int64_t> EndRows(const arrow::Array& values, const std::vector<Span>& frames,
                             bool first, bool ignore_nulls) {
  const std::vector<int64_t> filled = ignore_nulls ? FilledRows(values) : std::vector<int64_t>();
  std::vector<int64_t> rows;
  rows.reserve(frames.size());
  for (const Span& frame : frames) {
    int64_t row = first ? frame.begin : frame.end - 1;
    if (ignore_nulls) {
      const auto at =
          std::lower_bound(filled.begin(), filled.end(), first ? frame.begin : frame.end);
      const bool none = first ? at == filled.end() : at == filled.begin();
      row = none ? -1 : first ? *at : *(at - 1);
    }
    rows.push_back(row >= frame.begin && row < frame.end ? row : -1);
  }
  return rows;
}

}  // namespace soteria::exec
