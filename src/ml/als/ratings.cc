#include "src/ml/als/ratings.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/als/params.h"
#include "src/ml/columns.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

using Tables = std::vector<std::shared_ptr<arrow::Table>>;

struct Rating {
  uint32_t own, other;  // ids in an order of their own: UnsignedId
  float rating;
};

uint32_t UnsignedId(int32_t id) { return static_cast<uint32_t>(id) ^ 0x80000000U; }
int32_t IdOf(uint32_t id) { return static_cast<int32_t>(id ^ 0x80000000U); }

/// Columns of ratings, as they travel.
struct Columns {
  std::vector<int32_t> own, other;
  std::vector<float> rating;

  explicit Columns(size_t rows) : own(rows), other(rows), rating(rows) {}

  std::shared_ptr<arrow::Table> ToTable() && {
    static const auto* const schema = new std::shared_ptr<arrow::Schema>(arrow::schema(
        {arrow::field("own", arrow::int32(), false), arrow::field("other", arrow::int32(), false),
         arrow::field("rating", arrow::float32(), false)}));
    const auto rows = static_cast<int64_t>(own.size());
    return arrow::Table::Make(
        *schema,
        {std::make_shared<arrow::Int32Array>(rows, arrow::Buffer::FromVector(std::move(own))),
         std::make_shared<arrow::Int32Array>(rows, arrow::Buffer::FromVector(std::move(other))),
         std::make_shared<arrow::FloatArray>(rows, arrow::Buffer::FromVector(std::move(rating)))},
        rows);
  }
};

size_t BlockOf(int32_t id, int64_t blocks) {
  const int64_t rest = id % blocks;
  return static_cast<size_t>(rest < 0 ? rest + blocks : rest);
}

/// `rating(i)` is the i-th; rows keep their order.
template <class RatingAt>
Tables SplitRatings(const std::vector<int32_t>& own, const std::vector<int32_t>& other,
                    RatingAt rating, uint64_t targets) {
  const auto blocks = static_cast<int64_t>(targets);
  std::vector<size_t> counts(targets, 0);
  for (const int32_t id : own) ++counts[BlockOf(id, blocks)];
  std::vector<Columns> columns;
  columns.reserve(targets);
  for (const size_t count : counts) columns.emplace_back(count);
  std::fill(counts.begin(), counts.end(), 0);
  for (size_t i = 0; i < own.size(); ++i) {
    const size_t block = BlockOf(own[i], blocks);
    const size_t at = counts[block]++;
    columns[block].own[at] = own[i];
    columns[block].other[at] = other[i];
    columns[block].rating[at] = rating(i);
  }
  Tables tables;
  tables.reserve(targets);
  for (Columns& one : columns) tables.push_back(std::move(one).ToTable());
  return tables;
}

template <class ArrayType>
base::StatusOr<std::vector<typename ArrayType::value_type>> ReadExact(const arrow::Table& table,
                                                                      const char* name) {
  const auto column = table.GetColumnByName(name);
  if (column == nullptr || column->type()->id() != ArrayType::TypeClass::type_id ||
      column->null_count() > 0) {
    return base::Fail(base::kProtocol, base::Cat("ratings without ", name));
  }
  std::vector<typename ArrayType::value_type> values;
  values.reserve(static_cast<size_t>(column->length()));
  for (const auto& chunk : column->chunks()) {
    const auto& array = static_cast<const ArrayType&>(*chunk);
    values.insert(values.end(), array.raw_values(), array.raw_values() + array.length());
  }
  return values;
}

/// Stable, by one of the ids: eleven bits a pass, and none for bits that all have in common.
void SortBy(uint32_t Rating::*id, std::vector<Rating>& ratings) {
  constexpr uint32_t kBits = 11;
  constexpr uint32_t kMask = (1U << kBits) - 1;
  std::vector<Rating> sorted(ratings.size());
  for (uint32_t shift = 0; shift < 32; shift += kBits) {
    std::array<size_t, kMask + 1> starts{};
    for (const Rating& one : ratings) ++starts[(one.*id >> shift) & kMask];
    if (std::find(starts.begin(), starts.end(), ratings.size()) != starts.end()) continue;
    size_t start = 0;
    for (size_t& count : starts) start += std::exchange(count, start);
    for (const Rating& one : ratings) sorted[starts[(one.*id >> shift) & kMask]++] = one;
    ratings.swap(sorted);
  }
}

template <class T, class ArrayType>
std::shared_ptr<arrow::Array> OneList(std::vector<T> values) {
  const auto length = static_cast<int32_t>(values.size());
  auto elements = std::make_shared<ArrayType>(static_cast<int64_t>(length),
                                              arrow::Buffer::FromVector(std::move(values)));
  auto type = table::ListOf(elements->type(), false);
  return std::make_shared<arrow::ListArray>(
      std::move(type), 1, arrow::Buffer::FromVector(std::vector<int32_t>{0, length}),
      std::move(elements));
}

constexpr const char* kLists[] = {"own", "ends", "others", "other", "rating"};

template <class ArrayType>
base::Status ReadList(const arrow::Table& table, const char* name,
                      std::span<const typename ArrayType::value_type>& values) {
  const base::Status other = base::Fail(base::kProtocol, "a block of ratings that is none");
  const auto column = table.GetColumnByName(name);
  if (column == nullptr || column->num_chunks() != 1 || column->length() != 1) return other;
  if (column->type()->id() != arrow::Type::LIST || column->null_count() > 0) return other;
  const auto& list = static_cast<const arrow::ListArray&>(*column->chunk(0));
  if (list.values()->type_id() != ArrayType::TypeClass::type_id) return other;
  const auto& elements = static_cast<const ArrayType&>(*list.values());
  values = {elements.raw_values() + list.value_offset(0),
            static_cast<size_t>(list.value_length(0))};
  return base::OkStatus();
}

/// Whether they only grow, and end at `end`.
bool Ascends(std::span<const int32_t> places, size_t end) {
  int32_t last = 0;
  for (const int32_t place : places) {
    if (place < last) return false;
    last = place;
  }
  return static_cast<size_t>(last) == end;
}

}  // namespace

std::string RatingsRoute::Encode() const {
  base::FieldWriter w;
  w.Add(user_).Add(item_).Add(rating_);
  return w.Take();
}

base::StatusOr<RoutePtr> RatingsRoute::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view user, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view item, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view rating, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<const RatingsRoute>(std::string(user), std::string(item),
                                              std::string(rating));
}

base::StatusOr<Tables> RatingsRoute::Split(const Part& part, uint64_t targets) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int32_t> users, ReadIds(*table, user_));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int32_t> items, ReadIds(*table, item_));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> ratings,
                           ReadDefinedNumbers(*table, rating_, "Ratings"));
  return SplitRatings(
      users, items, [&ratings](size_t i) { return static_cast<float>(ratings[i]); }, targets);
}

base::StatusOr<RoutePtr> SwapRoute::Decode(std::string_view bytes) {
  if (!bytes.empty()) return base::Fail(base::kProtocol, "a route has no parameters");
  return std::make_unique<const SwapRoute>();
}

base::StatusOr<Tables> SwapRoute::Split(const Part& part, uint64_t targets) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const auto own, ReadExact<arrow::Int32Array>(*table, "own"));
  SOTERIA_ASSIGN_OR_RETURN(const auto other, ReadExact<arrow::Int32Array>(*table, "other"));
  SOTERIA_ASSIGN_OR_RETURN(const auto ratings, ReadExact<arrow::FloatArray>(*table, "rating"));
  return SplitRatings(
      other, own, [&ratings](size_t i) { return ratings[i]; }, targets);
}

base::StatusOr<StepPtr> GroupStep::Decode(std::string_view bytes) {
  if (!bytes.empty()) return base::Fail(base::kProtocol, "a step has no parameters");
  return std::make_unique<const GroupStep>();
}

base::StatusOr<std::shared_ptr<arrow::Table>> GroupStep::Next(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  if (table->num_rows() >= std::numeric_limits<int32_t>::max()) {
    return base::Fail(base::kMemoryLimit,
                      "ALS: too many ratings in one block; ask for more numUserBlocks and "
                      "numItemBlocks");
  }
  std::vector<Rating> ratings(static_cast<size_t>(table->num_rows()));
  {
    SOTERIA_ASSIGN_OR_RETURN(const auto own, ReadExact<arrow::Int32Array>(*table, "own"));
    SOTERIA_ASSIGN_OR_RETURN(const auto other, ReadExact<arrow::Int32Array>(*table, "other"));
    SOTERIA_ASSIGN_OR_RETURN(const auto values, ReadExact<arrow::FloatArray>(*table, "rating"));
    for (size_t i = 0; i < ratings.size(); ++i) {
      ratings[i] = {UnsignedId(own[i]), UnsignedId(other[i]), values[i]};
    }
  }
  SortBy(&Rating::other, ratings);
  std::vector<int32_t> others;
  for (Rating& one : ratings) {  // from here on places in others
    if (others.empty() || others.back() != IdOf(one.other)) others.push_back(IdOf(one.other));
    one.other = static_cast<uint32_t>(others.size() - 1);
  }
  SortBy(&Rating::own, ratings);
  std::vector<int32_t> own, ends, other(ratings.size());
  std::vector<float> values(ratings.size());
  for (size_t i = 0; i < ratings.size(); ++i) {
    if (own.empty() || own.back() != IdOf(ratings[i].own)) {
      own.push_back(IdOf(ratings[i].own));
      ends.push_back(0);
    }
    ends.back() = static_cast<int32_t>(i + 1);
    other[i] = static_cast<int32_t>(ratings[i].other);
    values[i] = ratings[i].rating;
  }
  const arrow::ArrayVector lists = {OneList<int32_t, arrow::Int32Array>(std::move(own)),
                                    OneList<int32_t, arrow::Int32Array>(std::move(ends)),
                                    OneList<int32_t, arrow::Int32Array>(std::move(others)),
                                    OneList<int32_t, arrow::Int32Array>(std::move(other)),
                                    OneList<float, arrow::FloatArray>(std::move(values))};
  arrow::FieldVector fields;
  for (size_t i = 0; i < lists.size(); ++i) {
    fields.push_back(arrow::field(kLists[i], lists[i]->type(), false));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), lists, 1);
}

base::StatusOr<RatingBlock> RatingBlock::Of(const arrow::Table& table) {
  RatingBlock block;
  SOTERIA_RETURN_IF_ERROR(ReadList<arrow::Int32Array>(table, kLists[0], block.own));
  SOTERIA_RETURN_IF_ERROR(ReadList<arrow::Int32Array>(table, kLists[1], block.ends));
  SOTERIA_RETURN_IF_ERROR(ReadList<arrow::Int32Array>(table, kLists[2], block.others));
  SOTERIA_RETURN_IF_ERROR(ReadList<arrow::Int32Array>(table, kLists[3], block.other));
  SOTERIA_RETURN_IF_ERROR(ReadList<arrow::FloatArray>(table, kLists[4], block.rating));
  bool inside = block.own.size() == block.ends.size() &&
                block.other.size() == block.rating.size() &&
                Ascends(block.ends, block.rating.size());
  const auto others = static_cast<uint32_t>(block.others.size());
  for (const int32_t place : block.other) inside &= static_cast<uint32_t>(place) < others;
  if (!inside) return base::Fail(base::kProtocol, "a block of ratings points outside");
  return block;
}

}  // namespace soteria::ml
