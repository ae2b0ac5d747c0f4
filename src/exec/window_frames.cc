#include "src/exec/window_frames.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/catalogue.h"
#include "src/exec/kernels.h"
#include "src/exec/sort.h"
#include "src/table/arrow_status.h"
#include "src/table/interval.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Kind = FrameBound::Kind;

/// Room for values that lists and texts hold is asked for in steps that double, and begin here.
constexpr uint64_t kAskedAtLeast = uint64_t{1} << 20;

int64_t RowOffset(const FrameBound& bound) {
  if (bound.kind != Kind::kOffset) return 0;
  return static_cast<const arrow::Int32Scalar&>(*bound.offset->literal).value;
}

Span FrameOfRows(const WindowFrame& frame, const Span& partition, int64_t row) {
  Span span = partition;
  if (frame.lower.kind != Kind::kPreceding) span.begin = row + RowOffset(frame.lower);
  if (frame.upper.kind != Kind::kFollowing) span.end = row + RowOffset(frame.upper) + 1;
  span.begin = std::clamp(span.begin, partition.begin, partition.end);
  span.end = std::clamp(span.end, span.begin, partition.end);
  return span;
}

/// The ordering value with a bound's offset added: what rows are compared with.
base::StatusOr<OrderKey> BoundKey(const FrameBound& bound, const SortKey& key,
                                  const OrderKey& order, const arrow::Table& sorted,
                                  uint64_t partition) {
  const ExprPtr call =
      InZone(ShiftedOrder(key, *order.values->type(), bound.offset), bound.offset->zone);
  SOTERIA_ASSIGN_OR_RETURN(const auto values, Evaluate(*call, sorted, partition));
  OrderKey shifted = order;
  SOTERIA_ASSIGN_OR_RETURN(shifted.values, OneChunk(*values));
  if (!shifted.values->type()->Equals(*order.values->type())) {
    return base::Fail(base::kProtocol, "Window: a bound of another type than the order");
  }
  return shifted;
}

class RangeFrames {
 public:
  RangeFrames(const WindowFrame& frame, const WindowRows& rows) : frame_(frame), rows_(rows) {}

  base::Status Bind(const WindowSpec& spec, const arrow::Table& sorted, uint64_t partition) {
    for (const FrameBound* bound : {&frame_.lower, &frame_.upper}) {
      if (bound->kind != Kind::kOffset) continue;
      SOTERIA_ASSIGN_OR_RETURN(
          OrderKey key, BoundKey(*bound, spec.order.at(0), rows_.order.at(0), sorted, partition));
      (bound == &frame_.lower ? lower_ : upper_) = {std::move(key)};
    }
    return base::OkStatus();
  }

  void Add(const Span& partition, std::vector<Span>& frames) const {
    int64_t begin = partition.begin;
    int64_t end = partition.begin;
    for (int64_t row = partition.begin; row < partition.end; ++row) {
      while (begin < partition.end && Before(begin, row)) ++begin;
      while (end < partition.end && !After(end, row)) ++end;
      frames.push_back({begin, std::max(begin, end)});
    }
  }

 private:
  /// Is row i before the frame of the row?
  bool Before(int64_t i, int64_t row) const {
    if (frame_.lower.kind == Kind::kPreceding) return false;
    return Order(lower_, i, row) < 0;
  }
  bool After(int64_t i, int64_t row) const {
    if (frame_.upper.kind == Kind::kFollowing) return false;
    return Order(upper_, i, row) > 0;
  }
  /// Of row i beside the row's bound; the current row's is its own place.
  int Order(const std::vector<OrderKey>& bound, int64_t i, int64_t row) const {
    return OrderRows(rows_.order, i, bound.empty() ? rows_.order : bound, row);
  }

  const WindowFrame& frame_;
  const WindowRows& rows_;
  std::vector<OrderKey> lower_;  // one, of an offset
  std::vector<OrderKey> upper_;
};

// ---- aggregates ---------------------------------------------------------------------------------

/// Functions of the set of values alone, whatever parts they are made of.
bool IsExact(std::string_view function) {
  static constexpr std::string_view kExact[] = {"count",    "count_if", "min",     "max",
                                                "bool_and", "every",    "bool_or", "some",
                                                "any",      "bit_and",  "bit_or",  "bit_xor"};
  return std::find(std::begin(kExact), std::end(kExact), function) != std::end(kExact);
}

/// Whether sums of whole numbers are the same in any order: none of them can overflow.
bool IsExactSum(std::string_view function, const ArrayList& args) {
  if (function != "sum" || args[0]->type_id() != Type::INT64) return false;
  const auto& values = static_cast<const arrow::Int64Array&>(*args[0]);
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  uint64_t total = 0;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) continue;
    const int64_t value = values.Value(i);
    const uint64_t size =
        value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    if (size > kMost || total > kMost - size) return false;
    total += size;
  }
  return true;
}

/// Elements or bytes that a builder of a nested or text column holds.
int64_t MadeLength(const arrow::ArrayBuilder& builder) {
  switch (builder.type()->id()) {
    case Type::STRING:
    case Type::BINARY:
      return static_cast<const arrow::BinaryBuilder&>(builder).value_data_length();
    case Type::LIST: {
      arrow::ArrayBuilder& values =
          *static_cast<const arrow::ListBuilder&>(builder).value_builder();
      return std::max(values.length(), MadeLength(values));
    }
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapBuilder&>(builder);
      return std::max({map.key_builder()->length(), MadeLength(*map.key_builder()),
                       MadeLength(*map.item_builder())});
    }
    default:
      return 0;
  }
}

class FrameAggregate {
 public:
  FrameAggregate(const Accumulator& empty, const ArrayList& args, const arrow::Array* where)
      : empty_(empty),
        args_(args),
        where_(static_cast<const arrow::BooleanArray*>(where)),
        whole_(empty.New()) {}

  /// Goes on from the frame before, which began at the same row.
  base::Status Grow(const Span& frame) {
    SOTERIA_RETURN_IF_ERROR(Update(*whole_, at_.end, frame.end));
    at_.end = frame.end;
    return base::OkStatus();
  }
  base::Status Anew(const Span& frame) {
    whole_ = empty_.New();
    at_ = frame;
    return Update(*whole_, frame.begin, frame.end);
  }
  /// Of an exact function: what rows leave is put together of what they were put together of. The
  /// first part of the frame is there for each row it may begin at; the rest is one.
  base::Status Move(const Span& frame) {
    if (frame.begin >= split_ || frame.begin < first_) {
      first_ = frame.begin;
      split_ = std::max(frame.begin, frame.end);
      firsts_.clear();
      firsts_.resize(static_cast<size_t>(split_ - first_));
      for (int64_t row = split_ - 1; row >= first_; --row) {
        AccumulatorPtr& from = firsts_[static_cast<size_t>(row - first_)];
        from = empty_.New();
        SOTERIA_RETURN_IF_ERROR(Update(*from, row, row + 1));
        if (row + 1 < split_) {
          SOTERIA_RETURN_IF_ERROR(from->Merge(*firsts_[static_cast<size_t>(row + 1 - first_)]));
        }
      }
      rest_ = empty_.New();
      rest_end_ = split_;
    }
    SOTERIA_RETURN_IF_ERROR(Update(*rest_, rest_end_, std::max(rest_end_, frame.end)));
    rest_end_ = std::max(rest_end_, frame.end);
    whole_ = empty_.New();
    at_ = frame;
    if (frame.begin < split_) {
      SOTERIA_RETURN_IF_ERROR(whole_->Merge(*firsts_[static_cast<size_t>(frame.begin - first_)]));
    }
    return whole_->Merge(*rest_);
  }
  const Span& at() const { return at_; }
  base::Status Finish(arrow::ArrayBuilder& out) const { return whole_->Finish(out); }

 private:
  base::Status Update(Accumulator& state, int64_t begin, int64_t end) {
    if (where_ == nullptr) return begin < end ? state.Update(args_, begin, end) : base::OkStatus();
    for (int64_t i = begin; i < end;) {
      int64_t to = i;
      while (to < end && where_->IsValid(to) && where_->Value(to)) ++to;
      if (to > i) SOTERIA_RETURN_IF_ERROR(state.Update(args_, i, to));
      i = to + 1;
    }
    return base::OkStatus();
  }

  const Accumulator& empty_;
  const ArrayList& args_;
  const arrow::BooleanArray* where_;
  AccumulatorPtr whole_;
  Span at_ = {};
  std::vector<AccumulatorPtr> firsts_;  // of rows [i, split_), for i from first_ on
  int64_t first_ = 0;
  int64_t split_ = 0;
  AccumulatorPtr rest_;  // of rows [split_, rest_end_)
  int64_t rest_end_ = 0;
};

}  // namespace

bool FitsOrder(const arrow::DataType& offset, const arrow::DataType& order) {
  if (order.id() == Type::DATE32) {
    const bool days = table::IsDayTime(offset) && table::FieldsOf(offset).end == 0;
    return days || table::IsYearMonth(offset) || offset.id() == Type::INT32;
  }
  if (order.id() == Type::TIMESTAMP) return table::IsInterval(offset);
  return order.Equals(offset);
}

ExprPtr ShiftedOrder(const SortKey& key, const arrow::DataType& order, const ExprPtr& offset) {
  const arrow::DataType& by = *offset->literal->type;
  const bool date = order.id() == Type::DATE32;
  if (date && table::IsDayTime(by)) {
    return Call(key.ascending ? "date_add" : "date_sub",
                {key.expr, Call(std::string(kIntervalDays), {offset})});
  }
  if ((date || order.id() == Type::TIMESTAMP) && table::IsInterval(by)) {
    return Call(std::string(key.ascending ? kTimePlus : kTimeMinus), {key.expr, offset});
  }
  const char* function = key.ascending ? (date ? "date_add" : "+") : (date ? "date_sub" : "-");
  return Call(function, {key.expr, offset});
}

base::StatusOr<std::vector<Span>> FramesOf(const WindowFrame& frame, const WindowSpec& spec,
                                           const WindowRows& rows, const arrow::Table& sorted,
                                           uint64_t partition) {
  std::vector<Span> frames;
  frames.reserve(static_cast<size_t>(rows.rows));
  if (frame.rows) {
    for (const Span& part : rows.partitions) {
      for (int64_t row = part.begin; row < part.end; ++row) {
        frames.push_back(FrameOfRows(frame, part, row));
      }
    }
    return frames;
  }
  RangeFrames range(frame, rows);
  SOTERIA_RETURN_IF_ERROR(range.Bind(spec, sorted, partition));
  for (const Span& part : rows.partitions) range.Add(part, frames);
  return frames;
}

base::StatusOr<ArrayPtr> OverFrames(std::string_view function, const Accumulator& empty,
                                    const ArrayList& args, const arrow::Array* where,
                                    const TypePtr& gives, const WindowRows& rows,
                                    const std::vector<Span>& frames, const Operator::Admit& admit) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(gives));
  std::vector<int64_t> value_of(frames.size());
  const bool exact = IsExact(function) || IsExactSum(function, args);
  int64_t values = 0;
  uint64_t asked = 0;  // for lists and texts
  for (const Span& partition : rows.partitions) {
    FrameAggregate aggregate(empty, args, where);
    for (int64_t row = partition.begin; row < partition.end; ++row) {
      const Span& frame = frames[static_cast<size_t>(row)];
      const bool first = row == partition.begin;
      const bool same_begin = !first && frame.begin == aggregate.at().begin;
      if (!same_begin || frame.end != aggregate.at().end) {
        SOTERIA_RETURN_IF_ERROR(same_begin && frame.end > aggregate.at().end ? aggregate.Grow(frame)
                                : exact && !first                            ? aggregate.Move(frame)
                                                  : aggregate.Anew(frame));
        SOTERIA_RETURN_IF_ERROR(aggregate.Finish(*builder));
        ++values;
        if (MadeLength(*builder) > kMadeColumnBytesMax) {
          return base::Fail(base::kMemoryLimit,
                            base::Cat(function, "() over a window: more than ", kMadeColumnBytesMax,
                                      " bytes or elements of values in one partition"));
        }
        const auto made = static_cast<uint64_t>(MadeLength(*builder)) * sizeof(int64_t);
        if (made > asked) {
          asked = 2 * made + kAskedAtLeast;
          SOTERIA_RETURN_IF_ERROR(admit(asked));
        }
      }
      value_of[static_cast<size_t>(row)] = values - 1;
    }
  }
  SOTERIA_ARROW_ASSIGN(const ArrayPtr all, builder->Finish());
  return TakeOrNull(all, value_of, [&](uint64_t bytes) { return admit(asked + bytes); });
}

}  // namespace soteria::exec
