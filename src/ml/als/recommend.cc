#include "src/ml/als/recommend.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

using Lanes = float __attribute__((vector_size(32)));
constexpr size_t kLanes = 8;

/// One number for a rating and an id, ordered as Java orders floats (NaN above all) and then by id.
uint64_t KeyOf(float rating, int32_t id) {
  auto bits = std::bit_cast<uint32_t>(std::isnan(rating) ? std::numeric_limits<float>::quiet_NaN()
                                                         : rating);
  bits = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  return static_cast<uint64_t>(bits) << 32 | (static_cast<uint32_t>(id) ^ 0x80000000U);
}

float RatingOf(uint64_t key) {
  const auto bits = static_cast<uint32_t>(key >> 32);
  return std::bit_cast<float>((bits & 0x80000000U) != 0 ? bits & 0x7fffffffU : ~bits);
}

int32_t IdOf(uint64_t key) {
  return static_cast<int32_t>(static_cast<uint32_t>(key) ^ 0x80000000U);
}

/// The largest keys so far: the least of them on top of a heap.
class Best {
 public:
  explicit Best(size_t count) : count_(count) { keys_.reserve(count); }
  void Clear() { keys_.clear(); }
  void Offer(uint64_t key) {
    if (keys_.size() < count_) {
      keys_.push_back(key);
      std::push_heap(keys_.begin(), keys_.end(), std::greater<>());
    } else if (key > keys_.front()) {
      std::pop_heap(keys_.begin(), keys_.end(), std::greater<>());
      keys_.back() = key;
      std::push_heap(keys_.begin(), keys_.end(), std::greater<>());
    }
  }
  const std::vector<uint64_t>& Descending() {
    std::sort(keys_.begin(), keys_.end(), std::greater<>());
    return keys_;
  }

 private:
  const size_t count_;
  std::vector<uint64_t> keys_;
};

/// Factors as lanes: those of eight ids side by side.
std::vector<Lanes> SideBySide(const Factors& factors) {
  const auto rank = static_cast<size_t>(factors.rank);
  std::vector<Lanes> lanes((factors.size() + kLanes - 1) / kLanes * rank, Lanes{});
  for (size_t i = 0; i < factors.size(); ++i) {
    for (size_t k = 0; k < rank; ++k) lanes[i / kLanes * rank + k][i % kLanes] = factors.row(i)[k];
  }
  return lanes;
}

}  // namespace

std::shared_ptr<arrow::Schema> RecommendationsSchema(const std::string& own,
                                                     const std::string& other) {
  const auto pair = arrow::struct_(
      {arrow::field(other, arrow::int32()), arrow::field("rating", arrow::float32())});
  return arrow::schema({arrow::field(own, arrow::int32(), false),
                        arrow::field("recommendations", table::ListOf(pair))});
}

base::StatusOr<std::shared_ptr<arrow::Table>> Recommend(
    const Factors& own, const std::vector<uint32_t>& rows, const Factors& others, int64_t count,
    const std::shared_ptr<arrow::Schema>& schema) {
  const size_t each = std::min(static_cast<size_t>(count), others.size());
  if (rows.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()) / (each + 1)) {
    return base::Fail(base::kMemoryLimit, "more recommendations than a table of them can hold");
  }
  const auto rank = static_cast<size_t>(own.rank);
  const std::vector<Lanes> lanes = SideBySide(others);
  std::vector<int32_t> own_ids, offsets = {0}, ids;
  std::vector<float> ratings;
  own_ids.reserve(rows.size());
  ids.reserve(rows.size() * each);
  ratings.reserve(rows.size() * each);
  Best best(each);
  for (const uint32_t row : rows) {
    const float* const vector = own.row(row);
    best.Clear();
    for (size_t i = 0; i < others.size(); i += kLanes) {
      Lanes scores{};
      for (size_t k = 0; k < rank; ++k) scores += vector[k] * lanes[i / kLanes * rank + k];
      const size_t end = std::min(kLanes, others.size() - i);
      for (size_t l = 0; l < end; ++l) best.Offer(KeyOf(scores[l], others.ids[i + l]));
    }
    for (const uint64_t key : best.Descending()) {
      ids.push_back(IdOf(key));
      ratings.push_back(RatingOf(key));
    }
    own_ids.push_back(own.ids[row]);
    offsets.push_back(static_cast<int32_t>(ids.size()));
  }
  const auto pairs = static_cast<int64_t>(ids.size());
  const auto length = static_cast<int64_t>(own_ids.size());
  const auto& list = schema->field(1)->type();
  auto structs = std::make_shared<arrow::StructArray>(
      static_cast<const arrow::ListType&>(*list).value_type(), pairs,
      arrow::ArrayVector{
          std::make_shared<arrow::Int32Array>(pairs, arrow::Buffer::FromVector(std::move(ids))),
          std::make_shared<arrow::FloatArray>(pairs,
                                              arrow::Buffer::FromVector(std::move(ratings)))});
  return arrow::Table::Make(
      schema,
      {std::make_shared<arrow::Int32Array>(length, arrow::Buffer::FromVector(std::move(own_ids))),
       std::make_shared<arrow::ListArray>(
           list, length, arrow::Buffer::FromVector(std::move(offsets)), std::move(structs))},
      length);
}

}  // namespace soteria::ml
