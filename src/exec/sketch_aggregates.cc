// Aggregates that keep less than their values: frequent items, and how many there are of distinct
// ones, each with Spark's own answer where that is an approximation.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/accumulator.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/distinct_count.h"
#include "src/exec/functions.h"
#include "src/exec/scala_order.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;

constexpr base::Condition kDeviationType = {"_LEGACY_ERROR_TEMP_1104",
                                            base::exception_class::kAnalysis, "",
                                            absl::StatusCode::kInvalidArgument};

// ---- frequent items -----------------------------------------------------------------------------

/// Of a support of 1e-4, the least that Spark takes.
constexpr int32_t kItemsMax = 10'000;

/// What equals nothing, not even itself: Scala compares NaN and arrays of bytes so.
bool EqualsNothing(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case Type::FLOAT:
      return array.IsValid(row) &&
             std::isnan(static_cast<const arrow::FloatArray&>(array).Value(row));
    case Type::DOUBLE:
      return array.IsValid(row) &&
             std::isnan(static_cast<const arrow::DoubleArray&>(array).Value(row));
    case Type::BINARY:
      return array.IsValid(row);
    default:
      return false;
  }
}

/// Spark's CollectFrequentItems: at most `most` items with counts, of which a new one takes away
/// when there is no room.
class FrequentItems final : public AccumulatorOf<FrequentItems> {
 public:
  FrequentItems(std::string function, size_t most, TypePtr type)
      : function_(std::move(function)), most_(most), type_(std::move(type)) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const ArrayPtr cells = args[0]->Slice(begin, end - begin);
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<int32_t> hashes, ScalaHashes(cells));
    for (int64_t i = 0; i < cells->length(); ++i) {
      Item item = ItemOf(*cells, i, hashes[static_cast<size_t>(i)]);
      SOTERIA_RETURN_IF_ERROR(Add(std::move(item)));
    }
    merged_ = false;
    return base::OkStatus();
  }
  /// Spark puts what it reads of several partitions into new maps; what one partition gave, or what
  /// was merged, comes as it lies.
  base::Status MergeLater(const FrequentItems& later) {
    if (!merged_) buckets_ = BucketsFor(items_.size());
    const size_t buckets = later.merged_ ? later.buckets_ : BucketsFor(later.items_.size());
    for (const Item* item : later.InOrder(buckets)) SOTERIA_RETURN_IF_ERROR(Add(*item));
    merged_ = true;
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    out.AddU64(buckets_).AddBool(merged_).AddU64(items_.size());
    for (const Item* item : InOrder(buckets_)) out.Add(item->cell).AddI64(item->count);
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t buckets, in.NextU64());
    SOTERIA_ASSIGN_OR_RETURN(merged_, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
    if (count > most_ || buckets < kScalaBuckets || buckets > 8 * size_t{kItemsMax} ||
        !std::has_single_bit(buckets)) {
      return base::Fail(base::kProtocol, "Aggregate: not frequent items");
    }
    std::unique_ptr<arrow::ArrayBuilder> builder;
    SOTERIA_ARROW_ASSIGN(builder, arrow::MakeBuilder(type_));
    std::vector<int64_t> counts;
    for (uint64_t i = 0; i < count; ++i) {
      SOTERIA_ASSIGN_OR_RETURN(std::string_view cell, in.Next());
      SOTERIA_RETURN_IF_ERROR(ReadCell(cell, *builder));
      SOTERIA_ASSIGN_OR_RETURN(counts.emplace_back(), in.NextI64());
      if (!cell.empty() || counts.back() <= 0) {
        return base::Fail(base::kProtocol, "Aggregate: not a frequent item");
      }
    }
    SOTERIA_ARROW_ASSIGN(const ArrayPtr cells, builder->Finish());
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<int32_t> hashes, ScalaHashes(cells));
    for (size_t i = 0; i < counts.size(); ++i) {
      Item item = ItemOf(*cells, static_cast<int64_t>(i), hashes[i]);
      item.count = counts[i];
      SOTERIA_RETURN_IF_ERROR(Add(std::move(item)));
    }
    if (items_.size() != count) return base::Fail(base::kProtocol, "Aggregate: an item twice");
    buckets_ = buckets;
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    auto& list = static_cast<arrow::ListBuilder&>(out);
    SOTERIA_ARROW_RETURN(list.Append());
    for (const Item* item : InOrder(buckets_)) {
      std::string_view cell = item->cell;
      SOTERIA_RETURN_IF_ERROR(ReadCell(cell, *list.value_builder()));
    }
    return base::OkStatus();
  }

 private:
  struct Item {
    std::string cell;
    std::string key;  // equal keys are equal items; "": it equals none
    int32_t hash = 0;
    int64_t count = 1;
    uint64_t turn = 0;  // when it went in
  };

  static Item ItemOf(const arrow::Array& cells, int64_t row, int32_t hash) {
    Item item;
    item.hash = hash;
    WriteCell(cells, row, Floats::kAsTheyAre, item.cell);
    if (EqualsNothing(cells, row)) return item;
    const bool number = cells.type()->num_fields() == 0;
    WriteCell(cells, row, number ? Floats::kNormalised : Floats::kAsTheyAre, item.key);
    return item;
  }

  base::Status Add(Item item) {
    const auto found = item.key.empty() ? places_.end() : places_.find(item.key);
    if (found != places_.end()) {
      buckets_ = ScalaBucketsAfter(buckets_, items_.size());
      items_[found->second].count += item.count;
      return base::OkStatus();
    }
    if (items_.size() < most_) return Put(std::move(item));
    int64_t least = items_.empty() ? 0 : items_[0].count;
    for (const Item& one : items_) least = std::min(least, one.count);
    const int64_t taken = std::min(least, item.count);
    const bool goes_in = item.count >= least;
    if (goes_in) SOTERIA_RETURN_IF_ERROR(Put(std::move(item)));
    for (Item& one : items_) one.count -= taken;
    if (goes_in) DropSpent();
    return base::OkStatus();
  }
  base::Status Put(Item item) {
    bytes_ += item.cell.size() + item.key.size();
    if (bytes_ > kAccumulatorBytesMax) return TooMuchState(function_);
    buckets_ = ScalaBucketsAfter(buckets_, items_.size());
    item.turn = turns_++;
    if (!item.key.empty()) places_[item.key] = items_.size();
    items_.push_back(std::move(item));
    return base::OkStatus();
  }
  void DropSpent() {
    for (size_t i = items_.size(); i-- > 0;) {
      if (items_[i].count > 0) continue;
      bytes_ -= items_[i].cell.size() + items_[i].key.size();
      if (!items_[i].key.empty()) places_.erase(items_[i].key);
      if (i + 1 < items_.size()) {
        items_[i] = std::move(items_.back());
        if (!items_[i].key.empty()) places_[items_[i].key] = i;
      }
      items_.pop_back();
    }
  }
  /// Of a map into which so many keys were put.
  static size_t BucketsFor(size_t keys) {
    size_t buckets = kScalaBuckets;
    for (size_t i = 0; i < keys; ++i) buckets = ScalaBucketsAfter(buckets, i);
    return buckets;
  }
  std::vector<const Item*> InOrder(size_t buckets) const {
    std::vector<const Item*> order;
    for (const Item& item : items_) order.push_back(&item);
    std::sort(order.begin(), order.end(), [buckets](const Item* a, const Item* b) {
      return a->hash == b->hash ? a->turn < b->turn : ScalaBefore(a->hash, b->hash, buckets);
    });
    return order;
  }

  std::string function_;
  size_t most_;
  TypePtr type_;
  std::vector<Item> items_;
  std::unordered_map<std::string, size_t> places_;  // of keys among the items
  size_t buckets_ = kScalaBuckets;
  uint64_t turns_ = 0;
  size_t bytes_ = 0;
  bool merged_ = false;
};

/// collect_frequent_items(column, how many)
base::StatusOr<int32_t> MostOf(const AggregateCall& call) {
  const bool number = call.rest.size() == 1 && call.rest[0]->kind == Expr::Kind::kLiteral &&
                      call.rest[0]->literal->is_valid &&
                      call.rest[0]->literal->type->id() == Type::INT32;
  if (!number) return base::Fail(base::kProtocol, "Aggregate: frequent items without a number");
  const int32_t most = static_cast<const arrow::Int32Scalar&>(*call.rest[0]->literal).value;
  if (most < 1 || most > kItemsMax) {
    return base::Fail(base::kProtocol, "Aggregate: a bad number of frequent items");
  }
  return most;
}

base::Status BindFrequent(const AggregateCall& call, Typing& typing) {
  SOTERIA_RETURN_IF_ERROR(MostOf(call).status());
  typing.args.resize(1);
  const arrow::Field& field = *typing.args[0]->field;
  if (!table::UdtOf(field).empty()) return base::NotSupported("DataFrame.freqItems of vectors");
  typing.gives = arrow::field("", table::ListOf(field.type(), field.nullable()), false);
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeFrequent(const AggregateCall& call, const CallTypes& types) {
  SOTERIA_ASSIGN_OR_RETURN(const int32_t most, MostOf(call));
  return std::make_unique<FrequentItems>(call.function, static_cast<size_t>(most), types.args[0]);
}

// ---- how many distinct values -------------------------------------------------------------------

/// Of hashes.
class DistinctCount final : public AccumulatorOf<DistinctCount> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const auto& hashes = static_cast<const arrow::Int64Array&>(*args[0]);
    for (int64_t i = begin; i < end; ++i) {
      if (hashes.IsValid(i)) AddHash(hashes.Value(i), &registers_);
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const DistinctCount& later) {
    for (size_t i = 0; i < registers_.size(); ++i) {
      registers_[i] = std::max(registers_[i], later.registers_[i]);
    }
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    out.Add({reinterpret_cast<const char*>(registers_.data()), registers_.size()});
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in.Next());
    const bool good = bytes.size() == registers_.size() &&
                      std::all_of(bytes.begin(), bytes.end(),
                                  [](char c) { return static_cast<uint8_t>(c) <= kRegisterMax; });
    if (!good) return base::Fail(base::kProtocol, "Aggregate: not registers");
    std::copy(bytes.begin(), bytes.end(), registers_.begin());
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    SOTERIA_ARROW_RETURN(
        static_cast<arrow::Int64Builder&>(out).Append(EstimateDistinct(registers_)));
    return base::OkStatus();
  }

 private:
  DistinctRegisters registers_ = {};
};

/// The second argument, a constant, says how many registers there are in Spark.
base::Status CheckDeviation(const AggregateCall& call) {
  if (call.rest.empty()) return base::OkStatus();
  const Expr& e = *call.rest[0];
  const bool number = e.kind == Expr::Kind::kLiteral && e.literal->is_valid &&
                      (e.literal->type->id() == Type::DOUBLE || table::IsDecimal(*e.literal->type));
  if (!number) {
    return base::Fail(kDeviationType, "The second argument should be a double literal.");
  }
  double deviation = 0;
  if (e.literal->type->id() == Type::DOUBLE) {
    deviation = static_cast<const arrow::DoubleScalar&>(*e.literal).value;
  } else {
    deviation = static_cast<const arrow::Decimal128Scalar&>(*e.literal)
                    .value.ToDouble(table::ShapeOf(*e.literal->type).scale);
  }
  if (std::ceil(2.0 * std::log(1.106 / deviation) / std::log(2.0)) == kDistinctBits) {
    return base::OkStatus();
  }
  return base::NotSupported("approx_count_distinct() with a deviation other than 0.05");
}

base::Status BindDistinctCount(const AggregateCall& call, Typing& typing) {
  SOTERIA_RETURN_IF_ERROR(CheckDeviation(call));
  const ExprPtr& arg = typing.text.args[0];
  const auto schema = arrow::schema({});
  BindContext context{*schema, {}};
  const auto called = [&context](const char* function, std::vector<ExprPtr> exprs,
                                 std::vector<BoundPtr> bound) {
    return FindFunction(function)->bind(*Call(function, std::move(exprs)), std::move(bound),
                                        context);
  };
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr there, called("isnotnull", {arg}, {typing.args[0]}));
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr hash, called("xxhash64", {arg}, {typing.args[0]}));
  typing.args.resize(1);
  SOTERIA_ASSIGN_OR_RETURN(typing.args[0], called("when", {arg, arg}, {there, hash}));
  typing.gives = arrow::field("", arrow::int64(), false);
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeDistinctCount(const AggregateCall& /*call*/,
                                                 const CallTypes& /*types*/) {
  return std::make_unique<DistinctCount>();
}

constexpr AggregateFunction kFunctions[] = {
    {"approx_count_distinct", "approx_count_distinct", 1, 2, BindDistinctCount, MakeDistinctCount},
    {"collect_frequent_items", "collect_frequent_items", 2, 2, BindFrequent, MakeFrequent, false},
};

}  // namespace

std::span<const AggregateFunction> SketchAggregates() { return kFunctions; }

}  // namespace soteria::exec
