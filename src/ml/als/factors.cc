#include "src/ml/als/factors.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

static_assert(std::endian::native == std::endian::little);

/// A table by id may be this much longer than there are ids.
constexpr uint64_t kDenseSpread = 8;

template <class T>
std::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
base::StatusOr<std::vector<T>> ValuesOf(std::string_view bytes) {
  if (bytes.size() % sizeof(T) != 0) return base::Fail(base::kProtocol, "factors: a part of one");
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("model data: factors: ", what));
}

/// The list of a row whose elements are floats, appended.
base::Status AppendRow(const arrow::ListArray& lists, const arrow::FloatArray& floats, int64_t i,
                       Factors& factors) {
  if (lists.IsNull(i) || lists.value_length(i) != factors.rank) {
    return Malformed("features of another length than rank");
  }
  for (int32_t k = 0; k < factors.rank; ++k) {
    const int64_t at = lists.value_offset(i) + k;
    if (floats.IsNull(at)) return Malformed("a null feature");
    factors.values.push_back(floats.Value(at));
  }
  return base::OkStatus();
}

}  // namespace

void Factors::Write(base::FieldWriter& w) const {
  w.AddI64(rank).Add(BytesOf(ids)).Add(BytesOf(values)).AddBool(from_file);
}

base::StatusOr<Factors> Factors::Read(base::FieldReader& r) {
  Factors factors;
  SOTERIA_ASSIGN_OR_RETURN(const int64_t rank, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view ids, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view values, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(factors.from_file, r.NextBool());
  if (rank < 1 || rank > kAlsRankMax) return base::Fail(base::kProtocol, "factors: rank");
  factors.rank = static_cast<int32_t>(rank);
  SOTERIA_ASSIGN_OR_RETURN(factors.ids, ValuesOf<int32_t>(ids));
  SOTERIA_ASSIGN_OR_RETURN(factors.values, ValuesOf<float>(values));
  if (factors.values.size() != factors.size() * static_cast<size_t>(rank)) {
    return base::Fail(base::kProtocol, "factors: as many rows as ids");
  }
  return factors;
}

std::shared_ptr<arrow::Schema> Factors::schema() const {
  return arrow::schema(
      {arrow::field("id", arrow::int32(), from_file),
       arrow::field("features", table::ListOf(arrow::float32(), from_file), true)});
}

base::StatusOr<std::shared_ptr<arrow::Table>> Factors::ToTable() const {
  const auto rows = static_cast<int64_t>(size());
  if (values.size() > static_cast<size_t>(INT32_MAX)) {
    return base::Fail(base::kMemoryLimit, "more factors than a table of them can hold");
  }
  const auto columns = schema();
  std::vector<int32_t> offsets(size() + 1);
  for (size_t i = 0; i < offsets.size(); ++i) {
    offsets[i] = static_cast<int32_t>(i * static_cast<size_t>(rank));
  }
  auto floats = std::make_shared<arrow::FloatArray>(static_cast<int64_t>(values.size()),
                                                    arrow::Buffer::FromVector(values));
  auto lists = std::make_shared<arrow::ListArray>(columns->field(1)->type(), rows,
                                                  arrow::Buffer::FromVector(std::move(offsets)),
                                                  std::move(floats));
  auto numbers = std::make_shared<arrow::Int32Array>(rows, arrow::Buffer::FromVector(ids));
  return arrow::Table::Make(columns, {std::move(numbers), std::move(lists)}, rows);
}

base::StatusOr<Factors> Factors::FromTable(const arrow::Table& table, int32_t rank) {
  Factors factors;
  factors.rank = rank;
  const auto ids = table.GetColumnByName("id");
  const auto features = table.GetColumnByName("features");
  if (ids == nullptr || ids->type()->id() != arrow::Type::INT32) return Malformed("no id");
  if (features == nullptr || features->type()->id() != arrow::Type::LIST ||
      static_cast<const arrow::ListType&>(*features->type()).value_type()->id() !=
          arrow::Type::FLOAT) {
    return Malformed("no features");
  }
  if (ids->null_count() > 0) return Malformed("a null id");
  for (const auto& chunk : ids->chunks()) {
    const auto& numbers = static_cast<const arrow::Int32Array&>(*chunk);
    factors.ids.insert(factors.ids.end(), numbers.raw_values(),
                       numbers.raw_values() + numbers.length());
  }
  for (const auto& chunk : features->chunks()) {
    const auto& lists = static_cast<const arrow::ListArray&>(*chunk);
    const auto& floats = static_cast<const arrow::FloatArray&>(*lists.values());
    for (int64_t i = 0; i < lists.length(); ++i) {
      SOTERIA_RETURN_IF_ERROR(AppendRow(lists, floats, i, factors));
    }
  }
  return factors;
}

std::vector<uint32_t> AscendingOrder(const std::vector<int32_t>& ids) {
  std::vector<uint32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&ids](uint32_t a, uint32_t b) { return ids[a] != ids[b] ? ids[a] < ids[b] : a < b; });
  return order;
}

Factors Reordered(const Factors& factors, const std::vector<uint32_t>& order) {
  Factors out;
  out.rank = factors.rank;
  out.ids.reserve(order.size());
  out.values.reserve(factors.values.size());
  for (const uint32_t i : order) {
    out.ids.push_back(factors.ids[i]);
    out.values.insert(out.values.end(), factors.row(i), factors.row(i) + factors.rank);
  }
  return out;
}

FactorIndex::FactorIndex(const std::vector<int32_t>& ids) {
  if (ids.empty()) return;
  const auto [low, high] = std::minmax_element(ids.begin(), ids.end());
  low_ = *low;
  const auto span = static_cast<uint64_t>(static_cast<int64_t>(*high) - low_) + 1;
  if (span <= kDenseSpread * ids.size()) {
    dense_ = true;
    rows_.assign(span, kNone);
    for (size_t i = ids.size(); i-- > 0;) {  // of equal ids the first
      rows_[static_cast<size_t>(static_cast<int64_t>(ids[i]) - low_)] = static_cast<uint32_t>(i);
    }
    return;
  }
  rows_ = AscendingOrder(ids);
  ids_.reserve(ids.size());
  for (const uint32_t row : rows_) ids_.push_back(ids[row]);
}

uint32_t FactorIndex::FindSorted(int32_t id) const {
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (at == ids_.end() || *at != id) return kNone;
  return rows_[static_cast<size_t>(at - ids_.begin())];
}

}  // namespace soteria::ml
